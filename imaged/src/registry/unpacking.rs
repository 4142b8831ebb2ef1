//! Making the layers of an image: several at once, each through all its stages at once, made visible bottom up.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel, sync_channel};
use std::time::Instant;

use tokio::runtime::Handle;

use super::blob;
use super::client::{Client, wrong_digest};
use super::pieces::{BlobReader, TarReader, decompress};
use super::progress::{Progress, Step};
use crate::error::{Context, Error, Kind, Result};
use crate::layer::{self, Unpacked};
use crate::log;
use crate::oci::media::{Compression, layer_compression};
use crate::oci::{Descriptor, Digest};
use crate::store::{Claim, LayerRecord, Making, Store};

/// Pieces of a download that may wait for the decompressor.
const DOWNLOADED_PIECES: usize = 32;
/// Buffers between decompressor and unpacker.
const UNPACKED_PIECES: usize = 8;

/// One layer of the image.
#[derive(Debug, Clone)]
pub(super) struct Layer {
    pub(super) descriptor: Descriptor,
    pub(super) compression: Compression,
    pub(super) diff_id: Digest,
    pub(super) chain_id: Digest,
}

impl Layer {
    /// The layer of this descriptor.
    pub(super) fn new(descriptor: &Descriptor, diff_id: Digest, chain_id: Digest) -> Result<Self> {
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

/// Everything that making a layer needs.
pub(super) struct Workshop<'a> {
    pub(super) store: &'a Store,
    pub(super) client: Arc<Client>,
    pub(super) runtime: Handle,
    pub(super) progress: &'a dyn Progress,
}

impl Workshop<'_> {
    /// Makes all layers that are not in the store. On an error `abandon` must stop the downloads.
    pub(super) fn make(&self, layers: &[Layer], abandon: impl FnOnce()) -> Result<()> {
        for layer in layers {
            let step = match self.store.has_layer(&layer.chain_id) {
                true => Step::Present,
                false => Step::Waiting(layer.descriptor.size),
            };
            self.progress.layer(&layer.descriptor.digest, step);
        }
        let next = AtomicUsize::new(0);
        let (sender, finished) = channel();
        std::thread::scope(|scope| {
            for _ in 0..self.client.options.parallel.min(layers.len()) {
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
                abandon();
            }
            result
        })
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
                Ok(Made::Present)
            }
            Claim::Busy => {
                layer.tell("is being made by another pull, which is waited for");
                Ok(Made::Elsewhere)
            }
            Claim::Ours(making) => {
                let unpacked = self.download_and_unpack(layer, &making)?;
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

    /// Makes a layer visible; those below are.
    fn publish(&self, layers: &[Layer], index: usize, made: Made) -> Result<()> {
        let layer = &layers[index];
        let (making, unpacked) = match made {
            Made::Present => return Ok(()),
            Made::Here(making, unpacked) => (making, unpacked),
            // Who makes it may fail: then it is ours after all.
            Made::Elsewhere => match self.store.claim_layer(&layer.chain_id, true)? {
                Claim::Ours(making) => {
                    let unpacked = self.download_and_unpack(layer, &making)?;
                    (making, unpacked)
                }
                Claim::Present | Claim::Busy => {
                    self.progress.layer(&layer.descriptor.digest, Step::Complete);
                    return Ok(());
                }
            },
        };
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
        })?;
        layer.tell(&format!("visible as {}", layer.chain_id));
        self.progress.layer(&layer.descriptor.digest, Step::Complete);
        Ok(())
    }

    /// All stages of one layer, at once: download, decompress (in a thread), unpack (here).
    fn download_and_unpack(&self, layer: &Layer, making: &Making) -> Result<Unpacked> {
        let begun = Instant::now();
        let (pieces, arriving) = tokio::sync::mpsc::channel(DOWNLOADED_PIECES);
        self.runtime.spawn(blob::download(
            Arc::clone(&self.client),
            layer.descriptor.clone(),
            pieces,
        ));
        let blob = BlobReader::new(arriving, &layer.descriptor, self.progress);
        let (output, input) = sync_channel(UNPACKED_PIECES);
        let (give_back, used) = sync_channel(UNPACKED_PIECES);
        std::thread::scope(|scope| {
            scope.spawn(move || decompress(blob, layer.compression, &output, &used));
            let mut tar = TarReader::new(input, give_back);
            let unpacked = layer::unpack(&mut tar, &making.files(), self.client.options.limits)
                .context(|| format!("layer {}", layer.descriptor.digest.short()))?;
            match tar.finish()? {
                digest if digest == layer.diff_id => {
                    layer.tell(&format!(
                        "{} bytes downloaded, checked and unpacked in {} ms",
                        layer.descriptor.size,
                        begun.elapsed().as_millis()
                    ));
                    Ok(unpacked)
                }
                digest => Err(wrong_digest("uncompressed layer", &layer.diff_id, &digest)),
            }
        })
    }
}

fn died() -> Error {
    Error::new(Kind::System, "a thread that unpacks died")
}

/// The next layer that nobody has taken.
fn take<'a>(layers: &'a [Layer], next: &AtomicUsize) -> Option<(usize, &'a Layer)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    layers.get(index).map(|layer| (index, layer))
}
