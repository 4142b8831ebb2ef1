//! What is wanted of a container while its shim keeps it: a file that the shim reads when the container ends.

use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::layout::Containers;
use super::record::Record;
use super::status::read_json;
use crate::error::{Error, Kind, Result};

const FILE: &str = "restart.json";

#[derive(Debug, Default, Serialize, Deserialize)]
struct Orders {
    policy: Option<String>,
    #[serde(default)]
    stopped: bool,
}

/// The container is not to be restarted when it ends, nor if it has ended. To be said before its process is looked for:
/// then either that is found, or the shim finds this.
///
/// # Errors
/// When the file cannot be written.
pub(super) fn stay_down(containers: &Containers, record: &Record) -> Result<()> {
    write(containers, record, true)
}

/// The record's restart policy holds from now on.
///
/// # Errors
/// When the file cannot be written.
pub(super) fn new_policy(containers: &Containers, record: &Record) -> Result<()> {
    let path = containers.shim_directory(&record.id).join(FILE);
    let stopped = read_json::<Orders>(&path).is_some_and(|orders| orders.stopped);
    write(containers, record, stopped)
}

fn write(containers: &Containers, record: &Record, stopped: bool) -> Result<()> {
    let directory = containers.shim_directory(&record.id);
    let orders = Orders {
        policy: Some(record.options.restart.to_string()),
        stopped,
    };
    let text = serde_json::to_vec(&orders).map_err(|error| Error::new(Kind::Invalid, error.to_string()))?;
    match replace(&directory, &text) {
        // Nobody keeps it, so that nobody need be told.
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            let path = directory.join(FILE);
            Err(Error::io(format!("write {}", path.display()), &error))
        }
        _ => Ok(()),
    }
}

/// Whoever reads it finds a whole file, whoever else writes it at the same time.
fn replace(directory: &Path, text: &[u8]) -> io::Result<()> {
    let temporary = directory.join(format!(".restart.{}", std::process::id()));
    fs::write(&temporary, text)?;
    fs::rename(&temporary, directory.join(FILE))
}
