//! Walks a group and the groups below it, however many a container made.
//!
//! Two descriptors serve any depth, and no path grows with it: a hostile container can neither exhaust the
//! descriptors nor make names too long.

use super::files::open_dir;
use crate::error::{Error, Result};
use nix::dir::{Dir, Type};
use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::Mode;
use std::ffi::{CStr, CString};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// What a walk comes by.
pub(super) enum Step<'a> {
    /// A group, before those below it.
    Enter(BorrowedFd<'a>),
    /// A group below the first, after those below it: its parent and its name.
    Leave(BorrowedFd<'a>, &'a CStr),
}

const FLAGS: OFlag = OFlag::O_RDONLY
    .union(OFlag::O_DIRECTORY)
    .union(OFlag::O_CLOEXEC)
    .union(OFlag::O_NOFOLLOW);

/// Visits the group at `path` and all below it. What vanishes meanwhile ends its part of the walk silently.
pub(super) fn walk(path: &str, mut visit: impl FnMut(Step<'_>) -> Result<()>) -> Result<()> {
    let mut here = match open_dir(path) {
        Err(error) if is_gone(error.errno()) => return Ok(()),
        opened => opened?,
    };
    visit(Step::Enter(here.as_fd()))?;
    let failed = |errno: Errno| Error::syscall(format!("read the groups below {path}"), errno as i32);
    let mut open: Vec<(CString, Vec<CString>)> = Vec::new();
    let mut pending = children(&here).map_err(failed)?;
    loop {
        if let Some(name) = pending.pop() {
            match openat(&here, name.as_c_str(), FLAGS, Mode::empty()) {
                Err(errno) if is_gone(Some(errno as i32)) => {}
                Err(errno) => return Err(failed(errno)),
                Ok(child) => {
                    here = child;
                    visit(Step::Enter(here.as_fd()))?;
                    open.push((
                        name,
                        std::mem::replace(&mut pending, children(&here).map_err(failed)?),
                    ));
                }
            }
        } else if let Some((name, siblings)) = open.pop() {
            here = match openat(&here, "..", FLAGS, Mode::empty()) {
                Err(errno) if is_gone(Some(errno as i32)) => return Ok(()),
                opened => opened.map_err(failed)?,
            };
            visit(Step::Leave(here.as_fd(), &name))?;
            pending = siblings;
        } else {
            return Ok(());
        }
    }
}

/// Whether an errno says that a group is no more.
pub(super) fn is_gone(errno: Option<i32>) -> bool {
    matches!(errno.map(Errno::from_raw), Some(Errno::ENOENT | Errno::ENODEV))
}

/// The names of the directories in a group.
fn children(group: &OwnedFd) -> Result<Vec<CString>, Errno> {
    let mut dir = match Dir::openat(group, ".", FLAGS, Mode::empty()) {
        Err(errno) if is_gone(Some(errno as i32)) => return Ok(Vec::new()),
        opened => opened?,
    };
    let mut names = Vec::new();
    for entry in dir.iter() {
        let entry = entry?;
        let name = entry.file_name();
        if entry.file_type() == Some(Type::Directory) && name != c"." && name != c".." {
            names.push(name.to_owned());
        }
    }
    Ok(names)
}
