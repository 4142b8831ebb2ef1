//! Limits as cgroup v1 words them: the specification's own units.

use super::writes::Writes;
use crate::error::{Error, Kind, Result};
use crate::oci::{BlockIo, Cpu, Memory};

/// `linux.resources.memory`.
pub(super) fn memory(memory: &Memory, writes: &mut Writes) -> Result<()> {
    if memory.use_hierarchy == Some(true) {
        // Before Linux 5.11 a group counted only itself until told otherwise.
        writes.set_if_present("memory.use_hierarchy", 1);
    }
    limit_and_swap(memory, writes);
    writes.set_some(
        "memory.soft_limit_in_bytes",
        memory.reservation.filter(|low| *low != 0),
    );
    if let Some(limit) = memory.kernel_tcp.filter(|limit| *limit != 0) {
        writes.set_if_present("memory.kmem.tcp.limit_in_bytes", limit);
    }
    writes.set_some("memory.oom_control", memory.disable_oom_killer.map(u8::from));
    match memory.swappiness {
        Some(101..) => Err(Error::new(
            Kind::Config,
            "linux.resources.memory.swappiness must be between 0 and 100",
        )),
        swappiness => {
            writes.set_some("memory.swappiness", swappiness);
            Ok(())
        }
    }
}

/// The kernel refuses a limit of memory above that of memory and swap.
fn limit_and_swap(memory: &Memory, writes: &mut Writes) {
    let limit = memory.limit.filter(|limit| *limit != 0);
    let swap = memory.swap.filter(|swap| *swap != 0);
    if matches!((limit, swap), (_, Some(-1)) | (Some(-1), None)) {
        // A kernel without swap accounting does not limit it.
        writes.set_if_present("memory.memsw.limit_in_bytes", -1);
        writes.set_some("memory.limit_in_bytes", limit);
    } else {
        let text = |value: i64| value.to_string();
        writes.set_together([
            ("memory.limit_in_bytes", limit.map(text)),
            ("memory.memsw.limit_in_bytes", swap.map(text)),
        ]);
    }
}

/// The CPU time of `linux.resources.cpu`.
pub(super) fn cpu(cpu: &Cpu<'_>, writes: &mut Writes) {
    writes.set_some("cpu.idle", cpu.idle);
    let idle = cpu.idle == Some(1);
    writes.set_some("cpu.shares", cpu.shares.filter(|shares| *shares != 0 && !idle));
    let period = cpu.period.filter(|period| *period != 0);
    let quota = cpu.quota.filter(|quota| *quota != 0);
    writes.set_together([
        ("cpu.cfs_period_us", period.map(|period| period.to_string())),
        ("cpu.cfs_quota_us", quota.map(|quota| quota.to_string())),
        ("cpu.cfs_burst_us", cpu.burst.map(|burst| burst.to_string())),
    ]);
    let period = cpu.realtime_period.filter(|period| *period != 0);
    let runtime = cpu.realtime_runtime.filter(|runtime| *runtime != 0);
    writes.set_together([
        ("cpu.rt_period_us", period.map(|period| period.to_string())),
        ("cpu.rt_runtime_us", runtime.map(|runtime| runtime.to_string())),
    ]);
}

/// `linux.resources.blockIO`.
pub(super) fn block_io(block_io: &BlockIo, writes: &mut Writes) {
    if let Some(weight) = block_io.weight.filter(|weight| *weight != 0) {
        writes.set_either(
            ("blkio.weight", weight.to_string()),
            ("blkio.bfq.weight", weight.to_string()),
        );
    }
    writes.set_some(
        "blkio.leaf_weight",
        block_io.leaf_weight.filter(|weight| *weight != 0),
    );
    for device in &block_io.weight_device {
        let line = |weight: u16| format!("{}:{} {weight}", device.major, device.minor);
        if let Some(weight) = device.weight {
            writes.set_either(
                ("blkio.weight_device", line(weight)),
                ("blkio.bfq.weight_device", line(weight)),
            );
        }
        writes.set_some("blkio.leaf_weight_device", device.leaf_weight.map(line));
    }
    for (file, devices) in [
        (
            "blkio.throttle.read_bps_device",
            &block_io.throttle_read_bps_device,
        ),
        (
            "blkio.throttle.write_bps_device",
            &block_io.throttle_write_bps_device,
        ),
        (
            "blkio.throttle.read_iops_device",
            &block_io.throttle_read_iops_device,
        ),
        (
            "blkio.throttle.write_iops_device",
            &block_io.throttle_write_iops_device,
        ),
    ] {
        for device in devices {
            writes.set(file, format!("{}:{} {}", device.major, device.minor, device.rate));
        }
    }
}
