//! Freezing a container's processes and letting them go on.

use super::announce;
use super::layout::Containers;
use super::record::Record;
use super::runtime;
use super::status::Status;
use crate::error::{Error, Kind, Result};

/// Docker's words for who comes between two runs.
pub(super) const RESTARTING: &str = "is restarting, wait until the container is running";

/// Freezes a running container.
///
/// # Errors
/// When it does not run, or is paused already.
pub(crate) fn pause(containers: &Containers, record: &Record) -> Result<()> {
    let _lock = containers.lock(&record.id)?;
    match Status::of(containers, &record.id) {
        Status::Running { paused: false, .. } => {
            runtime::call(containers, record, &["pause", &record.id])?;
            announce::container(containers, record, "pause", &[]);
            Ok(())
        }
        Status::Restarting(_) => Err(wrong(record, RESTARTING)),
        Status::Running { .. } => Err(wrong(record, "is already paused")),
        _ => Err(wrong(record, "is not running")),
    }
}

/// Lets a paused container go on.
///
/// # Errors
/// When it is not paused.
pub(crate) fn unpause(containers: &Containers, record: &Record) -> Result<()> {
    let _lock = containers.lock(&record.id)?;
    match Status::of(containers, &record.id) {
        Status::Running { paused: true, .. } => {
            thaw(containers, record)?;
            announce::container(containers, record, "unpause", &[]);
            Ok(())
        }
        Status::Running { .. } => Err(wrong(record, "is not paused")),
        _ => Err(wrong(record, "is not running")),
    }
}

/// Lets the processes go on, whatever anybody thinks of their state.
pub(super) fn thaw(containers: &Containers, record: &Record) -> Result<()> {
    runtime::call(containers, record, &["resume", &record.id]).map(drop)
}

fn wrong(record: &Record, how: &str) -> Error {
    Error::new(Kind::Conflict, format!("Container {} {how}", record.id))
}
