//! stdio: from pipes or terminals to the log and the attach clients, and back.
//!
//! A [`session::Session`] is one process's; [`Stdio`] has the container's, the log, and the socket where clients come.

pub mod client;
pub mod ends;
pub mod log;
pub mod output;
pub mod session;
pub mod stdin;

use std::io::ErrorKind;
use std::os::unix::net::UnixListener;
use std::time::{Duration, Instant};

use nix::sys::epoll::EpollFlags;

use crate::cli::Size;
use crate::error::Result;
use crate::sys::epoll::{Set, Watch};
use client::{Client, Wire};
use ends::Ends;
use log::Log;
use session::{Facts, Session, Wishes};

/// How much is read at one time.
const CHUNK: usize = 64 * 1024;
/// More clients than this wait to be accepted.
const MAX_CLIENTS: usize = 256;

/// How long clients wait when there is no descriptor for them: nobody tells when there is one again.
const STARVED: Duration = Duration::from_secs(1);

/// The token of the journal's socket.
const LOG: u64 = 20;
/// The token of the listening socket in the epoll set; the container's session has the tokens from 0 on.
const LISTENER: u64 = 16;

/// The container's stdio, and where clients come.
pub struct Stdio {
    listener: Option<UnixListener>,
    listening: Watch,
    container: Session,
    log: Option<Log>,
    /// No client can be let in before.
    starved_until: Option<Instant>,
    wire: Wire,
    buffer: Box<[u8]>,
}

impl Stdio {
    /// Stdio that has no container yet; without a listener no clients ever come.
    pub fn new(facts: Facts, listener: Option<UnixListener>, log: Option<Log>) -> Self {
        Self {
            listener,
            listening: Watch::default(),
            container: Session::new(facts),
            log,
            starved_until: None,
            wire: Wire::default(),
            buffer: vec![0; CHUNK].into_boxed_slice(),
        }
    }

    /// Takes over the shim's ends of the container's pipes or terminal.
    pub fn connect(&mut self, ends: Ends) {
        self.container.connect(ends);
    }

    /// Speaks to clients in another way.
    pub fn speak(&mut self, wire: Wire) {
        self.wire = wire;
    }

    /// Accepts clients from now on. Those that wait already miss nothing.
    pub fn welcome(&mut self, init: i32) {
        self.container.begin(init);
        self.accept();
    }

    /// The terminal, if there is one, has another size.
    pub fn resize(&mut self, size: Size) {
        self.container.resize(size);
    }

    /// The log's file was moved away: another one takes its name.
    pub fn reopen_log(&mut self) {
        if let Some(log) = &mut self.log {
            log.reopen();
        }
    }

    /// Lets what was logged survive a power loss.
    pub fn sync_log(&mut self) {
        if let Some(log) = &mut self.log {
            log.sync();
        }
    }

    /// Whether this token stands for new clients.
    pub fn is_listener(token: u64) -> bool {
        token == LISTENER
    }

    /// Handles what happened to the descriptor of `token`; returns what clients asked for.
    pub fn on_event(&mut self, token: u64, flags: EpollFlags) -> Wishes {
        if Self::is_listener(token) {
            self.accept();
            return Wishes::default();
        }
        if token == LOG {
            if let Some(journal) = self.log.as_mut().and_then(Log::behind) {
                journal.flush();
            }
            return Wishes::default();
        }
        self.container
            .on_event(token, flags, &mut self.buffer, self.log.as_mut())
    }

    /// Tells the epoll set what each descriptor waits for now.
    ///
    /// # Errors
    /// The epoll set refuses a descriptor.
    pub fn watch(&mut self, set: &Set) -> Result<()> {
        let room = self.starved_until.is_none()
            && self.container.has_process()
            && self.container.client_count() < MAX_CLIENTS;
        if let Some(listener) = &self.listener {
            let wanted = room.then_some(EpollFlags::EPOLLIN);
            set.update(&mut self.listening, listener, LISTENER, wanted)?;
        }
        let held = self.log.as_ref().is_some_and(Log::holds_output);
        if let Some(journal) = self.log.as_mut().and_then(Log::journal) {
            let wanted = journal.is_behind().then_some(EpollFlags::EPOLLOUT);
            let (socket, watch) = journal.watched();
            set.update(watch, socket, LOG, wanted)?;
        }
        self.container.watch(set, 0, held)
    }

    fn accept(&mut self) {
        while let Some(listener) = &self.listener
            && self.container.client_count() < MAX_CLIENTS
        {
            match listener.accept() {
                Ok((socket, _)) if socket.set_nonblocking(true).is_ok() => {
                    self.container.add(Client::new(socket, self.wire));
                }
                Ok(_) => {}
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => return,
                    ErrorKind::Interrupted | ErrorKind::ConnectionAborted => {}
                    // No descriptor or memory is left. The client waits on in the queue, and the socket stays readable:
                    // to look again at once would be to spin.
                    _ => {
                        self.starved_until = Some(Instant::now() + STARVED);
                        return;
                    }
                },
            }
        }
    }

    /// When to look for clients again although nothing happened.
    pub fn due(&self) -> Option<Instant> {
        self.starved_until
    }

    /// Time has passed.
    pub fn on_due(&mut self) {
        if self.starved_until.is_some_and(|until| Instant::now() >= until) {
            self.starved_until = None;
        }
    }

    /// Where what is read passes through, whoever reads.
    pub fn buffer(&mut self) -> &mut [u8] {
        &mut self.buffer
    }

    /// Reads what the container left behind: everything, or what is in a pipe that somebody still holds.
    pub fn drain(&mut self) {
        // conmon's clients say nothing before they get something: one may have come, and the process ended, since we looked.
        if self.wire == Wire::Packets {
            self.accept();
        }
        self.container.drain(&mut self.buffer, self.log.as_mut());
        if let Some(log) = &mut self.log {
            log.settle();
        }
    }

    /// Takes back what was logged: it was the runtime's, for there was never a container.
    pub fn take_log_back(&mut self) {
        if let Some(log) = &mut self.log {
            log.take_back();
        }
    }

    /// Tells every client the end, as [`Session::finish`] does. If the container will run again, whoever comes from now
    /// on waits for that.
    pub fn finish(&mut self, record: &[u8], again: bool) {
        self.container.finish(record);
        if again {
            self.container.renew();
        }
    }

    /// Makes ready for another run of the container.
    pub fn renew(&mut self) {
        if let Some(log) = &mut self.log {
            log.begin();
        }
    }

    /// A child of this process ended.
    pub fn child_ended(&mut self, pid: i32) {
        if let Some(log) = &mut self.log {
            log.child_ended(pid);
        }
    }

    /// Accepts nobody any more and lets all go.
    pub fn close(&mut self) {
        self.log = None;
        self.container.close();
    }
}
