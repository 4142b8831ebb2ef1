//! Signals for running containers, and waiting for what they do.

use std::time::{Duration, Instant};

use nix::libc::{SIGKILL, SIGTERM};

use super::layout::Containers;
use super::pause;
use super::record::Record;
use super::status::{ShimFile, Status};
use crate::error::{Error, Kind, Result};
use crate::plan::flags;
use crate::sys::pidfd::Process;

/// Docker's patience with a container that was asked to stop.
const DEFAULT_TIMEOUT: u64 = 10;
/// How long a killed process, and then its shim, may take.
const AFTER_KILL: Duration = Duration::from_secs(10);

/// How to stop.
#[derive(Debug, Clone, Default)]
pub(crate) struct Options {
    /// In place of the container's own signal.
    pub(crate) signal: Option<String>,
    /// Seconds before SIGKILL, in place of the container's own; -1 waits for ever.
    pub(crate) timeout: Option<i64>,
}

/// Asks a container to stop, and kills it when it does not. One that does not run is left alone.
///
/// # Errors
/// When it survives even SIGKILL, or a signal is unknown.
pub(crate) fn stop(containers: &Containers, record: &Record, options: &Options) -> Result<()> {
    let signal = match options.signal.as_ref().or(record.config.stop_signal.as_ref()) {
        Some(name) => flags::signal(name)?,
        None => SIGTERM,
    };
    let (init, shim) = processes(containers, record);
    if let Some(init) = init {
        init.signal(signal)?;
        go_on(&init, containers, record)?;
        if !init.wait(deadline(options, record))? {
            end(&init, record)?;
        }
    }
    // The exit is recorded when the shim is gone, even if the process ended before we came.
    match shim {
        Some(shim) => shim.wait(Some(Instant::now() + AFTER_KILL)).map(drop),
        None => Ok(()),
    }
}

/// A paused container goes on, as in docker: otherwise no signal would reach it.
fn go_on(init: &Process, containers: &Containers, record: &Record) -> Result<()> {
    match init.is_frozen() {
        true => pause::thaw(containers, record),
        false => Ok(()),
    }
}

fn end(init: &Process, record: &Record) -> Result<()> {
    init.signal(SIGKILL)?;
    if init.wait(Some(Instant::now() + AFTER_KILL))? {
        return Ok(());
    }
    Err(Error::new(
        Kind::Conflict,
        format!(
            "cannot stop container: {}: tried to kill container, but did not receive an exit event",
            record.name
        ),
    )
    .hint("a process in state D waits for a device or a network file system"))
}

fn deadline(options: &Options, record: &Record) -> Option<Instant> {
    let own = record.config.stop_timeout.unwrap_or(DEFAULT_TIMEOUT);
    let seconds = match options.timeout {
        Some(timeout) => u64::try_from(timeout).ok()?,
        None => own,
    };
    Instant::now().checked_add(Duration::from_secs(seconds))
}

/// Sends a signal to a running container.
///
/// # Errors
/// When it does not run, or the signal is unknown.
pub(crate) fn kill(containers: &Containers, record: &Record, signal: &str) -> Result<()> {
    let signal = flags::signal(signal)?;
    let (Some(init), shim) = processes(containers, record) else {
        return Err(Error::new(
            Kind::Conflict,
            format!(
                "cannot kill container: {}: container {} is not running",
                record.name, record.id
            ),
        ));
    };
    init.signal(signal)?;
    if signal == SIGKILL {
        go_on(&init, containers, record)?;
        // Docker waits, too: what follows a kill may rely on it.
        init.wait(Some(Instant::now() + AFTER_KILL))?;
        if let Some(shim) = shim {
            shim.wait(Some(Instant::now() + AFTER_KILL))?;
        }
    }
    Ok(())
}

/// The first process and the shim of a running container, as far as they live.
fn processes(containers: &Containers, record: &Record) -> (Option<Process>, Option<Process>) {
    if !Status::of(containers, &record.id).is_running() {
        return (None, None);
    }
    match ShimFile::read(&containers.shim_directory(&record.id)) {
        Some(file) => (file.init(), file.shim()),
        None => (None, None),
    }
}
