//! Limits: the container's cgroup and the processes' rlimits.

use serde_json::{Map, Value, json};

use super::facts::Facts;
use super::options::{DeviceNumber, Options, Resources, Ulimit};
use crate::error::{Error, Kind, Result};

/// The period over which processor time is counted, in microseconds.
const CPU_PERIOD: u64 = 100_000;

/// `linux.resources`, with the device rules that were worked out elsewhere.
pub(super) fn cgroup(options: &Options, facts: &Facts, devices: Value) -> Value {
    let mut resources = limits(&options.resources, facts);
    resources.insert("devices".to_owned(), devices);
    Value::Object(resources)
}

/// The limits of a container as `linux.resources` has them; what is not limited is not there.
pub(crate) fn limits(wanted: &Resources, facts: &Facts) -> Map<String, Value> {
    let groups = [
        ("memory", memory(wanted, facts)),
        ("cpu", cpu(wanted)),
        ("pids", pids(wanted)),
        ("blockIO", block_io(wanted, facts)),
    ];
    groups
        .into_iter()
        .filter(|(_, group)| !group.is_empty())
        .map(|(name, group)| (name.to_owned(), group.into()))
        .collect()
}

/// Docker's rule: as much swap again as memory, unless said otherwise.
pub(crate) fn memory_and_swap(wanted: &Resources) -> Option<i64> {
    let doubled = |limit: i64| if limit < 0 { -1 } else { limit.saturating_mul(2) };
    match wanted.memory_swap {
        Some(0) | None => wanted.memory.map(doubled),
        swap => swap,
    }
}

fn memory(wanted: &Resources, facts: &Facts) -> Map<String, Value> {
    let mut memory = Map::new();
    put(&mut memory, "limit", wanted.memory);
    put(&mut memory, "swap", memory_and_swap(wanted));
    put(&mut memory, "reservation", wanted.memory_reservation);
    put(&mut memory, "swappiness", wanted.memory_swappiness);
    // cgroup v2 knows no such thing; docker drops it there, too.
    put(
        &mut memory,
        "disableOOMKiller",
        (wanted.oom_kill_disable && !facts.cgroup2).then_some(true),
    );
    memory
}

fn cpu(wanted: &Resources) -> Map<String, Value> {
    let mut cpu = Map::new();
    put(&mut cpu, "shares", wanted.cpu_shares);
    match wanted.nano_cpus {
        Some(nano) => {
            let quota = i128::from(nano) * i128::from(CPU_PERIOD) / 1_000_000_000;
            put(&mut cpu, "quota", Some(i64::try_from(quota).unwrap_or(i64::MAX)));
            put(&mut cpu, "period", Some(CPU_PERIOD));
        }
        None => {
            put(&mut cpu, "quota", wanted.cpu_quota);
            put(&mut cpu, "period", wanted.cpu_period);
        }
    }
    put(&mut cpu, "realtimePeriod", wanted.cpu_rt_period);
    put(&mut cpu, "realtimeRuntime", wanted.cpu_rt_runtime);
    put(&mut cpu, "cpus", wanted.cpuset_cpus.as_deref());
    put(&mut cpu, "mems", wanted.cpuset_mems.as_deref());
    cpu
}

fn pids(wanted: &Resources) -> Map<String, Value> {
    let mut pids = Map::new();
    put(
        &mut pids,
        "limit",
        wanted.pids.map(|limit| if limit == 0 { -1 } else { limit }),
    );
    pids
}

fn block_io(wanted: &Resources, facts: &Facts) -> Map<String, Value> {
    let of_devices = |limits: &[DeviceNumber], word: &str| {
        let limit = |limit: &DeviceNumber| {
            let (major, minor) = facts
                .limited_devices
                .get(&limit.path)
                .copied()
                .unwrap_or_default();
            json!({"major": major, "minor": minor, word: limit.number})
        };
        (!limits.is_empty()).then(|| limits.iter().map(limit).collect::<Vec<_>>())
    };
    let mut io = Map::new();
    put(&mut io, "weight", wanted.blkio_weight);
    put(
        &mut io,
        "weightDevice",
        of_devices(&wanted.blkio_weight_device, "weight"),
    );
    put(
        &mut io,
        "throttleReadBpsDevice",
        of_devices(&wanted.device_read_bps, "rate"),
    );
    put(
        &mut io,
        "throttleWriteBpsDevice",
        of_devices(&wanted.device_write_bps, "rate"),
    );
    put(
        &mut io,
        "throttleReadIOPSDevice",
        of_devices(&wanted.device_read_iops, "rate"),
    );
    put(
        &mut io,
        "throttleWriteIOPSDevice",
        of_devices(&wanted.device_write_iops, "rate"),
    );
    io
}

fn put(group: &mut Map<String, Value>, name: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        group.insert(name.to_owned(), value.into());
    }
}

/// `process.rlimits`.
///
/// # Errors
/// When a name is unknown or the soft limit exceeds the hard one.
pub(super) fn rlimits(ulimits: &[Ulimit]) -> Result<Vec<Value>> {
    ulimits.iter().map(rlimit).collect()
}

fn rlimit(ulimit: &Ulimit) -> Result<Value> {
    const KNOWN: [&str; 16] = [
        "as",
        "core",
        "cpu",
        "data",
        "fsize",
        "locks",
        "memlock",
        "msgqueue",
        "nice",
        "nofile",
        "nproc",
        "rss",
        "rtprio",
        "rttime",
        "sigpending",
        "stack",
    ];
    let Ulimit { name, soft, hard } = ulimit;
    if !KNOWN.contains(&name.as_str()) {
        return Err(Error::new(Kind::Usage, format!("invalid ulimit type: {name}"))
            .hint(format!("the types are {}", KNOWN.join(", "))));
    }
    if soft > hard {
        return Err(Error::new(
            Kind::Usage,
            format!("ulimit soft limit must be less than or equal to hard limit: {soft} > {hard}"),
        ));
    }
    Ok(json!({"type": format!("RLIMIT_{}", name.to_uppercase()), "soft": soft, "hard": hard}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_become_resources() {
        let resources = Resources {
            memory: Some(1 << 20),
            nano_cpus: Some(1_500_000_000),
            cpu_shares: Some(512),
            pids: Some(0),
            ..Resources::default()
        };
        let options = Options {
            resources,
            ..Options::default()
        };
        assert_eq!(
            cgroup(&options, &Facts::default(), json!([])),
            json!({"devices": [], "memory": {"limit": 1 << 20, "swap": 2 << 20},
                   "cpu": {"quota": 150_000, "period": 100_000, "shares": 512}, "pids": {"limit": -1}})
        );
        assert_eq!(
            cgroup(&Options::default(), &Facts::default(), json!([])),
            json!({"devices": []}),
            "nothing is limited unasked"
        );
    }

    #[test]
    fn every_limit_has_its_place() {
        let number = |number| {
            vec![DeviceNumber {
                path: "/dev/sda".to_owned(),
                number,
            }]
        };
        let resources = Resources {
            memory: Some(64 << 20),
            memory_swap: Some(-1),
            memory_reservation: Some(32 << 20),
            memory_swappiness: Some(0),
            oom_kill_disable: true,
            cpu_period: Some(50_000),
            cpu_quota: Some(25_000),
            cpu_rt_period: Some(1_000_000),
            cpu_rt_runtime: Some(1000),
            cpuset_cpus: Some("0-1".to_owned()),
            cpuset_mems: Some("0".to_owned()),
            blkio_weight: Some(300),
            blkio_weight_device: number(200),
            device_read_bps: number(1 << 20),
            device_write_iops: number(7),
            ..Resources::default()
        };
        let mut facts = Facts::default();
        facts.limited_devices.insert("/dev/sda".to_owned(), (8, 0));
        let device = |word: &str, number: u64| json!([{"major": 8, "minor": 0, word: number}]);
        let mut expected = json!({
            "memory": {"limit": 64 << 20, "swap": -1, "reservation": 32 << 20, "swappiness": 0, "disableOOMKiller": true},
            "cpu": {"quota": 25_000, "period": 50_000, "realtimePeriod": 1_000_000, "realtimeRuntime": 1000,
                    "cpus": "0-1", "mems": "0"},
            "blockIO": {"weight": 300, "weightDevice": device("weight", 200),
                        "throttleReadBpsDevice": device("rate", 1 << 20), "throttleWriteIOPSDevice": device("rate", 7)},
        });
        assert_eq!(Value::Object(limits(&resources, &facts)), expected);
        facts.cgroup2 = true;
        if let Some(memory) = expected["memory"].as_object_mut() {
            memory.remove("disableOOMKiller");
        }
        assert_eq!(
            Value::Object(limits(&resources, &facts)),
            expected,
            "v2 has no such switch"
        );
    }

    #[test]
    fn ulimits_are_checked() {
        let ulimit = |name: &str, soft, hard| Ulimit {
            name: name.to_owned(),
            soft,
            hard,
        };
        assert_eq!(
            rlimits(&[ulimit("nofile", 5, 6)]).unwrap(),
            [json!({"type": "RLIMIT_NOFILE", "soft": 5, "hard": 6})]
        );
        assert!(
            rlimits(&[ulimit("files", 5, 6)])
                .unwrap_err()
                .to_string()
                .contains("invalid ulimit type: files")
        );
        assert!(rlimits(&[ulimit("nofile", 7, 6)]).is_err());
    }
}
