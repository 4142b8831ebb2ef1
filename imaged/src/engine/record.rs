//! `container.json`: what a container is, as it was made. It never says how the container stands.

use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Kind, Result};
use crate::oci::Config;
use crate::plan::Options;
use crate::settings::StorageDriver;

/// The format's version.
const VERSION: u32 = 1;
/// The file's name in the container's directory.
pub(crate) const FILE: &str = "container.json";

/// A container.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Record {
    version: u32,
    pub(crate) id: String,
    pub(crate) name: String,
    /// When it was made (RFC 3339).
    pub(crate) created: String,
    /// The image's id, `sha256:…`.
    pub(crate) image: String,
    /// The image as the user named it.
    pub(crate) image_name: String,
    /// The image's configuration with the user's changes.
    pub(crate) config: Config,
    pub(crate) options: Options,
    pub(crate) hostname: String,
    /// Path of the runtime.
    pub(crate) runtime: String,
    /// How its files are kept. Containers of before have overlays.
    #[serde(default)]
    pub(crate) driver: StorageDriver,
}

impl Record {
    /// A record of this version.
    pub(crate) fn new(id: String, name: String, created: String, runtime: String) -> Self {
        Self {
            version: VERSION,
            id,
            name,
            created,
            runtime,
            image: String::new(),
            image_name: String::new(),
            config: Config::default(),
            options: Options::default(),
            hostname: String::new(),
            driver: StorageDriver::default(),
        }
    }

    /// Reads the record in a container's directory; none if the container is half-made, half-removed or gone.
    ///
    /// # Errors
    /// When the file cannot be read or is not a record of this version.
    pub(crate) fn read(directory: &Path) -> Result<Option<Self>> {
        let path = directory.join(FILE);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::io(format!("read {}", path.display()), &error)),
        };
        let record: Self = serde_json::from_slice(&bytes)
            .map_err(|error| Error::new(Kind::Invalid, format!("{}: {error}", path.display())))?;
        if record.version != VERSION {
            return Err(Error::new(
                Kind::Unsupported,
                format!(
                    "{} has the format version {}, not {VERSION}",
                    path.display(),
                    record.version
                ),
            ));
        }
        Ok(Some(record))
    }

    /// The record as the file's content.
    pub(crate) fn to_json(&self) -> Result<Vec<u8>> {
        serde_json::to_vec(self).map_err(|error| Error::new(Kind::Invalid, format!("{FILE}: {error}")))
    }
}
