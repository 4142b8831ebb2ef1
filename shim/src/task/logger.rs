//! A program that takes a container's output (`binary:///PROGRAM?name=value`): it reads stdout from descriptor 3 and
//! stderr from 4, and closes 5 when it is ready (containerd, docs/runtime: "Logging").

use std::ffi::{CString, OsString};
use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use super::streams::percent_decoded;
use crate::error::{Error, Kind, Result};
use crate::sys::epoll::Watch;
use crate::sys::files::{pipe, set_nonblocking};
use crate::sys::process::{self, PidFd};

/// How long it may take until it is ready.
const PATIENCE: Duration = Duration::from_secs(10);

/// A program that starts.
pub struct Logger {
    /// Ends when it is ready, or has gone.
    pub ready: File,
    /// What that waits for in the epoll set.
    pub watch: Watch,
    /// When it must be ready.
    pub deadline: Instant,
    /// Not its number: who has it by then nobody knows, once the program has been reaped.
    handle: PidFd,
}

/// What can be said of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Not yet.
    Waiting,
    /// It reads.
    Ready,
}

impl Logger {
    /// Starts the program; returns the ends for the process's stdout and stderr, too.
    ///
    /// # Errors
    /// It cannot be executed.
    pub fn start(uri: &str, id: &str, namespace: &str) -> Result<(Self, OwnedFd, OwnedFd)> {
        let line = command_line(uri)?;
        let (read_stdout, stdout) = pipe()?;
        let (read_stderr, stderr) = pipe()?;
        let (ready, its_ready) = pipe()?;
        let ready = File::from(ready);
        set_nonblocking(&ready)?;
        let environment = [
            format!("CONTAINER_ID={id}"),
            format!("CONTAINER_NAMESPACE={namespace}"),
        ];
        let environment: Vec<CString> = environment
            .into_iter()
            .filter_map(|variable| CString::new(variable).ok())
            .collect();
        let more = [(read_stdout, 3), (read_stderr, 4), (its_ready, 5)];
        let pid = process::spawn_with(&line, [None, None, None], &more, &environment)?;
        let logger = Self {
            ready,
            watch: Watch::default(),
            deadline: Instant::now() + PATIENCE,
            handle: PidFd::open(pid)?,
        };
        Ok((logger, stdout, stderr))
    }

    /// Looks whether it is ready.
    pub fn progress(&mut self) -> Progress {
        let mut byte = [0];
        match self.ready.read(&mut byte) {
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => Progress::Waiting,
            // It may write a byte, close its end, or have gone: then its pipes tell the container.
            _ => Progress::Ready,
        }
    }

    /// It was not ready in time.
    pub fn give_up(&self) -> Error {
        let _ = self.handle.send(libc::SIGKILL);
        let why = format!(
            "the program for the output was not ready within {} s",
            PATIENCE.as_secs()
        );
        Error::new(Kind::Input, why).hint("it must close descriptor 5 when it reads 3 and 4")
    }
}

/// The program that takes stdout takes stderr, too.
pub(super) fn only_for_stdout() -> Error {
    Error::new(
        Kind::Input,
        "binary:// is for stdout, whose program takes stderr, too",
    )
}

/// The program's path, then the names and values of the query, one word each.
fn command_line(uri: &str) -> Result<Vec<OsString>> {
    let rest = uri.strip_prefix("binary://").unwrap_or(uri);
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    if !path.starts_with('/') {
        return Err(Error::new(
            Kind::Input,
            format!("{uri} names no program by its absolute path"),
        ));
    }
    let mut line = vec![percent_decoded(path).into()];
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        line.push(percent_decoded(&name.replace('+', " ")).into());
        line.push(percent_decoded(&value.replace('+', " ")).into());
    }
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_query_becomes_words() {
        let words = command_line("binary:///usr/bin/log%20it?tag=a+b&level=%31&x").expect("a path");
        assert_eq!(words, ["/usr/bin/log it", "tag", "a b", "level", "1", "x", ""]);
        command_line("binary://log").expect_err("relative");
    }
}
