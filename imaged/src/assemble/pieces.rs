//! The stages between a blob's source and the unpacking of a layer: check the blob's digest and keep it,
//! decompress, check the diff ID. Each is a reader over a bounded channel, so that they run at once and none runs away.
//!
//! An error travels down the channels as an item: the last stage reports the first cause.

use std::fs::File;
use std::io::{self, BufRead, Read, Write};
use std::os::unix::fs::FileExt;
use std::sync::mpsc::{Receiver, SyncSender};

use bytes::{Bytes, BytesMut};
use tokio::sync::mpsc::Receiver as AsyncReceiver;

use super::progress::{Progress, Step};
use super::source::Piece;
use super::wrong_digest;
use crate::error::{Error, Kind, Result};
use crate::oci::media::Compression;
use crate::oci::{Descriptor, Digest, Hasher};

/// The size of the pieces that are handed from the decompressor to the unpacker.
const PIECE: usize = 256 << 10;
/// From so many bytes on, what is decompressed must be in proportion to what it came from.
const FREE_BYTES: u64 = 4 << 30;
/// The most that gzip can make of a byte is 1032.
const MAX_RATIO: u64 = 1100;

/// The blob's bytes as they arrive.
pub(super) struct BlobReader<'a> {
    /// What comes from afar; none if all is here.
    input: Option<AsyncReceiver<Piece>>,
    /// What arrived before: so many bytes of a file that are still to be read again.
    before: Option<(File, u64)>,
    /// Where the bytes are kept, too.
    copy: Option<File>,
    piece: Bytes,
    /// Where pieces of the file are read into.
    buffer: BytesMut,
    is_done: bool,
    /// None if the digest was computed when the file was written.
    hasher: Option<Hasher>,
    received: u64,
    descriptor: &'a Descriptor,
    progress: &'a dyn Progress,
}

impl<'a> BlobReader<'a> {
    /// A blob that is received, kept in `copy`, and checked; so many bytes of `before` are its beginning.
    pub(super) fn of_stream(
        input: AsyncReceiver<Piece>,
        before: Option<(File, u64)>,
        copy: File,
        descriptor: &'a Descriptor,
        progress: &'a dyn Progress,
    ) -> Self {
        Self {
            input: Some(input),
            before,
            copy: Some(copy),
            piece: Bytes::new(),
            buffer: BytesMut::new(),
            is_done: false,
            hasher: Some(Hasher::new()),
            received: 0,
            descriptor,
            progress,
        }
    }

    /// A blob that is a file of so many bytes, whose digest was computed when it was written.
    pub(super) fn of_file(
        file: File,
        length: u64,
        descriptor: &'a Descriptor,
        progress: &'a dyn Progress,
    ) -> Self {
        Self {
            input: None,
            before: Some((file, length)),
            copy: None,
            piece: Bytes::new(),
            buffer: BytesMut::new(),
            is_done: false,
            hasher: None,
            received: 0,
            descriptor,
            progress,
        }
    }

    /// Takes the next piece; false at the end.
    fn next(&mut self) -> Result<bool> {
        if let Some(piece) = self.next_before()? {
            self.take(piece);
            return Ok(true);
        }
        let Some(input) = &mut self.input else {
            return Ok(false);
        };
        loop {
            match input.blocking_recv() {
                Some(Piece::Data(piece)) => {
                    if let Some(copy) = &mut self.copy {
                        copy.write_all(&piece)
                            .map_err(|error| crate::store::failed("keep the blob", &error))?;
                    }
                    self.take(piece);
                    return Ok(true);
                }
                Some(Piece::Retrying) => self.progress.layer(&self.descriptor.digest, Step::Retrying),
                Some(Piece::End) => return Ok(false),
                Some(Piece::Failed(error)) => return Err(error),
                None => return Err(Error::new(Kind::Closed, "the download was given up")),
            }
        }
    }

    fn take(&mut self, piece: Bytes) {
        if let Some(hasher) = &mut self.hasher {
            hasher.update(&piece);
        }
        self.received += piece.len() as u64;
        self.progress
            .layer(&self.descriptor.digest, Step::Progress(self.received));
        self.piece = piece;
    }

    /// The next piece of what arrived before.
    fn next_before(&mut self) -> Result<Option<Bytes>> {
        let Some((file, length)) = &self.before else {
            return Ok(None);
        };
        let left = length - self.received;
        if left == 0 {
            self.before = None;
            return Ok(None);
        }
        // Nobody has the last piece any more: its memory is used again.
        self.piece = Bytes::new();
        self.buffer
            .resize(PIECE.min(usize::try_from(left).unwrap_or(PIECE)), 0);
        file.read_exact_at(&mut self.buffer, self.received)
            .map_err(|error| crate::store::failed("read the blob", &error))?;
        Ok(Some(self.buffer.split().freeze()))
    }

    /// Checks the digest, after reading what the decompressor did not want.
    pub(super) fn finish(&mut self) -> Result<()> {
        loop {
            match self.fill_buf().map_err(ours)?.len() {
                0 => break,
                length => self.consume(length),
            }
        }
        let wanted = &self.descriptor.digest;
        match self.hasher.take().map(Hasher::finish) {
            Some(digest) if digest != *wanted => Err(wrong_digest("layer", wanted, &digest)),
            _ => {
                self.progress.layer(wanted, Step::Downloaded);
                Ok(())
            }
        }
    }
}

impl BufRead for BlobReader<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.piece.is_empty() && !self.is_done {
            self.is_done = !self.next().map_err(io::Error::other)?;
        }
        Ok(&self.piece)
    }

    fn consume(&mut self, count: usize) {
        let _ = self.piece.split_to(count);
    }
}

impl Read for BlobReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}

/// Decompresses the blob into `output`, piece by piece; buffers come back through `used`.
pub(super) fn decompress(
    mut blob: BlobReader<'_>,
    compression: Compression,
    output: &SyncSender<Result<Vec<u8>>>,
    used: &Receiver<Vec<u8>>,
) {
    let digest = blob.descriptor.digest;
    let result = match compression {
        Compression::None => pump(&mut blob, |blob| blob.received, output, used)
            .and_then(|is_wanted| finish_if(is_wanted, blob)),
        Compression::Gzip => {
            let mut decoder = flate2::bufread::MultiGzDecoder::new(blob);
            pump(&mut decoder, |decoder| decoder.get_ref().received, output, used)
                .and_then(|is_wanted| finish_if(is_wanted, decoder.into_inner()))
        }
        Compression::Zstd => zstd::stream::read::Decoder::with_buffer(blob)
            .map_err(ours)
            .and_then(|mut decoder| {
                let is_wanted = pump(&mut decoder, |decoder| decoder.get_ref().received, output, used)?;
                finish_if(is_wanted, decoder.finish())
            }),
    };
    if let Err(error) = result {
        // Nobody listens when the unpacker failed first.
        let _ = output.send(Err(error.context(format!("layer {}", digest.short()))));
    }
}

/// The rest of a blob, unless its layer was refused: then that does not matter, and is not even received.
fn finish_if(is_wanted: bool, mut blob: BlobReader<'_>) -> Result<()> {
    match is_wanted {
        true => blob.finish(),
        false => Ok(()),
    }
}

/// Whether so many bytes can have been made of `received` only by somebody who means harm.
pub(crate) fn is_out_of_proportion(total: u64, received: u64) -> bool {
    total > FREE_BYTES && total / MAX_RATIO > received
}

/// Moves everything from `input` to `output`, and stops a stream that grows out of all proportion; false when nobody
/// wants more.
fn pump<R: Read>(
    input: &mut R,
    received: impl Fn(&R) -> u64,
    output: &SyncSender<Result<Vec<u8>>>,
    used: &Receiver<Vec<u8>>,
) -> Result<bool> {
    let mut total = 0_u64;
    loop {
        let mut piece = used.try_recv().unwrap_or_default();
        piece.resize(PIECE, 0);
        let length = fill(input, &mut piece)?;
        piece.truncate(length);
        total += length as u64;
        if is_out_of_proportion(total, received(input)) {
            return Err(Error::new(
                Kind::Limit,
                "it decompresses to more than its size can explain",
            ));
        }
        if length == 0 {
            return Ok(true);
        }
        if output.send(Ok(piece)).is_err() {
            return Ok(false);
        }
    }
}

/// Reads until the buffer is full or the stream ends.
fn fill(input: &mut impl Read, buffer: &mut [u8]) -> Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match input.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(ours(error)),
        }
    }
    Ok(filled)
}

/// An error of ours that travelled through a library, or the library's own about damaged data.
fn ours(error: io::Error) -> Error {
    match error.downcast::<Error>() {
        Ok(ours) => ours,
        Err(error) => Error::new(
            Kind::Integrity,
            format!("the compressed data is damaged: {error}"),
        )
        .hint("it may be compressed in another way than the manifest says"),
    }
}

/// The layer's tar stream as it is decompressed.
pub(super) struct TarReader {
    input: Receiver<Result<Vec<u8>>>,
    used: SyncSender<Vec<u8>>,
    piece: Vec<u8>,
    at: usize,
    is_done: bool,
    digest: TarDigest,
}

/// The digest of a tar stream.
pub(super) enum TarDigest {
    /// It is that of the blob, which is not compressed and was checked before.
    Known(Digest),
    /// It is computed as the stream is read.
    Computed(Hasher),
}

impl TarReader {
    pub(super) fn new(
        input: Receiver<Result<Vec<u8>>>,
        used: SyncSender<Vec<u8>>,
        digest: TarDigest,
    ) -> Self {
        Self {
            input,
            used,
            piece: Vec::new(),
            at: 0,
            is_done: false,
            digest,
        }
    }

    /// Reads what follows the archive's end, and returns the digest of everything.
    pub(super) fn finish(mut self) -> Result<Digest> {
        loop {
            match self.fill_buf().map_err(ours)?.len() {
                0 => break,
                length => self.consume(length),
            }
        }
        Ok(match self.digest {
            TarDigest::Known(digest) => digest,
            TarDigest::Computed(hasher) => hasher.finish(),
        })
    }

    fn next(&mut self) -> Result<()> {
        match self.input.recv() {
            Ok(piece) => {
                let piece = piece?;
                if let TarDigest::Computed(hasher) = &mut self.digest {
                    hasher.update(&piece);
                }
                // A full channel only means that the decompressor has enough buffers.
                let _ = self.used.try_send(std::mem::replace(&mut self.piece, piece));
                self.at = 0;
            }
            Err(_) => self.is_done = true,
        }
        Ok(())
    }
}

impl BufRead for TarReader {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at == self.piece.len() && !self.is_done {
            self.next().map_err(io::Error::other)?;
        }
        Ok(&self.piece[self.at..])
    }

    fn consume(&mut self, count: usize) {
        self.at += count;
    }
}

impl Read for TarReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::mpsc::{channel, sync_channel};

    use super::*;

    #[derive(Debug, Default)]
    struct Told(Mutex<Vec<Step>>);

    impl Progress for Told {
        fn begin(&self, _reference: &crate::image::Reference) {}

        fn layer(&self, _layer: &Digest, step: Step) {
            self.0.lock().unwrap().push(step);
        }
    }

    /// It was received to its end, which for a hostile one never came.
    #[test]
    fn of_a_layer_that_was_refused_no_more_is_received() {
        let tar = vec![7; 8 * PIECE];
        let gzip = {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
            encoder.write_all(&tar).unwrap();
            encoder.finish().unwrap()
        };
        let mut zstd = zstd::stream::Encoder::new(Vec::new(), 1).unwrap();
        // What does not compress is as long as it was.
        let noise: Vec<u8> = (0..8 * PIECE as u64)
            .map(|at| at.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes()[3])
            .collect();
        zstd.write_all(&noise).unwrap();
        for (compression, blob) in [
            (Compression::None, tar),
            (Compression::Gzip, gzip),
            (Compression::Zstd, zstd.finish().unwrap()),
        ] {
            let (sender, receiver) = tokio::sync::mpsc::channel(1000);
            for piece in blob.chunks(PIECE / 4) {
                sender
                    .blocking_send(Piece::Data(Bytes::copy_from_slice(piece)))
                    .unwrap();
            }
            sender.blocking_send(Piece::End).unwrap();
            let descriptor = serde_json::from_value(serde_json::json!({
                "mediaType": "", "digest": Digest::of(&blob), "size": blob.len(),
            }))
            .unwrap();
            let told = Told::default();
            let copy = tempfile::tempfile().unwrap();
            let blob = BlobReader::of_stream(receiver, None, copy, &descriptor, &told);
            let (output, refusing) = sync_channel(1);
            drop(refusing);
            decompress(blob, compression, &output, &channel().1);
            let told = told.0.into_inner().unwrap();
            assert!(!told.is_empty());
            assert!(!told.contains(&Step::Downloaded), "{compression:?}: {told:?}");
            assert!(sender.is_closed(), "{compression:?}");
        }
    }
}
