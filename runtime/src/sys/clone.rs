//! The one way processes of a container are born: clone3(2).
#![allow(unsafe_code, reason = "clone3(2) has no safe wrapper")]

use super::call::check;
use super::files::fd_number;
use super::old;
use crate::error::Result;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

/// `CLONE_INTO_CGROUP`; libc's constant of this name is too narrow for it, and 0.
const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;

/// Which of the two processes returned from [`clone`].
#[derive(Debug)]
pub enum Side {
    /// The new process.
    Child,
    /// The calling process.
    Parent {
        /// The new process's id, as the caller sees it.
        pid: i32,
        /// The same process, safe against reuse of the id.
        pidfd: OwnedFd,
    },
}

/// Makes a process as fork(2) does, in new namespaces (`flags`) and, if given, born in a v2 cgroup.
///
/// The caller must have one thread only: the child goes on with a copy of its memory.
///
/// # Errors
/// The kernel's, with the call.
pub fn clone(flags: u64, cgroup: Option<BorrowedFd<'_>>) -> Result<Side> {
    let mut pidfd: libc::c_int = -1;
    // SAFETY: clone_args is plain integers, for which zero is valid.
    let mut args: libc::clone_args = unsafe { std::mem::zeroed() };
    let into_cgroup = if cgroup.is_some() { CLONE_INTO_CGROUP } else { 0 };
    // A child of the caller's parent cannot choose its signal: it has the caller's.
    let sibling = flags & libc::CLONE_PARENT as u64 != 0;
    args.flags = flags | libc::CLONE_PIDFD as u64 | into_cgroup;
    args.pidfd = (&raw mut pidfd) as u64;
    args.exit_signal = if sibling { 0 } else { libc::SIGCHLD as u64 };
    args.cgroup = cgroup.map_or(0, |fd| u64::from(fd.as_raw_fd().cast_unsigned()));
    // SAFETY: without CLONE_VM the child has its own copy of memory and stack, as after fork(2); `args` and
    // `pidfd` live through the call.
    let result = unsafe { libc::syscall(libc::SYS_clone3, &raw const args, size_of::<libc::clone_args>()) };
    let pid = match check(result, || format!("clone3(flags {:#x})", args.flags)) {
        // E2BIG: Linux 5.3 to 5.6 have the call, and do not know of cgroups in it.
        Err(error) if matches!(error.errno(), Some(libc::ENOSYS | libc::E2BIG)) => {
            return old::clone::clone(flags, cgroup);
        }
        pid => pid?,
    };
    if pid == 0 {
        return Ok(Side::Child);
    }
    // SAFETY: CLONE_PIDFD made a new descriptor that nobody else owns.
    let pidfd = unsafe { OwnedFd::from_raw_fd(pidfd) };
    Ok(Side::Parent {
        pid: fd_number(pid),
        pidfd,
    })
}

/// A descriptor of a process that the caller knows to be alive or its own unreaped child.
///
/// # Errors
/// The kernel's, with the call; ESRCH when there is no such process.
pub fn pidfd_open(pid: i32) -> Result<OwnedFd> {
    // SAFETY: plain integers.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    let fd = match check(fd, || format!("pidfd_open({pid})")) {
        Err(error) if old::is_missing(&error) => return old::pidfd::open(pid),
        fd => fd?,
    };
    // SAFETY: the call returned a new descriptor that nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(fd_number(fd)) })
}

/// Sends a signal to the process of a pidfd.
///
/// # Errors
/// The kernel's, with the call; ESRCH when it has ended.
pub fn pidfd_kill(pidfd: BorrowedFd<'_>, signal: i32) -> Result<()> {
    // SAFETY: plain integers and a null pointer, which means the signal's default information.
    let result = unsafe {
        libc::syscall(
            libc::SYS_pidfd_send_signal,
            pidfd.as_raw_fd(),
            signal,
            std::ptr::null::<libc::siginfo_t>(),
            0,
        )
    };
    match check(result, || format!("pidfd_send_signal({signal})")) {
        // EBADF: a descriptor of ours from where pidfd_open(2) is missing.
        Err(error) if matches!(error.errno(), Some(libc::ENOSYS | libc::EBADF)) => {
            old::pidfd::kill(pidfd, signal)
        }
        sent => sent.map(|_| ()),
    }
}
