//! `corten stop`.

use std::process::ExitCode;

use super::several;
use crate::engine::{Containers, stop};
use crate::error::Result;
use crate::settings::Settings;

/// How a container is stopped, here and in `restart`.
#[derive(Debug, clap::Args)]
pub(super) struct How {
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
}

impl How {
    /// What was typed.
    pub(super) fn options(&self) -> stop::Options {
        stop::Options {
            signal: self.signal.clone(),
            timeout: self.time,
        }
    }
}

/// Stop running containers: a signal, some patience, SIGKILL.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    how: How,
    /// Names or ids
    #[arg(required = true, value_name = "CONTAINER")]
    containers: Vec<String>,
}

/// Runs the verb: all containers at once.
pub(crate) fn run(settings: &Settings, args: &Args) -> Result<ExitCode> {
    let containers = Containers::new(settings);
    let options = args.how.options();
    several::parallel(&args.containers, |name| {
        let record = containers.find(name)?;
        stop::stop(&containers, &record, &options)?;
        Ok(Some(name.to_owned()))
    })
}
