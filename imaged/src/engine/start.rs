//! Starting a container: a shim, the runtime's `create`, whoever attaches, the runtime's `start`.

use std::path::Path;

use super::announce;
use super::attach::{Keys, Relay, Streams};
use super::layout::{Containers, private_directory, replace};
use super::record::Record;
use super::remove;
use super::shim::Shim;
use super::status::{EXIT_FILE, START_FILE, StartFile, Status};
use crate::error::{Error, Kind, Result};
use crate::format::timestamp::Timestamp;
use crate::store::fault_point;

/// How a foreground container is attached.
#[derive(Debug)]
pub(crate) struct Attach {
    pub(crate) streams: Streams,
    /// Signals are passed on.
    pub(crate) proxy: bool,
    pub(crate) keys: Keys,
    /// Rows and columns of the user's terminal.
    pub(crate) size: Option<(u16, u16)>,
}

/// A container that was started.
#[derive(Debug)]
pub(crate) struct Started {
    /// Its shim; none if it was running already.
    pub(crate) shim: Option<Shim>,
    /// The foreground, if it was asked for.
    pub(crate) relay: Option<Relay>,
}

/// Starts a container unless it runs.
///
/// # Errors
/// Why it could not be started; it then stands as created, with that reason.
pub(crate) fn start(containers: &Containers, record: &Record, wanted: Option<Attach>) -> Result<Started> {
    let (lock, record) = containers.lock_and_read(&record.id)?;
    if !Status::of(containers, &record.id).is_running() {
        return start_locked(containers, &record, wanted);
    }
    // Whoever waits for its shim keeps nobody else waiting.
    drop(lock);
    match wanted {
        Some(wanted) => attach(containers, &record, wanted),
        None => Ok(Started {
            shim: None,
            relay: None,
        }),
    }
}

/// Attaches to a container that runs; never starts one.
///
/// # Errors
/// In docker's words, when it does not run, or its shim would not answer.
pub(crate) fn attach(containers: &Containers, record: &Record, wanted: Attach) -> Result<Started> {
    attachable(containers, record)?;
    // One that ended just now has nobody who answers.
    let relay =
        connect(containers, record, wanted).map_err(|error| match attachable(containers, record) {
            Err(ended) => ended,
            Ok(()) => error,
        })?;
    Ok(Started {
        shim: None,
        relay: Some(relay),
    })
}

/// Whether a container can be attached to.
///
/// # Errors
/// In docker's words, why not.
pub(crate) fn attachable(containers: &Containers, record: &Record) -> Result<()> {
    let refused = |why: &str| Error::new(Kind::Conflict, format!("You cannot attach to a {why}"));
    match Status::of(containers, &record.id) {
        Status::Running { paused: true, .. } => Err(refused("paused container, unpause it first")),
        Status::Running {
            unresponsive: true, ..
        } => Err(refused("container whose shim does not respond")
            .hint("somebody has stopped the process corten-shim; `kill -CONT` lets it go on")),
        Status::Running { .. } => Ok(()),
        Status::Restarting(_) => Err(refused("restarting container, wait until it is running")),
        _ => Err(refused("stopped container, start it first")),
    }
}

/// The same as [`start`] for who has the container's lock and has seen that it does not run.
///
/// # Errors
/// As [`start`].
pub(super) fn start_locked(
    containers: &Containers,
    record: &Record,
    attach: Option<Attach>,
) -> Result<Started> {
    remove::clear_last_run(containers, record)?;
    forget(&containers.directory(&record.id))?;
    let result = launch(containers, record, attach);
    if let Err(error) = &result {
        let code = match error.kind() {
            Kind::CommandNotFound => 127,
            Kind::NotExecutable => 126,
            _ => 128,
        };
        let failure = StartFile {
            at: now(),
            error: Some(error.to_string()),
            exit_code: code,
        };
        note(&containers.directory(&record.id), &failure)?;
        remove::clear_last_run(containers, record)?;
    }
    result
}

fn launch(containers: &Containers, record: &Record, attach: Option<Attach>) -> Result<Started> {
    private_directory(&containers.shim_directory(&record.id))?;
    private_directory(&containers.runtime_root())?;
    fault_point();
    let size = attach.as_ref().and_then(|attach| attach.size);
    let shim = Shim::create(containers, record, size)?;
    fault_point();
    // Attached before the first output can come.
    let relay = attach
        .map(|attach| connect(containers, record, attach))
        .transpose()?;
    note(
        &containers.directory(&record.id),
        &StartFile {
            at: now(),
            ..StartFile::default()
        },
    )?;
    fault_point();
    shim.start()?;
    fault_point();
    Ok(Started {
        shim: Some(shim),
        relay,
    })
}

fn connect(containers: &Containers, record: &Record, attach: Attach) -> Result<Relay> {
    let directory = containers.shim_directory(&record.id);
    announce::container(containers, record, "attach", &[]);
    Relay::connect(
        &directory,
        attach.streams,
        record.options.tty,
        attach.proxy,
        attach.keys,
    )
}

fn now() -> String {
    Timestamp::now().to_string()
}

/// Writes `start.json`. It need not survive a power cut: the container will not have, either.
fn note(directory: &Path, start: &StartFile) -> Result<()> {
    let path = directory.join(START_FILE);
    let text = serde_json::to_vec(start).map_err(|error| Error::new(Kind::Invalid, error.to_string()))?;
    replace(&path, &text).map_err(|error| Error::io(format!("write {}", path.display()), &error))
}

/// Forgets how the last run began and ended; in this order, for without an end it would look lost.
fn forget(directory: &Path) -> Result<()> {
    for name in [START_FILE, EXIT_FILE] {
        remove::file(&directory.join(name))?;
    }
    Ok(())
}
