//! Blobs: content under its digest, byte for byte as it came.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::atomic::sync_dir;
use super::{Store, failed_at, read_capped};
use crate::error::{Error, Kind, Result};
use crate::image::Image;
use crate::oci::manifest::read_json;
use crate::oci::{Digest, Manifest};

impl Store {
    /// Whether the blob is there.
    pub fn has_blob(&self, digest: &Digest) -> bool {
        self.blob_path(digest).exists()
    }

    /// The blob as an open file; its content is not checked.
    ///
    /// # Errors
    /// `NotFound` when there is none.
    pub fn open_blob(&self, digest: &Digest) -> Result<File> {
        let path = self.blob_path(digest);
        File::open(&path).map_err(|error| failed_at("open", &path, &error))
    }

    /// The manifest that an image came with.
    ///
    /// # Errors
    /// `Integrity` when the file was damaged.
    pub fn manifest(&self, image: &Image) -> Result<Manifest> {
        read_json(&self.blob(&image.manifest)?, "manifest")
    }

    pub(super) fn blob_path(&self, digest: &Digest) -> PathBuf {
        self.path("blobs/sha256").join(digest.hex())
    }

    /// Takes a file on the store's file system, whose content has this digest, as the blob.
    ///
    /// # Errors
    /// The failed call.
    pub fn adopt_blob(&self, file: &Path, digest: &Digest) -> Result<()> {
        File::open(file)
            .and_then(|file| file.sync_all())
            .map_err(|error| failed_at("fsync", file, &error))?;
        self.move_blob(file, digest)
    }

    /// The same for a file that is on the disk already.
    pub(super) fn move_blob(&self, file: &Path, digest: &Digest) -> Result<()> {
        let place = self.blob_path(digest);
        fs::rename(file, &place).map_err(|error| failed_at("rename to", &place, &error))?;
        sync_dir(&self.path("blobs/sha256"))
    }

    /// The content of a blob, checked against its digest.
    ///
    /// # Errors
    /// `NotFound` when there is none, `Integrity` when the file was damaged.
    pub fn blob(&self, digest: &Digest) -> Result<Vec<u8>> {
        let path = self.blob_path(digest);
        let bytes = read_capped(&path)?;
        match Digest::of(&bytes) == *digest {
            true => Ok(bytes),
            false => Err(Error::new(
                Kind::Integrity,
                format!("{} does not have its digest", path.display()),
            )
            .hint("the file was damaged; pull the image again")),
        }
    }

    /// Keeps these bytes under their digest; a damaged file there is replaced.
    ///
    /// # Errors
    /// The failed call.
    pub fn put_blob(&self, bytes: &[u8]) -> Result<Digest> {
        let digest = Digest::of(bytes);
        if fs::read(self.blob_path(&digest)).ok().as_deref() != Some(bytes) {
            self.put_file(&format!("blobs/sha256/{}", digest.hex()), bytes)?;
        }
        Ok(digest)
    }
}
