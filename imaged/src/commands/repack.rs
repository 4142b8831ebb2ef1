//! `corten repack`.

use std::path::PathBuf;
use std::process::ExitCode;

use super::image_options::ImageOptions;
use crate::engine::standalone;
use crate::error::Result;
use crate::output;
use crate::settings::Settings;
use crate::store::Store;

/// Make an image of what was changed in a bundle that `unpack` wrote.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    image: ImageOptions,
    /// The bundle
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// Name of the image
    #[arg(value_name = "REPOSITORY[:TAG]")]
    name: Option<String>,
}

/// Runs the verb.
pub(crate) fn run(settings: &Settings, args: &Args) -> Result<ExitCode> {
    let request = args.image.request(args.name.as_deref(), false)?;
    let store = Store::open(&settings.root)?;
    let made = standalone::repack(&store, &super::absolute(&args.directory)?, request)?;
    output::line(made.image.id)?;
    Ok(ExitCode::SUCCESS)
}
