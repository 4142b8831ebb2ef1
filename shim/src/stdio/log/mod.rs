//! The log: the container's output cut into lines, one record for each.
//!
//! As docker does it: a line longer than 16 KiB becomes several records, of which only the last ends in a
//! newline and all carry the time of the first; a last line without newline is recorded without one.

pub mod compress;
pub mod cri;
mod encoder;
pub mod file;
pub mod journald;
pub mod json;
mod queue;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::contract::time::Timestamp;
use crate::error::Result;
use encoder::Encoder;
use file::{Limits, LogFile};
use journald::Journald;
use queue::Queue;

/// Where docker cuts a line.
const MAX_LINE: usize = 16 * 1024;
/// How long a log that is behind may hold up the end of the container.
const LAST_CHANCE: Duration = Duration::from_secs(10);
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

/// What each record carries besides the text, by name.
pub type Attributes = BTreeMap<String, String>;

/// How a record is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Docker's json-file.
    Json,
    /// Kubernetes' CRI.
    Cri,
}

/// Where a process's output goes besides the clients.
pub trait Sink {
    /// The process wrote `bytes` at the time `now`.
    fn write(&mut self, stream: Stream, bytes: &[u8], now: Timestamp);
    /// A stream ended.
    fn end(&mut self, stream: Stream, now: Timestamp);
    /// What is still kept of a line that has begun.
    fn unfinished(&self, _: Stream) -> &[u8] {
        &[]
    }
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

/// Where lines go, or parts of long ones.
pub(super) trait Cut {
    /// Takes a line or a part of one, in two pieces; `newline` says that it ends here.
    fn record(&mut self, stream: Stream, text: [&[u8]; 2], newline: bool, time: Timestamp);
}

/// What one stream has not finished yet.
#[derive(Debug, Default)]
struct Unfinished {
    /// A line so far: shorter than [`MAX_LINE`].
    text: Vec<u8>,
    /// The line's beginning was recorded already, at this time.
    begun: Option<Timestamp>,
}

impl Unfinished {
    /// Cuts what the container wrote at the time `now` into lines.
    fn write(
        &mut self,
        target: &mut impl Cut,
        partial: Partial,
        stream: Stream,
        mut bytes: &[u8],
        now: Timestamp,
    ) {
        while !bytes.is_empty() {
            let room = MAX_LINE - self.text.len();
            let window = &bytes[..room.min(bytes.len())];
            let newline = memchr::memchr(b'\n', window);
            let (piece, taken) = match newline {
                Some(at) => (&window[..at], at + 1),
                None => (window, window.len()),
            };
            bytes = &bytes[taken..];
            if newline.is_none() && window.len() < room && partial == Partial::Kept {
                self.text.extend_from_slice(piece);
                break;
            }
            let time = self.begun.unwrap_or(now);
            target.record(stream, [&self.text, piece], newline.is_some(), time);
            self.text.clear();
            let goes_on = newline.is_none() && partial == Partial::Kept;
            self.begun = goes_on.then_some(time);
        }
    }

    /// The stream ended, perhaps without a newline.
    fn end(&mut self, target: &mut impl Cut, stream: Stream, now: Timestamp) {
        let unfinished = std::mem::take(self);
        if !unfinished.text.is_empty() {
            let time = unfinished.begun.unwrap_or(now);
            target.record(stream, [&unfinished.text, &[]], false, time);
        }
    }
}

/// The log.
#[derive(Debug)]
pub struct Log {
    unfinished: [Unfinished; 2],
    partial: Partial,
    target: Target,
}

#[derive(Debug)]
enum Target {
    File(Box<Records>),
    Journald(Journald),
}

impl Log {
    fn new(target: Target) -> Self {
        Self {
            unfinished: Default::default(),
            partial: Partial::default(),
            target,
        }
    }

    /// A log in systemd's journal.
    pub fn journald(journal: Journald) -> Self {
        Self::new(Target::Journald(journal))
    }

    /// The same log, each record of which carries these attributes.
    #[must_use]
    pub fn carrying(mut self, attributes: &Attributes) -> Self {
        match &mut self.target {
            Target::File(records) => records.encoder.carry(attributes),
            Target::Journald(journal) => journal.add_fields(attributes),
        }
        self
    }

    /// Another run of the container begins here.
    pub fn begin(&mut self) {
        if let Target::File(records) = &mut self.target {
            records.writer.begin();
        }
    }

    /// Decides about lines without their end.
    pub fn set_partial(&mut self, partial: Partial) {
        self.partial = partial;
    }

    /// After so many bytes in all, however many files they are in, nothing more is recorded.
    pub fn end_after(&mut self, bytes: u64) {
        if let Target::File(records) = &mut self.target {
            records.left = Some(bytes);
        }
    }

    /// Opens the file anew: somebody moved it away.
    pub fn reopen(&mut self) {
        if let Target::File(records) = &mut self.target {
            records.writer.reopen();
        }
    }

    /// Lets the log survive a power loss.
    pub fn sync(&mut self) {
        if let Target::File(records) = &mut self.target {
            records.writer.sync();
        }
    }

    /// Takes back what was logged since the run began, as far as that can be done.
    pub fn take_back(&mut self) {
        if let Target::File(records) = &mut self.target {
            records.writer.take_back();
        }
    }

    /// A child of this process ended; perhaps it was the one that compresses.
    pub fn child_ended(&mut self, pid: i32) {
        if let Target::File(records) = &mut self.target {
            records.writer.child_ended(pid);
        }
    }

    /// The container must wait for the log.
    pub fn holds_output(&self) -> bool {
        matches!(&self.target, Target::Journald(journal) if journal.holds_output())
    }

    /// The journal, if something waits for it.
    pub fn behind(&mut self) -> Option<&mut Journald> {
        match &mut self.target {
            Target::Journald(journal) if journal.is_behind() => Some(journal),
            _ => None,
        }
    }

    /// The journal, if it is one.
    pub fn journal(&mut self) -> Option<&mut Journald> {
        match &mut self.target {
            Target::Journald(journal) => Some(journal),
            Target::File(_) => None,
        }
    }

    /// Waits a moment for what waits here to be taken.
    pub fn settle(&mut self) {
        let deadline = Instant::now() + LAST_CHANCE;
        match &mut self.target {
            Target::File(records) => records.settle(deadline),
            Target::Journald(journal) => {
                while journal.is_behind() && Instant::now() < deadline {
                    journal.settle(deadline);
                }
            }
        }
    }
}

impl Sink for Log {
    fn write(&mut self, stream: Stream, bytes: &[u8], now: Timestamp) {
        let unfinished = &mut self.unfinished[stream as usize];
        match &mut self.target {
            Target::File(records) => {
                unfinished.write(&mut **records, self.partial, stream, bytes, now);
                records.flush(now);
            }
            Target::Journald(journal) => unfinished.write(journal, self.partial, stream, bytes, now),
        }
    }

    fn end(&mut self, stream: Stream, now: Timestamp) {
        let unfinished = &mut self.unfinished[stream as usize];
        match &mut self.target {
            Target::File(records) => {
                unfinished.end(&mut **records, stream, now);
                records.flush(now);
            }
            Target::Journald(journal) => unfinished.end(journal, stream, now),
        }
    }

    fn unfinished(&self, stream: Stream) -> &[u8] {
        &self.unfinished[stream as usize].text
    }
}

/// Records of a file.
#[derive(Debug)]
struct Records {
    writer: Writer,
    encoder: Encoder,
    /// Records that are not in the file yet, and their number.
    records: Vec<u8>,
    count: u64,
    /// Records that were refused.
    lost: u64,
    /// So many bytes may still come, if there is a limit.
    left: Option<u64>,
}

/// Who writes the file.
#[derive(Debug)]
enum Writer {
    /// This thread: a disk that stands still holds the container up.
    Direct(LogFile),
    /// Another one.
    Queued(Queue),
}

impl Writer {
    fn begin(&mut self) {
        if let Self::Direct(file) = self {
            file.begin();
        }
    }

    fn take_back(&mut self) {
        if let Self::Direct(file) = self {
            file.take_back();
        }
    }

    /// A file that a thread writes stays where it is.
    fn reopen(&mut self) {
        if let Self::Direct(file) = self {
            // Without a new file the log goes on in the old one: nothing is lost.
            let _ = file.reopen();
        }
    }

    fn sync(&mut self) {
        if let Self::Direct(file) = self {
            file.sync();
        }
    }

    fn child_ended(&mut self, pid: i32) {
        match self {
            Self::Direct(file) => file.child_ended(pid),
            Self::Queued(queue) => queue.child_ended(pid),
        }
    }

    fn is_full_with(&self, more: usize) -> bool {
        matches!(self, Self::Direct(file) if file.is_full_with(more))
    }

    /// Takes records; says whether it did, and how many it had taken before and lost after all.
    fn append(&mut self, records: &[u8], count: u64) -> (bool, u64) {
        match self {
            Self::Direct(file) => (file.append(records), 0),
            Self::Queued(queue) => queue.append(records, count),
        }
    }
}

impl Records {
    fn new(writer: Writer, format: Format) -> Self {
        Self {
            writer,
            encoder: Encoder::new(format),
            records: Vec::new(),
            count: 0,
            lost: 0,
            left: None,
        }
    }

    /// Counts a record against the limit; says whether it is within. After one that was not, none is.
    fn has_room_for(&mut self, length: usize) -> bool {
        let left = self.left.map(|left| left.checked_sub(length as u64));
        self.left = left.map(Option::unwrap_or_default);
        left != Some(None)
    }

    /// Writes the records. When they are refused, the container goes on without them: the file keeps only whole lines,
    /// and the next record that it takes says how many are missing.
    fn flush(&mut self, now: Timestamp) {
        if self.records.is_empty() {
            return;
        }
        self.prepend_notice(now);
        let (taken, lost_before) = self.writer.append(&self.records, self.count);
        self.lost = match taken {
            true => lost_before,
            // With these, the notice is lost as well.
            false => self.lost + lost_before + self.count,
        };
        self.records.clear();
        self.count = 0;
    }

    fn prepend_notice(&mut self, now: Timestamp) {
        if self.lost == 0 {
            return;
        }
        let text = match &self.writer {
            Writer::Direct(_) => format!("[corten-shim: {} log records could not be written]", self.lost),
            Writer::Queued(_) => format!("[corten-shim: {} log records were dropped]", self.lost),
        };
        let mut notice = Vec::new();
        let text = [text.as_bytes(), &[]];
        self.encoder.append(&mut notice, Stream::Stderr, text, true, now);
        self.records.splice(0..0, notice);
    }

    fn settle(&mut self, deadline: Instant) {
        if let Writer::Queued(queue) = &self.writer {
            queue.settle(deadline);
            // Whatever was dropped last is told, too.
            let now = Timestamp::now();
            self.lost += queue.refused();
            self.prepend_notice(now);
            self.lost = 0;
            if !self.records.is_empty() {
                self.writer.append(&std::mem::take(&mut self.records), 1);
            }
            if let Writer::Queued(queue) = &self.writer {
                queue.settle(deadline);
            }
        }
    }
}

impl Cut for Records {
    fn record(&mut self, stream: Stream, text: [&[u8]; 2], newline: bool, time: Timestamp) {
        if self.left == Some(0) {
            return;
        }
        let before = self.records.len();
        self.encoder
            .append(&mut self.records, stream, text, newline, time);
        if !self.has_room_for(self.records.len() - before) {
            return self.records.truncate(before);
        }
        self.count += 1;
        if self.records.len() >= FLUSH_AT || self.writer.is_full_with(self.records.len()) {
            self.flush(time);
        }
    }
}

/// Opens a log of this format; with `buffer`, so many bytes may wait for the disk before records are dropped.
///
/// # Errors
/// The file cannot be opened or made.
pub fn open(path: &std::path::Path, limits: Limits, format: Format, buffer: Option<usize>) -> Result<Log> {
    let file = LogFile::open(path, limits)?;
    let writer = match buffer {
        None => Writer::Direct(file),
        Some(most) => Writer::Queued(Queue::new(file, most)),
    };
    Ok(Log::new(Target::File(Box::new(Records::new(writer, format)))))
}

#[cfg(test)]
mod tests;
