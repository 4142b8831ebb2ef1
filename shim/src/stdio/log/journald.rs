//! The log in systemd's journal: one datagram a record, in its native protocol.
//!
//! The journal takes what it can; what it does not take at once waits here. With `mode=blocking` no output is read
//! meanwhile, so that it is never more than one piece; with `mode=non-blocking` as much as is allowed, and then records
//! are dropped and counted.

use std::collections::VecDeque;
use std::io::ErrorKind;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};

use super::{Attributes, Cut, Stream};
use crate::contract::time::Timestamp;
use crate::error::{Call, Result};
use crate::sys::epoll::Watch;

/// The journal.
#[derive(Debug)]
pub struct Journald {
    socket: UnixDatagram,
    path: PathBuf,
    /// Fields of every record, encoded.
    fields: Vec<u8>,
    /// Records that the journal did not take yet.
    pending: VecDeque<Vec<u8>>,
    pending_bytes: usize,
    /// So many bytes may wait; without it no output is read while any do.
    may_wait: Option<usize>,
    /// Records that were dropped since the last one that was not.
    dropped: u64,
    /// Its place in the epoll set.
    pub watch: Watch,
}

impl Journald {
    /// Connects to the journal at `path`; every record carries these fields (`NAME=value`).
    ///
    /// # Errors
    /// Nobody listens there.
    pub fn connect(path: &Path, fields: &[String], may_wait: Option<usize>) -> Result<Self> {
        let mut encoded = Vec::new();
        for field in fields {
            let (name, value) = field.split_once('=').unwrap_or((field, ""));
            append_field(&mut encoded, name, &[value.as_bytes()]);
        }
        Ok(Self {
            socket: connect(path)?,
            path: path.to_owned(),
            fields: encoded,
            pending: VecDeque::new(),
            pending_bytes: 0,
            may_wait,
            dropped: 0,
            watch: Watch::default(),
        })
    }

    /// Every record from now on carries these fields, too.
    pub fn add_fields(&mut self, fields: &Attributes) {
        for (name, value) in fields {
            append_field(&mut self.fields, name, &[value.as_bytes()]);
        }
    }

    /// The connection and its place in the epoll set.
    pub fn watched(&mut self) -> (&UnixDatagram, &mut Watch) {
        (&self.socket, &mut self.watch)
    }

    /// Something waits for the journal.
    pub fn is_behind(&self) -> bool {
        !self.pending.is_empty()
    }

    /// The container must wait for the journal.
    pub fn holds_output(&self) -> bool {
        self.may_wait.is_none() && self.is_behind()
    }

    /// Sends what waits, as far as the journal takes it.
    pub fn flush(&mut self) {
        while let Some(record) = self.pending.pop_front() {
            self.pending_bytes -= record.len();
            if let Some(record) = self.send(record) {
                self.pending_bytes += record.len();
                return self.pending.push_front(record);
            }
        }
    }

    /// Sends a record, or counts it as dropped; one that the journal has no room for yet comes back.
    fn send(&mut self, record: Vec<u8>) -> Option<Vec<u8>> {
        let mut result = self.socket.send(&record);
        if result.as_ref().is_err_and(|error| !may_pass(error))
            && let Ok(socket) = connect(&self.path)
        {
            // The journal was restarted: its socket is another one now.
            (self.socket, self.watch) = (socket, Watch::default());
            result = self.socket.send(&record);
        }
        match result {
            Ok(_) => None,
            Err(error) if may_pass(&error) => Some(record),
            Err(_) => {
                self.dropped += 1;
                None
            }
        }
    }

    fn offer(&mut self, record: Vec<u8>) {
        let record = match self.is_behind() {
            true => Some(record),
            false => self.send(record),
        };
        let Some(record) = record else { return };
        if self
            .may_wait
            .is_some_and(|most| self.pending_bytes + record.len() > most)
        {
            self.dropped += 1;
            return;
        }
        self.pending_bytes += record.len();
        self.pending.push_back(record);
    }

    fn encode(&self, priority: &str, text: [&[u8]; 2], partial: bool, time: &str) -> Vec<u8> {
        let mut record = self.fields.clone();
        append_field(&mut record, "PRIORITY", &[priority.as_bytes()]);
        append_field(&mut record, "SYSLOG_TIMESTAMP", &[time.as_bytes()]);
        if partial {
            append_field(&mut record, "CONTAINER_PARTIAL_MESSAGE", &[b"true"]);
        }
        append_field(&mut record, "MESSAGE", &text);
        record
    }

    /// Waits a moment for the journal to take the rest.
    pub fn settle(&mut self, deadline: std::time::Instant) {
        crate::sys::socket::wait_until_writable(&self.socket, deadline);
        self.flush();
    }
}

impl Cut for Journald {
    fn record(&mut self, stream: Stream, text: [&[u8]; 2], newline: bool, time: Timestamp) {
        let priority = match stream {
            Stream::Stdout => "6",
            Stream::Stderr => "3",
        };
        let time = time.to_string();
        self.flush();
        if self.dropped > 0 && !self.is_behind() {
            let text = format!("[corten-shim: {} log records were dropped]", self.dropped);
            self.dropped = 0;
            let notice = self.encode("4", [text.as_bytes(), &[]], false, &time);
            self.offer(notice);
        }
        let record = self.encode(priority, text, !newline, &time);
        self.offer(record);
    }
}

/// Whether a record that could not be sent may be sent later.
fn may_pass(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

fn connect(path: &Path) -> Result<UnixDatagram> {
    let call = || format!("connect({})", path.display());
    let socket = UnixDatagram::unbound().call(call)?;
    socket.set_nonblocking(true).call(call)?;
    socket
        .connect(path)
        .call(call)
        .map_err(|error| error.hint("is systemd-journald running? --log-driver json-file needs nobody"))?;
    Ok(socket)
}

/// A field in the native protocol: `NAME=value`, or with its length if the value holds a newline.
fn append_field(record: &mut Vec<u8>, name: &str, value: &[&[u8]]) {
    record.extend_from_slice(name.as_bytes());
    if value.iter().any(|part| part.contains(&b'\n')) {
        let length: usize = value.iter().map(|part| part.len()).sum();
        record.push(b'\n');
        record.extend_from_slice(&(length as u64).to_le_bytes());
    } else {
        record.push(b'=');
    }
    value.iter().for_each(|part| record.extend_from_slice(part));
    record.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stand_in() -> (tempfile::TempDir, UnixDatagram) {
        let dir = tempfile::tempdir().expect("a directory");
        let socket = UnixDatagram::bind(dir.path().join("socket")).expect("bound");
        (dir, socket)
    }

    fn received(socket: &UnixDatagram) -> String {
        let mut buffer = vec![0; 65_536];
        let length = socket.recv(&mut buffer).expect("a record");
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    }

    #[test]
    fn records_are_datagrams_of_fields() {
        let (dir, socket) = stand_in();
        let fields = ["CONTAINER_ID=abc".to_owned(), "NOTE=a\nb".to_owned()];
        let mut journal = Journald::connect(&dir.path().join("socket"), &fields, None).expect("there");
        journal.add_fields(&Attributes::from([("TEAM".to_owned(), "blue".to_owned())]));
        let time = Timestamp::new(std::time::Duration::from_secs(1));
        Cut::record(&mut journal, Stream::Stderr, [b"one", b" two"], true, time);
        assert_eq!(
            received(&socket),
            "CONTAINER_ID=abc\nNOTE\n\u{3}\0\0\0\0\0\0\0a\nb\nTEAM=blue\nPRIORITY=3\nSYSLOG_TIMESTAMP=1970-01-01T00:00:01Z\n\
             MESSAGE=one two\n"
        );
        Cut::record(&mut journal, Stream::Stdout, [b"part", b""], false, time);
        assert!(received(&socket).contains("CONTAINER_PARTIAL_MESSAGE=true\nMESSAGE=part\n"));
    }

    /// Fills the journal until it takes no more.
    fn fill(journal: &mut Journald, socket_is_full: impl Fn(&Journald) -> bool) -> u64 {
        let time = Timestamp::now();
        let mut count = 0;
        while !socket_is_full(journal) {
            Cut::record(journal, Stream::Stdout, [b"x", b""], true, time);
            count += 1;
        }
        count
    }

    #[test]
    fn a_journal_that_is_behind_holds_the_output() {
        let (dir, socket) = stand_in();
        let mut journal = Journald::connect(&dir.path().join("socket"), &[], None).expect("there");
        let sent = fill(&mut journal, Journald::holds_output);
        for _ in 0..sent {
            received(&socket);
            journal.flush();
        }
        assert!(!journal.holds_output());
    }

    #[test]
    fn what_is_too_much_is_dropped_and_counted() {
        let (dir, socket) = stand_in();
        let mut journal = Journald::connect(&dir.path().join("socket"), &[], Some(500)).expect("there");
        let sent = fill(&mut journal, |journal| journal.dropped == 3);
        assert!(!journal.holds_output() && journal.is_behind());
        for _ in 0..sent - 3 {
            received(&socket);
            journal.flush();
        }
        Cut::record(
            &mut journal,
            Stream::Stdout,
            [b"last", b""],
            true,
            Timestamp::now(),
        );
        assert!(received(&socket).contains("MESSAGE=[corten-shim: 3 log records were dropped]\n"));
        assert!(received(&socket).contains("MESSAGE=last\n"));
    }

    #[test]
    fn what_waits_reaches_a_journal_that_was_restarted_and_is_counted_if_there_is_none() {
        let (dir, socket) = stand_in();
        let path = dir.path().join("socket");
        let mut journal = Journald::connect(&path, &[], Some(500)).expect("there");
        fill(&mut journal, |journal| journal.pending.len() == 3);
        drop(socket);
        std::fs::remove_file(&path).expect("there");
        let socket = UnixDatagram::bind(&path).expect("bound");
        journal.flush();
        assert_eq!((journal.pending.len(), journal.dropped), (0, 0));
        for _ in 0..3 {
            assert!(received(&socket).contains("MESSAGE=x\n"));
        }
        fill(&mut journal, |journal| journal.pending.len() == 3);
        drop(socket);
        journal.flush();
        assert_eq!((journal.pending.len(), journal.dropped), (0, 3));
    }
}
