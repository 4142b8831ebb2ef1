//! Where an archive goes: a file, or standard output, unless a person sees that.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use crate::error::{Error, Kind, Result};

/// Refuses to show an archive to a person, in docker's words.
///
/// # Errors
/// `Usage` when standard output is a terminal.
pub(super) fn refuse_terminal() -> Result<()> {
    match io::stdout().is_terminal() {
        false => Ok(()),
        true => {
            Err(Error::new(Kind::Usage, "cowardly refusing to save to a terminal")
                .hint("use -o, or redirect"))
        }
    }
}

/// Lets `fill` write a file: beside it, and then in its place, so that a failure leaves what was there. A device or a pipe
/// is written to: in place of /dev/null no file may come.
///
/// # Errors
/// What `fill` returns; the failed call.
pub(super) fn write(path: &Path, fill: impl FnOnce(File) -> Result<()>) -> Result<()> {
    let failed = |call: &str, error: &io::Error| Error::io(format!("{call} {}", path.display()), error);
    if fs::metadata(path).is_ok_and(|meta| !meta.is_file()) {
        let file = File::options().write(true).open(path);
        return fill(file.map_err(|error| failed("open", &error))?);
    }
    let mut temporary = OsString::from(path);
    temporary.push(format!(".{}", std::process::id()));
    let temporary = PathBuf::from(temporary);
    let file = File::create_new(&temporary).map_err(|error| failed("create", &error))?;
    let written =
        fill(file).and_then(|()| fs::rename(&temporary, path).map_err(|error| failed("rename to", &error)));
    if written.is_err() {
        // The first error is the one that matters.
        let _ = fs::remove_file(&temporary);
    }
    written
}
