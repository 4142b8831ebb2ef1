//! Mounts whose files' ids are mapped (mount_setattr(2), MOUNT_ATTR_IDMAP), and the user namespaces that say how.

use super::host::write_map;
use crate::error::{Context, Error, Kind, Result};
use crate::sys::clone::{self, Side};
use crate::sys::{files, mount, process};
use nix::sys::wait::waitpid;
use nix::unistd::{Pid, getpid, getppid, pause};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// A user namespace with these maps. It is made by a process of its own, which ends once the namespace is open.
pub(super) fn make(uids: &str, gids: &str) -> Result<OwnedFd> {
    let runtime = getpid();
    match clone::clone(u64::from(libc::CLONE_NEWUSER.cast_unsigned()), None)? {
        Side::Child => hold(runtime),
        Side::Parent { pid, pidfd } => {
            let namespace = fill(pid, uids, gids);
            drop(clone::pidfd_kill(pidfd.as_fd(), libc::SIGKILL));
            let _ = waitpid(Pid::from_raw(pid), None);
            namespace
        }
    }
}

fn fill(pid: i32, uids: &str, gids: &str) -> Result<OwnedFd> {
    write_map(pid, "uid_map", uids)?;
    write_map(pid, "gid_map", gids)?;
    files::open(&format!("/proc/{pid}/ns/user"), libc::O_RDONLY)
}

/// Waits to be killed; never outlives the runtime.
fn hold(runtime: Pid) -> ! {
    if process::die_with_parent(true).is_ok() && getppid() == runtime {
        pause();
    }
    process::exit_now(0)
}

/// Maps the ids of a detached tree; with `deep` also of the mounts below.
pub(super) fn apply(tree: BorrowedFd<'_>, namespace: BorrowedFd<'_>, deep: bool) -> Result<()> {
    mount::set_id_map(tree, namespace, deep)
        .map_err(explain)
        .context(|| "map the ids of the mount")
}

fn explain(error: Error) -> Error {
    match error.errno() {
        Some(libc::EINVAL) => error
            .with_kind(Kind::Unsupported)
            .hint("the file system of the source (or of a mount below it, with ridmap) knows no id-mapped mounts"),
        Some(libc::EPERM) => {
            error.hint("the runtime needs CAP_SYS_ADMIN where the file system was mounted, and the source must not be mapped yet")
        }
        _ => error,
    }
}
