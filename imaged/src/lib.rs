//! Corten's image manager: images, and containers made of them.
#![deny(unsafe_code)]

use std::ffi::OsString;
use std::process::ExitCode;

/// Runs the program with the given arguments (the first is the program's name) and returns its exit code.
pub fn main(_args: impl IntoIterator<Item = OsString>) -> ExitCode {
    ExitCode::FAILURE
}
