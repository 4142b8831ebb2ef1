//! `tmpcopyup`: a new tmpfs begins with a copy of what it hides.

use crate::error::Result;
use crate::sys::files;
use nix::dir::{Dir, Type};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// How deep a tree may be; deeper ones are a mistake or an attack.
const MAX_DEPTH: usize = 64;

/// Copies the directory at `path` in the root into the (not yet attached) tree; nothing there is fine.
///
/// # Errors
/// The kernel's, with the call.
pub(super) fn copy(root: BorrowedFd<'_>, path: &str, into: BorrowedFd<'_>) -> Result<()> {
    let from = files::open_in(root, path, libc::O_RDONLY | libc::O_DIRECTORY, files::IN_ROOT)?;
    copy_directory(from, into, MAX_DEPTH)
}

fn copy_directory(from: OwnedFd, into: BorrowedFd<'_>, depth: usize) -> Result<()> {
    let failed = |errno| crate::error::Error::syscall("getdents()", errno as i32);
    if depth == 0 {
        return Err(crate::error::Error::syscall(
            "tmpcopyup: the tree is too deep",
            libc::ELOOP,
        ));
    }
    let source = from.try_clone().map_err(|_| failed(nix::errno::Errno::EMFILE))?;
    let mut entries = Dir::from_fd(from).map_err(failed)?;
    for entry in entries.iter() {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name().to_string_lossy();
        if name != "." && name != ".." {
            copy_entry(source.as_fd(), &name, entry.file_type(), into, depth)?;
        }
    }
    Ok(())
}

/// Directories, files and symbolic links; others have no content to copy.
fn copy_entry(
    from: BorrowedFd<'_>,
    name: &str,
    kind: Option<Type>,
    into: BorrowedFd<'_>,
    depth: usize,
) -> Result<()> {
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
    match kind {
        Some(Type::Directory) => {
            let source = files::open_in(
                from,
                name,
                libc::O_RDONLY | libc::O_DIRECTORY | flags,
                files::NO_LINKS,
            )?;
            let status = files::status(source.as_fd())?;
            files::make_dir(into, name, status.st_mode & 0o7777)?;
            let target = files::open_in(into, name, libc::O_RDONLY | libc::O_DIRECTORY, files::NO_LINKS)?;
            own(target.as_fd(), into, name, &status)?;
            copy_directory(source, target.as_fd(), depth - 1)
        }
        Some(Type::File) => {
            let source = files::open_in(from, name, libc::O_RDONLY | flags, files::NO_LINKS)?;
            let status = files::status(source.as_fd())?;
            let create = libc::O_WRONLY | libc::O_CREAT | libc::O_EXCL;
            let target = files::create_in(into, name, create, status.st_mode & 0o7777, files::NO_LINKS)?;
            let (mut source, mut copy) = (std::fs::File::from(source), std::fs::File::from(target));
            std::io::copy(&mut source, &mut copy).map_err(|error| {
                crate::error::Error::syscall(
                    format!("copy {name}"),
                    error.raw_os_error().unwrap_or(libc::EIO),
                )
            })?;
            own(copy.as_fd(), into, name, &status)
        }
        Some(Type::Symlink) => files::make_link(&files::read_link(from, name)?, into, name),
        _ => Ok(()),
    }
}

/// Owner first: changing it clears the set-user-id bits of the mode.
fn own(
    target: BorrowedFd<'_>,
    dir: BorrowedFd<'_>,
    name: &str,
    like: &nix::sys::stat::FileStat,
) -> Result<()> {
    files::change_owner(target, Some(like.st_uid), Some(like.st_gid))?;
    files::change_mode(dir, name, like.st_mode & 0o7777)
}
