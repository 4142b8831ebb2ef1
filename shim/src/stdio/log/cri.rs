//! A record in the format that Kubernetes' CRI and podman's `k8s-file` share: time, stream, `F` for a full line or `P`
//! for a part of one, and the bytes as they are.

use super::Stream;

/// The zeros that a time without a fraction lacks.
const NO_FRACTION: &str = ".000000000";

/// The time with all nine digits of its fraction: podman reads no other.
fn append_time(records: &mut Vec<u8>, time: &str) {
    let time = time.trim_end_matches('Z');
    let fraction = time.find('.').map_or(0, |point| time.len() - point);
    for part in [time, NO_FRACTION.get(fraction..).unwrap_or_default(), "Z"] {
        records.extend_from_slice(part.as_bytes());
    }
}

/// Appends one record: a piece of text in two parts, and whether a newline ends it.
pub fn append(records: &mut Vec<u8>, stream: Stream, text: [&[u8]; 2], newline: bool, time: &str) {
    let tag = if newline { " F " } else { " P " };
    append_time(records, time);
    for part in [" ", stream.name(), tag] {
        records.extend_from_slice(part.as_bytes());
    }
    for part in text {
        records.extend_from_slice(part);
    }
    records.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_all_their_digits() {
        let shown = |time| {
            let mut records = Vec::new();
            append_time(&mut records, time);
            String::from_utf8(records).expect("text")
        };
        assert_eq!(shown("2026-01-02T03:04:05Z"), "2026-01-02T03:04:05.000000000Z");
        assert_eq!(shown("2026-01-02T03:04:05.12Z"), "2026-01-02T03:04:05.120000000Z");
        assert_eq!(
            shown("2026-01-02T03:04:05.123456789Z"),
            "2026-01-02T03:04:05.123456789Z"
        );
    }
}
