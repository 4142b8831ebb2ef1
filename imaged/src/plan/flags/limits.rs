//! The values of options that limit a container, and docker's checks of them.

use super::{size, wrong};
use crate::error::Result;
use crate::plan::options::{DeviceNumber, Resources};

/// Docker's least memory limit: below it, containers die while they are set up.
const MIN_MEMORY: i64 = 6 << 20;

/// A number of bytes; -1 is no limit.
pub(crate) fn bytes_or_unlimited(text: &str) -> Result<i64> {
    match text {
        "-1" => Ok(-1),
        text => size(text).map(|size| i64::try_from(size).unwrap_or(i64::MAX)),
    }
}

/// `/dev/sda:200`: a weight from 10 to 1000, or 0.
pub(crate) fn device_weight(text: &str) -> Result<DeviceNumber> {
    let (path, number) = device_number(text)?;
    match number.parse() {
        Ok(number @ (0 | 10..=1000)) => Ok(DeviceNumber { path, number }),
        _ => Err(wrong(format!("invalid weight for device: {text}"))),
    }
}

/// `/dev/sda:1mb`: bytes a second.
pub(crate) fn device_bytes(text: &str) -> Result<DeviceNumber> {
    let (path, number) = device_number(text)?;
    let number = size(&number).map_err(|_| {
        wrong(format!(
            "invalid rate for device: {text}. The correct format is <device-path>:<number>[<unit>]. Number must be a \
             positive integer. Unit is optional and can be kb, mb, or gb"
        ))
    })?;
    Ok(DeviceNumber { path, number })
}

/// `/dev/sda:100`: operations a second.
pub(crate) fn device_operations(text: &str) -> Result<DeviceNumber> {
    let (path, number) = device_number(text)?;
    let number = number.parse().map_err(|_| {
        wrong(format!(
            "invalid rate for device: {text}. The correct format is <device-path>:<number>. Number must be a positive \
             integer"
        ))
    })?;
    Ok(DeviceNumber { path, number })
}

fn device_number(text: &str) -> Result<(String, String)> {
    match text.rsplit_once(':') {
        Some((path, _)) if !path.starts_with("/dev/") => {
            Err(wrong(format!("bad format for device path: {text}")))
        }
        Some((path, number)) if !number.is_empty() => Ok((path.to_owned(), number.to_owned())),
        _ => Err(wrong(format!("bad format: {text}"))),
    }
}

/// A rule of the devices' cgroup: `c 1:3 rwm`, `a *:* m`.
pub(crate) fn device_rule(text: &str) -> Result<String> {
    // One that does not fit must not be taken for all.
    let number = |text: &str| {
        text == "*" || (text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u32>().is_ok())
    };
    let words: Vec<&str> = text.split(' ').collect();
    let fits = match words.as_slice() {
        [kind, numbers, access] => {
            matches!(*kind, "a" | "b" | "c")
                && numbers
                    .split_once(':')
                    .is_some_and(|(major, minor)| number(major) && number(minor))
                && (1..=3).contains(&access.len())
                && access.chars().all(|c| "rwm".contains(c))
        }
        _ => false,
    };
    match fits {
        true => Ok(text.to_owned()),
        false => {
            Err(wrong(format!("invalid device cgroup format '{text}'")).hint("write it as in 'c 10:229 rwm'"))
        }
    }
}

/// A list of processors or memory nodes, `0-2,7`, as the kernel takes it.
pub(crate) fn number_list(text: &str, what: &str) -> Result<String> {
    let is_range = |part: &str| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        matches!((first.parse::<u16>(), last.parse::<u16>()), (Ok(first), Ok(last)) if first <= last)
    };
    match text.split(',').all(is_range) {
        true => Ok(text.to_owned()),
        false => {
            Err(wrong(format!("Invalid value {text} for {what}"))
                .hint("write numbers and ranges, as in 0-2,7"))
        }
    }
}

/// A cgroup below which the container's own is made; nothing in it leads up.
pub(crate) fn cgroup_parent(text: &str) -> Result<String> {
    let parts: Vec<&str> = text.split('/').filter(|part| !part.is_empty()).collect();
    match parts.is_empty() || parts.iter().any(|part| matches!(*part, "." | "..")) {
        true => Err(wrong(format!("invalid cgroup parent: {text}"))),
        false => Ok(format!("/{}", parts.join("/"))),
    }
}

/// `80`, `80/udp`, `8000-8010/tcp`: each port with its protocol.
pub(crate) fn exposed(text: &str) -> Result<Vec<String>> {
    let invalid = || wrong(format!("invalid range format for --expose: {text}"));
    let (range, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let protocol = protocol.to_lowercase();
    if !matches!(protocol.as_str(), "tcp" | "udp" | "sctp") {
        return Err(wrong(format!("invalid proto: {protocol}")));
    }
    let (first, last) = range.split_once('-').unwrap_or((range, range));
    let port = |text: &str| {
        text.parse::<u16>()
            .ok()
            .filter(|port| *port > 0)
            .ok_or_else(invalid)
    };
    let (first, last) = (port(first)?, port(last)?);
    match first <= last {
        true => Ok((first..=last).map(|port| format!("{port}/{protocol}")).collect()),
        false => Err(invalid()),
    }
}

/// Docker's checks of limits that depend on each other.
pub(crate) fn check(limits: &Resources) -> Result<()> {
    let least = |limit: Option<i64>, text: &str| match limit {
        Some(0..MIN_MEMORY) => Err(wrong(text.to_owned())),
        _ => Ok(()),
    };
    least(limits.memory, "Minimum memory limit allowed is 6MB")?;
    least(
        limits.memory_reservation,
        "Minimum memory reservation allowed is 6MB",
    )?;
    check_memory(limits)?;
    if limits.nano_cpus.is_some() {
        let conflict = |other: &str| {
            Err(wrong(format!(
                "Conflicting options: Nano CPUs and {other} cannot both be set."
            )))
        };
        if limits.cpu_period.is_some() {
            return conflict("CPU Period");
        }
        if limits.cpu_quota.is_some() {
            return conflict("CPU Quota");
        }
    }
    if limits
        .cpu_period
        .is_some_and(|period| !(1000..=1_000_000).contains(&period))
    {
        return Err(wrong(
            "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)".to_owned(),
        ));
    }
    if limits.cpu_quota.is_some_and(|quota| (1..1000).contains(&quota)) {
        return Err(wrong(
            "CPU cfs quota can not be less than 1ms (i.e. 1000)".to_owned(),
        ));
    }
    if limits
        .blkio_weight
        .is_some_and(|weight| !(10..=1000).contains(&weight))
    {
        return Err(wrong("Range of blkio weight is from 10 to 1000".to_owned()));
    }
    Ok(())
}

fn check_memory(limits: &Resources) -> Result<()> {
    match (limits.memory, limits.memory_swap) {
        (None, Some(1..)) => {
            return Err(wrong(
                "You should always set the Memory limit when using Memoryswap limit, see usage".to_owned(),
            ));
        }
        (Some(memory), Some(swap)) if swap > 0 && swap < memory => {
            return Err(wrong(
                "Minimum memoryswap limit should be larger than memory limit, see usage".to_owned(),
            ));
        }
        _ => {}
    }
    if let (Some(memory), Some(reservation)) = (limits.memory, limits.memory_reservation)
        && memory > 0
        && reservation > memory
    {
        return Err(wrong(
            "Minimum memory limit can not be less than memory reservation limit, see usage".to_owned(),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_of_devices() {
        let number = |path: &str, number| DeviceNumber {
            path: path.to_owned(),
            number,
        };
        assert_eq!(device_weight("/dev/sda:500").unwrap(), number("/dev/sda", 500));
        assert_eq!(device_bytes("/dev/sda:1mb").unwrap(), number("/dev/sda", 1 << 20));
        assert_eq!(device_operations("/dev/sda:9").unwrap(), number("/dev/sda", 9));
        for bad in ["/dev/sda", "/dev/sda:", "sda:5", "/dev/sda:x", "/dev/sda:-1"] {
            assert!(device_weight(bad).is_err() && device_bytes(bad).is_err(), "{bad}");
            assert!(device_operations(bad).is_err(), "{bad}");
        }
        assert!(device_weight("/dev/sda:5").is_err());
    }

    #[test]
    fn rules_of_devices() {
        for good in ["c 1:3 rwm", "b *:* r", "a *:1 m"] {
            assert_eq!(device_rule(good).unwrap(), good);
        }
        for bad in [
            "",
            "c 1:3",
            "d 1:3 r",
            "c 1 r",
            "c :3 r",
            "c 1:3 x",
            "c 1:3 rwmr",
            "c  1:3 r",
            "c 4294967296:0 rwm",
            "b 1:99999999999 rwm",
        ] {
            assert!(device_rule(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn lists_parents_and_ports() {
        for (list, good) in [
            ("0", true),
            ("0-2,7", true),
            ("", false),
            ("2-1", false),
            ("a", false),
            ("0,", false),
        ] {
            assert_eq!(number_list(list, "cpuset cpus").is_ok(), good, "{list}");
        }
        assert_eq!(cgroup_parent("a//b/").unwrap(), "/a/b");
        for bad in ["", "/", "../x", "/a/../b"] {
            assert!(cgroup_parent(bad).is_err(), "{bad}");
        }
        assert_eq!(exposed("80").unwrap(), ["80/tcp"]);
        assert_eq!(exposed("8000-8001/UDP").unwrap(), ["8000/udp", "8001/udp"]);
        for bad in ["", "x", "0", "2-1", "80/ftp", "70000"] {
            assert!(exposed(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn swap_without_end_needs_no_limit_of_memory() {
        let limits = Resources {
            memory_swap: Some(-1),
            ..Resources::default()
        };
        assert!(check(&limits).is_ok());
    }

    #[test]
    fn limits_that_contradict_each_other() {
        let none = Resources::default;
        for (limits, words) in [
            (
                Resources {
                    memory: Some(1 << 20),
                    ..none()
                },
                "allowed is 6MB",
            ),
            (
                Resources {
                    memory_swap: Some(1 << 30),
                    ..none()
                },
                "always set the Memory limit",
            ),
            (
                Resources {
                    memory: Some(64 << 20),
                    memory_swap: Some(32 << 20),
                    ..none()
                },
                "larger than memory",
            ),
            (
                Resources {
                    memory: Some(64 << 20),
                    memory_reservation: Some(65 << 20),
                    ..none()
                },
                "reservation",
            ),
            (
                Resources {
                    nano_cpus: Some(1),
                    cpu_period: Some(5000),
                    ..none()
                },
                "CPU Period cannot both",
            ),
            (
                Resources {
                    nano_cpus: Some(1),
                    cpu_quota: Some(5000),
                    ..none()
                },
                "CPU Quota cannot both",
            ),
            (
                Resources {
                    cpu_period: Some(1),
                    ..none()
                },
                "cfs period",
            ),
            (
                Resources {
                    cpu_quota: Some(1),
                    ..none()
                },
                "cfs quota",
            ),
            (
                Resources {
                    blkio_weight: Some(5),
                    ..none()
                },
                "blkio weight",
            ),
        ] {
            let error = check(&limits).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
        check(&Resources {
            memory: Some(64 << 20),
            memory_swap: Some(-1),
            cpu_quota: Some(-1),
            ..none()
        })
        .unwrap();
    }
}
