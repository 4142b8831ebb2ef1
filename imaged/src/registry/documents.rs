//! The manifests of a repository as they are, without the image.

use super::client::{Client, Fetched};
use super::{Options, pull};
use crate::error::{Error, Kind, Result};
use crate::image::Reference;
use crate::oci::{Descriptor, Digest, Document};

/// A manifest or an index, byte for byte.
#[derive(Debug, Clone)]
pub struct Raw {
    /// Its media type.
    pub media_type: String,
    /// Its digest.
    pub digest: Digest,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What it says.
    pub document: Document,
}

impl From<Fetched> for Raw {
    fn from(fetched: Fetched) -> Self {
        Self {
            media_type: fetched.media_type,
            digest: fetched.digest,
            bytes: fetched.bytes,
            document: fetched.document,
        }
    }
}

/// What a registry has under a reference.
///
/// # Errors
/// `NotFound`, `Denied`, `Network`, and what is wrong with the document.
pub fn document(reference: &Reference, options: &Options) -> Result<Raw> {
    let client = Client::new(reference, options)?;
    pull::runtime()?
        .block_on(client.root_document(reference))
        .map(Raw::from)
        .map_err(|error| no_such(error, reference))
}

/// The manifests of an index, with what it says about them.
///
/// # Errors
/// As for one.
pub fn documents(
    reference: &Reference,
    entries: &[Descriptor],
    options: &Options,
) -> Result<Vec<(Descriptor, Raw)>> {
    let client = Client::new(reference, options)?;
    let all = async {
        let mut all = Vec::new();
        for entry in entries {
            all.push((entry.clone(), client.described_document(entry).await?.into()));
        }
        Ok(all)
    };
    pull::runtime()?.block_on(all)
}

/// Docker's words.
fn no_such(error: Error, reference: &Reference) -> Error {
    match error.kind() {
        Kind::NotFound => Error::new(Kind::NotFound, format!("no such manifest: {reference}")),
        _ => error,
    }
}

/// A small blob of a repository, such as an image's configuration.
///
/// # Errors
/// `NotFound`, `Denied`, `Network`, `Integrity`, `Limit`.
pub fn small_blob(reference: &Reference, descriptor: &Descriptor, options: &Options) -> Result<Vec<u8>> {
    let client = Client::new(reference, options)?;
    pull::runtime()?.block_on(client.small_blob(descriptor, "configuration"))
}
