//! The `corten-runtime` program: everything is in the library, `main` only turns it into an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    corten_runtime::main(std::env::args_os())
}
