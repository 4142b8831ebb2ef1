//! Limits as systemd's properties, read off the writes that set them: so that no limit is said twice.
//!
//! Where systemd has no property for a file, the write alone does it: systemd leaves files alone that it does not
//! know. systemd.resource-control(5) tells the properties, src/core/dbus-cgroup.c of systemd their types.

use super::super::Op;
use super::Property;
use crate::dbus::Value;

/// systemd's "infinity", and the value of `max`.
const INFINITY: u64 = u64::MAX;

/// The period of CPU quotas when none is given, in microseconds.
const DEFAULT_PERIOD: u64 = 100_000;

/// CPU time that a quota allows per second is counted in whole per cents: 10,000 µs.
const QUOTA_STEP: u64 = 10_000;

/// The properties that say what these writes say, in their order, of each the last.
pub fn properties<'o>(ops: impl IntoIterator<Item = &'o Op>) -> Vec<Property> {
    let mut list: Vec<Property> = Vec::new();
    let mut quota = Quota::default();
    for (file, value) in ops.into_iter().flat_map(writes) {
        quota.read(file, value);
        if let Some(property) = one(file, value) {
            list.retain(|known| known.name != property.name);
            list.push(property);
        }
    }
    list.extend(quota.properties());
    list
}

/// The files that an operation writes, with their values; of a choice the last, which is in the common unit.
fn writes(op: &Op) -> Vec<(&str, &str)> {
    fn text((file, value): &(String, String)) -> (&str, &str) {
        (file, value)
    }
    match op {
        Op::Set { file, value, .. } => vec![(file, value)],
        Op::SetFirst { choices, .. } => choices.last().map(text).into_iter().collect(),
        Op::SetTogether { values, .. } => values.iter().map(text).collect(),
        _ => Vec::new(),
    }
}

/// The properties of one file's value; none where systemd has none, or the value is not of its kind.
fn one(file: &str, value: &str) -> Option<Property> {
    let (name, value) = match file {
        "memory.max" => ("MemoryMax", amount(value)?),
        "memory.low" => ("MemoryLow", amount(value)?),
        "memory.min" => ("MemoryMin", amount(value)?),
        "memory.high" => ("MemoryHigh", amount(value)?),
        "memory.swap.max" => ("MemorySwapMax", amount(value)?),
        "memory.limit_in_bytes" => ("MemoryLimit", amount(value)?),
        "pids.max" => ("TasksMax", amount(value)?),
        "cpu.weight" => ("CPUWeight", amount(value)?),
        "cpu.idle" if value == "1" => ("CPUWeight", Value::Uint64(0)),
        "cpu.shares" => ("CPUShares", amount(value)?),
        "io.weight" => (
            "IOWeight",
            amount(value.strip_prefix("default ").unwrap_or(value))?,
        ),
        "blkio.weight" | "blkio.bfq.weight" => ("BlockIOWeight", amount(value)?),
        "cpuset.cpus" => ("AllowedCPUs", set(value)?),
        "cpuset.mems" => ("AllowedMemoryNodes", set(value)?),
        _ => return None,
    };
    Some(Property::new(name, value))
}

/// A number, or no limit.
fn amount(value: &str) -> Option<Value> {
    match value.trim() {
        "max" | "-1" => Some(Value::Uint64(INFINITY)),
        number => number.parse().ok().map(Value::Uint64),
    }
}

/// A list such as `0-3,7` as bits, the first in the lowest bit of the first byte.
fn set(list: &str) -> Option<Value> {
    const MOST: usize = 8192; // the kernel's limit of CPUs
    let mut bits = Vec::new();
    for range in list.trim().split(',').filter(|range| !range.trim().is_empty()) {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last): (usize, usize) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        if last < first || last >= MOST {
            return None;
        }
        bits.resize(bits.len().max(last / 8 + 1), 0);
        (first..=last).for_each(|bit| bits[bit / 8] |= 1 << (bit % 8));
    }
    Some(Value::bytes(&bits))
}

/// The two halves of a limit of CPU time, which v1 has in two files and v2 in one.
#[derive(Debug, Default)]
struct Quota {
    /// Microseconds per period; none for no limit.
    quota: Option<Option<u64>>,
    /// Microseconds.
    period: Option<u64>,
}

impl Quota {
    fn read(&mut self, file: &str, value: &str) {
        match file {
            "cpu.max" => {
                let mut words = value.split_whitespace();
                self.quota = words.next().map(|word| word.parse().ok());
                self.period = words.next().and_then(|word| word.parse().ok()).or(self.period);
            }
            "cpu.cfs_quota_us" => self.quota = Some(value.parse().ok()),
            "cpu.cfs_period_us" => self.period = value.parse().ok(),
            _ => {}
        }
    }

    /// A share of the time is rounded up, so that the exact value is within systemd's.
    fn properties(&self) -> Vec<Property> {
        let mut list = Vec::new();
        if let Some(period) = self.period {
            list.push(Property::new("CPUQuotaPeriodUSec", Value::Uint64(period)));
        }
        if self.quota.is_some() || self.period.is_some() {
            let period = u128::from(self.period.filter(|period| *period > 0).unwrap_or(DEFAULT_PERIOD));
            let per_second = self.quota.flatten().map_or(INFINITY, |quota| {
                let exact = u128::from(quota) * 1_000_000 / period;
                u64::try_from(exact)
                    .unwrap_or(INFINITY - QUOTA_STEP)
                    .next_multiple_of(QUOTA_STEP)
            });
            list.push(Property::new("CPUQuotaPerSecUSec", Value::Uint64(per_second)));
        }
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(writes: &[(&str, &str)]) -> Vec<String> {
        let ops: Vec<Op> = writes
            .iter()
            .map(|(file, value)| Op::Set {
                path: "/g".into(),
                file: (*file).into(),
                value: (*value).into(),
            })
            .collect();
        let list = properties(&ops);
        list.iter()
            .map(|p| format!("{}={} ({})", p.name, p.value, p.value.signature()))
            .collect()
    }

    #[test]
    fn limits_are_told_to_systemd() {
        let max = u64::MAX;
        for (write, property) in [
            (("memory.max", "1048576"), "MemoryMax=1048576 (t)".to_owned()),
            (("memory.swap.max", "max"), format!("MemorySwapMax={max} (t)")),
            (("memory.limit_in_bytes", "-1"), format!("MemoryLimit={max} (t)")),
            (("pids.max", "7"), "TasksMax=7 (t)".to_owned()),
            (("cpu.idle", "1"), "CPUWeight=0 (t)".to_owned()),
            (("cpuset.cpus", "0-2,9"), "AllowedCPUs=[7, 2] (ay)".to_owned()),
            (("cpuset.mems", "0"), "AllowedMemoryNodes=[1] (ay)".to_owned()),
        ] {
            assert_eq!(of(&[write]), [property]);
        }
        assert!(
            of(&[
                ("cpu.idle", "0"),
                ("hugetlb.2MB.max", "1"),
                ("io.weight", "8:0 10"),
                ("memory.max", "?")
            ])
            .is_empty()
        );
        assert!(of(&[("cpuset.cpus", "0-99999999999"), ("cpuset.mems", "3-1")]).is_empty());
        assert_eq!(
            of(&[("memory.max", "1"), ("memory.max", "2")]),
            ["MemoryMax=2 (t)"]
        );
    }

    #[test]
    fn quotas_are_rounded_up_to_whole_per_cents() {
        let quota = |writes: &[(&str, &str)]| of(writes);
        assert_eq!(
            quota(&[("cpu.max", "12345 100000")]),
            ["CPUQuotaPeriodUSec=100000 (t)", "CPUQuotaPerSecUSec=130000 (t)"]
        );
        assert_eq!(
            quota(&[("cpu.max", "max 50000")]),
            [
                "CPUQuotaPeriodUSec=50000 (t)".to_owned(),
                format!("CPUQuotaPerSecUSec={} (t)", u64::MAX)
            ]
        );
        assert_eq!(
            quota(&[("cpu.cfs_period_us", "50000"), ("cpu.cfs_quota_us", "25000")]),
            ["CPUQuotaPeriodUSec=50000 (t)", "CPUQuotaPerSecUSec=500000 (t)"]
        );
        assert_eq!(
            quota(&[("cpu.cfs_quota_us", "50000")]),
            ["CPUQuotaPerSecUSec=500000 (t)"]
        );
        assert_eq!(
            quota(&[
                ("cpu.cfs_period_us", "0"),
                ("cpu.cfs_quota_us", "18446744073709551615")
            ])
            .len(),
            2
        );
    }

    #[test]
    fn of_two_choices_the_one_in_the_common_unit_counts() {
        let choices = vec![
            ("io.bfq.weight".into(), "500".into()),
            ("io.weight".into(), "4950".into()),
        ];
        let op = Op::SetFirst {
            path: "/g".into(),
            choices,
            required: true,
        };
        assert_eq!(
            properties([&op]),
            [Property::new("IOWeight", Value::Uint64(4950))]
        );
    }
}
