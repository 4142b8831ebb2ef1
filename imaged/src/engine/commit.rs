//! What a container changed, and an image made of that.

use std::collections::{HashMap, HashSet};
use std::fs::{self, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;

use serde_json::Value;

use super::layout::Containers;
use super::record::Record;
use super::status::Status;
use super::{pause, runtime};
use crate::archive::{self, Found, Loaded};
use crate::error::{Context, Error, Kind, Result};
use crate::format::timestamp::Timestamp;
use crate::image::{Image, Reference};
use crate::layer::{Changes, flatten};
use crate::oci::{Config, Descriptor, Digest, Hasher, History, Manifest, media};
use crate::plan::{self, command};
use crate::snapshot;
use crate::store::{Store, failed, failed_at};

/// What is wanted of the new image.
#[derive(Debug, Clone, Default)]
pub(crate) struct Request {
    pub(crate) author: Option<String>,
    pub(crate) message: Option<String>,
    /// Instructions of a Dockerfile.
    pub(crate) changes: Vec<String>,
    /// Whether a running container stands still meanwhile.
    pub(crate) pause: bool,
    pub(crate) name: Option<Reference>,
    /// No time in the image is later than this (SOURCE_DATE_EPOCH), in seconds since 1970.
    pub(crate) latest: Option<i64>,
}

/// The container's writable layer on the layers of its image.
///
/// # Errors
/// `NotFound` when the image is gone.
pub(crate) fn changes(containers: &Containers, store: &Store, record: &Record) -> Result<Changes> {
    let directory = containers.directory(&record.id);
    Ok(Changes {
        upper: directory.join("upper"),
        lower: snapshot::lower(store, &image(store, record)?),
        mount_points: mount_points(&fs::read(directory.join("config.json")).unwrap_or_default()),
    })
}

/// Writes all files of a container as one tar stream.
///
/// # Errors
/// The failed call.
pub(crate) fn export(containers: &Containers, store: &Store, record: &Record, out: impl Write) -> Result<()> {
    let mut roots = vec![containers.directory(&record.id).join("upper")];
    roots.extend(snapshot::lower(store, &image(store, record)?));
    flatten(&roots, out).map(drop)
}

/// Makes an image of a container: its image's layers, and what the container changed as one more.
///
/// # Errors
/// What is wrong with the request or failed; nothing is left then.
pub(crate) fn commit(
    containers: &Containers,
    store: &Store,
    record: &Record,
    request: Request,
) -> Result<Loaded> {
    store.reclaim()?;
    let image = image(store, record)?;
    let config = changed_config(&record.config, &request.changes)?;
    let changes = changes(containers, store, record)?;
    let scratch = store.scratch()?;
    let blob = scratch.path().join("blob");
    let (diff_id, size) = {
        let _still = Still::new(containers, record, request.pause)?;
        pack(&changes, &blob, request.latest)?
    };
    let mut manifest = store.manifest(&image)?;
    manifest
        .layers
        .push(Descriptor::new(media::OCI_LAYER, diff_id, size));
    let config = document(&image, record, config, diff_id, &request)?;
    let manifest = Manifest::of(
        Descriptor::new(media::OCI_CONFIG, Digest::of(&config), config.len() as u64),
        manifest.layers,
    );
    let found = Found {
        config,
        manifest: serde_json::to_vec(&manifest).map_err(|error| invalid(&error))?,
        blobs: HashMap::from([(diff_id, blob)]),
        names: request.name.into_iter().collect(),
    };
    archive::install(store, found)
}

fn image(store: &Store, record: &Record) -> Result<Image> {
    store
        .image(&record.image.parse()?)
        .context(|| format!("the image of container {}", record.name))
}

/// The container's own configuration with the changes, as docker commits it.
fn changed_config(of_container: &Config, changes: &[String]) -> Result<Config> {
    let mut config = of_container.clone();
    for change in changes {
        plan::change::apply(&mut config, change)?;
    }
    Ok(config)
}

fn pack(changes: &Changes, blob: &std::path::Path, latest: Option<i64>) -> Result<(Digest, u64)> {
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(blob)
        .map_err(|error| failed_at("create", blob, &error))?;
    let out = Hashed {
        file,
        hasher: Hasher::new(),
        size: 0,
    };
    let packed = changes.pack(BufWriter::with_capacity(256 << 10, out), latest)?;
    let packed = packed
        .into_inner()
        .map_err(|error| failed("write the layer", error.error()))?;
    Ok((packed.hasher.finish(), packed.size))
}

/// A file whose digest and size are computed as it is written.
struct Hashed {
    file: fs::File,
    hasher: Hasher,
    size: u64,
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.hasher.update(&bytes[..count]);
        self.size += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

/// The new image's configuration document.
fn document(
    image: &Image,
    record: &Record,
    config: Config,
    diff_id: Digest,
    request: &Request,
) -> Result<Vec<u8>> {
    let now = match request.latest.and_then(|latest| u64::try_from(latest).ok()) {
        Some(seconds) => Timestamp { seconds, nanos: 0 },
        None => Timestamp::now(),
    };
    let mut document = image.config.clone();
    document.created = Some(now.to_string());
    document.author = request.author.clone().or(document.author);
    document.config = config;
    document.rootfs.diff_ids.push(diff_id);
    document.history.push(History {
        created: Some(now.to_string()),
        created_by: Some(command::argv(&record.config).join(" ")),
        author: request.author.clone(),
        comment: request.message.clone(),
        empty_layer: false,
    });
    serde_json::to_vec(&document).map_err(|error| invalid(&error))
}

fn invalid(error: &serde_json::Error) -> Error {
    Error::new(Kind::Invalid, error.to_string())
}

/// Where the bundle mounts something: the runtime made files and directories there to mount on.
fn mount_points(config: &[u8]) -> HashSet<Vec<u8>> {
    let config: Value = serde_json::from_slice(config).unwrap_or_default();
    let mounts = config["mounts"].as_array().into_iter().flatten();
    mounts
        .filter_map(|mount| mount["destination"].as_str())
        .map(|path| plan::clean_path(path).trim_start_matches('/').as_bytes().to_vec())
        .collect()
}

/// A container that stands still as long as this lives.
struct Still<'a> {
    containers: &'a Containers,
    record: &'a Record,
    paused: bool,
}

impl<'a> Still<'a> {
    fn new(containers: &'a Containers, record: &'a Record, wanted: bool) -> Result<Self> {
        let runs = matches!(
            Status::of(containers, &record.id),
            Status::Running { paused: false, .. }
        );
        let paused = wanted && runs;
        if paused {
            runtime::call(containers, record, &["pause", &record.id]).map_err(|error| {
                error.hint("--pause=false commits what there is while the container runs")
            })?;
        }
        Ok(Self {
            containers,
            record,
            paused,
        })
    }
}

impl Drop for Still<'_> {
    fn drop(&mut self) {
        if self.paused {
            // What was packed is good; `corten unpause` can be tried again.
            let _ = pause::thaw(self.containers, self.record);
        }
    }
}
