//! Giving a v2 group to the user of its container.

use super::files::open_dir;
use crate::error::{Error, Result};
use nix::errno::Errno;
use nix::fcntl::AtFlags;
use nix::unistd::{Uid, fchown, fchownat};
use std::os::fd::AsFd;

/// The kernel's list of the files that can be given away without giving away the limits (cgroups(7)).
const DELEGATE: &str = "/sys/kernel/cgroup/delegate";
/// What was in it when it was new.
const FIRST_FILES: &str = "cgroup.procs\ncgroup.subtree_control\ncgroup.threads\n";

/// Makes `uid` the owner of a group and of the files in it that can be delegated.
///
/// Who may not give it away keeps it: the container then sees its group, and cannot divide it.
pub(super) fn give(path: &str, uid: u32) -> Result<()> {
    let group = open_dir(path)?;
    let owner = Some(Uid::from_raw(uid));
    let refused = |errno| Error::syscall(format!("fchown(\"{path}\", {uid})"), errno as i32);
    match fchown(group.as_fd(), owner, None) {
        Err(Errno::EPERM) => return Ok(()),
        given => given.map_err(refused)?,
    }
    let names = std::fs::read_to_string(DELEGATE).unwrap_or_else(|_| FIRST_FILES.to_owned());
    for name in names.lines() {
        match fchownat(group.as_fd(), name, owner, None, AtFlags::AT_SYMLINK_NOFOLLOW) {
            Ok(()) | Err(Errno::ENOENT) => {}
            Err(errno) => return Err(refused(errno)),
        }
    }
    Ok(())
}
