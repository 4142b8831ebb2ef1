//! New limits and another restart policy for a container: told to its runtime and its shim while it runs, and kept for
//! its next start.

use serde_json::{Map, Value};

use super::layout::Containers;
use super::record::{self, Record};
use super::status::Status;
use super::{announce, facts, orders, runtime};
use crate::error::{Context, Error, Kind, Result};
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
    let (_lock, record) = containers.lock_and_read(&id)?;
    if restart.is_some() && record.options.auto_remove {
        let why = "Restart policy cannot be updated because AutoRemove is enabled for the container";
        return Err(Error::new(Kind::Conflict, why));
    }
    let mut new = record.clone();
    new.options.restart = restart.unwrap_or(record.options.restart);
    match *wanted == Resources::default() {
        true => put_record(store, &new)?,
        false => update_limits(containers, store, &record, &mut new, wanted)?,
    }
    if restart.is_some() {
        orders::new_policy(containers, &new)?;
    }
    announce::container(containers, &new, "update", &[]);
    Ok(())
}

fn put_record(store: &Store, record: &Record) -> Result<()> {
    store.put_file(
        &format!("containers/{}/{}", record.id, record::FILE),
        &record.to_json()?,
    )
}

/// Writes the limits down, and then tells the runtime. When that refuses them, all is as it was.
fn update_limits(
    containers: &Containers,
    store: &Store,
    old: &Record,
    new: &mut Record,
    wanted: &Resources,
) -> Result<()> {
    let limits = changed(&old.options.resources, wanted);
    flags::check_limits(&limits)?;
    let told = resources::limits(&limits, &facts::for_limits(&limits)?);
    new.options.resources = limits;
    let path = format!("containers/{}/config.json", old.id);
    let before = std::fs::read(containers.root().join(&path))
        .map_err(|error| Error::io(format!("read {path}"), &error))?;
    let after = with_limits(&before, &told).map_err(|error| invalid(&path, &error))?;
    let done = store
        .put_file(&path, &after)
        .and_then(|()| put_record(store, new))
        .and_then(|()| match Status::of(containers, &old.id) {
            Status::Running { .. } => tell(containers, new, &Value::Object(told)),
            _ => Ok(()),
        });
    done.inspect_err(|_| {
        // The first error matters more.
        let _ = store.put_file(&path, &before);
        let _ = put_record(store, old);
    })
}

/// A container's configuration with other limits.
fn with_limits(config: &[u8], limits: &Map<String, Value>) -> serde_json::Result<Vec<u8>> {
    let mut config: Value = serde_json::from_slice(config)?;
    for group in ["memory", "cpu", "pids", "blockIO"] {
        match limits.get(group) {
            Some(limits) => config["linux"]["resources"][group] = limits.clone(),
            None => {
                let resources = config["linux"]["resources"].as_object_mut();
                resources.and_then(|resources| resources.remove(group));
            }
        }
    }
    serde_json::to_vec_pretty(&config)
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
    let words = ["update", "--resources", "/dev/stdin", &record.id];
    runtime::call_with(containers, record, &words, limits.to_string().as_bytes())
        .map(drop)
        .context(|| format!("Cannot update container {}", record.id))
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
