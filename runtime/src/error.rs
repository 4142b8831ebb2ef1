//! The one error type of the runtime: what failed, where, why, and what to do about it.
//!
//! An error is a chain of plain sentences, outermost first, over an optional errno; hints are written for
//! the operator. Nothing here prints: `main` does, once.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What `Result` means in this program.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The class of an error, for those who must decide by it (exit codes, retries), never by its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// The command line is wrong.
    Usage,
    /// config.json or another input is wrong.
    Config,
    /// The named container does not exist.
    NotFound,
    /// A container of that id exists already.
    Exists,
    /// The container is in the wrong state for the command.
    State,
    /// The kernel, or this build, cannot do what was asked.
    Unsupported,
    /// A system call or another effect failed.
    System,
}

/// An error with its context and hints.
#[derive(Debug, Serialize, Deserialize)]
pub struct Error(Box<Inner>);

#[derive(Debug, Serialize, Deserialize)]
struct Inner {
    kind: Kind,
    /// Outermost context first.
    chain: Vec<String>,
    errno: Option<i32>,
    hints: Vec<String>,
}

impl Error {
    /// A new error of one sentence, without a full stop.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            chain: vec![message.into()],
            errno: None,
            hints: Vec::new(),
        }))
    }

    /// The failure of a system call; `call` shows it with its arguments, as strace would.
    pub fn syscall(call: impl Into<String>, errno: impl Into<i32>) -> Self {
        let mut error = Self::new(Kind::System, call);
        error.0.errno = Some(errno.into());
        error
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
