//! `corten rename`.

use std::process::ExitCode;

use crate::engine::{Containers, rename};
use crate::error::Result;
use crate::settings::Settings;
use crate::store::Store;

/// Give a container another name.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name or id
    #[arg(value_name = "CONTAINER")]
    container: String,
    /// The new name
    #[arg(value_name = "NAME")]
    name: String,
}

/// Runs the verb.
pub(crate) fn run(settings: &Settings, args: &Args) -> Result<ExitCode> {
    let containers = Containers::new(settings);
    let record = containers.find(&args.container)?;
    rename::rename(&containers, &Store::open(&settings.root)?, &record, &args.name)?;
    Ok(ExitCode::SUCCESS)
}
