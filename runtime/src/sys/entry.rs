//! How the program begins and begins again: by the C library's `main`, without the start of Rust's own, whose ten system
//! calls and own stack for signals a program of two milliseconds, which starts twice, has no use for.
#![allow(unsafe_code, reason = "the C library hands over bare pointers")]

use super::call::check;
use crate::error::Error;
use std::ffi::{CStr, OsStr, OsString, c_char, c_int};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;

unsafe extern "C" {
    /// The environment, as the C library keeps it.
    static environ: *const *const c_char;
}

/// The words of the command line, the program's name first.
#[derive(Debug, Clone, Copy)]
pub struct Arguments(*const *const c_char);

impl Arguments {
    /// The words that `main` was called with.
    ///
    /// # Safety
    /// `vector` must be what the C library gave to `main`: strings up to a null pointer, for as long as the process lives.
    pub unsafe fn new(vector: *const *const c_char) -> Self {
        Self(vector)
    }

    /// The words, in order.
    pub fn words(self) -> impl Iterator<Item = &'static OsStr> {
        let word = move |index| {
            // SAFETY: `new` was promised a vector that ends with a null pointer; nothing is read beyond the first one.
            let text = unsafe { *self.0.add(index) };
            // SAFETY: what stands before the end are strings, for as long as the process lives.
            (!text.is_null()).then(|| OsStr::from_bytes(unsafe { CStr::from_ptr(text) }.to_bytes()))
        };
        (0..).map_while(word)
    }

    /// The words as a list of their own.
    pub fn to_vec(self) -> Vec<OsString> {
        self.words().map(OsStr::to_owned).collect()
    }

    /// Runs an open file with the same words and environment in place of this program; returns only if that failed.
    pub fn execute(self, file: BorrowedFd<'_>) -> Error {
        // SAFETY: the path is a constant string, both vectors are the C library's and end with a null pointer.
        let result = unsafe {
            libc::syscall(
                libc::SYS_execveat,
                file.as_raw_fd(),
                c"".as_ptr(),
                self.0,
                environ,
                libc::AT_EMPTY_PATH,
            )
        };
        match check(result, || "execveat()".to_owned()) {
            Err(error) => error,
            Ok(_) => Error::syscall("execveat()", libc::EINVAL),
        }
    }
}

/// Puts in order what a careless caller may have left in disorder, as Rust's start would.
///
/// A standard stream that is closed becomes /dev/null: the next file opened would take its number, and the container
/// would keep it. A broken pipe is an error of its write, and children that end are to be waited for.
pub fn prepare() {
    let mut streams = [0, 1, 2].map(|fd| libc::pollfd {
        fd,
        events: 0,
        revents: 0,
    });
    // SAFETY: the pointer and the length are of one array.
    let polled = unsafe { libc::poll(streams.as_mut_ptr(), 3, 0) };
    let closed = |stream: &libc::pollfd| polled < 0 || stream.revents & libc::POLLNVAL != 0;
    for stream in streams.iter().filter(|stream| closed(stream)) {
        fill(stream.fd);
    }
    for (signal, disposition) in [(libc::SIGPIPE, libc::SIG_IGN), (libc::SIGCHLD, libc::SIG_DFL)] {
        // SAFETY: neither disposition runs code of this process.
        unsafe { libc::signal(signal, disposition) };
    }
}

/// Opens /dev/null as the descriptor, unless it is open.
fn fill(fd: c_int) {
    // SAFETY: plain integers and a constant string. Descriptors below the number are open, so that it is the lowest free.
    unsafe {
        if libc::fcntl(fd, libc::F_GETFD) < 0 && libc::open(c"/dev/null".as_ptr(), libc::O_RDWR) != fd {
            libc::abort();
        }
    }
}
