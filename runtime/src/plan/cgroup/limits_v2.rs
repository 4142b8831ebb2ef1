//! Limits as cgroup v2 words them, with the conversions from v1's units that other runtimes use.

use super::limits::unlimited;
use super::writes::Writes;
use crate::error::{Error, Kind, Result};
use crate::oci::{BlockIo, Cpu, Memory};

/// The kernel's period of CPU quotas when none is given, in microseconds.
const DEFAULT_PERIOD: u64 = 100_000;

/// Files of v2 that steer a group's life; the runtime alone writes them.
const OWN_FILES: [&str; 6] = [
    "cgroup.procs",
    "cgroup.threads",
    "cgroup.kill",
    "cgroup.freeze",
    "cgroup.type",
    "cgroup.subtree_control",
];

/// Whether memory is to be limited at all: 0 means "not given", and some properties have no effect any more.
pub(super) fn asks_for_memory(memory: &Memory) -> bool {
    let given = |value: Option<i64>| value.is_some_and(|value| value != 0);
    given(memory.limit)
        || given(memory.reservation)
        || given(memory.swap)
        || given(memory.kernel_tcp)
        || memory.swappiness.is_some()
        || memory.disable_oom_killer == Some(true)
        || memory.use_hierarchy == Some(true)
}

/// Whether CPU time is to be limited at all.
pub(super) fn asks_for_cpu_time(cpu: &Cpu<'_>) -> bool {
    cpu.shares.is_some_and(|shares| shares != 0)
        || cpu.quota.is_some_and(|quota| quota != 0)
        || cpu.period.is_some_and(|period| period != 0)
        || cpu.burst.is_some()
        || cpu.idle.is_some()
        || cpu.realtime_runtime.is_some_and(|runtime| runtime != 0)
        || cpu.realtime_period.is_some_and(|period| period != 0)
}

/// `linux.resources.memory`.
pub(super) fn memory(memory: &Memory, writes: &mut Writes) -> Result<()> {
    if memory.swappiness.is_some() {
        return Err(not_on_v2("memory.swappiness"));
    }
    if memory.disable_oom_killer == Some(true) {
        return Err(not_on_v2("memory.disableOOMKiller"));
    }
    if memory.check_before_update == Some(true) {
        require_less(memory, writes);
    }
    match swap(memory)? {
        // A kernel without swap accounting limits swap to 0, or to nothing, by having none to give.
        Some(value @ (-1 | 0)) => writes.set_if_present("memory.swap.max", unlimited(value)),
        Some(value) => writes.set("memory.swap.max", value),
        None => {}
    }
    writes.set_some(
        "memory.max",
        memory.limit.filter(|limit| *limit != 0).map(unlimited),
    );
    writes.set_some(
        "memory.low",
        memory.reservation.filter(|low| *low != 0).map(unlimited),
    );
    Ok(())
}

/// v2 would reclaim and kill to get below a new limit; v1 refuses it anyway.
fn require_less(memory: &Memory, writes: &mut Writes) {
    let above_zero = |limit: Option<i64>| limit.filter(|limit| *limit > 0);
    if let Some(limit) = above_zero(memory.swap) {
        writes.require_less("memory.current", limit, "memory+swap limit");
    }
    if let Some(limit) = above_zero(memory.limit) {
        writes.require_less("memory.current", limit, "memory limit");
    }
}

/// v1 limits memory and swap together, v2 swap alone.
fn swap(memory: &Memory) -> Result<Option<i64>> {
    let bad = |why: String| Err(Error::new(Kind::Config, format!("linux.resources.memory: {why}")));
    match (memory.limit.unwrap_or(0), memory.swap.unwrap_or(0)) {
        (-1, 0) | (_, -1) => Ok(Some(-1)),
        (_, 0) => Ok(None),
        (0 | -1, swap) => bad(format!(
            "swap {swap} is a limit of memory and swap together and needs limit"
        )),
        (limit, swap) if swap < limit => bad(format!(
            "swap {swap} includes memory and must not be below limit {limit}"
        )),
        (limit, swap) => Ok(Some(swap - limit)),
    }
}

/// The CPU time of `linux.resources.cpu`.
pub(super) fn cpu(cpu: &Cpu<'_>, writes: &mut Writes) -> Result<()> {
    let real_time = [cpu.realtime_runtime.map(i64::unsigned_abs), cpu.realtime_period];
    if real_time
        .iter()
        .any(|value| value.is_some_and(|value| value != 0))
    {
        return Err(not_on_v2("cpu.realtimeRuntime and cpu.realtimePeriod"));
    }
    writes.set_some("cpu.idle", cpu.idle);
    let idle = cpu.idle == Some(1); // an idle group has no weight, and refuses one
    writes.set_some(
        "cpu.weight",
        cpu.shares
            .filter(|shares| *shares != 0 && !idle)
            .map(weight_of_shares),
    );
    let quota = cpu.quota.filter(|quota| *quota != 0);
    let period = cpu.period.filter(|period| *period != 0);
    let max = (quota.is_some() || period.is_some()).then(|| {
        let quota = quota.map_or_else(|| "max".to_owned(), unlimited);
        format!("{quota} {}", period.unwrap_or(DEFAULT_PERIOD))
    });
    writes.set_together([
        ("cpu.max", max),
        ("cpu.max.burst", cpu.burst.map(|burst| burst.to_string())),
    ]);
    Ok(())
}

/// v1's CPU shares (2 to 262,144, default 1,024) as a weight (1 to 10,000, default 100).
///
/// The curve in logarithms goes through both ends and the default, as runc has computed it since 1.3.2.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "shares are below 2^18 and the result is between 1 and 10,000"
)]
fn weight_of_shares(shares: u64) -> u64 {
    match shares {
        0..=2 => 1,
        3..262_144 => {
            let log = (shares as f64).log2();
            let exponent = (log * log + 125.0 * log) / 612.0 - 7.0 / 34.0;
            10_f64.powf(exponent).ceil() as u64
        }
        _ => 10_000,
    }
}

/// `linux.resources.blockIO`.
pub(super) fn block_io(block_io: &BlockIo, writes: &mut Writes) -> Result<()> {
    let leaf = block_io
        .weight_device
        .iter()
        .any(|device| device.leaf_weight.is_some());
    if block_io.leaf_weight.is_some_and(|weight| weight != 0) || leaf {
        return Err(not_on_v2("blockIO.leafWeight"));
    }
    if let Some(weight) = block_io.weight.filter(|weight| *weight != 0) {
        writes.set_either(
            ("io.bfq.weight", weight.to_string()),
            ("io.weight", io_weight(weight).to_string()),
        );
    }
    for device in &block_io.weight_device {
        let Some(weight) = device.weight else { continue };
        let line = |weight: u64| format!("{}:{} {weight}", device.major, device.minor);
        writes.set_either(
            ("io.bfq.weight", line(weight.into())),
            ("io.weight", line(io_weight(weight))),
        );
    }
    for (word, devices) in [
        ("rbps", &block_io.throttle_read_bps_device),
        ("wbps", &block_io.throttle_write_bps_device),
        ("riops", &block_io.throttle_read_iops_device),
        ("wiops", &block_io.throttle_write_iops_device),
    ] {
        for device in devices {
            writes.set(
                "io.max",
                format!("{}:{} {word}={}", device.major, device.minor, device.rate),
            );
        }
    }
    Ok(())
}

/// v1's block weight (10 to 1,000) as one of v2 (1 to 10,000).
fn io_weight(weight: u16) -> u64 {
    1 + u64::from(weight).saturating_sub(10) * 9999 / 990
}

/// Refuses names in `linux.resources.unified` that are no files of a group, or are the runtime's own.
pub(super) fn check_unified(file: &str) -> Result<()> {
    let refuse = |why: &str| {
        Err(Error::new(
            Kind::Config,
            format!("linux.resources.unified[\"{file}\"] {why}"),
        ))
    };
    if file.contains('/') || file.contains('\0') || !file.contains('.') || file.starts_with('.') {
        return refuse("is not the name of a cgroup file, such as memory.high");
    }
    if OWN_FILES.contains(&file) {
        refuse("steers the group itself, which only the runtime does")
    } else {
        Ok(())
    }
}

fn not_on_v2(property: &str) -> Error {
    Error::new(
        Kind::Unsupported,
        format!("linux.resources.{property} does not exist in cgroup v2"),
    )
    .hint("leave the property away, or use a machine with cgroup v1")
}

#[cfg(test)]
#[path = "limits_v2_tests.rs"]
mod tests;
