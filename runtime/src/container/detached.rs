//! `run --detach`: create and start, then leave the container to itself.

use super::{Request, create, start};
use crate::error::Result;
use crate::launch::Console;

/// Runs a container and returns as soon as its program runs.
///
/// # Errors
/// When it cannot be created or started; nothing of it is left then.
pub(crate) fn run_detached(request: &Request<'_>, console: Console<'_>) -> Result<()> {
    let container = create(request, console)?;
    match container
        .process
        .start()
        .and_then(|()| start::started(&container.record))
    {
        Ok(()) => Ok(()),
        Err(error) => Err(container.undo(error)),
    }
}
