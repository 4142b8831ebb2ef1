//! The values of options as docker writes them: sizes, limits, devices, hosts, labels, variables, signals.

mod limits;
mod log;
mod mount;
mod restart;

use std::collections::BTreeMap;

use super::options::{Device, Host, Ulimit};
use crate::error::{Error, Kind, Result};

pub(crate) use limits::{
    bytes_or_unlimited, cgroup_parent, check as check_limits, device_bytes, device_operations, device_rule,
    device_weight, exposed, number_list,
};
pub(crate) use log::log;
pub(crate) use mount::{mount, tmpfs, volume};
pub(crate) use restart::restart;

fn wrong(message: String) -> Error {
    Error::new(Kind::Usage, message)
}

/// A size in bytes: `64m`, `1.5GiB`, `1024`; units are powers of 1024 whatever their spelling.
pub(crate) fn size(text: &str) -> Result<u64> {
    let invalid =
        || wrong(format!("invalid size: '{text}'")).hint("a size is a number with b, k, m, g or t behind it");
    let lower = text.trim().to_lowercase();
    let digits = lower
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(lower.len());
    let (number, unit) = lower.split_at(digits);
    let shift = match unit.trim() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 10,
        "m" | "mb" | "mib" => 20,
        "g" | "gb" | "gib" => 30,
        "t" | "tb" | "tib" => 40,
        _ => return Err(invalid()),
    };
    if let Ok(whole) = number.parse::<u64>() {
        return whole
            .checked_mul(1 << shift)
            .filter(|size| i64::try_from(*size).is_ok())
            .ok_or_else(invalid);
    }
    let number: f64 = number.parse().map_err(|_| invalid())?;
    #[expect(clippy::cast_precision_loss, reason = "a power of two is exact")]
    let bytes = number * (1_u64 << shift) as f64;
    if !(0.0..9e18).contains(&bytes) {
        return Err(invalid());
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range was just checked"
    )]
    Ok(bytes as u64)
}

/// Processors in billionths: `1.5`.
pub(crate) fn cpus(text: &str) -> Result<i64> {
    let invalid = || {
        wrong(format!(
            "invalid argument '{text}' for '--cpus': a number such as 1.5 is needed"
        ))
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() + fraction.len() == 0 || fraction.len() > 9 || !digits(whole) || !digits(fraction) {
        return Err(invalid());
    }
    let whole: i64 = if whole.is_empty() {
        0
    } else {
        whole.parse().map_err(|_| invalid())?
    };
    let fraction: i64 = format!("{fraction:0<9}").parse().map_err(|_| invalid())?;
    whole
        .checked_mul(1_000_000_000)
        .and_then(|nano| nano.checked_add(fraction))
        .ok_or_else(invalid)
}

/// Docker's check of [`cpus`] on a machine with so many: what the kernel would not tell from none, or never reach.
pub(crate) fn check_cpus(nano: i64, available: i64) -> Result<()> {
    match (10_000_000..=available.saturating_mul(1_000_000_000)).contains(&nano) {
        true => Ok(()),
        false => Err(wrong(format!(
            "range of CPUs is from 0.01 to {available}.00, as there are only {available} CPUs available"
        ))),
    }
}

/// A host name as sethostname(2) takes it and RFC 1123 writes it; docker's users have underscores, too.
pub(crate) fn host_name(name: &str) -> Result<&str> {
    let good = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    let label = |label: &str| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-');
    if name.len() > 64 || !name.chars().all(good) || !name.split('.').all(label) {
        return Err(wrong(format!("invalid hostname format: '{name}'"))
            .hint("at most 64 letters, digits, hyphens and dots, as in web-1.example.org"));
    }
    Ok(name)
}

/// `nofile=1024:2048`, `core=-1`.
pub(crate) fn ulimit(text: &str) -> Result<Ulimit> {
    let invalid =
        || wrong(format!("invalid ulimit argument: {text}")).hint("write NAME=SOFT[:HARD], -1 is unlimited");
    let number = |text: &str| match text {
        "-1" | "unlimited" => Ok(u64::MAX),
        text => text.parse().map_err(|_| invalid()),
    };
    let (name, limits) = text.split_once('=').ok_or_else(invalid)?;
    let (soft, hard) = limits.split_once(':').unwrap_or((limits, limits));
    Ok(Ulimit {
        name: name.to_lowercase(),
        soft: number(soft)?,
        hard: number(hard)?,
    })
}

/// `/dev/fuse`, `/dev/sda:/dev/xvda`, `/dev/sda:/dev/xvda:r`.
pub(crate) fn device(text: &str) -> Result<Device> {
    let is_access = |word: &str| !word.is_empty() && word.chars().all(|c| "rwm".contains(c));
    let parts: Vec<&str> = text.split(':').collect();
    let (source, target, access) = match parts.as_slice() {
        [source] => (*source, *source, "rwm"),
        [source, access] if is_access(access) => (*source, *source, *access),
        [source, target] => (*source, *target, "rwm"),
        [source, target, access] if is_access(access) => (*source, *target, *access),
        _ => return Err(wrong(format!("invalid device specification: {text}"))),
    };
    if !source.starts_with('/') || !target.starts_with('/') {
        return Err(wrong(format!(
            "invalid device specification: {text}: paths must be absolute"
        )));
    }
    Ok(Device {
        source: source.to_owned(),
        target: target.to_owned(),
        access: access.to_owned(),
    })
}

/// `name:address`, also `name=address`.
pub(crate) fn host(text: &str) -> Result<Host> {
    let split = text.split_once('=').or_else(|| text.split_once(':'));
    let (name, address) = split.ok_or_else(|| wrong(format!("bad format for add-host: \"{text}\"")))?;
    let bare = address.trim_start_matches('[').trim_end_matches(']');
    if name.is_empty() || name.contains(char::is_whitespace) || bare.parse::<std::net::IpAddr>().is_err() {
        return Err(wrong(format!("invalid IP address in add-host: \"{address}\"")));
    }
    Ok(Host {
        name: name.to_owned(),
        address: bare.to_owned(),
    })
}

/// A name server.
pub(crate) fn name_server(text: &str) -> Result<String> {
    text.parse::<std::net::IpAddr>()
        .map(|address| address.to_string())
        .map_err(|_| wrong(format!("{text} is not an ip address")))
}

/// `key=value` or `key`, one per entry.
pub(crate) fn labels<'a>(entries: impl IntoIterator<Item = &'a str>) -> Result<BTreeMap<String, String>> {
    let mut labels = BTreeMap::new();
    for entry in entries {
        let (key, value) = entry.split_once('=').unwrap_or((entry, ""));
        if key.is_empty() {
            return Err(wrong(format!("invalid label '{entry}': empty name")));
        }
        labels.insert(key.to_owned(), value.to_owned());
    }
    Ok(labels)
}

/// The lines of an --env-file or --label-file: no comments, no blank lines.
pub(crate) fn file_lines(text: &str) -> impl Iterator<Item = &str> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    text.lines()
        .map(str::trim_start)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// A variable as typed: its name must not be empty, and in a file it has no blanks.
pub(crate) fn variable(entry: &str) -> Result<&str> {
    let name = entry.split('=').next().unwrap_or_default();
    if name.is_empty() {
        return Err(wrong(format!("invalid environment variable: {entry}")));
    }
    if name.contains(char::is_whitespace) {
        return Err(wrong(format!("variable '{name}' contains whitespaces")));
    }
    Ok(name)
}

/// The number of a signal: `9`, `KILL`, `SIGKILL`, `RTMIN+3`.
pub(crate) fn signal(text: &str) -> Result<i32> {
    const NAMES: [&str; 31] = [
        "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE",
        "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ",
        "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
    ];
    const REALTIME: std::ops::RangeInclusive<i32> = 34..=64;
    let invalid = || wrong(format!("Invalid signal: {text}"));
    if let Ok(number) = text.parse::<i32>() {
        return if (1..=64).contains(&number) {
            Ok(number)
        } else {
            Err(invalid())
        };
    }
    let upper = text.to_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    if let Some(at) = NAMES.iter().position(|known| *known == name) {
        return i32::try_from(at + 1).map_err(|_| invalid());
    }
    let offset = |rest: &str| {
        if rest.is_empty() {
            Some(0)
        } else {
            rest[1..].parse::<i32>().ok()
        }
    };
    let number = match (name.strip_prefix("RTMIN"), name.strip_prefix("RTMAX")) {
        (Some(rest), _) if rest.is_empty() || rest.starts_with('+') => {
            offset(rest).map(|n| REALTIME.start() + n)
        }
        (_, Some(rest)) if rest.is_empty() || rest.starts_with('-') => {
            offset(rest).map(|n| REALTIME.end() - n)
        }
        _ => None,
    };
    number
        .filter(|number| REALTIME.contains(number))
        .ok_or_else(invalid)
}

/// A name of a container: docker's `[a-zA-Z0-9][a-zA-Z0-9_.-]+`.
pub(crate) fn container_name(name: &str) -> Result<&str> {
    let bare = name.strip_prefix('/').unwrap_or(name);
    let good = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    if bare.len() < 2
        || bare.len() > 255
        || !bare.chars().all(good)
        || !bare.starts_with(|c: char| c.is_ascii_alphanumeric())
    {
        return Err(wrong(format!(
            "Invalid container name ({name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed"
        )));
    }
    Ok(bare)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_names() {
        for name in ["a", "web-1", "web_1", "a.b.example.org", &"x".repeat(64)] {
            assert!(host_name(name).is_ok(), "{name}");
        }
        for name in ["", "a b", "-a", "a-", "a..b", "ü", "a/b", "a\n", &"x".repeat(65)] {
            assert!(host_name(name).is_err(), "{name}");
        }
    }

    #[test]
    fn processors_there_are() {
        assert!(check_cpus(10_000_000, 2).is_ok());
        assert!(check_cpus(2_000_000_000, 2).is_ok());
        assert!(check_cpus(9_999_999, 2).is_err());
        let error = check_cpus(2_000_000_001, 2).unwrap_err();
        assert_eq!(
            error.to_string(),
            "range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available"
        );
    }

    #[test]
    fn sizes() {
        for (text, bytes) in [
            ("0", 0),
            ("512", 512),
            ("64m", 64 << 20),
            ("1.5k", 1536),
            ("2GiB", 2 << 30),
            ("1 mb", 1 << 20),
        ] {
            assert_eq!(size(text).unwrap(), bytes, "{text}");
        }
        for text in ["", "m", "-1", "1x", "99999999999g", "1..2k", "nan"] {
            assert!(size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn processors() {
        assert_eq!(cpus("1.5").unwrap(), 1_500_000_000);
        assert_eq!(cpus(".25").unwrap(), 250_000_000);
        for text in ["", ".", "-1", "a", "1e3", "1.0000000001"] {
            assert!(cpus(text).is_err(), "{text}");
        }
    }

    #[test]
    fn limits() {
        assert_eq!(
            ulimit("NOFILE=1:2").unwrap(),
            Ulimit {
                name: "nofile".to_owned(),
                soft: 1,
                hard: 2
            }
        );
        assert_eq!(ulimit("core=-1").unwrap().hard, u64::MAX);
        assert!(ulimit("nofile").is_err());
        assert!(ulimit("nofile=x").is_err());
    }

    #[test]
    fn devices() {
        let parsed = |text| {
            device(text)
                .map(|device| (device.source, device.target, device.access))
                .unwrap()
        };
        let owned = |a: &str, b: &str, c: &str| (a.to_owned(), b.to_owned(), c.to_owned());
        assert_eq!(parsed("/dev/fuse"), owned("/dev/fuse", "/dev/fuse", "rwm"));
        assert_eq!(parsed("/dev/a:r"), owned("/dev/a", "/dev/a", "r"));
        assert_eq!(parsed("/dev/a:/dev/b:rw"), owned("/dev/a", "/dev/b", "rw"));
        for text in ["", "dev", "/dev/a:/dev/b:x", "/dev/a:b:c:d"] {
            assert!(device(text).is_err(), "{text}");
        }
    }

    #[test]
    fn hosts_and_labels() {
        assert_eq!(host("db:10.0.0.1").unwrap().address, "10.0.0.1");
        assert_eq!(host("db:[::1]").unwrap().address, "::1");
        assert_eq!(host("db=fe80::1").unwrap().address, "fe80::1");
        assert!(host("db").is_err());
        assert!(host("db:nowhere").is_err());
        assert_eq!(
            labels(["a=1=2", "b"]).unwrap(),
            BTreeMap::from([("a".into(), "1=2".into()), ("b".into(), String::new())])
        );
        assert!(labels(["=x"]).is_err());
    }

    #[test]
    fn files_of_lines() {
        let lines: Vec<&str> = file_lines("\u{feff}A=1\n# no\n\n  B=two words \n").collect();
        assert_eq!(lines, ["A=1", "B=two words "]);
        assert!(variable("A B=1").is_err());
        assert!(variable("=1").is_err());
        assert_eq!(variable("A").unwrap(), "A");
    }

    #[test]
    fn signals() {
        for (text, number) in [
            ("9", 9),
            ("kill", 9),
            ("SIGTERM", 15),
            ("SYS", 31),
            ("RTMIN+3", 37),
            ("SIGRTMAX-1", 63),
        ] {
            assert_eq!(signal(text).unwrap(), number, "{text}");
        }
        for text in ["", "0", "65", "NOPE", "RTMIN+99", "RTMIN3", "SIG"] {
            assert!(signal(text).is_err(), "{text}");
        }
    }

    #[test]
    fn container_names() {
        assert_eq!(container_name("/web_1.a-b").unwrap(), "web_1.a-b");
        for name in ["", "a", "-a", ".ab", "a/b", "../x", "ä1"] {
            assert!(container_name(name).is_err(), "{name}");
        }
    }
}
