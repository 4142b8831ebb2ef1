//! Events of containers: what corten itself does to them. What happens to them by itself their shims tell.

use super::layout::{Containers, replace};
use super::record::Record;
use super::status::ExitRecord;
use crate::error::{Error, Result};
use crate::events::{self, Subject};
use crate::format::timestamp::Timestamp;

/// What events say of the container, for its shim: in the container's directory.
pub(super) const ACTOR_FILE: &str = "actor.json";

/// Tells that something was done to a container.
pub(crate) fn container(containers: &Containers, record: &Record, action: &str, more: &[(&str, String)]) {
    let mut attributes = events::attributes(&record.image_name, &record.name, &record.config.labels);
    attributes.extend(
        more.iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone())),
    );
    events::tell(
        containers.root(),
        Subject::Container,
        action,
        &record.id,
        &attributes,
    );
}

/// Tells of a container's end in its shim's place, with the time of the exit record, unless the journal knows it.
pub(super) fn late_end(containers: &Containers, record: &Record, exit: &ExitRecord, finished: Timestamp) {
    let mut attributes = events::attributes(&record.image_name, &record.name, &record.config.labels);
    let seconds = exit.duration().unwrap_or_default().as_secs();
    attributes.insert("execDuration".to_owned(), seconds.to_string());
    attributes.insert("exitCode".to_owned(), exit.exit_code.to_string());
    events::late_end(containers.root(), &record.id, &attributes, finished);
}

/// Writes down what the shim shall say of the container.
///
/// # Errors
/// When the file cannot be written.
pub(super) fn write_actor(containers: &Containers, record: &Record) -> Result<()> {
    let attributes = events::attributes(&record.image_name, &record.name, &record.config.labels);
    let directory = containers.directory(&record.id);
    let path = directory.join(ACTOR_FILE);
    let text = serde_json::to_vec(&attributes).unwrap_or_default();
    replace(&path, &text).map_err(|error| Error::io(format!("write {}", path.display()), &error))
}
