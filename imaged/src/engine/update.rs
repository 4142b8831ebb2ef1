//! New limits and another restart policy for a container: told to its runtime and its shim while it runs, and kept for
//! its next start.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::layout::Containers;
use super::record::{self, Record};
use super::status::Status;
use super::{announce, facts, orders, runtime};
use crate::error::{Error, Kind, Result};
use crate::plan::flags;
use crate::plan::options::{Resources, Restart};
use crate::plan::resources;
use crate::store::Store;

/// Changes the limits that are given; the others stay.
///
/// # Errors
/// When the limits contradict each other or those that stay, or the runtime refuses them: nothing is changed then.
pub(crate) fn update(
    containers: &Containers,
    store: &Store,
    name: &str,
    wanted: &Resources,
    restart: Option<Restart>,
) -> Result<()> {
    let id = containers.find(name)?.id;
    let (_lock, mut record) = containers.lock_and_read(&id)?;
    if restart.is_some() && record.options.auto_remove {
        let why = "Restart policy cannot be updated because AutoRemove is enabled for the container";
        return Err(Error::new(Kind::Conflict, why));
    }
    record.options.restart = restart.unwrap_or(record.options.restart);
    if *wanted != Resources::default() {
        update_limits(containers, store, &mut record, wanted)?;
    }
    store.put_file(&format!("containers/{id}/{}", record::FILE), &record.to_json()?)?;
    if restart.is_some() {
        orders::new_policy(containers, &record)?;
    }
    announce::container(containers, &record, "update", &[]);
    Ok(())
}

fn update_limits(
    containers: &Containers,
    store: &Store,
    record: &mut Record,
    wanted: &Resources,
) -> Result<()> {
    let id = &record.id;
    let limits = changed(&record.options.resources, wanted);
    flags::check_limits(&limits)?;
    let told = resources::limits(&limits, &facts::for_limits(&limits)?);
    if matches!(Status::of(containers, id), Status::Running { .. }) {
        tell(containers, record, &Value::Object(told.clone()))?;
    }
    let path = format!("containers/{id}/config.json");
    let bytes = std::fs::read(containers.root().join(&path))
        .map_err(|error| Error::io(format!("read {path}"), &error))?;
    let mut config: Value = serde_json::from_slice(&bytes).map_err(|error| invalid(&path, &error))?;
    for group in ["memory", "cpu", "pids", "blockIO"] {
        match told.get(group) {
            Some(limits) => config["linux"]["resources"][group] = limits.clone(),
            None => {
                let resources = config["linux"]["resources"].as_object_mut();
                resources.and_then(|resources| resources.remove(group));
            }
        }
    }
    let config = serde_json::to_vec_pretty(&config).map_err(|error| invalid(&path, &error))?;
    record.options.resources = limits;
    store.put_file(&path, &config)
}

/// The limits with those that are given in place of the old ones.
fn changed(old: &Resources, wanted: &Resources) -> Resources {
    let old = old.clone();
    // A number of processors and a quota are two words for the same.
    let has_quota = wanted.cpu_quota.is_some() || wanted.cpu_period.is_some();
    let (quota, period) = match wanted.nano_cpus {
        Some(_) => (None, None),
        None => (old.cpu_quota, old.cpu_period),
    };
    Resources {
        memory: wanted.memory.or(old.memory),
        memory_swap: wanted.memory_swap.or(old.memory_swap),
        memory_reservation: wanted.memory_reservation.or(old.memory_reservation),
        nano_cpus: wanted.nano_cpus.or_else(|| old.nano_cpus.filter(|_| !has_quota)),
        cpu_shares: wanted.cpu_shares.or(old.cpu_shares),
        cpu_period: wanted.cpu_period.or(period),
        cpu_quota: wanted.cpu_quota.or(quota),
        cpu_rt_period: wanted.cpu_rt_period.or(old.cpu_rt_period),
        cpu_rt_runtime: wanted.cpu_rt_runtime.or(old.cpu_rt_runtime),
        cpuset_cpus: wanted.cpuset_cpus.clone().or_else(|| old.cpuset_cpus.clone()),
        cpuset_mems: wanted.cpuset_mems.clone().or_else(|| old.cpuset_mems.clone()),
        pids: wanted.pids.or(old.pids),
        blkio_weight: wanted.blkio_weight.or(old.blkio_weight),
        ..old
    }
}

/// The runtime's `update`, with the limits on its standard input by a path that every runtime can read.
fn tell(containers: &Containers, record: &Record, limits: &Value) -> Result<()> {
    let mut command = Command::new(&record.runtime);
    command.arg("--root").arg(containers.runtime_root());
    command.args(["update", "--resources", "/dev/stdin", &record.id]);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| Error::io(format!("start {}", record.runtime), &error))?;
    if let Some(mut stdin) = child.stdin.take() {
        // If it does not read, its own message says why.
        let _ = stdin.write_all(limits.to_string().as_bytes());
    }
    let output = child
        .wait_with_output()
        .map_err(|error| Error::io(format!("wait for {}", record.runtime), &error))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(runtime::failed(record, &["update", &record.id], &output.stderr)
            .context(format!("Cannot update container {}", record.id))),
    }
}

fn invalid(path: &str, error: &serde_json::Error) -> Error {
    Error::new(Kind::Invalid, format!("{path}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_given_stays() {
        let old = Resources {
            memory: Some(1 << 30),
            nano_cpus: Some(1_000_000_000),
            pids: Some(5),
            ..Resources::default()
        };
        let wanted = Resources {
            cpu_quota: Some(5000),
            pids: Some(7),
            ..Resources::default()
        };
        let expected = Resources {
            memory: Some(1 << 30),
            cpu_quota: Some(5000),
            pids: Some(7),
            ..Resources::default()
        };
        assert_eq!(changed(&old, &wanted), expected);
        let back = Resources {
            nano_cpus: Some(2_000_000_000),
            ..Resources::default()
        };
        assert_eq!(changed(&expected, &back).cpu_quota, None);
    }
}
