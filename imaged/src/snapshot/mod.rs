//! Snapshots: a container's files, which begin as those of its image, described as mounts. Nothing is mounted here.
//!
//! There are two drivers, and one contract for both (`tests/it/snapshots.rs`): what the container finds in `rootfs/` when the
//! mounts of [`prepare`] are made is what the image's layers show, to the attribute and the nanosecond; what it changes there
//! is its own, is told by [`Changes`], and goes when its directory is removed.

mod choice;
mod overlay;
mod vfs;

use std::collections::HashSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use nix::sys::stat::FileStat;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Kind, Result};
use crate::image::Image;
use crate::layer::{self, Change, Comparison};
use crate::plan::id_map::IdMaps;
use crate::store::{IMAGE_FILE, Store};
use crate::sys::{overlay as attributes, tree};

pub use crate::settings::StorageDriver;
pub(crate) use choice::{Choice, for_store, maps_owners, needs_copies};

/// One entry of a bundle's mount list (docs/contracts/bundle.md).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mount {
    /// The file system's type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The source, as of mount(8).
    pub source: String,
    /// Where, relative to the bundle.
    pub target: String,
    /// The options, as of mount(8).
    pub options: Vec<String>,
}

/// Gives the container in `container_dir` (an existing directory right below `containers/` of the store's root) the files
/// of the image to write to: makes `rootfs/`, what the driver has beside it, and the file `image` there, and returns what to
/// mount. From then on until the directory is removed the image stays in the store.
///
/// # Errors
/// `NotFound` when the image was removed meanwhile; the failed call otherwise.
pub fn prepare(
    store: &Store,
    image: &Image,
    container_dir: &Path,
    driver: StorageDriver,
) -> Result<Vec<Mount>> {
    prepare_for(store, image, container_dir, driver, &IdMaps::default())
}

/// The same for a container with ids of its own. Layers stay as they are: what shows in them has the container's owners by
/// the mount (`overlay2`), or is a copy that has them (`vfs`). What is beside the layers has the host's ids on the disk.
///
/// # Errors
/// As [`prepare`]; `Invalid` when a file that must be copied has an owner whom the container does not know.
pub(crate) fn prepare_for(
    store: &Store,
    image: &Image,
    container_dir: &Path,
    driver: StorageDriver,
    ids: &IdMaps,
) -> Result<Vec<Mount>> {
    hold(store, image, container_dir)?;
    match driver {
        StorageDriver::Overlay2 => overlay::prepare(store, image, container_dir, ids),
        StorageDriver::Vfs => vfs::prepare(store, image, container_dir, ids),
    }
}

/// Further options of a mount for a container with ids of its own: files have its owners, and device nodes of an image, who
/// ever may open them by their modes, are no devices. Those of /dev are the host's.
fn options_for(ids: &IdMaps) -> Vec<String> {
    match ids.is_empty() {
        true => Vec::new(),
        false => [ids.mount_options(), vec!["nodev".to_owned()]].concat(),
    }
}

/// Removing images takes the store's lock alone: the image is there until its use is on record.
fn hold(store: &Store, image: &Image, container_dir: &Path) -> Result<()> {
    let _lock = store.lock_shared()?;
    store.image(&image.id)?;
    let record = container_dir.join(IMAGE_FILE);
    fs::write(&record, format!("{}\n", image.id)).map_err(|error| failed("write", &record, &error))
}

/// The directories of the image's layers, topmost first, down to one whose root is opaque: overlayfs, which ignores
/// that attribute of a root, must not be given those below.
pub fn lower(store: &Store, image: &Image) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = image
        .layers
        .iter()
        .rev()
        .map(|layer| store.layer_files(layer))
        .collect();
    if let Some(last) = all.iter().position(|layer| attributes::is_opaque(layer)) {
        all.truncate(last + 1);
    }
    all
}

/// The directories that make up a container's files, topmost first.
pub(crate) fn shown(
    store: &Store,
    image: &Image,
    container_dir: &Path,
    driver: StorageDriver,
) -> Vec<PathBuf> {
    match driver {
        StorageDriver::Overlay2 => {
            let mut all = vec![container_dir.join(overlay::UPPER)];
            all.extend(lower(store, image));
            all
        }
        StorageDriver::Vfs => vec![container_dir.join("rootfs")],
    }
}

/// What a container changed of its image's files.
pub(crate) enum Changes {
    /// Its writable layer has nothing else.
    Written(layer::Changes),
    /// All files are compared.
    Copied(Copied),
}

/// A container's copy of its image's files.
pub(crate) struct Copied {
    files: PathBuf,
    layers: Vec<PathBuf>,
    mount_points: HashSet<Vec<u8>>,
    ids: IdMaps,
}

impl Copied {
    fn with<T>(&self, quick: bool, work: impl FnOnce(&Comparison<'_>) -> Result<T>) -> Result<T> {
        let owner = |stat: &FileStat, _: Option<&[u8]>| Ok(self.ids.to_container((stat.st_uid, stat.st_gid)));
        work(&Comparison {
            files: self.files.clone(),
            layers: self.layers.clone(),
            mount_points: self.mount_points.clone(),
            volumes: HashSet::new(),
            rootless: false,
            owner: &owner,
            ids: self.ids.clone(),
            quick,
        })
    }
}

impl Changes {
    /// The changes of the container in a directory; `mount_points` are the paths where its bundle mounts something.
    pub(crate) fn new(
        store: &Store,
        image: &Image,
        container_dir: &Path,
        (driver, ids): (StorageDriver, &IdMaps),
        mount_points: HashSet<Vec<u8>>,
    ) -> Self {
        let (lower, ids) = (lower(store, image), ids.clone());
        match driver {
            StorageDriver::Overlay2 => Self::Written(layer::Changes {
                upper: container_dir.join(overlay::UPPER),
                lower,
                mount_points,
                ids,
            }),
            StorageDriver::Vfs => Self::Copied(Copied {
                files: container_dir.join("rootfs"),
                layers: lower,
                mount_points,
                ids,
            }),
        }
    }

    /// The changed paths, sorted.
    ///
    /// # Errors
    /// The failed call.
    pub(crate) fn list(&self) -> Result<Vec<(Vec<u8>, Change)>> {
        match self {
            Self::Written(changes) => changes.list(),
            Self::Copied(copied) => copied.with(false, |files| files.list()),
        }
    }

    /// Writes the changes as a layer's tar stream. No time is later than `latest`.
    ///
    /// # Errors
    /// The failed call.
    pub(crate) fn pack<W: Write>(&self, out: W, latest: Option<i64>) -> Result<W> {
        match self {
            Self::Written(changes) => changes.pack(out, latest),
            Self::Copied(copied) => copied.with(false, |files| files.pack(out, latest).map(|(out, _)| out)),
        }
    }

    /// The bytes of the files that were changed. Those with their old size and time count as they were.
    ///
    /// # Errors
    /// The failed call.
    pub(crate) fn bytes(self) -> Result<u64> {
        match self {
            Self::Written(layer::Changes { upper, .. }) => tree::size(&upper)
                .map(|size| size.bytes)
                .map_err(|errno| Error::syscall(format!("measure {}", upper.display()), errno as i32)),
            Self::Copied(copied) => copied.with(true, |files| files.bytes()),
        }
    }
}

/// Refuses the driver `overlay2` for an image that overlayfs would misunderstand.
pub(crate) fn no_overlay(image_name: &str) -> Error {
    Error::new(
        Kind::Unsupported,
        format!("overlayfs would show files of {image_name} that its layers took away"),
    )
    .hint("they were unpacked on a file system without whiteouts: remove the image and pull it again, or use --storage-driver vfs")
}

/// Refuses the driver `overlay2` for a container with ids of its own.
pub(crate) fn no_mapped_overlay(store: &Store) -> Error {
    let root = store.root().display();
    Error::new(
        Kind::Unsupported,
        format!("the layers below {root} cannot be mounted with other owners (id-mapped mounts)"),
    )
    .hint("they need Linux 5.19, and a file system that knows them; --storage-driver vfs copies the files instead")
}

fn make_directory(path: &Path) -> Result<()> {
    fs::create_dir(path).map_err(|error| failed("mkdir", path, &error))
}

fn failed(call: &str, path: &Path, error: &std::io::Error) -> Error {
    Error::io(format!("{call} {}", path.display()), error)
}
