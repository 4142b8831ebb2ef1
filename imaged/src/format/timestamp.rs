//! Points in time as RFC 3339 text, always UTC, and the forms that `--since` and `--until` take.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A point in time since 1970, to the nanosecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Timestamp {
    /// Whole seconds since 1970.
    pub(crate) seconds: u64,
    /// The part of a second.
    pub(crate) nanos: u32,
}

impl Timestamp {
    /// The time of the clock.
    pub(crate) fn now() -> Self {
        Self::from(SystemTime::now())
    }

    /// The time from `earlier` to this; none at all if that is later.
    pub(crate) fn since(self, earlier: Self) -> Duration {
        SystemTime::from(self)
            .duration_since(SystemTime::from(earlier))
            .unwrap_or_default()
    }

    /// Parses RFC 3339 with an optional fraction and `Z` or an offset.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (date, time) = text.split_once(['T', 't', ' '])?;
        let (time, offset) = split_offset(time)?;
        let (time, nanos) = split_fraction(time)?;
        let [hour, minute, second] = numbers(time, ':')?;
        if hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        let seconds = days(date)? * 86_400 + hour * 3600 + minute * 60 + second - offset;
        Some(Self {
            seconds: u64::try_from(seconds).ok()?,
            nanos,
        })
    }

    /// As Go prints a time: `2026-01-02 03:04:05 +0000 UTC`.
    pub(crate) fn as_go(self) -> String {
        let text = self.to_string();
        let whole = text.split(['.', 'Z']).next().unwrap_or_default();
        format!("{} +0000 UTC", whole.replace('T', " "))
    }

    /// What `--since` and `--until` take: RFC 3339 (also a date alone), seconds since 1970 (`123.5`), or a
    /// duration back from `now` (`90s`, `1h30m`).
    pub(crate) fn parse_loose(text: &str, now: Self) -> Option<Self> {
        if let Some(time) = Self::parse(text) {
            return Some(time);
        }
        if let Some(days) = days(text) {
            return Some(Self {
                seconds: u64::try_from(days * 86_400).ok()?,
                nanos: 0,
            });
        }
        if let Some(duration) = parse_duration(text) {
            return SystemTime::from(now).checked_sub(duration).map(Self::from);
        }
        let (seconds, nanos) = match text.split_once('.') {
            Some((seconds, fraction)) => (seconds, fraction_nanos(fraction)?),
            None => match Self::parse(&format!("{text}Z")) {
                Some(time) => return Some(time),
                None => (text, 0),
            },
        };
        Some(Self {
            seconds: seconds.parse().ok()?,
            nanos,
        })
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = civil(self.seconds / 86_400);
        let second = self.seconds % 86_400;
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:09}Z",
            self.nanos
        )
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            seconds: since.as_secs(),
            nanos: since.subsec_nanos(),
        }
    }
}

impl From<Timestamp> for SystemTime {
    fn from(time: Timestamp) -> Self {
        UNIX_EPOCH + Duration::new(time.seconds, time.nanos)
    }
}

/// A Go duration: numbers with units, added up.
pub(crate) fn parse_duration(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut total = 0.0_f64;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        let behind = &rest[digits..];
        let unit_end = behind
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(behind.len());
        let unit = match &behind[..unit_end] {
            "ns" => 1e-9,
            "us" | "µs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        total += number * unit;
        rest = &behind[unit_end..];
    }
    if text.is_empty() {
        None
    } else {
        Duration::try_from_secs_f64(total).ok()
    }
}

fn split_offset(time: &str) -> Option<(&str, i64)> {
    if let Some(time) = time.strip_suffix(['Z', 'z']) {
        return Some((time, 0));
    }
    let at = time.rfind(['+', '-'])?;
    let (time, offset) = time.split_at(at);
    let [hours, minutes] = numbers(&offset[1..], ':')?;
    let seconds = hours * 3600 + minutes * 60;
    Some((
        time,
        if offset.starts_with('-') {
            -seconds
        } else {
            seconds
        },
    ))
}

fn split_fraction(time: &str) -> Option<(&str, u32)> {
    match time.split_once('.') {
        Some((time, fraction)) => Some((time, fraction_nanos(fraction)?)),
        None => Some((time, 0)),
    }
}

fn fraction_nanos(fraction: &str) -> Option<u32> {
    let digits: String = fraction.chars().chain("000000000".chars()).take(9).collect();
    digits.parse().ok()
}

fn numbers<const N: usize>(text: &str, separator: char) -> Option<[i64; N]> {
    let mut numbers = [0; N];
    let mut parts = text.split(separator);
    for number in &mut numbers {
        let part = parts.next()?;
        if part.is_empty() || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        *number = part.parse().ok()?;
    }
    parts.next().is_none().then_some(numbers)
}

/// Days since 1970 of a `YYYY-MM-DD`.
fn days(date: &str) -> Option<i64> {
    let [year, month, day] = numbers(date, '-')?;
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Years begin in March, so that the leap day is the last of its year.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (era * 400 + year + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_back() {
        for text in [
            "1970-01-01T00:00:00.000000000Z",
            "2024-02-29T23:59:59.123456789Z",
            "2026-11-21T02:03:04.000000001Z",
        ] {
            assert_eq!(Timestamp::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(
            Timestamp::parse("2026-11-21T03:00:00+01:00").unwrap().to_string(),
            "2026-11-21T02:00:00.000000000Z"
        );
        assert_eq!(
            Timestamp::parse("2026-11-21T02:00:00.5Z").unwrap().nanos,
            500_000_000
        );
    }

    #[test]
    fn known_seconds() {
        assert_eq!(
            Timestamp::parse("2001-09-09T01:46:40Z").unwrap().seconds,
            1_000_000_000
        );
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "",
            "yesterday",
            "2026-13-01T00:00:00Z",
            "2026-01-01T25:00:00Z",
            "2026-01-01T00:00Z",
        ] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
    }

    #[test]
    fn times_are_printed_as_go_does() {
        let time = Timestamp::parse("2026-01-02T03:04:05.6Z").unwrap();
        assert_eq!(time.as_go(), "2026-01-02 03:04:05 +0000 UTC");
    }

    #[test]
    fn loose_forms() {
        let now = Timestamp {
            seconds: 10_000,
            nanos: 0,
        };
        assert_eq!(Timestamp::parse_loose("1h", now).unwrap().seconds, 6400);
        assert_eq!(Timestamp::parse_loose("1m30s", now).unwrap().seconds, 9910);
        assert_eq!(
            Timestamp::parse_loose("123.5", now).unwrap(),
            Timestamp {
                seconds: 123,
                nanos: 500_000_000
            }
        );
        assert_eq!(Timestamp::parse_loose("1970-01-02", now).unwrap().seconds, 86_400);
        assert_eq!(
            Timestamp::parse_loose("1970-01-01T00:00:07", now)
                .unwrap()
                .seconds,
            7
        );
        assert_eq!(Timestamp::parse_loose("soon", now), None);
    }
}
