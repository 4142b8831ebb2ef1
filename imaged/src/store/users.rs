//! Who uses an image: the containers whose directories name it.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use super::{IMAGE_FILE, Store};
use crate::error::Result;
use crate::oci::Digest;

impl Store {
    /// The images that containers use, each with the ids of those containers.
    ///
    /// # Errors
    /// The failed call.
    pub fn users(&self) -> Result<BTreeMap<Digest, Vec<String>>> {
        let mut users: BTreeMap<Digest, Vec<String>> = BTreeMap::new();
        for path in self.container_dirs()? {
            // A directory without the file is a container that is being made or removed.
            let Ok(text) = fs::read_to_string(path.join(IMAGE_FILE)) else {
                continue;
            };
            if let (Ok(id), Some(name)) = (text.trim().parse(), path.file_name()) {
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
