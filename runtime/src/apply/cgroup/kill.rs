//! Which processes a container's groups hold, and signals to all of them.

use super::files::{read_at, write};
use super::freezer;
use super::tree::{Step, is_gone, walk};
use crate::error::{Error, Result};
use crate::host::cgroup::Version;
use crate::plan::cgroup::{Group, Record};
use crate::sys::clone::{pidfd_kill, pidfd_open};
use nix::errno::Errno;
use nix::unistd::getpid;
use std::collections::BTreeSet;
use std::os::fd::{AsFd, BorrowedFd};

/// The processes in a container's groups and below them, ascending.
///
/// # Errors
/// When a group cannot be read; one that is gone holds none.
pub fn pids(record: &Record) -> Result<Vec<i32>> {
    let mut found = BTreeSet::new();
    for group in &record.groups {
        found.extend(group_pids(group)?);
    }
    Ok(found.into_iter().collect())
}

/// The processes in one group and below it.
pub(super) fn group_pids(group: &Group) -> Result<BTreeSet<i32>> {
    let mut found = BTreeSet::new();
    walk(&group.dir(), |step| {
        if let Step::Enter(dir) = step {
            found.extend(own_pids(dir).map_err(|errno| {
                Error::syscall(format!("read {}/…/cgroup.procs", group.dir()), errno as i32)
            })?);
        }
        Ok(())
    })?;
    Ok(found)
}

/// The processes of one directory. 0 stands for one that this pid namespace does not see.
pub(super) fn own_pids(dir: BorrowedFd<'_>) -> Result<Vec<i32>, Errno> {
    match read_at(dir, "cgroup.procs") {
        Ok(text) => Ok(text
            .lines()
            .filter_map(|line| line.parse().ok())
            .filter(|pid| *pid > 0)
            .collect()),
        // A threaded group lists its processes in the nearest group above that is not.
        Err(Errno::EOPNOTSUPP) => Ok(Vec::new()),
        Err(errno) if is_gone(Some(errno as i32)) => Ok(Vec::new()),
        Err(errno) => Err(errno),
    }
}

/// Kills every process in a container's groups and below them, also frozen ones and those being forked.
/// It does not wait for their end; [`super::remove`] does.
///
/// # Errors
/// When a group cannot be read or a process cannot be killed.
pub fn kill_all(record: &Record) -> Result<()> {
    if let Some(group) = record.v2() {
        kill_v2(group)?;
    }
    if record.groups.iter().any(|group| group.version == Version::V1) {
        kill_frozen(record)?;
    }
    Ok(())
}

/// One write kills all of a v2 group; kernels before 5.14 need the long way.
fn kill_v2(group: &Group) -> Result<()> {
    match write(&group.dir(), "cgroup.kill", "1") {
        Err(error) if is_gone(error.errno()) => kill_frozen(&Record {
            groups: vec![group.clone()],
            unit: None,
        }),
        result => result,
    }
}

/// Freezes, so that nothing escapes by forking, kills, and thaws, so that the killed can die.
///
/// It need not wait until all are frozen: what a process forks in a freezing group is born frozen, and is found
/// in the next round.
fn kill_frozen(record: &Record) -> Result<()> {
    if pids(record)?.is_empty() {
        return Ok(());
    }
    freezer::request(record, true)?;
    let killed = signal_rounds(record, libc::SIGKILL);
    let thawed = freezer::request(record, false);
    killed.and(thawed)
}

/// Sends a signal to every process in a container's groups and below them.
///
/// # Errors
/// When a group cannot be read or a process cannot be signalled.
pub fn signal_all(record: &Record, signal: i32) -> Result<()> {
    if signal == libc::SIGKILL {
        kill_all(record)
    } else {
        signal_rounds(record, signal)
    }
}

/// Signals each process once, until a round finds no new one.
fn signal_rounds(record: &Record, signal: i32) -> Result<()> {
    let mut done = BTreeSet::from([getpid().as_raw()]);
    loop {
        let new: Vec<i32> = pids(record)?
            .into_iter()
            .filter(|pid| done.insert(*pid))
            .collect();
        if new.is_empty() {
            return Ok(());
        }
        for pid in new {
            match pidfd_open(pid).and_then(|process| pidfd_kill(process.as_fd(), signal)) {
                Err(error) if error.errno() != Some(libc::ESRCH) => {
                    return Err(error.context(format!("signal process {pid}")));
                }
                _ => {}
            }
        }
    }
}
