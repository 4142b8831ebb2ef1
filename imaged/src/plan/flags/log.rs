//! `--log-driver` and `--log-opt`.

use super::{labels, wrong};
use crate::error::Result;
use crate::format::Template;
use crate::plan::log_attributes;
use crate::plan::options::{Log, LogDriver};

/// Docker's drivers and options that are still to come.
const LATER_DRIVERS: [&str; 8] = [
    "awslogs", "etwlogs", "fluentd", "gcplogs", "gelf", "local", "splunk", "syslog",
];
/// Docker's buffer of a container that does not wait for its log.
const BUFFER: u64 = 1 << 20;

/// A driver, if one is named, and its options (`name=value`).
pub(crate) fn log(driver: Option<&str>, options: &[String]) -> Result<Log> {
    let driver = match driver {
        None | Some("json-file") => LogDriver::JsonFile,
        Some("k8s-file") => LogDriver::K8sFile,
        Some("journald") => LogDriver::Journald,
        Some("none") => LogDriver::None,
        Some(later) if LATER_DRIVERS.contains(&later) => {
            return Err(wrong(format!("the log driver {later} is not supported yet")).hint(DRIVERS));
        }
        Some(other) => {
            return Err(wrong(format!("logger: no log driver named '{other}' is registered")).hint(DRIVERS));
        }
    };
    let mut log = Log {
        driver,
        typed: labels(options.iter().map(String::as_str))?,
        ..Log::default()
    };
    for (name, value) in log.typed.clone() {
        set(&mut log, &name, &value)?;
    }
    if log.typed.contains_key("max-buffer-size") && log.buffer.is_none() {
        return Err(wrong(
            "logger: max-buffer-size option is only supported with 'mode=non-blocking'".to_owned(),
        ));
    }
    if log.compress && (log.max_size.is_none() || log.max_files.unwrap_or(1) < 2) {
        return Err(wrong(
            "compress cannot be true when max-file is less than 2 or max-size is not set".to_owned(),
        ));
    }
    Ok(log)
}

const DRIVERS: &str = "there are json-file, k8s-file, journald and none";

fn set(log: &mut Log, name: &str, value: &str) -> Result<()> {
    let invalid = || wrong(format!("invalid value for the log option {name}: {value}"));
    match name {
        _ if log.driver == LogDriver::None => return Err(unknown(log, name)),
        "max-size" | "max-file" | "compress" if !log.driver.is_file() => return Err(unknown(log, name)),
        "max-size" if value == "-1" => {}
        "max-size" => match decimal_size(value).ok_or_else(invalid)? {
            0 => return Err(wrong("max-size must be a positive number".to_owned())),
            size => log.max_size = Some(size),
        },
        "max-file" => match value.parse().map_err(|_| invalid())? {
            0 => return Err(wrong("max-file cannot be less than 1".to_owned())),
            files @ 1..=1000 => log.max_files = Some(files),
            _ => return Err(invalid().hint("at most 1000 files are kept")),
        },
        "compress" => {
            log.compress = match value {
                "1" | "t" | "T" | "true" | "TRUE" | "True" => true,
                "0" | "f" | "F" | "false" | "FALSE" | "False" => false,
                _ => return Err(invalid().hint("write true or false")),
            }
        }
        "mode" => match value {
            "blocking" => {}
            "non-blocking" => {
                let size = log.typed.get("max-buffer-size");
                let size = size.map(|size| {
                    super::size(size)
                        .map_err(|_| wrong(format!("error getting max-buffer-size: invalid size: '{size}'")))
                });
                log.buffer = Some(size.transpose()?.unwrap_or(BUFFER));
            }
            _ => {
                return Err(wrong(format!(
                    "logger: logging mode \"{value}\" is not valid, must be \"blocking\" or \"non-blocking\""
                )));
            }
        },
        // Read with the mode.
        "max-buffer-size" => {}
        "tag" | "labels" | "env" | "labels-regex" | "env-regex" if log.driver == LogDriver::K8sFile => {
            return Err(
                unknown(log, name).hint("its format has no place for attributes, that of json-file has")
            );
        }
        "tag" => drop(Template::parse(value)?),
        "labels-regex" | "env-regex" => drop(log_attributes::pattern(name, value)?),
        "labels" | "env" => {}
        "path" => return Err(wrong("the log option path is not supported yet".to_owned())),
        _ => return Err(unknown(log, name)),
    }
    Ok(())
}

/// As docker reads this size, and no other: units are powers of 1000.
fn decimal_size(text: &str) -> Option<u64> {
    let lower = text.to_lowercase();
    let digits = lower.trim_end_matches(|unit: char| unit.is_ascii_alphabetic());
    let factor = match &lower[digits.len()..] {
        "" | "b" => 1,
        "k" | "kb" => 1_000,
        "m" | "mb" => 1_000_000,
        "g" | "gb" => 1_000_000_000,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(factor)
}

fn unknown(log: &Log, name: &str) -> crate::error::Error {
    wrong(format!(
        "unknown log opt '{name}' for {} log driver",
        log.driver.name()
    ))
    .hint(
        "there are mode and max-buffer-size, for files max-size, max-file and compress, \
         for json-file and journald tag, labels, labels-regex, env and env-regex",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(driver: Option<&str>, options: &[&str]) -> Result<Log> {
        let options: Vec<String> = options.iter().map(|option| (*option).to_owned()).collect();
        log(driver, &options)
    }

    #[test]
    fn options_bound_the_log() {
        let log = parse(None, &["max-size=10k", "max-file=3", "compress=true"]).unwrap();
        assert_eq!(
            (log.driver, log.max_size, log.max_files, log.compress),
            (LogDriver::JsonFile, Some(10_000), Some(3), true)
        );
        assert_eq!(log.typed["max-size"], "10k");
        assert_eq!(parse(Some("k8s-file"), &[]).unwrap().driver, LogDriver::K8sFile);
        assert_eq!(parse(Some("none"), &[]).unwrap().driver, LogDriver::None);
        assert_eq!(parse(Some("journald"), &[]).unwrap().driver, LogDriver::Journald);
        assert_eq!(parse(None, &["mode=blocking"]).unwrap().buffer, None);
        assert_eq!(parse(None, &["mode=non-blocking"]).unwrap().buffer, Some(1 << 20));
        let buffered = parse(None, &["mode=non-blocking", "max-buffer-size=4m"]);
        assert_eq!(buffered.unwrap().buffer, Some(4 << 20));
        assert_eq!(parse(None, &["max-size=-1"]).unwrap().max_size, None);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (driver, options, part) in [
            (Some("paper"), &[][..], "no log driver named 'paper'"),
            (Some("syslog"), &[], "not supported yet"),
            (Some("journald"), &["max-size=1k"], "for journald log driver"),
            (None, &["mode=sometimes"], "must be"),
            (
                None,
                &["max-buffer-size=1m"],
                "only supported with 'mode=non-blocking'",
            ),
            (None, &["mode=non-blocking", "max-buffer-size=x"], "invalid size"),
            (None, &["max-size=0"], "positive"),
            (None, &["max-size=big"], "invalid value"),
            (None, &["max-file=0"], "less than 1"),
            (None, &["max-file=many"], "max-file"),
            (None, &["max-size=1k", "compress=true"], "max-file is less than 2"),
            (None, &["compress=perhaps", "max-size=1k"], "perhaps"),
            (None, &["colour=red"], "unknown log opt 'colour'"),
            (None, &["path=x"], "not supported yet"),
            (None, &["tag={{.ID"], "template parsing error"),
            (
                Some("journald"),
                &["labels-regex=("],
                "labels-regex: regex parse error",
            ),
            (Some("k8s-file"), &["tag=x"], "for k8s-file log driver"),
            (Some("none"), &["max-size=1k"], "for none log driver"),
        ] {
            let error = parse(driver, options).unwrap_err().to_string();
            assert!(error.contains(part), "{options:?}: {error}");
        }
    }
}
