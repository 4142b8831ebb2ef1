//! The images of an OCI layout, and of docker's `manifest.json`.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use serde::Deserialize;

use super::contents::{Contents, Item};
use super::{CONTAINERD_NAME, DockerEntry, OCI_NAME, invalid};
use crate::error::{Error, Kind, Result};
use crate::image::{Reference, platform};
use crate::oci::manifest::{each_once, read_json};
use crate::oci::{Descriptor, Digest, Document, Index, Manifest, Platform, media};
use crate::store::blobs_of;

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
    /// The index that it is from, if that is to be kept.
    pub index: Option<FoundIndex>,
}

/// An index, and the blobs that it brings beside those of the image.
#[derive(Debug)]
pub struct FoundIndex {
    /// The document.
    pub bytes: Vec<u8>,
    /// Manifests and blobs, as far as they are there: files on the store's file system.
    pub blobs: HashMap<Digest, PathBuf>,
}

/// The images of an OCI layout's index, where there are several for the platform `wanted`, or for this machine's.
pub(super) fn of_index(contents: &Contents, index: &Item, wanted: Option<&Platform>) -> Result<Vec<Found>> {
    /// What a layout's root may leave out, no other index may.
    #[derive(Deserialize)]
    struct Root {
        manifests: Vec<Descriptor>,
    }
    let index: Root = read_json(&contents.document(index)?, "archive's index.json")?;
    let by_config = docker_names(contents)?;
    // None for what is no image. Nothing is looked at twice, however often it is named.
    let mut found: BTreeMap<Digest, Option<Found>> = BTreeMap::new();
    let mut order = Vec::new();
    for descriptor in &index.manifests {
        let mut names: Vec<Reference> = name(&descriptor.annotations).into_iter().collect();
        if let Some(known) = found.get_mut(&descriptor.digest) {
            known.iter_mut().for_each(|known| known.names.append(&mut names));
            continue;
        }
        let Some((digest, manifest, index)) = manifest(contents, descriptor, wanted)? else {
            found.insert(descriptor.digest, None);
            continue;
        };
        let mut image = image(contents, &digest, &manifest, names, &by_config)?;
        image.index = index;
        order.push(descriptor.digest);
        found.insert(descriptor.digest, Some(image));
    }
    Ok(order.iter().filter_map(|digest| found.remove(digest)?).collect())
}

/// Follows a descriptor to a manifest, perhaps by an index; what is no image is passed over, and what has none for the
/// platform that was asked for.
fn manifest(
    contents: &Contents,
    descriptor: &Descriptor,
    wanted: Option<&Platform>,
) -> Result<Option<(Digest, Manifest, Option<FoundIndex>)>> {
    let bytes = contents.document(contents.blob(&descriptor.digest)?)?;
    match Document::parse(&descriptor.media_type, &bytes) {
        Ok(Document::Manifest(manifest)) if media::is_config(&manifest.config.media_type) => {
            Ok(Some((descriptor.digest, *manifest, None)))
        }
        Ok(Document::Manifest(_)) => Ok(None),
        Ok(Document::Index(index)) => {
            let chosen = match wanted {
                None => platform::choose(&platform::host(), &index.manifests)?,
                Some(wanted) => match platform::choose(wanted, &index.manifests) {
                    Err(error) if error.kind() == Kind::NotFound => return Ok(None),
                    chosen => chosen?,
                },
            };
            let document = contents.document(contents.blob(&chosen.digest)?)?;
            match Document::parse(&chosen.media_type, &document)? {
                Document::Manifest(manifest) => {
                    let blobs = blobs_of_index(contents, &index)?;
                    Ok(Some((
                        chosen.digest,
                        *manifest,
                        Some(FoundIndex { bytes, blobs }),
                    )))
                }
                Document::Index(_) => Err(Error::new(Kind::Unsupported, "an index points at another index")),
            }
        }
        Err(error) if error.kind() == Kind::Unsupported => Ok(None),
        Err(error) => Err(error),
    }
}

/// What the archive has of all that an index points at; what is no manifest is passed over.
fn blobs_of_index(contents: &Contents, index: &Index) -> Result<HashMap<Digest, PathBuf>> {
    let mut found = HashMap::new();
    for entry in each_once(&index.manifests) {
        let Some(item) = contents.blob_if_there(&entry.digest)? else {
            continue;
        };
        let manifest = match Document::parse(&entry.media_type, &contents.document(item)?) {
            Ok(Document::Manifest(manifest)) => manifest,
            Ok(Document::Index(_)) => continue,
            Err(error) if error.kind() == Kind::Unsupported => continue,
            Err(error) => return Err(error),
        };
        found.insert(entry.digest, item.path.clone());
        for blob in blobs_of(&manifest) {
            if let Some(item) = contents.blob_if_there(&blob.digest)? {
                found.insert(blob.digest, item.path.clone());
            }
        }
    }
    Ok(found)
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
        config: contents.document(contents.blob(&manifest.config.digest)?)?,
        manifest: contents.document(contents.blob(digest)?)?,
        blobs,
        names,
        index: None,
    })
}

/// A name from the annotations. OCI's is complete, or the tag in containerd's, which whoever tags anew may leave as it was
/// (umoci does).
fn name(annotations: &BTreeMap<String, String>) -> Option<Reference> {
    let own = annotations.get(OCI_NAME);
    if let Some(name) = own.filter(|name| name.contains([':', '/'])) {
        return name.parse().ok();
    }
    let complete: Reference = annotations.get(CONTAINERD_NAME)?.parse().ok()?;
    match own.filter(|_| complete.tag().is_some()) {
        Some(tag) => complete.with_tag(tag).ok().or(Some(complete)),
        None => Some(complete),
    }
}

/// The names that docker's list in the same archive has.
fn docker_names(contents: &Contents) -> Result<HashMap<Digest, Vec<Reference>>> {
    let mut names = HashMap::new();
    if let Some(list) = contents.get("manifest.json") {
        let entries: Vec<DockerEntry> = read_json(&contents.document(list)?, "archive's manifest.json")?;
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
    let entries: Vec<DockerEntry> = read_json(&contents.document(list)?, "archive's manifest.json")?;
    entries
        .iter()
        .map(|entry| {
            let layers: Vec<Item> = entry
                .layers
                .iter()
                .flatten()
                .map(|path| contents.need(path).cloned())
                .collect::<Result<_>>()?;
            let config = contents.document(contents.need(&entry.config)?)?;
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
        index: None,
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
