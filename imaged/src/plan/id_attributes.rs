//! Ids in the values of extended attributes: access control lists name users and groups, and a file's capabilities say
//! whose namespace they are good for.

use super::id_map::{IdMaps, to_container, to_host};

/// xattr(7)'s names and the layouts of their values (linux/posix_acl_xattr.h, linux/capability.h).
const CAPABILITIES: &[u8] = b"security.capability";
const ACLS: [&[u8]; 2] = [b"system.posix_acl_access", b"system.posix_acl_default"];
const ACL_HEADER: usize = 4;
const ACL_ENTRY: usize = 8;
const ACL_USER: u16 = 2;
const ACL_GROUP: u16 = 8;
/// The version is in the highest byte; what is below it are flags.
const VERSION_MASK: u32 = 0xff00_0000;
const VERSION_2: u32 = 0x0200_0000;
const VERSION_3: u32 = 0x0300_0000;
/// Version, and two sets of permitted and inheritable capabilities; version 3 has the root's id behind them.
const CAPABILITIES_LENGTH: usize = 20;

/// The value as a file of the host's has it, by what it is in the container; none if it cannot be there.
pub(crate) fn to_hosts(ids: &IdMaps, name: &[u8], value: &[u8]) -> Option<Vec<u8>> {
    mapped(
        name,
        value,
        &|uid| to_host(&ids.uids, uid),
        &|gid| to_host(&ids.gids, gid),
        ids.is_empty(),
    )
}

/// The value as it is in the container, by what a file of the host's has; none if it is not the container's.
pub(crate) fn to_containers(ids: &IdMaps, name: &[u8], value: &[u8]) -> Option<Vec<u8>> {
    mapped(
        name,
        value,
        &|uid| to_container(&ids.uids, uid),
        &|gid| to_container(&ids.gids, gid),
        ids.is_empty(),
    )
}

type Map<'a> = &'a dyn Fn(u32) -> Option<u32>;

fn mapped(name: &[u8], value: &[u8], uids: Map<'_>, gids: Map<'_>, same: bool) -> Option<Vec<u8>> {
    if same {
        Some(value.to_vec())
    } else if name == CAPABILITIES {
        capabilities(value, uids)
    } else if ACLS.contains(&name) {
        acl(value, uids, gids)
    } else {
        Some(value.to_vec())
    }
}

/// Root's own have the shorter form.
fn capabilities(value: &[u8], uids: Map<'_>) -> Option<Vec<u8>> {
    let version = number(value, 0)?;
    let root = match (version & VERSION_MASK, value.len()) {
        (VERSION_2, CAPABILITIES_LENGTH) => 0,
        (VERSION_3, _) => number(value, CAPABILITIES_LENGTH)?,
        _ => return Some(value.to_vec()),
    };
    let flags = version & !VERSION_MASK;
    let sets = value.get(4..CAPABILITIES_LENGTH)?;
    Some(match uids(root)? {
        0 => [&(VERSION_2 | flags).to_le_bytes(), sets].concat(),
        root => [&(VERSION_3 | flags).to_le_bytes(), sets, &root.to_le_bytes()].concat(),
    })
}

fn acl(value: &[u8], uids: Map<'_>, gids: Map<'_>) -> Option<Vec<u8>> {
    let mut mapped = value.to_vec();
    let mut at = ACL_HEADER;
    while let Some(entry) = value.get(at..at + ACL_ENTRY) {
        let id = number(entry, 4)?;
        let id = match u16::from_le_bytes([entry[0], entry[1]]) {
            ACL_USER => uids(id)?,
            ACL_GROUP => gids(id)?,
            _ => id,
        };
        mapped[at + 4..at + ACL_ENTRY].copy_from_slice(&id.to_le_bytes());
        at += ACL_ENTRY;
    }
    Some(mapped)
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at + 4)?;
    Some(u32::from_le_bytes(four.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::super::id_map::IdMap;
    use super::*;

    fn ids() -> IdMaps {
        IdMaps {
            uids: vec![IdMap::parse("0:100000:1000").unwrap()],
            gids: vec![IdMap::parse("0:200000:1000").unwrap()],
        }
    }

    /// As `setcap cap_net_raw+ep` writes it, and as the kernel keeps the same for a namespace.
    #[test]
    fn capabilities_are_good_for_the_namespace() {
        let own = [1, 0, 0, 2, 0, 32, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        let hosts = to_hosts(&ids(), CAPABILITIES, &own).unwrap();
        assert_eq!(hosts.len(), 24);
        assert_eq!((hosts[0], hosts[3], &hosts[4..20]), (1, 3, &own[4..]));
        assert_eq!(number(&hosts, 20), Some(100_000));
        assert_eq!(to_containers(&ids(), CAPABILITIES, &hosts).unwrap(), own);
        assert_eq!(
            to_containers(&ids(), CAPABILITIES, &own),
            None,
            "the host's root's are not the container's"
        );
        assert_eq!(
            to_containers(&IdMaps::default(), CAPABILITIES, &own).unwrap(),
            own
        );
    }

    #[test]
    fn lists_name_the_same_users() {
        let entry = |tag: u16, id: u32| [&tag.to_le_bytes()[..], &[6, 0], &id.to_le_bytes()].concat();
        let list = |user: u32, group: u32| {
            let entries = [
                entry(1, u32::MAX),
                entry(ACL_USER, user),
                entry(4, u32::MAX),
                entry(ACL_GROUP, group),
            ];
            [&2_u32.to_le_bytes()[..], &entries.concat()].concat()
        };
        assert_eq!(
            to_hosts(&ids(), ACLS[0], &list(5, 6)).unwrap(),
            list(100_005, 200_006)
        );
        assert_eq!(
            to_containers(&ids(), ACLS[1], &list(100_005, 200_006)).unwrap(),
            list(5, 6)
        );
        assert_eq!(to_hosts(&ids(), ACLS[0], &list(5, 1000)), None);
        assert_eq!(to_hosts(&ids(), b"user.x", b"as it is").unwrap(), b"as it is");
    }
}
