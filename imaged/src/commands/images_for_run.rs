//! The image that a container is made of: from the store, or pulled.

use super::container_options::ContainerOptions;
use crate::error::{Kind, Result};
use crate::image::{Image, Reference};
use crate::registry::{self, Silent};
use crate::store::Store;

/// The image, pulled when `--pull` says so.
///
/// # Errors
/// When there is no such image, or pulling it fails.
pub(crate) fn get(store: &Store, options: &ContainerOptions) -> Result<Image> {
    let name = options.image();
    if options.pull != "always" {
        match store.resolve(name) {
            Err(error) if error.kind() == Kind::NotFound && options.pull == "missing" => {}
            found => return found,
        }
    }
    let reference: Reference = name.parse()?;
    let how = registry::Options::default();
    Ok(registry::pull(store, &reference, &how, &Silent)?.image)
}
