//! `corten update`.

use std::process::ExitCode;

use super::limit_options::LimitOptions;
use super::several;
use crate::engine::{Containers, update};
use crate::error::{Error, Kind, Result};
use crate::plan::flags;
use crate::plan::options::Resources;
use crate::settings::Settings;
use crate::store::Store;

/// Change limits and restart policies of containers, whether they run or not.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    limits: LimitOptions,
    /// When to run it again after it ended: no, on-failure[:MAX], always, unless-stopped
    #[arg(long, value_name = "POLICY")]
    restart: Option<String>,
    /// Names or ids
    #[arg(required = true, value_name = "CONTAINER", help_heading = "Arguments")]
    containers: Vec<String>,
}

/// Runs the verb.
pub(crate) fn run(settings: &Settings, args: &Args) -> Result<ExitCode> {
    let limits = args.limits.limits()?;
    let restart = args.restart.as_deref().map(flags::restart).transpose()?;
    if limits == Resources::default() && restart.is_none() {
        return Err(Error::new(
            Kind::Usage,
            "you must provide one or more flags when using this command",
        ));
    }
    let containers = Containers::new(settings);
    let store = Store::open(&settings.root)?;
    several::each(&args.containers, |name| {
        update::update(&containers, &store, name, &limits, restart).map(|()| Some(name.to_owned()))
    })
}
