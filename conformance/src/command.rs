//! Running a program: with a deadline, with its output in files (so that a container that keeps the output open
//! does not keep the test waiting), and with everything about it in the message when it does not do as expected.

use crate::sys;
use std::ffi::OsStr;
use std::fmt;
use std::fs::File;
use std::io::{Read, Seek, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

/// Nothing that a test runs takes longer; who waits longer hangs.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// A program about to run.
#[derive(Debug)]
pub struct Cmd {
    command: Command,
    stdin: Vec<u8>,
    deadline: Duration,
}

/// What a program did.
pub struct Out {
    shown: String,
    /// How it ended.
    pub status: ExitStatus,
    /// What it wrote to its standard output.
    pub stdout: Vec<u8>,
    /// What it wrote to its standard error.
    pub stderr: Vec<u8>,
}

impl Cmd {
    /// A program, found on PATH unless it is a path.
    pub fn new(program: &Path) -> Self {
        let mut command = Command::new(program);
        command.current_dir("/");
        Self {
            command,
            stdin: Vec::new(),
            deadline: DEADLINE,
        }
    }

    /// Adds an argument.
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    /// Adds arguments.
    pub fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.command.args(args);
        self
    }

    /// Sets an environment variable.
    pub fn env(mut self, key: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(key, value);
        self
    }

    /// Sets the working directory; it is `/` otherwise.
    pub fn cwd(mut self, dir: impl AsRef<Path>) -> Self {
        self.command.current_dir(dir);
        self
    }

    /// Gives standard input these bytes, then its end.
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self
    }

    /// Sets how long it may run.
    pub fn deadline(mut self, seconds: u64) -> Self {
        self.deadline = Duration::from_secs(seconds);
        self
    }

    /// The command itself, for what has no method here.
    pub fn command(&mut self) -> &mut Command {
        &mut self.command
    }

    fn shown(&self) -> String {
        let words = std::iter::once(self.command.get_program()).chain(self.command.get_args());
        words
            .map(|w| w.to_string_lossy().into_owned())
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// Runs it to its end.
    #[track_caller]
    pub fn run(mut self) -> Out {
        let shown = self.shown();
        let (stdout, stderr) = (scratch(), scratch());
        let input = self.input();
        self.command
            .stdin(input)
            .stdout(share(&stdout))
            .stderr(share(&stderr));
        let mut child = self.command.spawn().unwrap_or_else(|e| panic!("{shown}: {e}"));
        let status = self.wait(&mut child, &shown);
        Out {
            shown,
            status,
            stdout: content(stdout),
            stderr: content(stderr),
        }
    }

    /// Runs it and expects success.
    #[track_caller]
    pub fn ok(self) -> Out {
        let out = self.run();
        assert!(out.status.success(), "expected success of {out:?}");
        out
    }

    /// Runs it and expects failure: a status other than 0, by itself and not by a signal, and something said.
    #[track_caller]
    pub fn fails(self) -> Out {
        let out = self.run();
        assert!(
            out.status.code().is_some_and(|code| code != 0),
            "expected a failure of {out:?}"
        );
        assert!(!out.stderr.is_empty(), "a failure without a word: {out:?}");
        assert!(
            !out.err().contains("panicked at"),
            "a panic is no error message: {out:?}"
        );
        out
    }

    /// Starts it with pipes and leaves the rest to the caller.
    #[track_caller]
    pub fn spawn(mut self) -> Running {
        let shown = self.shown();
        self.command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let child = self.command.spawn().unwrap_or_else(|e| panic!("{shown}: {e}"));
        Running { child, shown }
    }

    fn input(&self) -> Stdio {
        // A file even when it is empty: some runtimes give standard input to the container's user, /dev/null too.
        let mut file = scratch();
        file.write_all(&self.stdin)
            .and_then(|()| file.rewind())
            .expect("a temporary file");
        file.into()
    }

    fn wait(&self, child: &mut Child, shown: &str) -> ExitStatus {
        if !sys::exits_within(child.id(), self.deadline) {
            _ = child.kill();
            _ = child.wait();
            panic!("still running after {:?}: {shown}", self.deadline);
        }
        child.wait().unwrap_or_else(|e| panic!("wait for {shown}: {e}"))
    }
}

/// A program that runs, with its three pipes; it is killed when it is dropped.
#[derive(Debug)]
pub struct Running {
    /// The process.
    pub child: Child,
    shown: String,
}

impl Running {
    /// Waits for its end.
    #[track_caller]
    pub fn wait(&mut self) -> ExitStatus {
        drop(self.child.stdin.take());
        if !sys::exits_within(self.child.id(), DEADLINE) {
            panic!("still running after {DEADLINE:?}: {}", self.shown);
        }
        self.child
            .wait()
            .unwrap_or_else(|e| panic!("wait for {}: {e}", self.shown))
    }

    /// Waits until it has written a line that contains `text` to its standard output, and returns the line.
    #[track_caller]
    pub fn line_with(&mut self, text: &str) -> String {
        let stdout = self.child.stdout.as_mut().expect("spawned with pipes");
        let mut line = Vec::new();
        let mut byte = [0];
        while sys::readable_within(stdout, DEADLINE) && stdout.read(&mut byte).is_ok_and(|n| n == 1) {
            if byte[0] != b'\n' {
                line.push(byte[0]);
                continue;
            }
            let whole = String::from_utf8_lossy(&line).into_owned();
            if whole.contains(text) {
                return whole;
            }
            line.clear();
        }
        let mut rest = String::new();
        _ = self.child.kill();
        if let Some(stderr) = &mut self.child.stderr {
            _ = stderr.read_to_string(&mut rest);
        }
        panic!("{} did not write {text:?}; stderr: {rest}", self.shown);
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: i32) {
        sys::kill(self.child.id(), signal);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|status| status.is_none()) {
            _ = self.child.kill();
            _ = self.child.wait();
        }
    }
}

impl Out {
    /// Standard output as text.
    pub fn out(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Standard error as text.
    pub fn err(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// Standard output as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.stdout).unwrap_or_else(|e| panic!("no JSON ({e}) from {self:?}"))
    }

    /// Expects an exit code.
    #[track_caller]
    pub fn code(self, expected: i32) -> Self {
        assert_eq!(self.status.code(), Some(expected), "exit code of {self:?}");
        self
    }

    /// Expects standard error to contain a text, whatever the case of its letters.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        let found = self.err().to_lowercase().contains(&text.to_lowercase());
        assert!(found, "expected {text:?} from {self:?}");
        self
    }
}

impl fmt::Debug for Out {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let clip = |bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes);
            text.chars().take(4000).collect::<String>()
        };
        write!(f, "{}\n  ended with {}", self.shown, self.status)?;
        if let Some(signal) = self.status.signal() {
            write!(f, " (signal {signal})")?;
        }
        write!(
            f,
            "\n  stdout: {}\n  stderr: {}",
            clip(&self.stdout),
            clip(&self.stderr)
        )
    }
}

fn scratch() -> File {
    tempfile::tempfile().expect("a temporary file")
}

fn share(file: &File) -> File {
    file.try_clone().expect("a second descriptor")
}

fn content(mut file: File) -> Vec<u8> {
    let mut bytes = Vec::new();
    file.rewind()
        .and_then(|()| file.read_to_end(&mut bytes))
        .expect("a temporary file");
    bytes
}
