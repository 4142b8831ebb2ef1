//! A record in the format that Kubernetes' CRI and podman's `k8s-file` share: time, stream, `F` for a full line or `P`
//! for a part of one, and the bytes as they are.

use super::Stream;
use super::encoder::Frame;

/// The zeros that a time without a fraction lacks.
const NO_FRACTION: &str = ".000000000";

/// What stands around the text of a record.
pub fn frame(stream: Stream, newline: bool, time: &str) -> Frame {
    // All nine digits of the fraction: podman reads no other.
    let time = time.trim_end_matches('Z');
    let fraction = time.find('.').map_or(0, |point| time.len() - point);
    let zeros = NO_FRACTION.get(fraction..).unwrap_or_default();
    let tag = if newline { "F" } else { "P" };
    Frame {
        head: format!("{time}{zeros}Z {} {tag} ", stream.name())
            .as_bytes()
            .into(),
        tail: b"\n".as_slice().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_all_their_digits() {
        let shown = |time| {
            let mut head = Vec::new();
            frame(Stream::Stdout, true, time).head.append_to(&mut head);
            let head = String::from_utf8(head).expect("text");
            head.strip_suffix(" stdout F ").expect("its end").to_owned()
        };
        assert_eq!(shown("2026-01-02T03:04:05Z"), "2026-01-02T03:04:05.000000000Z");
        assert_eq!(shown("2026-01-02T03:04:05.12Z"), "2026-01-02T03:04:05.120000000Z");
        assert_eq!(
            shown("2026-01-02T03:04:05.123456789Z"),
            "2026-01-02T03:04:05.123456789Z"
        );
    }
}
