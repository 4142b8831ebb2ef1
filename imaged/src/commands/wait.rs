//! `corten wait`.

use std::process::ExitCode;

use super::several;
use crate::engine::{Containers, wait};
use crate::error::Result;
use crate::settings::Settings;

/// Wait until containers stop, and print their exit codes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Names or ids
    #[arg(required = true, value_name = "CONTAINER")]
    containers: Vec<String>,
}

/// Runs the verb.
pub(crate) fn run(settings: &Settings, args: &Args) -> Result<ExitCode> {
    let containers = Containers::new(settings);
    several::parallel(&args.containers, |name| {
        let record = containers.find(name)?;
        Ok(Some(wait::wait(&containers, &record)?.to_string()))
    })
}
