//! Where blobs come from.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use tokio::sync::mpsc::Receiver;

use crate::error::{Error, Kind, Result};
use crate::oci::{Descriptor, Digest};

/// What comes out of a source.
#[derive(Debug)]
pub enum Piece {
    /// The next bytes.
    Data(Bytes),
    /// It is tried again.
    Retrying,
    /// All bytes have been sent.
    End,
    /// It failed for good.
    Failed(Error),
}

/// Where the blobs of an image come from. What it sends is checked by who takes it; its files are not.
pub trait Source: Sync {
    /// Begins to send a blob that is no file, from its byte `from` on: its bytes in order, each once, then how it ended.
    ///
    /// # Errors
    /// When there is no such blob.
    fn fetch(&self, descriptor: &Descriptor, from: u64) -> Result<Receiver<Piece>>;

    /// The blob as a file on the store's file system that may become the store's own, and is known to have the digest;
    /// none if it comes from afar.
    fn file(&self, descriptor: &Descriptor) -> Option<&Path>;

    /// Takes note that the bytes it sent of a blob were wrong; returns whether other bytes may come from somebody else.
    fn distrust(&self, _descriptor: &Descriptor) -> bool {
        false
    }

    /// Ends all that was begun: nobody wants it any more.
    fn abandon(&self);
}

/// Blobs that are files on the store's file system, each with the digest that was computed when it was written.
#[derive(Debug, Default)]
pub struct Files(pub HashMap<Digest, PathBuf>);

impl Source for Files {
    fn fetch(&self, descriptor: &Descriptor, _from: u64) -> Result<Receiver<Piece>> {
        Err(Error::new(
            Kind::NotFound,
            format!("the archive has no blob {}", descriptor.digest),
        ))
    }

    fn file(&self, descriptor: &Descriptor) -> Option<&Path> {
        self.0.get(&descriptor.digest).map(PathBuf::as_path)
    }

    fn abandon(&self) {
        // Nothing runs in the background.
    }
}
