//! Images as people name them and as the store describes them. Pure.

pub mod platform;
pub mod reference;

pub use reference::Reference;

use crate::oci::{Digest, ImageConfig};

/// One image of the store, complete: its layers are there.
#[derive(Debug, Clone, PartialEq)]
pub struct Image {
    /// The image's id: the digest of its configuration document.
    pub id: Digest,
    /// The digest of the manifest that the image came with.
    pub manifest: Digest,
    /// The configuration: `config.config` holds env, cmd, entrypoint, user, labels and so on.
    pub config: ImageConfig,
    /// The chain IDs of the layers, bottom first.
    pub layers: Vec<Digest>,
    /// The bytes of the layers' files, unpacked, as docker's `SIZE`.
    pub size: u64,
}

/// The names by which an image can be called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// Tags in their familiar form, sorted: `debian:latest`.
    pub tags: Vec<String>,
    /// Digests in their familiar form, sorted: `debian@sha256:…`.
    pub digests: Vec<String>,
}
