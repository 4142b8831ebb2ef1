//! A container's user namespace: `--userns`, `--uidmap` and `--gidmap` as they were typed, and the ids that it has.

use serde::{Deserialize, Serialize};

use super::id_map::{IdMap, IdMaps};
use super::user::{Accounts, User, numbers};
use crate::error::{Error, Kind, Result};

/// As podman has it: who needs fewer ids gets so many all the same.
const LEAST: u32 = 1024;
/// More are only given when they are asked for.
const MOST: u32 = 65_536;
/// Nobody (65534) is in every image; it alone is no reason for so many ids.
const NOBODY: u32 = 65_534;
/// The kernel takes no more lines (user_namespaces(7)).
const MAX_MAPS: usize = 340;

/// A container's user namespace.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct UserNamespace {
    /// As it was typed; empty if nothing was.
    pub(crate) typed: String,
    pub(crate) kind: UserNamespaceKind,
    /// Who is who; nobody is anybody else in the host's.
    pub(crate) ids: IdMaps,
}

/// Whose ids a container has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum UserNamespaceKind {
    /// The host's.
    #[default]
    Host,
    /// Some that no other container has: so many, or as many as the image seems to need.
    Auto(Option<u32>),
    /// Those that were given.
    Private,
}

/// What was asked for.
///
/// # Errors
/// When it is malformed, or contradicts itself.
pub(crate) fn parse(mode: Option<&str>, uids: &[String], gids: &[String]) -> Result<UserNamespace> {
    let given = !(uids.is_empty() && gids.is_empty());
    let typed = mode.unwrap_or(if given { "private" } else { "" });
    let namespace = |kind, ids| UserNamespace {
        typed: typed.to_owned(),
        kind,
        ids,
    };
    let (word, values) = typed.split_once(':').unwrap_or((typed, ""));
    match (word, values, given) {
        ("" | "host", "", false) => Ok(namespace(UserNamespaceKind::Host, IdMaps::default())),
        ("auto", values, false) => {
            let size = auto_size(values)?;
            Ok(namespace(UserNamespaceKind::Auto(size), IdMaps::default()))
        }
        ("private", "", true) => maps(uids, gids).map(|ids| namespace(UserNamespaceKind::Private, ids)),
        ("private", "", false) => Err(usage("--userns private needs --uidmap")
            .hint("give the ids, as in --uidmap 0:100000:65536, or use --userns auto")),
        ("host" | "auto", _, true) => Err(usage(&format!("--uidmap and --gidmap exclude --userns {word}"))),
        _ => Err(usage(&format!("invalid user namespace: {typed}"))
            .hint("there are host, auto, auto:size=NUMBER and private (with --uidmap)")),
    }
}

/// The options behind `auto:`.
fn auto_size(values: &str) -> Result<Option<u32>> {
    let mut size = None;
    for value in values.split(',').filter(|value| !value.is_empty()) {
        let number = value
            .strip_prefix("size=")
            .and_then(|number| number.parse().ok())
            .filter(|number| *number > 0);
        match number {
            Some(number) => size = Some(number),
            None => {
                return Err(usage(&format!("invalid option of --userns auto: {value}"))
                    .hint("there is size=NUMBER; --uidmap and --gidmap choose ids one by one"));
            }
        }
    }
    Ok(size)
}

/// Maps as they were typed; groups are mapped as users are if nothing is said about them, and the reverse.
fn maps(uids: &[String], gids: &[String]) -> Result<IdMaps> {
    let parse = |texts: &[String]| -> Result<Vec<IdMap>> {
        texts
            .iter()
            .flat_map(|text| text.split(','))
            .map(IdMap::parse)
            .collect()
    };
    let (uids, gids) = (parse(uids)?, parse(gids)?);
    let ids = match (uids.is_empty(), gids.is_empty()) {
        (true, _) => IdMaps {
            uids: gids.clone(),
            gids,
        },
        (_, true) => IdMaps {
            gids: uids.clone(),
            uids,
        },
        _ => IdMaps { uids, gids },
    };
    check("--uidmap", &ids.uids)?;
    check("--gidmap", &ids.gids)?;
    Ok(ids)
}

/// What the kernel would refuse, and what no container could start with.
fn check(option: &str, maps: &[IdMap]) -> Result<()> {
    if maps.len() > MAX_MAPS {
        return Err(usage(&format!("{option}: more than {MAX_MAPS} ranges of ids")));
    }
    let overlap = |one: u32, other: u32, one_size: u32, other_size: u32| {
        u64::from(one) < u64::from(other) + u64::from(other_size)
            && u64::from(other) < u64::from(one) + u64::from(one_size)
    };
    for (at, one) in maps.iter().enumerate() {
        for other in &maps[..at] {
            if overlap(one.container, other.container, one.size, other.size)
                || overlap(one.host, other.host, one.size, other.size)
            {
                return Err(usage(&format!("{option}: {other} and {one} overlap")));
            }
        }
    }
    match super::id_map::to_host(maps, 0) {
        Some(_) => Ok(()),
        None => Err(usage(&format!("{option}: the container's id 0 is not mapped"))
            .hint("every container has a root, whoever it runs as: map 0, too")),
    }
}

/// How many ids a container of an image needs: as podman guesses it, by the image's accounts and its user.
pub(crate) fn size_for(accounts: &Accounts, user: &User) -> u32 {
    let own = [user.uid, user.gid]
        .into_iter()
        .chain(user.groups.iter().copied());
    let all = numbers(accounts).filter(|id| *id != NOBODY).chain(own);
    let needed = all.map(|id| id.saturating_add(1)).max().unwrap_or(0);
    needed.clamp(LEAST, MOST)
}

/// Refuses a process whose user or groups are not in the container's user namespace.
///
/// # Errors
/// Says who is missing.
pub(crate) fn check_user(user: &User, ids: &IdMaps) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    for gid in user.groups.iter().chain([&user.gid]) {
        ids.to_host((user.uid, *gid))?;
    }
    Ok(())
}

fn usage(message: &str) -> Error {
    Error::new(Kind::Usage, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(mode: Option<&str>, uids: &[&str], gids: &[&str]) -> Result<UserNamespace> {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        parse(mode, &owned(uids), &owned(gids))
    }

    #[test]
    fn forms() {
        assert_eq!(parsed(None, &[], &[]).unwrap(), UserNamespace::default());
        assert_eq!(
            parsed(Some("host"), &[], &[]).unwrap().kind,
            UserNamespaceKind::Host
        );
        for (text, size) in [("auto", None), ("auto:", None), ("auto:size=70000", Some(70_000))] {
            assert_eq!(
                parsed(Some(text), &[], &[]).unwrap().kind,
                UserNamespaceKind::Auto(size)
            );
        }
        let given = parsed(None, &["0:100000:1", "1:200000:10"], &[]).unwrap();
        assert_eq!(
            (given.kind, given.typed.as_str()),
            (UserNamespaceKind::Private, "private")
        );
        assert_eq!(given.ids.uids, given.ids.gids);
        assert_eq!(given.ids.to_host((1, 10)).unwrap(), (200_000, 200_009));
        assert_eq!(given.ids.to_container((200_000, 0)), (1, NOBODY));
        let both = parsed(Some("private"), &["0:1:1,1:5:5"], &["0:2:3"]).unwrap();
        assert_eq!(both.ids.mount_options(), ["uidmap=0:1:1,1:5:5", "gidmap=0:2:3"]);
    }

    #[test]
    fn contradictions_are_refused() {
        let many: Vec<String> = (0..341).map(|id| format!("{id}:{}:1", id * 2 + 1000)).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        for (mode, uids, said) in [
            (Some("private"), &[][..], "needs --uidmap"),
            (Some("host"), &["0:1:1"][..], "exclude"),
            (Some("auto"), &["0:1:1"][..], "exclude"),
            (Some("auto:size=0"), &[][..], "invalid option"),
            (Some("auto:size=x"), &[][..], "invalid option"),
            (Some("auto:uidmapping=0:1:1"), &[][..], "invalid option"),
            (Some("keep-id"), &[][..], "invalid user namespace: keep-id"),
            (Some("host:1"), &[][..], "invalid user namespace"),
            (None, &["1:1:1"][..], "0 is not mapped"),
            (None, &["0:1:10", "9:100:1"][..], "overlap"),
            (None, &["0:1:10", "10:10:1"][..], "overlap"),
            (None, &["0:1"][..], ""),
            (None, &["0:1:x"][..], "invalid id map"),
            (None, &many[..], "more than 340"),
        ] {
            match parsed(mode, uids, &[]) {
                Ok(_) => assert_eq!(said, "", "{mode:?} {uids:?}"),
                Err(error) => assert!(
                    !said.is_empty() && error.to_string().contains(said),
                    "{mode:?} {uids:?}: {error}"
                ),
            }
        }
    }

    #[test]
    fn as_many_ids_as_the_image_needs() {
        let accounts = |uid: u32| Accounts {
            passwd: format!("root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:\napp:x:{uid}:5::/:\n"),
            group: "nogroup:x:65534:\nstaff:x:50:\n".to_owned(),
        };
        let user = |uid| User {
            uid,
            ..User::default()
        };
        assert_eq!(size_for(&accounts(1000), &user(0)), 1024);
        assert_eq!(size_for(&accounts(3000), &user(0)), 3001);
        assert_eq!(size_for(&accounts(70_000), &user(0)), 65_536);
        assert_eq!(size_for(&Accounts::default(), &user(65_534)), 65_535);
    }

    #[test]
    fn who_is_not_mapped_cannot_run() {
        let ids = parsed(None, &["0:100000:10"], &[]).unwrap().ids;
        let user = |uid, groups: &[u32]| User {
            uid,
            gid: 0,
            groups: groups.to_vec(),
        };
        assert!(check_user(&user(9, &[0, 9]), &ids).is_ok());
        assert!(check_user(&user(10, &[]), &ids).is_err());
        assert!(check_user(&user(0, &[0, 10]), &ids).is_err());
        assert!(check_user(&user(10, &[]), &IdMaps::default()).is_ok());
    }
}
