//! The container's first process, from its birth to the user's program. It only executes the plan.

use super::agent::Agent;
use super::channel::{self, Channel, Message};
use super::hooks;
use crate::apply;
use crate::apply::conduct::Conductor;
use crate::apply::inside::Inside;
use crate::error::{Error, Kind, Result};
use crate::oci::State;
use crate::plan::op::{InitOp, ProcessOp, Sync, SyncOp};
use crate::sys::clone::{self, Side};
use crate::sys::process;
use crate::sys::seccomp::{self, Insn};
use nix::sys::stat::{Mode, umask};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixListener;

/// What the process brings along from the runtime.
pub(super) struct Child<'a> {
    pub(super) ops: &'a [InitOp<'a>],
    /// The number of its first operation.
    pub(super) first: usize,
    pub(super) conductor: Conductor,
    pub(super) slots: Vec<Option<OwnedFd>>,
    pub(super) console: Option<OwnedFd>,
    /// Who receives the filter's listener.
    pub(super) agent: Option<Agent<'a>>,
    pub(super) channel: Channel,
    pub(super) listener: Option<UnixListener>,
    /// The first descriptor that is not the user's program's.
    pub(super) first_own: u32,
    /// What its hooks and agents read.
    pub(super) state: State<'a>,
    /// Its own id as the runtime sees it, once that has told it.
    pub(super) pid: i32,
}

/// Becomes the container, or tells why not and ends.
pub(super) fn become_container(mut child: Child<'_>) -> ! {
    if let Err(error) = run(&mut child) {
        // If nobody listens any more, there is nobody to tell.
        drop(child.channel.send(&Message::Failed(error)));
    }
    process::exit_now(1)
}

fn run(child: &mut Child<'_>) -> Result<()> {
    process::default_signals();
    if child.listener.is_some() {
        process::end_by_signals();
    }
    process::close_all_but(child.first_own, &child.descriptors())?;
    let mut inside = Inside::new(std::mem::take(&mut child.slots), child.console.take())?;
    // Modes of nodes and directories are as given.
    umask(Mode::empty());
    let (ops, first) = (child.ops, child.first);
    let mut conductor = child.conductor.clone();
    conductor.change_side();
    conductor.run(first, ops, |_, op| match op {
        InitOp::Cgroup(op) => apply::cgroup::run(op),
        InitOp::Process(ProcessOp::Seccomp { filter, flags, .. }) => child.load_filter(filter, *flags),
        InitOp::Process(ProcessOp::Fork) => child.fork(&mut inside),
        InitOp::Process(op) => apply::init::become_it(&mut inside, op),
        InitOp::Root(op) => apply::init::build(&mut inside, op),
        InitOp::Sync(op) => child.meet(op),
    })
}

impl Child<'_> {
    fn load_filter(&self, filter: &[Insn], flags: u32) -> Result<()> {
        match (seccomp::load(filter, flags)?, &self.agent) {
            (Some(listener), Some(agent)) => agent.announce(&listener, self.pid, &self.state()),
            _ => Ok(()),
        }
    }

    /// The state, of the process itself unless it is another one's.
    fn state(&self) -> State<'_> {
        State {
            pid: self.state.pid.or(Some(self.pid)),
            ..self.state.clone()
        }
    }

    /// Goes on as a child in the pid namespace that was joined; what leads to the machine stays behind.
    fn fork(&self, inside: &mut Inside) -> Result<()> {
        inside.let_go_of_machine();
        match clone::clone(libc::CLONE_PARENT as u64, None)? {
            Side::Child => Ok(()),
            Side::Parent { pid, .. } => {
                // If it is not heard, the runtime has ended.
                drop(self.channel.send(&Message::Born(pid)));
                process::exit_now(0)
            }
        }
    }

    /// What the process itself needs. All else that the runtime or its caller had open leads outside, and would
    /// do so from within the container too (CVE-2024-21626).
    fn descriptors(&self) -> Vec<RawFd> {
        let opened = self
            .slots
            .iter()
            .flatten()
            .chain(&self.console)
            .map(AsRawFd::as_raw_fd);
        let listener = self.listener.as_ref().map(AsRawFd::as_raw_fd);
        opened
            .chain(listener)
            .chain(self.agent.as_ref().map(Agent::descriptor))
            .chain(self.conductor.descriptor())
            .chain([self.channel.descriptor()])
            .collect()
    }

    fn meet(&mut self, op: &SyncOp<'_>) -> Result<()> {
        match op {
            SyncOp::Send { message } => self.channel.send(&Message::Sync(*message, 0)),
            SyncOp::Await { message } => match self.channel.receive()? {
                Some(Message::Sync(received, pid)) if received == *message => {
                    self.pid = pid;
                    Ok(())
                }
                _ => Err(runtime_gone()),
            },
            SyncOp::AwaitStart { .. } => self.wait_for_start(),
            SyncOp::Hooks { kind, hooks, env, .. } => hooks::run_with(kind, hooks, &self.state(), env),
        }
    }

    /// From here on, failures are told to whoever starts.
    fn wait_for_start(&mut self) -> Result<()> {
        loop {
            if let Some(listener) = &self.listener {
                self.channel = channel::accept(listener)?;
            }
            match self.channel.receive()? {
                Some(Message::Sync(Sync::Start, pid)) => {
                    // Another process's start does not know it.
                    self.pid = if pid == 0 { self.pid } else { pid };
                    break;
                }
                // A `start` that was killed before it said so; another one may come.
                None if self.listener.is_some() => {}
                _ => return Err(runtime_gone()),
            }
        }
        self.listener = None;
        Ok(())
    }
}

fn runtime_gone() -> Error {
    Error::new(Kind::System, "the runtime ended")
}
