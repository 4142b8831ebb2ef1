//! Statistics of cgroup v1: each controller's own files.

use super::{Dir, parse};
use crate::error::Result;
use crate::oci::{BlkioEntry, BlkioStats, CpuUsage, CpusetStats, HugetlbStats, MemoryEntry, Stats};
use crate::plan::cgroup::Group;

/// Nanoseconds of a clock tick as user space counts them (USER_HZ is 100 on every architecture of today).
const TICK: u64 = 10_000_000;

/// Adds what the controllers of one hierarchy say.
pub(super) fn add(group: &Group, dir: &Dir<'_>, stats: &mut Stats) -> Result<()> {
    for controller in &group.controllers {
        match controller.as_str() {
            "cpu" => throttling(dir, stats)?,
            "cpuacct" => stats.cpu.usage = cpu_usage(dir)?,
            "cpuset" => stats.cpuset = cpuset(dir)?,
            "memory" => memory(dir, stats)?,
            "pids" => super::v2::pids(dir, stats)?,
            "blkio" => stats.blkio = blkio(dir)?,
            "hugetlb" => huge_pages(dir, stats)?,
            _ => {}
        }
    }
    Ok(())
}

fn throttling(dir: &Dir<'_>, stats: &mut Stats) -> Result<()> {
    let text = dir.read("cpu.stat")?.unwrap_or_default();
    let throttling = &mut stats.cpu.throttling;
    throttling.periods = parse::value(&text, "nr_periods");
    throttling.throttled_periods = parse::value(&text, "nr_throttled");
    throttling.throttled_time = parse::value(&text, "throttled_time");
    Ok(())
}

fn cpu_usage(dir: &Dir<'_>) -> Result<CpuUsage> {
    let ticks = dir.read("cpuacct.stat")?.unwrap_or_default();
    let all = dir.read("cpuacct.usage_all")?.unwrap_or_default();
    // Each line: cpu, user, system; the first one is a heading.
    let rows: Vec<Vec<u64>> = all.lines().skip(1).map(parse::numbers).collect();
    let column = |index: usize| rows.iter().filter_map(|row| row.get(index).copied()).collect();
    Ok(CpuUsage {
        total: dir.number("cpuacct.usage")?,
        percpu: dir
            .read("cpuacct.usage_percpu")?
            .map(|text| parse::numbers(&text))
            .unwrap_or_default(),
        percpu_user: column(1),
        percpu_kernel: column(2),
        user: parse::value(&ticks, "user") * TICK,
        kernel: parse::value(&ticks, "system") * TICK,
    })
}

fn cpuset(dir: &Dir<'_>) -> Result<CpusetStats> {
    let list = |file: &str| -> Result<Vec<u16>> {
        Ok(dir.read(file)?.map(|text| parse::list(&text)).unwrap_or_default())
    };
    let level = dir.read("cpuset.sched_relax_domain_level")?;
    Ok(CpusetStats {
        cpus: list("cpuset.cpus")?,
        cpu_exclusive: dir.number("cpuset.cpu_exclusive")?,
        mems: list("cpuset.mems")?,
        mem_hardwall: dir.number("cpuset.mem_hardwall")?,
        mem_exclusive: dir.number("cpuset.mem_exclusive")?,
        memory_migrate: dir.number("cpuset.memory_migrate")?,
        memory_spread_page: dir.number("cpuset.memory_spread_page")?,
        memory_spread_slab: dir.number("cpuset.memory_spread_slab")?,
        memory_pressure: dir.number("cpuset.memory_pressure")?,
        sched_load_balance: dir.number("cpuset.sched_load_balance")?,
        sched_relax_domain_level: level.and_then(|text| text.trim().parse().ok()).unwrap_or(0),
    })
}

fn memory(dir: &Dir<'_>, stats: &mut Stats) -> Result<()> {
    let text = dir.read("memory.stat")?.unwrap_or_default();
    let memory = &mut stats.memory;
    memory.cache = parse::value(&text, "cache");
    memory.raw = parse::table(&text);
    memory.usage = memory_entry(dir, "memory")?;
    memory.swap = memory_entry(dir, "memory.memsw")?;
    memory.kernel = memory_entry(dir, "memory.kmem")?;
    memory.kernel_tcp = memory_entry(dir, "memory.kmem.tcp")?;
    Ok(())
}

fn memory_entry(dir: &Dir<'_>, prefix: &str) -> Result<MemoryEntry> {
    Ok(MemoryEntry {
        limit: dir.number(&format!("{prefix}.limit_in_bytes"))?,
        usage: dir.number(&format!("{prefix}.usage_in_bytes"))?,
        max: dir.number(&format!("{prefix}.max_usage_in_bytes"))?,
        failcnt: dir.number(&format!("{prefix}.failcnt"))?,
    })
}

/// The counters of whichever scheduler keeps any: BFQ, CFQ of old kernels, or else the throttle's.
fn blkio(dir: &Dir<'_>) -> Result<BlkioStats> {
    let read = |file: String| -> Result<Vec<BlkioEntry>> {
        Ok(dir
            .read(&file)?
            .map(|text| parse::blkio(&text))
            .unwrap_or_default())
    };
    for prefix in ["blkio.bfq", "blkio"] {
        let stats = BlkioStats {
            io_service_bytes_recursive: read(format!("{prefix}.io_service_bytes_recursive"))?,
            io_serviced_recursive: read(format!("{prefix}.io_serviced_recursive"))?,
            io_queued_recursive: read(format!("{prefix}.io_queued_recursive"))?,
            io_service_time_recursive: read(format!("{prefix}.io_service_time_recursive"))?,
            io_wait_time_recursive: read(format!("{prefix}.io_wait_time_recursive"))?,
            io_merged_recursive: read(format!("{prefix}.io_merged_recursive"))?,
            io_time_recursive: read(format!("{prefix}.time_recursive"))?,
            sectors_recursive: read(format!("{prefix}.sectors_recursive"))?,
            psi: None,
        };
        if !stats.io_serviced_recursive.is_empty() {
            return Ok(stats);
        }
    }
    let mut stats = BlkioStats::default();
    for suffix in ["_recursive", ""] {
        stats.io_serviced_recursive = read(format!("blkio.throttle.io_serviced{suffix}"))?;
        stats.io_service_bytes_recursive = read(format!("blkio.throttle.io_service_bytes{suffix}"))?;
        if !stats.io_serviced_recursive.is_empty() {
            break;
        }
    }
    Ok(stats)
}

fn huge_pages(dir: &Dir<'_>, stats: &mut Stats) -> Result<()> {
    for size in dir.huge_page_sizes(".limit_in_bytes") {
        // Reserved pages where the kernel counts them, as others do.
        let reserved = format!("hugetlb.{size}.rsvd");
        let counted = dir.read(&format!("{reserved}.usage_in_bytes"))?.is_some();
        let prefix = if counted {
            reserved
        } else {
            format!("hugetlb.{size}")
        };
        let pages = HugetlbStats {
            usage: dir.number(&format!("{prefix}.usage_in_bytes"))?,
            max: dir.number(&format!("{prefix}.max_usage_in_bytes"))?,
            failcnt: dir.number(&format!("{prefix}.failcnt"))?,
        };
        stats.hugetlb.insert(size, pages);
    }
    Ok(())
}
