//! Suspending a container's processes and letting them go on.

use super::view::status_under_lock;
use super::{Id, Locked, Record, root};
use crate::apply::cgroup;
use crate::error::{Context, Error, Kind, Result};
use crate::oci::Status;
use std::path::Path;

/// Freezes all processes of the container `id` below `root`; returns when they are frozen.
///
/// # Errors
/// When it does not run, is paused already, or some process cannot be frozen: then all go on.
pub(crate) fn pause(root: &Path, id: &Id) -> Result<()> {
    let (directory, mut record) = root::lock(root, id)?;
    match status_under_lock(&directory, &record) {
        Status::Running => {}
        Status::Created => {
            record.paused_early = true;
            directory.write(&record)?;
        }
        Status::Paused => {
            return Err(wrong(
                id,
                "container is already paused",
                Status::Paused,
                "`resume` it",
            ));
        }
        status => {
            return Err(wrong(
                id,
                "container not running",
                status,
                "`pause` needs a container that is created or running",
            ));
        }
    }
    cgroup::freeze(&record.cgroup).context(|| format!("pause container {id}"))
}

/// Thaws all processes of the container `id` below `root`.
///
/// # Errors
/// When it is not paused, or its freezer cannot be written.
pub(crate) fn resume(root: &Path, id: &Id) -> Result<()> {
    let (directory, mut record) = root::lock(root, id)?;
    match status_under_lock(&directory, &record) {
        Status::Paused => thaw(id, &directory, &mut record),
        status => Err(wrong(
            id,
            "container not paused",
            status,
            "only a paused container can be resumed",
        )),
    }
}

fn thaw(id: &Id, directory: &Locked, record: &mut Record<'_>) -> Result<()> {
    cgroup::thaw(&record.cgroup).context(|| format!("resume container {id}"))?;
    if record.paused_early {
        record.paused_early = false;
        directory.write(record)?;
    }
    Ok(())
}

fn wrong(id: &Id, message: &str, status: Status, hint: &str) -> Error {
    Error::new(Kind::State, format!("{message}: {:?} is {status}", id.as_str())).hint(hint)
}
