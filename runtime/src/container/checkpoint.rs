//! Saving a container.

use super::view::status_under_lock;
use super::{Id, destroy, notify, root};
use crate::apply::cgroup;
use crate::error::{Context, Error, Kind, Result};
use crate::launch::criu;
use crate::log;
use crate::oci::Status;
use std::path::{Path, PathBuf};

/// What the command line says about saving, in criu(8)'s words.
#[derive(Debug)]
pub(crate) struct Checkpoint {
    pub(crate) options: criu::Options,
    pub(crate) parent: Option<PathBuf>,
    pub(crate) leave_running: bool,
    pub(crate) pre_dump: bool,
    pub(crate) tcp_skip_in_flight: bool,
    pub(crate) link_remap: bool,
    pub(crate) page_server: Option<(String, u16)>,
    pub(crate) status_fd: Option<i32>,
}

/// Saves the container `id` below `root`; unless it is left running, it is deleted afterwards.
///
/// # Errors
/// When it does not run, or CRIU cannot save it; then it runs on.
pub(crate) fn checkpoint(root: &Path, id: &Id, wanted: Checkpoint) -> Result<()> {
    let (directory, record) = root::lock(root, id)?;
    let status = status_under_lock(&directory, &record);
    let runs = matches!(status, Status::Running | Status::Paused);
    let Some(init) = record.init.filter(|_| runs) else {
        let message = format!("Container cannot be checkpointed in {status} state");
        return Err(Error::new(Kind::State, message).hint("`checkpoint` needs a container that runs"));
    };
    let spec = notify::as_mounted(directory.read_config()?, &directory);
    let gone = !wanted.leave_running && !wanted.pre_dump;
    criu::checkpoint(&criu::Checkpoint {
        options: wanted.options,
        parent: wanted.parent,
        leave_running: wanted.leave_running,
        pre_dump: wanted.pre_dump,
        tcp_skip_in_flight: wanted.tcp_skip_in_flight,
        link_remap: wanted.link_remap,
        page_server: wanted.page_server,
        status_fd: wanted.status_fd,
        id: id.as_str(),
        bundle: &record.bundle,
        rootfs: &record.rootfs,
        spec: &spec,
        groups: &record.cgroup,
        pid: init.pid,
        pids: &cgroup::pids(&record.cgroup)?,
    })
    .context(|| format!("checkpoint container {id}"))?;
    if gone && let Err(error) = destroy(directory, &record) {
        log::warn(&format!("container {id} is saved, but not removed: {error}"));
    }
    Ok(())
}
