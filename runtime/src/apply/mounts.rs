//! Mounting: trees are made detached, given their attributes, and only then attached at an open place.

use super::copy_up;
use super::inside::Inside;
use super::place::{self, Make, Place};
use crate::error::{Context, Error, Kind, Result};
use crate::plan::op::{Links, Mount, Reach, What};
use crate::sys::files;
use crate::sys::mount::{self, Attributes, FileSystem};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// One mount of config.json.
///
/// # Errors
/// The failed call, with what the kernel says about it.
pub(super) fn mount(inside: &mut Inside, mount: &Mount<'_>) -> Result<()> {
    match &mount.what {
        What::Bind {
            source,
            links: Links::Copy,
            ..
        } if is_link(source) => copy_link(inside, mount, source),
        What::Bind {
            source,
            deep,
            slot,
            links,
        } => {
            let follow = *links != Links::Bind;
            let tree = match slot.and_then(|slot| inside.take(slot)) {
                Some(tree) => tree,
                None => open_tree(source, *deep, follow)?,
            };
            bind(inside, mount, source, tree)
        }
        What::New { .. } => mount_new(inside, mount),
    }
}

fn is_link(source: &str) -> bool {
    std::fs::symlink_metadata(source).is_ok_and(|found| found.is_symlink())
}

/// The same link inside; one that is there already must say the same.
fn copy_link(inside: &Inside, mount: &Mount<'_>, source: &str) -> Result<()> {
    let failed = |error: std::io::Error| {
        Error::syscall(
            format!("readlink({source:?})"),
            error.raw_os_error().unwrap_or(libc::EINVAL),
        )
    };
    let target = std::fs::read_link(source).map_err(failed)?;
    let target = target.to_string_lossy();
    let (dir, name) = place::parent_of(inside.root()?, &mount.destination)?;
    match files::make_link(&target, dir.as_fd(), name) {
        Err(error) if error.errno() == Some(libc::EEXIST) => match files::read_link(dir.as_fd(), name) {
            Ok(there) if there == target => Ok(()),
            _ => Err(error.hint(format!(
                "{} is there and is not the link to copy",
                mount.destination
            ))),
        },
        other => other,
    }
}

fn bind(inside: &mut Inside, mount: &Mount<'_>, source: &str, tree: OwnedFd) -> Result<()> {
    let source_is_dir = files::is_dir(&files::status(tree.as_fd())?);
    let make = if source_is_dir {
        Make::Directory
    } else {
        Make::File
    };
    let place = find(inside, mount, make)?;
    check_alike(&place, source, source_is_dir, mount)?;
    set_bind_attributes(tree.as_fd(), &mount.attributes)?;
    finish(inside, mount, tree, &place)
}

/// The kernel's own answer to a file over a directory is a bare EINVAL.
fn check_alike(place: &Place, source: &str, source_is_dir: bool, mount: &Mount<'_>) -> Result<()> {
    if files::is_dir(&files::status(place.fd.as_fd())?) == source_is_dir {
        return Ok(());
    }
    let (one, other) = if source_is_dir {
        ("directory", "file")
    } else {
        ("file", "directory")
    };
    let to = &mount.destination;
    let text = format!("{source} is a {one}, but {to} in the root file system is a {other}");
    Err(Error::syscall(text, libc::ENOTDIR)
        .with_kind(Kind::Config)
        .hint("both must be of one kind"))
}

/// A copy of the tree at a path outside.
pub(super) fn open_tree(source: &str, deep: bool, follow: bool) -> Result<OwnedFd> {
    let last = if follow { 0 } else { libc::O_NOFOLLOW };
    let place = files::open(source, libc::O_PATH | last).map_err(|error| match error.errno() {
        Some(libc::ENOENT) => error.hint(format!("the mount's source {source} does not exist")),
        _ => error,
    })?;
    mount::clone_tree(place.as_fd(), deep)
}

/// Sets a bind mount's attributes; those that its source's owner has locked stay as they are.
fn set_bind_attributes(tree: BorrowedFd<'_>, attributes: &Attributes) -> Result<()> {
    if attributes.is_empty() {
        return Ok(());
    }
    match mount::set_attributes(tree, attributes, false) {
        Err(error) if error.errno() == Some(libc::EPERM) => {
            let only_more = Attributes {
                clear: 0,
                ..*attributes
            };
            mount::set_attributes(tree, &only_more, false)
        }
        other => other,
    }
}

fn find(inside: &Inside, mount: &Mount<'_>, make: Make) -> Result<Place> {
    let root = inside.root()?;
    let place = match mount.reach {
        Reach::NoLinks => place::find_plain_directory(root, &mount.destination),
        Reach::LastNot => place::find_or_make_entry(root, &mount.destination, make),
        Reach::Inside => place::find_or_make(root, &mount.destination, make),
    };
    let place = place.context(|| format!("open the destination {}", mount.destination))?;
    check_proc(mount, &place)?;
    Ok(place)
}

/// What lxcfs and its like may put over single files of a container's /proc.
const PROC_FILES: &[&str] = &[
    "/proc/cpuinfo",
    "/proc/diskstats",
    "/proc/meminfo",
    "/proc/stat",
    "/proc/swaps",
    "/proc/uptime",
    "/proc/loadavg",
    "/proc/slabinfo",
    "/proc/sys/kernel/ns_last_pid",
    "/proc/net/dev",
    "/proc/sys/crypto/fips_enabled",
];

/// A mount over a part of /proc would fake what the runtime and the container's programs read there. Asked of
/// the place, not of its path: an image's links can lead there too (CVE-2019-19921, CVE-2025-52881).
fn check_proc(mount: &Mount<'_>, place: &Place) -> Result<()> {
    let is_proc = matches!(mount.what, What::New { fs: "proc", .. });
    let is_allowed = is_proc || PROC_FILES.contains(&&*mount.destination);
    if is_allowed || !place::is_inside_procfs(place.fd.as_fd())? {
        return Ok(());
    }
    let text = format!(
        "{:?} cannot be mounted because it is inside /proc",
        mount.destination
    );
    Err(Error::new(Kind::Config, text))
}

fn mount_new(inside: &mut Inside, wanted: &Mount<'_>) -> Result<()> {
    let What::New {
        fs,
        source,
        data,
        copy_up,
        keep_mode,
        label,
    } = &wanted.what
    else {
        return Ok(());
    };
    let place = find(inside, wanted, Make::Directory)?;
    let mut file_system = FileSystem::open(fs).map_err(|error| match error.errno() {
        Some(libc::ENODEV) => error.hint(format!("the kernel has no file system {fs:?}")),
        _ => error,
    })?;
    let mode = (*keep_mode && !place.made)
        .then(|| files::status(place.fd.as_fd()))
        .transpose()?;
    let mode = mode.map(|status| format!("{:o}", status.st_mode & 0o7777));
    let made = configure(&mut file_system, source, data, mode.as_deref(), *fs == "devpts")
        .and_then(|()| file_system.mount(wanted.attributes.set));
    let tree = made.map_err(|error| {
        let messages = file_system.messages();
        messages.into_iter().fold(error, |error, message| {
            error.hint(format!("the kernel says: {message}"))
        })
    })?;
    if let Some(label) = label {
        files::set_label(tree.as_fd(), label)?;
    }
    if *copy_up {
        copy_up::copy(inside.root()?, &wanted.destination, tree.as_fd())?;
    }
    finish(inside, wanted, tree, &place)
}

fn configure(
    file_system: &mut FileSystem<'_>,
    source: &str,
    data: &[(&str, Option<&str>)],
    mode: Option<&str>,
    is_devpts: bool,
) -> Result<()> {
    if !source.is_empty() {
        file_system.option("source", Some(source))?;
    }
    for (key, value) in data {
        match file_system.option(key, *value) {
            // The group that terminals belong to may have no meaning in a joined user namespace.
            Err(error) if is_devpts && *key == "gid" && error.errno() == Some(libc::EINVAL) => {}
            other => other?,
        }
    }
    mode.map_or(Ok(()), |mode| file_system.option("mode", Some(mode)))
}

/// Attributes of the whole tree, propagation, and the attachment.
fn finish(inside: &mut Inside, mount: &Mount<'_>, tree: OwnedFd, place: &Place) -> Result<()> {
    if !mount.recursive.is_empty() {
        mount::set_attributes(tree.as_fd(), &mount.recursive, true)?;
    }
    mount::attach(tree.as_fd(), place.fd.as_fd())?;
    // Propagation is a relation between attached mounts.
    for (propagation, deep) in &mount.propagation {
        let change = Attributes {
            propagation: *propagation,
            ..Attributes::default()
        };
        mount::set_attributes(tree.as_fd(), &change, *deep)?;
    }
    let at = mount.destination.trim_end_matches('/');
    inside.kernel.retain(|(covered, _)| covered != at);
    if at.is_empty() {
        inside.root = Some(tree);
    } else if mount.reach == Reach::NoLinks {
        inside.kernel.push((at.to_owned(), tree));
    }
    Ok(())
}

/// Changes a mount that is already there.
pub(super) fn remount(inside: &Inside, path: &str, own: &Attributes, recursive: &Attributes) -> Result<()> {
    let place = files::open_in(inside.root()?, path, libc::O_PATH, files::IN_ROOT)?;
    let explain = |error: Error| match error.errno() {
        Some(libc::EINVAL) => error.hint(format!("is anything mounted at {path}?")),
        _ => error,
    };
    set_bind_attributes(place.as_fd(), own).map_err(explain)?;
    if recursive.is_empty() {
        return Ok(());
    }
    mount::set_attributes(place.as_fd(), recursive, true).map_err(explain)
}

/// Makes the root file system a mount of its own, private to the container, unless it is one. A process that still is its
/// caller's owns nothing in its user namespace: on old kernels, where files must be made for it, it is done later.
pub(super) fn bind_root(inside: &mut Inside, path: &str, as_caller: bool) -> Result<()> {
    if inside.root.is_some() {
        return Ok(());
    }
    let place = open_root_directory(path)?;
    let tree = match as_caller {
        true => mount::clone_tree_at_once(place.as_fd(), true)?,
        false => Some(mount::clone_tree(place.as_fd(), true)?),
    };
    let Some(tree) = tree else { return Ok(()) };
    mount::attach(tree.as_fd(), place.as_fd())?;
    inside.root = Some(tree);
    Ok(())
}

/// Opens the root file system, which must be a directory.
pub(super) fn open_root_directory(path: &str) -> Result<OwnedFd> {
    files::open(path, libc::O_PATH | libc::O_DIRECTORY).map_err(|error| match error.errno() {
        Some(libc::ENOENT) => error
            .with_kind(Kind::Config)
            .hint("root.path of config.json names no directory"),
        _ => error,
    })
}
