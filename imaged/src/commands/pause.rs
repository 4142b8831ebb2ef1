//! `corten pause`.

use std::process::ExitCode;

use super::several;
use crate::engine::{Containers, pause};
use crate::error::Result;
use crate::settings::Settings;

/// Freeze all processes of running containers.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Names or ids
    #[arg(required = true, value_name = "CONTAINER")]
    containers: Vec<String>,
}

/// Runs the verb.
pub(crate) fn run(settings: &Settings, args: &Args) -> Result<ExitCode> {
    let containers = Containers::new(settings);
    several::each(&args.containers, |name| {
        let record = containers.find(name)?;
        pause::pause(&containers, &record)?;
        Ok(Some(name.to_owned()))
    })
}
