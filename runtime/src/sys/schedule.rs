//! How the kernel treats a process: its scheduling, its I/O priority, where its memory comes from, its personality.
#![allow(unsafe_code, reason = "these system calls have no safe wrappers")]

use super::call::check;
use crate::error::Result;

/// What sched_setattr(2) sets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Scheduling {
    /// SCHED_….
    pub policy: u32,
    /// SCHED_FLAG_….
    pub flags: u64,
    /// -20 to 19.
    pub nice: i32,
    /// 1 to 99 for the real-time policies, or else 0.
    pub priority: u32,
    /// Nanoseconds.
    pub runtime: u64,
    /// Nanoseconds.
    pub deadline: u64,
    /// Nanoseconds.
    pub period: u64,
}

/// The kernel's `struct sched_attr` of Linux 5.3.
#[repr(C)]
struct Attr {
    size: u32,
    policy: u32,
    flags: u64,
    nice: i32,
    priority: u32,
    runtime: u64,
    deadline: u64,
    period: u64,
    utilization_min: u32,
    utilization_max: u32,
}

const ATTR_SIZE: u32 = 56;
const _: () = assert!(size_of::<Attr>() == ATTR_SIZE as usize, "the kernel's layout");

/// Binds the calling process to CPUs, given as a bit mask.
///
/// # Errors
/// The kernel's, with the call; EINVAL when its cpuset has none of them.
pub fn set_affinity(cpus: &[u64]) -> Result<()> {
    // SAFETY: the pointer and the length are of one slice, which the kernel only reads.
    let result = unsafe { libc::syscall(libc::SYS_sched_setaffinity, 0, size_of_val(cpus), cpus.as_ptr()) };
    check(result, || "sched_setaffinity()".to_owned()).map(|_| ())
}

/// Sets policy and priority of a process (0: the calling one).
///
/// # Errors
/// The kernel's, with the call; EPERM without CAP_SYS_NICE, and for SCHED_DEADLINE in a restricted cpuset.
pub fn set_scheduling(pid: i32, scheduling: &Scheduling) -> Result<()> {
    let attr = Attr {
        size: ATTR_SIZE,
        policy: scheduling.policy,
        flags: scheduling.flags,
        nice: scheduling.nice,
        priority: scheduling.priority,
        runtime: scheduling.runtime,
        deadline: scheduling.deadline,
        period: scheduling.period,
        utilization_min: 0,
        utilization_max: 0,
    };
    // SAFETY: the struct has the kernel's layout, says its size, and lives through the call.
    let result = unsafe { libc::syscall(libc::SYS_sched_setattr, pid, &raw const attr, 0) };
    check(result, || {
        format!(
            "sched_setattr({pid}, policy {}, flags {:#x})",
            attr.policy, attr.flags
        )
    })
    .map(|_| ())
}

/// Sets the I/O class and level of a process (0: the calling one), as one number of ioprio_set(2).
///
/// # Errors
/// The kernel's, with the call; EPERM for the real-time class without CAP_SYS_ADMIN or CAP_SYS_NICE.
pub fn set_io_priority(pid: i32, priority: u32) -> Result<()> {
    const IOPRIO_WHO_PROCESS: libc::c_int = 1;
    // SAFETY: plain integers.
    let result = unsafe { libc::syscall(libc::SYS_ioprio_set, IOPRIO_WHO_PROCESS, pid, priority) };
    check(result, || format!("ioprio_set({pid}, {priority:#x})")).map(|_| ())
}

/// Sets where the calling process's memory comes from: a mode with its flags, and the nodes as a bit mask.
///
/// # Errors
/// The kernel's, with the call; EINVAL for a node that does not exist or may not be used.
pub fn set_memory_policy(mode: u32, nodes: &[u64]) -> Result<()> {
    let mask = if nodes.is_empty() {
        std::ptr::null()
    } else {
        nodes.as_ptr()
    };
    // The kernel reads one bit less than it is told.
    let bits = if nodes.is_empty() { 0 } else { nodes.len() * 64 + 1 };
    // SAFETY: the mask lives through the call and has the bits that are read of it.
    let result = unsafe { libc::syscall(libc::SYS_set_mempolicy, mode, mask, bits) };
    check(result, || format!("set_mempolicy({mode:#x}, {nodes:x?})")).map(|_| ())
}

/// Sets the execution domain of the calling process (personality(2)).
///
/// # Errors
/// The kernel's, with the call.
pub fn set_personality(domain: u32) -> Result<()> {
    // SAFETY: a plain integer.
    let result = unsafe { libc::syscall(libc::SYS_personality, domain) };
    check(result, || format!("personality({domain:#x})")).map(|_| ())
}
