//! Opening paths below a directory, resolved by the kernel.

use std::ffi::OsStr;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use nix::errno::Errno;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, openat2};

/// openat2(2), again as long as it gives up because something was renamed or mounted meanwhile, anywhere.
pub(crate) fn open(
    root: impl AsFd,
    path: &[u8],
    flags: OFlag,
    resolve: ResolveFlag,
) -> Result<OwnedFd, Errno> {
    let how = OpenHow::new().flags(flags | OFlag::O_CLOEXEC).resolve(resolve);
    let path = if path.is_empty() { b"." } else { path };
    loop {
        match openat2(root.as_fd(), OsStr::from_bytes(path), how) {
            Err(Errno::EAGAIN | Errno::EINTR) => {}
            other => return other,
        }
    }
}

/// How paths of a container are resolved: its root is the root, and no link of procfs leads out of it.
pub(crate) const IN_ROOT: ResolveFlag =
    ResolveFlag::RESOLVE_IN_ROOT.union(ResolveFlag::RESOLVE_NO_MAGICLINKS);
