//! Waiting for a container's end.

use super::attach::{Connection, Event, Streams};
use super::ends;
use super::layout::Containers;
use super::record::Record;
use super::status::{ShimFile, Status};
use crate::error::{Error, Kind, Result};

/// Waits until a container does not run, and returns its exit code. One that never ran has 0, as in docker.
///
/// # Errors
/// When the exit code is unknown because the shim was gone when the container ended.
pub(crate) fn wait(containers: &Containers, record: &Record) -> Result<i32> {
    let directory = containers.shim_directory(&record.id);
    loop {
        match Status::of(containers, &record.id) {
            Status::Exited(exit) => {
                ends::tell_missed(containers, record);
                return Ok(exit.exit_code);
            }
            Status::Created { failure } => return Ok(failure.map_or(0, |failure| failure.exit_code.into())),
            Status::Lost { .. } => return Err(unknown(record)),
            Status::Running { orphaned: true, .. } => {
                if let Some(init) = ShimFile::read(&directory).and_then(|file| file.init()) {
                    init.wait(None)?;
                }
            }
            // Between two runs the shim lets nobody in: this waits for the next end, as docker does.
            Status::Running { .. } | Status::Restarting(_) => {
                // Nobody listens any more when the shim is finishing: then its end is what to wait for.
                match Connection::open(&directory, Streams::default()) {
                    Ok(mut connection) => {
                        if let Event::Exited(exit) = connection.next()? {
                            return Ok(exit.exit_code);
                        }
                    }
                    Err(_) => {
                        if let Some(shim) = ShimFile::read(&directory).and_then(|file| file.shim()) {
                            shim.wait(None)?;
                        }
                    }
                }
            }
        }
    }
}

/// What to say when nobody recorded how a container ended.
pub(crate) fn unknown(record: &Record) -> Error {
    Error::new(
        Kind::System,
        format!(
            "the exit code of container {} is unknown: its shim was gone when it ended",
            record.name
        ),
    )
}
