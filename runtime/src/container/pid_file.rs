//! The pid file that callers ask for: complete or absent, never half-written.

use crate::error::{Error, Result};
use std::ffi::OsString;
use std::path::Path;

/// Writes the pid to `path`, which is relative to the working directory.
///
/// # Errors
/// When the file cannot be written or renamed into place.
pub(crate) fn write(path: &Path, pid: i32) -> Result<()> {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{pid}"));
    let temporary = path.with_file_name(name);
    std::fs::write(&temporary, pid.to_string()).map_err(|error| failed("write", &temporary, &error))?;
    std::fs::rename(&temporary, path).map_err(|error| {
        // The rename's error is the one to tell; the temporary file is ours alone.
        drop(std::fs::remove_file(&temporary));
        failed("rename to", path, &error)
    })
}

fn failed(call: &str, path: &Path, error: &std::io::Error) -> Error {
    Error::syscall(
        format!("{call} {}", path.display()),
        error.raw_os_error().unwrap_or(0),
    )
    .context("write the pid file")
    .hint(
        "--pid-file names a file in an existing directory; a relative path starts at the caller's directory",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_the_number_alone_and_leaves_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        write(&dir.path().join("pid"), 42).unwrap();
        assert_eq!(std::fs::read_to_string(dir.path().join("pid")).unwrap(), "42");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_directory_in_its_place_is_an_error_that_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("pid")).unwrap();
        write(&dir.path().join("pid"), 42).unwrap_err();
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
