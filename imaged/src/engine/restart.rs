//! Stopping a container and starting it again.

use super::layout::Containers;
use super::record::Record;
use super::stop::Options;
use super::{announce, remove, start, stop};
use crate::error::Result;

/// Stops a container, if it runs, and starts it.
///
/// # Errors
/// When it cannot be stopped; why it could not be started.
pub(crate) fn restart(containers: &Containers, record: &Record, options: &Options) -> Result<()> {
    match record.options.auto_remove {
        true => restart_locked(containers, record, options)?,
        false => {
            stop::stop(containers, record, options)?;
            start::start(containers, record, None).map(drop)?;
        }
    }
    announce::container(containers, record, "restart", &[]);
    Ok(())
}

/// One with `--rm` must not be removed in between: what its shim becomes waits for the lock, and is ended by the start.
fn restart_locked(containers: &Containers, record: &Record, options: &Options) -> Result<()> {
    let (lock, record) = containers.lock_and_read(&record.id)?;
    stop::stop_locked(containers, &record, options)?;
    let started = start::start_locked(containers, &record, None);
    drop(lock);
    started.map(drop).inspect_err(|_| {
        // As in docker, unless somebody else has started it by now; the first error matters more.
        let _ = remove::remove(containers, &record, false);
    })
}
