//! clone3(2) by clone(2): the process joins its cgroup instead of being born in it.
#![allow(unsafe_code, reason = "clone(2) has no safe wrapper")]

use crate::error::{Error, Result};
use crate::sys::call::{check, named};
use crate::sys::clone::{Side, pidfd_open};
use crate::sys::files::{self, fd_number};
use crate::sys::process::exit_now;
use nix::fcntl::OFlag;
use nix::unistd::pipe2;
use std::io::{Read, Write};
use std::os::fd::{BorrowedFd, OwnedFd};

/// Only clone3 has room for it.
const CLONE_NEWTIME: u64 = 0x80;

/// clone(2) with a copy of everything; 0 in the child.
///
/// # Errors
/// The kernel's, with the call.
pub fn fork(flags: u64, signal: i32) -> Result<i32> {
    let flags = flags | u64::from(signal.cast_unsigned());
    // SAFETY: without CLONE_VM the child has its own copy of memory and stack, as after fork(2); no pointer is given.
    let result = unsafe { libc::syscall(libc::SYS_clone, flags, 0, 0, 0, 0) };
    check(result, || format!("clone(flags {flags:#x})")).map(fd_number)
}

/// As [`crate::sys::clone::clone`].
///
/// # Errors
/// The kernel's, with the call.
pub fn clone(flags: u64, cgroup: Option<BorrowedFd<'_>>) -> Result<Side> {
    if flags & CLONE_NEWTIME != 0 {
        return Err(Error::syscall("clone3(CLONE_NEWTIME)", libc::ENOSYS)
            .hint("without clone3(2) there is no way to make a time namespace with others"));
    }
    let sibling = flags & libc::CLONE_PARENT as u64 != 0;
    let signal = if sibling { 0 } else { libc::SIGCHLD };
    let (mut reader, writer) = gate()?;
    let pid = fork(flags, signal)?;
    if pid == 0 {
        drop(writer);
        // It is let go once it is in its group; without a word, the maker has given up.
        if !matches!(reader.read(&mut [0]), Ok(1)) {
            exit_now(1);
        }
        return Ok(Side::Child);
    }
    drop(reader);
    finish(pid, cgroup, writer).inspect_err(|_| give_up(pid))
}

/// A pipe as files.
fn gate() -> Result<(std::fs::File, std::fs::File)> {
    let (reader, writer) = named(pipe2(OFlag::O_CLOEXEC), || "pipe2()".to_owned())?;
    Ok((reader.into(), writer.into()))
}

fn finish(pid: i32, cgroup: Option<BorrowedFd<'_>>, mut gate: std::fs::File) -> Result<Side> {
    if let Some(group) = cgroup {
        let file = open_procs(group)?;
        files::write_once(std::os::fd::AsFd::as_fd(&file), &pid.to_string())?;
    }
    let pidfd = pidfd_open(pid)?;
    let told = gate.write_all(&[1]);
    told.map_err(|error| Error::syscall("write()", error.raw_os_error().unwrap_or(libc::EIO)))?;
    Ok(Side::Parent { pid, pidfd })
}

fn open_procs(group: BorrowedFd<'_>) -> Result<OwnedFd> {
    files::open_in(group, "cgroup.procs", libc::O_WRONLY, files::NO_LINKS)
}

/// The gate is closed: the child ends by itself, and is reaped.
fn give_up(pid: i32) {
    use nix::sys::wait::{WaitPidFlag, waitpid};
    let _ = waitpid(nix::unistd::Pid::from_raw(pid), Some(WaitPidFlag::__WALL));
}
