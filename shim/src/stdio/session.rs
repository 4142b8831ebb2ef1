//! One process's stdio: its pipes or terminal, and the clients that are attached to it.
//!
//! Everything is bounded: output is read only while every `block` client keeps up, a client that sends stdin
//! is read only while stdin takes it. The log is written before any client sees a byte.

use std::time::{Duration, Instant};

use nix::sys::epoll::EpollFlags;

use super::client::{Client, Gone};
use super::ends::Ends;
use super::log::{Sink, Stream};
use super::output::{Output, Taken};
use super::stdin::Stdin;
use crate::cli::Size;
use crate::contract::frame::{self, Exec, Hello, Input, Welcome};
use crate::contract::time::Timestamp;
use crate::error::Result;
use crate::sys::epoll::Set;
use crate::sys::tty;

/// How long clients that do not read may together keep a shim without privileges from leaving.
const LAST_CHANCE: Duration = Duration::from_secs(10);

/// The token of stdin in the epoll set, counted from the session's first.
const STDIN: u64 = 17;
/// The tokens of the outputs.
const OUTPUTS: u64 = 18;
/// The tokens of the clients, from here on.
const CLIENTS: u64 = 32;

/// What the clients need to know about the process, and how stdin ends.
#[derive(Debug, Clone, Copy)]
pub struct Facts {
    /// It has a terminal.
    pub tty: bool,
    /// stdin ends with the first client that wrote to it.
    pub stdin_once: bool,
}

/// What a client asked for that is not done here.
#[derive(Default)]
pub struct Wishes {
    /// Signals for the process.
    pub signals: Vec<i32>,
    /// A process beside this one: the client is handed over.
    pub exec: Option<(Client, Exec)>,
}

/// All of it.
pub struct Session {
    facts: Facts,
    /// The process's number, once it is known.
    pid: Option<i32>,
    clients: Vec<Option<Client>>,
    outputs: Vec<Option<Output>>,
    stdin: Stdin,
    /// The exit record, for clients that come after the end.
    ended: Option<Vec<u8>>,
}

impl Session {
    /// A session that has no process yet.
    pub fn new(facts: Facts) -> Self {
        Self {
            facts,
            pid: None,
            clients: Vec::new(),
            outputs: Vec::new(),
            stdin: Stdin::new(None, facts.tty),
            ended: None,
        }
    }

    /// Takes over the shim's ends of the process's pipes or terminal.
    pub fn connect(&mut self, ends: Ends) {
        self.stdin = ends.stdin;
        self.outputs = ends.outputs.into_iter().map(Some).collect();
    }

    /// The process is there: clients are listened to from now on, and those that said their hello already are answered.
    pub fn begin(&mut self, pid: i32) {
        self.pid = Some(pid);
        for client in self.clients.iter_mut().flatten() {
            if client.hello.is_some() {
                greet(client, self.facts.tty, self.pid);
            }
        }
    }

    /// The process is there.
    pub fn has_process(&self) -> bool {
        self.pid.is_some()
    }

    /// How many clients are attached.
    pub fn client_count(&self) -> usize {
        self.clients.iter().flatten().count()
    }

    /// Gives the terminal, if there is one, another size.
    pub fn resize(&self, size: Size) {
        resize(&self.outputs, size);
    }

    /// Takes a client in.
    pub fn add(&mut self, client: Client) {
        match self.clients.iter_mut().find(|place| place.is_none()) {
            Some(place) => *place = Some(client),
            None => self.clients.push(Some(client)),
        }
    }

    /// Handles what happened to the descriptor of `token`; returns what clients asked for.
    pub fn on_event(
        &mut self,
        token: u64,
        flags: EpollFlags,
        buffer: &mut [u8],
        log: Option<&mut impl Sink>,
    ) -> Wishes {
        let mut wishes = Wishes::default();
        match token {
            STDIN if flags.contains(EpollFlags::EPOLLERR) => self.stdin.close(),
            STDIN => self.stdin.flush(),
            CLIENTS.. => {
                let index = index(token - CLIENTS);
                self.on_client(index, flags, buffer, &mut wishes);
                self.replay(index, log);
            }
            OUTPUTS.. => {
                self.read_output(index(token - OUTPUTS), buffer, log);
            }
            _ => {}
        }
        wishes
    }

    /// Tells the epoll set what each descriptor waits for now; `base` is the session's first token. While the
    /// log is behind, no output is read.
    ///
    /// # Errors
    /// The epoll set refuses a descriptor.
    pub fn watch(&mut self, set: &Set, base: u64, held_by_log: bool) -> Result<()> {
        let held = held_by_log || self.clients.iter().flatten().any(Client::holds_output);
        for (output, token) in self.outputs.iter_mut().zip(base + OUTPUTS..) {
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
            set.update(watch, file, base + STDIN, wanted)?;
        }
        for (client, token) in self.clients.iter_mut().zip(base + CLIENTS..) {
            let Some(client) = client else { continue };
            let mut wanted = EpollFlags::empty();
            wanted.set(
                EpollFlags::EPOLLIN,
                !(client.half_closed || full && client.sends_stdin()),
            );
            wanted.set(EpollFlags::EPOLLOUT, client.is_behind());
            // Waiting for stdin alone: a hang-up is noticed when it is read again.
            let listened_to = self.pid.is_some() && (!wanted.is_empty() || client.half_closed);
            let wanted = listened_to.then_some(wanted);
            let (socket, watch) = client.watched();
            set.update(watch, socket, token, wanted)?;
        }
        Ok(())
    }

    /// Reads one output once and passes it on; says how much there was.
    fn read_output(&mut self, index: usize, buffer: &mut [u8], log: Option<&mut impl Sink>) -> Taken {
        let Some(output) = self.outputs.get_mut(index).and_then(Option::as_mut) else {
            return Taken::End;
        };
        let stream = output.stream;
        let taken = output.read(buffer);
        match taken {
            Taken::Bytes(length) => {
                let bytes = &buffer[..length];
                if let Some(log) = log {
                    log.write(stream, bytes, Timestamp::now());
                }
                for client in self.clients.iter_mut().flatten() {
                    if client.wants(stream) && client.send_output(stream, bytes) == Err(Gone) {
                        // It reads no more; what it sent before it went is still to be passed on.
                        client.forget_output();
                    }
                }
            }
            Taken::Nothing => {}
            Taken::End => {
                self.outputs[index] = None;
                end_log(log, stream);
            }
        }
        taken
    }

    fn on_client(&mut self, index: usize, flags: EpollFlags, buffer: &mut [u8], wishes: &mut Wishes) {
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
            self.read_client(index, buffer, wishes);
        }
    }

    /// Sends a client that asked for it the beginnings of lines that the log does not have yet. Nothing was read since
    /// its welcome.
    fn replay(&mut self, index: usize, log: Option<&mut impl Sink>) {
        let client = self.clients.get_mut(index).and_then(Option::as_mut);
        let (Some(client), Some(log)) = (client, log) else {
            return;
        };
        if !client
            .hello
            .as_mut()
            .is_some_and(|hello| std::mem::take(&mut hello.replay))
        {
            return;
        }
        for stream in [Stream::Stdout, Stream::Stderr] {
            let begun = log.unfinished(stream);
            if client.wants(stream) && !begun.is_empty() && client.send_output(stream, begun).is_err() {
                client.forget_output();
            }
        }
    }

    fn read_client(&mut self, index: usize, buffer: &mut [u8], wishes: &mut Wishes) {
        let Some(place) = self.clients.get_mut(index) else {
            return;
        };
        let Some(client) = place else { return };
        let mut input = match client.read(buffer) {
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
                    greet(client, self.facts.tty, self.pid);
                    if let Some(record) = &self.ended {
                        // A socket that is empty but for the welcome takes it.
                        let _ = client.finish(frame::EXITED, record);
                        *place = None;
                        return;
                    }
                    true
                }
                // Nothing behind this frame has been read: a first frame is read alone.
                (Ok(Some(Input::Exec(exec))), None) => {
                    client.hello = Some(exec.hello);
                    wishes.exec = place.take().map(|client| (client, exec));
                    return;
                }
                (Ok(Some(input)), Some(hello)) => obey(
                    input,
                    hello,
                    client,
                    &mut self.stdin,
                    self.facts,
                    &self.outputs,
                    &mut wishes.signals,
                ),
                (Ok(Some(_)), None) | (Err(frame::Malformed), _) => false,
            };
            if !fine {
                return hang_up(place, &mut self.stdin, self.facts);
            }
        }
    }

    /// Reads what the process left behind: everything, or what is in a pipe that somebody still holds.
    pub fn drain(&mut self, buffer: &mut [u8], mut log: Option<&mut impl Sink>) {
        for index in 0..self.outputs.len() {
            let Some(output) = &self.outputs[index] else {
                continue;
            };
            let (stream, mut bound) = (output.stream, output.capacity());
            while let Taken::Bytes(length) = self.read_output(index, buffer, log.as_deref_mut())
                && length < bound
            {
                bound -= length;
            }
            end_log(log.as_deref_mut(), stream);
        }
        self.outputs.clear();
        self.stdin.close();
    }

    /// Tells every client the end, and leaves what they have not read yet with the kernel; only those stay whose
    /// kernel does not take it.
    pub fn tell_end(&mut self, kind: u8, payload: &[u8]) {
        for place in &mut self.clients {
            let Some(client) = place else { continue };
            if client.hello.is_none() || client.finish(kind, payload) != Ok(false) {
                *place = None;
            }
        }
    }

    /// Nobody has anything left to be sent.
    pub fn is_settled(&self) -> bool {
        !self.clients.iter().flatten().any(Client::is_behind)
    }

    /// Tells every client the exit, and waits at most a moment for those that cannot be left to the kernel.
    pub fn finish(&mut self, record: &[u8]) {
        self.tell_end(frame::EXITED, record);
        let deadline = Instant::now() + LAST_CHANCE;
        for client in self.clients.iter_mut().flatten() {
            client.wait_until_sent(deadline);
        }
        self.clients.clear();
        self.ended = Some(record.to_owned());
    }

    /// Forgets the process that ended; another one will come.
    pub fn renew(&mut self) {
        self.pid = None;
        self.ended = None;
    }

    /// Lets all go.
    pub fn close(&mut self) {
        self.pid = None;
        self.clients.clear();
        self.outputs.clear();
        self.stdin.close();
    }
}

fn end_log(log: Option<&mut impl Sink>, stream: Stream) {
    if let Some(log) = log {
        log.end(stream, Timestamp::now());
    }
}

/// Answers a hello. A client may have gone already, leaving stdin to pass on.
fn greet(client: &mut Client, tty: bool, pid: Option<i32>) {
    let welcome = Welcome {
        tty,
        pid: pid.unwrap_or_default(),
        at: Timestamp::now(),
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
        Input::Hello(_) | Input::Exec(_) => return false,
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
