//! Which driver a new container gets, if nobody says: overlayfs where the store's file system can hold its writable layer,
//! copies elsewhere. The file system decides by its type; one that is not known is tried.

use std::path::Path;

use nix::sys::statfs::{FsType, statfs};

use super::overlay;
use crate::error::{Error, Result};
use crate::image::Image;
use crate::plan::id_map::IdMaps;
use crate::settings::StorageDriver;
use crate::store::Store;
use crate::sys::userns;

/// Types of file systems (statfs(2)) of which it is known whether they can hold an overlay's writable layer.
#[rustfmt::skip]
const KNOWN: &[(u32, &str, bool)] = &[
    (0xef53, "ext4", true),
    (0x5846_5342, "xfs", true),
    (0x9123_683e, "btrfs", true),
    (0x0102_1994, "tmpfs", true),
    (0xf2f5_2010, "f2fs", true),
    (0xca45_1a4e, "bcachefs", true),
    (0x794c_7630, "overlayfs", false),
    (0x6969, "NFS", false),
    (0x6573_5546, "FUSE", false),
    (0xff53_4d42, "CIFS", false),
    (0xfe53_4d42, "SMB", false),
    (0x0102_1997, "9p", false),
    (0x00c3_6400, "Ceph", false),
    (0xf15f, "eCryptfs", false),
];

/// A driver, and why it is not `overlay2`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) driver: StorageDriver,
    pub(crate) why: Option<String>,
}

/// The driver for new containers of a store. `mounts` says whether the mount list `mounts.json` of a directory can be
/// mounted.
///
/// # Errors
/// The failed call.
pub(crate) fn for_store(store: &Store, mounts: impl FnOnce(&Path) -> bool) -> Result<Choice> {
    let root = store.root();
    let found = statfs(root)
        .map_err(|errno| Error::syscall(format!("statfs {}", root.display()), errno as i32))?
        .filesystem_type();
    let known = KNOWN.iter().find(|(magic, ..)| is(found, *magic));
    let why = match known {
        // In a user namespace it is the kernel's decision, too.
        Some((.., true)) if !userns::is_inside() => None,
        Some((_, name, false)) => Some(format!(
            "{} is on {name}, where overlayfs cannot write",
            root.display()
        )),
        _ if tried(store, mounts)? => None,
        _ => Some(format!("overlayfs cannot write below {}", root.display())),
    };
    let driver = match why {
        None => StorageDriver::Overlay2,
        Some(_) => StorageDriver::Vfs,
    };
    Ok(Choice { driver, why })
}

/// The type has another width elsewhere; the magic number has 32 bits everywhere.
fn is(found: FsType, magic: u32) -> bool {
    u32::try_from(found.0).is_ok_and(|found| found == magic)
}

fn tried(store: &Store, mounts: impl FnOnce(&Path) -> bool) -> Result<bool> {
    maps_owners(store, &IdMaps::default(), mounts)
}

/// Whether the layers of a store can be mounted with other owners: neither every kernel nor every file system can do that.
/// `mounts` is as for [`for_store`].
///
/// # Errors
/// The failed call.
pub(crate) fn maps_owners(store: &Store, ids: &IdMaps, mounts: impl FnOnce(&Path) -> bool) -> Result<bool> {
    let scratch = store.scratch()?;
    Ok(overlay::prepare_trial(scratch.path(), ids)? && mounts(scratch.path()))
}

/// Whether overlayfs would misunderstand a layer of the image, which was unpacked where it has no place.
///
/// # Errors
/// When the description of a layer cannot be read.
pub(crate) fn needs_copies(store: &Store, image: &Image) -> Result<bool> {
    for layer in &image.layers {
        if store.layer(layer)?.needs_copies {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Neither type is in the table: such a file system is tried.
    #[test]
    fn what_is_not_known_is_tried() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("store")).unwrap();
        let mut seen = None;
        let mounts = |path: &Path| {
            seen = Some(std::fs::read_to_string(path.join("mounts.json")).unwrap());
            false
        };
        assert!(!tried(&store, mounts).unwrap());
        assert!(seen.unwrap().contains("upperdir="));
        assert!(tried(&store, |_| true).unwrap());
        let one = crate::plan::id_map::IdMap::parse("0:100000:5").unwrap();
        let ids = IdMaps {
            uids: vec![one],
            gids: vec![one],
        };
        let mut seen = None;
        let mounts = |path: &Path| {
            seen = Some(std::fs::read_to_string(path.join("mounts.json")).unwrap());
            false
        };
        assert!(!maps_owners(&store, &ids, mounts).unwrap());
        assert!(seen.unwrap().contains("\"uidmap=0:100000:5\""));
    }
}
