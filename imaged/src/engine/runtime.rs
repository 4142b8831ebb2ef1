//! Calls of the runtime for a container that is there: what the shim has no part in.

use std::process::{Command, Stdio};

use super::layout::Containers;
use super::record::Record;
use crate::error::{Error, Kind, Result};
use crate::log;

/// Runs the container's runtime with these words and returns what it printed.
///
/// # Errors
/// In the runtime's own words.
pub(super) fn call(containers: &Containers, record: &Record, words: &[&str]) -> Result<Vec<u8>> {
    let mut command = Command::new(&record.runtime);
    command
        .arg("--root")
        .arg(containers.runtime_root())
        .args(words)
        .stdin(Stdio::null());
    log::debug(format_args!("the runtime: {}", log::command_line(&command)));
    let output = command
        .output()
        .map_err(|error| Error::io(format!("start {}", record.runtime), &error))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    Err(failed(record, words, &output.stderr))
}

/// The error of a call that failed, by what the runtime wrote on its standard error.
pub(super) fn failed(record: &Record, words: &[&str], stderr: &[u8]) -> Error {
    let message = String::from_utf8_lossy(stderr);
    let call = format!("{} {}", record.runtime, words.join(" "));
    Error::new(Kind::System, format!("{call}: {}", message.trim()))
}
