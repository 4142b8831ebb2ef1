//! Images in archives: OCI layouts and docker's formats, read and written.
//!
//! What is read is hostile: the tar stream goes through the same reader as layers, documents are bounded, and every
//! blob is checked against its digest before anything of it is visible.

mod compressed;
mod contents;
mod decompress;
mod import;
mod layout;
mod legacy;
mod load;
mod recompress;
mod save;

pub use compressed::compressed;
pub(crate) use decompress::{decompressed, is_compressed};
pub use import::import;
pub use layout::{Found, FoundIndex};
pub use load::{Input, Loaded, install, load};
pub use recompress::{Format, Packed, Packing, packed};
pub use save::{Selected, save};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Kind};

/// The annotation by which containerd and docker know an image's complete name.
const CONTAINERD_NAME: &str = "io.containerd.image.name";
/// OCI's annotation for a name; by some writers complete, by others a tag.
const OCI_NAME: &str = "org.opencontainers.image.ref.name";

/// One image in docker's `manifest.json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DockerEntry {
    /// The path of the configuration.
    config: String,
    /// The image's names.
    repo_tags: Option<Vec<String>>,
    /// The paths of the layers, bottom first.
    layers: Option<Vec<String>>,
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(Kind::Invalid, message)
}
