//! `corten system df`, `info`, `prune` and `check`.

use std::process::ExitCode;

use serde_json::{Value, json};

use super::{info, prune};
use crate::error::Result;
use crate::format::filter::Filters;
use crate::format::{Listing, human};
use crate::output;
use crate::settings::Settings;
use crate::store::{Store, Usage};

const COLUMNS: &str = "{{.Type}}\t{{.TotalCount}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}";
const HEADERS: [(&str, &str); 5] = [
    ("Type", "TYPE"),
    ("TotalCount", "TOTAL"),
    ("Active", "ACTIVE"),
    ("Size", "SIZE"),
    ("Reclaimable", "RECLAIMABLE"),
];

/// Look after Corten itself.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Show how much of the disk is used
    Df {
        /// `table`, `table TEMPLATE`, `json` or a Go template
        #[arg(long, value_name = "FORMAT")]
        format: Option<String>,
    },
    /// Look whether everything in the store is as it should be
    Check {
        /// Take away what is damaged, so that a pull brings it again
        #[arg(long)]
        repair: bool,
    },
    Info(info::Args),
    /// Remove stopped containers, and images that nothing uses
    Prune {
        /// Remove all images that no container uses, not only those without a tag
        #[arg(short, long)]
        all: bool,
        /// Only those that match: label, label!, until
        #[arg(long, value_name = "KEY=VALUE")]
        filter: Vec<String>,
        /// Do not ask
        #[arg(short, long)]
        force: bool,
    },
}

/// Runs the verb.
pub(crate) fn run(settings: &Settings, args: &Args) -> Result<ExitCode> {
    match &args.verb {
        Verb::Df { format } => df(settings, format.as_deref()),
        Verb::Check { repair } => check(settings, *repair),
        Verb::Info(args) => info::run(settings, args),
        Verb::Prune { all, filter, force } => {
            let filters = Filters::parse(filter, &prune::FILTERS)?;
            prune(settings, &filters, *all, *force)
        }
    }
}

/// Prints what is wrong; the exit code is 1 while something is.
fn check(settings: &Settings, repair: bool) -> Result<ExitCode> {
    let store = Store::open(&settings.root)?;
    let problems = if repair { store.repair()? } else { store.check()? };
    for problem in &problems {
        output::line(&problem.text)?;
    }
    // What is missing after a repair is said by a second look.
    let problems = if repair { store.check()? } else { problems };
    Ok(match problems.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

fn prune(settings: &Settings, filters: &Filters, all: bool, force: bool) -> Result<ExitCode> {
    let images = match all {
        true => "all images without at least one container associated to them",
        false => "all dangling images",
    };
    let warning = format!("WARNING! This will remove:\n  - all stopped containers\n  - {images}\n");
    if !force && !prune::confirmed(&warning)? {
        return Ok(ExitCode::SUCCESS);
    }
    let store = Store::open(&settings.root)?;
    let before = store.usage()?.total();
    output::print(&prune::stopped_containers(settings, filters)?)?;
    output::print(&prune::report(&prune::images(&store, filters, all)?))?;
    output::line(prune::reclaimed(before, store.usage()?.total()))?;
    Ok(ExitCode::SUCCESS)
}

fn df(settings: &Settings, format: Option<&str>) -> Result<ExitCode> {
    let store = Store::open(&settings.root)?;
    let listing = Listing {
        default: COLUMNS,
        headers: &HEADERS,
    };
    output::print(&listing.render(format, &rows(&store)?)?)?;
    Ok(ExitCode::SUCCESS)
}

/// One row for each kind of thing; together they are what du(1) shows for the store.
fn rows(store: &Store) -> Result<Vec<Value>> {
    let usage = store.usage()?;
    let images = store.images()?;
    let users = store.users()?;
    let active = images.iter().filter(|(image, _)| users.contains_key(&image.id));
    let needed: std::collections::HashSet<_> = active
        .clone()
        .flat_map(|(image, _)| image.layers.iter().copied())
        .collect();
    let idle = usage
        .layers
        .iter()
        .filter(|layer| !needed.contains(&layer.chain_id));
    let idle: u64 = idle.map(|layer| layer.bytes).sum();
    Ok(vec![
        row("Images", images.len(), active.count(), layers(&usage), idle),
        row("Containers", usage.containers.len(), 0, containers(&usage), 0),
        row("Local Volumes", 0, 0, 0, 0),
        row("Build Cache", 0, 0, 0, 0),
        row("Other", 0, 0, usage.other, 0),
    ])
}

/// Unpacked, and as they came.
fn layers(usage: &Usage) -> u64 {
    let layers: u64 = usage.layers.iter().map(|layer| layer.bytes).sum();
    layers + usage.blobs
}

fn containers(usage: &Usage) -> u64 {
    usage.containers.iter().map(|(_, bytes)| bytes).sum()
}

fn row(kind: &str, total: usize, active: usize, size: u64, reclaimable: u64) -> Value {
    let share = (reclaimable * 100)
        .checked_div(size)
        .map_or_else(String::new, |share| format!(" ({share}%)"));
    json!({
        "Type": kind,
        "TotalCount": total.to_string(),
        "Active": active.to_string(),
        "Size": human::size(size),
        "Reclaimable": format!("{}{share}", human::size(reclaimable)),
        "Bytes": size,
        "ReclaimableBytes": reclaimable,
    })
}
