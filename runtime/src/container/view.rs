//! A container as it is now: the recorded state compared with the processes that live.

use super::{Directory, Id, Record, Root, directory};
use crate::error::Result;
use crate::oci::{Report, Status, VERSION};
use std::path::Path;

/// A container that exists, read without a lock.
#[derive(Debug)]
pub(crate) struct Container {
    id: Id,
    directory: Directory,
    record: Record<'static>,
}

impl Container {
    /// Reads the container `id` below `root`.
    ///
    /// # Errors
    /// When there is none, or its state cannot be read.
    pub(crate) fn open(root: &Path, id: &Id) -> Result<Self> {
        let root = Root::open(root)?.ok_or_else(|| directory::not_found(id))?;
        Self::read(&root, id)?.ok_or_else(|| directory::not_found(id))
    }

    /// The container `id`, or none when it does not exist (any more).
    pub(super) fn read(root: &Root, id: &Id) -> Result<Option<Self>> {
        let Some(directory) = root.container(id)? else {
            return Ok(None);
        };
        let record = directory.read()?;
        Ok(record.map(|record| Self {
            id: id.clone(),
            directory,
            record,
        }))
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
        if !self.record.ready {
            return if self.directory.is_locked() {
                Status::Creating
            } else {
                Status::Stopped
            };
        }
        match self.record.init {
            Some(init) if init.is_alive() => self.status_of_living(),
            _ => Status::Stopped,
        }
    }

    fn status_of_living(&self) -> Status {
        if self.directory.awaits_start() {
            Status::Created
        } else {
            Status::Running
        }
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
