//! `corten rm`.

use std::process::ExitCode;

use super::several;
use crate::engine::{Containers, remove};
use crate::error::{Kind, Result};
use crate::settings::Settings;

/// Remove containers.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Kill them first if they run; a container that is not there is no error
    #[arg(short, long)]
    force: bool,
    /// Remove the containers' own volumes too (they always go with their container)
    #[arg(short, long)]
    volumes: bool,
    /// Names or ids
    #[arg(required = true, value_name = "CONTAINER")]
    containers: Vec<String>,
}

/// Runs the verb.
pub(crate) fn run(settings: &Settings, args: &Args) -> Result<ExitCode> {
    let containers = Containers::new(settings);
    remove::sweep(&containers)?;
    several::parallel(&args.containers, |name| {
        let removed = containers
            .find(name)
            .and_then(|record| remove::remove(&containers, &record, args.force));
        match removed {
            Err(error) if args.force && error.kind() == Kind::NotFound => Ok(None),
            other => other.map(|()| Some(name.to_owned())),
        }
    })
}
