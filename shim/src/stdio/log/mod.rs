//! The log: the container's output cut into lines, one record for each.
//!
//! As docker does it: a line longer than 16 KiB becomes several records, of which only the last ends in a
//! newline and all carry the time of the first; a last line without newline is recorded without one.

pub mod compress;
pub mod cri;
pub mod file;
pub mod json;

use std::time::Duration;

use crate::contract::time::Timestamp;
use crate::error::Result;
use file::{Limits, LogFile};

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

/// How a record is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Docker's json-file.
    Json,
    /// Kubernetes' CRI.
    Cri,
}

impl Format {
    fn append(self, records: &mut Vec<u8>, stream: Stream, text: [&[u8]; 2], newline: bool, time: &str) {
        match self {
            Self::Json => json::append(records, stream, text, newline, time),
            Self::Cri => cri::append(records, stream, text, newline, time),
        }
    }
}

/// Where a process's output goes besides the clients.
pub trait Sink {
    /// The process wrote `bytes` at the time `now`.
    fn write(&mut self, stream: Stream, bytes: &[u8], now: Timestamp);
    /// A stream ended.
    fn end(&mut self, stream: Stream, now: Timestamp);
}

/// When a line without its end, so far, is recorded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Partial {
    /// When its end comes, or it is too long.
    #[default]
    Kept,
    /// As soon as it is read.
    AtOnce,
}

/// What one stream has not finished yet.
#[derive(Debug, Default)]
struct Unfinished {
    /// A line so far: shorter than [`MAX_LINE`].
    text: Vec<u8>,
    /// The line's beginning was recorded already, at this time.
    begun: Option<Timestamp>,
}

/// The log.
#[derive(Debug)]
pub struct Log {
    file: LogFile,
    format: Format,
    unfinished: [Unfinished; 2],
    partial: Partial,
    /// The time of the last record, and its text: all that was read together has the same.
    stamp: (Timestamp, String),
    /// Records that are not in the file yet, and their number.
    records: Vec<u8>,
    count: u64,
    /// Records that the file system refused.
    lost: u64,
}

impl Log {
    /// A log that appends to `file`.
    pub fn new(file: LogFile, format: Format) -> Self {
        Self {
            file,
            format,
            unfinished: Default::default(),
            partial: Partial::default(),
            stamp: (Timestamp::new(Duration::ZERO), "1970-01-01T00:00:00Z".to_owned()),
            records: Vec::new(),
            count: 0,
            lost: 0,
        }
    }

    /// Another run of the container begins here.
    pub fn begin(&mut self) {
        self.file.begin();
    }

    /// Decides about lines without their end.
    pub fn set_partial(&mut self, partial: Partial) {
        self.partial = partial;
    }

    /// Opens the file anew: somebody moved it away.
    pub fn reopen(&mut self) {
        // Without a new file the log goes on in the old one: nothing is lost.
        let _ = self.file.reopen();
    }

    /// Lets the log survive a power loss.
    pub fn sync(&mut self) {
        self.file.sync();
    }

    /// Takes back what was logged since the run began.
    pub fn take_back(&mut self) {
        self.file.take_back();
    }

    /// A child of this process ended; perhaps it was the one that compresses.
    pub fn child_ended(&mut self, pid: i32) {
        self.file.child_ended(pid);
    }

    fn record(&mut self, stream: Stream, text: [&[u8]; 2], newline: bool, time: Timestamp) {
        if self.stamp.0 != time {
            self.stamp = (time, time.to_string());
        }
        self.format
            .append(&mut self.records, stream, text, newline, &self.stamp.1);
        self.count += 1;
        if self.records.len() >= FLUSH_AT || self.file.is_full_with(self.records.len()) {
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
            let text = [text.as_bytes(), &[]];
            self.format
                .append(&mut notice, Stream::Stderr, text, true, &now.to_string());
            self.records.splice(0..0, notice);
        }
        match self.file.append(&self.records) {
            true => self.lost = 0,
            false => self.lost += self.count,
        }
        self.records.clear();
        self.count = 0;
    }
}

impl Sink for Log {
    /// Logs what the container wrote at the time `now`.
    fn write(&mut self, stream: Stream, mut bytes: &[u8], now: Timestamp) {
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
            if newline.is_none() && window.len() < room && self.partial == Partial::Kept {
                unfinished.text.extend_from_slice(piece);
                break;
            }
            let time = unfinished.begun.unwrap_or(now);
            self.record(stream, [&unfinished.text, piece], newline.is_some(), time);
            unfinished.text.clear();
            let goes_on = newline.is_none() && self.partial == Partial::Kept;
            unfinished.begun = goes_on.then_some(time);
        }
        self.unfinished[stream as usize] = unfinished;
        self.flush(now);
    }

    /// Logs the last line of a stream that ended, if it has no newline.
    fn end(&mut self, stream: Stream, now: Timestamp) {
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
}

/// Opens a log of this format.
///
/// # Errors
/// The file cannot be opened or made.
pub fn open(path: &std::path::Path, limits: Limits, format: Format) -> Result<Log> {
    LogFile::open(path, limits).map(|file| Log::new(file, format))
}

#[cfg(test)]
mod tests;
