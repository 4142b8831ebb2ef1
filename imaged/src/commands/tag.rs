//! `corten tag`.

use std::process::ExitCode;

use crate::error::{Error, Kind, Result};
use crate::events;
use crate::image::Reference;
use crate::settings::Settings;
use crate::store::Store;

/// Give an image one more name.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name or id of the image
    #[arg(value_name = "SOURCE_IMAGE[:TAG]")]
    source: String,
    /// The new name, or several; an image that has it loses it
    #[arg(required = true, value_name = "TARGET_IMAGE[:TAG]")]
    targets: Vec<String>,
}

/// Runs the verb.
pub(crate) fn run(settings: &Settings, args: &Args) -> Result<ExitCode> {
    let targets = args.targets.iter().map(|target| target.parse());
    let targets: Vec<Reference> = targets.collect::<Result<_>>()?;
    if targets.iter().any(|target| target.digest().is_some()) {
        return Err(Error::new(
            Kind::Usage,
            "refusing to create a tag with a digest reference",
        ));
    }
    let store = Store::open(&settings.root)?;
    for target in &targets {
        store.tag(&args.source, target)?;
        if let Some((image, _)) = store.known_as(target)? {
            events::image(&settings.root, "tag", &image.id.to_string(), &target.familiar());
        }
    }
    Ok(ExitCode::SUCCESS)
}
