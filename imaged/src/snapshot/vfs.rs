//! The driver `vfs`: all files of the image, copied for each container. It asks nothing of the file system and nothing is
//! mounted; a container takes as much of the disk as its image, unless the file system shares the data of copies.

use std::fs::File;
use std::path::Path;

use super::{Mount, lower, make_directory};
use crate::error::{Context, Error, Result};
use crate::image::Image;
use crate::layer::{Owners, copy_out};
use crate::plan::id_map::IdMaps;
use crate::store::{Store, fault_point};

/// Fills `rootfs/` with what shows in the image's layers. Nothing is mounted, but for a container with ids of its own: its
/// image's devices are to be none.
pub(super) fn prepare(
    store: &Store,
    image: &Image,
    container_dir: &Path,
    ids: &IdMaps,
) -> Result<Vec<Mount>> {
    let rootfs = container_dir.join("rootfs");
    make_directory(&rootfs)?;
    fault_point();
    copy_out(&lower(store, image), &rootfs, &Owners::Containers(ids))
        .context(|| format!("copy the image's files to {}", rootfs.display()))?;
    fault_point();
    // The container must not be there after a power cut without its files. One call for all of them.
    let opened = File::open(&rootfs).map_err(|error| super::failed("open", &rootfs, &error))?;
    nix::unistd::syncfs(&opened)
        .map_err(|errno| Error::syscall(format!("syncfs {}", rootfs.display()), errno as i32))?;
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    Ok(vec![Mount {
        kind: "bind".into(),
        // Relative to the bundle, as the target.
        source: "rootfs".into(),
        target: "rootfs".into(),
        options: vec!["bind".into(), "nodev".into()],
    }])
}
