//! A record in docker's json-file format: each byte that is not UTF-8 becomes U+FFFD.

use super::{Attributes, Stream};

/// Attributes as a member of a record: `"attrs":{…},`, nothing if there are none.
pub fn member(attributes: &Attributes) -> Vec<u8> {
    let mut member = Vec::new();
    for (name, value) in attributes {
        let begin: &[u8] = if member.is_empty() {
            b"\"attrs\":{\""
        } else {
            b",\""
        };
        member.extend_from_slice(begin);
        escape(&mut member, name.as_bytes());
        member.extend_from_slice(b"\":\"");
        escape(&mut member, value.as_bytes());
        member.push(b'"');
    }
    if !member.is_empty() {
        member.extend_from_slice(b"},");
    }
    member
}

/// Appends one record: a piece of text in two parts, whether a newline ends it, and its [`member`] of attributes.
pub fn append(
    records: &mut Vec<u8>,
    stream: Stream,
    text: [&[u8]; 2],
    newline: bool,
    attributes: &[u8],
    time: &str,
) {
    records.extend_from_slice(b"{\"log\":\"");
    match text {
        [one, []] | [[], one] => escape(records, one),
        // Only together do two halves of a character show what they are.
        halves => escape(records, &halves.concat()),
    }
    if newline {
        records.extend_from_slice(b"\\n");
    }
    for part in [
        b"\",\"stream\":\"",
        stream.name().as_bytes(),
        b"\",",
        attributes,
        b"\"time\":\"",
        time.as_bytes(),
        b"\"}\n",
    ] {
        records.extend_from_slice(part);
    }
}

/// Writes text as the inside of a JSON string, escaped as Go's encoder does it for HTML.
fn escape(out: &mut Vec<u8>, text: &[u8]) {
    for chunk in text.utf8_chunks() {
        escape_valid(out, chunk.valid());
        for _ in chunk.invalid() {
            out.extend_from_slice(b"\\ufffd");
        }
    }
}

fn escape_valid(out: &mut Vec<u8>, text: &str) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let bytes = text.as_bytes();
    let mut copied = 0;
    for (at, byte) in bytes.iter().enumerate() {
        if !NEEDS_A_LOOK[usize::from(*byte)] {
            continue;
        }
        let (escaped, length): (&[u8], _) = match byte {
            b'"' => (b"\\\"", 1),
            b'\\' => (b"\\\\", 1),
            b'\n' => (b"\\n", 1),
            b'\r' => (b"\\r", 1),
            0xe2 if bytes[at..].starts_with("\u{2028}".as_bytes()) => (b"\\u2028", 3),
            0xe2 if bytes[at..].starts_with("\u{2029}".as_bytes()) => (b"\\u2029", 3),
            0xe2 => continue,
            _ => (
                &[
                    b'\\',
                    b'u',
                    b'0',
                    b'0',
                    HEX[usize::from(byte >> 4)],
                    HEX[usize::from(byte & 15)],
                ],
                1,
            ),
        };
        out.extend_from_slice(&bytes[copied..at]);
        out.extend_from_slice(escaped);
        copied = at + length;
    }
    out.extend_from_slice(&bytes[copied..]);
}

/// The bytes that may not stand for themselves.
const NEEDS_A_LOOK: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 0x20 {
        table[byte] = true;
        byte += 1;
    }
    let special = [b'"', b'\\', b'<', b'>', b'&', 0xe2];
    let mut index = 0;
    while index < special.len() {
        table[special[index] as usize] = true;
        index += 1;
    }
    table
};
