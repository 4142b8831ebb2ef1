//! The pull of one image: manifest, configuration, layers, and then its names.

use std::sync::Arc;

use tokio::runtime::Runtime;

use super::blob::Downloads;
use super::client::{Client, Fetched};
use super::{Options, Pulled, members, signatures};
use crate::assemble::{Progress, Workshop, layers_of};
use crate::error::{Error, Kind, Result};
use crate::image::{Reference, platform};
use crate::log;
use crate::oci::manifest::read_json;
use crate::oci::{Digest, Document, ImageConfig, Index, Manifest, media};
use crate::store::{Name, Store, fault_point};

/// How often layers may disappear, because somebody removes them, while others are made.
const ROUNDS: usize = 3;

/// Pulls an image from a registry; see [`super::pull`].
pub(super) fn pull(
    store: &Store,
    reference: &Reference,
    options: &Options,
    progress: &dyn Progress,
) -> Result<Pulled> {
    let runtime = runtime()?;
    let client = Arc::new(Client::new(reference, options)?);
    progress.begin(reference);
    let wanted = options.platform.clone().unwrap_or_else(platform::host);
    let (found, index) = runtime.block_on(find_manifest(&client, reference, &wanted))?;
    let digest = index.as_ref().map_or(found.digest, |(index, _)| index.digest);
    let Document::Manifest(manifest) = &found.document else {
        return Err(Error::new(Kind::Unsupported, "an index points at another index"));
    };
    if !media::is_config(&manifest.config.media_type) {
        return Err(not_an_image(manifest));
    }
    let mut digests = vec![digest, found.digest];
    digests.dedup();
    // A signature of one image is none of the others.
    digests.truncate(if options.all_platforms { 1 } else { 2 });
    runtime.block_on(signatures::obey(&client, reference, &digests))?;
    let config_bytes = match store.blob(&manifest.config.digest) {
        Ok(known) => known,
        // Not there, or damaged.
        Err(_) => runtime.block_on(client.small_blob(&manifest.config, "configuration"))?,
    };
    let config: ImageConfig = read_json(&config_bytes, "image's configuration")?;
    let layers = layers_of(manifest, &config)?;
    log::debug(format_args!(
        "{reference} is the image {} for {}/{}, {} layers",
        manifest.config.digest,
        config.os,
        config.architecture,
        layers.len()
    ));
    fault_point();

    let was_current = store
        .known_as(reference)?
        .is_some_and(|(image, known)| known == digest && image.id == manifest.config.digest);
    // Nobody sweeps away what no name stands for yet.
    let _working = store.scratch()?;
    if let (true, Some((_, index))) = (options.all_platforms, &index) {
        members::keep(store, &client, &runtime, index, manifest)?;
    }
    let workshop = Workshop {
        store,
        source: &Downloads::new(client, runtime),
        progress,
        limits: options.limits,
        parallel: options.parallel,
    };
    for _ in 0..ROUNDS {
        workshop.make(&layers)?;
        if let Some((root, _)) = &index {
            store.put_blob(&root.bytes)?;
        }
        fault_point();
        if let Some(image) = store.put_image(&config_bytes, &found.bytes, &names(reference, digest))? {
            // Whoever removes an image takes the blobs that other platforms share with it.
            if options.all_platforms && store.kept_index(&digest)?.is_some_and(|index| !index.is_whole) {
                break;
            }
            return Ok(Pulled {
                image,
                digest,
                was_current,
            });
        }
    }
    Err(Error::new(
        Kind::Conflict,
        format!("layers of {reference} were removed while it was pulled"),
    )
    .hint("pull it again when nobody removes images"))
}

/// The names that a pulled image gets: its digest, and the tag if it was asked for by that.
pub(super) fn names(reference: &Reference, digest: Digest) -> Vec<Name> {
    let tag = reference.digest().is_none().then(|| reference.clone());
    std::iter::once(reference.with_digest(digest))
        .chain(tag)
        .map(|reference| Name { reference, digest })
        .collect()
}

pub(super) fn runtime() -> Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Error::io("start the download threads", &error))
}

/// The manifest for the wanted platform, and the index that points at it, if the reference stands for one.
async fn find_manifest(
    client: &Client,
    reference: &Reference,
    wanted: &crate::oci::Platform,
) -> Result<(Fetched, Option<(Fetched, Index)>)> {
    let root = client.root_document(reference).await?;
    let Document::Index(index) = &root.document else {
        return Ok((root, None));
    };
    let index = index.clone();
    let chosen = platform::choose(wanted, &index.manifests)?;
    let found = client.described_document(chosen).await?;
    Ok((found, Some((root, index))))
}

fn not_an_image(manifest: &Manifest) -> Error {
    let kind = manifest
        .artifact_type
        .as_deref()
        .unwrap_or(&manifest.config.media_type);
    Error::new(
        Kind::Unsupported,
        format!("this is no container image but an artifact of type \"{kind}\""),
    )
}
