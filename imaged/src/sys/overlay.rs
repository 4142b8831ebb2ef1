//! What overlayfs keeps in extended attributes.
#![allow(unsafe_code, reason = "lgetxattr has no safe wrapper among our libraries")]

use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::libc;

/// Whether overlayfs shows nothing of the layers below this directory.
pub(crate) fn is_opaque(directory: &Path) -> bool {
    let Ok(path) = CString::new(directory.as_os_str().as_bytes()) else {
        return false;
    };
    let name = c"trusted.overlay.opaque";
    let mut value = [0_u8; 2];
    // SAFETY: both strings end with NUL, and the buffer has the length that is given.
    let length = unsafe {
        libc::lgetxattr(
            path.as_ptr(),
            name.as_ptr(),
            value.as_mut_ptr().cast(),
            value.len(),
        )
    };
    length == 1 && value[0] == b'y'
}
