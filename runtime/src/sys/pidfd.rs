//! pidfd_open(2).
#![allow(unsafe_code, reason = "pidfd_open(2) has no safe wrapper")]

use nix::errno::Errno;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};

/// A descriptor that polls readable when the process has ended.
///
/// # Errors
/// The kernel's; `ESRCH` when there is no such process.
pub fn pidfd_open(pid: i32) -> Result<OwnedFd, Errno> {
    // SAFETY: plain integers.
    let fd = Errno::result(unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) })?;
    // SAFETY: the kernel has just made this descriptor (close-on-exec), and nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(RawFd::try_from(fd).unwrap_or(-1)) })
}
