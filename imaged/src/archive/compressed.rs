//! Compressing the layers that came as plain tar, before they are pushed.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::sync::atomic::{AtomicUsize, Ordering};

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::error::{Error, Kind, Result};
use crate::image::Image;
use crate::oci::{Descriptor, Digest, Hasher, Manifest, media};
use crate::store::{Store, failed, failed_at};

/// How many layers are compressed at once.
const PARALLEL: usize = 4;

/// The image with all its layers compressed; that is the image as it is. Otherwise the store has it from now on with
/// a manifest of compressed blobs, the same each time, so that the next push has nothing left to do.
///
/// # Errors
/// The failed call, or what is wrong with a blob.
pub fn compressed(store: &Store, image: &Image) -> Result<Image> {
    let manifest = store.manifest(image)?;
    let is_plain =
        |layer: &Descriptor| media::layer_compression(&layer.media_type) == Some(media::Compression::None);
    if !manifest.layers.iter().any(is_plain) {
        return Ok(image.clone());
    }
    // Kept until the manifest names the blobs: nothing is swept away while somebody works.
    let _working = store.scratch()?;
    let layers = for_each_layer(&manifest.layers, |_, layer| match is_plain(layer) {
        true => gzip(store, layer),
        false => Ok(layer.clone()),
    })?;
    let config = store.blob(&image.id)?;
    let manifest = Manifest::of(
        Descriptor::new(media::OCI_CONFIG, image.id, config.len() as u64),
        layers,
    );
    let manifest = serde_json::to_vec(&manifest)
        .map_err(|error| Error::new(Kind::System, format!("the manifest cannot be written: {error}")))?;
    store
        .put_image(&config, &manifest, &[])?
        .ok_or_else(|| Error::new(Kind::Conflict, "the image was removed while it was compressed"))
}

/// Does something with each layer, with a few at once: an encoder may take hundreds of megabytes. The results are in the
/// layers' order.
pub(super) fn for_each_layer<T: Send>(
    layers: &[Descriptor],
    work: impl Fn(usize, &Descriptor) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let next = AtomicUsize::new(0);
    let take = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(layer) = layers.get(at) else {
                return Ok(done);
            };
            let made = work(at, layer);
            if made.is_err() {
                next.store(layers.len(), Ordering::Relaxed);
            }
            done.push((at, made?));
        }
    };
    let died = |_| Err(Error::new(Kind::System, "a thread that compresses died"));
    let results: Vec<Result<Vec<(usize, T)>>> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..PARALLEL.min(layers.len()))
            .map(|_| scope.spawn(take))
            .collect();
        let workers = workers.into_iter();
        workers.map(|worker| worker.join().unwrap_or_else(died)).collect()
    });
    let mut all = Vec::new();
    for result in results {
        all.extend(result?);
    }
    all.sort_by_key(|(at, _)| *at);
    Ok(all.into_iter().map(|(_, made)| made).collect())
}

fn gzip(store: &Store, layer: &Descriptor) -> Result<Descriptor> {
    let scratch = store.scratch()?;
    let place = scratch.path().join("blob");
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&place)
        .map_err(|error| failed_at("create", &place, &error))?;
    let out = Hashed::new(file);
    let mut encoder = GzEncoder::new(out, Compression::default());
    let mut source = Checked {
        file: store.open_blob(&layer.digest)?,
        hasher: Hasher::new(),
    };
    let done = io::copy(&mut source, &mut encoder).and_then(|_| encoder.finish());
    let mut done = done.map_err(|error| failed("compress a layer", &error))?;
    io::Write::flush(&mut done).map_err(|error| failed("compress a layer", &error))?;
    source.check(&layer.digest)?;
    let (digest, size) = done.finish();
    store.adopt_blob(&place, &digest)?;
    Ok(Descriptor::new(media::OCI_LAYER_GZIP, digest, size))
}

/// A file whose digest and size are computed as it is written.
pub(super) struct Hashed {
    file: io::BufWriter<std::fs::File>,
    hasher: Hasher,
    size: u64,
}

impl Hashed {
    pub(super) fn new(file: std::fs::File) -> Self {
        Self {
            file: io::BufWriter::with_capacity(1 << 20, file),
            hasher: Hasher::new(),
            size: 0,
        }
    }

    /// The digest and the size of what was written.
    pub(super) fn finish(self) -> (Digest, u64) {
        (self.hasher.finish(), self.size)
    }
}

impl io::Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.hasher.update(&bytes[..count]);
        self.size += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// A blob whose digest is computed as it is read.
pub(super) struct Checked {
    pub(super) file: std::fs::File,
    pub(super) hasher: Hasher,
}

impl Checked {
    /// After all was read: was it what it should be?
    pub(super) fn check(self, digest: &Digest) -> Result<()> {
        match self.hasher.finish() {
            found if found == *digest => Ok(()),
            _ => Err(
                Error::new(Kind::Integrity, format!("the blob {digest} is damaged"))
                    .hint("remove the image and pull or load it again"),
            ),
        }
    }
}

impl io::Read for Checked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.hasher.update(&buffer[..count]);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// There was a thread for each, and an encoder of hundreds of megabytes in it.
    #[test]
    fn a_few_layers_are_worked_on_at_once() {
        let layers: Vec<Descriptor> = (0..100)
            .map(|size| Descriptor::new(media::OCI_LAYER, Digest::of(b"x"), size))
            .collect();
        let (running, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let sizes = for_each_layer(&layers, |at, layer| {
            most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            std::thread::yield_now();
            running.fetch_sub(1, Ordering::SeqCst);
            assert_eq!(at as u64, layer.size);
            Ok(layer.size)
        });
        assert_eq!(sizes.unwrap(), (0..100).collect::<Vec<_>>());
        assert!((1..=PARALLEL).contains(&most.into_inner()));
        let failed = for_each_layer(&layers, |at, _| match at {
            7 => Err(Error::new(Kind::Integrity, "damaged")),
            _ => Ok(()),
        });
        assert_eq!(failed.unwrap_err().kind(), Kind::Integrity);
    }
}
