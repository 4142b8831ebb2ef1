//! Emptying a directory that a container may have written to, however it did.

use crate::error::{Error, Result};
use crate::sys::listing;
use nix::errno::Errno;
use nix::fcntl::{OFlag, openat, renameat};
use nix::sys::stat::Mode;
use nix::unistd::{UnlinkatFlags, unlinkat};
use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Removes all that is in the directory `name`, if there is one. No link is followed, and what is nested deeply comes up
/// level by level: a container's tree may be deeper than descriptors or a stack suffice for.
///
/// # Errors
/// When something stays.
pub(super) fn empty(above: BorrowedFd<'_>, name: &str) -> Result<()> {
    let mut fresh = 0_u64;
    loop {
        let place = match open(above, name.as_ref()) {
            Ok(place) => place,
            Err(Errno::ENOENT | Errno::ENOTDIR) => return Ok(()),
            Err(errno) => return Err(failed("open", name.as_ref(), errno)),
        };
        let names = listing::names(place.as_fd())?;
        if names.is_empty() {
            return Ok(());
        }
        for name in names {
            remove(place.as_fd(), &name, &mut fresh)?;
        }
    }
}

fn open(above: BorrowedFd<'_>, name: &OsStr) -> nix::Result<OwnedFd> {
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    openat(above, name, flags, Mode::empty())
}

/// Removes an entry; what is in a directory takes its place before.
fn remove(place: BorrowedFd<'_>, name: &OsStr, fresh: &mut u64) -> Result<()> {
    match unlinkat(place, name, UnlinkatFlags::NoRemoveDir) {
        Ok(()) | Err(Errno::ENOENT) => return Ok(()),
        Err(Errno::EISDIR) => {}
        Err(errno) => return Err(failed("unlink", name, errno)),
    }
    match unlinkat(place, name, UnlinkatFlags::RemoveDir) {
        Err(Errno::ENOTEMPTY) => {}
        removed => return removed.map_err(|errno| failed("rmdir", name, errno)),
    }
    let inner = open(place, name).map_err(|errno| failed("open", name, errno))?;
    for child in listing::names(inner.as_fd())? {
        bring_up(inner.as_fd(), &child, place, fresh)?;
    }
    unlinkat(place, name, UnlinkatFlags::RemoveDir).map_err(|errno| failed("rmdir", name, errno))
}

/// Moves an entry up, to a name that is free, or whose file is to be removed, too.
fn bring_up(from: BorrowedFd<'_>, name: &OsStr, to: BorrowedFd<'_>, fresh: &mut u64) -> Result<()> {
    loop {
        *fresh += 1;
        match renameat(from, name, to, format!("{fresh}").as_str()) {
            Err(Errno::EISDIR | Errno::ENOTDIR | Errno::ENOTEMPTY | Errno::EEXIST) => {}
            moved => return moved.map_err(|errno| failed("rename", name, errno)),
        }
    }
}

fn failed(call: &str, name: &OsStr, errno: Errno) -> Error {
    Error::syscall(format!("{call}({name:?})"), errno as i32)
        .context("remove what the container left in its directory for notifications")
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::stat::mkdirat;
    use std::fs;
    use std::path::Path;

    fn empty_at(path: &Path) {
        let above = fs::File::open(path).unwrap();
        empty(above.as_fd(), "place").unwrap();
        assert_eq!(fs::read_dir(path.join("place")).unwrap().count(), 0);
    }

    #[test]
    fn files_links_and_trees_go_and_where_links_lead_stays() {
        let dir = tempfile::tempdir().unwrap();
        let place = dir.path().join("place");
        fs::create_dir_all(place.join("a/b")).unwrap();
        // Names as those that things move to.
        fs::create_dir_all(place.join("1/2/3")).unwrap();
        fs::write(place.join("2"), "").unwrap();
        fs::write(place.join("a/b/3"), "").unwrap();
        fs::create_dir(dir.path().join("outside")).unwrap();
        fs::write(dir.path().join("outside/file"), "").unwrap();
        std::os::unix::fs::symlink("../../outside", place.join("a/link")).unwrap();
        std::os::unix::fs::symlink("../outside", place.join("link")).unwrap();
        empty_at(dir.path());
        assert!(dir.path().join("outside/file").exists());
        let above = fs::File::open(dir.path()).unwrap();
        empty(above.as_fd(), "none").unwrap();
    }

    #[test]
    fn a_tree_may_be_deeper_than_the_usual_limit_of_descriptors() {
        // On a disk, it takes seconds.
        let dir = tempfile::tempdir_in("/dev/shm").unwrap();
        fs::create_dir(dir.path().join("place")).unwrap();
        let mut deepest: OwnedFd = fs::File::open(dir.path().join("place")).unwrap().into();
        for _ in 0..1100 {
            mkdirat(&deepest, "d", Mode::S_IRWXU).unwrap();
            deepest = open(deepest.as_fd(), OsStr::new("d")).unwrap();
        }
        empty_at(dir.path());
    }
}
