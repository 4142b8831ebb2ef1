//! Following a container: its use of resources at intervals, lack of memory at once, until it ends.

use super::{Container, signal};
use crate::apply::cgroup::{self, OomWatch};
use crate::error::{Error, Kind, Result};
use crate::log;
use crate::oci::{Event, Stats, Status};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

/// The statistics of a container now.
///
/// # Errors
/// When it has stopped, or they cannot be read.
pub(crate) fn stats(container: &Container) -> Result<Stats> {
    init(container)?;
    cgroup::stats(&container.record().cgroup)
}

/// Tells of a container until it ends: its statistics after each `interval`, and each lack of memory.
///
/// # Errors
/// When it has stopped already, or nobody wants to hear.
pub(crate) fn follow(
    container: &Container,
    interval: Duration,
    tell: &mut dyn FnMut(&Event<'_>) -> Result<()>,
) -> Result<()> {
    let init = init(container)?;
    let mut watch = OomWatch::open(&container.record().cgroup)?;
    let mut next = Instant::now() + interval;
    loop {
        let ended = wait(&init, watch.as_ref(), next)?;
        for _ in 0..watch.as_mut().and_then(OomWatch::news).unwrap_or(0) {
            tell(&event(container, "oom", None))?;
        }
        if ended {
            return Ok(());
        }
        if Instant::now() >= next {
            next += interval;
            match cgroup::stats(&container.record().cgroup) {
                Ok(stats) => tell(&event(container, "stats", Some(&stats)))?,
                // It may be on its way out; the next look tells.
                Err(error) => log::warn(&error.to_string()),
            }
        }
    }
}

/// One event of a container.
pub(crate) fn event<'a>(container: &'a Container, kind: &'a str, data: Option<&'a Stats>) -> Event<'a> {
    Event {
        kind,
        id: container.id().as_str(),
        data,
    }
}

fn init(container: &Container) -> Result<OwnedFd> {
    let init = match container.status() {
        Status::Created | Status::Running | Status::Paused => container.record().init,
        Status::Creating | Status::Stopped => None,
    };
    init.map(signal::open).transpose()?.flatten().ok_or_else(|| {
        let message = format!("container with id {} is not running", container.id());
        Error::new(Kind::State, message).hint("only a container that is not stopped uses resources")
    })
}

/// Waits for the end of init (true), news about memory, or the time.
fn wait(init: &OwnedFd, watch: Option<&OomWatch>, until: Instant) -> Result<bool> {
    let left = until.saturating_duration_since(Instant::now());
    // Rounded up: a wait that ends a moment early would be followed by many short ones.
    let left = left.saturating_add(Duration::from_micros(999));
    let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
    let mut watched = vec![PollFd::new(init.as_fd(), PollFlags::POLLIN)];
    watched.extend(watch.map(OomWatch::watched));
    match poll(&mut watched, timeout) {
        Ok(_) => Ok(watched[0].any().unwrap_or(false)),
        Err(Errno::EINTR) => Ok(false),
        Err(errno) => Err(Error::syscall("poll", errno as i32)),
    }
}
