//! Limits as cgroup v1 words them: the specification's own units.

use super::limits::Writes;
use crate::error::{Error, Kind, Result};
use crate::oci::{BlockIo, Cpu, Memory};

/// `linux.resources.memory`; a fresh group is unlimited, so that memory comes before memory and swap.
pub(super) fn memory(memory: &Memory, writes: &mut Writes) -> Result<()> {
    writes.set_some("memory.limit_in_bytes", memory.limit.filter(|limit| *limit != 0));
    match (memory.limit, memory.swap.filter(|swap| *swap != 0)) {
        (_, Some(-1)) | (Some(-1), None) => writes.set_if_present("memory.memsw.limit_in_bytes", -1),
        (_, swap) => writes.set_some("memory.memsw.limit_in_bytes", swap),
    }
    writes.set_some(
        "memory.soft_limit_in_bytes",
        memory.reservation.filter(|low| *low != 0),
    );
    if memory.disable_oom_killer == Some(true) {
        writes.set("memory.oom_control", 1);
    }
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

/// The CPU time of `linux.resources.cpu`.
pub(super) fn cpu(cpu: &Cpu<'_>, writes: &mut Writes) {
    writes.set_some("cpu.idle", cpu.idle);
    let idle = cpu.idle == Some(1);
    writes.set_some("cpu.shares", cpu.shares.filter(|shares| *shares != 0 && !idle));
    writes.set_some("cpu.cfs_period_us", cpu.period.filter(|period| *period != 0));
    writes.set_some("cpu.cfs_quota_us", cpu.quota.filter(|quota| *quota != 0));
    writes.set_some("cpu.cfs_burst_us", cpu.burst);
    writes.set_some(
        "cpu.rt_period_us",
        cpu.realtime_period.filter(|period| *period != 0),
    );
    writes.set_some(
        "cpu.rt_runtime_us",
        cpu.realtime_runtime.filter(|runtime| *runtime != 0),
    );
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
