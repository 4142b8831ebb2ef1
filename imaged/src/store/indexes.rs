//! Indexes: what a name means elsewhere when that is an image for each of several platforms.
//!
//! An image of the store is for one platform. The index that its name came with is kept beside it, as a blob, and what the
//! index points at as well, as far as it came: blobs that nothing unpacks. They stay as long as a name stands for the index.

use std::collections::BTreeSet;

use super::Store;
use crate::error::{Error, Kind, Result};
use crate::image::{Reference, platform};
use crate::oci::manifest::{each_once, read_json};
use crate::oci::{Descriptor, Digest, Document, Index, Manifest, Platform, media};

/// An index that the store has in full.
#[derive(Debug, Clone)]
pub struct WholeIndex {
    /// Its digest.
    pub digest: Digest,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What it says.
    pub index: Index,
    /// The manifests that it points at, in its order, each once.
    pub members: Vec<Member>,
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

/// What the store has of the index that a name stands for.
#[derive(Debug, Clone)]
pub enum KeptIndex {
    /// The name stands for one image alone.
    None,
    /// Only a part of what it points at.
    Partial,
    /// All.
    Whole(Box<WholeIndex>),
}

impl WholeIndex {
    /// The manifest for a platform.
    ///
    /// # Errors
    /// `NotFound`, naming the platforms that there are.
    pub fn into_member(self, wanted: &Platform) -> Result<Member> {
        let chosen = platform::choose(wanted, &self.index.manifests)?.digest;
        let mut members = self.members.into_iter();
        let member = members.find(|member| member.descriptor.digest == chosen);
        member.ok_or_else(|| Error::new(Kind::NotFound, format!("the index has no manifest {chosen}")))
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
    /// The index that a name stands for, with all that it points at.
    ///
    /// # Errors
    /// `Integrity` for what was damaged; the failed call.
    pub fn kept_index(&self, reference: &Reference) -> Result<KeptIndex> {
        let Some(digest) = self.index_of(reference)? else {
            return Ok(KeptIndex::None);
        };
        let bytes = self.blob(&digest)?;
        let index: Index = read_json(&bytes, "index")?;
        let mut members = Vec::new();
        for descriptor in each_once(&index.manifests) {
            match self.member(descriptor)? {
                Some(member) => members.push(member),
                None => return Ok(KeptIndex::Partial),
            }
        }
        Ok(KeptIndex::Whole(Box::new(WholeIndex {
            digest,
            bytes,
            index,
            members,
        })))
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

    /// The digest of the index that a name stands for, if it is kept.
    pub(super) fn index_of(&self, reference: &Reference) -> Result<Option<Digest>> {
        let digest = self.get_ref(reference)?.map(|record| record.digest);
        Ok(digest.filter(|digest| self.index(digest).is_some()))
    }

    fn index(&self, digest: &Digest) -> Option<Index> {
        // A manifest has no field that an index must have. What is damaged keeps nothing.
        read_json(&self.blob(digest).ok()?, "index").ok()
    }

    /// All that indexes keep which names stand for, themselves among it.
    pub(super) fn kept_by_indexes(&self) -> Result<BTreeSet<Digest>> {
        let roots: BTreeSet<Digest> = self.refs()?.iter().map(|(_, record)| record.digest).collect();
        let mut kept = BTreeSet::new();
        for root in roots {
            let Some(index) = self.index(&root) else { continue };
            kept.insert(root);
            for entry in each_once(&index.manifests) {
                kept.insert(entry.digest);
                let manifest = self.blob(&entry.digest).ok();
                let manifest = manifest.and_then(|bytes| read_json::<Manifest>(&bytes, "manifest").ok());
                kept.extend(manifest.iter().flat_map(blobs_of).map(|blob| blob.digest));
            }
        }
        Ok(kept)
    }
}
