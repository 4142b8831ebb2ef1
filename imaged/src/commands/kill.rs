//! `corten kill`.

use std::process::ExitCode;

use super::several;
use crate::engine::{Containers, stop};
use crate::error::Result;
use crate::settings::Settings;

/// Send a signal to running containers.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The signal
    #[arg(short, long, value_name = "SIGNAL", default_value = "KILL")]
    signal: String,
    /// Names or ids
    #[arg(required = true, value_name = "CONTAINER")]
    containers: Vec<String>,
}

/// Runs the verb.
pub(crate) fn run(settings: &Settings, args: &Args) -> Result<ExitCode> {
    let containers = Containers::new(settings);
    several::each(&args.containers, |name| {
        let record = containers.find(name)?;
        stop::kill(&containers, &record, &args.signal)?;
        Ok(Some(name.to_owned()))
    })
}
