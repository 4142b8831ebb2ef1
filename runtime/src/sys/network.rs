//! A new network namespace, made by a thread of its own while the program does something else: the kernel takes as long
//! for it as for all other namespaces of a container together.
//!
//! The thread makes system calls and nothing else, by the processor's own instruction: it shares the thread-local
//! memory of the program, errno in it, with the thread that made it.
#![allow(
    unsafe_code,
    reason = "a thread below the standard library's, and its system calls"
)]

use crate::error::{Error, Result};
use std::cell::UnsafeCell;
use std::os::fd::{FromRawFd, OwnedFd};
use std::sync::atomic::{AtomicI32, Ordering::Acquire, Ordering::Release};

/// Whether this machine's instruction is known here; elsewhere the clone makes the namespace.
pub const CAN_MAKE: bool = false;

/// No result yet; otherwise the namespace's descriptor, or a negative errno.
const NOTHING_YET: i32 = i32::MIN;

/// What the thread says; the kernel wakes who waits on it.
static RESULT: AtomicI32 = AtomicI32::new(NOTHING_YET);

/// The thread's stack: its calls need a few words.
#[repr(C, align(16))]
struct Stack(UnsafeCell<[u8; 8192]>);

// SAFETY: only one thread runs on it: `Making` is made once.
unsafe impl Sync for Stack {}

static STACK: Stack = Stack(UnsafeCell::new([0; 8192]));

/// A namespace that is being made.
#[derive(Debug)]
pub struct Making(());

impl Making {
    /// Starts the thread. A program does so once.
    ///
    /// # Errors
    /// The kernel's, with the call.
    pub fn begin() -> Result<Self> {
        // The program's memory and descriptors, but a working directory of its own: who shares one may not join mount
        // namespaces.
        let flags = libc::CLONE_VM
            | libc::CLONE_FILES
            | libc::CLONE_SIGHAND
            | libc::CLONE_THREAD
            | libc::CLONE_SYSVSEM;
        let top = STACK.0.get() as usize + size_of::<Stack>();
        // SAFETY: the thread has the stack for itself, and touches nothing else but RESULT.
        match unsafe { machine::start(flags.cast_unsigned() as usize, top) } {
            errno if errno < 0 => Err(Error::syscall("clone(CLONE_THREAD)", number(-errno))),
            _ => Ok(Self(())),
        }
    }

    /// Waits for the namespace.
    ///
    /// # Errors
    /// The kernel's, with the call.
    pub fn finish(self) -> Result<OwnedFd> {
        loop {
            match RESULT.load(Acquire) {
                NOTHING_YET => wait(),
                // SAFETY: the thread opened it for the one who waits.
                fd if fd >= 0 => return Ok(unsafe { OwnedFd::from_raw_fd(fd) }),
                errno => return Err(Error::syscall("unshare(CLONE_NEWNET)", -errno)),
            }
        }
    }
}

/// Sleeps until the thread says something, or a signal comes.
fn wait() {
    // SAFETY: the word lives for ever; futex(2) reads it only.
    unsafe {
        libc::syscall(
            libc::SYS_futex,
            RESULT.as_ptr(),
            libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG,
            NOTHING_YET,
            std::ptr::null::<libc::timespec>(),
        )
    };
}

/// What the kernel answered, as it fits.
fn number(answer: isize) -> i32 {
    i32::try_from(answer).unwrap_or(-libc::EIO)
}

/// What the thread does.
extern "C" fn make() {
    let path = c"/proc/thread-self/ns/net";
    let flags = (libc::O_RDONLY | libc::O_CLOEXEC) as usize;
    // SAFETY: plain integers and a constant string.
    let made = unsafe { machine::call(libc::SYS_unshare, [libc::CLONE_NEWNET as usize, 0, 0, 0]) };
    let result = if made < 0 {
        made
    } else {
        let arguments = [libc::AT_FDCWD as usize, path.as_ptr() as usize, flags, 0];
        // SAFETY: as above.
        unsafe { machine::call(libc::SYS_openat, arguments) }
    };
    RESULT.store(number(result), Release);
    let wake = (libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG) as usize;
    // SAFETY: the word lives for ever, and is only woken.
    unsafe { machine::call(libc::SYS_futex, [RESULT.as_ptr() as usize, wake, 1, 0]) };
}

/// The processor's own way to the kernel.
#[cfg(target_arch = "x86_64")]
mod machine {
    use std::arch::asm;

    /// Starts a thread that runs [`super::make`] and ends; returns its id or a negative errno. The C library's clone(2)
    /// refuses to make a thread that it does not know.
    ///
    /// # Safety
    /// The flags must be those of a thread, and the stack its own.
    pub(super) unsafe fn start(flags: usize, stack: usize) -> isize {
        let result;
        // SAFETY: the maker sees a plain system call. The thread, for which it returns 0, never leaves this code.
        unsafe {
            asm!(
                "syscall",
                "test rax, rax",
                "jnz 2f",
                "xor ebp, ebp",
                "call {make}",
                "xor edi, edi",
                "mov eax, {exit}",
                "syscall",
                "2:",
                make = sym super::make,
                exit = const libc::SYS_exit,
                inlateout("rax") libc::SYS_clone as isize => result,
                in("rdi") flags, in("rsi") stack, in("rdx") 0, in("r10") 0, in("r8") 0,
                lateout("rcx") _, lateout("r11") _,
                options(nostack),
            );
        }
        result
    }

    /// A system call that leaves errno alone: what the kernel returns, an error as its negative number.
    ///
    /// # Safety
    /// As the call's.
    pub(super) unsafe fn call(number: libc::c_long, arguments: [usize; 4]) -> isize {
        let [one, two, three, four] = arguments;
        let result;
        // SAFETY: the kernel's convention: it changes rax, rcx and r11, and what the caller vouches for.
        unsafe {
            asm!(
                "syscall",
                inlateout("rax") number as isize => result,
                in("rdi") one, in("rsi") two, in("rdx") three, in("r10") four,
                lateout("rcx") _, lateout("r11") _,
                options(nostack),
            );
        }
        result
    }
}

/// Where it is not known, nobody asks ([`CAN_MAKE`]).
#[cfg(not(target_arch = "x86_64"))]
mod machine {
    const UNKNOWN: isize = -(libc::ENOSYS as isize);

    /// # Safety
    /// None is needed.
    pub(super) unsafe fn start(_: usize, _: usize) -> isize {
        UNKNOWN
    }

    /// # Safety
    /// None is needed.
    pub(super) unsafe fn call(_: libc::c_long, _: [usize; 4]) -> isize {
        UNKNOWN
    }
}
