//! FIFOs and pipes: opened without waiting for the other end, and bytes moved from one to the other inside the kernel.

use std::fs::{File, OpenOptions};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::SpliceFFlags;
use nix::poll::{PollFd, PollFlags, PollTimeout};

use crate::error::{Call, Error, Kind, Result};

/// The most that is moved at once, in bytes: what a pipe holds by default.
const MOST: usize = 65_536;

/// Which end of a FIFO is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The one to read. There need be no writer.
    Read,
    /// The one to write. There must be a reader.
    Write,
    /// Both: readers may go and come back, and nobody waits for one.
    Both,
}

/// Opens an end of the FIFO, without waiting for anybody; reads and writes do not wait either.
///
/// # Errors
/// It is not there, or no FIFO: what else there is may not be waited for.
pub fn open(path: &Path, end: End) -> Result<File> {
    let file = OpenOptions::new()
        .read(end != End::Write)
        .write(end != End::Read)
        .custom_flags(libc::O_NONBLOCK | libc::O_NOFOLLOW)
        .open(path)
        .call(|| format!("open({}, O_NONBLOCK)", path.display()))?;
    match file.metadata().is_ok_and(|found| found.file_type().is_fifo()) {
        true => Ok(file),
        false => Err(Error::new(Kind::Input, format!("{} is no FIFO", path.display()))),
    }
}

/// Whether there is a FIFO at this path.
pub fn is_fifo(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_fifo())
}

/// What moving bytes came to.
#[derive(Debug, PartialEq, Eq)]
pub enum Moved {
    /// Some went over.
    Some,
    /// There is nothing to read now.
    Empty,
    /// There is no room to write now.
    Full,
    /// Nothing will ever come again, or nobody will ever read it.
    End,
    /// The kernel cannot do this with these descriptors.
    Impossible,
}

/// Moves what is in one pipe to the other.
pub fn splice(from: &File, to: &File) -> Moved {
    let flags = SpliceFFlags::SPLICE_F_NONBLOCK | SpliceFFlags::SPLICE_F_MOVE;
    loop {
        return match nix::fcntl::splice(from, None, to, None, MOST, flags) {
            Ok(0) | Err(Errno::EPIPE) => Moved::End,
            Ok(_) => Moved::Some,
            Err(Errno::EINTR) => continue,
            Err(Errno::EAGAIN) if is_readable(from) => Moved::Full,
            Err(Errno::EAGAIN) => Moved::Empty,
            Err(_) => Moved::Impossible,
        };
    }
}

fn is_readable(file: &File) -> bool {
    let mut polled = [PollFd::new(file.as_fd(), PollFlags::POLLIN)];
    nix::poll::poll(&mut polled, PollTimeout::ZERO).is_ok_and(|ready| ready > 0)
        && polled[0]
            .revents()
            .is_some_and(|found| found.contains(PollFlags::POLLIN))
}
