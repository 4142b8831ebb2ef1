//! Making the layers of an image out of its blobs, wherever those come from: a registry, an archive.
//!
//! Each layer goes through all its stages at once (receive, check, keep, decompress, check, unpack), several layers
//! at once; they become visible from the bottom up. What a layer's blob was is kept, byte for byte.

mod at_once;
mod pieces;
mod progress;
mod source;
mod workshop;

pub use at_once::at_once;
pub(crate) use pieces::is_out_of_proportion;
pub use progress::{Progress, Silent, Step};
pub use source::{Files, Piece, Source};
pub(crate) use workshop::MAX_LAYERS;
pub use workshop::{Layer, Workshop, layers_of};

use crate::error::{Error, Kind};
use crate::oci::Digest;

/// The error of content that is not what it should be.
pub fn wrong_digest(what: &str, wanted: &Digest, found: &Digest) -> Error {
    Error::new(
        Kind::Integrity,
        format!("the {what} should be {wanted}, but what came is {found}"),
    )
}
