//! `events`: statistics and lack of memory, one JSON object a line.

use super::{Verb, print_text};
use crate::cli::Globals;
use crate::container::{Container, Id, events};
use crate::error::{Error, Kind, Result};
use crate::oci::Event;
use clap::Args;
use std::time::Duration;

/// Tell of a container until it ends: statistics at intervals, and each lack of memory
#[derive(Debug, Args)]
pub(super) struct EventsArgs {
    /// The time between two statistics, such as 500ms or 1m30s
    #[arg(long, value_name = "DURATION", default_value = "5s")]
    interval: String,

    /// Print the statistics once, at once, and end
    #[arg(long)]
    stats: bool,

    /// The container's id
    #[arg(value_name = "CONTAINER-ID")]
    id: String,
}

impl Verb for EventsArgs {
    const NAME: &'static str = "events";
    const ABOUT: &'static str =
        "display container events such as OOM notifications, cpu, memory, and IO usage statistics";

    fn run(self, globals: &Globals) -> Result<u8> {
        let container = Container::open(&globals.root, &Id::parse(&self.id)?)?;
        let interval = parse_duration(&self.interval).ok_or_else(|| {
            Error::new(
                Kind::Usage,
                format!("invalid value {:?} for --interval", self.interval),
            )
        })?;
        if interval.is_zero() {
            return Err(Error::new(
                Kind::Usage,
                "duration interval must be greater than 0",
            ));
        }
        if self.stats {
            let stats = events::stats(&container)?;
            print(&events::event(&container, "stats", Some(&stats)))?;
        } else {
            events::follow(&container, interval, &mut print)?;
        }
        Ok(0)
    }
}

fn print(event: &Event<'_>) -> Result<()> {
    let line = serde_json::to_string(event)
        .map_err(|error| Error::new(Kind::System, format!("write JSON: {error}")))?;
    print_text(&(line + "\n")).map(|_| ())
}

/// A duration as Go writes them: numbers with units from `ns` to `h`, one after another.
fn parse_duration(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at(digits);
        let unit = after
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(unit);
        seconds += number.parse::<f64>().ok()? * seconds_of(unit)?;
        rest = after;
    }
    (!text.is_empty()).then(|| Duration::try_from_secs_f64(seconds).ok())?
}

fn seconds_of(unit: &str) -> Option<f64> {
    Some(match unit {
        "ns" => 1e-9,
        "us" | "µs" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_as_in_go() {
        for (text, milliseconds) in [
            ("5s", 5000),
            ("500ms", 500),
            ("1m30s", 90_000),
            ("1.5h", 5_400_000),
            ("0", 0),
            ("0s", 0),
        ] {
            assert_eq!(
                parse_duration(text),
                Some(Duration::from_millis(milliseconds)),
                "{text}"
            );
        }
        for text in ["", "5", "s", "-5s", "5 s", "5d", "1.2.3s"] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }
}
