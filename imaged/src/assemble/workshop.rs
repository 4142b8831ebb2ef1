//! The workers that make the layers of an image: several at once, each through all its stages at once, made visible
//! bottom up.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel, sync_channel};
use std::time::Instant;

use super::pieces::{BlobReader, TarDigest, TarReader, decompress};
use super::progress::{Progress, Step};
use super::source::Source;
use super::wrong_digest;
use crate::error::{Context, Error, Kind, Result};
use crate::layer::{self, Limits, Unpacked};
use crate::log;
use crate::oci::media::{Compression, layer_compression};
use crate::oci::{Descriptor, Digest, Hasher, ImageConfig, Manifest, digest};
use crate::store::{Claim, LayerRecord, Lock, Making, Partial, Store, failed_at};

/// Buffers between decompressor and unpacker.
const UNPACKED_PIECES: usize = 8;
/// More layers than this overlayfs does not stack.
pub(crate) const MAX_LAYERS: usize = 500;
/// How often layers below may disappear, because somebody removes them, before one is published.
const ROUNDS: usize = 10;

/// One layer of the image.
#[derive(Debug, Clone)]
pub struct Layer {
    descriptor: Descriptor,
    compression: Compression,
    diff_id: Digest,
    chain_id: Digest,
}

impl Layer {
    /// The layer of this descriptor.
    fn new(descriptor: &Descriptor, diff_id: Digest, chain_id: Digest) -> Result<Self> {
        let compression = layer_compression(&descriptor.media_type).ok_or_else(|| {
            Error::new(
                Kind::Unsupported,
                format!(
                    "layer {} has the media type \"{}\"",
                    descriptor.digest.short(),
                    descriptor.media_type
                ),
            )
            .hint("known are tar, tar+gzip and tar+zstd, in OCI's and docker's words")
        })?;
        Ok(Self {
            descriptor: descriptor.clone(),
            compression,
            diff_id,
            chain_id,
        })
    }

    fn tell(&self, what: &str) {
        log::debug(format_args!("layer {}: {what}", self.descriptor.digest.short()));
    }
}

/// What a worker has made of a layer.
enum Made {
    /// It is in the store.
    Present,
    /// Somebody else makes it.
    Elsewhere,
    /// It is unpacked, and waits for those below.
    Here(Making, Unpacked),
}

/// The layers of a manifest, with the identities that the configuration gives them.
///
/// # Errors
/// `Integrity` when the two contradict each other, `Limit` for too many, `Unsupported` for other systems and unknown kinds of layers.
pub fn layers_of(manifest: &Manifest, config: &ImageConfig) -> Result<Vec<Layer>> {
    let diff_ids = &config.rootfs.diff_ids;
    if config.rootfs.kind != "layers" || diff_ids.len() != manifest.layers.len() {
        return Err(Error::new(
            Kind::Integrity,
            format!(
                "the manifest has {} layers, but the configuration describes {}",
                manifest.layers.len(),
                diff_ids.len()
            ),
        ));
    }
    if diff_ids.len() > MAX_LAYERS {
        return Err(Error::new(
            Kind::Limit,
            format!(
                "the image has {} layers; overlayfs stacks {MAX_LAYERS}",
                diff_ids.len()
            ),
        ));
    }
    if config.os != "linux" {
        return Err(Error::new(
            Kind::Unsupported,
            format!("the image is for \"{}\", not for linux", config.os),
        ));
    }
    let chain_ids = digest::chain_ids(diff_ids);
    let identities = diff_ids.iter().zip(chain_ids);
    manifest
        .layers
        .iter()
        .zip(identities)
        .map(|(descriptor, (diff_id, chain_id))| Layer::new(descriptor, *diff_id, chain_id))
        .collect()
}

/// Everything that making layers needs.
pub struct Workshop<'a> {
    /// Where they go.
    pub store: &'a Store,
    /// Where their blobs come from.
    pub source: &'a dyn Source,
    /// Who is told.
    pub progress: &'a dyn Progress,
    /// What a layer may make this machine do.
    pub limits: Limits,
    /// How many layers are made at once.
    pub parallel: usize,
}

impl Workshop<'_> {
    /// Makes all layers, and keeps all blobs, that are not in the store.
    ///
    /// # Errors
    /// `Invalid`, `Integrity` and `Limit` for what is wrong with them, and what their source reports.
    pub fn make(&self, layers: &[Layer]) -> Result<()> {
        for layer in layers {
            let step = match self.is_here(layer) {
                true => Step::Present,
                false => Step::Waiting(layer.descriptor.size),
            };
            self.progress.layer(&layer.descriptor.digest, step);
        }
        let next = AtomicUsize::new(0);
        let (sender, finished) = channel();
        std::thread::scope(|scope| {
            for _ in 0..self.parallel.min(layers.len()) {
                let (next, sender) = (&next, sender.clone());
                scope.spawn(move || self.work(layers, next, &sender));
            }
            drop(sender);
            // In a thread of its own, whose umask is nobody else's: it may have to unpack, too.
            let publisher = scope.spawn(|| {
                layer::own_umask()?;
                self.publish_in_order(layers, finished.into_iter())
            });
            let result = publisher.join().unwrap_or_else(|_| Err(died()));
            if result.is_err() {
                next.store(layers.len(), Ordering::Relaxed);
                self.source.abandon();
            }
            result
        })
    }

    fn is_here(&self, layer: &Layer) -> bool {
        self.store.has_layer(&layer.chain_id) && self.store.has_blob(&layer.descriptor.digest)
    }

    /// A worker: takes one layer after the other.
    fn work(&self, layers: &[Layer], next: &AtomicUsize, finished: &Sender<(usize, Result<Made>)>) {
        let umask = layer::own_umask();
        let mut umask = Some(umask);
        while let Some((index, layer)) = take(layers, next) {
            let made = match umask.take() {
                Some(Err(error)) => Err(error),
                _ => self.make_one(layer),
            };
            let failed = made.is_err();
            if finished.send((index, made)).is_err() || failed {
                return;
            }
        }
    }

    fn make_one(&self, layer: &Layer) -> Result<Made> {
        match self.store.claim_layer(&layer.chain_id, false)? {
            Claim::Present => {
                layer.tell("is in the store");
                self.complete_blob(layer).map(|()| Made::Present)
            }
            Claim::Busy => {
                layer.tell("is being made by another pull, which is waited for");
                Ok(Made::Elsewhere)
            }
            Claim::Ours(making) => {
                let unpacked = self.receive_and_unpack(layer, &making)?;
                Ok(Made::Here(making, unpacked))
            }
        }
    }

    fn publish_in_order(
        &self,
        layers: &[Layer],
        finished: impl Iterator<Item = (usize, Result<Made>)>,
    ) -> Result<()> {
        let mut waiting: Vec<Option<Made>> = layers.iter().map(|_| None).collect();
        let mut done = 0;
        for (index, made) in finished {
            waiting[index] = Some(made?);
            while let Some(made) = waiting.get_mut(done).and_then(Option::take) {
                self.publish(layers, done, made)?;
                done += 1;
            }
        }
        Ok(())
    }

    /// Makes a layer visible; those below are, or are made again.
    fn publish(&self, layers: &[Layer], index: usize, made: Made) -> Result<()> {
        let layer = &layers[index];
        let (making, unpacked) = match made {
            Made::Present => return Ok(()),
            Made::Here(making, unpacked) => (making, unpacked),
            // Who makes it may fail: then it is ours after all.
            Made::Elsewhere => match self.store.claim_layer(&layer.chain_id, true)? {
                Claim::Ours(making) => {
                    let unpacked = self.receive_and_unpack(layer, &making)?;
                    (making, unpacked)
                }
                Claim::Present | Claim::Busy => {
                    self.complete_blob(layer)?;
                    self.progress.layer(&layer.descriptor.digest, Step::Complete);
                    return Ok(());
                }
            },
        };
        let _nothing_goes = self.hold_below(layers, index)?;
        let below: Vec<PathBuf> = layers[..index]
            .iter()
            .rev()
            .map(|layer| self.store.layer_files(&layer.chain_id))
            .collect();
        let size = unpacked
            .settle(&making.files(), &below)
            .context(|| format!("layer {}", layer.descriptor.digest.short()))?;
        making.publish(&LayerRecord {
            chain_id: layer.chain_id,
            diff_id: layer.diff_id,
            blob: layer.descriptor.digest,
            media_type: layer.descriptor.media_type.clone(),
            blob_size: layer.descriptor.size,
            size,
            needs_copies: unpacked.needs_copies(),
        })?;
        layer.tell(&format!("visible as {}", layer.chain_id));
        self.progress.layer(&layer.descriptor.digest, Step::Complete);
        Ok(())
    }

    /// Sees to it that all layers below this one are there, and that none goes while the lock is held: until the image
    /// has its name, whoever removes another image takes those that they share.
    ///
    /// Whoever waits here waits for a layer below all that he holds; so nobody waits in a circle.
    fn hold_below(&self, layers: &[Layer], index: usize) -> Result<Lock> {
        for _ in 0..ROUNDS {
            let lock = self.store.lock_shared()?;
            let is_missing = |below: &usize| !self.store.has_layer(&layers[*below].chain_id);
            let missing: Vec<usize> = (0..index).filter(is_missing).collect();
            if missing.is_empty() {
                return Ok(lock);
            }
            drop(lock);
            for below in missing {
                layers[below].tell("was removed meanwhile, and is made again");
                self.publish(layers, below, Made::Elsewhere)?;
            }
        }
        Err(Error::new(
            Kind::Conflict,
            "layers of the image were removed while others were made",
        )
        .hint("try again when nobody removes images"))
    }

    /// Keeps the blob of a layer whose files are there: from a store of before, or from a blob packed in another way.
    fn complete_blob(&self, layer: &Layer) -> Result<()> {
        let digest = &layer.descriptor.digest;
        if self.store.has_blob(digest) {
            return Ok(());
        }
        let scratch = self.store.scratch()?;
        let place = scratch.path().join("blob");
        match self.receive_blob(layer, &place) {
            Err(error) if self.may_be_better(layer, &error) => self.receive_blob(layer, &place)?,
            received => received?,
        }
        self.store.adopt_blob(&place, digest)?;
        self.progress.layer(digest, Step::Complete);
        Ok(())
    }

    fn receive_blob(&self, layer: &Layer, place: &Path) -> Result<()> {
        let part = self.part_of(layer)?;
        let received = self.receive(layer, part.as_ref(), place, |_| Ok(()));
        settle(part, &received, place)?;
        received
    }

    /// What an earlier pull left of the layer's blob, if that comes from afar and nobody else receives it.
    fn part_of(&self, layer: &Layer) -> Result<Option<Partial>> {
        match self.source.file(&layer.descriptor) {
            Some(_) => Ok(None),
            None => self
                .store
                .partial(&layer.descriptor.digest, layer.descriptor.size),
        }
    }

    /// Begins to receive the layer's blob: what is there of it first. It is kept in `part`, or at `place`.
    fn open_blob<'a>(
        &'a self,
        layer: &'a Layer,
        part: Option<&Partial>,
        place: &Path,
    ) -> Result<BlobReader<'a>> {
        let (descriptor, progress) = (&layer.descriptor, self.progress);
        if let Some(file) = self.source.file(descriptor) {
            fs::hard_link(file, place).map_err(|error| failed_at("link", place, &error))?;
            let file = File::open(place).map_err(|error| failed_at("open", place, &error))?;
            let meta = file
                .metadata()
                .map_err(|error| failed_at("fstat", place, &error))?;
            return Ok(BlobReader::of_file(file, meta.len(), descriptor, progress));
        }
        let (copy, from) = match part {
            Some(part) => (part.file()?, part.length()),
            None => {
                let mut options = OpenOptions::new();
                // Anew: of a first attempt there may be something.
                options.write(true).create(true).truncate(true).mode(0o600);
                let copy = options.open(place);
                (copy.map_err(|error| failed_at("create", place, &error))?, 0)
            }
        };
        let before = match part {
            Some(part) if from > 0 => {
                layer.tell(&format!("{from} of {} bytes are here already", descriptor.size));
                Some((part.file()?, from))
            }
            _ => None,
        };
        let pieces = self.source.fetch(descriptor, from)?;
        Ok(BlobReader::of_stream(pieces, before, copy, descriptor, progress))
    }

    /// The digest of the layer's tar stream, if that is known before it is read.
    fn tar_digest(&self, layer: &Layer) -> TarDigest {
        match (self.source.file(&layer.descriptor), layer.compression) {
            (Some(_), Compression::None) => TarDigest::Known(layer.descriptor.digest),
            _ => TarDigest::Computed(Hasher::new()),
        }
    }

    /// Whether the layer's bytes may have been wrong, and come from somebody else another time.
    fn may_be_better(&self, layer: &Layer, error: &Error) -> bool {
        error.kind() == Kind::Integrity && self.source.distrust(&layer.descriptor)
    }

    /// Receives and unpacks a layer; once more and from the start, if what was kept of its blob was damaged, or else what
    /// came from a registry's mirror.
    fn receive_and_unpack(&self, layer: &Layer, making: &Making) -> Result<Unpacked> {
        loop {
            let begun = Instant::now();
            let part = self.part_of(layer)?;
            let was_begun = part.as_ref().is_some_and(|part| part.length() > 0);
            let result = self.receive(layer, part.as_ref(), &making.blob(), |tar| {
                layer::unpack(tar, &making.files(), self.limits)
                    .context(|| format!("layer {}", layer.descriptor.digest.short()))
            });
            settle(part, &result, &making.blob())?;
            match result {
                // Our own part is suspected first: no mirror is to be given up for it.
                Err(error) if was_begun && !is_kept_after(&error) || self.may_be_better(layer, &error) => {
                    layer.tell(&format!("what is here of it is of no use ({error}): once more"));
                    making.begin()?;
                }
                Ok(unpacked) => {
                    layer.tell(&format!(
                        "{} bytes received, checked and unpacked in {} ms",
                        layer.descriptor.size,
                        begun.elapsed().as_millis()
                    ));
                    return Ok(unpacked);
                }
                result => return result,
            }
        }
    }

    /// All stages of one layer, at once: receive, keep in `place` and decompress (in a thread), and what `take` does with the
    /// tar stream (here), which must be the one that the configuration describes.
    fn receive<T>(
        &self,
        layer: &Layer,
        part: Option<&Partial>,
        place: &Path,
        take: impl FnOnce(&mut TarReader) -> Result<T>,
    ) -> Result<T> {
        let blob = self.open_blob(layer, part, place)?;
        let (output, input) = sync_channel(UNPACKED_PIECES);
        let (give_back, used) = sync_channel(UNPACKED_PIECES);
        std::thread::scope(|scope| {
            scope.spawn(move || decompress(blob, layer.compression, &output, &used));
            let mut tar = TarReader::new(input, give_back, self.tar_digest(layer));
            let taken = take(&mut tar)?;
            match tar.finish()? {
                digest if digest == layer.diff_id => Ok(taken),
                digest => Err(wrong_digest("uncompressed layer", &layer.diff_id, &digest)),
            }
        })
    }
}

/// What becomes of the part of a blob: the blob, something to go on with, or nothing.
fn settle<T>(part: Option<Partial>, result: &Result<T>, place: &Path) -> Result<()> {
    match (part, result) {
        (None, _) => Ok(()),
        (Some(part), Ok(_)) => part.complete(place),
        (Some(part), Err(error)) if is_kept_after(error) => part.keep(),
        (Some(part), Err(_)) => part.discard(),
    }
}

/// Whether a failure says nothing against the bytes that arrived.
fn is_kept_after(error: &Error) -> bool {
    matches!(error.kind(), Kind::Network | Kind::Closed)
}

fn died() -> Error {
    Error::new(Kind::System, "a thread that unpacks died")
}

/// The next layer that nobody has taken.
fn take<'a>(layers: &'a [Layer], next: &AtomicUsize) -> Option<(usize, &'a Layer)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    layers.get(index).map(|layer| (index, layer))
}
