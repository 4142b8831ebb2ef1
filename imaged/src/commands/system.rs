//! `corten system df`.

use std::process::ExitCode;

use serde_json::{Value, json};

use crate::error::Result;
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
}

/// Runs the verb.
pub(crate) fn run(settings: &Settings, args: &Args) -> Result<ExitCode> {
    let Verb::Df { format } = &args.verb;
    let store = Store::open(&settings.root)?;
    let listing = Listing {
        default: COLUMNS,
        headers: &HEADERS,
    };
    output::print(&listing.render(format.as_deref(), &rows(&store)?)?)?;
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

fn layers(usage: &Usage) -> u64 {
    usage.layers.iter().map(|layer| layer.bytes).sum()
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
