//! Letting the program of a created container run.

use super::notify::Manager;
use super::view::status_under_lock;
use super::{Id, Record, destroy, root};
use crate::error::{Error, Kind, Result};
use crate::launch::{self, hooks};
use crate::oci::Status;
use std::path::Path;

/// Starts the container `id` below `root`; for a service manager, returns when it has said that it is ready.
///
/// # Errors
/// When it does not wait for its start, or its program cannot be run; then it is stopped.
pub(crate) fn start(root: &Path, id: &Id) -> Result<()> {
    let (directory, record) = root::lock(root, id)?;
    match status_under_lock(&directory, &record) {
        Status::Created => {}
        status => return Err(not_created(id, status)),
    }
    let manager = Manager::find();
    let notifications = manager.map_or(Ok(None), |manager| manager.listen(&directory))?;
    launch::start(directory.path())?;
    started(&record)?;
    if let Some(notifications) = notifications {
        // Others may stop it meanwhile.
        directory.release()?;
        notifications.follow(&record);
    }
    Ok(())
}

/// What follows the program's start: the poststart hooks, whose failure stops the container.
///
/// # Errors
/// The hook that failed.
pub(crate) fn started(record: &Record<'_>) -> Result<()> {
    let hooks = &record.hooks.poststart;
    if hooks.is_empty() {
        return Ok(());
    }
    hooks::run("poststart", hooks, &record.state(Status::Running)).inspect_err(|_| {
        // The hook's error is the one to tell; what could not be killed, delete --force will tell.
        drop(destroy::kill(record));
    })
}

fn not_created(id: &Id, status: Status) -> Error {
    let id = id.as_str();
    let (message, hint) = match status {
        Status::Running | Status::Paused => (
            format!("cannot start an already running container: {id:?} is {status}"),
            "it was started before: `ps` shows its processes",
        ),
        Status::Stopped => (
            format!("cannot start a container that has stopped: {id:?}"),
            "`delete` it and `create` it again: a container runs once",
        ),
        Status::Creating | Status::Created => (
            format!("cannot start a container that is being created: {id:?}"),
            "wait for `create` to return",
        ),
    };
    Error::new(Kind::State, message).hint(hint)
}
