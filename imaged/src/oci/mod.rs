//! The OCI image formats (and Docker's schema 2) as values: digests, descriptors, manifests, configurations.
//! Pure: nothing here reads files or talks to a registry.

pub mod config;
pub mod digest;
pub mod manifest;
pub mod media;

pub use config::{Config, Healthcheck, History, ImageConfig, RootFs};
pub use digest::{Digest, Hasher};
pub use manifest::{Descriptor, Document, Index, Manifest, Platform};
