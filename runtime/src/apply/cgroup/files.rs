//! Single calls on files of a cgroup, with errors that name them.

use crate::error::{Error, Kind, Result};
use nix::errno::Errno;
use nix::fcntl::{OFlag, open, openat};
use nix::sys::stat::Mode;
use nix::unistd;
use std::os::fd::{AsFd, OwnedFd};

/// Makes a group's directory; `fresh` refuses one that is there already.
pub(super) fn make_dir(path: &str, fresh: bool) -> Result<()> {
    match unistd::mkdir(path, Mode::from_bits_truncate(0o755)) {
        Ok(()) => Ok(()),
        Err(Errno::EEXIST) if !fresh => Ok(()),
        Err(Errno::EEXIST) => Err(Error::syscall(format!("mkdir(\"{path}\", 0755)"), Errno::EEXIST as i32)
            .with_kind(Kind::Exists)
            .hint("somebody else has made this cgroup in this moment: give each container its own linux.cgroupsPath")),
        Err(errno) => Err(Error::syscall(format!("mkdir(\"{path}\", 0755)"), errno as i32)),
    }
}

/// A handle of a group's directory.
pub(super) fn open_dir(path: &str) -> Result<OwnedFd> {
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW;
    open(path, flags, Mode::empty())
        .map_err(|errno| Error::syscall(format!("open(\"{path}\", O_DIRECTORY)"), errno as i32))
}

/// Writes a value to a file of a group in one call, as the kernel demands.
pub(super) fn write(path: &str, file: &str, value: &str) -> Result<()> {
    let full = format!("{path}/{file}");
    let opened = open(
        full.as_str(),
        OFlag::O_WRONLY | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW,
        Mode::empty(),
    );
    let fd = opened.map_err(|errno| {
        let error = Error::syscall(format!("open(\"{full}\", O_WRONLY)"), errno as i32);
        match errno {
            Errno::ENOENT => error.hint("this kernel, or the hierarchy, does not have this file"),
            _ => error,
        }
    })?;
    unistd::write(&fd, value.as_bytes()).map(drop).map_err(|errno| {
        let error = Error::syscall(format!("write(\"{full}\", {value:?})"), errno as i32);
        match errno {
            Errno::EINVAL | Errno::ERANGE => error.hint("the kernel does not take this value"),
            Errno::EBUSY if file.starts_with("memory.") => {
                error.hint("the processes use more than this already, and the kernel cannot take it back")
            }
            _ => error,
        }
    })
}

/// The text of a file of a group.
pub(super) fn read(path: &str, file: &str) -> Result<String> {
    let full = format!("{path}/{file}");
    let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW;
    open(full.as_str(), flags, Mode::empty())
        .and_then(|fd| read_all(&fd))
        .map_err(|errno| Error::syscall(format!("read(\"{full}\")"), errno as i32))
}

/// The text of a file below an open directory.
pub(super) fn read_at(dir: impl AsFd, file: &str) -> Result<String, Errno> {
    let fd = openat(
        dir,
        file,
        OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW,
        Mode::empty(),
    )?;
    read_all(&fd)
}

/// The text of an open file from where it stands.
pub(super) fn read_all(fd: &OwnedFd) -> Result<String, Errno> {
    let mut text = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        match unistd::read(fd, &mut buffer) {
            Ok(0) => return Ok(String::from_utf8_lossy(&text).into_owned()),
            Ok(count) => text.extend_from_slice(&buffer[..count]),
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno),
        }
    }
}
