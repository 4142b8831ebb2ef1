//! bpf(2) for device programs of cgroups: load, attach, query, detach.
#![allow(unsafe_code, reason = "bpf(2) has no safe wrapper")]

use nix::errno::Errno;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

const PROG_LOAD: libc::c_int = 5;
const PROG_ATTACH: libc::c_int = 8;
const PROG_DETACH: libc::c_int = 9;
const PROG_GET_FD_BY_ID: libc::c_int = 13;
const PROG_QUERY: libc::c_int = 16;

const PROG_TYPE_CGROUP_DEVICE: u32 = 15;
const ATTACH_TYPE_CGROUP_DEVICE: u32 = 6;
const ALLOW_MULTI: u32 = 2;

/// The most programs that a group can have.
const MAX_PROGRAMS: usize = 64;

/// The members of `union bpf_attr` for `BPF_PROG_LOAD`, as far as they are used.
#[repr(C)]
struct LoadAttr {
    prog_type: u32,
    instruction_count: u32,
    instructions: u64,
    license: u64,
    log_level: u32,
    log_size: u32,
    log_buffer: u64,
    kernel_version: u32,
    flags: u32,
}

/// … for `BPF_PROG_ATTACH` and `BPF_PROG_DETACH`.
#[repr(C)]
struct AttachAttr {
    target: RawFd,
    program: RawFd,
    attach_type: u32,
    flags: u32,
}

/// … for `BPF_PROG_QUERY`.
#[repr(C)]
struct QueryAttr {
    target: RawFd,
    attach_type: u32,
    query_flags: u32,
    attach_flags: u32,
    ids: u64,
    count: u32,
    padding: u32,
}

/// … for `BPF_PROG_GET_FD_BY_ID`.
#[repr(C)]
struct IdAttr {
    id: u32,
    next: u32,
    open_flags: u32,
}

/// The device programs of a group, as the kernel numbers them, and how they were attached.
#[derive(Debug)]
pub struct Attached {
    ids: Vec<u32>,
    flags: u32,
}

/// Loads a device program.
///
/// # Errors
/// The kernel's: `EPERM` without privilege, `EINVAL` or `EACCES` when the verifier refuses it.
pub fn load_device_program(instructions: &[[u8; 8]]) -> Result<OwnedFd, Errno> {
    let mut attr = LoadAttr {
        prog_type: PROG_TYPE_CGROUP_DEVICE,
        instruction_count: u32::try_from(instructions.len()).map_err(|_| Errno::E2BIG)?,
        instructions: instructions.as_ptr() as u64,
        license: c"Apache-2.0".as_ptr() as u64,
        log_level: 0,
        log_size: 0,
        log_buffer: 0,
        kernel_version: 0,
        flags: 0,
    };
    // SAFETY: attr has the layout of bpf_attr's first bytes, and the instructions and the licence outlive the call.
    let fd = unsafe { bpf(PROG_LOAD, &mut attr) }?;
    // SAFETY: the kernel has just made this descriptor (close-on-exec), and nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// The device programs of a group.
///
/// # Errors
/// The kernel's.
pub fn attached_device_programs(group: BorrowedFd<'_>) -> Result<Attached, Errno> {
    let mut ids = vec![0_u32; MAX_PROGRAMS];
    let mut attr = QueryAttr {
        target: group.as_raw_fd(),
        attach_type: ATTACH_TYPE_CGROUP_DEVICE,
        query_flags: 0,
        attach_flags: 0,
        ids: ids.as_mut_ptr() as u64,
        count: u32::try_from(MAX_PROGRAMS).map_err(|_| Errno::E2BIG)?,
        padding: 0,
    };
    // SAFETY: attr has the layout of bpf_attr's first bytes; the kernel writes at most `count` ids, which there are.
    unsafe { bpf(PROG_QUERY, &mut attr) }?;
    ids.truncate(attr.count as usize);
    Ok(Attached {
        ids,
        flags: attr.attach_flags,
    })
}

/// Attaches a program to a group in place of those that it has; there is no moment without any.
///
/// # Errors
/// The kernel's.
pub fn replace_device_programs(
    group: BorrowedFd<'_>,
    program: BorrowedFd<'_>,
    old: &Attached,
) -> Result<(), Errno> {
    let many = old.ids.is_empty() || old.flags & ALLOW_MULTI != 0;
    // A single program attached without ALLOW_MULTI is replaced by attaching with the same flags.
    attach_call(
        PROG_ATTACH,
        group,
        program,
        if many { ALLOW_MULTI } else { old.flags },
    )?;
    if !many {
        return Ok(());
    }
    for id in &old.ids {
        match program_by_id(*id)
            .and_then(|fd| attach_call(PROG_DETACH, group, std::os::fd::AsFd::as_fd(&fd), 0))
        {
            Ok(()) | Err(Errno::ENOENT) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

fn attach_call(
    command: libc::c_int,
    group: BorrowedFd<'_>,
    program: BorrowedFd<'_>,
    flags: u32,
) -> Result<(), Errno> {
    let mut attr = AttachAttr {
        target: group.as_raw_fd(),
        program: program.as_raw_fd(),
        attach_type: ATTACH_TYPE_CGROUP_DEVICE,
        flags,
    };
    // SAFETY: attr has the layout of bpf_attr's first bytes and holds no pointers.
    unsafe { bpf(command, &mut attr) }.map(drop)
}

fn program_by_id(id: u32) -> Result<OwnedFd, Errno> {
    let mut attr = IdAttr {
        id,
        next: 0,
        open_flags: 0,
    };
    // SAFETY: attr has the layout of bpf_attr's first bytes and holds no pointers.
    let fd = unsafe { bpf(PROG_GET_FD_BY_ID, &mut attr) }?;
    // SAFETY: the kernel has just made this descriptor (close-on-exec), and nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// The system call.
///
/// # Safety
/// `attr` must have the layout of the command's part of `union bpf_attr`, and its pointers must be valid for it.
unsafe fn bpf<T>(command: libc::c_int, attr: &mut T) -> Result<RawFd, Errno> {
    let pointer: *mut T = attr;
    // SAFETY: the caller vouches for what attr holds; the size is its own, and the kernel reads no further.
    let result = unsafe { libc::syscall(libc::SYS_bpf, command, pointer, size_of::<T>()) };
    Errno::result(result).map(|fd| RawFd::try_from(fd).unwrap_or(-1))
}
