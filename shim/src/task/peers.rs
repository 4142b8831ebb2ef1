//! The connections of clients: bytes to requests, and answers to bytes.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::{Duration, Instant};

use nix::sys::epoll::EpollFlags;

use crate::error::Result;
use crate::sys::epoll::{Set, Watch};
use crate::sys::socket::is_trusted;
use crate::ttrpc::frame::{self, Frame, Inbox};
use crate::ttrpc::rpc::{Answer, encode_answer};

/// The most connections at a time; more wait in the socket's queue. (containerd has one for each container.)
const MAX_PEERS: usize = 1024;
/// How long clients wait when there is no descriptor for them: nobody tells when there is one again.
const STARVED: Duration = Duration::from_secs(1);
/// A client that does not read its answers is given up at so many bytes.
const MAX_WAITING: usize = 8 << 20;

/// Where an answer goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplyTo {
    /// The connection.
    pub peer: u32,
    /// The request's stream.
    pub stream: u32,
}

/// The connections, and where more come from.
pub struct Peers {
    listener: UnixListener,
    watch: Watch,
    list: Vec<Peer>,
    last_number: u32,
    /// No client can be let in before.
    starved_until: Option<Instant>,
}

struct Peer {
    number: u32,
    socket: UnixStream,
    watch: Watch,
    inbox: Inbox,
    outbox: Vec<u8>,
    gone: bool,
}

impl Peers {
    /// None yet.
    pub fn new(listener: UnixListener) -> Self {
        Self {
            listener,
            watch: Watch::default(),
            list: Vec::new(),
            last_number: 0,
            starved_until: None,
        }
    }

    /// Whether nobody is connected.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Whether every answer is on its way.
    pub fn are_served(&self) -> bool {
        self.list.iter().all(|peer| peer.outbox.is_empty())
    }

    /// Tells the epoll set what everything waits for; forgets who has gone. `token` is the listener's, `token_of` a
    /// connection's.
    ///
    /// # Errors
    /// The epoll set refuses a descriptor.
    pub fn watch(&mut self, set: &Set, token: u64, token_of: impl Fn(u32) -> u64) -> Result<()> {
        self.list.retain(|peer| !peer.gone);
        let may_come = self.starved_until.is_none() && self.list.len() < MAX_PEERS;
        let more = may_come.then_some(EpollFlags::EPOLLIN);
        set.update(&mut self.watch, &self.listener, token, more)?;
        for peer in &mut self.list {
            let wanted = match peer.outbox.is_empty() {
                true => EpollFlags::EPOLLIN,
                false => EpollFlags::EPOLLIN | EpollFlags::EPOLLOUT,
            };
            if set
                .update(&mut peer.watch, &peer.socket, token_of(peer.number), Some(wanted))
                .is_err()
            {
                // It sees that nobody serves it; those that came before it are served on.
                peer.gone = true;
            }
        }
        self.list.retain(|peer| !peer.gone);
        Ok(())
    }

    /// Lets one client in. Others than root have no business here, however they came to the socket.
    pub fn accept(&mut self) {
        let socket = match self.listener.accept() {
            Ok((socket, _)) => socket,
            Err(error) => {
                let passing = [
                    ErrorKind::WouldBlock,
                    ErrorKind::Interrupted,
                    ErrorKind::ConnectionAborted,
                ];
                // No descriptor or memory is left: the client waits on in the queue, and the socket stays readable.
                if !passing.contains(&error.kind()) {
                    self.starved_until = Some(Instant::now() + STARVED);
                }
                return;
            }
        };
        if !is_trusted(&socket) || socket.set_nonblocking(true).is_err() {
            return;
        }
        self.last_number = self.last_number.wrapping_add(1);
        self.list.push(Peer {
            number: self.last_number,
            socket,
            watch: Watch::default(),
            inbox: Inbox::default(),
            outbox: Vec::new(),
            gone: false,
        });
    }

    /// When to look for clients again although nothing happened.
    pub fn due(&self) -> Option<Instant> {
        self.starved_until
    }

    /// Time has passed.
    pub fn on_due(&mut self, now: Instant) {
        self.starved_until = self.starved_until.filter(|until| now < *until);
    }

    /// Something happened to a connection: the requests that came.
    pub fn on_event(&mut self, number: u32, buffer: &mut [u8]) -> Vec<Frame> {
        let mut frames = Vec::new();
        if let Some(peer) = self.list.iter_mut().find(|peer| peer.number == number) {
            peer.flush();
            peer.receive(buffer, &mut frames);
        }
        frames
    }

    /// Answers a request. That its client has gone is its own affair.
    pub fn answer(&mut self, to: ReplyTo, answer: &Answer) {
        let Some(peer) = self.list.iter_mut().find(|peer| peer.number == to.peer) else {
            return;
        };
        let bytes = frame::encode(to.stream, frame::RESPONSE, &encode_answer(answer));
        peer.outbox.extend_from_slice(&bytes);
        peer.flush();
    }

    /// Whether the client of a request is still connected.
    pub fn has(&self, to: ReplyTo) -> bool {
        self.list.iter().any(|peer| peer.number == to.peer && !peer.gone)
    }
}

impl Peer {
    fn receive(&mut self, buffer: &mut [u8], frames: &mut Vec<Frame>) {
        loop {
            match self.socket.read(buffer) {
                Ok(0) => break self.gone = true,
                Ok(length) => self.inbox.push(&buffer[..length]),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_) => break self.gone = true,
            }
            // Each time: so the inbox holds one frame at most.
            loop {
                match self.inbox.next_frame() {
                    Ok(Some(frame)) => frames.push(frame),
                    Ok(None) => break,
                    Err(frame::TooLong) => return self.gone = true,
                }
            }
        }
    }

    fn flush(&mut self) {
        let mut sent = 0;
        while sent < self.outbox.len() {
            match self.socket.write(&self.outbox[sent..]) {
                Ok(length) => sent += length,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_) => {
                    self.gone = true;
                    break;
                }
            }
        }
        self.outbox.drain(..sent);
        if self.outbox.is_empty() {
            self.outbox = Vec::new();
        }
        self.gone |= self.outbox.len() > MAX_WAITING;
    }
}
