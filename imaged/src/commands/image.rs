//! `corten image prune`.

use std::process::ExitCode;

use super::prune;
use crate::error::Result;
use crate::format::filter::Filters;
use crate::output;
use crate::settings::Settings;
use crate::store::Store;

/// Look after images.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Remove images that have no tag and that no container uses
    Prune {
        /// Remove all images that no container uses
        #[arg(short, long)]
        all: bool,
        /// Only those that match: label, until
        #[arg(long, value_name = "KEY=VALUE")]
        filter: Vec<String>,
        /// Do not ask
        #[arg(short, long)]
        force: bool,
    },
}

/// Runs the verb.
pub(crate) fn run(settings: &Settings, args: &Args) -> Result<ExitCode> {
    let Verb::Prune { all, filter, force } = &args.verb;
    let filters = Filters::parse(filter, &prune::FILTERS)?;
    let warning = match all {
        true => "WARNING! This will remove all images without at least one container associated to them.",
        false => "WARNING! This will remove all dangling images.",
    };
    if !force && !prune::confirmed(warning)? {
        return Ok(ExitCode::SUCCESS);
    }
    let store = Store::open(&settings.root)?;
    let before = store.usage()?.total();
    let removed = prune::images(&store, &filters, *all)?;
    output::print(&prune::report(&removed))?;
    output::line(prune::reclaimed(before, store.usage()?.total()))?;
    Ok(ExitCode::SUCCESS)
}
