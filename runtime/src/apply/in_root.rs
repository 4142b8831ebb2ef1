//! A container's root from outside: finding places in it, and making it ready for CRIU's mounts.

use super::mounts::open_tree;
use super::place::{self, Make};
use crate::error::{Context, Error, Result};
use crate::plan::criu::PointKind;
use crate::sys::{files, mount, process};
use std::fs;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// What is at a path in a root; none when nothing is there.
///
/// # Errors
/// The kernel's.
pub fn find(root: BorrowedFd<'_>, path: &str) -> Result<Option<OwnedFd>> {
    place::find(root, path)
}

/// Where an open place is, without symbolic links, as seen from the root of its mount namespace.
///
/// # Errors
/// The kernel's.
pub fn path_of(place: BorrowedFd<'_>) -> Result<String> {
    let link = format!("/proc/self/fd/{}", place.as_raw_fd());
    let path = fs::read_link(&link)
        .map_err(|error| Error::syscall(format!("readlink({link:?})"), error.raw_os_error().unwrap_or(0)))?;
    Ok(path.to_string_lossy().into_owned())
}

/// Mounts a root file system at `at` in a new mount namespace of the calling process, and makes the mount points that
/// are missing in it.
///
/// # Errors
/// The kernel's.
pub fn prepare(rootfs: &str, at: &str, points: &[(&str, PointKind<'_>)]) -> Result<()> {
    process::unshare(libc::CLONE_NEWNS).context(|| "make a mount namespace")?;
    mount::propagate("/", libc::MS_REC | libc::MS_SLAVE).context(|| "keep mounts from showing outside")?;
    let root = open_tree(rootfs, true, true)?;
    mount::attach(root.as_fd(), files::open_path(at)?.as_fd())?;
    let mut mounted = Vec::new();
    for (destination, kind) in points {
        let tree = make_point(root.as_fd(), destination, *kind)
            .context(|| format!("make the mount point {destination}"))?;
        mounted.extend(tree);
    }
    // What is mounted now was only to show mount points in it: CRIU mounts it again.
    mounted
        .iter()
        .rev()
        .try_for_each(|tree| mount::detach_open(tree.as_fd()))
}

/// Makes one mount point; a bind mount's tree is attached to it.
fn make_point(root: BorrowedFd<'_>, destination: &str, kind: PointKind<'_>) -> Result<Option<OwnedFd>> {
    match kind {
        PointKind::Directory => place::find_or_make(root, destination, Make::Directory).map(|_| None),
        PointKind::Like(source) => {
            let tree = open_tree(source, true, true)?;
            let make = if files::is_dir(&files::status(tree.as_fd())?) {
                Make::Directory
            } else {
                Make::File
            };
            let place = place::find_or_make(root, destination, make)?;
            mount::attach(tree.as_fd(), place.fd.as_fd())?;
            Ok(Some(tree))
        }
    }
}
