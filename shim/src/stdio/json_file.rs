//! The log in docker's json-file format: one JSON object for each line of output.
//!
//! As docker does it: a line longer than 16 KiB becomes several records, of which only the last ends in a
//! newline and all carry the time of the first; a last line without newline is recorded without one; each
//! byte that is not UTF-8 becomes U+FFFD.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::time::Duration;

use crate::contract::time::Timestamp;
use crate::error::{Call, Result};

/// Where docker cuts a line.
const MAX_LINE: usize = 16 * 1024;
/// Records are written together up to about this size.
const FLUSH_AT: usize = 32 * 1024;

/// Which of the container's streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// stdout, and all of a terminal.
    Stdout,
    /// stderr.
    Stderr,
}

impl Stream {
    fn name(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }
}

/// What one stream has not finished yet.
#[derive(Debug, Default)]
struct Unfinished {
    /// A line so far: shorter than [`MAX_LINE`].
    text: Vec<u8>,
    /// The line's beginning was recorded already, at this time.
    begun: Option<Timestamp>,
}

/// The log file.
#[derive(Debug)]
pub struct JsonFile {
    file: File,
    /// Where this run's part begins.
    start: u64,
    unfinished: [Unfinished; 2],
    /// The time of the last record, and its text: all that was read together has the same.
    stamp: (Timestamp, String),
    /// Records that are not in the file yet, and their number.
    records: Vec<u8>,
    count: u64,
    /// Records that the file system refused.
    lost: u64,
}

impl JsonFile {
    /// Opens the log to append to it.
    ///
    /// # Errors
    /// The file cannot be opened or made.
    pub fn open(path: &Path) -> Result<Self> {
        let mut file = File::options()
            .mode(0o640)
            .read(true)
            .append(true)
            .create(true)
            .open(path)
            .call(|| format!("open({}, O_APPEND|O_CREAT)", path.display()))?;
        if is_torn(&file) {
            let _ = file.write(b"\n");
        }
        Ok(Self::new(file))
    }

    fn new(file: File) -> Self {
        let start = file.metadata().map_or(0, |metadata| metadata.len());
        Self {
            file,
            start,
            unfinished: Default::default(),
            stamp: (Timestamp::new(Duration::ZERO), "1970-01-01T00:00:00Z".to_owned()),
            records: Vec::new(),
            count: 0,
            lost: 0,
        }
    }

    /// Logs what the container wrote at the time `now`.
    pub fn write(&mut self, stream: Stream, mut bytes: &[u8], now: Timestamp) {
        let mut unfinished = std::mem::take(&mut self.unfinished[stream as usize]);
        while !bytes.is_empty() {
            let room = MAX_LINE - unfinished.text.len();
            let window = &bytes[..room.min(bytes.len())];
            let newline = window.iter().position(|byte| *byte == b'\n');
            let (piece, taken) = match newline {
                Some(at) => (&window[..at], at + 1),
                None => (window, window.len()),
            };
            bytes = &bytes[taken..];
            if newline.is_none() && window.len() < room {
                unfinished.text.extend_from_slice(piece);
                break;
            }
            let time = unfinished.begun.unwrap_or(now);
            self.record(stream, [&unfinished.text, piece], newline.is_some(), time);
            unfinished.text.clear();
            unfinished.begun = newline.is_none().then_some(time);
        }
        self.unfinished[stream as usize] = unfinished;
        self.flush(now);
    }

    /// Logs the last line of a stream that ended, if it has no newline.
    pub fn end(&mut self, stream: Stream, now: Timestamp) {
        let unfinished = std::mem::take(&mut self.unfinished[stream as usize]);
        if !unfinished.text.is_empty() {
            self.record(
                stream,
                [&unfinished.text, &[]],
                false,
                unfinished.begun.unwrap_or(now),
            );
            self.flush(now);
        }
    }

    /// Takes back what was logged since the file was opened.
    pub fn take_back(&mut self) {
        // What cannot be taken back is only more than need be.
        let _ = self.file.set_len(self.start);
    }

    fn record(&mut self, stream: Stream, text: [&[u8]; 2], newline: bool, time: Timestamp) {
        if self.stamp.0 != time {
            self.stamp = (time, time.to_string());
        }
        append_record(&mut self.records, stream, text, newline, &self.stamp.1);
        self.count += 1;
        if self.records.len() >= FLUSH_AT {
            self.flush(time);
        }
    }

    /// Writes the records. When the disk is full, the container goes on without them: the file keeps only
    /// whole lines, and the next record that it takes says how many are missing.
    fn flush(&mut self, now: Timestamp) {
        if self.records.is_empty() {
            return;
        }
        if self.lost > 0 {
            let mut notice = Vec::new();
            let text = format!("[corten-shim: {} log records could not be written]", self.lost);
            append_record(
                &mut notice,
                Stream::Stderr,
                [text.as_bytes(), &[]],
                true,
                &now.to_string(),
            );
            self.records.splice(0..0, notice);
        }
        match write_all_or_nothing(&mut self.file, &self.records) {
            true => self.lost = 0,
            false => self.lost += self.count,
        }
        self.records.clear();
        self.count = 0;
    }
}

/// Whether the last record was cut off by a power loss or a kill: the next must not be lost with it.
fn is_torn(file: &File) -> bool {
    let mut last = [0];
    let length = file.metadata().map_or(0, |metadata| metadata.len());
    length > 0 && file.read_at(&mut last, length - 1).is_ok() && last != *b"\n"
}

/// Appends `bytes`; on failure takes away again what was written of them.
fn write_all_or_nothing(file: &mut File, bytes: &[u8]) -> bool {
    let mut written = 0;
    while written < bytes.len() {
        match file.write(&bytes[written..]) {
            Ok(0) => break,
            Ok(length) => written += length,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    if written < bytes.len()
        && written > 0
        && let Ok(metadata) = file.metadata()
    {
        let _ = file.set_len(metadata.len().saturating_sub(written as u64));
    }
    written == bytes.len()
}

fn append_record(records: &mut Vec<u8>, stream: Stream, text: [&[u8]; 2], newline: bool, time: &str) {
    records.extend_from_slice(b"{\"log\":\"");
    match text {
        [one, []] | [[], one] => escape(records, one),
        // Only together do two halves of a character show what they are.
        halves => escape(records, &halves.concat()),
    }
    if newline {
        records.extend_from_slice(b"\\n");
    }
    for part in ["\",\"stream\":\"", stream.name(), "\",\"time\":\"", time, "\"}\n"] {
        records.extend_from_slice(part.as_bytes());
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

#[cfg(test)]
#[path = "json_file_tests.rs"]
mod tests;
