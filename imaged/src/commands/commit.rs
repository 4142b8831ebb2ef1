//! `corten commit`.

use std::process::ExitCode;

use clap::ArgAction;

use super::image_options::ImageOptions;
use crate::engine::{Containers, announce, commit};
use crate::error::Result;
use crate::output;
use crate::settings::Settings;
use crate::store::Store;

/// Make an image of what a container changed.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    image: ImageOptions,
    /// Let a running container stand still meanwhile
    #[arg(short, long, value_name = "BOOL", action = ArgAction::Set, num_args = 0..=1, require_equals = true,
          default_value = "true", default_missing_value = "true")]
    pause: bool,
    /// Name or id of the container
    #[arg(value_name = "CONTAINER")]
    container: String,
    /// Name of the image
    #[arg(value_name = "REPOSITORY[:TAG]")]
    name: Option<String>,
}

/// Runs the verb.
pub(crate) fn run(settings: &Settings, args: &Args) -> Result<ExitCode> {
    let request = args.image.request(args.name.as_deref(), args.pause)?;
    let containers = Containers::new(settings);
    let record = containers.find(&args.container)?;
    let store = Store::open(&settings.root)?;
    let made = commit::commit(&containers, &store, &record, request)?;
    let id = made.image.id.to_string();
    announce::container(&containers, &record, "commit", &[("imageID", id)]);
    output::line(made.image.id)?;
    Ok(ExitCode::SUCCESS)
}
