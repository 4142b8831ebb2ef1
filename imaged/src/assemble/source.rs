//! Where blobs come from.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use tokio::sync::mpsc::{Receiver, channel};

use crate::error::{Error, Kind, Result};
use crate::oci::{Descriptor, Digest};

/// Pieces that may wait for who takes them.
const WAITING: usize = 8;
/// The size of the pieces of a file.
const PIECE: usize = 256 << 10;

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

/// Where the blobs of an image come from. What it sends is checked by who takes it.
pub trait Source: Sync {
    /// Begins to send a blob from its byte `from` on: its bytes in order, each once, then how it ended.
    ///
    /// # Errors
    /// When there is no such blob.
    fn fetch(&self, descriptor: &Descriptor, from: u64) -> Result<Receiver<Piece>>;

    /// The blob as a file on the store's file system that may become the store's own; none if it comes from afar.
    fn file(&self, descriptor: &Descriptor) -> Option<&Path>;

    /// Ends all that was begun: nobody wants it any more.
    fn abandon(&self);
}

/// Blobs that are files on the store's file system.
#[derive(Debug, Default)]
pub struct Files(pub HashMap<Digest, PathBuf>);

impl Source for Files {
    fn fetch(&self, descriptor: &Descriptor, from: u64) -> Result<Receiver<Piece>> {
        let path = self.file(descriptor).ok_or_else(|| {
            Error::new(
                Kind::NotFound,
                format!("the archive has no blob {}", descriptor.digest),
            )
        })?;
        let mut file =
            File::open(path).map_err(|error| Error::io(format!("open {}", path.display()), &error))?;
        file.seek(SeekFrom::Start(from))
            .map_err(|error| Error::io(format!("seek in {}", path.display()), &error))?;
        let (sender, receiver) = channel(WAITING);
        std::thread::spawn(move || {
            loop {
                let mut piece = Vec::with_capacity(PIECE);
                let piece = match file.by_ref().take(PIECE as u64).read_to_end(&mut piece) {
                    Ok(0) => Piece::End,
                    Ok(_) => Piece::Data(piece.into()),
                    Err(error) => Piece::Failed(Error::io("read a blob of the archive", &error)),
                };
                let is_last = !matches!(piece, Piece::Data(_));
                if sender.blocking_send(piece).is_err() || is_last {
                    return;
                }
            }
        });
        Ok(receiver)
    }

    fn file(&self, descriptor: &Descriptor) -> Option<&Path> {
        self.0.get(&descriptor.digest).map(PathBuf::as_path)
    }

    fn abandon(&self) {
        // A reader whose channel is gone ends by itself.
    }
}
