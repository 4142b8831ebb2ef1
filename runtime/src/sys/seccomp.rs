//! Loading a seccomp filter into the calling thread.
#![allow(unsafe_code, reason = "seccomp(2) has no safe wrapper")]

use crate::error::{Error, Result};
use nix::errno::Errno;
use std::os::fd::{FromRawFd, OwnedFd};

/// Every thread of the process gets the filter.
pub const FLAG_TSYNC: u32 = 1 << 0;
/// All actions but ALLOW are logged.
pub const FLAG_LOG: u32 = 1 << 1;
/// The mitigation of speculative store bypass stays off.
pub const FLAG_SPEC_ALLOW: u32 = 1 << 2;
/// Loading returns a descriptor that receives the notifications.
pub const FLAG_NEW_LISTENER: u32 = 1 << 3;
/// With TSYNC and NEW_LISTENER together: a thread that cannot be synchronised is an ESRCH.
pub const FLAG_TSYNC_ESRCH: u32 = 1 << 4;
/// A caller whose notification has been received waits killably only.
pub const FLAG_WAIT_KILLABLE_RECV: u32 = 1 << 5;

const SECCOMP_SET_MODE_FILTER: libc::c_uint = 1;

/// One instruction of classic BPF, laid out as the kernel's `struct sock_filter`.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Insn {
    /// The operation.
    pub code: u16,
    /// How many instructions to skip when the condition holds.
    pub jt: u8,
    /// How many instructions to skip when it does not.
    pub jf: u8,
    /// The operand.
    pub k: u32,
}

/// Puts a filter in force for the calling thread and all it will ever start; there is no way back.
///
/// The listener is returned (close-on-exec) where `flags` asks for one. The caller needs `no_new_privs`
/// or CAP_SYS_ADMIN in its user namespace.
///
/// # Errors
/// The kernel's refusal.
pub fn load(program: &[Insn], flags: u32) -> Result<Option<OwnedFd>> {
    let describe = |errno| {
        Error::syscall(
            format!(
                "seccomp(SET_MODE_FILTER, {flags:#x}, {} instructions)",
                program.len()
            ),
            errno,
        )
    };
    let Ok(len) = u16::try_from(program.len()) else {
        return Err(describe(Errno::EINVAL as i32));
    };
    let prog = libc::sock_fprog {
        len,
        filter: program.as_ptr().cast::<libc::sock_filter>().cast_mut(),
    };
    // SAFETY: `prog` and the instructions it points at live through the call, which only reads them; `Insn`
    // has the layout of sock_filter.
    let result = unsafe { libc::syscall(libc::SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &raw const prog) };
    match i32::try_from(result) {
        Ok(fd) if fd >= 0 && flags & FLAG_NEW_LISTENER != 0 => {
            // SAFETY: with NEW_LISTENER the call returns a new descriptor that nobody else owns.
            Ok(Some(unsafe { OwnedFd::from_raw_fd(fd) }))
        }
        Ok(0) => Ok(None),
        _ => Err(describe(Errno::last_raw())),
    }
}
