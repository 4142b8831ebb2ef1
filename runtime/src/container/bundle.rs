//! The bundle: a directory with a config.json.

use crate::error::{Error, Kind, Result};
use crate::oci::Spec;
use crate::plan::validate;
use std::path::{Path, PathBuf};

/// Bigger files are refused before they are read: config.json of the largest pods has some hundred kilobytes.
const MAX_CONFIG_SIZE: u64 = 16 << 20;

/// A bundle whose config.json was read.
#[derive(Debug)]
pub(crate) struct Bundle {
    /// The directory, absolute.
    pub(crate) path: PathBuf,
    /// What config.json holds.
    pub(super) config: Vec<u8>,
}

impl Bundle {
    /// Reads the config.json of the bundle at `path`, which is relative to the working directory.
    ///
    /// # Errors
    /// When there is no such file, or it is too large to be one.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let failed = |call: &str, error: &std::io::Error| {
            Error::syscall(
                format!("{call} {}", path.join("config.json").display()),
                error.raw_os_error().unwrap_or(0),
            )
            .context("read the bundle")
            .hint("--bundle names a directory with a config.json; the default is the working directory")
        };
        let path_of_config = path.join("config.json");
        let size = std::fs::metadata(&path_of_config)
            .map_err(|error| failed("stat", &error))?
            .len();
        if size > MAX_CONFIG_SIZE {
            let message = format!(
                "{} has {size} bytes, expected at most {MAX_CONFIG_SIZE}",
                path_of_config.display()
            );
            return Err(Error::new(Kind::Config, message));
        }
        let config = std::fs::read(&path_of_config).map_err(|error| failed("read", &error))?;
        let path = std::path::absolute(path).map_err(|error| failed("getcwd for", &error))?;
        Ok(Self { path, config })
    }

    /// The configuration, checked.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub(crate) fn spec(&self) -> Result<Spec<'_>> {
        validate::parse(&self.config)
    }
}
