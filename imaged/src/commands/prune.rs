//! What `image prune` and `system prune` share.

use std::io::{self, BufRead, Write};
use std::time::SystemTime;

use crate::error::{Error, Kind, Result};
use crate::format::filter::Filters;
use crate::format::human;
use crate::format::timestamp::Timestamp;
use crate::image::Image;
use crate::output;
use crate::store::{Removed, Store};

/// The filters of both.
pub(super) const FILTERS: [&str; 2] = ["label", "until"];

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
