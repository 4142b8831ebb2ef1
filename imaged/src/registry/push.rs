//! Giving an image to a registry (distribution-spec, "Push"): its blobs several at once, then its manifest.

use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::task::{JoinSet, LocalSet};

use super::client::Client;
use super::upload::{Content, Sent, Upload, put_manifest};
use super::{Options, pull};
use crate::error::{Error, Kind, Result};
use crate::image::{Image, Reference};
use crate::oci::manifest::read_json;
use crate::oci::{Digest, Manifest, media};
use crate::store::{Name, Store, failed_at};

/// Is told what a push does.
pub trait Witness: Sync {
    /// A layer is done.
    fn layer(&self, layer: &Digest, sent: &Sent);
}

/// A manifest as it was pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pushed {
    /// Its digest.
    pub digest: Digest,
    /// Its length.
    pub size: usize,
}

/// An image in the form in which it is to be sent.
#[derive(Debug)]
pub struct Parcel {
    /// The manifest.
    pub manifest: Vec<u8>,
    /// The blobs that are not the store's.
    pub blobs: HashMap<Digest, PathBuf>,
}

impl Parcel {
    /// The image as the store has it.
    ///
    /// # Errors
    /// `NotFound` and `Integrity` for a manifest that the store lost.
    pub fn of(store: &Store, image: &Image) -> Result<Self> {
        Ok(Self {
            manifest: store.blob(&image.manifest)?,
            blobs: HashMap::new(),
        })
    }

    fn open(&self, store: &Store, digest: &Digest) -> Result<File> {
        match self.blobs.get(digest) {
            Some(path) => File::open(path).map_err(|error| failed_at("open", path, &error)),
            None => store.open_blob(digest),
        }
    }
}

/// Pushes an image under a tag; the store then knows it by the repository's digest.
///
/// # Errors
/// `Denied`, `Network`, `Unsupported`; `NotFound` and `Integrity` for blobs that the store lost.
pub fn push(
    store: &Store,
    image: &Image,
    parcel: &Parcel,
    reference: &Reference,
    options: &Options,
    witness: &dyn Witness,
) -> Result<Pushed> {
    let runtime = pull::runtime()?;
    let manifest: Manifest = read_json(&parcel.manifest, "manifest")?;
    let origins = origins(store, &manifest, reference)?;
    let others: BTreeSet<String> = origins.values().cloned().collect();
    let others: Vec<String> = others.into_iter().collect();
    let client = Arc::new(Client::to_push(reference, options, &others)?);
    let pushed = Pushed {
        digest: Digest::of(&parcel.manifest),
        size: parcel.manifest.len(),
    };
    let work = async {
        blobs(store, parcel, &client, &manifest, &origins, witness).await?;
        let media_type = manifest.media_type.as_deref().unwrap_or(media::OCI_MANIFEST);
        let tag = reference.tag().unwrap_or("latest");
        put_manifest(&client, tag, media_type, parcel.manifest.clone().into()).await
    };
    runtime.block_on(LocalSet::new().run_until(work))?;
    store.put_names(&image.id, &names(reference, pushed.digest))?;
    Ok(pushed)
}

fn names(reference: &Reference, digest: Digest) -> Vec<Name> {
    let tag = Name {
        reference: reference.clone(),
        digest,
    };
    let by_digest = Name {
        reference: reference.with_digest(digest),
        digest,
    };
    vec![tag, by_digest]
}

/// For each blob another repository of the same registry that has an image with it, as far as the store knows.
fn origins(store: &Store, manifest: &Manifest, reference: &Reference) -> Result<HashMap<Digest, String>> {
    let wanted: BTreeSet<Digest> = manifest
        .layers
        .iter()
        .chain([&manifest.config])
        .map(|blob| blob.digest)
        .collect();
    let mut origins = HashMap::new();
    for (image, names) in store.images()? {
        // What a registry gave or got has a digest there.
        let others = names
            .digests
            .iter()
            .filter_map(|name| name.parse::<Reference>().ok());
        let other = others
            .filter(|other| other.domain() == reference.domain() && other.path() != reference.path())
            .map(|other| other.path().to_owned())
            .next();
        let (Some(other), Ok(manifest)) = (other, store.manifest(&image)) else {
            continue;
        };
        for blob in manifest.layers.iter().chain([&manifest.config]) {
            if wanted.contains(&blob.digest) {
                origins.entry(blob.digest).or_insert_with(|| other.clone());
            }
        }
    }
    Ok(origins)
}

/// Sends the blobs, several at once.
async fn blobs(
    store: &Store,
    parcel: &Parcel,
    client: &Arc<Client>,
    manifest: &Manifest,
    origins: &HashMap<Digest, String>,
    witness: &dyn Witness,
) -> Result<()> {
    let mut waiting = manifest.layers.iter().chain([&manifest.config]);
    let mut running = JoinSet::new();
    loop {
        while running.len() < client.options.parallel
            && let Some(descriptor) = waiting.next()
        {
            let upload = Upload {
                client: Arc::clone(client),
                descriptor: descriptor.clone(),
                content: Content {
                    file: parcel.open(store, &descriptor.digest)?,
                    offset: 0,
                },
                origin: origins.get(&descriptor.digest).cloned(),
            };
            running.spawn_local(upload.run());
        }
        match running.join_next().await {
            None => return Ok(()),
            Some(done) => {
                let (digest, sent) =
                    done.map_err(|_| Error::new(Kind::System, "a task that pushes died"))??;
                if digest != manifest.config.digest {
                    witness.layer(&digest, &sent);
                }
            }
        }
    }
}
