//! `corten history`.

use std::process::ExitCode;

use clap::ArgAction;
use serde_json::{Value, json};

use super::platforms;
use crate::error::Result;
use crate::format::timestamp::Timestamp;
use crate::format::{Listing, human};
use crate::image::Image;
use crate::oci::{Digest, History};
use crate::output;
use crate::settings::Settings;
use crate::store::Store;

const COLUMNS: &str = "{{.ID}}\t{{.CreatedSince}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}";
const HEADERS: [(&str, &str); 6] = [
    ("ID", "IMAGE"),
    ("CreatedSince", "CREATED"),
    ("CreatedAt", "CREATED AT"),
    ("CreatedBy", "CREATED BY"),
    ("Size", "SIZE"),
    ("Comment", "COMMENT"),
];
/// How much of a step's command is shown.
const SHOWN: usize = 45;

/// Show how an image came to be, newest step first.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name or id of the image
    #[arg(value_name = "IMAGE")]
    image: String,
    /// `table`, `table TEMPLATE`, `json` or a Go template
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// Sizes and times as people read them
    #[arg(short = 'H', long, value_name = "BOOL", action = ArgAction::Set, num_args = 0..=1, require_equals = true,
          default_value = "true", default_missing_value = "true")]
    human: bool,
    /// Show ids and commands in full
    #[arg(long)]
    no_trunc: bool,
    /// Show it only if the image is for this platform
    #[arg(long, value_name = "OS/ARCH")]
    platform: Option<String>,
    /// Show only ids
    #[arg(short, long)]
    quiet: bool,
}

/// Runs the verb.
pub(crate) fn run(settings: &Settings, args: &Args) -> Result<ExitCode> {
    let store = Store::open(&settings.root)?;
    let image = platforms::resolve(&store, &args.image, args.platform.as_deref())?;
    let mut steps = steps(&store, &image)?;
    steps.reverse();
    let rows: Vec<Value> = steps
        .iter()
        .enumerate()
        .map(|(at, (step, size))| row((at == 0).then_some(&image.id), step, *size, args))
        .collect();
    if args.quiet && args.format.is_none() {
        rows.iter()
            .filter_map(|row| row["ID"].as_str())
            .try_for_each(output::line)?;
        return Ok(ExitCode::SUCCESS);
    }
    let listing = Listing {
        default: COLUMNS,
        headers: &HEADERS,
    };
    output::print(&listing.render(args.format.as_deref(), &rows)?)?;
    Ok(ExitCode::SUCCESS)
}

/// The steps, oldest first, each with the bytes of its layer. Layers that no step tells of come last.
fn steps(store: &Store, image: &Image) -> Result<Vec<(History, u64)>> {
    let mut layers = image.layers.iter();
    let mut size = || match layers.next() {
        Some(layer) => store.layer(layer).map(|record| Some(record.size)),
        None => Ok(None),
    };
    let mut steps = Vec::new();
    for step in &image.config.history {
        let bytes = if step.empty_layer { None } else { size()? };
        steps.push((step.clone(), bytes.unwrap_or(0)));
    }
    while let Some(bytes) = size()? {
        steps.push((History::default(), bytes));
    }
    Ok(steps)
}

/// Only the image itself has an id: those of its steps were the maker's.
fn row(id: Option<&Digest>, step: &History, size: u64, args: &Args) -> Value {
    let created = step.created.as_deref().and_then(Timestamp::parse);
    let at = step.created.as_deref().unwrap_or("N/A");
    let since = created.map_or_else(
        || "N/A".to_owned(),
        |created| human::ago(created.seconds, Timestamp::now().seconds),
    );
    let command = step.created_by.as_deref().unwrap_or_default().replace('\t', " ");
    let id = match id {
        None => "<missing>".to_owned(),
        Some(id) if args.no_trunc => id.to_string(),
        Some(id) => id.short(),
    };
    json!({
        "ID": id,
        "CreatedSince": if args.human { since } else { at.to_owned() },
        "CreatedAt": at,
        "CreatedBy": if args.no_trunc { command } else { human::shorten(&command, SHOWN) },
        "Size": if args.human { human::size(size) } else { size.to_string() },
        "Comment": step.comment.as_deref().unwrap_or_default(),
    })
}
