//! A process that containerd knows of: a container's own, or one beside it.

use super::api::{Exit, State, Stdio};
use super::container::Incoming;
use super::peers::ReplyTo;
use super::streams::{Streams, Theirs};
use crate::contract::record::Ended;
use crate::error::{Error, Result};
use crate::supervise::console::Console;
use crate::sys::process::PidFd;

/// How far a process's life is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// Known; the container's own is set up.
    Created,
    /// The runtime starts it.
    Starting,
    /// It runs.
    Running,
    /// It is frozen.
    Paused,
    /// It has ended.
    Stopped(Exit),
}

/// A process.
pub struct Process {
    /// Among all that this shim ever knew.
    pub number: u32,
    /// Its name beside the container's own, whose name is empty.
    pub exec: String,
    /// Where its streams go.
    pub stdio: Stdio,
    /// config.json's `process`, until it is started.
    pub spec: Vec<u8>,
    /// How far it is.
    pub life: Life,
    /// Its number; 0 before it has one.
    pub pid: i32,
    /// Itself.
    pub handle: Option<PidFd>,
    /// The shim's part of its streams.
    pub streams: Streams,
    /// What it gets as stdin, stdout and stderr, while its start is held.
    pub theirs: Theirs,
    /// The request to start it, held until the program for its output is ready.
    pub held: Option<Incoming>,
    /// Waiting for its terminal.
    pub console: Option<Console>,
    /// The terminal came, but its output has no place to go, or its input none to come from.
    pub homeless: Option<Error>,
    /// Who waits for its end.
    pub waiters: Vec<ReplyTo>,
    /// It ended before the runtime's `start` did.
    pub early_end: Option<Ended>,
}

impl Process {
    /// A process that nobody has started.
    pub fn new(number: u32, exec: String, stdio: Stdio) -> Self {
        Self {
            number,
            exec,
            stdio,
            spec: Vec::new(),
            life: Life::Created,
            pid: 0,
            handle: None,
            streams: Streams::default(),
            theirs: [None, None, None],
            held: None,
            console: None,
            homeless: None,
            waiters: Vec::new(),
            early_end: None,
        }
    }

    /// As containerd calls it.
    pub fn state(&self) -> State {
        match self.life {
            Life::Created | Life::Starting => State::Created,
            Life::Running => State::Running,
            Life::Paused => State::Paused,
            Life::Stopped(_) => State::Stopped,
        }
    }

    /// Takes the terminal if the runtime has sent it; with `must`, it has to be there. It comes once: what is wrong with
    /// its streams is kept.
    ///
    /// # Errors
    /// Something else came, or it is missing.
    pub fn connect_console(&mut self, must: bool, id: &str, namespace: &str) -> Result<()> {
        let Some(console) = &mut self.console else {
            return Ok(());
        };
        let Some(master) = console.receive(must)? else {
            return Ok(());
        };
        self.console = None;
        self.homeless = self.streams.connect(master, &self.stdio, id, namespace).err();
        Ok(())
    }

    /// How it ended, if it has.
    pub fn exit(&self) -> Option<Exit> {
        match self.life {
            Life::Stopped(exit) => Some(exit),
            _ => None,
        }
    }
}
