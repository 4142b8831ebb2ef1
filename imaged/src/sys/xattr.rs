//! Extended attributes.
#![allow(
    unsafe_code,
    reason = "the xattr calls have no safe wrapper among our libraries"
)]

use std::ffi::{CStr, CString};
use std::os::fd::{AsFd, AsRawFd};

use nix::errno::Errno;

/// Sets an attribute of an open file.
pub(crate) fn fset(file: impl AsFd, name: &CStr, value: &[u8]) -> Result<(), Errno> {
    // SAFETY: the descriptor is open, the name ends with NUL, and the value is as long as we say.
    let result = unsafe {
        libc::fsetxattr(
            file.as_fd().as_raw_fd(),
            name.as_ptr(),
            value.as_ptr().cast(),
            value.len(),
            0,
        )
    };
    Errno::result(result).map(drop)
}

/// Sets an attribute of what is called `path`, a symbolic link itself if it is one.
pub(crate) fn lset(path: &CStr, name: &CStr, value: &[u8]) -> Result<(), Errno> {
    // SAFETY: both strings end with NUL, and the value is as long as we say.
    let result = unsafe {
        libc::lsetxattr(
            path.as_ptr(),
            name.as_ptr(),
            value.as_ptr().cast(),
            value.len(),
            0,
        )
    };
    Errno::result(result).map(drop)
}

/// All attributes of an open file.
pub(crate) fn all(file: impl AsFd) -> Result<Vec<(CString, Vec<u8>)>, Errno> {
    let fd = file.as_fd().as_raw_fd();
    // SAFETY: the descriptor is open, and the buffer is as long as we say.
    let names = grow(|buffer| unsafe { libc::flistxattr(fd, buffer.as_mut_ptr().cast(), buffer.len()) })?;
    let mut all = Vec::new();
    for name in names.split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
        let Ok(name) = CString::new(name) else { continue };
        // SAFETY: as above, and the name ends with NUL.
        let value = grow(|buffer| unsafe {
            libc::fgetxattr(fd, name.as_ptr(), buffer.as_mut_ptr().cast(), buffer.len())
        });
        match value {
            Ok(value) => all.push((name, value)),
            // Removed meanwhile, or not for us to see.
            Err(Errno::ENODATA) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(all)
}

/// Calls with a larger buffer until the answer fits.
fn grow(mut call: impl FnMut(&mut Vec<u8>) -> libc::ssize_t) -> Result<Vec<u8>, Errno> {
    let mut buffer = vec![0; 1024];
    loop {
        match Errno::result(call(&mut buffer)) {
            Ok(length) => {
                buffer.truncate(usize::try_from(length).unwrap_or_default());
                return Ok(buffer);
            }
            Err(Errno::ERANGE) if buffer.len() < 1 << 20 => buffer.resize(buffer.len() * 8, 0),
            Err(errno) => return Err(errno),
        }
    }
}
