//! What a probe of the health check writes: its first bytes.

use crate::contract::time::Timestamp;
use crate::stdio::log::{Sink, Stream};

/// Docker keeps so much.
const MAX_OUTPUT: usize = 4096;

/// The beginning of an output.
#[derive(Debug, Default)]
pub struct Capture {
    text: Vec<u8>,
    is_cut: bool,
}

impl Capture {
    /// As text; bytes that are not UTF-8 become U+FFFD.
    pub fn text(&self) -> String {
        let mut text = String::from_utf8_lossy(&self.text).into_owned();
        if self.is_cut {
            text.push_str("...");
        }
        text
    }
}

impl Sink for Capture {
    fn write(&mut self, _: Stream, bytes: &[u8], _: Timestamp) {
        let room = MAX_OUTPUT - self.text.len();
        self.text.extend_from_slice(&bytes[..room.min(bytes.len())]);
        self.is_cut |= bytes.len() > room;
    }

    fn end(&mut self, _: Stream, _: Timestamp) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_is_kept() {
        let now = Timestamp::now();
        let mut capture = Capture::default();
        capture.write(Stream::Stdout, b"a\xff", now);
        assert_eq!(capture.text(), "a\u{fffd}");
        capture.write(Stream::Stderr, &[b'x'; 2 * MAX_OUTPUT], now);
        capture.write(Stream::Stderr, b"y", now);
        assert!(capture.text().ends_with("x...") && capture.text().len() < MAX_OUTPUT + 10);
    }
}
