//! Which users of a container are which of the host, and how a file says whose it is where only one can own any.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::error::{Error, Kind, Result};

/// What the kernel shows as the owner of what has none in a namespace (/proc/sys/kernel/overflowuid).
const NOBODY: u32 = 65_534;

/// Who is who between a container and the host; without maps everybody is the same.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct IdMaps {
    pub(crate) uids: Vec<IdMap>,
    pub(crate) gids: Vec<IdMap>,
}

impl IdMaps {
    /// Whether the container has the host's own ids.
    pub(crate) fn is_empty(&self) -> bool {
        self.uids.is_empty()
    }

    /// User and group of the host.
    ///
    /// # Errors
    /// When one of them is not mapped.
    pub(crate) fn to_host(&self, (uid, gid): (u32, u32)) -> Result<(u32, u32)> {
        let unmapped = |what: &str, id: u32| {
            Error::new(
                Kind::Invalid,
                format!("the {what} {id} has no id of the host in the container's user namespace"),
            )
            .hint("give the container more ids: --userns auto:size=N, or --uidmap and --gidmap")
        };
        Ok((
            to_host(&self.uids, uid).ok_or_else(|| unmapped("user", uid))?,
            to_host(&self.gids, gid).ok_or_else(|| unmapped("group", gid))?,
        ))
    }

    /// User and group as the container sees them: those of others are nobody's.
    pub(crate) fn to_container(&self, (uid, gid): (u32, u32)) -> (u32, u32) {
        (
            to_container(&self.uids, uid).unwrap_or(NOBODY),
            to_container(&self.gids, gid).unwrap_or(NOBODY),
        )
    }

    /// The container's root on the host; none if that is root itself.
    pub(crate) fn root(&self) -> Option<(u32, u32)> {
        (!self.is_empty()).then(|| self.to_host((0, 0)).ok()).flatten()
    }

    /// The options of a mount list for files that the container's users are to own.
    pub(crate) fn mount_options(&self) -> Vec<String> {
        let list = |maps: &[IdMap]| {
            let texts: Vec<String> = maps.iter().map(ToString::to_string).collect();
            texts.join(",")
        };
        match self.is_empty() {
            true => Vec::new(),
            false => vec![
                format!("uidmap={}", list(&self.uids)),
                format!("gidmap={}", list(&self.gids)),
            ],
        }
    }
}

/// Maps as config.json has them.
pub(crate) fn of_config(maps: &[IdMap]) -> Value {
    let one = |map: &IdMap| json!({"containerID": map.container, "hostID": map.host, "size": map.size});
    maps.iter().map(one).collect()
}

/// A range of ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct IdMap {
    /// The first in the container.
    pub(crate) container: u32,
    /// The first on the host.
    pub(crate) host: u32,
    pub(crate) size: u32,
}

impl IdMap {
    /// `CONTAINER:HOST[:SIZE]`, as umoci writes it.
    ///
    /// # Errors
    /// When it is not of this form, or leads beyond the last id.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let numbers: Option<Vec<u32>> = text.split(':').map(|number| number.parse().ok()).collect();
        let (container, host, size) = match numbers.as_deref() {
            Some([container, host]) => (*container, *host, 1),
            Some([container, host, size]) => (*container, *host, *size),
            _ => (0, 0, 0),
        };
        let fits = |first: u32| first.checked_add(size).is_some();
        match size > 0 && fits(container) && fits(host) {
            true => Ok(Self {
                container,
                host,
                size,
            }),
            false => Err(Error::new(Kind::Usage, format!("invalid id map: {text}"))
                .hint("write CONTAINER:HOST:SIZE, as in 0:100000:65536")),
        }
    }
}

impl fmt::Display for IdMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.container, self.host, self.size)
    }
}

/// The host's id of a container's; without maps they are the same.
pub(crate) fn to_host(maps: &[IdMap], id: u32) -> Option<u32> {
    through(maps, id, |map| (map.container, map.host))
}

/// The container's id of a host's.
pub(crate) fn to_container(maps: &[IdMap], id: u32) -> Option<u32> {
    through(maps, id, |map| (map.host, map.container))
}

fn through(maps: &[IdMap], id: u32, ends: impl Fn(&IdMap) -> (u32, u32)) -> Option<u32> {
    if maps.is_empty() {
        return Some(id);
    }
    maps.iter().find_map(|map| {
        let (from, to) = ends(map);
        let offset = id.checked_sub(from).filter(|offset| *offset < map.size)?;
        Some(to + offset)
    })
}

/// The value of `user.rootlesscontainers`: a protobuf of the user (1) and the group (2), zeros left out.
pub(crate) fn note(uid: u32, gid: u32) -> Vec<u8> {
    let mut note = Vec::new();
    for (tag, id) in [(0x08, uid), (0x10, gid)] {
        if id != 0 {
            note.push(tag);
            let mut left = id;
            while left >= 0x80 {
                note.push(left.to_le_bytes()[0] | 0x80);
                left >>= 7;
            }
            note.push(left.to_le_bytes()[0]);
        }
    }
    note
}

/// User and group of such a value; none if it is not one.
pub(crate) fn noted(note: &[u8]) -> Option<(u32, u32)> {
    let (mut uid, mut gid) = (0, 0);
    let mut bytes = note.iter().copied();
    while let Some(tag) = bytes.next() {
        let mut value: u64 = 0;
        for shift in (0..35).step_by(7) {
            let byte = bytes.next()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                break;
            }
            if shift == 28 {
                return None;
            }
        }
        let value = u32::try_from(value).ok()?;
        match tag {
            0x08 => uid = value,
            0x10 => gid = value,
            _ => return None,
        }
    }
    Some((uid, gid))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn maps_lead_both_ways() {
        let maps = [
            IdMap::parse("0:1000:1").unwrap(),
            IdMap::parse("1:100000:65535").unwrap(),
        ];
        for (container, host) in [(0, 1000), (1, 100_000), (65_535, 165_534)] {
            assert_eq!(to_host(&maps, container), Some(host));
            assert_eq!(to_container(&maps, host), Some(container));
        }
        assert_eq!((to_host(&maps, 65_536), to_container(&maps, 0)), (None, None));
        assert_eq!(to_host(&[], 7), Some(7));
        for bad in ["", "0", "0:1:0", "a:1:1", "0:4294967295:2", "1:2:3:4"] {
            assert!(IdMap::parse(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn notes_are_read_as_written(uid in any::<u32>(), gid in any::<u32>()) {
            prop_assert_eq!(noted(&note(uid, gid)), Some((uid, gid)));
        }

        #[test]
        fn nonsense_is_no_note(bytes in proptest::collection::vec(any::<u8>(), 0..20)) {
            let _ = noted(&bytes);
        }
    }
}
