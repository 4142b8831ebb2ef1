//! The forms in which cgroup files hold numbers.

use crate::oci::{BlkioEntry, Pressure, Psi};
use std::collections::BTreeMap;

/// One number; `max` is the largest, as is what a kernel may write beyond 64 bits.
pub(super) fn number(text: &str) -> u64 {
    match text.trim() {
        "max" => u64::MAX,
        // Before Linux 3.17 or so, counters could be shown below zero for a moment.
        text if text.starts_with('-') => 0,
        text => text.parse().unwrap_or(0),
    }
}

/// Numbers separated by white space.
pub(super) fn numbers(text: &str) -> Vec<u64> {
    text.split_whitespace().map(number).collect()
}

/// Lines of a name and a number.
pub(super) fn table(text: &str) -> BTreeMap<String, u64> {
    let line = |line: &str| {
        line.split_once(' ')
            .map(|(name, value)| (name.to_owned(), number(value)))
    };
    text.lines().filter_map(line).collect()
}

/// The number of one name among lines of a name and a number.
pub(super) fn value(text: &str, name: &str) -> u64 {
    let mut values = text
        .lines()
        .filter_map(|line| line.split_once(' ').filter(|(found, _)| *found == name));
    values.next().map_or(0, |(_, value)| number(value))
}

/// A list such as `0-2,7`.
pub(super) fn list(text: &str) -> Vec<u16> {
    let range = |part: &str| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        Some(first.parse::<u16>().ok()?..=last.parse::<u16>().ok()?)
    };
    text.trim().split(',').filter_map(range).flatten().collect()
}

/// A file of pressure stall information.
pub(super) fn psi(text: &str) -> Psi {
    let mut psi = Psi::default();
    for line in text.lines() {
        let mut words = line.split(' ');
        match words.next() {
            Some("some") => psi.some = pressure(words),
            Some("full") => psi.full = pressure(words),
            _ => {}
        }
    }
    psi
}

fn pressure<'a>(words: impl Iterator<Item = &'a str>) -> Pressure {
    let mut pressure = Pressure::default();
    for (name, value) in words.filter_map(|word| word.split_once('=')) {
        match name {
            "avg10" => pressure.avg10 = value.parse().unwrap_or(0.0),
            "avg60" => pressure.avg60 = value.parse().unwrap_or(0.0),
            "avg300" => pressure.avg300 = value.parse().unwrap_or(0.0),
            "total" => pressure.total = number(value),
            _ => {}
        }
    }
    pressure
}

/// v1's lines `MAJOR:MINOR [OP] VALUE`; the sum over all devices is left out.
pub(super) fn blkio(text: &str) -> Vec<BlkioEntry> {
    let line = |line: &str| {
        let mut words = line.split_whitespace();
        let (major, minor) = words.next()?.split_once(':')?;
        let (first, second) = (words.next()?, words.next());
        let (op, value) = second.map_or(("", first), |value| (first, value));
        Some(entry(major, minor, op, value))
    };
    text.lines().filter_map(line).collect()
}

/// v2's lines `MAJOR:MINOR rbytes=… wbytes=… rios=… wios=…`: bytes, and operations, as v1 would tell them.
pub(super) fn io(text: &str) -> (Vec<BlkioEntry>, Vec<BlkioEntry>) {
    let (mut bytes, mut operations) = (Vec::new(), Vec::new());
    for line in text.lines() {
        let mut words = line.split_whitespace();
        let Some((major, minor)) = words.next().and_then(|device| device.split_once(':')) else {
            continue;
        };
        for (name, value) in words.filter_map(|word| word.split_once('=')) {
            match name {
                "rbytes" => bytes.push(entry(major, minor, "Read", value)),
                "wbytes" => bytes.push(entry(major, minor, "Write", value)),
                "rios" => operations.push(entry(major, minor, "Read", value)),
                "wios" => operations.push(entry(major, minor, "Write", value)),
                _ => {}
            }
        }
    }
    (bytes, operations)
}

fn entry(major: &str, minor: &str, op: &str, value: &str) -> BlkioEntry {
    BlkioEntry {
        major: number(major),
        minor: number(minor),
        op: op.to_owned(),
        value: number(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(minor: u64, op: &str, value: u64) -> BlkioEntry {
        BlkioEntry {
            major: 8,
            minor,
            op: op.to_owned(),
            value,
        }
    }

    #[test]
    fn numbers_are_read_in_every_form() {
        assert_eq!(number("18446744073709551615\n"), u64::MAX);
        assert_eq!((number("max\n"), number("-1\n"), number("")), (u64::MAX, 0, 0));
        assert_eq!(numbers("1 22 \n"), [1, 22]);
        assert_eq!(list("0-2,7\n"), [0, 1, 2, 7]);
        assert_eq!(list("\n"), [0_u16; 0]);
        assert_eq!(value("low 1\noom_kill 3\noom 2\n", "oom"), 2);
        assert_eq!(table("a 1\nb 2\nbroken\n").len(), 2);
    }

    #[test]
    fn pressure_is_read() {
        let psi = psi(
            "some avg10=1.50 avg60=0.00 avg300=0.01 total=13079\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=5\n",
        );
        assert_eq!(
            (psi.some.avg10, psi.some.avg300, psi.some.total, psi.full.total),
            (1.5, 0.01, 13079, 5)
        );
    }

    #[test]
    fn block_devices_are_read() {
        let text = "8:0 Read 5\n8:0 Write 6\n8:16 7\nTotal 18\n";
        assert_eq!(
            blkio(text),
            [line(0, "Read", 5), line(0, "Write", 6), line(16, "", 7)]
        );
        let (bytes, operations) = io("8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6\n8:16 \n");
        assert_eq!(bytes, [line(0, "Read", 1), line(0, "Write", 2)]);
        assert_eq!(operations, [line(0, "Read", 3), line(0, "Write", 4)]);
    }
}
