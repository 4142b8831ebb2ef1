//! Writing results to standard output.

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
