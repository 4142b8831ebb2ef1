//! `corten container prune` and `image prune`, and what `system prune` shares with them.

use std::io::{self, BufRead, Write};
use std::process::ExitCode;
use std::time::SystemTime;

use crate::engine::status::Status;
use crate::engine::{Containers, remove};
use crate::error::{Error, Kind, Result};
use crate::format::filter::Filters;
use crate::format::human;
use crate::format::timestamp::Timestamp;
use crate::image::Image;
use crate::output;
use crate::settings::Settings;
use crate::store::{Removed, Store};

/// The filters of all of them.
pub(super) const FILTERS: [&str; 3] = ["label", "label!", "until"];

/// What `container prune` is asked.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only those that match: label, label!, until
    #[arg(long, value_name = "KEY=VALUE")]
    filter: Vec<String>,
    /// Do not ask
    #[arg(short, long)]
    force: bool,
}

/// What `image prune` is asked.
#[derive(Debug, clap::Args)]
pub(crate) struct ImageArgs {
    /// Remove all images that no container uses
    #[arg(short, long)]
    all: bool,
    #[command(flatten)]
    how: Args,
}

/// `container prune`.
pub(crate) fn containers(settings: &Settings, args: &Args) -> Result<ExitCode> {
    let filters = Filters::parse(&args.filter, &FILTERS)?;
    if !args.force && !confirmed("WARNING! This will remove all stopped containers.")? {
        return Ok(ExitCode::SUCCESS);
    }
    let store = Store::open(&settings.root)?;
    let before = store.usage()?.total();
    output::print(&stopped_containers(settings, &filters)?)?;
    output::line(reclaimed(before, store.usage()?.total()))?;
    Ok(ExitCode::SUCCESS)
}

/// `image prune`.
pub(crate) fn run_images(settings: &Settings, args: &ImageArgs) -> Result<ExitCode> {
    let filters = Filters::parse(&args.how.filter, &FILTERS)?;
    let warning = match args.all {
        true => "WARNING! This will remove all images without at least one container associated to them.",
        false => "WARNING! This will remove all dangling images.",
    };
    if !args.how.force && !confirmed(warning)? {
        return Ok(ExitCode::SUCCESS);
    }
    let store = Store::open(&settings.root)?;
    let before = store.usage()?.total();
    let removed = images(&store, &filters, args.all)?;
    output::print(&report(&removed))?;
    output::line(reclaimed(before, store.usage()?.total()))?;
    Ok(ExitCode::SUCCESS)
}

/// Removes containers that do not run; returns docker's report.
///
/// # Errors
/// The failed call.
pub(super) fn stopped_containers(settings: &Settings, filters: &Filters) -> Result<String> {
    let containers = Containers::new(settings);
    let mut ids = String::new();
    for record in containers.all()? {
        let meant = is_meant(filters, Some(&record.created), &record.config.labels)?;
        if meant && !Status::of(&containers, &record.id).is_running() {
            match remove::remove(&containers, &record, false) {
                Ok(()) => ids.push_str(&format!("{}\n", record.id)),
                // It was started, or somebody else removed it.
                Err(error) if matches!(error.kind(), Kind::Conflict | Kind::NotFound) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(match ids.is_empty() {
        true => ids,
        false => format!("Deleted Containers:\n{ids}\n"),
    })
}

/// Asks whether to go on; nothing but yes is yes.
///
/// # Errors
/// When standard output cannot be written.
pub(super) fn confirmed(warning: &str) -> Result<bool> {
    output::print(&format!("{warning}\nAre you sure you want to continue? [y/N] "))?;
    let mut answer = String::new();
    io::stdout().flush().ok();
    let read = io::stdin().lock().read_line(&mut answer);
    Ok(read.is_ok() && matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

/// Whether something that was made then, with these labels, is old enough and meant.
///
/// # Errors
/// `Usage` when `until` is no time.
pub(super) fn is_meant(
    filters: &Filters,
    created: Option<&str>,
    labels: &std::collections::BTreeMap<String, String>,
) -> Result<bool> {
    let now = Timestamp::from(SystemTime::now());
    for until in filters.values("until") {
        let until = Timestamp::parse_loose(until, now)
            .ok_or_else(|| Error::new(Kind::Usage, format!("invalid filter 'until={until}'")))?;
        // What does not say when it was made is old.
        if created
            .and_then(Timestamp::parse)
            .is_some_and(|created| created >= until)
        {
            return Ok(false);
        }
    }
    Ok(filters.labels(labels))
}

/// Removes images without tags, or with `all` every one, unless containers use them; and what killed commands left.
///
/// # Errors
/// The failed call.
pub(super) fn images(store: &Store, filters: &Filters, all: bool) -> Result<Vec<Removed>> {
    let users = store.users()?;
    let mut removed = Vec::new();
    for (image, names) in store.images()? {
        let meant = is_meant(
            filters,
            image.config.created.as_deref(),
            &image.config.config.labels,
        )?;
        if meant && (all || names.tags.is_empty()) && !users.contains_key(&image.id) {
            removed.extend(remove(store, &image)?);
        }
    }
    store.collect()?;
    Ok(removed)
}

fn remove(store: &Store, image: &Image) -> Result<Vec<Removed>> {
    match store.remove_image(&image.id.hex(), true) {
        // A container was made of it, or somebody else removed it.
        Err(error) if matches!(error.kind(), Kind::Conflict | Kind::NotFound) => Ok(Vec::new()),
        other => other,
    }
}

/// Docker's report about images.
pub(super) fn report(removed: &[Removed]) -> String {
    if removed.is_empty() {
        return String::new();
    }
    let line = |removed: &Removed| match removed {
        Removed::Untagged(name) => format!("untagged: {name}\n"),
        Removed::Deleted(digest) => format!("deleted: {digest}\n"),
    };
    format!(
        "Deleted Images:\n{}\n",
        removed.iter().map(line).collect::<String>()
    )
}

/// Docker's last line: how much less the disk holds than before.
pub(super) fn reclaimed(before: u64, after: u64) -> String {
    format!(
        "Total reclaimed space: {}",
        human::size(before.saturating_sub(after))
    )
}
