//! Removal of a container's groups with all below them, once their processes have ended.

use super::files::open_dir;
use super::kill::group_pids;
use super::tree::{Step, is_gone, walk};
use crate::error::{Error, Kind, Result};
use crate::host::cgroup::Version;
use crate::plan::cgroup::{Group, Record};
use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::stat::Mode;
use nix::unistd::{UnlinkatFlags, unlinkat};
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

/// Removes a container's groups and all below them; waits at most `patience` for processes that are ending.
///
/// Groups above the container's own stay: others may be about to use them.
///
/// # Errors
/// When processes stay, naming them, or a group cannot be removed. All groups are tried.
pub fn remove(record: &Record, patience: Duration) -> Result<()> {
    let deadline = Instant::now() + patience;
    let results: Vec<Result<()>> = record
        .groups
        .iter()
        .map(|group| remove_group(group, deadline))
        .collect();
    results.into_iter().collect()
}

/// Removes a container's groups if no process and no other group is in any of them; whether that is so.
pub fn remove_empty(record: &Record) -> bool {
    record.groups.iter().all(|group| {
        let removed = unlinkat(
            nix::fcntl::AT_FDCWD,
            group.dir().as_str(),
            UnlinkatFlags::RemoveDir,
        );
        matches!(removed, Ok(()) | Err(Errno::ENOENT))
    })
}

fn remove_group(group: &Group, deadline: Instant) -> Result<()> {
    let path = group.dir();
    loop {
        match unlinkat(nix::fcntl::AT_FDCWD, path.as_str(), UnlinkatFlags::RemoveDir) {
            Ok(()) | Err(Errno::ENOENT) => return Ok(()),
            Err(Errno::EBUSY) => {}
            Err(errno) => return Err(Error::syscall(format!("rmdir(\"{path}\")"), errno as i32)),
        }
        wait_until_empty(group, deadline)?;
        remove_below(group)?;
    }
}

/// Removes the groups below one. A group that is still busy is left for the next round.
fn remove_below(group: &Group) -> Result<()> {
    walk(&group.dir(), |step| match step {
        Step::Enter(_) => Ok(()),
        Step::Leave(parent, name) => match unlinkat(parent, name, UnlinkatFlags::RemoveDir) {
            Ok(()) | Err(Errno::EBUSY) => Ok(()),
            Err(errno) if is_gone(Some(errno as i32)) => Ok(()),
            Err(errno) => Err(Error::syscall(
                format!("rmdir({name:?}) below {}", group.dir()),
                errno as i32,
            )),
        },
    })
}

/// Waits until no process is in a group or below it.
fn wait_until_empty(group: &Group, deadline: Instant) -> Result<()> {
    loop {
        let pids = group_pids(group)?;
        if pids.is_empty() {
            return wait_for_event(group, deadline);
        }
        for pid in &pids {
            if !wait_for_exit(*pid, deadline)? {
                let pids: Vec<String> = pids.iter().map(i32::to_string).collect();
                return Err(Error::new(Kind::State, format!("{} still has processes: {}", group.dir(), pids.join(", ")))
                    .hint("a killed process in an uninterruptible system call (state D in ps) ends when the call does"));
            }
        }
    }
}

/// Waits for a process to end, by its pidfd; false when it does not in time.
fn wait_for_exit(pid: i32, deadline: Instant) -> Result<bool> {
    match crate::sys::clone::pidfd_open(pid) {
        Ok(fd) => wait_readable(&fd, PollFlags::POLLIN, deadline),
        Err(error) if error.errno() == Some(Errno::ESRCH as i32) => Ok(true),
        Err(error) => Err(error),
    }
}

/// The last process has left the list a moment before the kernel counts the group empty; v2 announces that.
fn wait_for_event(group: &Group, deadline: Instant) -> Result<()> {
    if group.version == Version::V1 {
        std::thread::yield_now();
        return if Instant::now() < deadline {
            Ok(())
        } else {
            Err(never_empty(group))
        };
    }
    let failed =
        |errno: Errno| Error::syscall(format!("poll(\"{}/cgroup.events\")", group.dir()), errno as i32);
    let Ok(dir) = open_dir(&group.dir()) else {
        return Ok(());
    };
    let events = openat(
        &dir,
        "cgroup.events",
        OFlag::O_RDONLY | OFlag::O_CLOEXEC,
        Mode::empty(),
    )
    .map_err(failed)?;
    let text = super::files::read_all(&events).map_err(failed)?;
    if text.lines().any(|line| line == "populated 0") || wait_readable(&events, PollFlags::POLLPRI, deadline)?
    {
        return Ok(());
    }
    Err(never_empty(group))
}

fn never_empty(group: &Group) -> Error {
    Error::new(Kind::State, format!("{} does not become empty", group.dir()))
}

/// Polls one descriptor until the deadline; false when nothing happened.
fn wait_readable(fd: &OwnedFd, events: PollFlags, deadline: Instant) -> Result<bool> {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
        match poll(&mut [PollFd::new(fd.as_fd(), events)], timeout) {
            Ok(count) => return Ok(count > 0),
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(Error::syscall("poll", errno as i32)),
        }
    }
}
