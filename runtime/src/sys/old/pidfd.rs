//! pidfds by hand: a pipe whose owner (F_SETOWN) is the process, and whose other end closes when it has ended.
//!
//! The kernel holds the owner as it holds a pidfd's process, so that a reused id is never meant. Kernels before 5.3
//! tell of the end of a process that is no child by no event at all: a watcher looks every few milliseconds. It
//! ends when nobody holds the pipe any more. This is the one place of the program that looks again and again.

use crate::error::{Error, Result};
use crate::sys::call::{check, named};
use crate::sys::process::{close_all_but, exit_now};
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::{Pid, pipe2};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// How long the watcher lets pass between two looks, in milliseconds.
const INTERVAL: u16 = 5;

/// A descriptor that becomes readable when the process ends.
///
/// # Errors
/// ESRCH when there is no such process; the kernel's, with the call.
pub fn open(pid: i32) -> Result<OwnedFd> {
    let (reader, writer) = named(pipe2(OFlag::O_CLOEXEC), || "pipe2()".to_owned())?;
    set_owner(reader.as_fd(), pid)?;
    let found = look(pid).ok_or_else(|| Error::syscall(format!("look at process {pid}"), libc::ESRCH))?;
    if let Look::Alive { began } = found {
        start_watcher(pid, &began, &writer)?;
    }
    Ok(reader)
}

/// The writer stays open in the watcher alone.
fn start_watcher(pid: i32, began: &str, writer: &OwnedFd) -> Result<()> {
    // Without a signal at its end it is nobody's child to wait for.
    if super::clone::fork(0, 0)? == 0 {
        if close_all_but(0, &[writer.as_raw_fd()]).is_ok() {
            watch(pid, began, writer.as_fd());
        }
        exit_now(0);
    }
    Ok(())
}

/// Sends a signal to the process of a descriptor, a real pidfd or one of ours.
///
/// # Errors
/// The kernel's; ESRCH when it has ended.
pub fn kill(fd: BorrowedFd<'_>, signal: i32) -> Result<()> {
    let gone = || Error::syscall(format!("kill({signal})"), libc::ESRCH);
    let pid = pid_of(fd).ok_or_else(gone)?;
    let signal = nix::sys::signal::Signal::try_from(signal).ok();
    named(nix::sys::signal::kill(Pid::from_raw(pid), signal), || {
        format!("kill({pid}, {signal:?})")
    })
}

/// The process's id; none once it is reaped.
pub fn pid_of(fd: BorrowedFd<'_>) -> Option<i32> {
    let owner = owner(fd).filter(|pid| *pid > 0);
    owner.or_else(|| {
        let text = std::fs::read_to_string(format!("/proc/self/fdinfo/{}", fd.as_raw_fd())).ok()?;
        let pid = text.lines().find_map(|line| line.strip_prefix("Pid:"))?;
        pid.trim().parse().ok().filter(|pid| *pid > 0)
    })
}

#[expect(unsafe_code, reason = "nix has no F_SETOWN")]
fn set_owner(fd: BorrowedFd<'_>, pid: i32) -> Result<()> {
    // SAFETY: plain integers.
    let result = unsafe { libc::syscall(libc::SYS_fcntl, fd.as_raw_fd(), libc::F_SETOWN, pid) };
    check(result, || format!("fcntl(F_SETOWN, {pid})")).map(|_| ())
}

#[expect(unsafe_code, reason = "nix has no F_GETOWN")]
fn owner(fd: BorrowedFd<'_>) -> Option<i32> {
    // SAFETY: plain integers.
    let pid = unsafe { libc::syscall(libc::SYS_fcntl, fd.as_raw_fd(), libc::F_GETOWN) };
    i32::try_from(pid).ok()
}

fn watch(pid: i32, wanted: &str, alive: BorrowedFd<'_>) {
    while matches!(look(pid), Some(Look::Alive { began }) if began == wanted) {
        // Nothing is ever written: only the reader's end is told.
        let mut reader = [PollFd::new(alive, PollFlags::empty())];
        if !matches!(poll(&mut reader, PollTimeout::from(INTERVAL)), Ok(0)) {
            return;
        }
    }
}

enum Look {
    /// With when it began, as proc_pid_stat(5) words it.
    Alive { began: String },
    /// It has ended and is not reaped.
    Zombie,
}

/// Looks at a process; none if there is none.
fn look(pid: i32) -> Option<Look> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything.
    let mut fields = stat.get(stat.rfind(')')? + 1..)?.split_whitespace();
    if matches!(fields.next()?, "Z" | "X" | "x") {
        return Some(Look::Zombie);
    }
    let began = fields.nth(18)?.to_owned();
    Some(Look::Alive { began })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    #[test]
    fn a_process_is_watched_and_signalled() {
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        let fd = open(pid).unwrap();
        let readable = |timeout: u16| {
            let mut fds = [PollFd::new(fd.as_fd(), PollFlags::POLLIN)];
            poll(&mut fds, timeout).unwrap() == 1
        };
        assert!(!readable(20));
        assert_eq!(pid_of(fd.as_fd()), Some(pid));
        kill(fd.as_fd(), libc::SIGTERM).unwrap();
        assert!(readable(5000), "its end is told before it is reaped");
        assert!(open(pid).is_ok(), "a process that is not reaped is there");
        child.wait().unwrap();
        assert_eq!(
            kill(fd.as_fd(), libc::SIGTERM).unwrap_err().errno(),
            Some(libc::ESRCH)
        );
        assert_eq!(open(pid).unwrap_err().errno(), Some(libc::ESRCH));
    }

    #[test]
    fn a_real_pidfd_names_its_process() {
        let own = i32::try_from(std::process::id()).unwrap();
        let fd = crate::sys::clone::pidfd_open(own).unwrap();
        assert_eq!(pid_of(fd.as_fd()), Some(own));
    }
}
