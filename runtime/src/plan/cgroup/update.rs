//! New limits for a running container: what is asked, merged with what was asked before, as operations.

use super::{Group, Op, Record, enable, limits, limits_v2, merge};
use crate::error::{Error, Kind, Result};
use crate::host::cgroup::{Found, Version};
use crate::oci::{Cpu, Memory, Resources};

/// All that an update does.
#[derive(Debug)]
pub struct Update<'a> {
    /// The operations, in order.
    pub ops: Vec<Op>,
    /// The limits as they are afterwards, for the record.
    pub resources: Resources<'a>,
    /// What is ignored, and why.
    pub warnings: Vec<String>,
}

/// Plans `changes` to the groups of a container that has the limits `before`; what is not given stays as it is.
///
/// `found` is what stands at each group's place, in the record's order. Device rules are never changed.
///
/// # Errors
/// For limits that cannot be, and for a container without groups.
pub fn update<'a>(
    record: &Record,
    found: &[Found],
    before: &Resources<'a>,
    changes: &Resources<'a>,
) -> Result<Update<'a>> {
    if record.groups.is_empty() {
        return Err(Error::new(
            Kind::State,
            "the container has no cgroup of its own, which limits need",
        )
        .hint("it was created by a user without rights over cgroups: delegate one, and create it again"));
    }
    let resources = merge::merge(before, changes);
    let limits = limits::changes(&record.groups, &touched(&resources, changes))?;
    let mut ops: Vec<Op> = record
        .groups
        .iter()
        .zip(found)
        .filter(|(group, _)| group.version == Version::V2)
        .flat_map(|(group, found)| hand_down(group, found, &limits.controllers))
        .collect();
    ops.extend(limits.setup);
    ops.extend(limits.finish);
    Ok(Update {
        ops,
        resources,
        warnings: limits.warnings,
    })
}

/// The limits to write: what is asked, and beside it what the kernel wants to hear together.
fn touched<'a>(merged: &Resources<'a>, changes: &Resources<'a>) -> Resources<'a> {
    let memory = changes.memory.as_ref().filter(|memory| asks_for_memory(memory));
    let memory = memory.zip(merged.memory.as_ref()).map(|(asked, merged)| Memory {
        // What is in use matters to new limits only: it is often just as much as the old one.
        check_before_update: merged.check_before_update.filter(|_| asks_for_limit(asked)),
        ..merged.clone()
    });
    let cpu = changes.cpu.as_ref().map(|cpu| {
        let time = if limits_v2::asks_for_cpu_time(cpu) {
            merged.cpu.clone().unwrap_or_default()
        } else {
            Cpu::default()
        };
        Cpu {
            cpus: cpu.cpus.clone(),
            mems: cpu.mems.clone(),
            ..time
        }
    });
    Resources {
        devices: Vec::new(),
        memory,
        cpu,
        ..changes.clone()
    }
}

fn asks_for_memory(memory: &Memory) -> bool {
    limits_v2::asks_for_memory(memory) || memory.disable_oom_killer.is_some()
}

fn asks_for_limit(memory: &Memory) -> bool {
    [memory.limit, memory.swap]
        .iter()
        .any(|limit| limit.is_some_and(|limit| limit != 0))
}

/// Hands the controllers down to a group along its path, where that is still to be done.
fn hand_down(group: &Group, found: &Found, needed: &[(String, bool)]) -> Vec<Op> {
    let levels: Vec<String> = group.levels().collect();
    let above = std::iter::once(&group.mount).chain(&levels[..levels.len() - 1]);
    above
        .enumerate()
        .flat_map(|(depth, dir)| enable(dir, found.enabled.get(depth), group, needed))
        .collect()
}

#[cfg(test)]
#[path = "update_tests.rs"]
mod tests;
