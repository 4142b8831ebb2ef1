//! Who uses an image: the containers whose directories name it.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::{IMAGE_FILE, Store, failed_at};
use crate::error::{Context, Result};
use crate::oci::Digest;

/// There when the container is complete.
const CONTAINER_FILE: &str = "container.json";

impl Store {
    /// The images that containers use, each with the ids of those containers.
    ///
    /// # Errors
    /// The failed call; `Integrity` when a container does not say which image it uses: then nobody knows what it needs.
    pub fn users(&self) -> Result<BTreeMap<Digest, Vec<String>>> {
        let mut users: BTreeMap<Digest, Vec<String>> = BTreeMap::new();
        for path in self.container_dirs()? {
            if let (Some(id), Some(name)) = (image_of(&path)?, path.file_name()) {
                users
                    .entry(id)
                    .or_default()
                    .push(name.to_string_lossy().into_owned());
            }
        }
        Ok(users)
    }

    fn container_dirs(&self) -> Result<Vec<PathBuf>> {
        match self.path("containers").exists() {
            true => self.files_of("containers"),
            false => Ok(Vec::new()),
        }
    }
}

/// The image that the container in this directory uses. Without the file it is being made or removed; while that is
/// written, or after a power cut, it is no container yet.
fn image_of(directory: &Path) -> Result<Option<Digest>> {
    let path = directory.join(IMAGE_FILE);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(failed_at("read", &path, &error)),
    };
    match text.trim().parse() {
        Ok(id) => Ok(Some(id)),
        Err(_) if !directory.join(CONTAINER_FILE).exists() => Ok(None),
        Err(error) => Err(error).context(|| path.display().to_string()),
    }
}
