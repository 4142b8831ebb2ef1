//! What a process does to become one of a container that is there: namespaces, and what is not for init.

use super::inside::Inside;
use crate::error::{Context, Error, Result};
use crate::plan::op::{Namespace, Slot};
use crate::sys::{files, process, schedule};
use std::io::{stderr, stdin, stdout};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Every CPU that a mask of this length can name; the kernel takes those that the cpuset has.
const ALL_CPUS: [u64; 128] = [u64::MAX; 128];

/// Joins the namespaces of init: all at once, or one by one where the kernel (before 5.8) does not take a pidfd.
pub(super) fn namespaces(inside: &mut Inside, slot: Slot, init: i32, kinds: &[Namespace]) -> Result<()> {
    let flags = kinds.iter().fold(0, |flags, kind| flags | kind.flag());
    let pidfd = inside.take(slot);
    match pidfd.map(|pidfd| process::join_namespace(pidfd.as_fd(), flags)) {
        Some(Err(error)) if matches!(error.errno(), Some(libc::EINVAL | libc::ENOSYS)) => {}
        Some(joined) => return joined,
        None => {}
    }
    let open = |kind: &Namespace| {
        let name = format!("{init}/ns/{}", file_of(*kind));
        files::open_in(inside.proc()?, &name, libc::O_RDONLY, files::ANYWHERE).map(|fd| (fd, *kind))
    };
    // Opened first: after the first is joined, the machine's /proc may be out of reach.
    let opened: Vec<(OwnedFd, Namespace)> = kinds.iter().map(open).collect::<Result<_>>()?;
    opened.iter().try_for_each(|(namespace, kind)| {
        process::join_namespace(namespace.as_fd(), kind.flag())
            .context(|| format!("join the {kind} namespace"))
    })
}

/// The name of a namespace's file below /proc/PID/ns (namespaces(7)).
const fn file_of(kind: Namespace) -> &'static str {
    match kind {
        Namespace::Mount => "mnt",
        Namespace::Network => "net",
        other => other.name(),
    }
}

/// Through the machine's own procfs.
pub(super) fn set_oom_score(inside: &Inside, value: i64) -> Result<()> {
    let file = files::open_in(
        inside.proc()?,
        "thread-self/oom_score_adj",
        libc::O_WRONLY,
        files::SAME_FS,
    )?;
    files::write_once(file.as_fd(), &value.to_string()).map_err(|error| match error.errno() {
        Some(libc::EACCES) => error.hint("lowering it needs CAP_SYS_RESOURCE"),
        _ => error,
    })
}

/// Binds the process to CPUs.
///
/// # Errors
/// The kernel's; EINVAL when the cgroup allows none of them.
pub fn set_affinity(cpus: &[u64]) -> Result<()> {
    schedule::set_affinity(cpus).map_err(|error| match error.errno() {
        Some(libc::EINVAL) => error.hint("the machine, or the cgroup's cpuset, has none of these CPUs"),
        _ => error,
    })
}

/// A filter may refuse the call, and then the caller's CPUs are as good as any.
pub(super) fn reset_affinity() {
    drop(schedule::set_affinity(&ALL_CPUS));
}

/// A pipe or terminal that the user may not open again would be useless as /dev/stdout; files keep their owner.
pub(super) fn own_streams(uid: u32) -> Result<()> {
    let (input, output, errors) = (stdin(), stdout(), stderr());
    for stream in [input.as_fd(), output.as_fd(), errors.as_fd()] {
        own_stream(stream, uid)?;
    }
    Ok(())
}

fn own_stream(stream: BorrowedFd<'_>, uid: u32) -> Result<()> {
    let status = match files::status(stream) {
        // The caller may have closed it.
        Err(error) if error.errno() == Some(libc::EBADF) => return Ok(()),
        status => status?,
    };
    let ours = files::is_fifo(&status) || files::is_pseudo_terminal(&status);
    if !ours || status.st_uid == uid {
        return Ok(());
    }
    match files::change_owner(stream, Some(uid), None) {
        // Not the container's to give away (user_namespaces(7)), or on a read-only mount.
        Err(error) if refused(&error) => Ok(()),
        changed => changed,
    }
}

fn refused(error: &Error) -> bool {
    matches!(error.errno(), Some(libc::EPERM | libc::EINVAL | libc::EROFS))
}
