//! Statistics of cgroup v2, in v1's words where those ask for something else.

use super::{Dir, parse};
use crate::error::Result;
use crate::oci::{HugetlbStats, MemoryEntry, Psi, Stats};
use crate::plan::cgroup::Group;

/// Adds what the unified group says; unless it is `alone`, v1 has told what every group counts.
pub(super) fn add(group: &Group, dir: &Dir<'_>, alone: bool, stats: &mut Stats) -> Result<()> {
    if alone {
        cpu(dir, stats)?;
        pids(dir, stats)?;
        stats.cpu.psi = pressure(dir, "cpu.pressure")?;
        stats.memory.psi = pressure(dir, "memory.pressure")?;
        stats.blkio.psi = pressure(dir, "io.pressure")?;
    }
    if group.has("memory") {
        memory(dir, stats)?;
    }
    if group.has("cpuset") {
        let list = |file: &str| -> Result<Vec<u16>> {
            Ok(dir.read(file)?.map(|text| parse::list(&text)).unwrap_or_default())
        };
        stats.cpuset.cpus = list("cpuset.cpus")?;
        stats.cpuset.mems = list("cpuset.mems")?;
    }
    if group.has("io")
        && let Some(text) = dir.read("io.stat")?
    {
        let (bytes, operations) = parse::io(&text);
        stats.blkio.io_service_bytes_recursive = bytes;
        stats.blkio.io_serviced_recursive = operations;
    }
    if group.has("hugetlb") {
        huge_pages(dir, stats)?;
    }
    Ok(())
}

fn pressure(dir: &Dir<'_>, file: &str) -> Result<Option<Psi>> {
    Ok(dir.read(file)?.map(|text| parse::psi(&text)))
}

/// Every group has cpu.stat; only one with the controller is ever throttled.
fn cpu(dir: &Dir<'_>, stats: &mut Stats) -> Result<()> {
    let text = dir.read("cpu.stat")?.unwrap_or_default();
    let nanoseconds = |name: &str| parse::value(&text, name).saturating_mul(1000);
    let usage = &mut stats.cpu.usage;
    usage.total = nanoseconds("usage_usec");
    usage.user = nanoseconds("user_usec");
    usage.kernel = nanoseconds("system_usec");
    let throttling = &mut stats.cpu.throttling;
    throttling.periods = parse::value(&text, "nr_periods");
    throttling.throttled_periods = parse::value(&text, "nr_throttled");
    throttling.throttled_time = nanoseconds("throttled_usec");
    Ok(())
}

/// Without the controller the tasks are counted.
pub(super) fn pids(dir: &Dir<'_>, stats: &mut Stats) -> Result<()> {
    if let Some(text) = dir.read("pids.current")? {
        stats.pids.current = parse::number(&text);
        let limit = dir.read("pids.max")?.map_or(0, |text| parse::number(&text));
        stats.pids.limit = if limit == u64::MAX { 0 } else { limit };
    } else {
        let tasks = dir.read("cgroup.threads")?.unwrap_or_default();
        stats.pids.current = tasks.lines().map(|_| 1).sum();
    }
    Ok(())
}

fn memory(dir: &Dir<'_>, stats: &mut Stats) -> Result<()> {
    let Some(text) = dir.read("memory.stat")? else {
        return Ok(());
    };
    let memory = &mut stats.memory;
    memory.cache = parse::value(&text, "file");
    memory.raw = parse::table(&text);
    memory.usage = MemoryEntry {
        limit: dir.number("memory.max")?,
        usage: dir.number("memory.current")?,
        max: dir.number("memory.peak")?,
        failcnt: 0,
    };
    // v1 counts memory and swap together; the two peaks have no common one.
    let (limit, usage) = (dir.number("memory.swap.max")?, dir.number("memory.swap.current")?);
    memory.swap = MemoryEntry {
        limit: limit.saturating_add(memory.usage.limit),
        usage: usage.saturating_add(memory.usage.usage),
        ..MemoryEntry::default()
    };
    Ok(())
}

/// Reserved pages where the kernel counts them, as others do.
fn huge_pages(dir: &Dir<'_>, stats: &mut Stats) -> Result<()> {
    for size in dir.huge_page_sizes(".current") {
        let reserved = dir.read(&format!("hugetlb.{size}.rsvd.current"))?;
        let usage = match reserved {
            Some(text) => parse::number(&text),
            None => dir.number(&format!("hugetlb.{size}.current"))?,
        };
        let events = dir.read(&format!("hugetlb.{size}.events"))?.unwrap_or_default();
        let pages = HugetlbStats {
            usage,
            max: 0,
            failcnt: parse::value(&events, "max"),
        };
        stats.hugetlb.insert(size, pages);
    }
    Ok(())
}
