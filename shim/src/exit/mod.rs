//! The end of a container: what the kernel's memory killer did, and the exit record.

pub mod oom;

use std::path::Path;

use crate::contract::record::{Ended, ExitRecord};
use crate::contract::time::Timestamp;
use crate::error::{Context, Error, Kind, Result};
use crate::sys::files::{Durability, replace};

/// Writes the exit record durably and returns its text, which may be told to anybody from then on.
///
/// # Errors
/// The record is not on the disk: nobody may be told anything.
pub fn record(path: &Path, id: &str, ended: Ended, oom_kills: u64, started_at: Timestamp) -> Result<Vec<u8>> {
    let record = ExitRecord {
        version: 1,
        id: id.to_owned(),
        exit_code: ended.code(),
        signal: ended.signal(),
        oom_killed: oom_kills > 0 && ended.signal() == Some(libc::SIGKILL),
        oom_kills,
        started_at,
        finished_at: Timestamp::now(),
    };
    let text = serde_json::to_vec(&record).map_err(|error| Error::new(Kind::System, error.to_string()))?;
    replace(path, &text, Durability::Durable).context(|| "writing the exit record")?;
    Ok(text)
}
