//! `corten restart`.

use std::process::ExitCode;

use super::several;
use super::stop::How;
use crate::engine::{Containers, restart};
use crate::error::Result;
use crate::settings::Settings;

/// Stop containers that run, and start them again.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    how: How,
    /// Names or ids
    #[arg(required = true, value_name = "CONTAINER")]
    containers: Vec<String>,
}

/// Runs the verb.
pub(crate) fn run(settings: &Settings, args: &Args) -> Result<ExitCode> {
    let containers = Containers::new(settings);
    let options = args.how.options();
    several::each(&args.containers, |name| {
        let record = containers.find(name)?;
        restart::restart(&containers, &record, &options)?;
        Ok(Some(name.to_owned()))
    })
}
