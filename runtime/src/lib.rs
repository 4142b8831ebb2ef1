//! Corten's OCI runtime: an OCI bundle in, an isolated process out.
//!
//! `argv → cli → commands → plan (pure) → ops → apply/launch → sys → kernel`.
//! A module uses only modules further down in this list: `main`, `commands`, `container`, `launch`,
//! `apply`, `plan`, `host`, `sys`/`oci`, `cli`/`error`; `tests/it/layers.rs` holds the table.
#![deny(unsafe_code)]

pub mod error;
pub mod oci;
pub mod plan;
pub mod sys;

use std::ffi::OsString;
use std::process::ExitCode;

/// Runs the program with the given arguments (the first is the program's name) and returns its exit code.
pub fn main(_args: impl IntoIterator<Item = OsString>) -> ExitCode {
    ExitCode::FAILURE
}
