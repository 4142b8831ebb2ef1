//! Writing results to standard output and errors to standard error.

use std::io::{self, Write};

use crate::error::{Error, Kind, Result};

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

/// Says something beside the results. Nothing can be done when standard error is gone.
pub(crate) fn note(text: impl std::fmt::Display) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Prints an error, its hints below it. Nothing can be done when standard error is gone.
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
    harmless(&String::from_utf8_lossy(path)).replace('\n', "\\n")
}

/// An error may quote a registry or an image: nothing in it steers the terminal.
fn harmless(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character.is_control() && character != '\n' {
            true => out.extend(character.escape_default()),
            false => out.push(character),
        }
    }
    out
}
