//! Registries: getting images from them.

use crate::error::{Error, Kind, Result};
use crate::image::{Image, Reference};
use crate::oci::{Digest, Platform};
use crate::store::Store;

/// How to pull.
#[derive(Debug, Clone)]
pub struct Options {
    /// The platform wanted of an image that has several; `None` for this machine's.
    pub platform: Option<Platform>,
}

impl Default for Options {
    fn default() -> Self {
        Self { platform: None }
    }
}

/// What happens to one layer while it is pulled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It will be downloaded; its blob has so many bytes.
    Waiting(u64),
    /// It is in the store already.
    Present,
    /// So many bytes of the blob have arrived.
    Progress(u64),
    /// The connection broke or the registry was busy; it is tried again.
    Retrying,
    /// It is complete and visible.
    Complete,
}

/// Is told what a pull does; called from several threads.
pub trait Progress: Sync {
    /// The pull of an image begins; called before any layer is reported.
    fn begin(&self, reference: &Reference);
    /// A step of the layer with this blob.
    fn layer(&self, blob: &Digest, step: Step);
}

/// Says nothing.
#[derive(Debug, Clone, Copy)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _reference: &Reference) {}
    fn layer(&self, _blob: &Digest, _step: Step) {}
}

/// An image that was pulled.
#[derive(Debug, Clone)]
pub struct Pulled {
    /// The image, complete in the store.
    pub image: Image,
    /// The digest that the registry keeps it under.
    pub digest: Digest,
    /// Whether the reference meant this very image before.
    pub was_current: bool,
}

/// Gets the image that `reference` means from its registry, and keeps it in the store under that name.
/// Blocks; safe to interrupt at any point; may run for the same image in several processes at once.
///
/// # Errors
/// `NotFound`, `Denied`, `Network`, `Integrity`, `Limit`, `Unsupported`; nothing of a failed pull is visible.
pub fn pull(
    _store: &Store,
    reference: &Reference,
    _options: &Options,
    _progress: &dyn Progress,
) -> Result<Pulled> {
    Err(Error::new(
        Kind::Unsupported,
        format!("cannot pull {reference} yet"),
    ))
}
