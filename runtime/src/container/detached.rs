//! `run --detach`: create and start, then leave the container to itself.

use super::{Request, create, start};
use crate::error::Result;
use crate::launch::Console;

/// Runs a container and returns as soon as its program runs, and for a service manager, has said that it is ready.
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
        Ok(()) => {}
        Err(error) => return Err(container.undo(error)),
    }
    if let Some(notifications) = container.notifications {
        // Others may stop it meanwhile.
        container.directory.release()?;
        notifications.follow(&container.record);
    }
    Ok(())
}
