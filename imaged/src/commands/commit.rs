//! `corten commit`.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::ArgAction;

use super::image_options::ImageOptions;
use crate::engine::{Containers, announce, commit};
use crate::error::{Error, Result};
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
    /// Write the image's id to a file, too
    #[arg(long, value_name = "FILE")]
    iidfile: Option<PathBuf>,
    /// As podman has it: nothing but the id is said in any case
    #[arg(short, long)]
    quiet: bool,
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
    if let Some(path) = &args.iidfile {
        fs::write(path, made.image.id.to_string())
            .map_err(|error| Error::io(format!("write {}", path.display()), &error))?;
    }
    output::line(made.image.id)?;
    Ok(ExitCode::SUCCESS)
}
