//! Version 2 (containerd/cgroups, cgroup2/stats/metrics.proto).

use super::{Source, keyed, number, table};
use crate::ttrpc::wire::Message;

/// The fields of the memory message from the first on, as memory.stat names them.
const MEMORY: [&str; 31] = [
    "anon",
    "file",
    "kernel_stack",
    "slab",
    "sock",
    "shmem",
    "file_mapped",
    "file_dirty",
    "file_writeback",
    "anon_thp",
    "inactive_anon",
    "active_anon",
    "inactive_file",
    "active_file",
    "unevictable",
    "slab_reclaimable",
    "slab_unreclaimable",
    "pgfault",
    "pgmajfault",
    "workingset_refault",
    "workingset_activate",
    "workingset_nodereclaim",
    "pgrefill",
    "pgscan",
    "pgsteal",
    "pgactivate",
    "pgdeactivate",
    "pglazyfree",
    "pglazyfreed",
    "thp_fault_alloc",
    "thp_collapse_alloc",
];

const CPU: [&str; 6] = [
    "usage_usec",
    "user_usec",
    "system_usec",
    "nr_periods",
    "nr_throttled",
    "throttled_usec",
];

/// Everything; what the kernel does not count is left out.
pub(super) fn metrics(source: Source<'_>) -> Message {
    let read = |name: &str| source("", name);
    let mut metrics = Message::new();
    if let Some(current) = read("pids.current") {
        let limit = read("pids.max").unwrap_or_default();
        let pids = Message::new()
            .number(1, number(&current))
            .number(2, limit_or_none(&limit));
        metrics = metrics.message(1, &pids);
    }
    if let Some(cpu) = read("cpu.stat") {
        metrics = metrics.message(2, &table(&cpu, 1, &CPU));
    }
    if let Some(stat) = read("memory.stat") {
        let file = |name| read(name).map_or(0, |text| number(&text));
        let memory = table(&stat, 1, &MEMORY)
            .number(32, file("memory.current"))
            .number(33, file("memory.max"))
            .number(34, file("memory.swap.current"))
            .number(35, file("memory.swap.max"));
        metrics = metrics.message(4, &memory);
    }
    if let Some(rdma) = rdma(source) {
        metrics = metrics.message(5, &rdma);
    }
    if let Some(io) = read("io.stat") {
        metrics = metrics.message(6, &Message::new().messages(1, io.lines().filter_map(device)));
    }
    if let Some(events) = read("memory.events") {
        metrics = metrics.message(8, &table(&events, 1, &["low", "high", "max", "oom", "oom_kill"]));
    }
    metrics
}

/// containerd shows no limit as 0.
fn limit_or_none(text: &str) -> u64 {
    match number(text) {
        u64::MAX => 0,
        limit => limit,
    }
}

/// A line of io.stat: `MAJOR:MINOR rbytes=… wbytes=… rios=… wios=…`.
fn device(line: &str) -> Option<Message> {
    let (device, rest) = line.split_once(' ')?;
    let (major, minor) = device.split_once(':')?;
    let count = |key: &str| {
        rest.split(' ')
            .find_map(|word| word.strip_prefix(key)?.strip_prefix('='))
            .map_or(0, number)
    };
    Some(
        Message::new()
            .number(1, number(major))
            .number(2, number(minor))
            .number(3, count("rbytes"))
            .number(4, count("wbytes"))
            .number(5, count("rios"))
            .number(6, count("wios")),
    )
}

/// `rdma.current` and `rdma.max`: lines of `DEVICE hca_handle=N hca_object=N`.
fn rdma(source: Source<'_>) -> Option<Message> {
    let entry = |line: &str| {
        let (device, rest) = line.split_once(' ')?;
        let text = rest.replace(['='], " ").replace(" hca_", "\nhca_");
        Some(
            Message::new()
                .text(1, device)
                .number(2, keyed(&text, "hca_handle").min(u64::from(u32::MAX)))
                .number(3, keyed(&text, "hca_object").min(u64::from(u32::MAX))),
        )
    };
    let current = source("", "rdma.current")?;
    let limit = source("", "rdma.max").unwrap_or_default();
    let message = Message::new()
        .messages(1, current.lines().filter_map(entry))
        .messages(2, limit.lines().filter_map(entry));
    (message != Message::new()).then_some(message)
}
