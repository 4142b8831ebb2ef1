//! One call of the runtime's command line, and what its end says.

use std::ffi::{OsStr, OsString};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use super::Request;
use super::init::PID_FILE;
use crate::contract::control::Reason;
use crate::contract::record::Ended;
use crate::contract::runtime_log::last_error;
use crate::error::{Error, Kind, Result};
use crate::sys::process;

/// The runtime's log in the shim's directory.
pub const LOG: &str = "runtime.log";

/// What the runtime is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Set the container up.
    Create,
    /// Let init go on.
    Start,
    /// Kill what is left and remove all traces.
    Delete,
}

/// The runtime's program and its global arguments.
#[derive(Debug)]
pub struct Runtime {
    /// A path, or a name on PATH.
    pub program: OsString,
    /// Its --root.
    pub root: Option<OsString>,
    /// Further global arguments.
    pub more: Vec<OsString>,
}

impl Runtime {
    /// The words before the verb; errors go to the file `log`.
    pub fn line(&self, log: &Path) -> Vec<OsString> {
        let mut line = vec![self.program.clone()];
        if let Some(root) = &self.root {
            line.extend(["--root".into(), root.clone()]);
        }
        line.extend(["--log".into(), log.into(), "--log-format".into(), "json".into()]);
        line.extend(self.more.iter().cloned());
        line
    }
}

/// A command that runs.
#[derive(Debug)]
pub struct Call {
    /// Its process.
    pub pid: i32,
    log: PathBuf,
    /// Where its part of the log begins.
    log_start: u64,
}

impl Call {
    /// Starts the command `line` with these stdin, stdout and stderr (`None`: /dev/null); its errors are in `log`.
    ///
    /// # Errors
    /// The runtime cannot be executed.
    pub fn spawn(line: &[OsString], stdio: [Option<OwnedFd>; 3], log: PathBuf) -> Result<Self> {
        let log_start = std::fs::metadata(&log).map_or(0, |log| log.len());
        let pid = process::spawn(line, stdio).map_err(|error| match error.errno() {
            Some(libc::ENOENT) => {
                error.hint("is the runtime installed? `--runtime` takes a path or a name on PATH")
            }
            _ => error,
        })?;
        Ok(Self { pid, log, log_start })
    }

    /// Kills it. Nobody has reaped it yet, so that the number is sure.
    pub fn kill(&self) {
        process::kill(self.pid);
    }

    /// Success, or the reason in the words of the runtime, whose program this is.
    ///
    /// # Errors
    /// What to report.
    pub fn result(&self, program: &OsStr, ended: Ended) -> Result<(), Reason> {
        if ended == Ended::Exited(0) {
            return Ok(());
        }
        let log = std::fs::read(&self.log).unwrap_or_default();
        let own = usize::try_from(self.log_start)
            .ok()
            .and_then(|start| log.get(start..));
        let reason = last_error(own.unwrap_or_default());
        let name = program.display();
        Err(reason.unwrap_or_else(|| match ended {
            Ended::Exited(code) => format!("{name} exited with code {code} and gave no reason").into(),
            Ended::Signaled(signal) => format!("signal {signal} ended {name}").into(),
        }))
    }
}

/// The words of a call; `console` is where `create` shall send the terminal.
pub fn command_line(request: &Request, verb: Verb, console: Option<&Path>) -> Vec<OsString> {
    let mut line = request.runtime.line(&request.dir.join(LOG));
    let mut add = |words: &[&dyn AsRef<OsStr>]| {
        line.extend(words.iter().map(|word| word.as_ref().to_owned()));
    };
    match verb {
        Verb::Create => {
            add(&[
                &"create",
                &"--bundle",
                &request.bundle,
                &"--pid-file",
                &request.dir.join(PID_FILE),
            ]);
            if let Some(path) = console {
                add(&[&"--console-socket", &path]);
            }
        }
        Verb::Start => add(&[&"start"]),
        Verb::Delete => add(&[&"delete", &"--force"]),
    }
    add(&[&request.id]);
    line
}

/// An id that a command line cannot mistake for an option, nor a path.
///
/// # Errors
/// Says what is wrong with it.
pub fn check_id(id: &str) -> Result<()> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_+-.".contains(&byte);
    if id.is_empty() || id.starts_with('-') || id == "." || id == ".." || !id.bytes().all(plain) {
        return Err(Error::new(Kind::Usage, format!("{id:?} is not a container id"))
            .hint("ids are made of letters, digits and _ + - . and do not begin with a hyphen"));
    }
    Ok(())
}
