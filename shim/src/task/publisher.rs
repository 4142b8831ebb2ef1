//! Events on their way to containerd, in order, each until containerd has it. While containerd is down they wait here.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use nix::sys::epoll::EpollFlags;

use super::events::Event;
use crate::contract::time::Timestamp;
use crate::error::Result;
use crate::sys::epoll::{Set, Watch};
use crate::sys::socket;
use crate::ttrpc::frame::{self, Inbox};

/// The most events that wait; the oldest go first.
const MAX_WAITING: usize = 4096;
/// How long after a failure the next attempt is, at first and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// How long containerd may take for one.
const PATIENCE: Duration = Duration::from_secs(10);

/// The events that wait, and the connection.
pub struct Publisher {
    path: PathBuf,
    namespace: String,
    /// Requests; the first is on its way if `sent`.
    waiting: VecDeque<Vec<u8>>,
    connection: Option<Connection>,
    sent: bool,
    pause: Duration,
    /// When to try again, or to give the connection up.
    pub deadline: Option<Instant>,
}

struct Connection {
    socket: UnixStream,
    watch: Watch,
    inbox: Inbox,
    outbox: Vec<u8>,
    stream: u32,
}

impl Publisher {
    /// For containerd's ttrpc socket at this path.
    pub fn new(path: PathBuf, namespace: String) -> Self {
        Self {
            path,
            namespace,
            waiting: VecDeque::new(),
            connection: None,
            sent: false,
            pause: FIRST_PAUSE,
            deadline: None,
        }
    }

    /// Whether containerd knows everything.
    pub fn is_done(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Tells an event.
    pub fn publish(&mut self, event: Event) {
        if self.waiting.len() >= MAX_WAITING {
            // The first may be on its way.
            self.waiting.remove(usize::from(self.sent));
        }
        self.waiting
            .push_back(event.request(&self.namespace, Timestamp::now()));
        if self.deadline.is_none() {
            self.send();
        }
    }

    /// containerd may be there again: a good moment for the next attempt.
    pub fn retry(&mut self) {
        if !self.sent && !self.waiting.is_empty() {
            self.pause = FIRST_PAUSE;
            self.send();
        }
    }

    /// The deadline has passed.
    pub fn on_deadline(&mut self) {
        self.deadline = None;
        match self.sent {
            true => self.lose(),
            false => self.send(),
        }
    }

    /// Tells the epoll set what the connection waits for.
    ///
    /// # Errors
    /// The epoll set refuses it.
    pub fn watch(&mut self, set: &Set, token: u64) -> Result<()> {
        let Some(connection) = &mut self.connection else {
            return Ok(());
        };
        let wanted = match connection.outbox.is_empty() {
            true => EpollFlags::EPOLLIN,
            false => EpollFlags::EPOLLIN | EpollFlags::EPOLLOUT,
        };
        set.update(&mut connection.watch, &connection.socket, token, Some(wanted))
    }

    /// Something happened to the connection.
    pub fn on_event(&mut self, buffer: &mut [u8]) {
        let Some(connection) = &mut self.connection else {
            return;
        };
        match connection.go_on(buffer) {
            Ok(false) => {}
            Ok(true) => {
                // Whatever containerd thinks of it, it has it: the same again would be refused again.
                self.waiting.pop_front();
                self.sent = false;
                self.deadline = None;
                self.pause = FIRST_PAUSE;
                self.send();
            }
            Err(()) => self.lose(),
        }
    }

    fn send(&mut self) {
        let Some(first) = self.waiting.front() else {
            self.waiting = VecDeque::new();
            return;
        };
        if self.sent {
            return;
        }
        if self.connection.is_none() {
            self.connection = socket::connect(&self.path).ok().map(Connection::new);
        }
        let Some(connection) = &mut self.connection else {
            return self.lose();
        };
        connection.stream = connection.stream.wrapping_add(2);
        connection.outbox = frame::encode(connection.stream, frame::REQUEST, first);
        self.sent = true;
        self.deadline = Some(Instant::now() + PATIENCE);
        if connection.flush().is_err() {
            self.lose();
        }
    }

    /// Without a connection: the first event is sent again some time later.
    fn lose(&mut self) {
        self.connection = None;
        self.sent = false;
        self.deadline = None;
        if !self.waiting.is_empty() {
            self.deadline = Some(Instant::now() + self.pause);
            self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        }
    }
}

impl Connection {
    fn new(socket: UnixStream) -> Self {
        Self {
            socket,
            watch: Watch::default(),
            inbox: Inbox::default(),
            outbox: Vec::new(),
            // Clients' streams are odd.
            stream: u32::MAX,
        }
    }

    /// Whether the answer came; an error if nobody is there any more.
    fn go_on(&mut self, buffer: &mut [u8]) -> Result<bool, ()> {
        self.flush()?;
        loop {
            match self.socket.read(buffer) {
                Ok(0) => return Err(()),
                Ok(length) => self.inbox.push(&buffer[..length]),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(_) => return Err(()),
            }
            while let Some(frame) = self.inbox.next_frame().map_err(|frame::TooLong| ())? {
                if frame.stream == self.stream && frame.kind == frame::RESPONSE {
                    return Ok(true);
                }
            }
        }
    }

    fn flush(&mut self) -> Result<(), ()> {
        while !self.outbox.is_empty() {
            match self.socket.write(&self.outbox) {
                Ok(length) => {
                    self.outbox.drain(..length);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(_) => return Err(()),
            }
        }
        Ok(())
    }
}
