//! The signals of a runtime in the foreground: forwarded to the container, or about its children.

use crate::error::{Error, Result};
use nix::errno::Errno;
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
use nix::unistd::Pid;
use std::os::fd::{AsFd, BorrowedFd};

/// The descriptor that tells of signals, all of which are blocked.
#[derive(Debug)]
pub(super) struct Signals(SignalFd);

/// What a signal means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    /// A child ended.
    Child,
    /// The caller's terminal has another size.
    Resize,
    /// The container shall have it.
    Forward(i32),
}

impl Signals {
    /// Blocks all signals that a handler could catch, and reads them from a descriptor instead.
    pub(super) fn take() -> Result<Self> {
        let mut taken = SigSet::all();
        // Errors of the program itself, and the stop of a job: these keep their meaning.
        for kept in [
            Signal::SIGABRT,
            Signal::SIGBUS,
            Signal::SIGFPE,
            Signal::SIGILL,
            Signal::SIGSEGV,
            Signal::SIGSYS,
            Signal::SIGTRAP,
        ] {
            taken.remove(kept);
        }
        taken
            .thread_block()
            .map_err(|errno| Error::syscall("sigprocmask", errno as i32))?;
        SignalFd::with_flags(&taken, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)
            .map(Self)
            .map_err(|errno| Error::syscall("signalfd", errno as i32))
    }

    /// The next signal that has come, if any.
    pub(super) fn next(&self) -> Result<Option<Event>> {
        let info = self
            .0
            .read_signal()
            .map_err(|errno| Error::syscall("read(signalfd)", errno as i32))?;
        Ok(
            info.map(|info| match i32::try_from(info.ssi_signo).unwrap_or_default() {
                libc::SIGCHLD => Event::Child,
                libc::SIGWINCH => Event::Resize,
                number => Event::Forward(number),
            }),
        )
    }

    /// The descriptor to wait on.
    pub(super) fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Reaps the children that have ended, but not init: its end is told by its pidfd.
pub(super) fn reap_others(init: i32) {
    let look = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
    while let Ok(status) = waitid(Id::All, look) {
        match status.pid() {
            Some(pid) if pid.as_raw() != init => drop(waitpid(pid, Some(WaitPidFlag::WNOHANG))),
            _ => return,
        }
    }
}

/// Reaps init, which has ended: its exit status, 128 and the signal's number when a signal ended it.
pub(super) fn exit_code(init: i32) -> Result<u8> {
    loop {
        match waitpid(Pid::from_raw(init), None) {
            Ok(WaitStatus::Exited(_, code)) => return Ok(low_byte(code)),
            Ok(WaitStatus::Signaled(_, signal, _)) => return Ok(low_byte(128 + signal as i32)),
            Ok(_) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(Error::syscall(format!("waitpid({init})"), errno as i32)),
        }
    }
}

fn low_byte(code: i32) -> u8 {
    u8::try_from(code & 0xff).unwrap_or(u8::MAX)
}
