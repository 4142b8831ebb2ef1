//! The `corten` program: everything is in the library, `main` only turns it into an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    corten_imaged::main(std::env::args_os())
}
