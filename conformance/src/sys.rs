//! The system calls of the harness: waiting for a process or a descriptor, signals, terminals.
#![allow(unsafe_code, reason = "raw system calls")]

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::time::Duration;

fn check(result: libc::c_long) -> io::Result<i32> {
    if result == -1 {
        return Err(io::Error::last_os_error());
    }
    i32::try_from(result).map_err(io::Error::other)
}

fn pid_t(pid: u32) -> libc::pid_t {
    libc::pid_t::try_from(pid).unwrap_or(libc::pid_t::MAX)
}

/// A handle on a process, or `None` when there is no such process.
pub(crate) fn pidfd(pid: u32) -> Option<OwnedFd> {
    // SAFETY: takes two numbers.
    let fd = check(unsafe { libc::syscall(libc::SYS_pidfd_open, pid_t(pid), 0) }).ok()?;
    // SAFETY: the call succeeded, the descriptor is new and nobody else's.
    Some(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Waits until the process has ended; false when the time is over first.
pub(crate) fn exits_within(pid: u32, time: Duration) -> bool {
    pidfd(pid).is_none_or(|fd| readable_within(&fd, time))
}

/// Waits until the descriptor has something to read, or its end; false when the time is over first.
pub(crate) fn readable_within(fd: &impl AsFd, time: Duration) -> bool {
    let mut poll = libc::pollfd {
        fd: fd.as_fd().as_raw_fd(),
        events: libc::POLLIN,
        revents: 0,
    };
    let timeout = i32::try_from(time.as_millis()).unwrap_or(i32::MAX);
    loop {
        // SAFETY: `poll` is one pollfd and outlives the call.
        match unsafe { libc::poll(&raw mut poll, 1, timeout) } {
            -1 if io::Error::last_os_error().kind() == io::ErrorKind::Interrupted => {}
            ready => return ready == 1,
        }
    }
}

/// Sends a signal; a process that is gone already is no error.
pub(crate) fn kill(pid: u32, signal: i32) {
    // SAFETY: takes two numbers.
    _ = unsafe { libc::kill(pid_t(pid), signal) };
}

/// Detaches the mount at this path.
pub(crate) fn unmount(path: &std::path::Path) {
    _ = nix::mount::umount2(path, nix::mount::MntFlags::MNT_DETACH);
}

/// A new pseudoterminal: master and slave.
pub(crate) fn open_pty(rows: u16, columns: u16) -> io::Result<(File, File)> {
    let size = nix::pty::Winsize {
        ws_row: rows,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    let pair = nix::pty::openpty(&size, None)?;
    Ok((pair.master.into(), pair.slave.into()))
}

/// Sets a terminal's size.
pub(crate) fn resize(terminal: BorrowedFd<'_>, rows: u16, columns: u16) -> io::Result<()> {
    let size = libc::winsize {
        ws_row: rows,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    // SAFETY: TIOCSWINSZ reads one struct winsize, which outlives the call.
    let result = unsafe { libc::ioctl(terminal.as_raw_fd(), libc::TIOCSWINSZ, &raw const size) };
    check(result.into()).map(|_| ())
}

/// Makes the command lead a session whose terminal is its standard input.
pub(crate) fn in_own_session(command: &mut std::process::Command) {
    use std::os::unix::process::CommandExt;
    let become_leader = || {
        // SAFETY: takes nothing; async-signal-safe.
        check(unsafe { libc::setsid() }.into())?;
        // SAFETY: takes two numbers; async-signal-safe.
        check(unsafe { libc::ioctl(0, libc::TIOCSCTTY, 0) }.into())?;
        Ok(())
    };
    // SAFETY: the closure makes two async-signal-safe calls and does not allocate.
    unsafe { command.pre_exec(become_leader) };
}
