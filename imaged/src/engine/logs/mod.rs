//! Reading a container's log: from the end, in a span of time, and as it comes, through all of its files.

pub(super) mod carried;
mod entry;
mod files;

use std::collections::VecDeque;
use std::os::fd::AsFd;
use std::path::Path;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};

use super::layout::Containers;
use super::record::Record;
use super::status::ShimFile;
use crate::error::{Error, Kind, Result};
use crate::format::timestamp::Timestamp;
use crate::plan::options::LogDriver;
use crate::sys::pidfd::Process;
pub(crate) use entry::Entry;
use files::Log;

/// The log's name in the container's directory.
pub(crate) const FILE: &str = "container.log";

/// Which entries are wanted.
#[derive(Debug, Default)]
pub(crate) struct Query {
    /// Only so many from the end.
    pub(crate) tail: Option<usize>,
    pub(crate) since: Option<Timestamp>,
    pub(crate) until: Option<Timestamp>,
    /// Go on until the container ends.
    pub(crate) follow: bool,
}

impl Query {
    fn wants(&self, entry: &Entry) -> bool {
        if self.since.is_none() && self.until.is_none() {
            return true;
        }
        let time = Timestamp::parse(&entry.time);
        let after = |since: &Timestamp| time.is_none_or(|time| time >= *since);
        let before = |until: &Timestamp| time.is_none_or(|time| time <= *until);
        self.since.as_ref().is_none_or(after) && self.until.as_ref().is_none_or(before)
    }
}

/// Gives the wanted entries to `show`, in order.
///
/// # Errors
/// When the log cannot be read, or `show` fails.
pub(crate) fn read(
    containers: &Containers,
    record: &Record,
    query: &Query,
    mut show: impl FnMut(&Entry) -> Result<()>,
) -> Result<()> {
    let id = record.id.as_str();
    check_readable(record)?;
    let directory = containers.directory(id);
    // Both before the first read: nothing that is written later can be missed.
    let watch = if query.follow {
        Some(Watch::new(&directory)?)
    } else {
        None
    };
    let shim = ShimFile::read(&containers.shim_directory(id)).and_then(|file| file.shim());
    let mut log = Log::open(&directory.join(FILE))?;
    let mut tail = VecDeque::new();
    while let Some(entry) = log.next()? {
        if !query.wants(&entry) {
            continue;
        }
        match query.tail {
            None => show(&entry)?,
            Some(0) => {}
            Some(count) => {
                if tail.len() == count {
                    tail.pop_front();
                }
                tail.push_back(entry);
            }
        }
    }
    for entry in &tail {
        show(entry)?;
    }
    let (Some(watch), Some(shim)) = (watch, shim) else {
        return Ok(());
    };
    follow(&mut log, &watch, &shim, query, show)
}

/// Whether there is a log to read.
///
/// # Errors
/// Why there is none.
pub(crate) fn check_readable(record: &Record) -> Result<()> {
    if record.options.log.driver.is_file() {
        return Ok(());
    }
    let why = "configured logging driver does not support reading";
    let error = Error::new(Kind::Unsupported, why);
    Err(match record.options.log.driver {
        LogDriver::Journald => error.hint(format!("journalctl CONTAINER_ID_FULL={} shows it", record.id)),
        _ => error.hint("the container was made with --log-driver none"),
    })
}

fn follow(
    log: &mut Log,
    watch: &Watch,
    shim: &Process,
    query: &Query,
    mut show: impl FnMut(&Entry) -> Result<()>,
) -> Result<()> {
    loop {
        // Asked before reading: when the shim was gone by then, what is read is all there will be.
        let ended = shim.wait(Some(std::time::Instant::now()))?;
        while let Some(entry) = log.next()? {
            if query.wants(&entry) {
                show(&entry)?;
            }
        }
        let left = query.until.map(|until| until.since(Timestamp::now()));
        if ended || left == Some(Duration::ZERO) {
            return Ok(());
        }
        watch.wait(shim, left)?;
    }
}

/// Wakes up when something is written into the container's directory.
struct Watch(Inotify);

impl Watch {
    fn new(directory: &Path) -> Result<Self> {
        let failed = |errno: Errno| Error::syscall(format!("inotify({})", directory.display()), errno as i32);
        let inotify = Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK).map_err(failed)?;
        inotify
            .add_watch(
                directory,
                AddWatchFlags::IN_MODIFY | AddWatchFlags::IN_CREATE | AddWatchFlags::IN_MOVED_TO,
            )
            .map_err(failed)?;
        Ok(Self(inotify))
    }

    fn wait(&self, shim: &Process, at_most: Option<Duration>) -> Result<()> {
        let mut fds = [
            PollFd::new(self.0.as_fd(), PollFlags::POLLIN),
            PollFd::new(shim.as_fd(), PollFlags::POLLIN),
        ];
        // Rounded up, so that the last round does not spin.
        let timeout = at_most.map_or(PollTimeout::NONE, |time| {
            PollTimeout::try_from(time.as_millis() + 1).unwrap_or(PollTimeout::MAX)
        });
        match poll(&mut fds, timeout) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(Error::syscall("poll(inotify, pidfd)", errno as i32)),
        }
        // Only the waking matters, not what was said.
        match self.0.read_events() {
            Ok(_) | Err(Errno::EAGAIN | Errno::EINTR) => Ok(()),
            Err(errno) => Err(Error::syscall("read(inotify)", errno as i32)),
        }
    }
}
