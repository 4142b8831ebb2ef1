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
use crate::oci::manifest::{each_once, read_json};
use crate::oci::{Descriptor, Digest, Index, Manifest, media};
use crate::store::{KeptIndex, Member, Name, Store, blobs_of, failed_at};

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

/// What is to be sent, in the form in which it is.
#[derive(Debug, Default)]
pub struct Parcel {
    /// What gets the tag: a manifest, or an index.
    pub root: Vec<u8>,
    /// The manifests that the index points at; none if it is no index.
    pub members: Vec<Member>,
    /// The blobs that are not the store's.
    pub blobs: HashMap<Digest, PathBuf>,
}

impl Parcel {
    /// The image as the store has it.
    ///
    /// # Errors
    /// `NotFound` and `Integrity` for a manifest that the store lost.
    pub fn of(store: &Store, image: &Image) -> Result<Self> {
        store.blob(&image.manifest).map(Self::of_manifest)
    }

    /// One manifest whose blobs the store has.
    pub fn of_manifest(manifest: Vec<u8>) -> Self {
        Self {
            root: manifest,
            ..Self::default()
        }
    }

    /// All of an index that is whole.
    pub fn of_index(index: KeptIndex) -> Self {
        Self {
            root: index.bytes,
            members: index.members,
            blobs: HashMap::new(),
        }
    }

    fn open(&self, store: &Store, digest: &Digest) -> Result<File> {
        match self.blobs.get(digest) {
            Some(path) => File::open(path).map_err(|error| failed_at("open", path, &error)),
            None => store.open_blob(digest),
        }
    }

    fn contents(&self) -> Result<Contents> {
        if self.members.is_empty() {
            let manifest: Manifest = read_json(&self.root, "manifest")?;
            return Ok(Contents {
                media_type: manifest.media_type.unwrap_or_else(|| media::OCI_MANIFEST.into()),
                configs: [manifest.config.digest].into(),
                blobs: each_once(manifest.layers.iter().chain([&manifest.config]))
                    .cloned()
                    .collect(),
            });
        }
        let index: Index = read_json(&self.root, "index")?;
        let configs = self.members.iter().map(|member| member.manifest.config.digest);
        Ok(Contents {
            media_type: index.media_type.unwrap_or_else(|| media::OCI_INDEX.into()),
            configs: configs.collect(),
            blobs: each_once(self.members.iter().flat_map(Member::blobs))
                .cloned()
                .collect(),
        })
    }
}

/// What is in a parcel.
struct Contents {
    /// The root's media type.
    media_type: String,
    /// All blobs, each once.
    blobs: Vec<Descriptor>,
    /// Those of them that are configurations.
    configs: BTreeSet<Digest>,
}

/// Pushes an image, or several in an index, under a tag.
///
/// # Errors
/// `Denied`, `Network`, `Unsupported`; `NotFound` and `Integrity` for blobs that the store lost.
pub fn push(
    store: &Store,
    parcel: &Parcel,
    reference: &Reference,
    options: &Options,
    witness: &dyn Witness,
) -> Result<Pushed> {
    let runtime = pull::runtime()?;
    let contents = parcel.contents()?;
    let wanted = contents.blobs.iter().map(|blob| blob.digest).collect();
    let origins = origins(store, &wanted, reference)?;
    let others: BTreeSet<String> = origins.values().cloned().collect();
    let others: Vec<String> = others.into_iter().collect();
    let client = Arc::new(Client::to_push(reference, options, &others)?);
    let work = async {
        blobs(store, parcel, &client, &contents, &origins, witness).await?;
        for member in &parcel.members {
            let descriptor = &member.descriptor;
            let (name, bytes) = (descriptor.digest.to_string(), member.bytes.clone().into());
            put_manifest(&client, &name, &descriptor.media_type, bytes).await?;
        }
        let tag = reference.tag().unwrap_or("latest");
        put_manifest(&client, tag, &contents.media_type, parcel.root.clone().into()).await
    };
    runtime.block_on(LocalSet::new().run_until(work))?;
    Ok(Pushed {
        digest: Digest::of(&parcel.root),
        size: parcel.root.len(),
    })
}

/// Lets the store know an image of its own by the digest that was pushed, and by the tag, unless only a part of what the
/// tag stands for here was pushed, or it means something else by now.
///
/// # Errors
/// `NotFound` when it was removed meanwhile; the failed call.
pub fn remember(
    store: &Store,
    id: &Digest,
    reference: &Reference,
    digest: Digest,
    is_tag_meant: bool,
) -> Result<()> {
    let still_means = |(image, _): (Image, Digest)| image.id == *id;
    let is_tag_meant = is_tag_meant && store.known_as(reference)?.is_some_and(still_means);
    let tag = is_tag_meant.then(|| reference.clone());
    let names = tag.into_iter().chain([reference.with_digest(digest)]);
    let names: Vec<Name> = names.map(|reference| Name { reference, digest }).collect();
    store.put_names(id, &names)
}

/// For each blob another repository of the same registry that has an image with it, as far as the store knows.
fn origins(
    store: &Store,
    wanted: &BTreeSet<Digest>,
    reference: &Reference,
) -> Result<HashMap<Digest, String>> {
    let mut origins = HashMap::new();
    for (image, names) in store.images()? {
        // What a registry gave or got has a digest there.
        let mut others = names
            .digests
            .iter()
            .filter_map(|name| name.parse::<Reference>().ok());
        let is_another =
            |other: &Reference| other.domain() == reference.domain() && other.path() != reference.path();
        let (Some(other), Ok(manifest)) = (others.find(is_another), store.manifest(&image)) else {
            continue;
        };
        // Where an index is, there is all that it points at.
        let index = other.digest().map(|digest| store.kept_index(digest));
        let members = match index {
            Some(Ok(Some(index))) => index.members,
            _ => Vec::new(),
        };
        for blob in blobs_of(&manifest).chain(members.iter().flat_map(Member::blobs)) {
            if wanted.contains(&blob.digest) {
                let path = || other.path().to_owned();
                origins.entry(blob.digest).or_insert_with(path);
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
    contents: &Contents,
    origins: &HashMap<Digest, String>,
    witness: &dyn Witness,
) -> Result<()> {
    let mut waiting = contents.blobs.iter();
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
                if !contents.configs.contains(&digest) {
                    witness.layer(&digest, &sent);
                }
            }
        }
    }
}
