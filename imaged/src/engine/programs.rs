//! Finding the other programs: beside our own, then on PATH.

use std::env;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::error::{Error, Kind, Result};
use crate::log;

/// The program of this name or path.
///
/// # Errors
/// `NotFound` when it is nowhere.
pub(crate) fn find(name: &str) -> Result<PathBuf> {
    if name.contains('/') {
        let path = std::path::absolute(name).unwrap_or_else(|_| PathBuf::from(name));
        return if is_program(&path) {
            Ok(path)
        } else {
            Err(missing(name, "it is no executable file"))
        };
    }
    let beside = env::current_exe()
        .ok()
        .and_then(|own| Some(own.parent()?.join(name)));
    let path = env::var_os("PATH").unwrap_or_default();
    let on_path = env::split_paths(&path)
        .filter(|directory| directory.is_absolute())
        .map(|dir| dir.join(name));
    beside
        .into_iter()
        .chain(on_path)
        .find(|candidate| is_program(candidate))
        .inspect(|path| log::debug(format_args!("the program {name} is {}", path.display())))
        .ok_or_else(|| missing(name, "it is neither beside corten nor on PATH"))
}

fn missing(name: &str, why: &str) -> Error {
    Error::new(
        Kind::NotFound,
        format!("the program '{name}' was not found: {why}"),
    )
    .hint("install it, or name another runtime with --runtime")
}

fn is_program(path: &Path) -> bool {
    path.metadata()
        .is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_by_path_and_name() {
        assert_eq!(find("/bin/sh").unwrap(), Path::new("/bin/sh"));
        assert!(find("sh").unwrap().is_absolute());
        assert!(
            find("no-such-program")
                .unwrap_err()
                .to_string()
                .contains("neither beside corten nor on PATH")
        );
        assert!(find("/proc/version").is_err(), "not executable");
    }
}
