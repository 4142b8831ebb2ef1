//! Hearing that the kernel killed for want of memory.

use super::files::{open_dir, read_all};
use crate::error::{Error, Result};
use crate::host::cgroup::Version;
use crate::plan::cgroup::{Group, Record};
use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::poll::{PollFd, PollFlags};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::stat::Mode;
use nix::unistd::{Whence, lseek};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

/// A watch over a container's memory.
#[derive(Debug)]
pub struct OomWatch {
    /// v1: `memory.oom_control`; v2: `memory.events`.
    file: OwnedFd,
    how: How,
}

#[derive(Debug)]
enum How {
    /// v1 counts in an eventfd.
    Eventfd(EventFd),
    /// v2 counts in the file, and announces its changes; so many were known.
    Counter(u64),
}

impl OomWatch {
    /// Watches from now on; none when no hierarchy of the container limits memory.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn open(record: &Record) -> Result<Option<Self>> {
        let Some(group) = record.groups.iter().find(|group| group.has("memory")) else {
            return Ok(None);
        };
        match group.version {
            Version::V1 => Self::open_v1(group).map(Some),
            Version::V2 => Self::open_v2(group),
        }
    }

    fn open_v1(group: &Group) -> Result<Self> {
        let failed = |call: &str, errno: Errno| {
            Error::syscall(format!("{call}(\"{}\")", group.dir()), errno as i32)
                .context("watch for lack of memory")
        };
        let dir = open_dir(&group.dir())?;
        let open = |name: &str, flags: OFlag| openat(&dir, name, flags | OFlag::O_CLOEXEC, Mode::empty());
        let file = open("memory.oom_control", OFlag::O_RDONLY)
            .map_err(|errno| failed("open memory.oom_control in ", errno))?;
        let control = open("cgroup.event_control", OFlag::O_WRONLY)
            .map_err(|errno| failed("open cgroup.event_control in ", errno))?;
        let eventfd = EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)
            .map_err(|errno| failed("eventfd for ", errno))?;
        let line = format!("{} {}", eventfd.as_fd().as_raw_fd(), file.as_raw_fd());
        nix::unistd::write(&control, line.as_bytes())
            .map_err(|errno| failed("write cgroup.event_control in ", errno))?;
        Ok(Self {
            file,
            how: How::Eventfd(eventfd),
        })
    }

    fn open_v2(group: &Group) -> Result<Option<Self>> {
        let dir = open_dir(&group.dir())?;
        let file = match openat(
            &dir,
            "memory.events",
            OFlag::O_RDONLY | OFlag::O_CLOEXEC,
            Mode::empty(),
        ) {
            // The controller is not handed down to this group.
            Err(Errno::ENOENT) => return Ok(None),
            file => file.map_err(|errno| {
                Error::syscall(format!("open(\"{}/memory.events\")", group.dir()), errno as i32)
            })?,
        };
        let known = kills(&file).unwrap_or(0);
        Ok(Some(Self {
            file,
            how: How::Counter(known),
        }))
    }

    /// What to poll for news.
    pub fn watched(&self) -> PollFd<'_> {
        match &self.how {
            How::Eventfd(eventfd) => PollFd::new(eventfd.as_fd(), PollFlags::POLLIN),
            How::Counter(_) => PollFd::new(self.file.as_fd(), PollFlags::POLLPRI),
        }
    }

    /// How often the memory ran out since the last look; none when the group is gone.
    pub fn news(&mut self) -> Option<u64> {
        match &mut self.how {
            How::Eventfd(eventfd) => {
                // The end of the group is signalled, too.
                lseek(&self.file, 0, Whence::SeekSet).ok()?;
                read_all(&self.file).ok()?;
                Some(eventfd.read().unwrap_or(0))
            }
            How::Counter(known) => {
                let now = kills(&self.file)?;
                let news = now.saturating_sub(*known);
                *known = now;
                Some(news)
            }
        }
    }
}

/// The number of processes that the kernel killed, in a `memory.events`.
fn kills(file: &OwnedFd) -> Option<u64> {
    lseek(file, 0, Whence::SeekSet).ok()?;
    let text = read_all(file).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("oom_kill "))?;
    line.parse().ok()
}
