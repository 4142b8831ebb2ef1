//! Records in a file's format.

use super::{Attributes, Format, Stream, cri, json};
use crate::contract::time::Timestamp;

/// What stands around the text of a record.
#[derive(Debug)]
pub struct Frame {
    /// Before the text.
    pub head: Padded,
    /// Behind it, the newline that ends the record included.
    pub tail: Padded,
}

/// Bytes with zeros behind them, for moves of a known size.
#[derive(Debug)]
pub struct Padded {
    pieces: Vec<[u8; PIECE]>,
    length: usize,
}

impl From<&[u8]> for Padded {
    fn from(bytes: &[u8]) -> Self {
        let padded = |part: &[u8]| {
            let mut piece = [0; PIECE];
            piece[..part.len()].copy_from_slice(part);
            piece
        };
        Self {
            pieces: bytes.chunks(PIECE).map(padded).collect(),
            length: bytes.len(),
        }
    }
}

impl Padded {
    pub(super) fn append_to(&self, records: &mut Vec<u8>) {
        let end = records.len() + self.length;
        self.pieces
            .iter()
            .for_each(|piece| records.extend_from_slice(piece));
        records.truncate(end);
    }
}

impl Format {
    fn frame(self, stream: Stream, newline: bool, attributes: &[u8], time: Timestamp) -> Frame {
        let time = time.to_string();
        match self {
            Self::Json => json::frame(stream, newline, attributes, &time),
            Self::Cri => cri::frame(stream, newline, &time),
        }
    }
}

/// Writes records; what is read together has one time, so it makes the frame of each kind of record once for all of it.
#[derive(Debug)]
pub(super) struct Encoder {
    format: Format,
    /// What each record carries besides, encoded.
    attributes: Vec<u8>,
    /// The last frames made: of both streams, for whole lines and for parts.
    frames: [Option<(Timestamp, Frame)>; 4],
}

impl Encoder {
    pub(super) fn new(format: Format) -> Self {
        Self {
            format,
            attributes: Vec::new(),
            frames: Default::default(),
        }
    }

    /// The same one, for records that carry these attributes, where the format has a place for them.
    pub(super) fn carry(&mut self, attributes: &Attributes) {
        *self = Self {
            attributes: json::member(attributes),
            ..Self::new(self.format)
        };
    }

    /// Appends a record: a piece of text in two parts, and whether a newline ends it.
    pub(super) fn append(
        &mut self,
        records: &mut Vec<u8>,
        stream: Stream,
        text: [&[u8]; 2],
        newline: bool,
        time: Timestamp,
    ) {
        let kept = &mut self.frames[stream as usize * 2 + usize::from(newline)];
        let frame = match kept {
            Some((made_for, frame)) if *made_for == time => frame,
            _ => {
                let frame = self.format.frame(stream, newline, &self.attributes, time);
                &mut kept.insert((time, frame)).1
            }
        };
        frame.head.append_to(records);
        match self.format {
            Format::Json => json::append_text(records, text),
            Format::Cri => text.iter().for_each(|part| copy(records, part)),
        }
        frame.tail.append_to(records);
    }
}

/// What a move of a known size moves, in bytes.
const PIECE: usize = 32;

/// Appends bytes. A call of the C library's memcpy(3) costs as much as a hundred bytes of copying: moves of a known size
/// need none.
fn copy(records: &mut Vec<u8>, bytes: &[u8]) {
    let Some(last) = bytes.last_chunk::<PIECE>().filter(|_| bytes.len() <= 512) else {
        return match bytes.len() {
            0..PIECE => bytes.iter().for_each(|byte| records.push(*byte)),
            _ => records.extend_from_slice(bytes),
        };
    };
    let (pieces, rest) = bytes.as_chunks::<PIECE>();
    pieces.iter().for_each(|piece| records.extend_from_slice(piece));
    if !rest.is_empty() {
        // Some of the last ones once more.
        records.truncate(records.len() + rest.len() - PIECE);
        records.extend_from_slice(last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_every_length_are_copied_whole() {
        let bytes: Vec<u8> = (0..600_u32).map(|at| (at % 251) as u8).collect();
        for length in 0..bytes.len() {
            let mut copied = b"before".to_vec();
            copy(&mut copied, &bytes[..length]);
            Padded::from(&bytes[..length]).append_to(&mut copied);
            assert_eq!(copied, [b"before", &bytes[..length], &bytes[..length]].concat());
        }
    }
}
