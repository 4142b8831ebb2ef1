//! What is wanted of a container while its shim keeps it: a file that the shim reads when the container ends.

use std::fs::File;
use std::io;
use std::path::Path;

use nix::fcntl::{Flock, FlockArg};
use serde::{Deserialize, Serialize};

use super::layout::{Containers, replace};
use super::record::Record;
use super::status::read_json;
use crate::error::{Error, Result};

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
    change(containers, record, |orders| orders.stopped = true)
}

/// The record's restart policy holds from now on.
///
/// # Errors
/// When the file cannot be written.
pub(super) fn new_policy(containers: &Containers, record: &Record) -> Result<()> {
    change(containers, record, |orders| {
        orders.policy = Some(record.options.restart.to_string());
    })
}

fn change(containers: &Containers, record: &Record, change: impl FnOnce(&mut Orders)) -> Result<()> {
    let directory = containers.shim_directory(&record.id);
    match change_in(&directory, record, change) {
        // Nobody keeps it, so that nobody need be told.
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            let path = directory.join(FILE);
            Err(Error::io(format!("write {}", path.display()), &error))
        }
        _ => Ok(()),
    }
}

/// What somebody else orders at the same time is kept: the directory is locked from reading to writing. Whoever reads the
/// file finds a whole one.
fn change_in(directory: &Path, record: &Record, change: impl FnOnce(&mut Orders)) -> io::Result<()> {
    let lock = Flock::lock(File::open(directory)?, FlockArg::LockExclusive);
    let _lock = lock.map_err(|(_, errno)| io::Error::from(errno))?;
    let mut orders = read_json(&directory.join(FILE)).unwrap_or_else(|| Orders {
        policy: Some(record.options.restart.to_string()),
        stopped: false,
    });
    change(&mut orders);
    replace(&directory.join(FILE), &serde_json::to_vec(&orders)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::flags;

    #[test]
    fn orders_at_the_same_time_are_all_kept() {
        use std::fs;
        let directory = tempfile::tempdir().unwrap();
        let mut record = Record::new("id".into(), "name".into(), String::new(), String::new());
        record.options.restart = flags::restart("always").unwrap();
        let record = &record;
        for _ in 0..200 {
            let path = directory.path();
            let _ = fs::remove_file(path.join(FILE));
            std::thread::scope(|scope| {
                scope.spawn(move || change_in(path, record, |orders| orders.stopped = true).unwrap());
                scope.spawn(move || {
                    change_in(path, record, |orders| orders.policy = Some("no".into())).unwrap();
                });
            });
            let orders: Orders = read_json(&path.join(FILE)).unwrap();
            assert_eq!((orders.policy.as_deref(), orders.stopped), (Some("no"), true));
        }
    }
}
