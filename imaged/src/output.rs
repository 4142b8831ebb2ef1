//! Writing results to standard output and errors to standard error.

use std::io::{self, Write};

use crate::error::{Error, Kind, Result};
use crate::format::{harmless, harmless_line};

/// Writes text to standard output, whole.
///
/// # Errors
/// When it cannot be written. A reader that went away is an error of kind [`Kind::Closed`].
pub(crate) fn print(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|error| {
            let kind = if error.kind() == io::ErrorKind::BrokenPipe {
                Kind::Closed
            } else {
                Kind::System
            };
            Error::new(kind, format!("write to standard output: {error}"))
        })
}

/// Writes one line to standard output.
///
/// # Errors
/// As [`print`].
pub(crate) fn line(text: impl std::fmt::Display) -> Result<()> {
    print(&format!("{text}\n"))
}

/// Says something beside the results; it may quote others. Nothing can be done when standard error is gone.
pub(crate) fn note(text: impl std::fmt::Display) {
    let _ = writeln!(io::stderr(), "{}", harmless(&text.to_string()));
}

/// Prints an error, its hints below it; it may quote a registry or an image. Nothing can be done when standard error is gone.
pub(crate) fn error(error: &Error) {
    if error.kind() == Kind::Closed {
        return;
    }
    let mut text = format!("Error: {error}\n");
    for hint in error.hints() {
        text.push_str(&format!("  hint: {hint}\n"));
    }
    let _ = io::stderr().write_all(harmless(&text).as_bytes());
}

/// A path as text, with nothing in it that steers the terminal or ends the line.
pub(crate) fn harmless_path(path: &[u8]) -> String {
    harmless_line(&String::from_utf8_lossy(path))
}
