//! Which driver keeps a container's files.

use std::path::Path;
use std::process::{Command, Stdio};

use super::programs;
use crate::error::{Error, Result};
use crate::image::Image;
use crate::log;
use crate::plan::id_map::IdMaps;
use crate::settings::StorageDriver;
use crate::snapshot::{self, Choice};
use crate::store::Store;

/// The driver that new containers of the store get.
///
/// # Errors
/// The failed call.
pub(crate) fn of_store(store: &Store, asked: Option<StorageDriver>) -> Result<Choice> {
    match asked {
        Some(driver) => Ok(Choice { driver, why: None }),
        None => snapshot::for_store(store, can_mount),
    }
}

/// The driver for a new container of an image; says why it is not `overlay2` if nobody asked for another.
///
/// # Errors
/// `Unsupported` when overlayfs is asked for and would misunderstand the image; the failed call.
pub(super) fn of_container(
    store: &Store,
    (image, image_name): (&Image, &str),
    ids: &IdMaps,
    asked: Option<StorageDriver>,
) -> Result<StorageDriver> {
    let mut choice = of_store(store, asked)?;
    if choice.driver == StorageDriver::Overlay2
        && let Some(refused) = why_not(store, (image, image_name), ids)?
    {
        if asked.is_some() {
            return Err(refused);
        }
        choice = Choice {
            driver: StorageDriver::Vfs,
            why: Some(refused.to_string()),
        };
    }
    if let Some(why) = choice.why {
        log::warn(format_args!(
            "{why}: the image's files are copied for the container (--storage-driver vfs does so without a warning)"
        ));
    }
    Ok(choice.driver)
}

/// What keeps a container from having an overlay of its image.
fn why_not(store: &Store, (image, image_name): (&Image, &str), ids: &IdMaps) -> Result<Option<Error>> {
    if snapshot::needs_copies(store, image)? {
        return Ok(Some(snapshot::no_overlay(image_name)));
    }
    let is_refused = !ids.is_empty() && !snapshot::maps_owners(store, ids, can_mount)?;
    Ok(is_refused.then(|| snapshot::no_mapped_overlay(store)))
}

/// Whether the shim can mount what a directory's mount list says.
fn can_mount(directory: &Path) -> bool {
    let (Ok(shim), Ok(nothing)) = (programs::find("corten-shim"), programs::find("true")) else {
        return false;
    };
    Command::new(shim)
        .arg("mount")
        .arg("--bundle")
        .arg(directory)
        .arg("--mounts")
        .arg(directory.join("mounts.json"))
        .arg("--")
        .arg(nothing)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
