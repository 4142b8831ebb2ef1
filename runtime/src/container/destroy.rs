//! Undoing a container: its processes, cgroups, hooks and directory.

use super::view::status_under_lock;
use super::{HostMounts, Id, Locked, Process, Record, Root, root, signal};
use crate::apply::{cgroup, resctrl, systemd};
use crate::error::{Context, Error, Kind, Result};
use crate::launch::hooks;
use crate::log;
use crate::oci::Status;
use crate::sys::clone::pidfd_kill;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::time::Duration;

/// How long killed processes may take to end: one in an uninterruptible call holds it up.
const PATIENCE: Duration = Duration::from_secs(10);

/// Deletes the container `id` below `root`; by `force` also a running one, and one that is not there.
///
/// # Errors
/// When it runs, or something of it cannot be removed.
pub(crate) fn delete(root: &Path, id: &Id, force: bool) -> Result<()> {
    let absent = || {
        if force { Ok(()) } else { Err(root::not_found(id)) }
    };
    let Some(root) = Root::open(root)? else {
        return absent();
    };
    let Some(found) = root.container(id)? else {
        return absent();
    };
    let Some(locked) = found.lock_existing()? else {
        return if force { root.remove_empty(id) } else { absent() };
    };
    match locked.read() {
        Ok(Some(record)) => {
            refuse_running(id, &locked, &record, force)?;
            destroy(locked, &record)
        }
        // Killed before the first record: nothing was done yet.
        Ok(None) => locked.remove(),
        Err(error) if force => {
            log::warn(&format!("{error}: only the state directory is removed"));
            locked.remove()
        }
        Err(error) => Err(error),
    }
}

/// A created container has run nothing yet, so that nothing is lost by killing it (as containerd expects).
fn refuse_running(id: &Id, directory: &Locked, record: &Record<'_>, force: bool) -> Result<()> {
    match status_under_lock(directory, record) {
        status @ (Status::Running | Status::Paused) if !force => {
            let message = format!("cannot delete container {id} that is not stopped: {status}");
            Err(Error::new(Kind::State, message).hint("stop it with `kill`, or use delete --force"))
        }
        _ => Ok(()),
    }
}

/// Kills what lives and removes what is left, in whatever state `create` was.
///
/// # Errors
/// When a process, a cgroup or a file stays; the directory stays, too, so that it can be tried again.
pub(crate) fn destroy(directory: Locked, record: &Record<'_>) -> Result<()> {
    // After a container's own end there is rarely anything to kill.
    if is_alive(record) || !cgroup::remove_empty(&record.cgroup) {
        kill(record)?;
        cgroup::remove(&record.cgroup, PATIENCE).context(|| "remove the container's cgroups")?;
    }
    if let Some(unit) = &record.cgroup.unit {
        systemd::stop(unit)?;
    }
    record.host_mounts.as_ref().map_or(Ok(()), HostMounts::undo)?;
    resctrl::remove(&record.resctrl)?;
    let hooks = &record.hooks.poststop;
    if !hooks.is_empty()
        && let Err(error) = hooks::run("poststop", hooks, &record.state(Status::Stopped))
    {
        log::warn(&error.to_string());
    }
    directory.remove()
}

fn is_alive(record: &Record<'_>) -> bool {
    record.init.is_some_and(Process::is_alive)
}

/// Kills all processes and returns when init has ended.
///
/// # Errors
/// When a process cannot be killed or does not end.
pub(crate) fn kill(record: &Record<'_>) -> Result<()> {
    let init = record.init.map(signal::open).transpose()?.flatten();
    if let Some(init) = &init {
        kill_init(init)?;
    }
    cgroup::kill_all(&record.cgroup).context(|| "kill the container's processes")?;
    init.map_or(Ok(()), |init| wait_for_end(&init))
}

fn kill_init(init: &OwnedFd) -> Result<()> {
    match pidfd_kill(init.as_fd(), libc::SIGKILL) {
        Err(error) if error.errno() == Some(libc::ESRCH) => Ok(()),
        result => result.context(|| "kill the container's init"),
    }
}

/// A pidfd becomes readable when its process ends, be it reaped or not.
fn wait_for_end(init: &OwnedFd) -> Result<()> {
    let timeout = PollTimeout::try_from(PATIENCE).unwrap_or(PollTimeout::NONE);
    loop {
        match nix::poll::poll(&mut [PollFd::new(init.as_fd(), PollFlags::POLLIN)], timeout) {
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(Error::syscall("poll(pidfd)", errno as i32)),
            Ok(0) => {
                let message = format!(
                    "the container's init did not end within {} s of SIGKILL",
                    PATIENCE.as_secs()
                );
                return Err(Error::new(Kind::System, message)
                    .hint("it is stuck in the kernel (state D in ps): see /proc/PID/stack, then try again"));
            }
            Ok(_) => return Ok(()),
        }
    }
}
