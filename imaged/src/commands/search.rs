//! `corten search`.

use std::process::ExitCode;

use serde_json::{Value, json};

use crate::error::{Error, Kind, Result};
use crate::format::filter::Filters;
use crate::format::{Listing, human};
use crate::image::Reference;
use crate::output;
use crate::registry::{self, Hit, Options};

const COLUMNS: &str = "{{.Name}}\t{{.Description}}\t{{.StarCount}}\t{{.IsOfficial}}";
const HEADERS: [(&str, &str); 5] = [
    ("Name", "NAME"),
    ("Description", "DESCRIPTION"),
    ("StarCount", "STARS"),
    ("IsOfficial", "OFFICIAL"),
    ("IsAutomated", "AUTOMATED"),
];
/// How much of a description is shown.
const SHOWN: usize = 45;

/// Look for images in a registry.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What to look for; HOST/TERM looks in another registry than docker.io
    #[arg(value_name = "TERM")]
    term: String,
    /// Only those that match: is-official, is-automated, stars
    #[arg(short, long, value_name = "KEY=VALUE")]
    filter: Vec<String>,
    /// `table`, `table TEMPLATE`, `json` or a Go template
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// How many results, from 1 to 100
    #[arg(long, value_name = "COUNT", default_value_t = 25)]
    limit: usize,
    /// Show descriptions in full
    #[arg(long)]
    no_trunc: bool,
}

/// Runs the verb.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    if !(1..=100).contains(&args.limit) {
        return Err(Error::new(
            Kind::Usage,
            format!("limit {} is outside the range of [1, 100]", args.limit),
        ));
    }
    let filters = Filters::parse(&args.filter, &["is-official", "is-automated", "stars"])?;
    let least = stars(&filters)?;
    let (domain, term) = place(&args.term);
    let hits = registry::search(&domain, &term, args.limit, &Options::default())?;
    let is = |key: &str, actual: bool| filters.any(key, |value| value == actual.to_string());
    let rows: Vec<Value> = hits
        .iter()
        .filter(|hit| {
            is("is-official", hit.is_official) && is("is-automated", hit.is_automated) && hit.stars >= least
        })
        .map(|hit| row(hit, args))
        .collect();
    let listing = Listing {
        default: COLUMNS,
        headers: &HEADERS,
    };
    output::print(&listing.render(args.format.as_deref(), &rows)?)?;
    Ok(ExitCode::SUCCESS)
}

fn stars(filters: &Filters) -> Result<u64> {
    let mut least = 0;
    for value in filters.values("stars") {
        let count: u64 = value
            .parse()
            .map_err(|_| Error::new(Kind::Usage, format!("invalid filter 'stars={value}'")))?;
        least = count.max(least);
    }
    Ok(least)
}

/// The registry and the term: a first part that looks like a host is one.
fn place(typed: &str) -> (String, String) {
    if let Some((host, term)) = typed.split_once('/')
        && let Ok(reference) = format!("{host}/x").parse::<Reference>()
        && reference.domain() == host
    {
        return (host.to_owned(), term.to_owned());
    }
    ("docker.io".to_owned(), typed.to_owned())
}

fn row(hit: &Hit, args: &Args) -> Value {
    let description = hit
        .description
        .as_deref()
        .unwrap_or_default()
        .replace(['\n', '\t', '\r'], " ");
    let mark = |is: bool| if is { "[OK]" } else { "" };
    let plain = args.format.as_deref() == Some("json");
    let flag = |is: bool| {
        if plain {
            is.to_string()
        } else {
            mark(is).to_owned()
        }
    };
    json!({
        "Name": hit.name,
        "Description": if args.no_trunc { description } else { human::shorten(&description, SHOWN) },
        "StarCount": hit.stars.to_string(),
        "IsOfficial": flag(hit.is_official),
        "IsAutomated": flag(hit.is_automated),
    })
}
