//! The driver `overlay2`: a writable directory on the layers, stacked by overlayfs whenever the container runs.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::Path;

use super::{Mount, lower, make_directory};
use crate::error::{Error, Kind, Result};
use crate::image::Image;
use crate::plan::id_map::IdMaps;
use crate::store::Store;
use crate::sys::userns;

/// Where the container's own files are, below its directory.
pub(super) const UPPER: &str = "upper";

/// Makes the directories of the container's files and returns how to mount them.
pub(super) fn prepare(
    store: &Store,
    image: &Image,
    container_dir: &Path,
    ids: &IdMaps,
) -> Result<Vec<Mount>> {
    for directory in ["rootfs", UPPER, "work"] {
        make_directory(&container_dir.join(directory))?;
    }
    if let Some(top) = image.layers.last() {
        crate::layer::copy_root_attributes(&store.layer_files(top), &container_dir.join(UPPER))?;
    }
    give(&container_dir.join(UPPER), ids)?;
    let mut lower: Vec<String> = lower(store, image)
        .iter()
        .map(|path| option_path(path))
        .collect::<Result<_>>()?;
    if lower.is_empty() {
        // overlayfs wants a lower directory: an empty one.
        let empty = container_dir.join("lower");
        make_directory(&empty)?;
        lower.push(option_path(&empty)?);
    }
    mount(&lower.join(":"), container_dir, ids).map(|mount| vec![mount])
}

/// Gives the root of the writable layer to whom it belongs in the container; to its root, if that user is not there.
fn give(directory: &Path, ids: &IdMaps) -> Result<()> {
    let Some(root) = ids.root() else { return Ok(()) };
    let data = fs::metadata(directory).map_err(|error| super::failed("stat", directory, &error))?;
    let (uid, gid) = ids.to_host((data.uid(), data.gid())).unwrap_or(root);
    chown(directory, Some(uid), Some(gid)).map_err(|error| super::failed("chown", directory, &error))
}

/// An overlay of these lower directories in a container's directory. Files of the lower ones have other owners there; the
/// upper one has those already.
fn mount(lower: &str, container_dir: &Path, ids: &IdMaps) -> Result<Mount> {
    let mut options = vec![
        format!("lowerdir={lower}"),
        format!("upperdir={}", option_path(&container_dir.join(UPPER))?),
        format!("workdir={}", option_path(&container_dir.join("work"))?),
    ];
    options.extend(super::options_for(ids));
    if userns::is_inside() {
        options.push("userxattr".to_owned());
    }
    Ok(Mount {
        kind: "overlay".into(),
        source: "overlay".into(),
        target: "rootfs".into(),
        options,
    })
}

/// Makes what a trial needs in an empty directory: an overlay as a container has it, and the marks that one leaves in its
/// writable layer. False when the file system does not even hold these.
pub(super) fn prepare_trial(directory: &Path, ids: &IdMaps) -> Result<bool> {
    for name in ["rootfs", UPPER, "work", "lower"] {
        make_directory(&directory.join(name))?;
    }
    if !crate::layer::holds_marks(&directory.join(UPPER)) {
        return Ok(false);
    }
    let Ok(mount) = option_path(&directory.join("lower")).and_then(|lower| mount(&lower, directory, ids))
    else {
        return Ok(false);
    };
    let list = serde_json::to_vec(&[mount]).map_err(|error| Error::new(Kind::Invalid, error.to_string()))?;
    let path = directory.join("mounts.json");
    fs::write(&path, list).map_err(|error| super::failed("write", &path, &error))?;
    Ok(true)
}

/// A path as it can stand among mount options. `,` and `:` and `\` separate there.
fn option_path(path: &Path) -> Result<String> {
    match path.to_str() {
        Some(text) if !text.contains([',', ':', '\\', '\n']) => Ok(text.to_owned()),
        _ => Err(Error::new(
            Kind::Unsupported,
            format!("overlayfs cannot be given the path {}", path.display()),
        )
        .hint("choose a --root without ',', ':' and '\\', or --storage-driver vfs")),
    }
}
