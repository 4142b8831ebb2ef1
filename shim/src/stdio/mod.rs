//! The container's stdio: from its pipes or terminal to the log and the attach clients, and back.
//!
//! Everything is bounded: output is read only while every `block` client keeps up, a client that sends stdin
//! is read only while stdin takes it. The log is written before any client sees a byte.

pub mod client;
pub mod log;
pub mod output;
pub mod stdin;

use std::os::unix::net::UnixListener;
use std::time::{Duration, Instant};

use nix::sys::epoll::EpollFlags;

use crate::cli::Size;
use crate::contract::frame::{self, Hello, Input, Welcome};
use crate::contract::time::Timestamp;
use crate::error::Result;
use crate::sys::epoll::{Set, Watch};
use crate::sys::tty;
use client::{Client, Gone};
use log::{Log, Stream};
use output::{Output, Taken};
use stdin::Stdin;

/// How much is read at one time.
const CHUNK: usize = 64 * 1024;
/// More clients than this wait to be accepted.
const MAX_CLIENTS: usize = 256;
/// How long clients that do not read may together keep a shim without privileges from leaving.
const LAST_CHANCE: Duration = Duration::from_secs(10);

/// The token of the listening socket in the epoll set.
pub const LISTENER: u64 = 16;
/// The token of stdin.
pub const STDIN: u64 = 17;
/// The tokens of the outputs.
pub const OUTPUTS: u64 = 18;
/// The tokens of the clients, from here on.
pub const CLIENTS: u64 = 32;

/// What the clients need to know about the container, and how stdin ends.
#[derive(Debug, Clone, Copy)]
pub struct Facts {
    /// It has a terminal.
    pub tty: bool,
    /// stdin ends with the first client that wrote to it.
    pub stdin_once: bool,
}

/// All of it.
pub struct Stdio {
    facts: Facts,
    listener: UnixListener,
    listening: Watch,
    /// Clients are welcome: the number of init.
    init: Option<i32>,
    clients: Vec<Option<Client>>,
    outputs: Vec<Option<Output>>,
    stdin: Stdin,
    log: Option<Log>,
    /// The exit record, for clients that come after the end.
    ended: Option<Vec<u8>>,
    buffer: Box<[u8]>,
}

impl Stdio {
    /// Stdio that has no container yet.
    pub fn new(facts: Facts, listener: UnixListener, log: Option<Log>) -> Self {
        Self {
            facts,
            listener,
            listening: Watch::default(),
            init: None,
            clients: Vec::new(),
            outputs: Vec::new(),
            stdin: Stdin::new(None, facts.tty),
            log,
            ended: None,
            buffer: vec![0; CHUNK].into_boxed_slice(),
        }
    }

    /// Takes over the shim's ends of the container's pipes or terminal.
    pub fn connect(&mut self, stdin: Stdin, outputs: Vec<Output>) {
        self.stdin = stdin;
        self.outputs = outputs.into_iter().map(Some).collect();
    }

    /// Accepts clients from now on.
    pub fn welcome(&mut self, init: i32) {
        self.init = Some(init);
    }

    /// Handles what happened to the descriptor of `token`; returns the signals that clients sent.
    pub fn on_event(&mut self, token: u64, flags: EpollFlags) -> Vec<i32> {
        let mut signals = Vec::new();
        match token {
            LISTENER => self.accept(),
            STDIN if flags.contains(EpollFlags::EPOLLERR) => self.stdin.close(),
            STDIN => self.stdin.flush(),
            CLIENTS.. => self.on_client(index(token - CLIENTS), flags, &mut signals),
            _ => {
                self.read_output(index(token - OUTPUTS));
            }
        }
        signals
    }

    /// Tells the epoll set what each descriptor waits for now.
    ///
    /// # Errors
    /// The epoll set refuses a descriptor.
    pub fn watch(&mut self, set: &Set) -> Result<()> {
        let room = self.init.is_some() && self.clients.iter().flatten().count() < MAX_CLIENTS;
        set.update(
            &mut self.listening,
            &self.listener,
            LISTENER,
            room.then_some(EpollFlags::EPOLLIN),
        )?;
        let held = self.clients.iter().flatten().any(Client::holds_output);
        for (output, token) in self.outputs.iter_mut().zip(OUTPUTS..) {
            let Some(output) = output else { continue };
            let flags = match output.hung_up {
                true => EpollFlags::EPOLLIN | EpollFlags::EPOLLET,
                false => EpollFlags::EPOLLIN,
            };
            let (file, watch) = output.watched();
            set.update(watch, file, token, (!held).then_some(flags))?;
        }
        let (full, terminal) = (self.stdin.is_full(), self.stdin.is_terminal());
        if let Some((file, watch)) = self.stdin.watched() {
            // A pipe that nobody reads any more reports itself; a hung-up terminal must not do so for ever.
            let wanted = match full {
                true => Some(EpollFlags::EPOLLOUT),
                false => (!terminal).then_some(EpollFlags::empty()),
            };
            set.update(watch, file, STDIN, wanted)?;
        }
        for (client, token) in self.clients.iter_mut().zip(CLIENTS..) {
            let Some(client) = client else { continue };
            let mut wanted = EpollFlags::empty();
            wanted.set(
                EpollFlags::EPOLLIN,
                !(client.half_closed || full && client.sends_stdin()),
            );
            wanted.set(EpollFlags::EPOLLOUT, client.is_behind());
            // Waiting for stdin alone: a hang-up is noticed when it is read again.
            let wanted = (!wanted.is_empty() || client.half_closed).then_some(wanted);
            let (socket, watch) = client.watched();
            set.update(watch, socket, token, wanted)?;
        }
        Ok(())
    }

    fn accept(&mut self) {
        while let Ok((socket, _)) = self.listener.accept() {
            if socket.set_nonblocking(true).is_err() {
                continue;
            }
            let client = Some(Client::new(socket));
            match self.clients.iter_mut().find(|place| place.is_none()) {
                Some(place) => *place = client,
                None => self.clients.push(client),
            }
            if self.clients.iter().flatten().count() >= MAX_CLIENTS {
                return;
            }
        }
    }

    /// Reads one output once and passes it on; says how much there was.
    fn read_output(&mut self, index: usize) -> Taken {
        let Some(output) = self.outputs.get_mut(index).and_then(Option::as_mut) else {
            return Taken::End;
        };
        let stream = output.stream;
        let taken = output.read(&mut self.buffer);
        match taken {
            Taken::Bytes(length) => {
                let bytes = &self.buffer[..length];
                if let Some(log) = &mut self.log {
                    log.write(stream, bytes, Timestamp::now());
                }
                for place in &mut self.clients {
                    if let Some(client) = place
                        && client.wants(stream)
                        && client.send_output(stream, bytes) == Err(Gone)
                    {
                        // It reads no more; what it sent before it went is still to be passed on.
                        client.forget_output();
                    }
                }
            }
            Taken::Nothing => {}
            Taken::End => {
                self.outputs[index] = None;
                self.end_log(stream);
            }
        }
        taken
    }

    fn on_client(&mut self, index: usize, flags: EpollFlags, signals: &mut Vec<i32>) {
        let Some(place) = self.clients.get_mut(index) else {
            return;
        };
        let Some(client) = place else { return };
        if flags.contains(EpollFlags::EPOLLOUT) && client.flush().is_err() {
            client.forget_output();
        }
        if flags.intersects(EpollFlags::EPOLLHUP | EpollFlags::EPOLLERR) {
            // It reads no more, but what it sent before it went is still to be passed on.
            client.forget_output();
            if client.half_closed {
                return hang_up(place, &mut self.stdin, self.facts);
            }
        }
        let may_read = !(client.sends_stdin() && self.stdin.is_full());
        if flags.intersects(EpollFlags::EPOLLIN | EpollFlags::EPOLLHUP) && may_read {
            self.read_client(index, signals);
        }
    }

    fn read_client(&mut self, index: usize, signals: &mut Vec<i32>) {
        let Some(place) = self.clients.get_mut(index) else {
            return;
        };
        let Some(client) = place else { return };
        let mut input = match client.read(&mut self.buffer) {
            Ok(None) => return,
            Ok(Some([])) => {
                client.half_closed = true;
                if client.wrote && self.facts.stdin_once {
                    self.stdin.end();
                }
                if client.hello.is_none() {
                    *place = None;
                }
                return;
            }
            Ok(Some(input)) => input,
            Err(Gone) => return hang_up(place, &mut self.stdin, self.facts),
        };
        loop {
            let said = client.decoder.next(&mut input);
            let fine = match (said, client.hello) {
                (Ok(None), _) => return,
                (Ok(Some(Input::Hello(hello))), None) => {
                    client.hello = Some(hello);
                    greet(client, self.facts.tty, self.init);
                    if let Some(record) = &self.ended {
                        // A socket that is empty but for the welcome takes it.
                        let _ = client.finish(record);
                        *place = None;
                        return;
                    }
                    true
                }
                (Ok(Some(input)), Some(hello)) => obey(
                    input,
                    hello,
                    client,
                    &mut self.stdin,
                    self.facts,
                    &self.outputs,
                    signals,
                ),
                (Ok(Some(_)), None) | (Err(frame::Malformed), _) => false,
            };
            if !fine {
                return hang_up(place, &mut self.stdin, self.facts);
            }
        }
    }

    /// Sets the size of the container's terminal.
    pub fn resize(&self, size: Size) {
        resize(&self.outputs, size);
    }

    /// Reads what the container left behind: everything, or what is in a pipe that somebody still holds.
    pub fn drain(&mut self) {
        for index in 0..self.outputs.len() {
            let Some(output) = &self.outputs[index] else {
                continue;
            };
            let (stream, mut bound) = (output.stream, output.capacity());
            while let Taken::Bytes(length) = self.read_output(index)
                && length < bound
            {
                bound -= length;
            }
            self.end_log(stream);
        }
        self.outputs.clear();
        self.stdin.close();
    }

    fn end_log(&mut self, stream: Stream) {
        if let Some(log) = &mut self.log {
            log.end(stream, Timestamp::now());
        }
    }

    /// Takes back what was logged: it was the runtime's, for there was never a container.
    pub fn take_log_back(&mut self) {
        if let Some(log) = &mut self.log {
            log.take_back();
        }
    }

    /// Tells every client the end, and leaves what they have not read yet with the kernel. Without the
    /// privilege for that, waits for them at most a moment.
    pub fn finish(&mut self, record: &[u8]) {
        for place in &mut self.clients {
            let Some(client) = place else { continue };
            if client.hello.is_none() || client.finish(record) != Ok(false) {
                *place = None;
            }
        }
        let deadline = Instant::now() + LAST_CHANCE;
        for client in self.clients.iter_mut().flatten() {
            client.wait_until_sent(deadline);
        }
        self.clients.clear();
        self.ended = Some(record.to_owned());
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
        self.init = None;
        self.clients.clear();
        self.outputs.clear();
        self.stdin.close();
    }
}

/// Answers a hello. A client may have gone already, leaving stdin to pass on.
fn greet(client: &mut Client, tty: bool, init: Option<i32>) {
    let welcome = Welcome {
        tty,
        pid: init.unwrap_or_default(),
    };
    let text = serde_json::to_vec(&welcome).unwrap_or_default();
    if client.send(frame::WELCOME, &text).is_err() {
        client.forget_output();
    }
}

/// Does what a client said after its hello; says whether it was in order.
fn obey(
    input: Input<'_>,
    hello: Hello,
    client: &mut Client,
    stdin: &mut Stdin,
    facts: Facts,
    outputs: &[Option<Output>],
    signals: &mut Vec<i32>,
) -> bool {
    match input {
        Input::Hello(_) => return false,
        Input::Stdin(bytes) if hello.stdin => {
            client.wrote = true;
            stdin.write(bytes);
        }
        Input::StdinEnd if hello.stdin && facts.stdin_once => stdin.end(),
        Input::Stdin(_) | Input::StdinEnd => {}
        Input::Resize(size) => resize(outputs, size),
        Input::Signal(signal) => signals.push(signal),
    }
    true
}

fn resize(outputs: &[Option<Output>], size: Size) {
    for output in outputs.iter().flatten() {
        // Only a terminal has a size; a pipe refuses, and nobody is the worse for it.
        let _ = tty::set_size(output.file(), size);
    }
}

/// Removes a client; stdin may end with it.
fn hang_up(place: &mut Option<Client>, stdin: &mut Stdin, facts: Facts) {
    if let Some(client) = place.take()
        && client.wrote
        && facts.stdin_once
    {
        stdin.end();
    }
}

fn index(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}
