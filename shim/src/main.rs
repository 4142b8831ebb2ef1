//! The `corten-shim` program: everything is in the library, `main` only turns it into an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    corten_shim::main(std::env::args_os())
}
