//! Signals for running containers, and waiting for what they do.

use std::time::{Duration, Instant};

use nix::libc::{SIGKILL, SIGTERM};

use super::announce;
use super::layout::Containers;
use super::orders;
use super::pause;
use super::record::Record;
use super::remove;
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
    stop_until(containers, record, options, |shim| {
        shim.wait(Some(Instant::now() + AFTER_KILL))
    })
}

/// The same for who has the container's lock. What the shim of an `--rm` container becomes waits for that lock, so that
/// it counts as gone when it has let go of its own.
///
/// # Errors
/// As [`stop`].
pub(super) fn stop_locked(containers: &Containers, record: &Record, options: &Options) -> Result<()> {
    stop_until(containers, record, options, |_| {
        let directory = containers.shim_directory(&record.id);
        Ok(remove::shim_finished(&directory, Instant::now() + AFTER_KILL))
    })
}

fn stop_until(
    containers: &Containers,
    record: &Record,
    options: &Options,
    shim_gone: impl FnOnce(&Process) -> Result<bool>,
) -> Result<()> {
    let signal = match &options.signal {
        Some(name) => flags::signal(name)?,
        None => stop_signal(record)?,
    };
    if !Status::of(containers, &record.id).is_running() {
        return Ok(());
    }
    orders::stay_down(containers, record)?;
    let (init, shim) = processes(containers, record);
    if let Some(init) = init {
        send(containers, record, &init, signal)?;
        go_on(&init, containers, record)?;
        if !init.wait(deadline(options, record))? {
            end(containers, &init, record)?;
        }
    }
    // The exit is recorded when the shim is gone, even if the process ended before we came.
    if let Some(shim) = shim
        && !shim_gone(&shim)?
        && Status::of(containers, &record.id).is_running()
    {
        return Err(still_runs(record));
    }
    announce::container(containers, record, "stop", &[]);
    Ok(())
}

/// Sends a signal, and says so first: then nothing that it causes is told before it.
fn send(containers: &Containers, record: &Record, init: &Process, signal: i32) -> Result<()> {
    announce::container(containers, record, "kill", &[("signal", signal.to_string())]);
    init.signal(signal)
}

/// A paused container goes on, as in docker: otherwise no signal would reach it.
fn go_on(init: &Process, containers: &Containers, record: &Record) -> Result<()> {
    match init.is_frozen() {
        true => pause::thaw(containers, record),
        false => Ok(()),
    }
}

fn end(containers: &Containers, init: &Process, record: &Record) -> Result<()> {
    send(containers, record, init, SIGKILL)?;
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

/// Its shim has not recorded its end, or has started it again.
fn still_runs(record: &Record) -> Error {
    Error::new(
        Kind::Conflict,
        format!(
            "cannot stop container: {}: it ended, but its shim keeps it as running",
            record.name
        ),
    )
    .hint("its shim waits for a runtime or a log, or was stopped itself: `corten ps` shows how it is")
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
    let stops = signal == SIGKILL || signal == stop_signal(record)?;
    let between_runs = matches!(Status::of(containers, &record.id), Status::Restarting(_));
    if stops || between_runs {
        // Whoever is killed so is not meant to come back; nor is one between two runs, which no signal reaches.
        orders::stay_down(containers, record)?;
    }
    let (Some(init), shim) = processes(containers, record) else {
        if between_runs {
            announce::container(containers, record, "kill", &[("signal", signal.to_string())]);
            return shim_gone(containers, record);
        }
        return Err(Error::new(
            Kind::Conflict,
            format!(
                "cannot kill container: {}: container {} is not running",
                record.name, record.id
            ),
        ));
    };
    send(containers, record, &init, signal)?;
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

/// The signal that asks the container to stop.
fn stop_signal(record: &Record) -> Result<i32> {
    match &record.config.stop_signal {
        Some(name) => flags::signal(name),
        None => Ok(SIGTERM),
    }
}

/// Waits for a shim that has nothing left to do.
fn shim_gone(containers: &Containers, record: &Record) -> Result<()> {
    let shim = ShimFile::read(&containers.shim_directory(&record.id)).and_then(|file| file.shim());
    match shim {
        Some(shim) => shim.wait(Some(Instant::now() + AFTER_KILL)).map(drop),
        None => Ok(()),
    }
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
