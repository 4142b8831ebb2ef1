//! Compressing the layers that came as plain tar, before they are pushed.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::assemble::at_once;
use crate::error::{Error, Kind, Result};
use crate::image::Image;
use crate::oci::{Descriptor, Digest, Hasher, Manifest, media};
use crate::store::{Store, failed, failed_at};

/// How many layers are compressed at once: an encoder may take hundreds of megabytes.
pub(super) const PARALLEL: usize = 4;

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
    let layers = at_once(PARALLEL, &manifest.layers, |_, layer| match is_plain(layer) {
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
