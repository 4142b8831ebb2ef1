//! Corten's image manager: images, and containers made of them.
//!
//! `argv → cli → commands → engine, registry, store → plan (pure) → oci, sys → kernel`.
#![deny(unsafe_code)]

mod cli;
mod commands;
pub mod error;
mod format;
pub mod image;
pub mod layer;
pub mod oci;
mod output;
pub mod registry;
mod settings;
pub mod snapshot;
pub mod store;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use error::{Error, Kind};

/// Runs the program with the given arguments (the first is the program's name) and returns its exit code.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    match cli::run(args) {
        Ok(code) => code,
        Err(error) => {
            report(&error);
            ExitCode::from(exit_code(&error))
        }
    }
}

/// The command line as clap knows it: manual pages and completions are made from it.
pub fn command() -> clap::Command {
    cli::command()
}

/// Prints the one error of the program, its hints below it. Nothing can be done when stderr is gone.
fn report(error: &Error) {
    if error.kind() == Kind::Closed {
        return;
    }
    let mut text = format!("Error: {error}\n");
    for hint in error.hints() {
        text.push_str(&format!("  hint: {hint}\n"));
    }
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// Docker's codes: 125 for what corten itself could not do with a container, 126 and 127 for its command.
fn exit_code(error: &Error) -> u8 {
    match error.kind() {
        Kind::NotExecutable => 126,
        Kind::CommandNotFound => 127,
        Kind::NotStarted => 125,
        // What a shell shows for a writer whose reader went away.
        Kind::Closed => 141,
        _ => 1,
    }
}
