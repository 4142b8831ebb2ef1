//! Terminals: the window's size.
#![allow(
    unsafe_code,
    reason = "ioctl(2) on terminals has no safe form that takes any descriptor"
)]

use std::os::fd::{AsFd, AsRawFd};

use nix::errno::Errno;

use crate::cli::Size;
use crate::error::{Call, Result};

/// Sets the size of a terminal; its foreground processes get SIGWINCH.
///
/// # Errors
/// The descriptor is not a terminal.
pub fn set_size(terminal: impl AsFd, size: Size) -> Result<()> {
    let window = libc::winsize {
        ws_row: size.rows,
        ws_col: size.cols,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    // SAFETY: TIOCSWINSZ only reads a winsize, and `window` lives until the call returns.
    let done = unsafe { libc::ioctl(terminal.as_fd().as_raw_fd(), libc::TIOCSWINSZ, &raw const window) };
    Errno::result(done).call(|| format!("ioctl(TIOCSWINSZ, {}x{})", size.rows, size.cols))?;
    Ok(())
}
