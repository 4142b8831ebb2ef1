//! Limits: the container's cgroup and the processes' rlimits.

use serde_json::{Map, Value, json};

use super::options::{Options, Ulimit};
use crate::error::{Error, Kind, Result};

/// The period over which processor time is counted, in microseconds.
const CPU_PERIOD: u64 = 100_000;

/// `linux.resources`, with the device rules that were worked out elsewhere.
pub(super) fn cgroup(options: &Options, devices: Value) -> Value {
    let wanted = &options.resources;
    let mut resources = Map::new();
    resources.insert("devices".to_owned(), devices);
    let mut memory = Map::new();
    if let Some(limit) = wanted.memory {
        memory.insert("limit".to_owned(), limit.into());
        // Docker's rule: as much swap again as memory, unless said otherwise.
        memory.insert(
            "swap".to_owned(),
            wanted
                .memory_swap
                .unwrap_or_else(|| limit.saturating_mul(2))
                .into(),
        );
    }
    if !memory.is_empty() {
        resources.insert("memory".to_owned(), memory.into());
    }
    let mut cpu = Map::new();
    if let Some(shares) = wanted.cpu_shares {
        cpu.insert("shares".to_owned(), shares.into());
    }
    if let Some(nano) = wanted.nano_cpus {
        let quota = i128::from(nano) * i128::from(CPU_PERIOD) / 1_000_000_000;
        cpu.insert(
            "quota".to_owned(),
            i64::try_from(quota).unwrap_or(i64::MAX).into(),
        );
        cpu.insert("period".to_owned(), CPU_PERIOD.into());
    }
    if !cpu.is_empty() {
        resources.insert("cpu".to_owned(), cpu.into());
    }
    if let Some(limit) = wanted.pids {
        resources.insert(
            "pids".to_owned(),
            json!({"limit": if limit == 0 { -1 } else { limit }}),
        );
    }
    Value::Object(resources)
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
    use super::super::options::Resources;
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
            cgroup(&options, json!([])),
            json!({"devices": [], "memory": {"limit": 1 << 20, "swap": 2 << 20},
                   "cpu": {"quota": 150_000, "period": 100_000, "shares": 512}, "pids": {"limit": -1}})
        );
        assert_eq!(
            cgroup(&Options::default(), json!([])),
            json!({"devices": []}),
            "nothing is limited unasked"
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
