//! Files of a running container: nothing in it is trusted, and it may change while we look.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};

use nix::fcntl::OFlag;

use crate::error::{Error, Kind, Result};
use crate::sys::resolve;

/// Larger files of accounts are not read.
const MAX: u64 = 8 << 20;

/// The text of a file below the root directory of process `pid`; empty if there is none. Links are resolved inside that
/// root, and only a regular file is read: opening a fifo or a device could wait, or do something.
///
/// # Errors
/// When it cannot be read, or is too large.
pub(crate) fn text_of_process(pid: i32, path: &str) -> Result<String> {
    let root_path = format!("/proc/{pid}/root");
    let root = File::open(&root_path).map_err(|error| Error::io(format!("open {root_path}"), &error))?;
    match text_below(root.as_fd(), path) {
        Ok(text) => Ok(text),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            Ok(String::new())
        }
        Err(error) if error.kind() == io::ErrorKind::FileTooLarge => Err(Error::new(
            Kind::Limit,
            format!("/{path} of the container is no regular file of at most {MAX} bytes"),
        )),
        Err(error) => Err(Error::io(format!("read /{path} of the container"), &error)),
    }
}

fn text_below(root: std::os::fd::BorrowedFd<'_>, path: &str) -> io::Result<String> {
    // Looked at first: even to open a device may do something.
    let seen = resolve::open(root, path.as_bytes(), OFlag::O_PATH, resolve::IN_ROOT)?;
    read_seen(seen)
}

fn read_seen(seen: OwnedFd) -> io::Result<String> {
    let seen = File::from(seen);
    let metadata = seen.metadata()?;
    if !metadata.is_file() || metadata.len() > MAX {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let file = File::from(resolve::open_seen(&seen.into())?);
    let mut bytes = Vec::new();
    file.take(MAX).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn read(root: &std::path::Path, path: &str) -> io::Result<String> {
        text_below(File::open(root).unwrap().as_fd(), path)
    }

    #[test]
    fn what_was_looked_at_is_read_whatever_has_its_name_by_then() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("passwd");
        std::fs::write(&path, "accounts").unwrap();
        let root = File::open(directory.path()).unwrap();
        let seen = resolve::open(&root, b"passwd", OFlag::O_PATH, resolve::IN_ROOT).unwrap();
        std::fs::remove_file(&path).unwrap();
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert_eq!(read_seen(seen).unwrap(), "accounts");
    }

    #[test]
    fn links_stay_inside_and_only_files_are_read() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join("root");
        std::fs::create_dir_all(root.join("etc")).unwrap();
        std::fs::write(root.join("etc/real"), "inside").unwrap();
        std::fs::write(directory.path().join("secret"), "outside").unwrap();
        symlink("/etc/real", root.join("etc/passwd")).unwrap();
        symlink("../../../secret", root.join("etc/group")).unwrap();
        nix::unistd::mkfifo(&root.join("etc/fifo"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert_eq!(read(&root, "etc/passwd").unwrap(), "inside");
        assert_eq!(
            read(&root, "etc/group").unwrap_err().kind(),
            io::ErrorKind::NotFound
        );
        for wrong in ["etc/fifo", "etc"] {
            assert_eq!(
                read(&root, wrong).unwrap_err().kind(),
                io::ErrorKind::FileTooLarge,
                "{wrong}"
            );
        }
    }
}
