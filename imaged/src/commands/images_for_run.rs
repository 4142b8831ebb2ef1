//! The image that a container is made of: from the store, or pulled.

use super::container_options::ContainerOptions;
use super::pull_display::{Display, Stream};
use crate::error::{Kind, Result};
use crate::image::{Image, Reference, platform};
use crate::output;
use crate::registry::{self, Silent, builtin};
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
    let platform = options.platform.as_deref().map(platform::parse).transpose()?;
    let how = registry::Options {
        platform,
        ..registry::Options::default()
    };
    // The built-in image is not far away: nothing worth a word.
    if options.quiet || builtin::is_meant(&reference) {
        return Ok(registry::pull(store, &reference, &how, &Silent)?.image);
    }
    if options.pull == "missing" {
        output::note(format_args!(
            "Unable to find image '{}' locally",
            reference.familiar()
        ));
    }
    let pulled = registry::pull(store, &reference, &how, &Display::new(Stream::Stderr))?;
    Ok(pulled.image)
}
