//! How the kernel shall treat the process: `process.scheduler`, `process.ioPriority`, `linux.personality`,
//! `linux.memoryPolicy`. The words of config.json to the numbers of the system calls.

use super::op::ProcessOp;
use crate::oci::{IoPriority, MemoryPolicy, Personality, Scheduler, Text};
use crate::sys::schedule::Scheduling;

/// sched(7)'s policies.
pub(super) const POLICIES: &[(&str, u32)] = &[
    ("SCHED_OTHER", 0),
    ("SCHED_FIFO", 1),
    ("SCHED_RR", 2),
    ("SCHED_BATCH", 3),
    ("SCHED_ISO", 4),
    ("SCHED_IDLE", 5),
    ("SCHED_DEADLINE", 6),
];

/// sched_setattr(2)'s flags.
pub(super) const SCHEDULER_FLAGS: &[(&str, u32)] = &[
    ("SCHED_FLAG_RESET_ON_FORK", 0x01),
    ("SCHED_FLAG_RECLAIM", 0x02),
    ("SCHED_FLAG_DL_OVERRUN", 0x04),
    ("SCHED_FLAG_KEEP_POLICY", 0x08),
    ("SCHED_FLAG_KEEP_PARAMS", 0x10),
    ("SCHED_FLAG_UTIL_CLAMP_MIN", 0x20),
    ("SCHED_FLAG_UTIL_CLAMP_MAX", 0x40),
];

/// ioprio_set(2)'s classes.
pub(super) const IO_CLASSES: &[(&str, u32)] = &[
    ("IOPRIO_CLASS_RT", 1),
    ("IOPRIO_CLASS_BE", 2),
    ("IOPRIO_CLASS_IDLE", 3),
];

/// set_mempolicy(2)'s modes.
pub const MEMORY_MODES: &[(&str, u32)] = &[
    ("MPOL_DEFAULT", 0),
    ("MPOL_PREFERRED", 1),
    ("MPOL_BIND", 2),
    ("MPOL_INTERLEAVE", 3),
    ("MPOL_LOCAL", 4),
    ("MPOL_PREFERRED_MANY", 5),
    ("MPOL_WEIGHTED_INTERLEAVE", 6),
];

/// set_mempolicy(2)'s flags.
pub const MEMORY_FLAGS: &[(&str, u32)] = &[
    ("MPOL_F_NUMA_BALANCING", 1 << 13),
    ("MPOL_F_RELATIVE_NODES", 1 << 14),
    ("MPOL_F_STATIC_NODES", 1 << 15),
];

/// personality(2)'s domains that the spec allows.
pub(super) const DOMAINS: &[(&str, u32)] = &[("LINUX", 0), ("LINUX32", 8)];

/// The kernel's limit of memory nodes (MAX_NUMNODES).
const MAX_NODES: usize = 1024;

/// The number of a word; validation has refused the unknown ones.
pub(super) fn number(table: &[(&str, u32)], word: &str) -> Option<u32> {
    table
        .iter()
        .find(|(name, _)| *name == word)
        .map(|(_, number)| *number)
}

fn all(table: &[(&str, u32)], words: &[Text<'_>]) -> u32 {
    words
        .iter()
        .filter_map(|word| number(table, word))
        .fold(0, |all, flag| all | flag)
}

/// `process.scheduler` as sched_setattr(2) takes it.
pub(super) fn scheduling(scheduler: &Scheduler<'_>) -> Scheduling {
    Scheduling {
        policy: number(POLICIES, &scheduler.policy).unwrap_or_default(),
        flags: u64::from(all(SCHEDULER_FLAGS, &scheduler.flags)),
        nice: scheduler.nice.unwrap_or(0),
        priority: scheduler
            .priority
            .and_then(|priority| u32::try_from(priority).ok())
            .unwrap_or(0),
        runtime: scheduler.runtime.unwrap_or(0),
        deadline: scheduler.deadline.unwrap_or(0),
        period: scheduler.period.unwrap_or(0),
    }
}

/// `process.ioPriority` as ioprio_set(2) takes it.
pub(super) fn io_priority(priority: &IoPriority<'_>) -> u32 {
    let class = number(IO_CLASSES, &priority.class).unwrap_or_default();
    class << 13 | u32::try_from(priority.priority).unwrap_or_default()
}

/// The operation for `linux.personality`.
pub(super) fn personality<'a>(personality: &Personality<'a>) -> ProcessOp<'a> {
    ProcessOp::Personality {
        domain: number(DOMAINS, &personality.domain).unwrap_or_default(),
    }
}

/// The operation for `linux.memoryPolicy`.
pub(super) fn memory_policy<'a>(policy: &MemoryPolicy<'_>) -> ProcessOp<'a> {
    ProcessOp::MemoryPolicy {
        mode: number(MEMORY_MODES, &policy.mode).unwrap_or_default() | all(MEMORY_FLAGS, &policy.flags),
        nodes: parse_nodes(&policy.nodes).unwrap_or_default(),
    }
}

/// A list such as `0-3,7` as a bit mask; none when it is no such list.
pub(super) fn parse_nodes(list: &str) -> Option<Vec<u64>> {
    let mut mask = Vec::new();
    for part in list.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (
            first.trim().parse::<usize>().ok()?,
            last.trim().parse::<usize>().ok()?,
        );
        if first > last || last >= MAX_NODES {
            return None;
        }
        for node in first..=last {
            if mask.len() <= node / 64 {
                mask.resize(node / 64 + 1, 0);
            }
            mask[node / 64] |= 1 << (node % 64);
        }
    }
    Some(mask)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_lists() {
        assert_eq!(parse_nodes("0-3,7").unwrap(), [0x8f]);
        assert_eq!(parse_nodes("64").unwrap(), [0, 1]);
        assert_eq!(parse_nodes("").unwrap(), [0; 0]);
        for wrong in ["a", "3-1", "1-", "-1", "1024", "0-99999999999999999999"] {
            assert_eq!(parse_nodes(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn words_become_the_kernels_numbers() {
        let priority = IoPriority {
            class: "IOPRIO_CLASS_BE".into(),
            priority: 3,
        };
        assert_eq!(io_priority(&priority), 2 << 13 | 3);
        let scheduler = Scheduler {
            policy: "SCHED_DEADLINE".into(),
            flags: vec!["SCHED_FLAG_RESET_ON_FORK".into(), "SCHED_FLAG_RECLAIM".into()],
            runtime: Some(7),
            ..Scheduler::default()
        };
        let scheduling = scheduling(&scheduler);
        assert_eq!(
            (scheduling.policy, scheduling.flags, scheduling.runtime),
            (6, 3, 7)
        );
    }
}
