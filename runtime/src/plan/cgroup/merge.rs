//! Limits upon limits: what is given replaces what was there, value by value and device by device.

use crate::oci::{BlockIo, Cpu, Memory, Network, Resources};

/// `before`, changed by `changes`. Device rules are those of `before`.
pub(super) fn merge<'a>(before: &Resources<'a>, changes: &Resources<'a>) -> Resources<'a> {
    let mut merged = before.clone();
    if let Some(memory) = &changes.memory {
        change_memory(merged.memory.get_or_insert_default(), memory);
    }
    if let Some(cpu) = &changes.cpu {
        change_cpu(merged.cpu.get_or_insert_default(), cpu);
    }
    if let Some(block_io) = &changes.block_io {
        change_block_io(merged.block_io.get_or_insert_default(), block_io);
    }
    if let Some(network) = &changes.network {
        change_network(merged.network.get_or_insert_default(), network);
    }
    if let Some(limit) = changes.pids.and_then(|pids| pids.limit) {
        merged.pids.get_or_insert_default().limit = Some(limit);
    }
    replace(&mut merged.hugepage_limits, &changes.hugepage_limits, |page| {
        page.page_size.clone()
    });
    merged.rdma.extend(changes.rdma.clone());
    merged.unified.extend(changes.unified.clone());
    merged
}

/// 0 says "not given" for numbers that cannot be 0.
fn number<T: Copy + Default + PartialEq>(place: &mut Option<T>, value: Option<T>) {
    if let Some(value) = value.filter(|value| *value != T::default()) {
        *place = Some(value);
    }
}

fn given<T: Clone>(place: &mut Option<T>, value: Option<&T>) {
    if let Some(value) = value {
        *place = Some(value.clone());
    }
}

fn change_memory(memory: &mut Memory, changes: &Memory) {
    number(&mut memory.limit, changes.limit);
    number(&mut memory.reservation, changes.reservation);
    number(&mut memory.swap, changes.swap);
    number(&mut memory.kernel, changes.kernel);
    number(&mut memory.kernel_tcp, changes.kernel_tcp);
    given(&mut memory.swappiness, changes.swappiness.as_ref());
    given(
        &mut memory.disable_oom_killer,
        changes.disable_oom_killer.as_ref(),
    );
    given(&mut memory.use_hierarchy, changes.use_hierarchy.as_ref());
    given(
        &mut memory.check_before_update,
        changes.check_before_update.as_ref(),
    );
    if changes.limit == Some(-1) && changes.swap.is_none_or(|swap| swap == 0) {
        // Memory without a limit leaves none for memory and swap together.
        memory.swap = Some(-1);
    }
}

fn change_cpu<'a>(cpu: &mut Cpu<'a>, changes: &Cpu<'a>) {
    number(&mut cpu.shares, changes.shares);
    number(&mut cpu.quota, changes.quota);
    number(&mut cpu.period, changes.period);
    number(&mut cpu.realtime_runtime, changes.realtime_runtime);
    number(&mut cpu.realtime_period, changes.realtime_period);
    given(&mut cpu.burst, changes.burst.as_ref());
    given(&mut cpu.idle, changes.idle.as_ref());
    given(
        &mut cpu.cpus,
        changes.cpus.as_ref().filter(|list| !list.is_empty()),
    );
    given(
        &mut cpu.mems,
        changes.mems.as_ref().filter(|list| !list.is_empty()),
    );
}

fn change_block_io(block_io: &mut BlockIo, changes: &BlockIo) {
    number(&mut block_io.weight, changes.weight);
    number(&mut block_io.leaf_weight, changes.leaf_weight);
    replace(&mut block_io.weight_device, &changes.weight_device, |device| {
        (device.major, device.minor)
    });
    for (place, throttles) in [
        (
            &mut block_io.throttle_read_bps_device,
            &changes.throttle_read_bps_device,
        ),
        (
            &mut block_io.throttle_write_bps_device,
            &changes.throttle_write_bps_device,
        ),
        (
            &mut block_io.throttle_read_iops_device,
            &changes.throttle_read_iops_device,
        ),
        (
            &mut block_io.throttle_write_iops_device,
            &changes.throttle_write_iops_device,
        ),
    ] {
        replace(place, throttles, |device| (device.major, device.minor));
    }
}

fn change_network<'a>(network: &mut Network<'a>, changes: &Network<'a>) {
    given(&mut network.class_id, changes.class_id.as_ref());
    replace(&mut network.priorities, &changes.priorities, |priority| {
        priority.name.clone()
    });
}

/// Replaces what has the same key, and appends the rest.
fn replace<T: Clone, K: PartialEq>(list: &mut Vec<T>, changes: &[T], key: impl Fn(&T) -> K) {
    list.retain(|old| !changes.iter().any(|new| key(new) == key(old)));
    list.extend_from_slice(changes);
}
