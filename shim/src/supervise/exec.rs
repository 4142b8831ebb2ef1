//! Processes beside the container's own: the runtime's `exec` starts them, and each has a stdio of its own.
//!
//! The runtime detaches, so that the process becomes a child of this one, whose end is seen like init's. It may end
//! before the runtime does: until its number is known, only those children are reaped that are known, and the start of a
//! process may take only so long.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::sys::epoll::EpollFlags;

use super::call::{self, Call};
use super::capture::Capture;
use super::console::{self, Console};
use super::exec_events::Teller;
use super::init::{find_left, read_pid};
use super::{Keeper, Request};
use crate::contract::control::Reason;
use crate::contract::frame::{self, Exec as Wanted};
use crate::contract::record::{Ended, ExecRecord};
use crate::contract::time::Timestamp;
use crate::error::{Context, Error, Kind, Result};
use crate::stdio::client::Client;
use crate::stdio::ends::{self, Ends};
use crate::stdio::session::{Facts, Session};
use crate::sys::epoll::Set;
use crate::sys::process::{self, PidFd, Reaped};

/// The number of a process is the upper half of its tokens in the epoll set; 0 is the container itself.
const NUMBER_SHIFT: u32 = 32;
/// How long runtimes that were killed may hold up the shim's end.
const DYING: Duration = Duration::from_secs(10);
/// The token of the console socket, counted from the process's first.
const CONSOLE: u64 = 2;

/// All of them.
#[derive(Default)]
pub struct Execs {
    list: Vec<Exec>,
    last_number: u32,
    /// The container runs: more are welcome.
    accepting: bool,
}

/// One of them.
struct Exec {
    number: u32,
    wanted: Wanted,
    session: Session,
    state: State,
    started_at: Timestamp,
    /// It is a probe of the health check: what it wrote, and how it ended.
    probe: Option<(Capture, Option<Outcome>)>,
    /// The journal of events is told of it: of what people run, not of probes.
    teller: Option<Teller>,
}

/// How a probe ended.
pub enum Outcome {
    /// It ran.
    Ended {
        /// Its exit code.
        code: i32,
        /// What it wrote.
        output: String,
    },
    /// It could not be started, or nobody knows how it ended.
    Failed(Reason),
}

enum State {
    /// The runtime's `exec` runs.
    Starting {
        call: Call,
        ends: Option<Ends>,
        console: Option<Console>,
        /// When it is killed; none once it was.
        deadline: Option<Instant>,
    },
    /// The process runs.
    Running { pid: i32, handle: PidFd },
    /// It is over; a client may still have to read.
    Over,
}

/// The process that a token belongs to, and its own part of the token.
pub fn split_token(token: u64) -> (u32, u64) {
    let low = token & u64::from(u32::MAX);
    (u32::try_from(token >> NUMBER_SHIFT).unwrap_or_default(), low)
}

impl Execs {
    /// Whether more may come. Those that are being started when none may any more are given up.
    pub fn accept(&mut self, accepting: bool) {
        self.accepting = accepting;
        if !accepting {
            self.list.iter_mut().for_each(Exec::give_up_start);
        }
    }

    /// When the first start takes too long.
    pub fn due(&self) -> Option<Instant> {
        self.list.iter().filter_map(Exec::start_deadline).min()
    }

    /// Gives up what takes too long to start: the container may be frozen, or a disk stand still.
    pub fn on_due(&mut self, now: Instant) {
        for exec in &mut self.list {
            if exec.start_deadline().is_some_and(|deadline| now >= deadline) {
                exec.give_up_start();
            }
        }
    }

    /// Reaps one child that ended; while the number of one that starts is not known, none but `others` and those of
    /// execs: else that number might mean somebody else by the time it is read.
    pub fn reap(&self, others: &[i32]) -> Option<Reaped> {
        if self.due().is_none() {
            return process::reap(None);
        }
        self.reap_known(others)
    }

    fn reap_known(&self, others: &[i32]) -> Option<Reaped> {
        let own = self.list.iter().filter_map(|exec| match &exec.state {
            State::Starting { call, .. } => Some(call.pid),
            State::Running { pid, .. } => Some(*pid),
            State::Over => None,
        });
        let mut known = own.chain(others.iter().copied());
        known.find_map(|pid| process::reap(Some(pid)))
    }

    /// Tells the epoll set what each descriptor waits for now.
    ///
    /// # Errors
    /// The epoll set refuses a descriptor.
    pub fn watch(&mut self, set: &Set) -> Result<()> {
        for exec in &mut self.list {
            let base = u64::from(exec.number) << NUMBER_SHIFT;
            if let State::Starting {
                console: Some(console),
                ..
            } = &mut exec.state
            {
                let (socket, watch) = console.watched();
                set.update(watch, socket, base + CONSOLE, Some(EpollFlags::EPOLLIN))?;
            }
            exec.session.watch(set, base, false)?;
        }
        Ok(())
    }

    fn forget_settled(&mut self) {
        self.list.retain(|exec| !exec.is_settled());
    }
}

impl Keeper {
    /// Starts a process that a client asked for; the client gets its stdio, or the reason why there is none.
    pub fn start_exec(&mut self, mut client: Client, wanted: Wanted) {
        // Its stdin ends with this client, even if it never wrote.
        client.wrote = wanted.hello.stdin;
        let mut session = Session::new(Facts {
            tty: wanted.tty,
            stdin_once: true,
        });
        session.add(client);
        self.launch_exec(session, wanted, None);
    }

    /// Starts a probe of the health check.
    pub fn start_probe(&mut self, wanted: Wanted) {
        let facts = Facts {
            tty: false,
            stdin_once: true,
        };
        self.launch_exec(Session::new(facts), wanted, Some(Capture::default()));
        self.collect_probes();
    }

    fn launch_exec(&mut self, mut session: Session, wanted: Wanted, probe: Option<Capture>) {
        let started_at = Timestamp::now();
        let files = Files::new(&self.request, &wanted.id);
        let mut teller = match &probe {
            None => Teller::new(&self.request, &wanted.id, &files.process),
            Some(_) => None,
        };
        let called = self
            .check_exec(&wanted)
            .and_then(|()| self.call_exec(&wanted, &files).inspect_err(|_| files.remove()));
        let mut probe = probe.map(|capture| (capture, None));
        let state = match called {
            Ok(state) => {
                if let Some(teller) = &teller {
                    teller.created(&self.request);
                }
                state
            }
            Err(error) => {
                teller = None;
                let reason = Reason::from(&error);
                tell_failed(&mut session, &reason);
                if let Some((_, outcome)) = &mut probe {
                    *outcome = Some(Outcome::Failed(reason));
                }
                State::Over
            }
        };
        self.execs.last_number = self.execs.last_number.wrapping_add(1).max(1);
        self.execs.list.push(Exec {
            number: self.execs.last_number,
            wanted,
            session,
            state,
            started_at,
            probe,
            teller,
        });
        self.execs.forget_settled();
    }

    /// Hands over how probes ended.
    fn collect_probes(&mut self) {
        let mut ended = Vec::new();
        for exec in &mut self.execs.list {
            if let Some((_, outcome)) = &mut exec.probe
                && let Some(outcome) = outcome.take()
            {
                ended.push((exec.wanted.id.clone(), outcome));
            }
        }
        self.execs.forget_settled();
        for (id, outcome) in ended {
            self.probe_ended(&id, outcome);
        }
    }

    /// Kills a process beside the container's own.
    pub fn kill_exec(&mut self, id: &str) {
        if let Some(exec) = self.execs.list.iter_mut().find(|exec| exec.wanted.id == id) {
            exec.kill();
        }
    }

    fn check_exec(&self, wanted: &Wanted) -> Result<()> {
        call::check_id(&wanted.id)?;
        if self.execs.list.iter().any(|exec| exec.wanted.id == wanted.id) {
            let why = format!("a process {} runs already", wanted.id);
            return Err(Error::new(Kind::State, why));
        }
        Ok(())
    }

    fn call_exec(&mut self, wanted: &Wanted, files: &Files) -> Result<State> {
        if !self.execs.accepting {
            return Err(Error::new(Kind::State, "the container is not running"));
        }
        let mut line = self.request.runtime.line(&files.log);
        for word in ["exec", "--detach", "--process"] {
            line.push(word.into());
        }
        line.extend([
            files.process.clone().into(),
            "--pid-file".into(),
            files.pid.clone().into(),
        ]);
        let (ends, stdio, console) = match wanted.tty {
            true => {
                let name = format!("exec-{}.sock", wanted.id);
                let console = Console::listen(&self.place.dir, &name)?;
                let path = console::path_for_others(&self.place.dir, self.place.pid, &name);
                line.extend(["--console-socket".into(), path.into()]);
                (None, [None, None, None], Some(console))
            }
            false => {
                let (ends, stdio) = ends::pipes(wanted.hello.stdin)?;
                (Some(ends), stdio, None)
            }
        };
        line.push(self.request.id.as_str().into());
        let protected = self.unprotected_score.is_some();
        if let Some(score) = &self.unprotected_score {
            process::restore_oom_score(score);
        }
        let call = Call::spawn(&line, stdio, files.log.clone());
        if protected {
            process::protect_from_oom();
        }
        Ok(State::Starting {
            call: call?,
            ends,
            console,
            deadline: Some(Instant::now() + self.request.patience),
        })
    }

    /// Handles what happened to a descriptor of process `number`.
    pub fn on_exec_event(&mut self, number: u32, token: u64, flags: EpollFlags) {
        let Some(exec) = self.execs.list.iter_mut().find(|exec| exec.number == number) else {
            return;
        };
        if token == CONSOLE {
            // A failure shows again when `exec` ends.
            let _ = exec.connect_console(false);
            return;
        }
        let sink = exec.probe.as_mut().map(|(capture, _)| capture);
        let wishes = exec.session.on_event(token, flags, self.stdio.buffer(), sink);
        if let State::Running { handle, .. } = &exec.state {
            for signal in wishes.signals {
                // That it has just gone, or that there is no such signal, is no failure.
                let _ = handle.send(signal);
            }
        }
        self.execs.forget_settled();
    }

    /// A child of this process ended: perhaps it is one of these, or the runtime that starts one.
    pub fn exec_child_ended(&mut self, child: i32, ended: Ended) {
        self.note_exec_child(child, ended);
        self.collect_probes();
    }

    fn note_exec_child(&mut self, child: i32, ended: Ended) {
        for exec in &mut self.execs.list {
            match &exec.state {
                State::Starting { call, .. } if call.pid == child => exec.started(&self.request, ended),
                State::Running { pid, .. } if *pid == child => {
                    exec.ended(&self.request, ended, self.stdio.buffer());
                }
                _ => continue,
            }
            return self.execs.forget_settled();
        }
    }

    /// The container is down: whatever has not ended by now never will, as far as anybody can tell.
    pub(super) fn end_execs(&mut self) {
        let deadline = Instant::now() + DYING;
        for exec in &self.execs.list {
            // They were killed when the container ended, and are not left behind half dead.
            if let State::Starting { call, .. } = &exec.state
                && let Ok(handle) = PidFd::open(call.pid)
            {
                let _ = process::wait_until(&handle, deadline);
            }
        }
        // First those whose numbers are known: the runtime tells of others that are to be looked at.
        while !self.execs.list.is_empty()
            && let Some(child) = self.execs.reap_known(&[]).or_else(|| process::reap(None))
        {
            self.exec_child_ended(child.pid, child.ended);
            self.stdio.child_ended(child.pid);
        }
        for exec in &mut self.execs.list {
            if !matches!(exec.state, State::Over) {
                let why = "the container ended, and nobody knows how this process did";
                exec.fail(&self.request, &why.into());
            }
        }
        self.execs.list.clear();
    }
}

impl Exec {
    /// Nobody has anything left to learn about it.
    fn is_settled(&self) -> bool {
        let is_told = self.probe.as_ref().is_none_or(|(_, outcome)| outcome.is_none());
        matches!(self.state, State::Over) && self.session.is_settled() && is_told
    }

    fn start_deadline(&self) -> Option<Instant> {
        match &self.state {
            State::Starting { deadline, .. } => *deadline,
            _ => None,
        }
    }

    fn give_up_start(&mut self) {
        if let State::Starting { call, deadline, .. } = &mut self.state {
            call.kill();
            *deadline = None;
        }
    }

    fn kill(&mut self) {
        self.give_up_start();
        if let State::Running { handle, .. } = &self.state {
            // That it has just gone is no failure.
            let _ = handle.send(libc::SIGKILL);
        }
    }

    /// The runtime's `exec` ended.
    fn started(&mut self, request: &Request, ended: Ended) {
        let State::Starting { call, .. } = &self.state else {
            return;
        };
        let result = call.result(&request.runtime.program, ended);
        let begun = result.and_then(|()| self.begin(request).map_err(|error| Reason::from(&error)));
        match begun {
            Ok(()) => Files::new(request, &self.wanted.id).remove(),
            Err(reason) => self.fail(request, &reason),
        }
    }

    /// The process is there; it may have ended, but nobody has reaped it.
    fn begin(&mut self, request: &Request) -> Result<()> {
        let pid = read_pid(&Files::new(request, &self.wanted.id).pid)?;
        self.connect_console(true)?;
        let State::Starting { ends, .. } = &mut self.state else {
            return Ok(());
        };
        if let Some(ends) = ends.take() {
            self.session.connect(ends);
        }
        if let Some(teller) = &self.teller {
            teller.started(request);
        }
        self.session.begin(pid);
        let handle = PidFd::open(pid).context(|| "finding the process after exec")?;
        self.state = State::Running { pid, handle };
        Ok(())
    }

    /// Takes the terminal if the runtime has sent it; with `must`, it has to be there.
    fn connect_console(&mut self, must: bool) -> Result<()> {
        let State::Starting { console, ends, .. } = &mut self.state else {
            return Ok(());
        };
        if let Some(open) = console
            && let Some(master) = open.receive(must)?
        {
            *ends = Some(ends::terminal(master, self.wanted.hello.stdin, self.wanted.size)?);
            *console = None;
        }
        Ok(())
    }

    fn ended(&mut self, request: &Request, ended: Ended, buffer: &mut [u8]) {
        let sink = self.probe.as_mut().map(|(capture, _)| capture);
        self.session.drain(buffer, sink);
        let record = ExecRecord {
            version: 1,
            id: self.wanted.id.clone(),
            exit_code: ended.code(),
            signal: ended.signal(),
            started_at: self.started_at,
            finished_at: Timestamp::now(),
        };
        if let Some(teller) = &self.teller {
            teller.ended(request, record.exit_code);
        }
        let record = serde_json::to_vec(&record).unwrap_or_default();
        self.session.tell_end(frame::EXITED, &record);
        if let Some((capture, outcome)) = &mut self.probe {
            let (code, output) = (ended.code(), capture.text());
            *outcome = Some(Outcome::Ended { code, output });
        }
        self.state = State::Over;
    }

    fn fail(&mut self, request: &Request, reason: &Reason) {
        tell_failed(&mut self.session, reason);
        if let Some((_, outcome)) = &mut self.probe {
            *outcome = Some(Outcome::Failed(reason.clone()));
        }
        let files = Files::new(request, &self.wanted.id);
        if let State::Starting { .. } = self.state
            && let Some(process) = find_left(&files.pid)
        {
            let _ = process.send(libc::SIGKILL);
        }
        files.remove();
        self.state = State::Over;
    }
}

fn tell_failed(session: &mut Session, reason: &Reason) {
    let text = serde_json::to_vec(reason).unwrap_or_default();
    session.tell_end(frame::FAILED, &text);
}

/// The files of one start, in the shim's directory.
struct Files {
    process: PathBuf,
    pid: PathBuf,
    log: PathBuf,
}

impl Files {
    fn new(request: &Request, id: &str) -> Self {
        let path = |ending: &str| request.dir.join(format!("exec-{id}.{ending}"));
        Self {
            process: path("json"),
            pid: path("pid"),
            log: path("log"),
        }
    }

    fn remove(&self) {
        for path in [&self.process, &self.pid, &self.log] {
            remove(path);
        }
    }
}

fn remove(path: &Path) {
    let _ = std::fs::remove_file(path);
}
