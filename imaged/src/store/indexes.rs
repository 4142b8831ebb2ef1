//! Indexes: what a name means elsewhere when that is an image for each of several platforms.
//!
//! An image of the store is for one platform. The index that its name came with is kept beside it, as a blob, and what the
//! index points at as well, as far as it came: blobs that nothing unpacks. They stay as long as a name stands for the index.

use std::collections::BTreeSet;

use super::Store;
use crate::error::{Kind, Result};
use crate::image::platform;
use crate::oci::manifest::{each_once, read_json};
use crate::oci::{Descriptor, Digest, Document, Index, Manifest, Platform, media};

/// What the store has of an index.
#[derive(Debug, Clone)]
pub struct KeptIndex {
    /// Its digest.
    pub digest: Digest,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What it says.
    pub index: Index,
    /// The manifests that it points at and that are there with all their blobs, in its order, each once.
    pub members: Vec<Member>,
    /// Whether these are all.
    pub is_whole: bool,
}

/// A manifest of an index.
#[derive(Debug, Clone)]
pub struct Member {
    /// What the index says about it.
    pub descriptor: Descriptor,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What it says.
    pub manifest: Manifest,
}

impl KeptIndex {
    /// The manifest for a platform, if it is there.
    ///
    /// # Errors
    /// `NotFound` when the index has none, naming the platforms that there are.
    pub fn into_member(self, wanted: &Platform) -> Result<Option<Member>> {
        let chosen = platform::choose(wanted, &self.index.manifests)?.digest;
        let mut members = self.members.into_iter();
        Ok(members.find(|member| member.descriptor.digest == chosen))
    }
}

impl Member {
    /// The blobs that its manifest names and that may be given away.
    pub fn blobs(&self) -> impl Iterator<Item = &Descriptor> {
        blobs_of(&self.manifest)
    }
}

/// The blobs that a manifest names and that may be given away.
pub fn blobs_of(manifest: &Manifest) -> impl Iterator<Item = &Descriptor> {
    let layers = manifest.layers.iter();
    layers
        .filter(|layer| !media::is_foreign(&layer.media_type))
        .chain([&manifest.config])
}

impl Store {
    /// The index with this digest, which a name stands for (see [`Store::known_as`]); none if that is one image alone.
    ///
    /// # Errors
    /// `Integrity` for manifests that were damaged; the failed call.
    pub fn kept_index(&self, digest: &Digest) -> Result<Option<KeptIndex>> {
        let Some((bytes, index)) = self.index(digest)? else {
            return Ok(None);
        };
        let (mut members, mut is_whole) = (Vec::new(), true);
        for descriptor in each_once(&index.manifests) {
            match self.member(descriptor)? {
                Some(member) => members.push(member),
                None => is_whole = false,
            }
        }
        Ok(Some(KeptIndex {
            digest: *digest,
            bytes,
            index,
            members,
            is_whole,
        }))
    }

    /// A manifest of an index, if it and its blobs are there.
    fn member(&self, descriptor: &Descriptor) -> Result<Option<Member>> {
        let bytes = match self.blob(&descriptor.digest) {
            Err(error) if error.kind() == Kind::NotFound => return Ok(None),
            found => found?,
        };
        let Ok(Document::Manifest(manifest)) = Document::parse(&descriptor.media_type, &bytes) else {
            return Ok(None);
        };
        let is_whole = blobs_of(&manifest).all(|blob| self.has_blob(&blob.digest));
        Ok(is_whole.then(|| Member {
            descriptor: descriptor.clone(),
            bytes,
            manifest: *manifest,
        }))
    }

    /// An index that is there. A manifest has no field that an index must have.
    pub(super) fn index(&self, digest: &Digest) -> Result<Option<(Vec<u8>, Index)>> {
        let found = self.undamaged(digest)?;
        Ok(found.and_then(|bytes| read_json(&bytes, "index").ok().map(|index| (bytes, index))))
    }

    /// A document; none if it is not there, or damaged. Of one that cannot be read just now nobody knows what it keeps.
    fn undamaged(&self, digest: &Digest) -> Result<Option<Vec<u8>>> {
        match self.blob(digest) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if matches!(error.kind(), Kind::NotFound | Kind::Integrity | Kind::Limit) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// All that indexes keep which names stand for, themselves among it.
    pub(super) fn kept_by_indexes(&self) -> Result<BTreeSet<Digest>> {
        let roots: BTreeSet<Digest> = self.refs()?.iter().map(|(_, record)| record.digest).collect();
        let mut kept = BTreeSet::new();
        for root in roots {
            let Some((_, index)) = self.index(&root)? else {
                continue;
            };
            kept.insert(root);
            for entry in each_once(&index.manifests) {
                kept.insert(entry.digest);
                let manifest = self.undamaged(&entry.digest)?;
                let manifest = manifest.and_then(|bytes| read_json::<Manifest>(&bytes, "manifest").ok());
                kept.extend(manifest.iter().flat_map(blobs_of).map(|blob| blob.digest));
            }
        }
        Ok(kept)
    }
}
