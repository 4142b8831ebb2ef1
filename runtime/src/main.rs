//! The `corten-runtime` program: everything is in the library, `main` only turns it into an exit code.
#![no_main]

use corten_runtime::sys::alloc::Bump;
use corten_runtime::sys::entry::Arguments;
use std::ffi::{c_char, c_int};

#[global_allocator]
static MEMORY: Bump = Bump;

/// What the C library calls; see `sys::entry` for why Rust's own start is left out.
///
/// # Safety
/// The arguments are those that the C library gives to `main`.
#[expect(
    unsafe_code,
    reason = "the C library finds `main` by its name, and hands over bare pointers"
)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn main(_count: c_int, arguments: *const *const c_char) -> c_int {
    // SAFETY: the caller vouches for them.
    let arguments = unsafe { Arguments::new(arguments) };
    corten_runtime::main(arguments).into()
}
