//! The few C calls that std does not offer: extended attributes, the terminal's size, pause, a crash.
#![allow(unsafe_code, reason = "calls into libc, which std links anyway")]

use std::ffi::{CString, OsStr, OsString, c_char, c_int, c_long, c_ulong, c_void};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

unsafe extern "C" {
    fn llistxattr(path: *const c_char, list: *mut c_char, size: usize) -> isize;
    fn lgetxattr(path: *const c_char, name: *const c_char, value: *mut c_void, size: usize) -> isize;
    fn ioctl(fd: c_int, request: c_ulong, ...) -> c_int;
    fn pause() -> c_int;
    fn isatty(fd: c_int) -> c_int;
    fn sigprocmask(how: c_int, set: *const u64, old: *mut u64) -> c_int;
    fn sigwait(set: *const u64, signal: *mut c_int) -> c_int;
    fn getrusage(who: c_int, usage: *mut c_long) -> c_int;
}

const TIOCGWINSZ: c_ulong = 0x5413;

fn c_path(path: &OsStr) -> io::Result<CString> {
    CString::new(path.as_bytes()).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))
}

/// A buffer that a call fills: its length, or the errno.
fn filled(mut buffer: Vec<u8>, length: isize) -> io::Result<Vec<u8>> {
    let length = usize::try_from(length).map_err(|_| io::Error::last_os_error())?;
    buffer.truncate(length);
    Ok(buffer)
}

/// The names of a file's extended attributes, sorted; symlinks are not followed.
pub(crate) fn xattr_names(path: &Path) -> io::Result<Vec<OsString>> {
    let path = c_path(path.as_os_str())?;
    let mut buffer = vec![0_u8; 65_536];
    // SAFETY: `path` ends in NUL and the buffer is as long as said; both outlive the call.
    let length = unsafe { llistxattr(path.as_ptr(), buffer.as_mut_ptr().cast(), buffer.len()) };
    let mut names: Vec<OsString> = filled(buffer, length)?
        .split(|&b| b == 0)
        .filter(|name| !name.is_empty())
        .map(|name| OsString::from_vec(name.to_vec()))
        .collect();
    names.sort();
    Ok(names)
}

/// The value of one extended attribute.
pub(crate) fn xattr(path: &Path, name: &OsStr) -> io::Result<Vec<u8>> {
    let path = c_path(path.as_os_str())?;
    let name = c_path(name)?;
    let mut buffer = vec![0_u8; 65_536];
    // SAFETY: both strings end in NUL and the buffer is as long as said; all outlive the call.
    let length = unsafe {
        lgetxattr(
            path.as_ptr(),
            name.as_ptr(),
            buffer.as_mut_ptr().cast(),
            buffer.len(),
        )
    };
    filled(buffer, length)
}

/// Rows and columns of the terminal on standard input.
pub(crate) fn window_size() -> io::Result<(u16, u16)> {
    let mut size = [0_u16; 4];
    // SAFETY: TIOCGWINSZ writes a struct winsize, which is four unsigned shorts.
    let result = unsafe { ioctl(0, TIOCGWINSZ, size.as_mut_ptr()) };
    if result == -1 {
        Err(io::Error::last_os_error())
    } else {
        Ok((size[0], size[1]))
    }
}

/// Waits until the terminal on standard input has been given a size.
pub(crate) fn await_window_size() -> io::Result<()> {
    const SIG_BLOCK: c_int = 0;
    const SIGWINCH: u32 = 28;
    // A sigset_t: 1,024 bits, the first for signal 1.
    let mut set = [0_u64; 16];
    set[0] = 1 << (SIGWINCH - 1);
    // SAFETY: the set is as long as the C library's; nothing is asked for of the old one.
    if unsafe { sigprocmask(SIG_BLOCK, set.as_ptr(), std::ptr::null_mut()) } != 0 {
        return Err(io::Error::last_os_error());
    }
    while window_size()? == (0, 0) {
        let mut signal = 0;
        // SAFETY: both are places of the types that the call takes.
        if unsafe { sigwait(set.as_ptr(), &raw mut signal) } != 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

/// Is this descriptor a terminal?
pub(crate) fn is_terminal(fd: c_int) -> bool {
    // SAFETY: takes a number only.
    unsafe { isatty(fd) == 1 }
}

/// The largest resident set, in KiB, of the children that were waited for.
pub(crate) fn peak_of_children() -> io::Result<c_long> {
    const RUSAGE_CHILDREN: c_int = -1;
    // struct rusage: two struct timeval, then ru_maxrss and 13 more longs.
    let mut usage = [0 as c_long; 4 + 14];
    // SAFETY: the array has the size of struct rusage (plus nothing), and outlives the call.
    let result = unsafe { getrusage(RUSAGE_CHILDREN, usage.as_mut_ptr()) };
    if result == -1 {
        Err(io::Error::last_os_error())
    } else {
        Ok(usage[4])
    }
}

/// Waits for signals for ever.
pub(crate) fn pause_forever() -> ! {
    loop {
        // SAFETY: has no argument.
        unsafe { pause() };
    }
}

/// Dies by SIGSEGV, which ends even the init process of a pid namespace.
pub(crate) fn crash() -> ! {
    // SAFETY: not safe at all, and meant so: the page of address 0 is never mapped, the access faults.
    unsafe { std::ptr::without_provenance_mut::<u8>(8).write_volatile(1) };
    unreachable!("the write faults")
}
