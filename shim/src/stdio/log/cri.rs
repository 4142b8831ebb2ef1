//! A record in the format that Kubernetes' CRI and podman's `k8s-file` share: time, stream, `F` for a full line or `P`
//! for a part of one, and the bytes as they are.

use super::Stream;

/// Appends one record: a piece of text in two parts, and whether a newline ends it.
pub fn append(records: &mut Vec<u8>, stream: Stream, text: [&[u8]; 2], newline: bool, time: &str) {
    let tag = if newline { " F " } else { " P " };
    for part in [time, " ", stream.name(), tag] {
        records.extend_from_slice(part.as_bytes());
    }
    for part in text {
        records.extend_from_slice(part);
    }
    records.push(b'\n');
}
