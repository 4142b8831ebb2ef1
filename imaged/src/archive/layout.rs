//! The images of an OCI layout, and of docker's `manifest.json`.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use serde::Deserialize;

use super::contents::{Contents, Item};
use super::{CONTAINERD_NAME, DockerEntry, OCI_NAME, invalid};
use crate::error::{Error, Kind, Result};
use crate::image::{Reference, platform};
use crate::oci::manifest::read_json;
use crate::oci::{Descriptor, Digest, Document, Manifest, Platform, media};

/// An image that is not in the store yet; nothing of it is checked but the digests of its documents.
#[derive(Debug)]
pub struct Found {
    /// Its configuration document.
    pub config: Vec<u8>,
    /// Its manifest.
    pub manifest: Vec<u8>,
    /// Its blobs that the store may not have, by the digests that the manifest gives them: files on the store's file
    /// system.
    pub blobs: HashMap<Digest, PathBuf>,
    /// The names it shall have.
    pub names: Vec<Reference>,
}

/// The images of an OCI layout's index, for this platform where there are several.
pub(super) fn of_index(contents: &Contents, index: &Item, wanted: &Platform) -> Result<Vec<Found>> {
    #[derive(Deserialize)]
    struct Index {
        manifests: Vec<Descriptor>,
    }
    let index: Index = read_json(&Contents::document(index)?, "archive's index.json")?;
    let by_config = docker_names(contents)?;
    let mut found: BTreeMap<Digest, Found> = BTreeMap::new();
    let mut order = Vec::new();
    for descriptor in &index.manifests {
        let Some((digest, manifest)) = manifest(contents, descriptor, wanted)? else {
            continue;
        };
        let mut names: Vec<Reference> = name(&descriptor.annotations).into_iter().collect();
        if let Some(known) = found.get_mut(&digest) {
            known.names.append(&mut names);
            continue;
        }
        let image = image(contents, &digest, &manifest, names, &by_config)?;
        order.push(digest);
        found.insert(digest, image);
    }
    Ok(order.iter().filter_map(|digest| found.remove(digest)).collect())
}

/// Follows a descriptor to a manifest; what is no image is passed over.
fn manifest(
    contents: &Contents,
    descriptor: &Descriptor,
    wanted: &Platform,
) -> Result<Option<(Digest, Manifest)>> {
    let bytes = Contents::document(contents.blob(&descriptor.digest)?)?;
    match Document::parse(&descriptor.media_type, &bytes) {
        Ok(Document::Manifest(manifest)) if media::is_config(&manifest.config.media_type) => {
            Ok(Some((descriptor.digest, *manifest)))
        }
        Ok(Document::Manifest(_)) => Ok(None),
        Ok(Document::Index(index)) => {
            let chosen = platform::choose(wanted, &index.manifests)?;
            let bytes = Contents::document(contents.blob(&chosen.digest)?)?;
            match Document::parse(&chosen.media_type, &bytes)? {
                Document::Manifest(manifest) => Ok(Some((chosen.digest, *manifest))),
                Document::Index(_) => Err(Error::new(Kind::Unsupported, "an index points at another index")),
            }
        }
        Err(error) if error.kind() == Kind::Unsupported => Ok(None),
        Err(error) => Err(error),
    }
}

fn image(
    contents: &Contents,
    digest: &Digest,
    manifest: &Manifest,
    mut names: Vec<Reference>,
    by_config: &HashMap<Digest, Vec<Reference>>,
) -> Result<Found> {
    let mut blobs = HashMap::new();
    for layer in &manifest.layers {
        blobs.insert(layer.digest, contents.blob(&layer.digest)?.path.clone());
    }
    if names.is_empty() {
        names = by_config
            .get(&manifest.config.digest)
            .cloned()
            .unwrap_or_default();
    }
    Ok(Found {
        config: Contents::document(contents.blob(&manifest.config.digest)?)?,
        manifest: Contents::document(contents.blob(digest)?)?,
        blobs,
        names,
    })
}

/// A name from the annotations: a tag alone is none.
fn name(annotations: &BTreeMap<String, String>) -> Option<Reference> {
    let complete = annotations.get(CONTAINERD_NAME);
    let name = complete.or_else(|| annotations.get(OCI_NAME).filter(|name| name.contains([':', '/'])));
    name?.parse().ok()
}

/// The names that docker's list in the same archive has.
fn docker_names(contents: &Contents) -> Result<HashMap<Digest, Vec<Reference>>> {
    let mut names = HashMap::new();
    if let Some(list) = contents.get("manifest.json") {
        let entries: Vec<DockerEntry> = read_json(&Contents::document(list)?, "archive's manifest.json")?;
        for entry in &entries {
            names.insert(contents.need(&entry.config)?.digest, references(entry)?);
        }
    }
    Ok(names)
}

fn references(entry: &DockerEntry) -> Result<Vec<Reference>> {
    let tags = entry.repo_tags.iter().flatten();
    tags.map(|tag| tag.parse().map_err(|error: Error| error.with_kind(Kind::Invalid)))
        .collect()
}

/// The images of docker's `manifest.json`: they have no manifest, so one is made.
pub(super) fn of_docker_list(contents: &Contents, list: &Item) -> Result<Vec<Found>> {
    let entries: Vec<DockerEntry> = read_json(&Contents::document(list)?, "archive's manifest.json")?;
    entries
        .iter()
        .map(|entry| {
            let layers: Vec<Item> = entry
                .layers
                .iter()
                .flatten()
                .map(|path| contents.need(path).cloned())
                .collect::<Result<_>>()?;
            let config = Contents::document(contents.need(&entry.config)?)?;
            assembled(config, &layers, references(entry)?)
        })
        .collect()
}

/// An image of a configuration and layers, with the manifest that they need.
pub(super) fn assembled(config: Vec<u8>, layers: &[Item], names: Vec<Reference>) -> Result<Found> {
    let descriptors = layers
        .iter()
        .map(|layer| Ok(Descriptor::new(layer_type(layer)?, layer.digest, layer.size)))
        .collect::<Result<Vec<_>>>()?;
    let manifest = Manifest::of(
        Descriptor::new(media::OCI_CONFIG, Digest::of(&config), config.len() as u64),
        descriptors,
    );
    let manifest = serde_json::to_vec(&manifest).map_err(|error| invalid(error.to_string()))?;
    let blobs = layers
        .iter()
        .map(|layer| (layer.digest, layer.path.clone()))
        .collect();
    Ok(Found {
        config,
        manifest,
        blobs,
        names,
    })
}

/// How a layer is packed, by how it begins.
fn layer_type(layer: &Item) -> Result<&'static str> {
    use std::io::Read;
    let mut start = Vec::new();
    std::fs::File::open(&layer.path)
        .and_then(|file| file.take(4).read_to_end(&mut start))
        .map_err(|error| crate::store::failed_at("read", &layer.path, &error))?;
    Ok(match start.as_slice() {
        [0x1f, 0x8b, ..] => media::OCI_LAYER_GZIP,
        [0x28, 0xb5, 0x2f, 0xfd] => media::OCI_LAYER_ZSTD,
        _ => media::OCI_LAYER,
    })
}
