//! An image in another compression or in other words (OCI's, docker's) than the store has it, for who asks for it.
//! The store's own image stays as it is; the same wish gives the same bytes each time.

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use super::compressed::{Checked, Hashed, PARALLEL};
use crate::assemble::at_once;
use crate::error::{Context, Error, Kind, Result};
use crate::image::Image;
use crate::oci::media::{self, Compression};
use crate::oci::{Descriptor, Digest, Hasher, Manifest};
use crate::store::{Scratch, Store, failed, failed_at};

/// How layers are to be compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// gzip, of this level.
    Gzip(u32),
    /// zstd, of this level.
    Zstd(i32),
}

/// Whose words a manifest is to be in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// The OCI image specification's.
    Oci,
    /// Docker's schema 2.
    Docker,
}

/// An image in another form.
#[derive(Debug)]
pub struct Packed {
    /// Its manifest.
    pub manifest: Vec<u8>,
    /// The blobs that the store does not have; there as long as this is.
    pub blobs: HashMap<Digest, PathBuf>,
    _scratch: Scratch,
}

impl Packing {
    /// `gzip`, `zstd`, `gzip:LEVEL`, `zstd:LEVEL`.
    ///
    /// # Errors
    /// `Usage` for something else.
    pub fn parse(text: &str) -> Result<Self> {
        let (name, level) = match text.split_once(':') {
            Some((name, level)) => (name, Some(level)),
            None => (text, None),
        };
        let number = |default: i32, most: i32| match level {
            None => Ok(default),
            Some(level) => match level.parse() {
                Ok(number) if (1..=most).contains(&number) => Ok(number),
                _ => Err(Error::new(
                    Kind::Usage,
                    format!("\"{level}\" is no level of {name}: it goes from 1 to {most}"),
                )),
            },
        };
        match name {
            "gzip" => number(6, 9).map(|level| Self::Gzip(level.unsigned_abs())),
            "zstd" => number(3, 22).map(Self::Zstd),
            _ => Err(
                Error::new(Kind::Usage, format!("\"{text}\" is no compression that is known"))
                    .hint("write gzip or zstd, with a level if you like: zstd:19"),
            ),
        }
    }

    fn compression(self) -> Compression {
        match self {
            Self::Gzip(_) => Compression::Gzip,
            Self::Zstd(_) => Compression::Zstd,
        }
    }
}

impl Format {
    /// `oci`, or `docker` (podman's `v2s2`).
    ///
    /// # Errors
    /// `Usage` for something else.
    pub fn parse(text: &str) -> Result<Self> {
        match text {
            "oci" => Ok(Self::Oci),
            "docker" | "v2s2" => Ok(Self::Docker),
            _ => Err(Error::new(
                Kind::Usage,
                format!("\"{text}\" is no format that is known: it is oci or docker"),
            )),
        }
    }
}

/// The image in another form. Layers that are compressed in the wanted way stay as they are, whatever their level.
///
/// # Errors
/// `Unsupported` for what docker's format cannot say; the failed call; what is wrong with a blob.
pub fn packed(
    store: &Store,
    image: &Image,
    packing: Option<Packing>,
    format: Option<Format>,
) -> Result<Packed> {
    let mut manifest = store.manifest(image)?;
    let scratch = store.scratch()?;
    let mut blobs = HashMap::new();
    if let Some(packing) = packing {
        let each = at_once(PARALLEL, &manifest.layers, |at, layer| {
            layer_in(store, layer, packing, &scratch, at)
        })?;
        for (layer, (descriptor, place)) in manifest.layers.iter_mut().zip(each) {
            blobs.extend(place.map(|place| (descriptor.digest, place)));
            *layer = descriptor;
        }
    }
    if let Some(format) = format.or_else(|| fitting(&manifest).filter(|_| !blobs.is_empty())) {
        translate(&mut manifest, format)?;
    }
    let manifest = serde_json::to_vec(&manifest)
        .map_err(|error| Error::new(Kind::System, format!("the manifest cannot be written: {error}")))?;
    Ok(Packed {
        manifest,
        blobs,
        _scratch: scratch,
    })
}

/// The words for docker's manifest that has new layers: its own, if they have words for all of them.
fn fitting(manifest: &Manifest) -> Option<Format> {
    let is_dockers = manifest.media_type.as_deref() == Some(media::DOCKER_MANIFEST);
    is_dockers.then(|| match translate(&mut manifest.clone(), Format::Docker) {
        Ok(()) => Format::Docker,
        Err(_) => Format::Oci,
    })
}

/// A layer compressed in the wanted way, and where, if that is not the store's own blob.
fn layer_in(
    store: &Store,
    layer: &Descriptor,
    packing: Packing,
    scratch: &Scratch,
    at: usize,
) -> Result<(Descriptor, Option<PathBuf>)> {
    let now = media::layer_compression(&layer.media_type);
    if now == Some(packing.compression()) || media::is_foreign(&layer.media_type) {
        return Ok((layer.clone(), None));
    }
    let place = scratch.path().join(format!("layer-{at}"));
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&place)
        .map_err(|error| failed_at("create", &place, &error))?;
    let mut source = Checked {
        file: store.open_blob(&layer.digest)?,
        hasher: Hasher::new(),
    };
    let out = Hashed::new(file);
    let done = match now {
        Some(Compression::Gzip) => pack(&mut flate2::read::MultiGzDecoder::new(&mut source), out, packing),
        Some(Compression::Zstd) => {
            zstd::stream::read::Decoder::new(&mut source).and_then(|mut plain| pack(&mut plain, out, packing))
        }
        _ => pack(&mut source, out, packing),
    };
    let mut done = done
        .map_err(|error| failed("compress a layer", &error))
        .context(|| format!("layer {}", layer.digest.short()))?;
    done.flush().map_err(|error| failed("compress a layer", &error))?;
    // What the decompressor did not need belongs to the blob, too.
    io::copy(&mut source, &mut io::sink()).map_err(|error| failed("read a layer", &error))?;
    source.check(&layer.digest)?;
    let media_type = match packing {
        Packing::Gzip(_) => media::OCI_LAYER_GZIP,
        Packing::Zstd(_) => media::OCI_LAYER_ZSTD,
    };
    let (digest, size) = done.finish();
    Ok((Descriptor::new(media_type, digest, size), Some(place)))
}

fn pack(plain: &mut dyn io::Read, out: Hashed, packing: Packing) -> io::Result<Hashed> {
    match packing {
        Packing::Gzip(level) => {
            let mut encoder = flate2::write::GzEncoder::new(out, flate2::Compression::new(level));
            io::copy(plain, &mut encoder)?;
            encoder.finish()
        }
        Packing::Zstd(level) => {
            let mut encoder = zstd::stream::write::Encoder::new(out, level)?;
            io::copy(plain, &mut encoder)?;
            encoder.finish()
        }
    }
}

/// Says the manifest in the other's words. What it points at stays the same.
fn translate(manifest: &mut Manifest, format: Format) -> Result<()> {
    let (own, config) = match format {
        Format::Oci => (media::OCI_MANIFEST, media::OCI_CONFIG),
        Format::Docker => (media::DOCKER_MANIFEST, media::DOCKER_CONFIG),
    };
    manifest.media_type = Some(own.into());
    manifest.config.media_type = config.into();
    for layer in &mut manifest.layers {
        let words = media::layer_compression(&layer.media_type).and_then(|compression| {
            let is_foreign = media::is_foreign(&layer.media_type);
            media::layer_type(compression, format == Format::Docker, is_foreign)
        });
        layer.media_type = words
            .ok_or_else(|| {
                Error::new(
                    Kind::Unsupported,
                    format!("docker's format has no word for \"{}\"", layer.media_type),
                )
                .hint("zstd needs --format oci, or take --compression gzip")
            })?
            .into();
        if format == Format::Docker {
            layer.annotations.clear();
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wishes_are_read() {
        assert_eq!(Packing::parse("gzip").unwrap(), Packing::Gzip(6));
        assert_eq!(Packing::parse("zstd:19").unwrap(), Packing::Zstd(19));
        for bad in ["", "lz4", "gzip:0", "gzip:10", "zstd:23", "zstd:", "zstd:x"] {
            assert!(Packing::parse(bad).is_err(), "{bad}");
        }
        assert_eq!(Format::parse("v2s2").unwrap(), Format::Docker);
        assert!(Format::parse("tar").is_err());
    }

    /// Docker's manifest with OCI's layers is one that nobody pulls.
    #[test]
    fn new_layers_and_their_manifest_have_the_same_words() {
        let layer = |media_type| Descriptor::new(media_type, Digest::of(b"x"), 1);
        let mut manifest = Manifest::of(layer(media::DOCKER_CONFIG), vec![layer(media::OCI_LAYER_ZSTD)]);
        assert_eq!(fitting(&manifest), None);
        manifest.media_type = Some(media::DOCKER_MANIFEST.into());
        assert_eq!(
            fitting(&manifest),
            Some(Format::Oci),
            "docker has no word for zstd"
        );
        manifest.layers = vec![layer(media::OCI_LAYER_GZIP)];
        assert_eq!(fitting(&manifest), Some(Format::Docker));
    }

    #[test]
    fn zstd_is_not_said_in_dockers_words() {
        let layer = |media_type| Descriptor::new(media_type, Digest::of(b"x"), 1);
        let config = layer(media::OCI_CONFIG);
        let mut manifest = Manifest::of(config.clone(), vec![layer(media::OCI_LAYER_GZIP)]);
        translate(&mut manifest, Format::Docker).unwrap();
        assert_eq!(
            manifest.layers[0].media_type,
            "application/vnd.docker.image.rootfs.diff.tar.gzip"
        );
        assert_eq!(manifest.config.media_type, media::DOCKER_CONFIG);
        translate(&mut manifest, Format::Oci).unwrap();
        assert_eq!(
            manifest,
            Manifest::of(config.clone(), vec![layer(media::OCI_LAYER_GZIP)])
        );
        let mut manifest = Manifest::of(config, vec![layer(media::OCI_LAYER_ZSTD)]);
        assert_eq!(
            translate(&mut manifest, Format::Docker).unwrap_err().kind(),
            Kind::Unsupported
        );
    }
}
