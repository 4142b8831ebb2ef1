//! Mounts by mount(2): what open_tree(2) and fsmount(2) leave detached is made in a place apart and moved from there.
//!
//! The place is a tmpfs over a directory of the machine that no container reaches, in the container's own mount
//! namespace: no path that an image or another process could change is walked. Descriptors of mounts mean the same as
//! with the newer calls; they are named by /proc/self/fd, which leads to the very mount.

use crate::error::{Error, Kind, Result};
use crate::sys::call::named;
use crate::sys::files;
use crate::sys::mount::{Attributes, make_private};
use nix::mount::MsFlags;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::OnceLock;

/// The directory, once it is known.
static DIRECTORY: OnceLock<String> = OnceLock::new();
/// Whether the tmpfs is there.
static READY: OnceLock<()> = OnceLock::new();

/// MOUNT_ATTR_… beside the flags of mount(2) and statfs(2) that mean the same.
const FLAGS: &[(u64, MsFlags, u64)] = &[
    (0x1, MsFlags::MS_RDONLY, 0x1),
    (0x2, MsFlags::MS_NOSUID, 0x2),
    (0x4, MsFlags::MS_NODEV, 0x4),
    (0x8, MsFlags::MS_NOEXEC, 0x8),
    (0x10, MsFlags::MS_NOATIME, 0x400),
    (0x80, MsFlags::MS_NODIRATIME, 0x800),
    (0x20_0000, MsFlags::from_bits_retain(0x100), 0x2000),
];
const ST_RELATIME: u64 = 0x1000;
const RDONLY: u64 = 0x1;
const ATIME: u64 = 0x70;
const STRICTATIME: u64 = 0x20;

/// Options of mount(8) that mount(2) has as flags.
const WORDS: &[(&str, MsFlags)] = &[
    ("sync", MsFlags::MS_SYNCHRONOUS),
    ("dirsync", MsFlags::MS_DIRSYNC),
    ("lazytime", MsFlags::MS_LAZYTIME),
    ("mand", MsFlags::MS_MANDLOCK),
    ("silent", MsFlags::MS_SILENT),
];

/// Says where mounts are made, if it comes to that: for a process in a mount namespace of its own.
pub fn make_in(directory: &str) {
    let _ = DIRECTORY.set(directory.to_owned());
}

/// A place to mount a directory or a file on.
fn place(is_dir: bool) -> Result<String> {
    let directory = DIRECTORY.get().ok_or_else(|| {
        Error::syscall("open_tree()", libc::ENOSYS).hint("here only Linux 5.2 and newer can make mounts")
    })?;
    if READY.get().is_none() {
        prepare(directory)?;
        let _ = READY.set(());
    }
    Ok(format!(
        "{directory}/{}",
        if is_dir { "directory" } else { "file" }
    ))
}

fn prepare(directory: &str) -> Result<()> {
    make_private(directory)?;
    mount(
        Some("tmpfs"),
        directory,
        Some("tmpfs"),
        MsFlags::MS_NOSUID | MsFlags::MS_NODEV,
        "mode=0755",
    )?;
    let tmpfs = files::open(directory, libc::O_PATH | libc::O_DIRECTORY)?;
    files::make_dir(tmpfs.as_fd(), "directory", 0o755)?;
    files::make_node(tmpfs.as_fd(), "file", libc::S_IFREG | 0o644, 0, 0)
}

fn mount(source: Option<&str>, target: &str, kind: Option<&str>, flags: MsFlags, data: &str) -> Result<()> {
    let text = Some(data).filter(|data| !data.is_empty());
    named(nix::mount::mount(source, target, kind, flags, text), || {
        format!(
            "mount({:?}, {target:?}, {:?}, {flags:?}, {data:?})",
            source.unwrap_or(""),
            kind.unwrap_or("")
        )
    })
}

/// The name of an open file's very place.
fn name(fd: BorrowedFd<'_>) -> String {
    format!("/proc/self/fd/{}", fd.as_raw_fd())
}

/// open_tree(OPEN_TREE_CLONE).
///
/// # Errors
/// The kernel's, with the call.
pub fn clone_tree(source: BorrowedFd<'_>, recursive: bool) -> Result<OwnedFd> {
    let target = place(files::is_dir(&files::status(source)?))?;
    let deep = if recursive {
        MsFlags::MS_REC
    } else {
        MsFlags::empty()
    };
    mount(Some(&name(source)), &target, None, MsFlags::MS_BIND | deep, "")?;
    made_at(&target)
}

/// What was just mounted: a private mount can be moved.
fn made_at(target: &str) -> Result<OwnedFd> {
    files::open(target, libc::O_PATH)
}

/// fsopen(2), fsconfig(2) and fsmount(2).
///
/// # Errors
/// The kernel's, with the call.
pub fn new(kind: &str, options: &[(String, Option<String>)], attributes: u64) -> Result<OwnedFd> {
    let target = place(true)?;
    let (mut source, mut flags, mut data) = (kind, to_flags(attributes & !RDONLY), String::new());
    for (key, value) in options {
        let word = WORDS.iter().find(|(word, _)| value.is_none() && word == key);
        match (word, value) {
            (Some((_, flag)), _) => flags |= *flag,
            (None, Some(value)) if key == "source" => source = value,
            (None, value) => {
                let comma = if data.is_empty() { "" } else { "," };
                let value = value
                    .as_ref()
                    .map(|value| format!("={value}"))
                    .unwrap_or_default();
                data.push_str(&format!("{comma}{key}{value}"));
            }
        }
    }
    mount(Some(source), &target, Some(kind), flags, &data)?;
    let made = made_at(&target)?;
    if attributes & RDONLY != 0 {
        // Of the mount, not of the file system.
        let set = Attributes {
            set: RDONLY,
            ..Attributes::default()
        };
        change(made.as_fd(), &set, false)?;
    }
    Ok(made)
}

/// mount_setattr(2), where it can be done: what shall go down to the mounts below cannot, but for propagation.
///
/// # Errors
/// The kernel's, with the call.
pub fn change(mount_fd: BorrowedFd<'_>, attributes: &Attributes, recursive: bool) -> Result<()> {
    if attributes.set | attributes.clear != 0 {
        if recursive {
            return Err(Error::syscall("mount_setattr(AT_RECURSIVE)", libc::ENOSYS)
                .with_kind(Kind::Unsupported)
                .hint("options for all mounts below (rro and its like) need Linux 5.12"));
        }
        change_one(mount_fd, attributes)?;
    }
    if attributes.propagation == 0 {
        return Ok(());
    }
    let deep = if recursive { libc::MS_REC } else { 0 };
    let flags = MsFlags::from_bits_retain((attributes.propagation | deep) as libc::c_ulong);
    mount(None, &name(mount_fd), None, flags, "")
}

fn change_one(mount_fd: BorrowedFd<'_>, attributes: &Attributes) -> Result<()> {
    let now = present(mount_fd)?;
    let flags = to_flags((now & !attributes.clear) | attributes.set) | MsFlags::MS_REMOUNT | MsFlags::MS_BIND;
    match mount(None, &name(mount_fd), None, flags, "") {
        // A mount by the newer calls, which is not attached yet, where only mount_setattr(2) is missing.
        Err(error) if error.errno() == Some(libc::EINVAL) => {
            let target = place(files::is_dir(&files::status(mount_fd)?))?;
            let target = files::open(&target, libc::O_PATH)?;
            crate::sys::mount::attach(mount_fd, target.as_fd()).map_err(|_| error)?;
            mount(None, &name(mount_fd), None, flags, "")
        }
        other => other,
    }
}

/// The attributes that a mount has.
fn present(mount_fd: BorrowedFd<'_>) -> Result<u64> {
    let found = files::mount_flags(mount_fd)?;
    let has = FLAGS.iter().filter(|(_, _, flag)| found & flag != 0);
    let plain = has.fold(0, |all, (bit, ..)| all | bit);
    let strict = found & ST_RELATIME == 0 && plain & ATIME == 0;
    Ok(plain | if strict { STRICTATIME } else { 0 })
}

fn to_flags(attributes: u64) -> MsFlags {
    let plain = FLAGS.iter().filter(|(bit, ..)| attributes & bit != 0);
    let flags = plain.fold(MsFlags::empty(), |all, (_, flag, _)| all | *flag);
    flags
        | match attributes & ATIME {
            STRICTATIME => MsFlags::MS_STRICTATIME,
            0 => MsFlags::MS_RELATIME,
            _ => MsFlags::empty(),
        }
}

/// move_mount(2).
///
/// # Errors
/// The kernel's, with the call.
pub fn attach(mount_fd: BorrowedFd<'_>, place: BorrowedFd<'_>) -> Result<()> {
    mount(Some(&name(mount_fd)), &name(place), None, MsFlags::MS_MOVE, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_become_flags() {
        assert_eq!(
            to_flags(0x1 | 0x8),
            MsFlags::MS_RDONLY | MsFlags::MS_NOEXEC | MsFlags::MS_RELATIME
        );
        assert_eq!(to_flags(0x10), MsFlags::MS_NOATIME);
        assert_eq!(to_flags(STRICTATIME), MsFlags::MS_STRICTATIME);
    }

    #[test]
    fn without_a_place_the_missing_call_is_named() {
        let root = files::open_path("/").unwrap();
        let error = clone_tree(root.as_fd(), false).unwrap_err();
        assert_eq!(error.errno(), Some(libc::ENOSYS));
    }
}
