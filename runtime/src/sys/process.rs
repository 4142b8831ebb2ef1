//! What a process changes about itself: namespaces, identity, limits, keyring, and at last its program.
#![allow(
    unsafe_code,
    reason = "these system calls have no safe wrappers, or libc's act on threads"
)]

use super::call::{c_string, check, named};
use super::old;
use crate::error::{Error, Result};
use nix::errno::Errno;
use nix::sched::CloneFlags;
use std::ffi::CString;
use std::os::fd::{BorrowedFd, RawFd};

/// prctl(2) with integer arguments.
fn prctl(option: i32, a: libc::c_ulong, b: libc::c_ulong, name: &str) -> Result<libc::c_long> {
    // SAFETY: the options used here take plain integers.
    let result = unsafe { libc::syscall(libc::SYS_prctl, option, a, b, 0, 0) };
    check(result, || format!("prctl({name}, {a})"))
}

/// The process is killed when its parent ends; `false` takes that back.
///
/// # Errors
/// The kernel's, with the call.
pub fn die_with_parent(on: bool) -> Result<()> {
    let signal = if on { libc::SIGKILL as libc::c_ulong } else { 0 };
    prctl(libc::PR_SET_PDEATHSIG, signal, 0, "PR_SET_PDEATHSIG").map(|_| ())
}

/// Nobody without CAP_SYS_PTRACE may look into the process by /proc or ptrace.
///
/// # Errors
/// The kernel's, with the call.
pub fn set_dumpable(on: bool) -> Result<()> {
    prctl(
        libc::PR_SET_DUMPABLE,
        libc::c_ulong::from(on),
        0,
        "PR_SET_DUMPABLE",
    )
    .map(|_| ())
}

/// execve gives no more privileges from here on.
///
/// # Errors
/// The kernel's, with the call.
pub fn no_new_privileges() -> Result<()> {
    prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, "PR_SET_NO_NEW_PRIVS").map(|_| ())
}

/// Permitted capabilities outlive the change to another user.
///
/// # Errors
/// The kernel's, with the call.
pub fn keep_capabilities() -> Result<()> {
    prctl(libc::PR_SET_KEEPCAPS, 1, 0, "PR_SET_KEEPCAPS").map(|_| ())
}

/// Drops every capability outside `keep` from the bounding set.
///
/// # Errors
/// The kernel's, with the call.
pub fn limit_bounding_set(keep: u64) -> Result<()> {
    for capability in (0..64).filter(|n| keep & (1 << n) == 0) {
        match prctl(libc::PR_CAPBSET_DROP, capability, 0, "PR_CAPBSET_DROP") {
            // Past the last one that the kernel knows.
            Err(error) if error.errno() == Some(libc::EINVAL) => break,
            other => other?,
        };
    }
    Ok(())
}

/// Puts the capabilities in `set` in the ambient set; returns those that the kernel refused.
pub fn raise_ambient(set: u64) -> u64 {
    let raise = |n: &libc::c_ulong| {
        prctl(
            libc::PR_CAP_AMBIENT,
            libc::PR_CAP_AMBIENT_RAISE as libc::c_ulong,
            *n,
            "PR_CAP_AMBIENT",
        )
        .is_err()
    };
    (0..64)
        .filter(|n| set & (1 << n) != 0)
        .filter(raise)
        .fold(0, |refused, n| refused | 1 << n)
}

const CAPABILITY_VERSION_3: u32 = 0x2008_0522;

#[repr(C)]
struct CapHeader {
    version: u32,
    pid: i32,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
struct CapData {
    effective: u32,
    permitted: u32,
    inheritable: u32,
}

/// Three of a thread's capability sets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct CapSets {
    /// In force.
    pub effective: u64,
    /// The limit of `effective`.
    pub permitted: u64,
    /// Kept over execve of a file that asks for them.
    pub inheritable: u64,
}

/// The capabilities of the calling thread.
///
/// # Errors
/// The kernel's, with the call.
pub fn capabilities() -> Result<CapSets> {
    let mut header = CapHeader {
        version: CAPABILITY_VERSION_3,
        pid: 0,
    };
    let mut data = [CapData::default(); 2];
    // SAFETY: header and the two halves of version 3 live through the call and have the kernel's layout.
    let result = unsafe { libc::syscall(libc::SYS_capget, &raw mut header, data.as_mut_ptr()) };
    check(result, || "capget()".to_owned())?;
    let join = |pick: fn(&CapData) -> u32| u64::from(pick(&data[0])) | u64::from(pick(&data[1])) << 32;
    Ok(CapSets {
        effective: join(|half| half.effective),
        permitted: join(|half| half.permitted),
        inheritable: join(|half| half.inheritable),
    })
}

/// Sets the capabilities of the calling thread.
///
/// # Errors
/// The kernel's, with the call.
#[expect(clippy::cast_possible_truncation, reason = "each half takes its 32 bits")]
pub fn set_capabilities(sets: &CapSets) -> Result<()> {
    let mut header = CapHeader {
        version: CAPABILITY_VERSION_3,
        pid: 0,
    };
    let half = |shift: u32| CapData {
        effective: (sets.effective >> shift) as u32,
        permitted: (sets.permitted >> shift) as u32,
        inheritable: (sets.inheritable >> shift) as u32,
    };
    let data = [half(0), half(32)];
    // SAFETY: header and the two halves of version 3 live through the call and have the kernel's layout.
    let result = unsafe { libc::syscall(libc::SYS_capset, &raw mut header, data.as_ptr()) };
    check(result, || format!("capset({sets:x?})")).map(|_| ())
}

/// Changes real, effective and saved user id: the raw call, since the process has one thread.
///
/// # Errors
/// The kernel's, with the call; EINVAL when the user namespace does not map the id.
pub fn set_user(uid: u32) -> Result<()> {
    // SAFETY: plain integers.
    let result = unsafe { libc::syscall(libc::SYS_setresuid, uid, uid, uid) };
    check(result, || format!("setresuid({uid})")).map(|_| ())
}

/// Changes real, effective and saved group id.
///
/// # Errors
/// The kernel's, with the call; EINVAL when the user namespace does not map the id.
pub fn set_group(gid: u32) -> Result<()> {
    // SAFETY: plain integers.
    let result = unsafe { libc::syscall(libc::SYS_setresgid, gid, gid, gid) };
    check(result, || format!("setresgid({gid})")).map(|_| ())
}

/// Changes the supplementary groups.
///
/// # Errors
/// The kernel's, with the call; EPERM in a user namespace that denies it.
pub fn set_groups(groups: &[u32]) -> Result<()> {
    // SAFETY: the pointer and the length are of one slice of gid_t.
    let result = unsafe { libc::syscall(libc::SYS_setgroups, groups.len(), groups.as_ptr()) };
    check(result, || format!("setgroups({groups:?})")).map(|_| ())
}

/// Joins a namespace of the kind given (CLONE_NEW…).
///
/// # Errors
/// The kernel's, with the call; EINVAL when it is of another kind.
pub fn join_namespace(namespace: BorrowedFd<'_>, kind: i32) -> Result<()> {
    // SAFETY: plain integers. nix's wrapper does not know CLONE_NEWTIME.
    let result = unsafe { libc::syscall(libc::SYS_setns, std::os::fd::AsRawFd::as_raw_fd(&namespace), kind) };
    check(result, || format!("setns({kind:#x})")).map(|_| ())
}

/// Makes new namespaces (CLONE_NEW…) for the calling process or its children.
///
/// # Errors
/// The kernel's, with the call.
pub fn unshare(kinds: i32) -> Result<()> {
    named(nix::sched::unshare(CloneFlags::from_bits_retain(kinds)), || {
        format!("unshare({kinds:#x})")
    })
}

/// Joins a new session keyring.
///
/// # Errors
/// The kernel's, with the call.
pub fn new_session_keyring(name: &str) -> Result<()> {
    let text = c_string(name)?;
    // SAFETY: the name lives through the call.
    let result = unsafe { libc::syscall(libc::SYS_keyctl, libc::KEYCTL_JOIN_SESSION_KEYRING, text.as_ptr()) };
    check(result, || format!("keyctl(JOIN_SESSION_KEYRING, {name:?})")).map(|_| ())
}

/// Sets a resource limit of a process (0: the calling one).
///
/// # Errors
/// The kernel's, with the call.
pub fn set_limit(pid: i32, resource: u32, soft: u64, hard: u64) -> Result<()> {
    let limit = libc::rlimit64 {
        rlim_cur: soft,
        rlim_max: hard,
    };
    // SAFETY: the struct lives through the call; the old limit is not asked for.
    let result = unsafe {
        libc::syscall(
            libc::SYS_prlimit64,
            pid,
            resource,
            &raw const limit,
            std::ptr::null_mut::<libc::rlimit64>(),
        )
    };
    check(result, || format!("prlimit({pid}, {resource}, {soft}, {hard})"))
        .map(|_| ())
        .map_err(|error| match error.errno() {
            Some(libc::EPERM) => {
                error.hint("raising a hard limit needs CAP_SYS_RESOURCE, which the runtime does not have")
            }
            _ => error,
        })
}

/// Sets the NIS domain name of the uts namespace.
///
/// # Errors
/// The kernel's, with the call.
pub fn set_domain_name(name: &str) -> Result<()> {
    // SAFETY: pointer and length are of one string; the kernel reads no further.
    let result = unsafe { libc::syscall(libc::SYS_setdomainname, name.as_ptr(), name.len()) };
    check(result, || format!("setdomainname({name:?})")).map(|_| ())
}

/// Whether a descriptor is open and outlives an execve: one's own never do, so that it came from the caller.
pub fn is_inherited(fd: RawFd) -> bool {
    // SAFETY: the call takes plain integers and changes nothing.
    let flags = unsafe { libc::syscall(libc::SYS_fcntl, fd, libc::F_GETFD) };
    flags >= 0 && flags & libc::c_long::from(libc::FD_CLOEXEC) == 0
}

/// Closes every descriptor from `first` on but those to keep.
///
/// # Errors
/// The kernel's, with the call.
pub fn close_all_but(first: u32, keep: &[RawFd]) -> Result<()> {
    let mut keep: Vec<u32> = keep
        .iter()
        .map(|fd| fd.cast_unsigned())
        .filter(|fd| *fd >= first)
        .collect();
    keep.sort_unstable();
    let mut from = first;
    for kept in keep {
        if from < kept {
            close_range(from, kept - 1, 0)?;
        }
        from = kept + 1;
    }
    close_range(from, u32::MAX, 0)
}

/// Every descriptor from `first` on closes on execve.
///
/// # Errors
/// The kernel's, with the call.
pub fn close_on_exec_from(first: u32) -> Result<()> {
    const CLOSE_RANGE_CLOEXEC: libc::c_uint = 4;
    close_range(first, u32::MAX, CLOSE_RANGE_CLOEXEC)
}

/// Closes a descriptor that nothing of this program owns.
pub(super) fn close(fd: RawFd) {
    // SAFETY: the caller says that nobody uses it any more.
    unsafe { libc::syscall(libc::SYS_close, fd) };
}

/// Marks a descriptor close-on-exec; one that is not open is fine.
pub(super) fn set_close_on_exec(fd: RawFd) {
    // SAFETY: plain integers.
    unsafe { libc::syscall(libc::SYS_fcntl, fd, libc::F_SETFD, libc::FD_CLOEXEC) };
}

fn close_range(first: u32, last: u32, flags: libc::c_uint) -> Result<()> {
    // SAFETY: plain integers. What is closed is not used any more: the callers give what is to be kept.
    let result = unsafe { libc::syscall(libc::SYS_close_range, first, last, flags) };
    match check(result, || format!("close_range({first}, {last}, {flags:#x})")) {
        Err(error) if old::is_missing(&error) => old::descriptors::close_range(first, last, flags != 0),
        done => done.map(|_| ()),
    }
}

/// Replaces the program; returns only if that failed.
pub fn execute(path: &str, args: &[CString], env: &[CString]) -> Error {
    match c_string(path) {
        Err(error) => error,
        Ok(name) => {
            let error = nix::unistd::execve(&name, args, env)
                .err()
                .unwrap_or(Errno::UnknownErrno);
            Error::syscall(format!("execve({path:?})"), error as i32)
        }
    }
}

/// Unblocks all signals, and gives those that the process ignores their default meaning, as the next program expects it: the language's own
/// start ignores SIGPIPE, a caller may ignore SIGCHLD. What nohup(1) and a shell's background jobs ignore, SIGHUP and
/// SIGINT, stays so.
pub fn default_signals() {
    let kept = [libc::SIGHUP, libc::SIGINT, libc::SIGKILL, libc::SIGSTOP];
    // An empty set is always valid.
    let _ = nix::sys::signal::SigSet::empty().thread_set_mask();
    for signal in (1..32).filter(|signal| !kept.contains(signal)) {
        // SAFETY: the default disposition runs no code of this process.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
}

/// Lets the signals that ask a program to end do so, which the kernel keeps from the init of a pid namespace as long as
/// it does not handle them. What is ignored stays ignored; execve gives all of them their default meaning again.
pub fn end_by_signals() {
    extern "C" fn end(signal: libc::c_int) {
        exit_now(128 + signal)
    }
    for signal in [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTERM] {
        // SAFETY: the handler makes one system call and does not return.
        unsafe {
            if libc::signal(signal, end as *const () as libc::sighandler_t) == libc::SIG_IGN {
                libc::signal(signal, libc::SIG_IGN);
            }
        }
    }
}

/// Ends the process at once, without destructors: for the container's side after a failure.
pub fn exit_now(code: i32) -> ! {
    // SAFETY: no memory of the process is touched, and neither call gives control back. exit_group returns only under a
    // system call filter that denies it; the C library's own _exit would then try again for ever, so crash instead.
    unsafe {
        libc::syscall(libc::SYS_exit_group, code);
        libc::abort()
    }
}
