//! What a container changed, and an image made of that.

use std::collections::{HashMap, HashSet};
use std::fs::{self, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::layout::Containers;
use super::record::Record;
use super::status::Status;
use super::{programs, runtime};
use crate::archive::{self, Found, Loaded};
use crate::error::{Context, Error, Kind, Result};
use crate::format::timestamp::Timestamp;
use crate::image::{Image, Reference};
use crate::layer::flatten_container;
use crate::log;
use crate::oci::{Config, Descriptor, Digest, Hasher, History, Manifest, media};
use crate::plan::{self, command};
use crate::snapshot::{self, Changes};
use crate::store::{Store, failed, failed_at};
use crate::sys::pidfd::Process;
use crate::sys::userns;

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

/// What the container changed of its image's files.
///
/// # Errors
/// `NotFound` when the image is gone.
pub(crate) fn changes(containers: &Containers, store: &Store, record: &Record) -> Result<Changes> {
    let directory = containers.directory(&record.id);
    let image = image(store, record)?;
    let mount_points = mount_points(&config(&directory));
    Ok(Changes::new(
        store,
        &image,
        &directory,
        (record.driver, &record.options.userns.ids),
        mount_points,
    ))
}

/// Writes all files of a container as one tar stream.
///
/// # Errors
/// The failed call.
pub(crate) fn export(containers: &Containers, store: &Store, record: &Record, out: impl Write) -> Result<()> {
    let directory = containers.directory(&record.id);
    let roots = snapshot::shown(store, &image(store, record)?, &directory, record.driver);
    flatten_container(&roots, &record.options.userns.ids, out).map(drop)?;
    still_there(containers, record)
}

/// What vanishes while it is read counts as not there. So it is asked afterwards whether the container has vanished, which
/// is seen before any of its files is removed.
fn still_there(containers: &Containers, record: &Record) -> Result<()> {
    match Record::read(&containers.directory(&record.id))? {
        Some(_) => Ok(()),
        None => Err(Error::new(
            Kind::Conflict,
            format!("container {} was removed while its files were read", record.name),
        )),
    }
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
    let base = Base {
        image: image(store, record)?,
        config: record.config.clone(),
        created_by: command::argv(&record.config).join(" "),
    };
    let changes = changes(containers, store, record)?;
    let (pause, latest) = (request.pause, request.latest);
    install(store, base, request, |out| {
        let _still = Still::new(containers, record, pause)?;
        let out = changes.pack(out, latest)?;
        still_there(containers, record)?;
        Ok((out, true))
    })
}

/// What a new image is made of beside its new layer.
pub(super) struct Base {
    /// The image below.
    pub(super) image: Image,
    pub(super) config: Config,
    /// What the history says about the layer.
    pub(super) created_by: String,
}

/// Where a layer is written to.
pub(super) type LayerWriter = BufWriter<Hashed>;

/// Makes an image with one more layer, which `pack` writes; it also says whether there is anything in it, for a layer of
/// nothing is none.
///
/// # Errors
/// What is wrong with the request or failed; nothing is left then.
pub(super) fn install(
    store: &Store,
    mut base: Base,
    request: Request,
    pack: impl FnOnce(LayerWriter) -> Result<(LayerWriter, bool)>,
) -> Result<Loaded> {
    store.reclaim()?;
    for change in &request.changes {
        plan::change::apply(&mut base.config, change)?;
    }
    let scratch = store.scratch()?;
    let blob = scratch.path().join("blob");
    let layer = write_layer(&blob, pack)?;
    let mut manifest = store.manifest(&base.image)?;
    let described = layer.map(|(diff_id, size)| Descriptor::new(media::OCI_LAYER, diff_id, size));
    manifest.layers.extend(described);
    let config = document(base, layer.map(|(diff_id, _)| diff_id), &request)?;
    let manifest = Manifest::of(
        Descriptor::new(media::OCI_CONFIG, Digest::of(&config), config.len() as u64),
        manifest.layers,
    );
    let found = Found {
        config,
        manifest: serde_json::to_vec(&manifest).map_err(|error| invalid(&error))?,
        blobs: layer
            .map(|(diff_id, _)| (diff_id, blob))
            .into_iter()
            .collect::<HashMap<_, _>>(),
        names: request.name.into_iter().collect(),
        index: None,
    };
    archive::install(store, found)
}

fn image(store: &Store, record: &Record) -> Result<Image> {
    store
        .image_of_container(&record.image.parse()?)
        .context(|| format!("the image of container {}", record.name))
}

/// The layer's digest and size, if it has anything in it.
fn write_layer(
    blob: &std::path::Path,
    pack: impl FnOnce(LayerWriter) -> Result<(LayerWriter, bool)>,
) -> Result<Option<(Digest, u64)>> {
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
    let (packed, has_changes) = pack(BufWriter::with_capacity(256 << 10, out))?;
    let packed = packed
        .into_inner()
        .map_err(|error| failed("write the layer", error.error()))?;
    Ok(has_changes.then(|| (packed.hasher.finish(), packed.size)))
}

/// A file whose digest and size are computed as it is written.
pub(super) struct Hashed {
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
fn document(base: Base, diff_id: Option<Digest>, request: &Request) -> Result<Vec<u8>> {
    let now = match request.latest.and_then(|latest| u64::try_from(latest).ok()) {
        Some(seconds) => Timestamp { seconds, nanos: 0 },
        None => Timestamp::now(),
    };
    let mut document = base.image.config;
    document.created = Some(now.to_string());
    document.author = request.author.clone().or(document.author);
    document.config = base.config;
    // Steps and layers are told apart by counting: layers that no step told of get one.
    let told = document.history.iter().filter(|step| !step.empty_layer).count();
    let untold = document.rootfs.diff_ids.len().saturating_sub(told);
    document
        .history
        .extend(std::iter::repeat_n(History::default(), untold));
    document.rootfs.diff_ids.extend(diff_id);
    document.history.push(History {
        created: Some(now.to_string()),
        created_by: Some(base.created_by),
        author: request.author.clone(),
        comment: request.message.clone(),
        empty_layer: diff_id.is_none(),
    });
    serde_json::to_vec(&document).map_err(|error| invalid(&error))
}

fn invalid(error: &serde_json::Error) -> Error {
    Error::new(Kind::Invalid, error.to_string())
}

/// The bundle's config.json; nothing if it cannot be read.
fn config(directory: &std::path::Path) -> Value {
    let bytes = fs::read(directory.join("config.json")).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}

/// Where a bundle mounts something: the runtime made files and directories there to mount on.
pub(super) fn mount_points(config: &Value) -> HashSet<Vec<u8>> {
    let mounts = config["mounts"].as_array().into_iter().flatten();
    mounts
        .filter_map(|mount| mount["destination"].as_str())
        .map(|path| plan::clean_path(path).trim_start_matches('/').as_bytes().to_vec())
        .collect()
}

/// A container that stands still as long as this lives. Who lets it go on is another process, which does so when its input
/// ends: in whatever way this one ends, nothing stays frozen.
struct Still {
    thawer: Option<Child>,
    name: String,
}

impl Still {
    fn new(containers: &Containers, record: &Record, wanted: bool) -> Result<Self> {
        let runs = matches!(
            Status::of(containers, &record.id),
            Status::Running { paused: false, .. }
        );
        if !(wanted && runs) {
            return Ok(Self {
                thawer: None,
                name: String::new(),
            });
        }
        let mut still = Self {
            thawer: Some(thawer(containers, record)?),
            name: record.name.clone(),
        };
        match runtime::call(containers, record, &["pause", &record.id]) {
            Ok(_) => Ok(still),
            Err(error) => {
                // One that was killed may have paused it. Otherwise perhaps somebody else has: it is not for us to let it
                // go on then.
                if error.kind() != Kind::Conflict
                    && let Some(mut thawer) = still.thawer.take()
                {
                    let _ = thawer.kill();
                    let _ = thawer.wait();
                    if userns::is_inside() {
                        // No cgroup was delegated to the user.
                        log::warn(format_args!("{error}: it is committed while it runs"));
                        return Ok(still);
                    }
                }
                Err(error.hint("--pause=false commits what there is while the container runs"))
            }
        }
    }
}

/// A process that lets the container go on when its input ends. Signals of the terminal do not reach it.
fn thawer(containers: &Containers, record: &Record) -> Result<Child> {
    let resume = runtime::command(containers, record, &["resume", &record.id]);
    let shell = programs::find("sh")?;
    Command::new(&shell)
        .args(["-c", "while read -r _; do :; done; exec \"$@\"", "thaw"])
        .arg(resume.get_program())
        .args(resume.get_args())
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| Error::io(format!("start {}", shell.display()), &error))
}

impl Drop for Still {
    fn drop(&mut self) {
        // What was packed is good all the same.
        if let Some(thawer) = &mut self.thawer
            && let Err(error) = let_go_on(thawer, runtime::PATIENCE)
        {
            log::warn(format_args!(
                "the container {} may still be paused: {error}; `corten unpause {}` tries it again",
                self.name, self.name
            ));
        }
    }
}

/// Has the thawer do its work, and waits so long for it.
fn let_go_on(thawer: &mut Child, patience: Duration) -> Result<()> {
    let conflict = |text: String| Err(Error::new(Kind::Conflict, text));
    drop(thawer.stdin.take());
    let process = i32::try_from(thawer.id()).map_err(|_| Error::new(Kind::System, "a pid is no pid"))?;
    if !Process::open(process)?.wait(Some(Instant::now() + patience))? {
        return conflict(format!(
            "its runtime did not end within {} seconds",
            patience.as_secs()
        ));
    }
    match thawer.wait() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => conflict(format!("its runtime failed: {status}")),
        Err(error) => Err(Error::io("wait for the runtime", &error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_lets_a_container_go_on_is_not_waited_for_without_limit() {
        let run = |script: &str| {
            let mut shell = Command::new("sh");
            shell.args(["-c", script]).stdin(Stdio::piped()).spawn().unwrap()
        };
        let mut hangs = run("exec sleep 1000");
        let error = let_go_on(&mut hangs, Duration::from_millis(50)).unwrap_err();
        assert!(error.to_string().contains("did not end"), "{error}");
        hangs.kill().unwrap();
        hangs.wait().unwrap();
        let patience = Duration::from_secs(60);
        let error = let_go_on(&mut run("read -r _; exit 3"), patience).unwrap_err();
        assert!(error.to_string().contains("status: 3"), "{error}");
        let_go_on(&mut run("read -r _; exit 0"), patience).unwrap();
    }
}
