//! Mounts by descriptors: fsopen(2) and its family, and what only the older calls can do.
#![allow(unsafe_code, reason = "the mount system calls have no safe wrappers")]

use super::call::{c_string, check, named};
use super::files::fd_number;
use super::old;
use crate::error::Result;
use nix::mount::{MntFlags, MsFlags};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

const FSOPEN_CLOEXEC: libc::c_uint = 1;
const FSMOUNT_CLOEXEC: libc::c_uint = 1;
const FSCONFIG_SET_FLAG: libc::c_uint = 0;
const FSCONFIG_SET_STRING: libc::c_uint = 1;
const FSCONFIG_CMD_CREATE: libc::c_uint = 6;
const OPEN_TREE_CLONE: libc::c_uint = 1;
const OPEN_TREE_CLOEXEC: libc::c_uint = libc::O_CLOEXEC.cast_unsigned();
const AT_EMPTY_PATH: libc::c_uint = libc::AT_EMPTY_PATH.cast_unsigned();
const AT_RECURSIVE: libc::c_uint = 0x8000;
const MOVE_MOUNT_F_EMPTY_PATH: libc::c_uint = 0x04;
const MOVE_MOUNT_T_EMPTY_PATH: libc::c_uint = 0x40;

/// What mount_setattr(2) changes: bits to clear first, bits to set, and the propagation (0: as it is).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Attributes {
    /// MOUNT_ATTR_… to set.
    pub set: u64,
    /// MOUNT_ATTR_… to clear.
    pub clear: u64,
    /// One of MS_SHARED, MS_SLAVE, MS_PRIVATE, MS_UNBINDABLE.
    pub propagation: u64,
}

impl Attributes {
    /// Whether there is nothing to change.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A new file system that is being made: options first, then [`FileSystem::mount`].
#[derive(Debug)]
pub struct FileSystem<'a> {
    kind: &'a str,
    /// None where fsopen(2) is missing: the options are kept until the end then.
    context: Option<OwnedFd>,
    kept: Vec<(String, Option<String>)>,
}

impl<'a> FileSystem<'a> {
    /// Begins (fsopen).
    ///
    /// # Errors
    /// The kernel's, with the call; ENODEV for an unknown type.
    pub fn open(kind: &'a str) -> Result<Self> {
        let name = c_string(kind)?;
        // SAFETY: the name lives through the call.
        let fd = unsafe { libc::syscall(libc::SYS_fsopen, name.as_ptr(), FSOPEN_CLOEXEC) };
        let context = match check(fd, || format!("fsopen({kind:?})")) {
            Err(error) if old::is_missing(&error) => None,
            // SAFETY: the call returned a new descriptor that nobody else owns.
            fd => Some(unsafe { OwnedFd::from_raw_fd(fd_number(fd?)) }),
        };
        let kept = Vec::new();
        Ok(Self { kind, context, kept })
    }

    /// Sets an option: with a value or as a flag.
    ///
    /// # Errors
    /// The kernel's, with the call; EINVAL for an option that the type does not know.
    pub fn option(&mut self, key: &str, value: Option<&str>) -> Result<()> {
        let Some(context) = &self.context else {
            self.kept.push((key.to_owned(), value.map(str::to_owned)));
            return Ok(());
        };
        let command = if value.is_some() {
            FSCONFIG_SET_STRING
        } else {
            FSCONFIG_SET_FLAG
        };
        fs_config(context.as_fd(), command, Some(key), value)
    }

    /// Ends the making: a detached mount of it (fsconfig CREATE, fsmount).
    ///
    /// # Errors
    /// The kernel's, with the call.
    pub fn mount(&self, attributes: u64) -> Result<OwnedFd> {
        let Some(context) = &self.context else {
            return old::mount::new(self.kind, &self.kept, attributes);
        };
        fs_config(context.as_fd(), FSCONFIG_CMD_CREATE, None, None)?;
        // SAFETY: plain integers.
        let fd = unsafe {
            libc::syscall(
                libc::SYS_fsmount,
                context.as_raw_fd(),
                FSMOUNT_CLOEXEC,
                attributes,
            )
        };
        let fd = check(fd, || format!("fsmount(attributes {attributes:#x})"))?;
        // SAFETY: the call returned a new descriptor that nobody else owns.
        Ok(unsafe { OwnedFd::from_raw_fd(fd_number(fd)) })
    }

    /// What the kernel has to say about a failure: its log, a line per message.
    pub fn messages(&self) -> Vec<String> {
        let mut messages = Vec::new();
        let Some(context) = &self.context else {
            return messages;
        };
        let mut line = [0; 512];
        while let Ok(length @ 1..) = nix::unistd::read(context, &mut line) {
            let text = String::from_utf8_lossy(&line[..length]);
            // "e ", "w " or "i " says how serious it is.
            let said = text.split_once(' ').map_or(&*text, |(_, said)| said);
            messages.push(said.trim_end().to_owned());
        }
        messages
    }
}

fn fs_config(
    fs: BorrowedFd<'_>,
    command: libc::c_uint,
    key: Option<&str>,
    value: Option<&str>,
) -> Result<()> {
    let name = key.map(c_string).transpose()?;
    let text = value.map(c_string).transpose()?;
    let (name, text) = (name.as_ref(), text.as_ref());
    // SAFETY: both strings live through the call; absent ones are null, as the command wants it.
    let result = unsafe {
        libc::syscall(
            libc::SYS_fsconfig,
            fs.as_raw_fd(),
            command,
            name.map_or(std::ptr::null(), |name| name.as_ptr()),
            text.map_or(std::ptr::null(), |text| text.as_ptr()),
            0,
        )
    };
    check(result, || match (key, value) {
        (Some(key), Some(value)) => format!("fsconfig({key}={value})"),
        (Some(key), None) => format!("fsconfig({key})"),
        _ => "fsconfig(CREATE)".to_owned(),
    })
    .map(|_| ())
}

/// A detached copy of the mount (and with `recursive` of those below it) at an open place (open_tree).
///
/// # Errors
/// The kernel's, with the call.
pub fn clone_tree(place: BorrowedFd<'_>, recursive: bool) -> Result<OwnedFd> {
    match clone_tree_at_once(place, recursive)? {
        Some(tree) => Ok(tree),
        None => old::mount::clone_tree(place, recursive),
    }
}

/// The same in one call, for a process that may make no files; none where the kernel has no such call.
///
/// # Errors
/// The kernel's, with the call.
pub fn clone_tree_at_once(place: BorrowedFd<'_>, recursive: bool) -> Result<Option<OwnedFd>> {
    let deep = if recursive { AT_RECURSIVE } else { 0 };
    let flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | deep;
    // SAFETY: the path is a constant string.
    let fd = unsafe { libc::syscall(libc::SYS_open_tree, place.as_raw_fd(), c"".as_ptr(), flags) };
    let deep = if recursive { "|RECURSIVE" } else { "" };
    let fd = match check(fd, || format!("open_tree(CLONE{deep})")) {
        Err(error) if old::is_missing(&error) => return Ok(None),
        fd => fd?,
    };
    // SAFETY: the call returned a new descriptor that nobody else owns.
    Ok(Some(unsafe { OwnedFd::from_raw_fd(fd_number(fd)) }))
}

/// Changes the attributes of the mount whose root is open, and with `recursive` of all below it.
///
/// # Errors
/// The kernel's, with the call; EPERM for an attribute that is locked.
pub fn set_attributes(mount: BorrowedFd<'_>, attributes: &Attributes, recursive: bool) -> Result<()> {
    let change = libc::mount_attr {
        attr_set: attributes.set,
        attr_clr: attributes.clear,
        propagation: attributes.propagation,
        userns_fd: 0,
    };
    let changed = change_attributes(mount, change, recursive, || {
        let Attributes {
            set,
            clear,
            propagation,
        } = attributes;
        format!("mount_setattr(set {set:#x}, clear {clear:#x}, propagation {propagation:#x})")
    });
    match changed {
        Err(error) if old::is_missing(&error) => old::mount::change(mount, attributes, recursive),
        done => done,
    }
}

fn change_attributes(
    mount: BorrowedFd<'_>,
    mut change: libc::mount_attr,
    recursive: bool,
    describe: impl FnOnce() -> String,
) -> Result<()> {
    let flags = AT_EMPTY_PATH | if recursive { AT_RECURSIVE } else { 0 };
    // SAFETY: the path is a constant string and the struct lives through the call with the size given.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            mount.as_raw_fd(),
            c"".as_ptr(),
            flags,
            &raw mut change,
            size_of::<libc::mount_attr>(),
        )
    };
    check(result, describe).map(|_| ())
}

/// Maps the ids of a detached mount's files by a user namespace, with `recursive` those of all below it.
///
/// # Errors
/// The kernel's, with the call; EINVAL for a file system that cannot, EPERM for a mount that is mapped already.
pub fn set_id_map(mount: BorrowedFd<'_>, namespace: BorrowedFd<'_>, recursive: bool) -> Result<()> {
    let change = libc::mount_attr {
        attr_set: libc::MOUNT_ATTR_IDMAP,
        attr_clr: 0,
        propagation: 0,
        userns_fd: u64::from(namespace.as_raw_fd().cast_unsigned()),
    };
    change_attributes(mount, change, recursive, || {
        "mount_setattr(MOUNT_ATTR_IDMAP)".to_owned()
    })
}

/// Attaches a detached mount at an open place (move_mount).
///
/// # Errors
/// The kernel's, with the call; ENOTDIR when one is a directory and the other is not.
pub fn attach(mount: BorrowedFd<'_>, place: BorrowedFd<'_>) -> Result<()> {
    let flags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
    // SAFETY: both paths are constant strings.
    let result = unsafe {
        libc::syscall(
            libc::SYS_move_mount,
            mount.as_raw_fd(),
            c"".as_ptr(),
            place.as_raw_fd(),
            c"".as_ptr(),
            flags,
        )
    };
    match check(result, || "move_mount()".to_owned()) {
        Err(error) if old::is_missing(&error) => old::mount::attach(mount, place),
        done => done.map(|_| ()),
    }
}

/// Changes the propagation of the mount at a path, recursively with MS_REC.
///
/// # Errors
/// The kernel's, with the call; EINVAL when the path is not a mount's root.
pub fn propagate(path: &str, flags: u64) -> Result<()> {
    let flags = MsFlags::from_bits_retain(flags as libc::c_ulong);
    named(
        nix::mount::mount(None::<&str>, path, None::<&str>, flags, None::<&str>),
        || format!("mount({path:?}, {flags:?})"),
    )
}

/// Makes the current directory, a mount's root, the root of the mount namespace; the old one lies over it.
///
/// # Errors
/// The kernel's, with the call.
pub fn pivot_here() -> Result<()> {
    named(nix::unistd::pivot_root(".", "."), || {
        "pivot_root(\".\", \".\")".to_owned()
    })
}

/// Moves the mount that is the current directory over `/`.
///
/// # Errors
/// The kernel's, with the call.
pub fn move_here_to_root() -> Result<()> {
    let moved = nix::mount::mount(Some("."), "/", None::<&str>, MsFlags::MS_MOVE, None::<&str>);
    named(moved, || "mount(\".\", \"/\", MS_MOVE)".to_owned())
}

/// Detaches an open mount, with all below it.
///
/// # Errors
/// The kernel's, with the call.
pub fn detach_open(mount: BorrowedFd<'_>) -> Result<()> {
    let path = format!("/proc/self/fd/{}", mount.as_raw_fd());
    named(nix::mount::umount2(path.as_str(), MntFlags::MNT_DETACH), || {
        format!("umount2({path:?}, MNT_DETACH)")
    })
}

/// Detaches the mount at a path, with all below it.
///
/// # Errors
/// The kernel's, with the call.
pub fn detach(path: &str) -> Result<()> {
    named(
        nix::mount::umount2(path, MntFlags::MNT_DETACH | MntFlags::UMOUNT_NOFOLLOW),
        || format!("umount2({path:?}, MNT_DETACH)"),
    )
}

/// Makes the mount that holds a path private: without this, a mount on the path shows outside.
///
/// # Errors
/// The kernel's, with the call.
pub fn make_private(path: &str) -> Result<()> {
    let mut at = path;
    loop {
        match propagate(at, libc::MS_PRIVATE) {
            // Not a mount's root: the mount begins further up.
            Err(error) if error.errno() == Some(libc::EINVAL) && at != "/" => {
                at = at
                    .rsplit_once('/')
                    .map_or("/", |(above, _)| if above.is_empty() { "/" } else { above });
            }
            other => return other,
        }
    }
}
