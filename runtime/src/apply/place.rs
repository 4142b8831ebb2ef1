//! Places in the container's root: found, or made, without ever leaving it.

use crate::error::{Context, Error, Kind, Result};
use crate::sys::files;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// How many symbolic links a path may go through while missing parts of it are made.
const MAX_LINKS: usize = 40;

/// What to make where nothing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Make {
    /// A directory, with those above it.
    Directory,
    /// An empty file, with the directories above it.
    File,
}

/// An open place, and whether it had to be made.
#[derive(Debug)]
pub(super) struct Place {
    /// Opened with O_PATH.
    pub(super) fd: OwnedFd,
    /// It did not exist before.
    pub(super) made: bool,
}

/// Opens what is at `path` in the root; nothing there (or nothing reachable) is `None`.
///
/// # Errors
/// The kernel's.
pub(super) fn find(root: BorrowedFd<'_>, path: &str) -> Result<Option<OwnedFd>> {
    match files::open_in(root, path, libc::O_PATH, files::IN_ROOT) {
        Ok(fd) => Ok(Some(fd)),
        Err(error) if matches!(error.errno(), Some(libc::ENOENT | libc::ENOTDIR)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Opens what is at `path` in the root, or makes it there.
///
/// # Errors
/// The kernel's; a file where a directory is needed says so.
pub(super) fn find_or_make(root: BorrowedFd<'_>, path: &str, make: Make) -> Result<Place> {
    match files::open_in(root, path, libc::O_PATH, files::IN_ROOT) {
        Ok(fd) => Ok(Place { fd, made: false }),
        Err(error) if error.errno() == Some(libc::ENOENT) => {
            make_missing(root, path, make).map(|fd| Place { fd, made: true })
        }
        Err(error) if error.errno() == Some(libc::ENOTDIR) => Err(error.hint(format!(
            "a part of {path} in the root file system is a file, not a directory"
        ))),
        Err(error) => Err(error),
    }
}

/// Opens a place that no symbolic link may lead to (/proc, /sys), or makes it.
///
/// # Errors
/// The kernel's; a symbolic link is refused as such.
pub(super) fn find_plain_directory(root: BorrowedFd<'_>, path: &str) -> Result<Place> {
    let flags = libc::O_PATH | libc::O_DIRECTORY;
    match files::open_in(root, path, flags, files::IN_ROOT_NO_LINKS) {
        Ok(fd) => Ok(Place { fd, made: false }),
        Err(error) if error.errno() == Some(libc::ENOENT) => {
            find_or_make(root, path, Make::Directory)?;
            // Somebody who shares the root may have been quicker, and made a link.
            let fd = files::open_in(root, path, flags, files::IN_ROOT_NO_LINKS)?;
            Ok(Place { fd, made: true })
        }
        Err(error) if matches!(error.errno(), Some(libc::ELOOP | libc::ENOTDIR)) => {
            let text = format!("{path} in the root file system must be mounted on ordinary directory");
            Err(error.context(text).with_kind(Kind::Config))
        }
        Err(error) => Err(error),
    }
}

/// Opens what is at `path` in the root, or makes it there; its last part is what it is, even a symbolic link.
///
/// # Errors
/// The kernel's.
pub(super) fn find_or_make_entry(root: BorrowedFd<'_>, path: &str, make: Make) -> Result<Place> {
    let (dir, name) = parent_of(root, path)?;
    match files::open_in(
        dir.as_fd(),
        name,
        libc::O_PATH | libc::O_NOFOLLOW,
        libc::RESOLVE_BENEATH,
    ) {
        Ok(fd) => Ok(Place { fd, made: false }),
        Err(error) if error.errno() == Some(libc::ENOENT) => {
            let fd = step(dir.as_fd(), name, make)?;
            Ok(Place { fd, made: true })
        }
        Err(error) => Err(error),
    }
}

/// Opens the directory above `path` and gives the last name.
///
/// # Errors
/// The kernel's.
pub(super) fn parent_of<'a>(root: BorrowedFd<'_>, path: &'a str) -> Result<(OwnedFd, &'a str)> {
    let trimmed = path.trim_end_matches('/');
    let (above, name) = trimmed.rsplit_once('/').unwrap_or(("", trimmed));
    let above = if above.is_empty() { "/" } else { above };
    let place = find_or_make(root, above, Make::Directory)?;
    if !files::is_dir(&files::status(place.fd.as_fd())?) {
        return Err(Error::syscall(
            format!("{above} in the root file system is not a directory"),
            libc::ENOTDIR,
        ));
    }
    Ok((place.fd, name))
}

/// Walks the path part by part and makes what is missing; a dangling symbolic link's target is made too.
fn make_missing(root: BorrowedFd<'_>, path: &str, make: Make) -> Result<OwnedFd> {
    let mut todo: Vec<String> = parts(path).rev().collect();
    let mut here = files::open_in(root, "/", libc::O_PATH | libc::O_DIRECTORY, files::IN_ROOT)?;
    // Where `here` is, as a path in the root without symbolic links: `..` and links are resolved by it.
    let mut done: Vec<String> = Vec::new();
    let mut links = 0;
    while let Some(name) = todo.pop() {
        if name == ".." {
            done.pop();
            here = files::open_in(
                root,
                &joined(&done),
                libc::O_PATH | libc::O_DIRECTORY,
                files::IN_ROOT_NO_LINKS,
            )?;
            continue;
        }
        let wanted = if todo.is_empty() { make } else { Make::Directory };
        let next = step(here.as_fd(), &name, wanted)?;
        if !is_link(next.as_fd())? {
            here = next;
            done.push(name);
            continue;
        }
        links += 1;
        if links > MAX_LINKS {
            return Err(Error::syscall(
                format!("too many symbolic links in {path}"),
                libc::ELOOP,
            ));
        }
        if is_inside_procfs(next.as_fd())? {
            // A magic link leads to where its process looks, not to what it reads like.
            return Err(Error::syscall(
                format!("{name} in {path} is a link of procfs"),
                libc::ELOOP,
            ));
        }
        let target = files::read_link(next.as_fd(), "")?;
        if target.starts_with('/') {
            done.clear();
            here = files::open_in(root, "/", libc::O_PATH | libc::O_DIRECTORY, files::IN_ROOT)?;
        }
        todo.extend(parts(&target).rev());
    }
    Ok(here)
}

/// The entry of that name itself, made if it is missing. Somebody else may make it at the same time.
fn step(here: BorrowedFd<'_>, name: &str, make: Make) -> Result<OwnedFd> {
    let open = || files::open_in(here, name, libc::O_PATH | libc::O_NOFOLLOW, libc::RESOLVE_BENEATH);
    match open() {
        Err(error) if error.errno() == Some(libc::ENOENT) => {}
        other => return other,
    }
    let made = match make {
        Make::Directory => files::make_dir(here, name, 0o755),
        Make::File => files::make_node(here, name, libc::S_IFREG | 0o644, 0, 0),
    };
    match made {
        Err(error) if error.errno() == Some(libc::EEXIST) => {}
        other => other.context(|| format!("make the missing {name}"))?,
    }
    open()
}

/// Whether a place is on a procfs, below its root.
///
/// # Errors
/// The kernel's.
pub(super) fn is_inside_procfs(place: BorrowedFd<'_>) -> Result<bool> {
    let root_of_proc = 1;
    let is_procfs = files::fs_type(place)? == files::PROCFS;
    Ok(is_procfs && files::status(place)?.st_ino != root_of_proc)
}

fn is_link(file: BorrowedFd<'_>) -> Result<bool> {
    Ok(files::status(file)?.st_mode & libc::S_IFMT == libc::S_IFLNK)
}

fn parts(path: &str) -> std::vec::IntoIter<String> {
    let parts: Vec<String> = path
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".")
        .map(str::to_owned)
        .collect();
    parts.into_iter()
}

fn joined(parts: &[String]) -> String {
    format!("/{}", parts.join("/"))
}
