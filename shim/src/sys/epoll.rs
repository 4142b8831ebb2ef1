//! An epoll set in which each descriptor remembers what it waits for.

use std::os::fd::{AsFd, BorrowedFd};
use std::time::Instant;

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};

use crate::error::{Call, Result};

/// The set.
pub struct Set(Epoll);

/// What one descriptor waits for, and under which token; `None`: it is not in the set.
#[derive(Debug, Default)]
pub struct Watch(Option<(EpollFlags, u64)>);

impl Set {
    /// An empty set.
    ///
    /// # Errors
    /// The kernel has no descriptor or memory left.
    pub fn new() -> Result<Self> {
        Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)
            .call(|| "epoll_create1(EPOLL_CLOEXEC)")
            .map(Self)
    }

    /// Makes `fd` wait for `wanted`; with `None` it leaves the set, and not even a hang-up is reported.
    ///
    /// # Errors
    /// The descriptor cannot be waited for.
    pub fn update(
        &self,
        watch: &mut Watch,
        fd: impl AsFd,
        token: u64,
        wanted: Option<EpollFlags>,
    ) -> Result<()> {
        let fd: BorrowedFd<'_> = fd.as_fd();
        let wanted = wanted.map(|flags| (flags, token));
        match (watch.0, wanted) {
            (now, then) if now == then => return Ok(()),
            (None, Some((flags, token))) => self.0.add(fd, EpollEvent::new(flags, token)),
            (Some(_), Some((flags, token))) => self.0.modify(fd, &mut EpollEvent::new(flags, token)),
            (_, None) => self.0.delete(fd),
        }
        .call(|| format!("epoll_ctl({fd:?}, {wanted:?})"))?;
        watch.0 = wanted;
        Ok(())
    }

    /// Waits for events, at most until `deadline`, and returns how many of `events` are filled.
    ///
    /// # Errors
    /// Only those of a wrong call; an interrupted wait is taken up again.
    pub fn wait(&self, events: &mut [EpollEvent], deadline: Option<Instant>) -> Result<usize> {
        loop {
            match self.0.wait(events, timeout(deadline)) {
                Err(nix::errno::Errno::EINTR) => {}
                other => return other.call(|| "epoll_wait"),
            }
        }
    }
}

/// Rounded up, so that nobody wakes just before the deadline.
fn timeout(deadline: Option<Instant>) -> EpollTimeout {
    let Some(deadline) = deadline else {
        return EpollTimeout::NONE;
    };
    let left = deadline.saturating_duration_since(Instant::now());
    EpollTimeout::try_from(left.as_millis() + 1).unwrap_or(EpollTimeout::MAX)
}
