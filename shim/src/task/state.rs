//! All that the shim knows and holds, and what every part of it does with that: find, answer, tell.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use nix::sys::epoll::EpollFlags;

use super::api::{Exit, Target};
use super::container::{Container, Incoming, note_exit};
use super::events::{self, Event};
use super::jobs::Job;
use super::peers::{Peers, ReplyTo};
use super::process::{Life, Process};
use super::publisher::Publisher;
use super::streams;
use crate::contract::record::Ended;
use crate::error::{Error, Kind, Result};
use crate::sys::epoll::Set;
use crate::ttrpc::rpc::{Answer, Code, Status};
use crate::ttrpc::wire::Message;

/// How much is read at a time, in bytes.
const BUFFER: usize = 16 << 10;
/// Without containers and clients, and without containers and requests, a shim of which nobody knows leaves.
const ALONE: Duration = Duration::from_secs(30);
const FORGOTTEN: Duration = Duration::from_secs(600);

/// Where the descriptors' tokens begin: eight bits of what it is, a number, eight bits of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Source {
    /// Signals.
    Signals,
    /// Clients that want in.
    Listener,
    /// containerd's events service.
    Publisher,
    /// A client.
    Peer,
    /// A process's streams.
    Streams,
    /// A process's console socket.
    Console,
    /// A process's program for output.
    Logger,
    /// The memory killer, by the number of the container's own process.
    Oom,
}

const SOURCES: [Source; 8] = [
    Source::Signals,
    Source::Listener,
    Source::Publisher,
    Source::Peer,
    Source::Streams,
    Source::Console,
    Source::Logger,
    Source::Oom,
];

impl Source {
    /// The token of part 0 of number `number`.
    pub fn token(self, number: u32) -> u64 {
        (self as u64) << 56 | u64::from(number) << 8
    }

    /// What a token stands for: source, number, part.
    pub fn split(token: u64) -> Option<(Self, u32, u64)> {
        let source = SOURCES.get(usize::try_from(token >> 56).ok()?)?;
        let number = u32::try_from(token >> 8 & u64::from(u32::MAX)).ok()?;
        Some((*source, number, token & 0xff))
    }
}

/// The shim.
pub struct Shim {
    /// containerd's namespace.
    pub namespace: String,
    /// Where containerd keeps its state.
    pub base: PathBuf,
    /// The runtime that is used unless options name another.
    pub default_runtime: PathBuf,
    /// The containers.
    pub containers: Vec<Container>,
    /// What takes time.
    pub jobs: Vec<Job>,
    /// The clients.
    pub peers: Peers,
    /// The events.
    pub publisher: Publisher,
    /// What is waited for.
    pub set: Set,
    /// For bytes on their way.
    pub buffer: Vec<u8>,
    /// It leaves when everything has been told, and at the latest then.
    pub leave_by: Option<Instant>,
    last_number: u32,
    last_request: Instant,
}

impl Shim {
    /// A shim without containers.
    ///
    /// # Errors
    /// The kernel has no descriptor left.
    pub fn new(
        namespace: String,
        base: PathBuf,
        default_runtime: PathBuf,
        peers: Peers,
        publisher: Publisher,
    ) -> Result<Self> {
        Ok(Self {
            namespace,
            base,
            default_runtime,
            containers: Vec::new(),
            jobs: Vec::new(),
            peers,
            publisher,
            set: Set::new()?,
            buffer: vec![0; BUFFER],
            leave_by: None,
            last_number: 0,
            last_request: Instant::now(),
        })
    }

    /// A number that no process had before.
    pub fn next_number(&mut self) -> u32 {
        self.last_number += 1;
        self.last_number
    }

    /// A client has asked for something.
    pub fn was_asked(&mut self) {
        self.last_request = Instant::now();
    }

    /// Nothing is left to do here.
    pub fn leave(&mut self) {
        self.leave_by.get_or_insert_with(|| Instant::now() + FORGOTTEN);
    }

    /// Whether everything has been told, or waited for long enough.
    pub fn may_go(&self, now: Instant) -> bool {
        let told = self.peers.are_served() && self.publisher.is_done();
        self.leave_by.is_some_and(|by| told || now >= by)
    }

    /// When this shim shall leave, if nothing happens until then.
    pub fn leaves_at(&self) -> Option<Instant> {
        if self.leave_by.is_some() || !self.containers.is_empty() || !self.jobs.is_empty() {
            return self.leave_by;
        }
        let patience = match self.peers.is_empty() {
            true => ALONE,
            false => FORGOTTEN,
        };
        Some(self.last_request + patience)
    }

    /// The container with this id.
    ///
    /// # Errors
    /// There is none.
    pub fn container(&mut self, id: &str) -> Result<&mut Container, Status> {
        self.containers
            .iter_mut()
            .find(|container| container.files.id == id)
            .ok_or_else(|| Status::new(Code::NotFound, format!("container {id:?} not found")))
    }

    /// The process that a request means.
    ///
    /// # Errors
    /// There is none.
    pub fn process(&mut self, target: &Target) -> Result<&mut Process, Status> {
        self.container(&target.id)?
            .process(&target.exec)
            .ok_or_else(|| Status::new(Code::NotFound, format!("process {:?} not found", target.exec)))
    }

    /// The container of a process.
    pub fn container_of(&mut self, number: u32) -> Option<&mut Container> {
        self.containers.iter_mut().find(|container| container.has(number))
    }

    /// Answers.
    pub fn answer(&mut self, reply: ReplyTo, answer: Result<Message, Status>) {
        let answer: Answer = answer.map(Message::into_bytes);
        self.peers.answer(reply, &answer);
    }

    /// Tells containerd.
    pub fn publish(&mut self, event: Event) {
        self.publisher.publish(event);
    }

    /// Leaves word in containerd's log.
    pub fn warn(&self, container: &str, what: &Error) {
        let bundle = self.containers.iter().find(|known| known.files.id == container);
        if let Some(known) = bundle {
            super::log::warn(&known.files.bundle, container, what);
        }
    }

    /// A child ended that is a container's process.
    pub fn process_ended(&mut self, pid: i32, ended: Ended) {
        let number = self.containers.iter_mut().find_map(|container| {
            let of_this_number = |process: &&mut Process| process.pid == pid && process.handle.is_some();
            Some(container.processes().find(of_this_number)?.number)
        });
        let Some(process) = number.and_then(|number| self.container_of(number)?.numbered(number)) else {
            return;
        };
        match process.life {
            // Its start is told first.
            Life::Starting => process.early_end = Some(ended),
            _ => self.stop(number.unwrap_or_default(), ended),
        }
    }

    /// A process has ended: everybody is told.
    pub fn stop(&mut self, number: u32, ended: Ended) {
        let Some(at) = self.containers.iter().position(|container| container.has(number)) else {
            return;
        };
        self.check_oom(at);
        let exit = Exit::now(ended);
        let container = &mut self.containers[at];
        let id = container.files.id.clone();
        let is_init = container.init.number == number;
        let Some(process) = container.numbered(number) else {
            return;
        };
        process.handle = None;
        process.console = None;
        process.streams.finish(&mut self.buffer);
        if !is_init {
            self.tell_exit(number, exit);
            return self.tell_held_back(&id);
        }
        note_exit(&container.files.bundle, exit);
        container.untold = Some(exit);
        if container.shares_pids {
            self.kill_rest(&id);
        }
        self.tell_held_back(&id);
    }

    /// The container's own end, when the processes beside it have ended: whoever knows of it removes the container.
    fn tell_held_back(&mut self, id: &str) {
        if let Ok(container) = self.container(id)
            && !container.has_living_execs()
        {
            self.tell_held_back_now(id);
        }
    }

    /// Those beside it could not be killed: they are waited for no longer.
    pub fn tell_held_back_now(&mut self, id: &str) {
        if let Ok(container) = self.container(id)
            && let Some(exit) = container.untold.take()
        {
            let number = container.init.number;
            self.tell_exit(number, exit);
        }
    }

    fn tell_exit(&mut self, number: u32, exit: Exit) {
        let Some(container) = self.container_of(number) else {
            return;
        };
        let id = container.files.id.clone();
        let Some(process) = container.numbered(number) else {
            return;
        };
        process.life = Life::Stopped(exit);
        let name = match process.exec.as_str() {
            "" => id.clone(),
            exec => exec.to_owned(),
        };
        let (pid, waiters) = (process.pid, std::mem::take(&mut process.waiters));
        self.publish(events::exit(&id, &name, pid, exit));
        for waiter in waiters {
            self.answer(waiter, Ok(super::api::waited(exit)));
        }
    }

    /// Whether the kernel has killed a process of a container; containerd is told.
    pub fn check_oom(&mut self, at: usize) {
        let container = &mut self.containers[at];
        if container
            .oom
            .as_mut()
            .is_some_and(super::cgroup::OomWatch::has_killed)
        {
            let event = events::oom(&container.files.id);
            self.publish(event);
        }
        // The bell of v1 rings for ever once the cgroup has gone.
        let container = &mut self.containers[at];
        if container.cgroup.as_ref().is_none_or(|cgroup| cgroup.is_gone()) {
            container.oom = None;
        }
    }

    /// Tells the epoll set what everything waits for.
    ///
    /// # Errors
    /// The epoll set refuses a descriptor.
    pub fn watch(&mut self) -> Result<()> {
        let set = &self.set;
        self.peers.watch(set, Source::Listener.token(0), |number| {
            Source::Peer.token(number)
        })?;
        self.publisher.watch(set, Source::Publisher.token(0))?;
        for container in &mut self.containers {
            let number = container.init.number;
            let oom_refused = container.oom.as_mut().is_some_and(|oom| {
                let (fd, watch) = oom.watched();
                let token = Source::Oom.token(number);
                set.update(watch, fd, token, Some(EpollFlags::EPOLLIN)).is_err()
            });
            if oom_refused {
                container.oom = None;
            }
            let bundle = container.files.bundle.clone();
            let id = container.files.id.clone();
            for process in container.processes() {
                // The others of the pod must not end with this one's streams.
                if let Err(error) = watch_process(process, set) {
                    process
                        .streams
                        .give_up(set, Source::Streams.token(process.number));
                    super::log::warn(&bundle, &id, &error);
                }
            }
        }
        Ok(())
    }

    /// The moment at which something must be done even if nothing happens.
    pub fn deadline(&self) -> Option<Instant> {
        let jobs = self.jobs.iter().map(|job| job.deadline);
        let removals = self
            .containers
            .iter()
            .flat_map(|container| container.removals.iter().map(|removal| removal.deadline));
        let loggers = self.containers.iter().flat_map(|container| {
            let processes = std::iter::once(&container.init).chain(&container.execs);
            processes.filter_map(|process| Some(process.streams.logger.as_ref()?.deadline))
        });
        jobs.chain(removals)
            .chain(loggers)
            .chain(self.publisher.deadline)
            .chain(self.leaves_at())
            .chain(self.peers.due())
            .min()
    }

    /// Takes up a request that waited, if nothing is in its way any more.
    pub fn next_in_queue(&mut self, id: &str) {
        loop {
            let Ok(container) = self.container(id) else {
                return;
            };
            if container.busy {
                return;
            }
            let Some(incoming) = container.queue.pop_front() else {
                return;
            };
            if self.must_wait(id, &incoming.request) {
                if let Ok(container) = self.container(id) {
                    container.queue.push_front(incoming);
                }
                return;
            }
            self.serve(incoming);
        }
    }

    /// Answers those that wait for a container that is no more.
    pub fn refuse_all(&mut self, waiting: impl IntoIterator<Item = Incoming>) {
        for incoming in waiting {
            let status = Status::new(Code::NotFound, "the container has been removed");
            self.answer(incoming.reply, Err(status));
        }
    }
}

fn watch_process(process: &mut Process, set: &Set) -> Result<()> {
    let number = process.number;
    if let Some(console) = &mut process.console {
        let (fd, watch) = console.watched();
        // Without, the terminal is taken when the runtime has ended.
        let token = Source::Console.token(number);
        let _ = set.update(watch, fd, token, Some(EpollFlags::EPOLLIN));
    }
    if let Some(logger) = &mut process.streams.logger {
        let token = Source::Logger.token(number);
        // Without, it is given up when its time is over.
        let _ = set.update(&mut logger.watch, &logger.ready, token, Some(EpollFlags::EPOLLIN));
    }
    process.streams.watch(set, Source::Streams.token(number))
}

const _: () = assert!(streams::TOKENS <= 0x100, "a process's tokens have eight bits");

/// An error of this program as a client sees it.
pub fn status(error: &Error) -> Status {
    let code = match error.kind() {
        Kind::Usage | Kind::Input => Code::InvalidArgument,
        Kind::State => Code::FailedPrecondition,
        Kind::Runtime => Code::Unknown,
        Kind::System => Code::Internal,
    };
    let hints: Vec<String> = error.hints().iter().map(|hint| format!(" ({hint})")).collect();
    Status::new(code, format!("{error}{}", hints.concat()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_split_as_they_were_made() {
        for (at, source) in SOURCES.into_iter().enumerate() {
            assert_eq!(source as usize, at);
            let token = source.token(u32::MAX) + 5;
            assert_eq!(Source::split(token), Some((source, u32::MAX, 5)));
        }
        assert_eq!(Source::split(u64::MAX), None);
    }
}
