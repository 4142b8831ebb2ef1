//! A record in docker's json-file format: each byte that is not UTF-8 becomes U+FFFD.

use super::encoder::Frame;
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

/// What stands around the text of a record, its [`member`] of attributes included.
pub fn frame(stream: Stream, newline: bool, attributes: &[u8], time: &str) -> Frame {
    let newline: &[u8] = if newline { b"\\n" } else { b"" };
    let tail = [
        newline,
        b"\",\"stream\":\"",
        stream.name().as_bytes(),
        b"\",",
        attributes,
        b"\"time\":\"",
        time.as_bytes(),
        b"\"}\n",
    ];
    Frame {
        head: b"{\"log\":\"".as_slice().into(),
        tail: tail.concat().as_slice().into(),
    }
}

/// Appends a record's text, which comes in two parts.
pub fn append_text(records: &mut Vec<u8>, text: [&[u8]; 2]) {
    match text {
        [one, []] | [[], one] => escape(records, one),
        // Only together do two halves of a character show what they are.
        halves => escape(records, &halves.concat()),
    }
}

/// Writes text as the inside of a JSON string, escaped as Go's encoder does it for HTML.
fn escape(out: &mut Vec<u8>, text: &[u8]) {
    // Of all of it this is found out sooner than of one piece after the other.
    if let Ok(valid) = std::str::from_utf8(text) {
        return escape_valid(out, valid);
    }
    for chunk in text.utf8_chunks() {
        escape_valid(out, chunk.valid());
        for _ in chunk.invalid() {
            out.extend_from_slice(b"\\ufffd");
        }
    }
}

fn escape_valid(out: &mut Vec<u8>, text: &str) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut rest = text.as_bytes();
    while let Some(at) = special(rest) {
        let (before, from) = rest.split_at(at);
        out.extend_from_slice(before);
        let byte = from[0];
        let (escaped, length): (&[u8], _) = match byte {
            b'"' => (b"\\\"", 1),
            b'\\' => (b"\\\\", 1),
            b'\n' => (b"\\n", 1),
            b'\r' => (b"\\r", 1),
            0xe2 if from.starts_with("\u{2028}".as_bytes()) => (b"\\u2028", 3),
            0xe2 if from.starts_with("\u{2029}".as_bytes()) => (b"\\u2029", 3),
            0xe2 => (&[0xe2], 1),
            _ => {
                let [high, low] = [byte >> 4, byte & 15].map(|digit| HEX[usize::from(digit)]);
                (&[b'\\', b'u', b'0', b'0', high, low], 1)
            }
        };
        out.extend_from_slice(escaped);
        rest = &from[length..];
    }
    out.extend_from_slice(rest);
}

/// Where the first byte is that may not stand for itself. Most pieces of text have none.
fn special(text: &[u8]) -> Option<usize> {
    let (pieces, rest) = text.as_chunks::<16>();
    for (number, piece) in pieces.iter().enumerate() {
        // Without a branch for each byte the compiler looks at all of them at once.
        if piece.iter().fold(false, |found, byte| found | is_special(*byte)) {
            return Some(number * 16 + piece.iter().position(|byte| is_special(*byte))?);
        }
    }
    let at = rest.iter().position(|byte| is_special(*byte))?;
    Some(pieces.len() * 16 + at)
}

/// 0xe2 begins the two separators of lines that JavaScript does not take, and other characters.
fn is_special(byte: u8) -> bool {
    (byte < 0x20)
        | (byte == b'"')
        | (byte == b'\\')
        | (byte == b'<')
        | (byte == b'>')
        | (byte == b'&')
        | (byte == 0xe2)
}
