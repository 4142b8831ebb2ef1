//! Pseudo-terminals by descriptors, so that no path in the container's /dev is trusted.
#![allow(unsafe_code, reason = "ioctl(2) has no safe wrapper")]

use super::call::check;
use super::files::fd_number;
use crate::error::Result;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

// The C libraries have these in different types.
const TIOCSCTTY: u64 = 0x540e;
const TIOCSWINSZ: u64 = 0x5414;
const TIOCGPTPEER: u64 = 0x5441;
const TIOCSPTLCK: u64 = 0x4004_5431;

/// ioctl by the raw call: the C libraries disagree about the request's type.
fn ioctl(fd: BorrowedFd<'_>, request: u64, argument: u64, name: &str) -> Result<libc::c_long> {
    // SAFETY: callers pass an argument that fits the request: an integer, or the address of a live object.
    let result = unsafe { libc::syscall(libc::SYS_ioctl, fd.as_raw_fd(), request, argument) };
    check(result, || format!("ioctl({name})"))
}

/// Opens the slave of an open master, whatever its path.
///
/// # Errors
/// The kernel's, with the call.
pub fn open_slave(master: BorrowedFd<'_>) -> Result<OwnedFd> {
    let unlock: libc::c_int = 0;
    ioctl(master, TIOCSPTLCK, (&raw const unlock) as u64, "TIOCSPTLCK")?;
    let flags = libc::O_RDWR | libc::O_NOCTTY | libc::O_CLOEXEC;
    let fd = ioctl(
        master,
        TIOCGPTPEER,
        u64::from(flags.cast_unsigned()),
        "TIOCGPTPEER",
    )?;
    // SAFETY: the call returned a new descriptor that nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(fd_number(fd)) })
}

/// Makes a terminal the controlling one of the calling session's leader.
///
/// # Errors
/// The kernel's, with the call.
pub fn take_control(terminal: BorrowedFd<'_>) -> Result<()> {
    ioctl(terminal, TIOCSCTTY, 0, "TIOCSCTTY").map(|_| ())
}

/// Sets a terminal's size in characters.
///
/// # Errors
/// The kernel's, with the call.
pub fn set_size(terminal: BorrowedFd<'_>, rows: u16, columns: u16) -> Result<()> {
    let size = libc::winsize {
        ws_row: rows,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    ioctl(terminal, TIOCSWINSZ, (&raw const size) as u64, "TIOCSWINSZ").map(|_| ())
}

/// Makes standard input, output and error the given terminal.
///
/// # Errors
/// The kernel's, with the call.
pub fn use_as_stdio(terminal: BorrowedFd<'_>) -> Result<()> {
    for number in 0..3 {
        // SAFETY: the three standard descriptors are nobody's owned objects; dup3 replaces them atomically.
        let result = unsafe { libc::syscall(libc::SYS_dup3, terminal.as_raw_fd(), number, 0) };
        check(result, || format!("dup3({number})"))?;
    }
    Ok(())
}
