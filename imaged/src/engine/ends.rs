//! Ends that nobody was told: a shim that was killed between its exit record and its event. Whoever reads the record next
//! tells the journal in its place, once (docs/contracts/events.md).

use std::fs;
use std::path::Path;

use super::announce;
use super::layout::Containers;
use super::record::Record;
use super::status::{self, ShimFile};

/// In the shim's directory: the end is known to be in the journal.
const TOLD: &str = "end-told";

/// Tells of the container's end if nobody has; leaves it to whoever is just working on the container.
pub(crate) fn tell_missed(containers: &Containers, record: &Record) {
    if is_suspect(&containers.shim_directory(&record.id))
        && let Ok(Some(_lock)) = containers.try_lock(&record.id)
    {
        tell_missed_locked(containers, record);
    }
}

/// The same for whoever holds the container's lock. After a reboot, where no shim is remembered, the journal is asked, too.
pub(super) fn tell_missed_locked(containers: &Containers, record: &Record) {
    let directory = containers.shim_directory(&record.id);
    if directory.exists() && !is_suspect(&directory) {
        return;
    }
    let Some((exit, finished)) = status::exit_record(containers, &record.id)
        .and_then(|exit| exit.finished().map(|finished| (exit, finished)))
    else {
        return;
    };
    announce::late_end(containers, record, &exit, finished);
    if directory.exists() {
        // Without it the journal is searched again.
        let _ = fs::write(directory.join(TOLD), "");
    }
}

/// Whether the shim was killed before it noted that its container's end is told.
fn is_suspect(directory: &Path) -> bool {
    ShimFile::read(directory).is_some_and(|file| !file.has_told_its_end() && file.shim().is_none())
        && !directory.join(TOLD).exists()
}
