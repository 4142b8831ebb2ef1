//! Id mappings of mounts: from which of config.json's places they come, and crun's words for them.

use super::build::{Input, Plan};
use super::mount_options::{IdMap, Options};
use super::op::{HostOp, Namespace, Slot};
use crate::oci::{IdMapping, Linux, Mount};

/// Mappings as the lines of a uid_map or gid_map (user_namespaces(7)).
pub(super) fn lines(mappings: &[IdMapping]) -> String {
    let line = |m: &IdMapping| format!("{} {} {}\n", m.container_id, m.host_id, m.size);
    mappings.iter().map(line).collect()
}

/// The slot of the user namespace that maps a mount's ids, made before the clone; none for a plain mount.
pub(super) fn plan<'a>(
    input: &Input<'a>,
    mount: &'a Mount<'a>,
    options: &Options<'a>,
    plan: &mut Plan<'a>,
) -> Option<Slot> {
    let own = !mount.uid_mappings.is_empty() || !mount.gid_mappings.is_empty();
    if options.idmap.is_none() && !own {
        return None;
    }
    let (uids, gids) = if own {
        (lines(&mount.uid_mappings), lines(&mount.gid_mappings))
    } else if let Some(words) = options.idmap.and_then(|idmap| idmap.words) {
        // Checked already.
        let (uids, gids) = parse(words, input.linux).unwrap_or_default();
        (lines(&uids), lines(&gids))
    } else if let Some(slot) = plan.namespace_slot(Namespace::User) {
        return Some(slot);
    } else {
        (lines(&input.linux.uid_mappings), lines(&input.linux.gid_mappings))
    };
    Some(namespace(plan, uids, gids))
}

/// Whether the mounts below are mapped, too.
pub(super) fn is_deep(options: &Options<'_>) -> bool {
    matches!(options.idmap, Some(IdMap { deep: true, .. }))
}

/// A namespace with these maps; one serves all mounts that have the same.
fn namespace(plan: &mut Plan<'_>, uids: String, gids: String) -> Slot {
    let found = plan.before.iter().find_map(|op| match op {
        HostOp::MakeIdMap {
            slot,
            uids: u,
            gids: g,
        } if (u, g) == (&uids, &gids) => Some(*slot),
        _ => None,
    });
    found.unwrap_or_else(|| {
        let slot = plan.slot();
        plan.before_birth(HostOp::MakeIdMap { slot, uids, gids });
        slot
    })
}

/// The mappings of `idmap=uids=0-1000-10#10-2000-5;gids=…`, as crun(1) has them: the first id of the files, the
/// first id on the machine, how many. After `@` the second is an id in the container's user namespace.
///
/// # Errors
/// What was expected.
pub(super) fn parse(
    words: &str,
    linux: &Linux<'_>,
) -> Result<(Vec<IdMapping>, Vec<IdMapping>), &'static str> {
    let (mut uids, mut gids) = (Vec::new(), Vec::new());
    for part in words.split(';').filter(|part| !part.is_empty()) {
        match part.split_once('=') {
            Some(("uids", list)) => uids = parse_list(list, &linux.uid_mappings)?,
            Some(("gids", list)) => gids = parse_list(list, &linux.gid_mappings)?,
            _ => return Err("uids= and gids= after idmap="),
        }
    }
    if uids.is_empty() || gids.is_empty() {
        return Err("both uids= and gids= after idmap=");
    }
    Ok((uids, gids))
}

fn parse_list(list: &str, container: &[IdMapping]) -> Result<Vec<IdMapping>, &'static str> {
    list.split('#')
        .map(|range| parse_range(range, container))
        .collect()
}

fn parse_range(range: &str, container: &[IdMapping]) -> Result<IdMapping, &'static str> {
    const FORM: &str = "ranges of the form FIRST-ONHOST-COUNT, with # between them";
    let (range, relative) = match range.strip_prefix('@') {
        Some(range) => (range, true),
        None => (range, false),
    };
    let mut numbers = range.split('-').map(str::parse::<u32>);
    let (Some(Ok(container_id)), Some(Ok(host_id)), Some(Ok(size)), None) =
        (numbers.next(), numbers.next(), numbers.next(), numbers.next())
    else {
        return Err(FORM);
    };
    let host_id = if relative {
        outside(host_id, container).ok_or("ids of the container's user namespace after @")?
    } else {
        host_id
    };
    Ok(IdMapping {
        container_id,
        host_id,
        size,
    })
}

/// The machine's id for one of the container's.
fn outside(id: u32, container: &[IdMapping]) -> Option<u32> {
    let holds = |m: &&IdMapping| {
        id.checked_sub(m.container_id)
            .is_some_and(|offset| offset < m.size)
    };
    let mapping = container.iter().find(holds)?;
    mapping.host_id.checked_add(id - mapping.container_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(container_id: u32, host_id: u32, size: u32) -> IdMapping {
        IdMapping {
            container_id,
            host_id,
            size,
        }
    }

    #[test]
    fn words_become_mappings() {
        let linux = Linux {
            uid_mappings: vec![map(0, 0, 1), map(1, 2, 1000)],
            ..Linux::default()
        };
        let (uids, gids) = parse("uids=@1-3-10#20-30-2;gids=0-100-10", &linux).unwrap();
        assert_eq!(uids, [map(1, 4, 10), map(20, 30, 2)]);
        assert_eq!(gids, [map(0, 100, 10)]);
        assert_eq!(lines(&uids), "1 4 10\n20 30 2\n");
    }

    #[test]
    fn bad_words_are_refused() {
        for words in [
            "",
            "uids=0-0-1",
            "uids=0-0-1;gids=",
            "uids=0-0;gids=0-0-1",
            "uids=0-0-1-2;gids=0-0-1",
            "uids=@0-5-1;gids=0-0-1",
            "users=0-0-1",
            "x",
        ] {
            assert!(parse(words, &Linux::default()).is_err(), "{words}");
        }
    }
}
