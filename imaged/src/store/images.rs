//! Images: their descriptions, looking one up by whatever a person typed, and listing them.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::refs::{Name, RefRecord, names_among};
use super::{Store, failed_at, read_capped};
use crate::error::{Context, Error, Kind, Result};
use crate::image::{Image, Names, Reference};
use crate::oci::manifest::read_json;
use crate::oci::{Digest, Manifest, digest};

/// What the record of an image ends with that nobody sees any more.
const HELD: &str = "held";

/// What a file of `images/` says.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct ImageRecord {
    /// The manifest that the image came with.
    manifest: Digest,
    /// The bytes of its layers' files.
    size: u64,
}

impl Store {
    /// The image that `name` means: a reference, an id, or the unambiguous start of an id.
    ///
    /// # Errors
    /// `NotFound` with docker's words when there is none, `Conflict` when several ids start so.
    pub fn resolve(&self, name: &str) -> Result<Image> {
        let id = self.find(name)?.ok_or_else(|| no_such_image(name))?;
        self.image(&id).map_err(|error| match error.kind() {
            Kind::NotFound => no_such_image(name),
            _ => error,
        })
    }

    /// The id that `name` means, if any.
    fn find(&self, name: &str) -> Result<Option<Digest>> {
        let hex = name.strip_prefix("sha256:").unwrap_or(name);
        if let Some(id) = Digest::from_hex(hex) {
            return Ok(Some(id));
        }
        let by_reference = match name.parse::<Reference>() {
            Ok(reference) => self.record_of(&reference)?.map(|record| record.image),
            Err(_) => None,
        };
        match by_reference {
            Some(id) => Ok(Some(id)),
            None => self.find_prefix(hex),
        }
    }

    fn record_of(&self, reference: &Reference) -> Result<Option<RefRecord>> {
        // With a digest, the digest alone decides.
        match reference.digest() {
            Some(digest) => self.get_ref(&reference.with_digest(*digest)),
            None => self.get_ref(reference),
        }
    }

    fn find_prefix(&self, prefix: &str) -> Result<Option<Digest>> {
        if prefix.is_empty() || !prefix.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Ok(None);
        }
        let mut fitting = self
            .image_ids()?
            .into_iter()
            .filter(|id| id.hex().starts_with(prefix));
        match (fitting.next(), fitting.next()) {
            (found, None) => Ok(found),
            _ => Err(
                Error::new(Kind::Conflict, format!("several image ids start with {prefix}"))
                    .hint("give more of the id's digits: `corten images --no-trunc`"),
            ),
        }
    }

    /// The image of this id.
    ///
    /// # Errors
    /// `NotFound` when there is none.
    pub fn image(&self, id: &Digest) -> Result<Image> {
        self.image_at(id, &self.image_path(id))
    }

    /// The image that a container was made of. It is there as long as the container is, even if it was removed meanwhile.
    ///
    /// # Errors
    /// `NotFound` when there is none.
    pub fn image_of_container(&self, id: &Digest) -> Result<Image> {
        match self.image(id) {
            Err(error) if error.kind() == Kind::NotFound => self.image_at(id, &self.held_path(id)),
            found => found,
        }
    }

    fn image_at(&self, id: &Digest, path: &Path) -> Result<Image> {
        let record = read_capped(path)?;
        let record: ImageRecord = read_json(&record, "image's record")?;
        let config: crate::oci::ImageConfig = read_json(&self.blob(id)?, "image's configuration")?;
        let layers = digest::chain_ids(&config.rootfs.diff_ids);
        Ok(Image {
            id: *id,
            manifest: record.manifest,
            config,
            layers,
            size: record.size,
        })
    }

    /// The descriptor of an image's manifest.
    ///
    /// # Errors
    /// When the manifest is missing or damaged.
    pub fn descriptor(&self, image: &Image) -> Result<serde_json::Value> {
        let bytes = self.blob(&image.manifest)?;
        let manifest: Manifest = read_json(&bytes, "manifest")?;
        Ok(serde_json::json!({
            "mediaType": manifest.media_type.as_deref().unwrap_or(crate::oci::media::OCI_MANIFEST),
            "digest": image.manifest,
            "size": bytes.len(),
        }))
    }

    /// All images with their names, newest first.
    ///
    /// # Errors
    /// The failed call.
    pub fn images(&self) -> Result<Vec<(Image, Names)>> {
        let refs = self.refs()?;
        let mut all = Vec::new();
        for id in self.image_ids()? {
            match self.image(&id) {
                Ok(image) => all.push((image, names_among(&refs, &id))),
                // Removed since the directory was read.
                Err(error) if error.kind() == Kind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        all.sort_by(|(a, _), (b, _)| b.config.created.cmp(&a.config.created).then(a.id.cmp(&b.id)));
        Ok(all)
    }

    /// Makes an image visible whose layers are in the store, under these names. Returns `None`, doing nothing, when
    /// a layer or its blob has been removed meanwhile.
    ///
    /// # Errors
    /// The failed call.
    pub fn put_image(&self, config: &[u8], manifest: &[u8], names: &[Name]) -> Result<Option<Image>> {
        let _lock = self.lock_shared()?;
        let parsed: crate::oci::ImageConfig = read_json(config, "image's configuration")?;
        let mut size = 0;
        for chain_id in digest::chain_ids(&parsed.rootfs.diff_ids) {
            match self.layer(&chain_id) {
                Ok(record) => size += record.size,
                Err(error) if error.kind() == Kind::NotFound => return Ok(None),
                Err(error) => return Err(error),
            }
        }
        let described: Manifest = read_json(manifest, "manifest")?;
        if !described.layers.iter().all(|layer| self.has_blob(&layer.digest)) {
            return Ok(None);
        }
        let id = self.put_blob(config)?;
        let manifest = self.put_blob(manifest)?;
        let record = serde_json::to_vec(&ImageRecord { manifest, size }).map_err(|error| {
            Error::new(
                Kind::System,
                format!("the image's record cannot be written: {error}"),
            )
        })?;
        self.put_file(&format!("images/{}.json", id.hex()), &record)?;
        for name in names {
            self.put_ref(name, &id)?;
        }
        self.image(&id).map(Some)
    }

    /// Gives an image these names.
    ///
    /// # Errors
    /// `NotFound` when it was removed meanwhile.
    pub fn put_names(&self, id: &Digest, names: &[Name]) -> Result<()> {
        let _lock = self.lock_shared()?;
        self.image(id)?;
        names.iter().try_for_each(|name| self.put_ref(name, id))
    }

    /// Gives the image that `source` means one more name; one that it had for another image moves.
    ///
    /// # Errors
    /// `NotFound` when there is no such image.
    pub fn tag(&self, source: &str, reference: &Reference) -> Result<()> {
        let _lock = self.lock_shared()?;
        // An id is not a name, though it may look like one.
        let record = match source.parse::<Reference>() {
            Ok(source) => self.record_of(&source)?,
            Err(_) => None,
        };
        // By its record, and not by the name again: that may move meanwhile.
        let image = match &record {
            Some(record) => self.resolve(&record.image.to_string())?,
            None => self.resolve(source)?,
        };
        let digest = match record {
            Some(record) if self.index(&record.digest)?.is_some() => record.digest,
            _ => image.manifest,
        };
        let name = Name {
            reference: reference.clone(),
            digest,
        };
        self.put_ref(&name, &image.id)
    }

    /// The image that `reference` means here, with the digest that the registry called it by.
    ///
    /// # Errors
    /// The failed call.
    pub fn known_as(&self, reference: &Reference) -> Result<Option<(Image, Digest)>> {
        let Some(record) = self.get_ref(reference)? else {
            return Ok(None);
        };
        match self.image(&record.image) {
            Ok(image) => Ok(Some((image, record.digest))),
            // A damaged image is as good as none: a pull makes it whole again.
            Err(error) if matches!(error.kind(), Kind::NotFound | Kind::Integrity) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The ids of all images.
    pub(super) fn image_ids(&self) -> Result<Vec<Digest>> {
        self.ids_with("json")
    }

    /// The ids of images that were removed and are kept for containers.
    pub(super) fn held_ids(&self) -> Result<Vec<Digest>> {
        self.ids_with(HELD)
    }

    fn ids_with(&self, extension: &str) -> Result<Vec<Digest>> {
        let paths = self.files_of("images")?;
        Ok(paths
            .iter()
            .filter(|path| path.extension().is_some_and(|found| found == extension))
            .filter_map(|path| Digest::from_hex(path.file_stem()?.to_str()?))
            .collect())
    }

    pub(super) fn held_path(&self, id: &Digest) -> PathBuf {
        self.image_path(id).with_extension(HELD)
    }

    pub(super) fn image_path(&self, id: &Digest) -> PathBuf {
        self.path("images").join(id.hex()).with_extension("json")
    }

    /// The paths of what is in one of the store's directories.
    pub(super) fn files_of(&self, directory: &str) -> Result<Vec<PathBuf>> {
        let path = self.path(directory);
        fs::read_dir(&path)
            .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect())
            .map_err(|error| failed_at("read", &path, &error))
            .context(|| "list the store")
    }
}

fn no_such_image(name: &str) -> Error {
    Error::new(Kind::NotFound, format!("No such image: {name}"))
}
