//! `--env` and `--env-file`.

use std::fs;

use crate::error::{Error, Kind, Result};
use crate::plan::flags;

/// What was typed: files first, so that options win. A name alone takes our value, or takes the image's away.
///
/// # Errors
/// When a file cannot be read or an entry has no name.
pub(super) fn typed(files: &[String], entries: &[String]) -> Result<Vec<String>> {
    let mut env = Vec::new();
    for file in files {
        for line in flags::file_lines(&read(file)?) {
            let name = flags::variable(line)
                .map_err(|error| error.context(format!("poorly formatted environment: {file}")))?;
            match (line.contains('='), std::env::var(name)) {
                (true, _) => env.push(line.to_owned()),
                (false, Ok(value)) => env.push(format!("{name}={value}")),
                (false, Err(_)) => {}
            }
        }
    }
    for entry in entries {
        if entry.starts_with('=') || entry.is_empty() {
            return Err(Error::new(
                Kind::Usage,
                format!("invalid environment variable: {entry}"),
            ));
        }
        match (entry.contains('='), std::env::var(entry)) {
            (false, Ok(value)) => env.push(format!("{entry}={value}")),
            _ => env.push(entry.clone()),
        }
    }
    Ok(env)
}

/// A file that an option names.
///
/// # Errors
/// It cannot be read.
pub(super) fn read(path: &str) -> Result<String> {
    fs::read_to_string(path).map_err(|error| Error::io(format!("open {path}"), &error).with_kind(Kind::Usage))
}
