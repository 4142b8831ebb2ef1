//! The result of a raw system call: its value, or an error that shows the call as strace would.

use crate::error::{Error, Result};
use nix::errno::Errno;

/// Turns what `libc::syscall` returned into a result; `describe` words the call if it failed.
pub(super) fn check(value: libc::c_long, describe: impl FnOnce() -> String) -> Result<libc::c_long> {
    if value >= 0 {
        Ok(value)
    } else {
        Err(Error::syscall(describe(), Errno::last_raw()))
    }
}

/// The same for nix's results.
pub(super) fn named<T>(result: nix::Result<T>, describe: impl FnOnce() -> String) -> Result<T> {
    result.map_err(|errno| Error::syscall(describe(), errno as i32))
}

/// A string for the kernel.
pub(super) fn c_string(text: &str) -> Result<std::ffi::CString> {
    std::ffi::CString::new(text)
        .map_err(|_| Error::syscall(format!("{text:?} holds a NUL byte"), libc::EINVAL))
}
