//! Records in a file's format.

use super::{Attributes, Format, Stream, cri, json};
use crate::contract::time::Timestamp;

/// What stands around the text of a record.
#[derive(Debug, Default)]
pub struct Frame {
    /// Before the text.
    pub head: Vec<u8>,
    /// Behind it, the newline that ends the record included.
    pub tail: Vec<u8>,
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
        copy(records, &frame.head);
        match self.format {
            Format::Json => json::append_text(records, text),
            Format::Cri => text.iter().for_each(|part| copy(records, part)),
        }
        copy(records, &frame.tail);
    }
}

/// Appends bytes. A call of the C library's memcpy(3) costs as much as a hundred bytes of copying: moves of a known size
/// need none.
pub(super) fn copy(records: &mut Vec<u8>, bytes: &[u8]) {
    if bytes.len() > 512 {
        return records.extend_from_slice(bytes);
    }
    let (pieces, rest) = bytes.as_chunks::<32>();
    pieces.iter().for_each(|piece| records.extend_from_slice(piece));
    let (pieces, rest) = rest.as_chunks::<8>();
    pieces.iter().for_each(|piece| records.extend_from_slice(piece));
    rest.iter().for_each(|byte| records.push(*byte));
}
