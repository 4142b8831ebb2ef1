//! Version 1 (containerd/cgroups, cgroup1/stats/metrics.proto).

use super::{Source, keyed, number, table};
use crate::ttrpc::wire::Message;

/// The fields of the memory message from the first on, as memory.stat names them.
const MEMORY: [&str; 32] = [
    "cache",
    "rss",
    "rss_huge",
    "mapped_file",
    "dirty",
    "writeback",
    "pgpgin",
    "pgpgout",
    "pgfault",
    "pgmajfault",
    "inactive_anon",
    "active_anon",
    "inactive_file",
    "active_file",
    "unevictable",
    "hierarchical_memory_limit",
    "hierarchical_memsw_limit",
    "total_cache",
    "total_rss",
    "total_rss_huge",
    "total_mapped_file",
    "total_dirty",
    "total_writeback",
    "total_pgpgin",
    "total_pgpgout",
    "total_pgfault",
    "total_pgmajfault",
    "total_inactive_anon",
    "total_active_anon",
    "total_inactive_file",
    "total_active_file",
    "total_unevictable",
];

/// The fields of the message for block devices, in order, and the files; with BFQ the throttling layer's, as containerd.
const BLOCK: [(u32, &str); 2] = [
    (1, "blkio.throttle.io_service_bytes_recursive"),
    (2, "blkio.throttle.io_serviced_recursive"),
];

/// User and system time are in hundredths of a second (USER_HZ), whatever the kernel's own clock.
const NANOSECONDS_PER_TICK: u64 = 10_000_000;

/// Everything; what the kernel does not count is left out.
pub(super) fn metrics(source: Source<'_>) -> Message {
    let mut metrics = Message::new();
    if let Some(current) = source("pids", "pids.current") {
        let limit = match number(&source("pids", "pids.max").unwrap_or_default()) {
            u64::MAX => 0,
            limit => limit,
        };
        let pids = Message::new().number(1, number(&current)).number(2, limit);
        metrics = metrics.message(2, &pids);
    }
    if let Some(cpu) = cpu(source) {
        metrics = metrics.message(3, &cpu);
    }
    if let Some(stat) = source("memory", "memory.stat") {
        let memory = table(&stat, 1, &MEMORY)
            .message(33, &counter(source, ""))
            .message(34, &counter(source, "memsw."))
            .message(35, &counter(source, "kmem."))
            .message(36, &counter(source, "kmem.tcp."));
        metrics = metrics.message(4, &memory);
    }
    let entries = |(field, file): (u32, &str)| {
        let text = source("blkio", file).unwrap_or_default();
        let lines: Vec<Message> = text.lines().filter_map(device).collect();
        (field, lines)
    };
    let block = BLOCK
        .map(entries)
        .into_iter()
        .fold(Message::new(), |message, (field, lines)| {
            message.messages(field, lines)
        });
    metrics = metrics.message(5, &block);
    if let Some(control) = source("memory", "memory.oom_control") {
        metrics = metrics.message(
            9,
            &table(&control, 1, &["oom_kill_disable", "under_oom", "oom_kill"]),
        );
    }
    metrics
}

fn cpu(source: Source<'_>) -> Option<Message> {
    let total = source("cpuacct", "cpuacct.usage")?;
    let parts = source("cpuacct", "cpuacct.stat").unwrap_or_default();
    let usage = Message::new()
        .number(1, number(&total))
        .number(2, keyed(&parts, "system") * NANOSECONDS_PER_TICK)
        .number(3, keyed(&parts, "user") * NANOSECONDS_PER_TICK);
    let per_cpu = source("cpuacct", "cpuacct.usage_percpu").unwrap_or_default();
    let usage = usage.packed(4, per_cpu.split_whitespace().map(number));
    let throttling = source("cpu", "cpu.stat").unwrap_or_default();
    let throttling = table(&throttling, 1, &["nr_periods", "nr_throttled", "throttled_time"]);
    Some(Message::new().message(1, &usage).message(2, &throttling))
}

/// The four files of a counter of memory.
fn counter(source: Source<'_>, part: &str) -> Message {
    (1..)
        .zip([
            "limit_in_bytes",
            "usage_in_bytes",
            "max_usage_in_bytes",
            "failcnt",
        ])
        .fold(Message::new(), |message, (field, file)| {
            let text = source("memory", &format!("memory.{part}{file}"));
            message.number(field, text.map_or(0, |text| number(&text)))
        })
}

/// A line of blkio's files: `MAJOR:MINOR Operation N`.
fn device(line: &str) -> Option<Message> {
    let mut words = line.split(' ');
    let (major, minor) = words.next()?.split_once(':')?;
    let (operation, value) = (words.next()?, words.next()?);
    Some(
        Message::new()
            .text(1, operation)
            .number(3, number(major))
            .number(4, number(minor))
            .number(5, number(value)),
    )
}
