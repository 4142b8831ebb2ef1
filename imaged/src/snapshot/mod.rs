//! Snapshots: an image's layers with a writable one on top, described as mounts. Nothing is mounted here.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Kind, Result};
use crate::image::Image;
use crate::store::{IMAGE_FILE, Store};
use crate::sys::overlay;

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

/// Gives the container in `container_dir` (an existing directory right below `containers/` of the store's root)
/// a writable layer on top of the image: makes `rootfs/`, `upper/`, `work/` and the file `image` there, and
/// returns what to mount. From then on until the directory is removed the image stays in the store.
///
/// # Errors
/// `NotFound` when the image was removed meanwhile; the failed call otherwise.
pub fn prepare(store: &Store, image: &Image, container_dir: &Path) -> Result<Vec<Mount>> {
    // Removing images takes this lock alone: the image is there until its use is on record.
    let _lock = store.lock_shared()?;
    store.image(&image.id)?;
    let record = container_dir.join(IMAGE_FILE);
    fs::write(&record, format!("{}\n", image.id)).map_err(|error| failed("write", &record, &error))?;
    for directory in ["rootfs", "upper", "work"] {
        let path = container_dir.join(directory);
        fs::create_dir(&path).map_err(|error| failed("mkdir", &path, &error))?;
    }
    let upper = container_dir.join("upper");
    if let Some(top) = image.layers.last() {
        crate::layer::copy_root_attributes(&store.layer_files(top), &upper)?;
    }
    Ok(vec![mount(store, image, container_dir)?])
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
    if let Some(last) = all.iter().position(|layer| overlay::is_opaque(layer)) {
        all.truncate(last + 1);
    }
    all
}

fn mount(store: &Store, image: &Image, container_dir: &Path) -> Result<Mount> {
    let lower = lower(store, image);
    let mut lower: Vec<String> = lower
        .iter()
        .map(|path| option_path(path))
        .collect::<Result<_>>()?;
    if lower.is_empty() {
        // overlayfs wants a lower directory: an empty one.
        let empty = container_dir.join("lower");
        fs::create_dir(&empty).map_err(|error| failed("mkdir", &empty, &error))?;
        lower.push(option_path(&empty)?);
    }
    let options = vec![
        format!("lowerdir={}", lower.join(":")),
        format!("upperdir={}", option_path(&container_dir.join("upper"))?),
        format!("workdir={}", option_path(&container_dir.join("work"))?),
    ];
    Ok(Mount {
        kind: "overlay".into(),
        source: "overlay".into(),
        target: "rootfs".into(),
        options,
    })
}

/// A path as it can stand among mount options. `,` and `:` and `\` separate there.
fn option_path(path: &Path) -> Result<String> {
    match path.to_str() {
        Some(text) if !text.contains([',', ':', '\\', '\n']) => Ok(text.to_owned()),
        _ => Err(Error::new(
            Kind::Unsupported,
            format!("overlayfs cannot be given the path {}", path.display()),
        )
        .hint("choose a --root without ',', ':' and '\\'")),
    }
}

fn failed(call: &str, path: &Path, error: &std::io::Error) -> Error {
    Error::io(format!("{call} {}", path.display()), error)
}
