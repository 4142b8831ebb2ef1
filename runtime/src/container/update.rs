//! New limits for a container that is there, running or not yet.

use super::view::status_under_lock;
use super::{Id, root};
use crate::apply;
use crate::apply::cgroup;
use crate::apply::conduct::Conductor;
use crate::error::{Context, Error, Kind, Result};
use crate::host;
use crate::log;
use crate::oci::{Linux, Resources, Status};
use crate::plan::cgroup::Op;
use crate::plan::cgroup::systemd::{self, Unit};
use crate::plan::resctrl;
use std::path::Path;

/// Lines for the container's class of service (Intel RDT).
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Schemata<'a> {
    /// For the L3 cache.
    pub(crate) l3_cache: Option<&'a str>,
    /// For memory bandwidth.
    pub(crate) memory_bandwidth: Option<&'a str>,
}

/// Changes the limits of the container `id` below `root`; what `changes` and `schemata` do not say stays as it is.
///
/// # Errors
/// When it is stopped, or a limit cannot be set; then all limits are as before.
pub(crate) fn update(
    root: &Path,
    id: &Id,
    changes: &Resources<'_>,
    schemata: Schemata<'_>,
    trace: Option<&Path>,
) -> Result<()> {
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
    let class = plan_schemata(id, spec.linux.as_ref(), schemata)?;
    let before = spec.linux.and_then(|linux| linux.resources).unwrap_or_default();
    let update = cgroup::prepare_update(&record.cgroup, &before, changes)?;
    update.warnings.iter().for_each(|warning| log::warn(warning));
    let what = || format!("update container {id}");
    let mut conductor = Conductor::new(trace)?;
    cgroup::run_all_or_none(&mut conductor, &update.ops).context(what)?;
    if let Some(op) = class {
        apply::resctrl::run(&op, 0)
            .context(|| op.to_string())
            .context(what)?;
    }
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

fn plan_schemata(id: &Id, linux: Option<&Linux<'_>>, schemata: Schemata<'_>) -> Result<Option<resctrl::Op>> {
    let missing = match schemata {
        Schemata {
            l3_cache: Some(_), ..
        } => "Intel RDT/CAT: l3 cache schema is not enabled",
        Schemata {
            memory_bandwidth: Some(_),
            ..
        } => "Intel RDT/MBA: memory bandwidth schema is not enabled",
        _ => return Ok(None),
    };
    let rdt = linux.and_then(|linux| linux.intel_rdt.as_ref());
    let class = rdt.map_or(id.as_str(), |rdt| resctrl::class(rdt, id.as_str()));
    let found = host::resctrl::find(class)?.ok_or_else(|| {
        Error::new(Kind::Unsupported, missing)
            .hint("mount -t resctrl resctrl /sys/fs/resctrl, if the processor has it")
    })?;
    let lines: Vec<&str> = schemata
        .l3_cache
        .into_iter()
        .chain(schemata.memory_bandwidth)
        .collect();
    resctrl::change(rdt, id.as_str(), &found, &lines).map(Some)
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
