//! `process.scheduler`, `process.ioPriority`, `linux.personality`, `linux.memoryPolicy`: words and ranges.

use super::Problems;
use crate::oci::{IoPriority, MemoryPolicy, Personality, Scheduler, Text};
use crate::plan::treatment::{
    DOMAINS, IO_CLASSES, MEMORY_FLAGS, MEMORY_MODES, POLICIES, SCHEDULER_FLAGS, parse_nodes,
};
use std::fmt::Display;

fn word(at: &dyn Display, word: &str, table: &[(&str, u32)], problems: &mut Problems) {
    let words: Vec<&str> = table.iter().map(|(name, _)| *name).collect();
    problems.one_of(at, word, &words);
}

fn words(at: &dyn Display, all: &[Text<'_>], table: &[(&str, u32)], problems: &mut Problems) {
    for (index, flag) in all.iter().enumerate() {
        word(&format_args!("{at}[{index}]"), flag, table, problems);
    }
}

/// What a policy does not know is not dropped silently.
pub(super) fn check_scheduler(scheduler: &Scheduler<'_>, problems: &mut Problems) {
    let at = "process.scheduler";
    word(
        &format_args!("{at}.policy"),
        &scheduler.policy,
        POLICIES,
        problems,
    );
    words(
        &format_args!("{at}.flags"),
        &scheduler.flags,
        SCHEDULER_FLAGS,
        problems,
    );
    if let Some(nice) = scheduler.nice.filter(|nice| !(-20..=19).contains(nice)) {
        problems.wrong(format!("{at}.nice"), nice.to_string(), "-20 to 19");
    }
    let real_time = matches!(&*scheduler.policy, "SCHED_FIFO" | "SCHED_RR");
    let range = if real_time { 1..=99 } else { 0..=0 };
    let priority = scheduler.priority.unwrap_or(0);
    if !range.contains(&priority) {
        let expected = if real_time {
            "1 to 99"
        } else {
            "nothing: only SCHED_FIFO and SCHED_RR have one"
        };
        problems.wrong(format!("{at}.priority"), priority.to_string(), expected);
    }
    for (name, value) in [
        ("runtime", scheduler.runtime),
        ("deadline", scheduler.deadline),
        ("period", scheduler.period),
    ] {
        if let Some(value) = value.filter(|value| *value != 0 && scheduler.policy != "SCHED_DEADLINE") {
            let expected = "nothing: only SCHED_DEADLINE has one";
            problems.wrong(format!("{at}.{name}"), value.to_string(), expected);
        }
    }
}

pub(super) fn check_io_priority(priority: &IoPriority<'_>, problems: &mut Problems) {
    word(&"process.ioPriority.class", &priority.class, IO_CLASSES, problems);
    if !(0..=7).contains(&priority.priority) {
        problems.wrong(
            "process.ioPriority.priority",
            priority.priority.to_string(),
            "0 to 7",
        );
    }
}

pub(super) fn check_personality(personality: &Personality<'_>, problems: &mut Problems) {
    word(
        &"linux.personality.domain",
        &personality.domain,
        DOMAINS,
        problems,
    );
    for (index, flag) in personality.flags.iter().enumerate() {
        let at = format_args!("linux.personality.flags[{index}]");
        problems.wrong(
            at,
            format!("{flag:?}"),
            "nothing: the specification defines no flags",
        );
    }
}

pub(super) fn check_memory_policy(policy: &MemoryPolicy<'_>, problems: &mut Problems) {
    let at = "linux.memoryPolicy";
    word(&format_args!("{at}.mode"), &policy.mode, MEMORY_MODES, problems);
    words(&format_args!("{at}.flags"), &policy.flags, MEMORY_FLAGS, problems);
    let expected = match (parse_nodes(&policy.nodes), &*policy.mode) {
        (None, _) => "a list of memory nodes below 1024, such as 0-3,7",
        (Some(nodes), "MPOL_DEFAULT" | "MPOL_LOCAL") if !nodes.is_empty() => "nothing for this mode",
        (Some(nodes), mode) if nodes.is_empty() && NEED_NODES.contains(&mode) => {
            "at least one node for this mode"
        }
        _ => return,
    };
    problems.wrong(format!("{at}.nodes"), format!("{:?}", policy.nodes), expected);
}

/// The modes that mean nothing without nodes (set_mempolicy(2)).
const NEED_NODES: &[&str] = &[
    "MPOL_BIND",
    "MPOL_INTERLEAVE",
    "MPOL_PREFERRED_MANY",
    "MPOL_WEIGHTED_INTERLEAVE",
];
