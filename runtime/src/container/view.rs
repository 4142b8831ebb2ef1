//! A container as it is now: the recorded state compared with the processes that live.

use super::{Directory, Id, Locked, Process, Record, Root, root};
use crate::apply::cgroup;
use crate::error::{Error, Kind, Result};
use crate::oci::{Report, Spec, Status, VERSION};
use std::path::Path;

/// A container that exists, read without a lock.
#[derive(Debug)]
pub(crate) struct Container {
    id: Id,
    directory: Directory,
    record: Record<'static>,
    /// Whether somebody was making it when it was read.
    in_the_making: bool,
}

impl Container {
    /// Reads the container `id` below `root`.
    ///
    /// # Errors
    /// When there is none, or its state cannot be read.
    pub(crate) fn open(root: &Path, id: &Id) -> Result<Self> {
        let root = Root::open(root)?.ok_or_else(|| root::not_found(id))?;
        Self::read(&root, id)?.ok_or_else(|| root::not_found(id))
    }

    /// The container `id`, or none when it does not exist (any more).
    pub(super) fn read(root: &Root, id: &Id) -> Result<Option<Self>> {
        let Some(directory) = root.container(id)? else {
            return Ok(None);
        };
        let record = directory.read()?;
        let settled = record.map_or(Ok(None), |record| settle(&directory, record))?;
        Ok(settled.map(|(record, in_the_making)| Self {
            id: id.clone(),
            directory,
            record,
            in_the_making,
        }))
    }

    /// Its configuration.
    ///
    /// # Errors
    /// When the container's copy of it cannot be read.
    pub(crate) fn config(&self) -> Result<Spec<'static>> {
        self.directory.read_config()
    }

    /// Whether its init runs.
    pub(crate) fn is_alive(&self) -> bool {
        self.record.init.is_some_and(Process::is_alive)
    }

    /// The container's id.
    pub(crate) fn id(&self) -> &Id {
        &self.id
    }

    /// What is recorded.
    pub(crate) fn record(&self) -> &Record<'static> {
        &self.record
    }

    /// The uid of the user who created it.
    pub(crate) fn owner(&self) -> u32 {
        nix::sys::stat::fstat(self.directory.fd()).map_or(0, |facts| facts.st_uid)
    }

    /// Where the container is in its life.
    pub(crate) fn status(&self) -> Status {
        status_of(&self.directory, &self.record, self.in_the_making)
    }

    /// The pids of its processes.
    ///
    /// # Errors
    /// When it has none, or its groups cannot be read.
    pub(crate) fn pids(&self) -> Result<Vec<i32>> {
        match (self.status(), self.record.init) {
            (Status::Created | Status::Running | Status::Paused, Some(init)) => {
                let pids = cgroup::pids(&self.record.cgroup)?;
                Ok(if pids.is_empty() { vec![init.pid] } else { pids })
            }
            (status, _) => {
                let message = format!("container not running: {:?} is {status}", self.id.as_str());
                Err(Error::new(Kind::State, message)
                    .hint("only a container that is not stopped has processes"))
            }
        }
    }

    /// Whether the container has a pid namespace of its own, so that all ends with init.
    ///
    /// # Errors
    /// When its configuration cannot be read.
    pub(crate) fn has_own_pids(&self) -> Result<bool> {
        let spec = self.directory.read_config()?;
        let mut namespaces = spec.linux.iter().flat_map(|linux| &linux.namespaces);
        let is_own = |path: Option<&str>| path.is_none_or(str::is_empty);
        Ok(namespaces.any(|namespace| namespace.kind == "pid" && is_own(namespace.path.as_deref())))
    }

    /// What `state` and `list` show; the owner's name is left to the caller.
    pub(crate) fn report(&self) -> Report<'_> {
        let status = self.status();
        let init = self.record.init.filter(|_| status != Status::Stopped);
        Report {
            oci_version: VERSION,
            id: self.id.as_str(),
            pid: init.map_or(0, |init| init.pid),
            status,
            bundle: &self.record.bundle,
            rootfs: &self.record.rootfs,
            created: &self.record.created,
            annotations: &self.record.annotations,
            owner: "",
        }
    }
}

/// Where a container is in its life while this process holds its lock: nobody else is creating it.
pub(super) fn status_under_lock(directory: &Locked, record: &Record<'_>) -> Status {
    status_of(directory, record, false)
}

/// A record that was read without the lock as it is now that we have looked at the lock, and whether somebody is still making
/// the container; none when it is gone.
fn settle(directory: &Directory, record: Record<'static>) -> Result<Option<(Record<'static>, bool)>> {
    if record.ready {
        Ok(Some((record, false)))
    } else if directory.is_locked() {
        Ok(Some((record, true)))
    } else {
        // Who was making it was killed, or has finished since: then there is another record.
        Ok(directory.read()?.map(|record| (record, false)))
    }
}

/// Where a container is. One whose making is not complete never starts if nobody is at it any more; but the program of a `run`
/// may live before that is on record (decision 0153), and after a `run` that was killed.
fn status_of(directory: &Directory, record: &Record<'_>, in_the_making: bool) -> Status {
    let runs = || record.init.is_some_and(Process::runs_own_program);
    if record.ready || runs() {
        status_when_ready(directory, record)
    } else if in_the_making {
        Status::Creating
    } else {
        Status::Stopped
    }
}

fn status_when_ready(directory: &Directory, record: &Record<'_>) -> Status {
    if !record.init.is_some_and(Process::is_alive) {
        return Status::Stopped;
    }
    let unstarted = directory.awaits_start();
    if unstarted && !record.paused_early {
        return Status::Created;
    }
    // A state that cannot be read is no reason to call the container paused.
    match cgroup::is_frozen(&record.cgroup) {
        Ok(true) => Status::Paused,
        _ if unstarted => Status::Created,
        _ => Status::Running,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(ready: bool) -> Record<'static> {
        let text = format!(
            r#"{{"form": 1, "id": "c", "bundle": "/b", "rootfs": "/b/r", "created": "", "annotations": {{}}, "hooks": {{}},
                "cgroup": {{"groups": []}}, "init": null, "ready": {ready}}}"#
        );
        serde_json::from_str(text.leak()).unwrap()
    }

    /// It said "stopped" of a container that waited for its start.
    #[test]
    fn a_creation_that_completes_while_it_is_looked_at_is_complete() {
        let dir = tempfile::tempdir().unwrap();
        let id = Id::parse("c").unwrap();
        let root = Root::open_or_create(dir.path()).unwrap();
        root.create(&id).unwrap().write(&record(true)).unwrap();
        let directory = root.container(&id).unwrap().unwrap();
        let (settled, in_the_making) = settle(&directory, record(false)).unwrap().unwrap();
        assert!(settled.ready && !in_the_making);
    }

    #[test]
    fn a_creation_that_was_killed_stays_incomplete_and_an_undone_one_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let id = Id::parse("c").unwrap();
        let root = Root::open_or_create(dir.path()).unwrap();
        let locked = root.create(&id).unwrap();
        locked.write(&record(false)).unwrap();
        let directory = root.container(&id).unwrap().unwrap();
        let (settled, in_the_making) = settle(&directory, record(false)).unwrap().unwrap();
        assert!(!settled.ready && !in_the_making);
        locked.remove().unwrap();
        assert!(settle(&directory, record(false)).unwrap().is_none());
    }
}
