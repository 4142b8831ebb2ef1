//! Who owns the container's v2 group (config-linux.md, "Cgroup ownership"): a container that sees its own group, and may
//! write there, may divide it.

use super::Op;
use crate::oci::{IdMapping, Spec};
use crate::plan::build::Input;
use crate::plan::op::Namespace;

/// What hands the group over, where the container is to have it.
pub(in crate::plan) fn plan(input: &Input<'_>) -> Option<Op> {
    let group = input.facts.cgroup.record.v2()?;
    if !input.is_new(Namespace::Cgroup) || !is_writable(input.spec) {
        return None;
    }
    // The mappings of a user namespace that is joined are not the configuration's to know.
    let mapped = input.is_new(Namespace::User);
    let uid = input.process.user.uid;
    let uid = match mapped || input.namespace(Namespace::User).is_none() {
        true => outside(uid, mapped.then_some(&input.linux.uid_mappings))?,
        false => return None,
    };
    // The group is its maker's.
    (uid != input.facts.uid).then(|| Op::Own {
        path: group.dir(),
        uid,
    })
}

/// Whether the container's groups are mounted so that they can be written.
fn is_writable(spec: &Spec<'_>) -> bool {
    let mut mounts = spec.mounts.iter();
    mounts.any(|mount| {
        mount.source.as_deref() == Some("cgroup")
            && mount.destination.trim_end_matches('/') == "/sys/fs/cgroup"
            && !mount.options.iter().any(|option| option.as_str() == "ro")
    })
}

/// A user's id outside of the user namespace, if there is one and it maps it.
fn outside(uid: u32, map: Option<&Vec<IdMapping>>) -> Option<u32> {
    let Some(map) = map else { return Some(uid) };
    let range = map
        .iter()
        .find(|range| range.container_id <= uid && uid - range.container_id < range.size)?;
    range.host_id.checked_add(uid - range.container_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_looked_up_in_all_ranges() {
        let range = |container_id, host_id, size| IdMapping {
            container_id,
            host_id,
            size,
        };
        let map = vec![range(0, 1000, 1), range(1, 100_000, 65536)];
        for (inside, expected) in [
            (0, Some(1000)),
            (1, Some(100_000)),
            (65536, Some(165_535)),
            (65537, None),
        ] {
            assert_eq!(outside(inside, Some(&map)), expected);
        }
        assert_eq!(outside(7, None), Some(7));
    }
}
