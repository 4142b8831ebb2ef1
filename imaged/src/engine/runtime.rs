//! Calls of the runtime for a container that is there: what the shim has no part in.

use std::io::Write;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use nix::libc::SIGKILL;

use super::layout::Containers;
use super::record::Record;
use crate::error::{Error, Kind, Result};
use crate::log;
use crate::sys::pidfd::Process;

/// How long a runtime may take: as long as under the shim.
pub(super) const PATIENCE: Duration = Duration::from_secs(120);

/// Runs the container's runtime with these words and returns what it printed.
///
/// # Errors
/// In the runtime's own words; `Conflict` when it does not end.
pub(super) fn call(containers: &Containers, record: &Record, words: &[&str]) -> Result<Vec<u8>> {
    call_with(containers, record, words, &[])
}

/// The same with something on its standard input.
///
/// # Errors
/// As [`call`].
pub(super) fn call_with(
    containers: &Containers,
    record: &Record,
    words: &[&str],
    input: &[u8],
) -> Result<Vec<u8>> {
    let mut command = command(containers, record, words);
    command
        .stdin(if input.is_empty() {
            Stdio::null()
        } else {
            Stdio::piped()
        })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    log::debug(format_args!("the runtime: {}", log::command_line(&command)));
    let mut child = command
        .spawn()
        .map_err(|error| Error::io(format!("start {}", record.runtime), &error))?;
    if let Some(mut stdin) = child.stdin.take() {
        // If it does not read, its own message says why.
        let _ = stdin.write_all(input);
    }
    let output = end_of(child, PATIENCE, record, words)?;
    match output.status.success() {
        true => Ok(output.stdout),
        false => Err(failed(record, words, &output.stderr)),
    }
}

/// The container's runtime with these words, not yet started.
pub(super) fn command(containers: &Containers, record: &Record, words: &[&str]) -> Command {
    let mut command = Command::new(&record.runtime);
    command.arg("--root").arg(containers.runtime_root()).args(words);
    command
}

/// What became of the call. One that takes too long is killed, and not waited for if even that does not help.
fn end_of(child: Child, patience: Duration, record: &Record, words: &[&str]) -> Result<Output> {
    let process = i32::try_from(child.id()).ok().map(Process::open).transpose()?;
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(child.wait_with_output()));
    match receiver.recv_timeout(patience) {
        Ok(output) => output.map_err(|error| Error::io(format!("wait for {}", record.runtime), &error)),
        Err(_) => {
            if let Some(process) = process {
                process.signal(SIGKILL)?;
            }
            let call = format!("{} {}", record.runtime, words.join(" "));
            Err(Error::new(
                Kind::Conflict,
                format!(
                    "{call}: it did not end within {} seconds and was killed",
                    patience.as_secs()
                ),
            )
            .hint("a cgroup that does not freeze, or a process in state D, holds a runtime up"))
        }
    }
}

/// The error of a call that failed, by what the runtime wrote on its standard error.
pub(super) fn failed(record: &Record, words: &[&str], stderr: &[u8]) -> Error {
    let message = String::from_utf8_lossy(stderr);
    let call = format!("{} {}", record.runtime, words.join(" "));
    Error::new(Kind::System, format!("{call}: {}", message.trim()))
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn a_runtime_that_hangs_is_killed() {
        let record = Record::new(String::new(), String::new(), String::new(), "rt".into());
        let mut command = Command::new("sleep");
        command.arg("1000").stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        let process = Process::open(i32::try_from(child.id()).unwrap()).unwrap();
        let error = end_of(child, Duration::from_millis(50), &record, &["pause", "x"]).unwrap_err();
        assert!(
            error.to_string().starts_with("rt pause x: it did not end"),
            "{error}"
        );
        assert!(process.wait(Some(Instant::now() + PATIENCE)).unwrap());
    }
}
