//! The freezer: v1's controller, or v2's own file.

use super::files::{open_dir, read_all, read_at, write};
use super::tree::is_gone;
use crate::error::{Error, Kind, Result};
use crate::host::cgroup::Version;
use crate::plan::cgroup::{Group, Record};
use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::poll::{PollFd, PollFlags, poll};
use nix::sys::stat::Mode;
use nix::unistd::{Whence, lseek};
use std::os::fd::AsFd;

/// How long all processes may take to freeze; one in an uninterruptible call holds it up.
const PATIENCE_MS: u16 = 10_000;

/// How often v1's state is looked at at once, before a pause between the looks.
const V1_QUICK_LOOKS: u16 = 100;

/// Whether a container is frozen.
///
/// # Errors
/// When the state cannot be read; a group that is gone is not frozen.
pub fn is_frozen(record: &Record) -> Result<bool> {
    let Some(group) = freezer_group(record) else {
        return Ok(false);
    };
    let dir = match open_dir(&group.dir()) {
        Err(error) if is_gone(error.errno()) => return Ok(false),
        dir => dir?,
    };
    let (file, thawed) = match group.version {
        Version::V1 => ("freezer.state", "THAWED"),
        Version::V2 => ("cgroup.freeze", "0"),
    };
    match read_at(&dir, file) {
        Ok(state) => Ok(state.trim_end() != thawed),
        Err(errno) if is_gone(Some(errno as i32)) => Ok(false),
        Err(errno) => Err(Error::syscall(
            format!("read(\"{}/{file}\")", group.dir()),
            errno as i32,
        )),
    }
}

/// Freezes all processes and returns when they are; on failure they are thawed.
///
/// # Errors
/// Without a freezer, or when some process does not freeze in time.
pub fn freeze(record: &Record) -> Result<()> {
    let group = freezer_group(record)
        .ok_or_else(|| Error::new(Kind::Unsupported, "the container has no cgroup with a freezer"))?;
    request(record, true)?;
    let frozen = match group.version {
        Version::V1 => wait_v1(group),
        Version::V2 => wait_v2(group),
    };
    frozen.inspect_err(|_| drop(request(record, false)))
}

/// Thaws all processes.
///
/// # Errors
/// When the state cannot be written.
pub fn thaw(record: &Record) -> Result<()> {
    request(record, false)
}

/// Asks for a state without waiting for it; a group that is gone has nothing to freeze.
pub(super) fn request(record: &Record, frozen: bool) -> Result<()> {
    let Some(group) = freezer_group(record) else {
        return Ok(());
    };
    let (file, value) = match (group.version, frozen) {
        (Version::V1, true) => ("freezer.state", "FROZEN"),
        (Version::V1, false) => ("freezer.state", "THAWED"),
        (Version::V2, true) => ("cgroup.freeze", "1"),
        (Version::V2, false) => ("cgroup.freeze", "0"),
    };
    match write(&group.dir(), file, value) {
        Err(error) if is_gone(error.errno()) => Ok(()),
        result => result,
    }
}

/// The group that freezes: v1's if there is one, as v2 then need not hold the container's processes.
fn freezer_group(record: &Record) -> Option<&Group> {
    record
        .groups
        .iter()
        .find(|group| group.has("freezer"))
        .or_else(|| record.v2())
}

/// v1 tells nobody when a freeze is complete: this is the one place that must look again and again. Reading the
/// state makes the kernel look at all tasks; asking again freezes what was forked meanwhile.
fn wait_v1(group: &Group) -> Result<()> {
    let dir = open_dir(&group.dir())?;
    for look in 0..V1_QUICK_LOOKS + PATIENCE_MS {
        let state = read_at(&dir, "freezer.state").map_err(|errno| {
            Error::syscall(format!("read(\"{}/freezer.state\")", group.dir()), errno as i32)
        })?;
        if state.trim_end() == "FROZEN" {
            return Ok(());
        }
        if look < V1_QUICK_LOOKS {
            std::thread::yield_now();
        } else if poll(&mut [], 1_u8).is_err_and(|errno| errno != Errno::EINTR) {
            return Err(too_slow(group));
        }
        write(&group.dir(), "freezer.state", "FROZEN")?;
    }
    Err(too_slow(group))
}

/// v2 announces a change of `cgroup.events` to who polls it.
fn wait_v2(group: &Group) -> Result<()> {
    let failed =
        |errno: Errno| Error::syscall(format!("poll(\"{}/cgroup.events\")", group.dir()), errno as i32);
    let dir = open_dir(&group.dir())?;
    let events = openat(
        &dir,
        "cgroup.events",
        OFlag::O_RDONLY | OFlag::O_CLOEXEC,
        Mode::empty(),
    )
    .map_err(failed)?;
    loop {
        lseek(&events, 0, Whence::SeekSet).map_err(failed)?;
        if read_all(&events)
            .map_err(failed)?
            .lines()
            .any(|line| line == "frozen 1")
        {
            return Ok(());
        }
        match poll(
            &mut [PollFd::new(events.as_fd(), PollFlags::POLLPRI)],
            PATIENCE_MS,
        ) {
            Ok(0) => return Err(too_slow(group)),
            Ok(_) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(failed(errno)),
        }
    }
}

fn too_slow(group: &Group) -> Error {
    Error::new(
        Kind::System,
        format!("the processes in {} do not freeze", group.dir()),
    )
    .hint("a process in an uninterruptible system call (state D in ps) cannot be frozen")
}
