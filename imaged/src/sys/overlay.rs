//! What overlayfs keeps in extended attributes.
#![allow(unsafe_code, reason = "lgetxattr has no safe wrapper among our libraries")]

use std::ffi::{CStr, CString, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use nix::libc;

use super::userns;

/// The attribute of a directory through which nothing of lower layers shows; its value is `y`. In a user namespace overlayfs
/// has others (`userxattr`), for nobody there may set the ones of root.
pub(crate) fn opaque() -> &'static CStr {
    match userns::is_inside() {
        true => c"user.overlay.opaque",
        false => c"trusted.overlay.opaque",
    }
}

/// Whether an attribute is overlayfs' own business, and not its file's.
pub(crate) fn is_overlays(attribute: &[u8]) -> bool {
    attribute.starts_with(b"trusted.overlay.")
        || userns::is_inside() && attribute.starts_with(b"user.overlay.")
}

/// The socket in a directory that says the same where there are no such attributes. No file of an image is called so.
pub(crate) const OPAQUE_NAME: &[u8] = b".wh..wh..opq";

/// Whether nothing of the layers below shows through this directory of a layer.
pub(crate) fn is_opaque(directory: &Path) -> bool {
    has_attribute(directory)
        || std::fs::symlink_metadata(directory.join(OsStr::from_bytes(OPAQUE_NAME)))
            .is_ok_and(|data| data.file_type().is_socket())
}

fn has_attribute(directory: &Path) -> bool {
    let Ok(path) = CString::new(directory.as_os_str().as_bytes()) else {
        return false;
    };
    let mut value = [0_u8; 2];
    // SAFETY: both strings end with NUL, and the buffer has the length that is given.
    let length = unsafe {
        libc::lgetxattr(
            path.as_ptr(),
            opaque().as_ptr(),
            value.as_mut_ptr().cast(),
            value.len(),
        )
    };
    length == 1 && value[0] == b'y'
}
