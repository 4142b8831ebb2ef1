//! Which driver keeps a container's files.

use std::path::Path;
use std::process::{Command, Stdio};

use super::programs;
use crate::error::Result;
use crate::image::Image;
use crate::log;
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
    asked: Option<StorageDriver>,
) -> Result<StorageDriver> {
    let mut choice = of_store(store, asked)?;
    if choice.driver == StorageDriver::Overlay2 && snapshot::needs_copies(store, image)? {
        let refused = snapshot::no_overlay(image_name);
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
