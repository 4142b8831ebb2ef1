//! The `corten-runtime` program: everything is in the library, `main` only turns it into an exit code.

use corten_runtime::sys::alloc::Bump;
use std::process::ExitCode;

#[global_allocator]
static MEMORY: Bump = Bump;

fn main() -> ExitCode {
    corten_runtime::main(std::env::args_os())
}
