//! Whether SELinux is in force.

use crate::sys::files;
use std::os::fd::AsFd;

/// [`files::fs_type`] of selinuxfs.
const SELINUXFS: i64 = 0xf97c_ff8c;

/// Whether a selinuxfs is mounted where the user-space tools look for it (selinux(8)).
pub fn has_selinux() -> bool {
    let mounted = files::open_path("/sys/fs/selinux");
    mounted.is_ok_and(|place| files::fs_type(place.as_fd()).is_ok_and(|kind| kind == SELINUXFS))
}
