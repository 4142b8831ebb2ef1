//! Corten's image manager: images, and containers made of them.
//!
//! `argv → cli → commands → engine, registry, store → plan (pure) → oci, sys → kernel`.
#![deny(unsafe_code)]

pub mod archive;
pub mod assemble;
mod cli;
mod commands;
mod copy;
mod engine;
pub mod error;
mod events;
mod format;
pub mod image;
pub mod layer;
mod log;
pub mod oci;
mod output;
mod plan;
pub mod registry;
mod settings;
pub mod snapshot;
pub mod store;
mod sys;
pub mod trust;

use std::ffi::OsString;
use std::process::ExitCode;

use error::{Error, Kind};

/// Runs the program with the given arguments (the first is the program's name) and returns its exit code.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    match cli::run(args) {
        Ok(code) => code,
        Err(error) => {
            output::error(&error);
            ExitCode::from(exit_code(&error))
        }
    }
}

/// The command line as clap knows it: manual pages and completions are made from it.
pub fn command() -> clap::Command {
    cli::command()
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
