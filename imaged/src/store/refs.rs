//! Names: which image a tag or digest means.

use std::fs;
use std::io;

use serde::{Deserialize, Serialize};

use super::atomic::sync_dir;
use super::{Store, failed_at, read_capped};
use crate::error::{Error, Kind, Result};
use crate::image::{Names, Reference};
use crate::oci::Digest;
use crate::oci::manifest::read_json;

/// What a file of `refs/` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RefRecord {
    /// The complete reference.
    pub(super) reference: String,
    /// The image's id.
    pub(super) image: Digest,
    /// The digest that the registry gave: of the index, or of the manifest if there is none.
    pub(super) digest: Digest,
}

/// A name for an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// The name.
    pub reference: Reference,
    /// What a registry has under it: the digest of the index, or of the manifest if there is none.
    pub digest: Digest,
}

fn file_of(reference: &Reference) -> String {
    format!(
        "refs/{}.json",
        &Digest::of(reference.to_string().as_bytes()).hex()[..32]
    )
}

impl Store {
    /// Lets a name mean the image `id`; the caller holds the shared lock, and the image is there.
    pub(super) fn put_ref(&self, name: &Name, id: &Digest) -> Result<()> {
        let Name { reference, digest } = name;
        let record = RefRecord {
            reference: reference.to_string(),
            image: *id,
            digest: *digest,
        };
        let text = serde_json::to_vec(&record)
            .map_err(|error| Error::new(Kind::System, format!("the name cannot be written: {error}")))?;
        self.put_file(&file_of(reference), &text)
    }

    /// What a reference means, if anything.
    pub(super) fn get_ref(&self, reference: &Reference) -> Result<Option<RefRecord>> {
        match read_capped(&self.path(&file_of(reference))) {
            Ok(bytes) => read_json(&bytes, "name's record").map(Some),
            Err(error) if error.kind() == Kind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Removes a name; that it is gone already is no error.
    pub(super) fn remove_ref(&self, reference: &Reference) -> Result<()> {
        let path = self.path(&file_of(reference));
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed_at("unlink", &path, &error)),
            _ => sync_dir(&self.path("refs")),
        }
    }

    /// All names.
    pub(super) fn refs(&self) -> Result<Vec<(Reference, RefRecord)>> {
        let mut all = Vec::new();
        for path in self.files_of("refs")? {
            let bytes = match read_capped(&path) {
                Ok(bytes) => bytes,
                // Removed since the directory was read.
                Err(error) if error.kind() == Kind::NotFound => continue,
                Err(error) => return Err(error),
            };
            let record: RefRecord = read_json(&bytes, "name's record")?;
            all.push((record.reference.parse()?, record));
        }
        Ok(all)
    }

    /// All tags of a repository.
    ///
    /// # Errors
    /// The failed call.
    pub fn tags_of(&self, repository: &Reference) -> Result<Vec<Reference>> {
        let all = self.refs()?.into_iter().map(|(reference, _)| reference);
        Ok(all
            .filter(|other| other.tag().is_some() && other.repository() == repository.repository())
            .collect())
    }

    /// The names of one image.
    ///
    /// # Errors
    /// The failed call.
    pub fn names(&self, id: &Digest) -> Result<Names> {
        Ok(names_among(&self.refs()?, id))
    }
}

/// The name and the image of a file of `refs/`.
pub(super) fn read(bytes: &[u8]) -> Result<(Reference, Digest)> {
    let record: RefRecord = read_json(bytes, "name's record")?;
    Ok((record.reference.parse()?, record.image))
}

/// Those of the names that mean this image.
pub(super) fn names_among(refs: &[(Reference, RefRecord)], id: &Digest) -> Names {
    let mut names = Names::default();
    for (reference, _) in refs.iter().filter(|(_, record)| record.image == *id) {
        match reference.tag() {
            Some(_) => names.tags.push(reference.familiar()),
            None => names.digests.push(reference.familiar()),
        }
    }
    names.tags.sort();
    names.digests.sort();
    names
}
