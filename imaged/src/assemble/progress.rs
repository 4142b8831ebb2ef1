//! What a pull tells while it runs.

use crate::image::Reference;
use crate::oci::Digest;

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
    /// All bytes have arrived and are what they should be.
    Downloaded,
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
