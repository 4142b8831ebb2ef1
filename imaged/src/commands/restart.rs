//! `corten restart`.

use std::process::ExitCode;

use super::several;
use crate::engine::{Containers, start, stop};
use crate::error::Result;
use crate::settings::Settings;

/// Stop containers that run, and start them again.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Signal in place of the container's own
    #[arg(short, long, value_name = "SIGNAL")]
    signal: Option<String>,
    /// Seconds to wait before SIGKILL; -1 waits for ever (default 10, or what the container says)
    #[arg(
        short,
        long,
        visible_alias = "timeout",
        value_name = "SECONDS",
        allow_hyphen_values = true
    )]
    time: Option<i64>,
    /// Names or ids
    #[arg(required = true, value_name = "CONTAINER")]
    containers: Vec<String>,
}

/// Runs the verb.
pub(crate) fn run(settings: &Settings, args: &Args) -> Result<ExitCode> {
    let containers = Containers::new(settings);
    let options = stop::Options {
        signal: args.signal.clone(),
        timeout: args.time,
    };
    several::each(&args.containers, |name| {
        let record = containers.find(name)?;
        stop::stop(&containers, &record, &options)?;
        start::start(&containers, &record, None)?;
        Ok(Some(name.to_owned()))
    })
}
