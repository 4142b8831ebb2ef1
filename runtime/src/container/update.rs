//! New limits for a container that is there, running or not yet.

use super::view::status_under_lock;
use super::{Id, root};
use crate::apply;
use crate::apply::cgroup;
use crate::apply::conduct::Conductor;
use crate::error::{Context, Error, Kind, Result};
use crate::log;
use crate::oci::{Resources, Status};
use crate::plan::cgroup::Op;
use crate::plan::cgroup::systemd::{self, Unit};
use std::path::Path;

/// Changes the limits of the container `id` below `root`; what `changes` does not say stays as it is.
///
/// # Errors
/// When it is stopped, or a limit cannot be set; then all limits are as before.
pub(crate) fn update(root: &Path, id: &Id, changes: &Resources<'_>, trace: Option<&Path>) -> Result<()> {
    let (directory, record) = root::lock(root, id)?;
    match status_under_lock(&directory, &record) {
        Status::Created | Status::Running | Status::Paused => {}
        status => {
            let message = format!("container not running: {:?} is {status}", id.as_str());
            return Err(Error::new(Kind::State, message)
                .hint("`update` needs a container that is created, running or paused"));
        }
    }
    let spec = directory.read_config()?;
    let before = spec.linux.and_then(|linux| linux.resources).unwrap_or_default();
    let update = cgroup::prepare_update(&record.cgroup, &before, changes)?;
    update.warnings.iter().for_each(|warning| log::warn(warning));
    let what = || format!("update container {id}");
    let mut conductor = Conductor::new(trace)?;
    cgroup::run_all_or_none(&mut conductor, &update.ops).context(what)?;
    directory.write_resources(&update.resources)?;
    match &record.cgroup.unit {
        None => Ok(()),
        Some(unit) => {
            tell_systemd(unit, &update.ops).context(what)?;
            // systemd has written the files too, and rounds.
            cgroup::run_all_or_none(&mut conductor, &update.ops).context(what)
        }
    }
}

/// Tells systemd the limits that have just been set, so that it keeps to them when it is reloaded.
fn tell_systemd(unit: &Unit, ops: &[Op]) -> Result<()> {
    let properties = systemd::properties(ops);
    if properties.is_empty() {
        return Ok(());
    }
    apply::systemd::set_properties(unit, &properties).map_err(|error| {
        error.hint("the limits are set, but systemd does not know them: its next reload may undo them")
    })
}
