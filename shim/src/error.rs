//! The one error type of the shim: what failed, where, why, and what to do about it.
//!
//! An error is a chain of plain sentences, outermost first, over an optional errno; hints are written for
//! the operator. Nothing here prints: the caller of the library does, once.

use std::fmt;

/// What `Result` means in this program.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The class of an error, for those who must decide by it, never by its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The command line is wrong.
    Usage,
    /// A file that the caller wrote is wrong.
    Input,
    /// Another shim lives, or the container is in the wrong state.
    State,
    /// The OCI runtime failed.
    Runtime,
    /// A system call or another effect failed.
    System,
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
    pub fn syscall(call: impl Into<String>, errno: impl Into<std::io::Error>) -> Self {
        let error: std::io::Error = errno.into();
        match error.raw_os_error() {
            Some(errno) => {
                let mut made = Self::new(Kind::System, call);
                made.0.errno = Some(errno);
                made
            }
            None => Self::new(Kind::System, error.to_string()).context(call),
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
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.chain.join(": "))?;
        match self.0.errno {
            Some(errno) => write!(
                f,
                ": {}",
                nix::errno::Errno::from_raw(errno).desc().to_lowercase()
            ),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}

/// Adds context to results of this program, or turns a failed call into an error.
pub trait Context<T> {
    /// Wraps an error with a sentence made only when there is one.
    ///
    /// # Errors
    /// The same error, with the sentence in front.
    fn context<S: Into<String>>(self, message: impl FnOnce() -> S) -> Result<T>;
}

impl<T> Context<T> for Result<T> {
    fn context<S: Into<String>>(self, message: impl FnOnce() -> S) -> Self {
        self.map_err(|error| error.context(message()))
    }
}

/// Names the system call that failed.
pub trait Call<T> {
    /// Turns an errno into an error that shows the call, made only when there is one.
    ///
    /// # Errors
    /// The errno under the call's text.
    fn call<S: Into<String>>(self, call: impl FnOnce() -> S) -> Result<T>;
}

impl<T, E: Into<std::io::Error>> Call<T> for std::result::Result<T, E> {
    fn call<S: Into<String>>(self, call: impl FnOnce() -> S) -> Result<T> {
        self.map_err(|error| Error::syscall(call(), error))
    }
}
