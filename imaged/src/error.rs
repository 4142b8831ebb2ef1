//! twin: runtime/src/error.rs (all but the kinds)
//!
//! The one error type of `corten`: what failed, where, why, and what to do about it.
//!
//! An error is a chain of plain sentences, outermost first, over an optional errno; hints are written for
//! the operator. Nothing here prints: `main` does, once.

use std::fmt;
use std::time::Duration;

/// What `Result` means in this program.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The class of an error, for those who must decide by it (exit codes, retries), never by its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The command line is wrong.
    Usage,
    /// A reference, a file, a manifest or another input is malformed.
    Invalid,
    /// The named image, container, layer or program does not exist.
    NotFound,
    /// The name or id is taken already.
    Exists,
    /// The object is in the wrong state for the command, or in use.
    Conflict,
    /// The registry wants other credentials.
    Denied,
    /// The registry could not be reached, broke off, or answered with a failure.
    Network,
    /// Content is not what its digest, size or media type promised.
    Integrity,
    /// A limit that protects this machine was exceeded.
    Limit,
    /// The kernel, the file system, or this build, cannot do what was asked.
    Unsupported,
    /// A system call or another effect failed.
    System,
    /// The reader of our output went away.
    Closed,
    /// A container could not be made or started.
    NotStarted,
    /// The container's command is there but cannot be executed.
    NotExecutable,
    /// The container's command does not exist.
    CommandNotFound,
}

/// An error with its context and hints.
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: Kind,
    /// Outermost context first.
    chain: Vec<String>,
    errno: Option<i32>,
    hints: Vec<String>,
    retry_after: Option<Duration>,
}

impl Error {
    /// A new error of one sentence, without a full stop.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            chain: vec![message.into()],
            errno: None,
            hints: Vec::new(),
            retry_after: None,
        }))
    }

    /// The failure of a system call; `call` shows it with its arguments, as strace would.
    pub fn syscall(call: impl Into<String>, errno: impl Into<i32>) -> Self {
        let mut error = Self::new(Kind::System, call);
        error.0.errno = Some(errno.into());
        error
    }

    /// The failure of a call of the standard library; its errno stays reachable.
    pub fn io(call: impl Into<String>, error: &std::io::Error) -> Self {
        match error.raw_os_error() {
            Some(errno) => Self::syscall(call, errno),
            None => Self::new(Kind::System, format!("{}: {error}", call.into())),
        }
    }

    /// The same error, one sentence of context further out.
    #[must_use]
    pub fn context(mut self, message: impl Into<String>) -> Self {
        self.0.chain.insert(0, message.into());
        self
    }

    /// The same error with a hint for the operator.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hints.push(hint.into());
        self
    }

    /// The same error of a peer that asks to be left alone so long; a hint says so.
    #[must_use]
    pub fn with_retry_after(mut self, pause: Duration) -> Self {
        self.0.retry_after = Some(pause);
        self.hint(format!("the registry asks to wait {} s", pause.as_secs()))
    }

    /// The same error with another kind.
    #[must_use]
    pub fn with_kind(mut self, kind: Kind) -> Self {
        self.0.kind = kind;
        self
    }

    /// The error's class.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// The number of the kernel's error, if a system call was at the bottom of this.
    pub fn errno(&self) -> Option<i32> {
        self.0.errno
    }

    /// The hints, in the order they were given.
    pub fn hints(&self) -> &[String] {
        &self.0.hints
    }

    /// How long the peer asked to be left alone.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The sentences, outermost first.
    pub fn chain(&self) -> &[String] {
        &self.0.chain
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.chain.join(": "))?;
        match self.0.errno {
            Some(errno) => write!(f, ": {}", describe_errno(errno)),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}

/// The errno's text as the C library words it, in lower case as Go programs print it.
fn describe_errno(errno: i32) -> String {
    nix::errno::Errno::from_raw(errno).desc().to_lowercase()
}

/// Adds context to results.
pub trait Context<T> {
    /// Wraps an error with a sentence made only when there is one.
    ///
    /// # Errors
    /// The same error, with the sentence in front.
    fn context<S: Into<String>>(self, message: impl FnOnce() -> S) -> Result<T>;
}

impl<T, E: Into<Error>> Context<T> for std::result::Result<T, E> {
    fn context<S: Into<String>>(self, message: impl FnOnce() -> S) -> Result<T> {
        self.map_err(|error| error.into().context(message()))
    }
}
