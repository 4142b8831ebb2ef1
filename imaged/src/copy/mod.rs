//! Copying images between registries, layouts and archives, byte for byte and without the store.
//!
//! Documents go as they are, so digests stay. Every blob is checked against its digest on the way; a registry as the
//! target has what it needs before a manifest names it, and a file appears when it is whole.

mod files;
mod place;
mod tarball;
mod target;

use std::collections::BTreeSet;

use crate::assemble::{at_once, wrong_digest};
use crate::error::{Context, Error, Kind, Result};
use crate::image::platform;
use crate::oci::{Descriptor, Digest, Document, Manifest, media};
use crate::registry::{Content, Options, Raw, Repository};
use crate::trust;
use files::Files;
use target::Target;

pub(crate) use place::Place;

/// Is told what a copy does.
pub(crate) trait Witness: Sync {
    /// A blob is done; false when it was there.
    fn blob(&self, blob: &Descriptor, was_copied: bool);
    /// The manifests are being written.
    fn manifests(&self);
}

/// Where an image is read from.
enum Source {
    Registry(Repository),
    Files(Files),
}

impl Source {
    fn open(place: &Place, options: &Options) -> Result<Self> {
        Ok(match place {
            Place::Registry(reference) => Self::Registry(Repository::to_read(reference, options)?),
            _ => Self::Files(Files::open(place)?),
        })
    }

    fn root(&self) -> Result<Raw> {
        match self {
            Self::Registry(repository) => repository.root(),
            Self::Files(files) => files.root(),
        }
    }

    fn document(&self, descriptor: &Descriptor) -> Result<Raw> {
        match self {
            Self::Registry(repository) => repository.document(descriptor),
            Self::Files(files) => files.document(descriptor),
        }
    }

    fn blob(&self, descriptor: &Descriptor) -> Result<Content> {
        match self {
            Self::Registry(repository) => repository.download(descriptor),
            Self::Files(files) => files.blob(descriptor),
        }
    }
}

/// Copies an image; with `all`, the images for all platforms. Returns the digest that it has at both ends.
///
/// # Errors
/// `NotFound`, `Denied`, `Network`, `Integrity`, `Unsupported`; the failed call.
pub(crate) fn copy(
    from: &Place,
    to: &Place,
    all: bool,
    options: &Options,
    witness: &dyn Witness,
) -> Result<Digest> {
    let source = Source::open(from, options)?;
    if let Some((transport, path)) = from.files() {
        trust::allows_files(transport, Some(path))?;
    }
    let root = source.root().context(|| format!("read {from}"))?;
    let whole = root.digest;
    let (root, children) = select(&source, root, all, options)?;
    if let Source::Registry(repository) = &source {
        // A signature of an index is one of all that it points at.
        repository.obey_policy(&[whole, root.digest])?;
    }
    if let Place::Registry(reference) = to
        && let Some(wanted) = reference.digest().filter(|wanted| **wanted != root.digest)
    {
        // It would be there under another name than the one that was asked for.
        return Err(wrong_digest("manifest", wanted, &root.digest));
    }
    let mut target = Target::open(to, from, all, options)?;
    let manifests = children
        .iter()
        .chain([&root])
        .filter_map(|raw| match &raw.document {
            Document::Manifest(manifest) => Some(manifest.as_ref()),
            Document::Index(_) => None,
        });
    let blobs = blobs_of(manifests);
    copy_blobs(&source, &target, &blobs, options.parallel, witness)?;
    witness.manifests();
    for child in &children {
        target.put(child, false)?;
    }
    target.put(&root, true)?;
    target.finish().context(|| format!("write {to}"))?;
    Ok(root.digest)
}

/// What is copied: the root, and the manifests that it points at.
fn select(source: &Source, root: Raw, all: bool, options: &Options) -> Result<(Raw, Vec<Raw>)> {
    let Document::Index(index) = &root.document else {
        return Ok((root, Vec::new()));
    };
    if !all {
        let wanted = options.platform.clone().unwrap_or_else(platform::host);
        let chosen = source.document(platform::choose(&wanted, &index.manifests)?)?;
        return Ok((not_nested(chosen)?, Vec::new()));
    }
    let children = index
        .manifests
        .iter()
        .map(|entry| not_nested(source.document(entry)?))
        .collect::<Result<_>>()?;
    Ok((root, children))
}

fn not_nested(raw: Raw) -> Result<Raw> {
    match raw.document {
        Document::Index(_) => Err(Error::new(Kind::Unsupported, "an index points at another index")),
        Document::Manifest(_) => Ok(raw),
    }
}

/// All blobs of the manifests, each once.
fn blobs_of<'a>(manifests: impl Iterator<Item = &'a Manifest>) -> Vec<Descriptor> {
    let mut seen = BTreeSet::new();
    manifests
        .flat_map(|manifest| manifest.layers.iter().chain([&manifest.config]))
        .filter(|blob| !media::is_foreign(&blob.media_type) && seen.insert(blob.digest))
        .cloned()
        .collect()
}

/// Copies the blobs, several at once.
fn copy_blobs(
    source: &Source,
    target: &Target,
    blobs: &[Descriptor],
    parallel: usize,
    witness: &dyn Witness,
) -> Result<()> {
    at_once(parallel.clamp(1, 16), blobs, |_, blob| {
        let copied = copy_blob(source, target, blob);
        let copied = copied.context(|| format!("copy the blob {}", blob.digest.short()))?;
        witness.blob(blob, copied);
        Ok(())
    })
    .map(drop)
}

/// False when the target had it.
fn copy_blob(source: &Source, target: &Target, blob: &Descriptor) -> Result<bool> {
    if target.has(&blob.digest)? {
        return Ok(false);
    }
    target.blob(blob, source.blob(blob)?).map(|()| true)
}
