//! The image that a container is made of: from the store, or pulled.

use super::container_options::ContainerOptions;
use super::pull::summary;
use super::pull_display::{Display, Stream};
use crate::error::{Kind, Result};
use crate::image::{Image, Reference, platform};
use crate::log;
use crate::oci::Platform;
use crate::output;
use crate::registry::{self, Silent, builtin};
use crate::store::Store;

/// The image, pulled when `--pull` says so.
///
/// # Errors
/// When there is no such image, or pulling it fails.
pub(crate) fn get(store: &Store, options: &ContainerOptions) -> Result<Image> {
    let name = options.image();
    let platform = options.platform.as_deref().map(platform::parse).transpose()?;
    if options.pull != "always" {
        match known(store, name).and_then(|image| suits(image, platform.as_ref(), name)) {
            Err(error) if error.kind() == Kind::NotFound && options.pull == "missing" => {}
            found => return found,
        }
    }
    let references = registry::candidates(name)?;
    let reference: Reference = name.parse()?;
    let how = registry::Options {
        platform: platform.clone(),
        ..registry::Options::default()
    };
    // The built-in image is not far away: nothing worth a word.
    if options.quiet || builtin::is_meant(&reference) {
        let (_, pulled) = registry::pull_first(store, &references, &how, &Silent)?;
        return suits(pulled.image, platform.as_ref(), name);
    }
    if options.pull == "missing" {
        output::note(format_args!(
            "Unable to find image '{}' locally",
            reference.familiar()
        ));
    }
    let display = Display::new(Stream::Stderr);
    let (reference, pulled) = registry::pull_first(store, &references, &how, &display)?;
    output::note(summary(&reference, &pulled));
    suits(pulled.image, platform.as_ref(), name)
}

/// The image that the store has under a name, or under what the name means without a registry.
fn known(store: &Store, name: &str) -> Result<Image> {
    match store.resolve(name) {
        Err(error) if error.kind() == Kind::NotFound && name.parse::<Reference>().is_ok() => {
            let others = registry::candidates(name)?;
            let found = others
                .iter()
                .find_map(|other| store.resolve(&other.to_string()).ok());
            found.ok_or(error)
        }
        found => found,
    }
}

/// The image, if it is for the platform that was asked for; one that is not is as good as absent.
fn suits(image: Image, wanted: Option<&Platform>, name: &str) -> Result<Image> {
    if let Some(wanted) = wanted {
        return platform::check(&image.config, wanted, name).map(|()| image);
    }
    let host = platform::host();
    let actual = platform::of(&image.config, &host);
    if !platform::runs_on(&host, &actual) {
        log::warn(format_args!(
            "the image's platform ({}) is not this machine's ({}), and no --platform was asked for",
            platform::display(&actual),
            platform::display(&host)
        ));
    }
    Ok(image)
}
