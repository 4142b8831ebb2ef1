//! Corten's OCI runtime: an OCI bundle in, an isolated process out.
//!
//! `argv → cli → commands → plan (pure) → ops → apply/launch → sys → kernel`.
//! A module uses only modules further down in this list: `main`, `commands`, `container`, `launch`,
//! `apply`, `plan`, `host`, `sys`/`oci`/`dbus`, `cli`/`error`/`log`; `tests/it/layers.rs` holds the table.
#![deny(unsafe_code)]

pub mod apply;
mod cli;
mod commands;
mod container;
pub mod dbus;
pub mod error;
pub mod host;
pub mod launch;
mod log;
pub mod oci;
pub mod plan;
pub mod sys;
mod timestamp;

use commands::Failure;
use std::io::Write;
use sys::entry::{self, Arguments};

/// Runs the program with the given arguments (the first is the program's name) and returns its exit code.
pub fn main(arguments: Arguments) -> u8 {
    entry::prepare();
    match commands::run(arguments) {
        Ok(code) => code,
        Err(failure) => {
            report(&failure);
            failure.code
        }
    }
}

/// The command line of the program, for its man pages and completions.
pub fn command() -> clap::Command {
    commands::command()
}

/// Prints the one error, its hints after it, and logs it: the only place that does.
fn report(failure: &Failure) {
    let message = failure.error.to_string();
    log::error(&message, failure.error.hints());
    let hints = failure
        .error
        .hints()
        .iter()
        .map(|hint| format!("hint: {hint}\n"))
        .collect::<String>();
    // When even standard error is gone, the exit code has to tell.
    drop(std::io::stderr().write_all(format!("{message}\n{hints}").as_bytes()));
}
