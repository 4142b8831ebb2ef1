//! Files of a running container: nothing in it is trusted, and it may change while we look.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;

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
    let open = |flags| resolve::open(root, path.as_bytes(), flags, resolve::IN_ROOT).map(File::from);
    // Looked at first: even to open a device may do something.
    if !open(OFlag::O_PATH)?.metadata()?.is_file() {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let file = open(OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_NOCTTY)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() || metadata.len() > MAX {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
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
