//! The health check: the image's, changed by what the user asked for, and as the shim takes it.

use std::time::Duration;

use serde_json::{Value, json};

use super::exec::{self, Process};
use crate::error::{Error, Kind, Result};
use crate::format::timestamp::parse_duration;
use crate::oci::{Config, Healthcheck};

/// Docker's defaults.
const INTERVAL: Duration = Duration::from_secs(30);
const TIMEOUT: Duration = Duration::from_secs(30);
const START_INTERVAL: Duration = Duration::from_secs(5);
const RETRIES: i64 = 3;
/// Docker's shell for commands of an image that names none.
const SHELL: [&str; 2] = ["/bin/sh", "-c"];

/// What the user says about it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    /// `--no-healthcheck`.
    pub(crate) none: bool,
    /// A command line for the shell.
    pub(crate) command: Option<String>,
    pub(crate) interval: Option<Duration>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) start_period: Option<Duration>,
    pub(crate) start_interval: Option<Duration>,
    /// Failures in a row that mean unhealthy; 0 is the image's number, or docker's.
    pub(crate) retries: Option<i64>,
}

impl Wanted {
    fn says_something(&self) -> bool {
        let times = [
            self.interval,
            self.timeout,
            self.start_period,
            self.start_interval,
        ];
        let is_set = |time: Option<Duration>| time.is_some_and(|time| !time.is_zero());
        self.command.is_some() || times.into_iter().any(is_set) || self.retries.is_some_and(|n| n != 0)
    }
}

/// The check of a container of an image.
///
/// # Errors
/// In docker's words, when the options contradict each other or make no sense.
pub(crate) fn merge(image: Option<Healthcheck>, wanted: &Wanted) -> Result<Option<Healthcheck>> {
    if wanted.none {
        if wanted.says_something() {
            return Err(wrong("--no-healthcheck conflicts with --health-* options"));
        }
        return Ok(Some(Healthcheck {
            test: vec!["NONE".to_owned()],
            ..Healthcheck::default()
        }));
    }
    if wanted.retries.is_some_and(|retries| retries < 0) {
        return Err(wrong("--health-retries cannot be negative"));
    }
    if !wanted.says_something() {
        return Ok(image);
    }
    let mut check = image.unwrap_or_default();
    if let Some(command) = &wanted.command {
        check.test = vec!["CMD-SHELL".to_owned(), command.clone()];
    }
    let Healthcheck {
        interval,
        timeout,
        start_period,
        start_interval,
        ..
    } = &mut check;
    for (name, asked, time) in [
        ("Interval", wanted.interval, interval),
        ("Timeout", wanted.timeout, timeout),
        ("StartPeriod", wanted.start_period, start_period),
        ("StartInterval", wanted.start_interval, start_interval),
    ] {
        let Some(asked) = asked.filter(|asked| !asked.is_zero()) else {
            continue;
        };
        if asked < Duration::from_millis(1) {
            return Err(wrong(&format!("{name} in Healthcheck cannot be less than 1ms")));
        }
        *time = i64::try_from(asked.as_nanos()).unwrap_or(i64::MAX);
    }
    if let Some(retries) = wanted.retries.filter(|retries| *retries > 0) {
        check.retries = retries;
    }
    Ok(Some(check))
}

/// What stands behind `HEALTHCHECK` in a Dockerfile: `NONE`, or options, `CMD`, and a JSON list or a line for the shell.
///
/// # Errors
/// Says what is wrong with it.
pub(crate) fn instruction(text: &str) -> Result<Healthcheck, String> {
    let mut check = Healthcheck::default();
    let mut rest = text.trim();
    while rest.starts_with("--") {
        let (option, behind) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        let (name, value) = option
            .split_once('=')
            .ok_or_else(|| format!("{option} needs a value"))?;
        let time = || {
            let time = parse_duration(value).ok_or_else(|| format!("{value} is no duration"))?;
            i64::try_from(time.as_nanos()).map_err(|_| format!("{value} is too long"))
        };
        match name {
            "--interval" => check.interval = time()?,
            "--timeout" => check.timeout = time()?,
            "--start-period" => check.start_period = time()?,
            "--start-interval" => check.start_interval = time()?,
            "--retries" => {
                check.retries = value
                    .parse::<u32>()
                    .map_err(|_| format!("{value} is no number"))?
                    .into();
            }
            _ => return Err(format!("there is no option {name}")),
        }
        rest = behind.trim_start();
    }
    let (word, command) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let command = command.trim();
    check.test = match word.to_ascii_uppercase().as_str() {
        "NONE" if command.is_empty() => vec!["NONE".to_owned()],
        "CMD" if !command.is_empty() => match serde_json::from_str::<Vec<String>>(command) {
            Ok(words) => [vec!["CMD".to_owned()], words].concat(),
            Err(_) => vec!["CMD-SHELL".to_owned(), command.to_owned()],
        },
        _ => return Err("NONE, or CMD and a command are needed".to_owned()),
    };
    Ok(check)
}

fn wrong(message: &str) -> Error {
    Error::new(Kind::Usage, message)
}

/// The check as the shim takes it (docs/contracts/shim.md), if there is one; `own` is config.json's `process`.
///
/// # Errors
/// When the test is of a form that docker does not know.
pub(crate) fn for_shim(own: &Value, config: &Config, hostname: &str) -> Result<Option<Value>> {
    let Some(check) = &config.healthcheck else {
        return Ok(None);
    };
    let args = match check.test.split_first() {
        None => return Ok(None),
        Some((kind, _)) if kind == "NONE" => return Ok(None),
        Some((kind, args)) if kind == "CMD" && !args.is_empty() => args.to_vec(),
        Some((kind, [line])) if kind == "CMD-SHELL" => in_shell(config, line),
        Some((kind, _)) => {
            return Err(Error::new(
                Kind::NotStarted,
                format!("Unknown healthcheck type '{kind}' (expected 'CMD')"),
            )
            .hint("--no-healthcheck runs the container without it"));
        }
    };
    let wanted = Process {
        args,
        ..Process::default()
    };
    let process = exec::process(own, config, hostname, &wanted)?;
    // An image may say anything: what makes no sense is docker's default.
    let time = |nanos: i64, default: Duration| match u64::try_from(nanos) {
        Ok(nanos @ 1..) => nanos,
        _ => u64::try_from(default.as_nanos()).unwrap_or(u64::MAX),
    };
    let retries = match check.retries {
        retries @ 1.. => retries.min(i64::from(u32::MAX)),
        _ => RETRIES,
    };
    Ok(Some(json!({
        "process": process,
        "interval": time(check.interval, INTERVAL),
        "timeout": time(check.timeout, TIMEOUT),
        "start_period": time(check.start_period, Duration::ZERO),
        "start_interval": time(check.start_interval, START_INTERVAL),
        "retries": retries,
    })))
}

fn in_shell(config: &Config, line: &str) -> Vec<String> {
    let mut args = match config.shell.is_empty() {
        true => SHELL.map(str::to_owned).to_vec(),
        false => config.shell.clone(),
    };
    args.push(line.to_owned());
    args
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image() -> Option<Healthcheck> {
        Some(Healthcheck {
            test: vec!["CMD".to_owned(), "probe".to_owned()],
            interval: 7,
            ..Healthcheck::default()
        })
    }

    #[test]
    fn what_is_not_said_is_the_images() {
        let nothing = Wanted::default();
        assert_eq!(merge(image(), &nothing).unwrap(), image());
        assert_eq!(merge(None, &nothing).unwrap(), None);
        let wanted = Wanted {
            command: Some("true".to_owned()),
            timeout: Some(Duration::from_secs(1)),
            ..Wanted::default()
        };
        let check = merge(image(), &wanted).unwrap().unwrap();
        assert_eq!(check.test, ["CMD-SHELL", "true"]);
        assert_eq!(
            (check.interval, check.timeout, check.retries),
            (7, 1_000_000_000, 0)
        );
        let none = Wanted {
            none: true,
            ..Wanted::default()
        };
        assert_eq!(merge(image(), &none).unwrap().unwrap().test, ["NONE"]);
    }

    #[test]
    fn an_instruction_is_read_as_docker_reads_it() {
        let check = instruction("--interval=5s --retries=2 CMD [\"a\", \"b\"]").unwrap();
        assert_eq!((check.interval, check.retries), (5_000_000_000, 2));
        assert_eq!(check.test, ["CMD", "a", "b"]);
        assert_eq!(instruction("CMD a || b").unwrap().test, ["CMD-SHELL", "a || b"]);
        assert_eq!(instruction("none").unwrap().test, ["NONE"]);
        for wrong in [
            "",
            "CMD",
            "NONE x",
            "--interval CMD x",
            "--interval=x CMD x",
            "--speed=1 CMD x",
            "x",
        ] {
            assert!(instruction(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        let command = Some("x".to_owned());
        for (wanted, part) in [
            (
                Wanted {
                    none: true,
                    command,
                    ..Wanted::default()
                },
                "conflicts with --health-*",
            ),
            (
                Wanted {
                    retries: Some(-1),
                    ..Wanted::default()
                },
                "cannot be negative",
            ),
            (
                Wanted {
                    interval: Some(Duration::from_nanos(5)),
                    ..Wanted::default()
                },
                "less than 1ms",
            ),
        ] {
            let error = merge(image(), &wanted).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn the_shim_gets_a_process_and_docker_s_defaults() {
        let own = json!({"args": ["init"], "cwd": "/", "user": {"uid": 0}, "capabilities": {"bounding": []}});
        let check = |test: &[&str]| {
            let test = test.iter().map(|word| (*word).to_owned()).collect();
            let healthcheck = Some(Healthcheck {
                test,
                ..Healthcheck::default()
            });
            let config = Config {
                healthcheck,
                ..Config::default()
            };
            for_shim(&own, &config, "host")
        };
        let shell = check(&["CMD-SHELL", "exit 1"]).unwrap().unwrap();
        assert_eq!(shell["process"]["args"], json!(["/bin/sh", "-c", "exit 1"]));
        assert_eq!(shell["interval"], 30_000_000_000_u64);
        assert_eq!(
            (&shell["start_period"], &shell["retries"]),
            (&json!(0), &json!(3))
        );
        assert_eq!(
            check(&["CMD", "a", "b"]).unwrap().unwrap()["process"]["args"],
            json!(["a", "b"])
        );
        assert!(check(&["NONE"]).unwrap().is_none());
        assert!(check(&[]).unwrap().is_none());
        assert!(check(&["RUN", "x"]).is_err());
        assert!(check(&["CMD"]).is_err());
    }
}
