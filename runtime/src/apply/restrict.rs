//! What the container must not read or write: masks, read-only paths, and a read-only root.

use super::inside::Inside;
use super::place;
use crate::error::{Context, Error, Kind, Result};
use crate::sys::files;
use crate::sys::mount::{self, Attributes, FileSystem};
use std::os::fd::{AsFd, OwnedFd};

use crate::plan::mount_options::RDONLY;

/// What is at a path; none when nothing is there. Below the container's /proc and /sys it is what was mounted there,
/// wherever somebody who shares the root file system has moved that meanwhile.
fn find(inside: &Inside, path: &str) -> Result<Option<OwnedFd>> {
    let below = |(at, tree): &'_ (String, OwnedFd)| {
        let rest = path.strip_prefix(at)?.strip_prefix('/')?;
        let climbs = rest.split('/').any(|part| part == "..");
        (!climbs).then(|| place::find(tree.as_fd(), rest))
    };
    match inside.kernel.iter().find_map(below) {
        Some(found) => found,
        None => place::find(inside.root()?, path),
    }
}

/// Covers a path: a directory by an empty read-only tmpfs, anything else by the machine's /dev/null.
///
/// The image's own /dev/null is never used: it could be anything (CVE-2025-31133).
pub(super) fn mask(inside: &mut Inside, path: &str) -> Result<()> {
    let Some(place) = find(inside, path)? else {
        return Ok(());
    };
    let cover = if files::is_dir(&files::status(place.as_fd())?) {
        directory_mask(inside)?
    } else {
        let null = match inside.null.take() {
            Some(null) => null,
            None => open_null()?,
        };
        let tree = mount::clone_tree(null.as_fd(), false);
        inside.null = Some(null);
        tree?
    };
    mount::attach(cover.as_fd(), place.as_fd())?;
    if inside.mask.is_none() && files::is_dir(&files::status(cover.as_fd())?) {
        inside.mask = Some(cover);
    }
    Ok(())
}

/// All masked directories show one and the same empty file system.
fn directory_mask(inside: &Inside) -> Result<OwnedFd> {
    if let Some(mask) = &inside.mask {
        return mount::clone_tree(mask.as_fd(), false);
    }
    let mut tmpfs = FileSystem::open("tmpfs")?;
    for (key, value) in [("source", "tmpfs"), ("nr_blocks", "1"), ("nr_inodes", "1")] {
        tmpfs.option(key, Some(value))?;
    }
    tmpfs.mount(RDONLY)
}

/// The machine's /dev/null, proven to be it.
fn open_null() -> Result<OwnedFd> {
    let null = files::open_path("/dev/null").context(|| "open the machine's /dev/null")?;
    if files::is_char_device(&files::status(null.as_fd())?, 1, 3) {
        Ok(null)
    } else {
        Err(Error::new(
            Kind::System,
            "the machine's /dev/null is not the null device",
        ))
    }
}

/// Shows a path read-only, by a mount of itself.
pub(super) fn read_only(inside: &Inside, path: &str) -> Result<()> {
    let Some(place) = find(inside, path)? else {
        return Ok(());
    };
    let tree = mount::clone_tree(place.as_fd(), true)?;
    mount::set_attributes(
        tree.as_fd(),
        &Attributes {
            set: RDONLY,
            ..Attributes::default()
        },
        false,
    )?;
    mount::attach(tree.as_fd(), place.as_fd())
}

/// The root's mount becomes read-only; what is mounted in it is not changed.
pub(super) fn read_only_root(inside: &Inside) -> Result<()> {
    mount::set_attributes(
        inside.root()?,
        &Attributes {
            set: RDONLY,
            ..Attributes::default()
        },
        false,
    )
}
