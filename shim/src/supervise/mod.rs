//! The container's keeper: what the machine decides is done here, one method for each action.

pub mod call;
pub mod capture;
pub mod console;
pub mod events;
pub mod exec;
mod exec_events;
pub mod health;
pub mod init;
pub mod orders;
pub mod prepare;

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::cli::Size;
use crate::cli::policy::Policy;
use crate::contract::control::{Reason, Step, ToCaller};
use crate::contract::health::Check;
use crate::contract::record::{Ended, ExitRecord, ShimState, Status, Usage};
use crate::contract::time::Timestamp;
use crate::error::{Context, Result};
use crate::exit::{self, Book};
use crate::machine::restart::Wanted;
use crate::machine::{Action, End, Event};
use crate::stdio::log::file::Limits;
use crate::stdio::log::{Attributes, Format};
use crate::stdio::{Stdio, ends};
use crate::sys::files::{Durability, remove_durably, replace};
use crate::sys::process;
use call::{Call, Runtime, Verb};
use console::Console;
use events::Events;
use exec::Execs;
use health::Monitor;
use init::{Init, PID_FILE};
use orders::Orders;
use prepare::Place;

/// What was meant by the command line: every path absolute, every default filled in.
#[derive(Debug)]
pub struct Request {
    /// The container's id.
    pub id: String,
    /// The bundle.
    pub bundle: PathBuf,
    /// The shim's directory.
    pub dir: PathBuf,
    /// The runtime with its global arguments.
    pub runtime: Runtime,
    /// The mount list's file.
    pub mounts: Option<PathBuf>,
    /// The container's stdin, stdout and stderr, if the shim has no part in them.
    pub passthrough: Option<[OwnedFd; 3]>,
    /// There is a terminal, perhaps with a first size.
    pub tty: Option<Option<Size>>,
    /// stdin is kept open.
    pub stdin: bool,
    /// It ends with the first client that wrote.
    pub stdin_once: bool,
    /// The log.
    pub log: LogRequest,
    /// The exit record.
    pub exit_file: PathBuf,
    /// The caller decides when to start.
    pub hold: bool,
    /// How long the runtime may take when nobody waits for it.
    pub patience: Duration,
    /// The caller is told of each call of the runtime.
    pub debug: bool,
    /// The health check's file.
    pub health: Option<PathBuf>,
    /// The journal of events.
    pub events: Option<Events>,
    /// When a container that ended runs again.
    pub restart: Policy,
    /// What to become at the very end.
    pub exit_command: Vec<OsString>,
}

/// The log that was asked for.
#[derive(Debug)]
pub struct LogRequest {
    /// What it is.
    pub target: LogTarget,
    /// Its file, or the journal's socket.
    pub path: PathBuf,
    /// Fields of every record of the journal, `NAME=value`.
    pub fields: Vec<String>,
    /// What each record carries besides.
    pub attributes: Attributes,
    /// So many bytes may wait for it before records are dropped; without it the container waits.
    pub buffer: Option<usize>,
    /// How large it may become.
    pub limits: Limits,
}

/// What the log is.
#[derive(Debug, Clone, Copy)]
pub enum LogTarget {
    /// A file of this format.
    File(Format),
    /// Systemd's journal.
    Journald,
    /// There is none.
    None,
}

/// How a shim's life ended.
#[derive(Debug)]
pub enum Outcome {
    /// A container ran and its exit is recorded.
    Recorded,
    /// A container ran, but the record could not be written.
    Unrecorded(crate::error::Error),
    /// There was no container.
    Failed(Step, Reason),
}

/// The keeper.
pub struct Keeper {
    /// What was asked for.
    pub request: Request,
    /// The shim's directory, lock, mounts and sockets.
    pub place: Place,
    /// The container's stdio.
    pub stdio: Stdio,
    /// Waiting for the terminal.
    pub console: Option<Console>,
    /// The runtime's command that runs now.
    pub call: Option<(Verb, Call)>,
    /// The container's init, once there is one.
    pub init: Option<Init>,
    /// The processes beside it.
    pub execs: Execs,
    /// When the runtime's command must have ended.
    pub deadline: Option<Instant>,
    /// What others want of the container.
    pub orders: Orders,
    /// Its health check.
    pub health: Option<Monitor>,
    /// How often the container was restarted.
    pub restart_count: u32,
    /// When it was started last.
    started: Option<(Timestamp, Instant)>,
    /// Where the exit of this run will be recorded.
    book: Option<Book>,
    /// The record of the last run that ended, while another one is tried.
    last: Option<ExitRecord>,
    unprotected_score: Option<String>,
    unrecorded: Option<crate::error::Error>,
}

impl Keeper {
    /// A keeper in its prepared place.
    pub fn new(request: Request, place: Place, stdio: Stdio, health: Option<Check>) -> Self {
        Self {
            orders: Orders::new(&request.dir, request.restart),
            request,
            place,
            stdio,
            console: None,
            call: None,
            init: None,
            execs: Execs::default(),
            deadline: None,
            health: health.map(Monitor::new),
            restart_count: 0,
            started: None,
            book: None,
            last: None,
            unprotected_score: None,
            unrecorded: None,
        }
    }

    /// Does one action. What is known at once comes back as an event; [`Action::Leave`] ends everything.
    pub fn perform(&mut self, action: Action) -> (Option<Event>, Option<Outcome>) {
        let event = match action {
            Action::Create => self
                .create()
                .err()
                .map(|error| Event::CreateDone(Err(Reason::from(&error)))),
            Action::Start => self
                .start()
                .err()
                .map(|error| Event::StartDone(Err(Reason::from(&error)))),
            Action::Delete => self.delete(),
            Action::LimitCall => {
                self.deadline = self.call.as_ref().map(|_| Instant::now() + self.request.patience);
                None
            }
            Action::KillCall => {
                if let Some((_, call)) = &self.call {
                    call.kill();
                }
                None
            }
            Action::Publish(status) => self.publish(status),
            Action::TellCreated => self.tell_created(),
            Action::TellStarted => self.tell_started(),
            Action::Forward(signal) => self.forward(signal),
            Action::Finish { ended, again } => self.finish(ended, again),
            Action::Rest(pause) => self.rest(pause),
            Action::Renew => self.renew(),
            Action::AskWanted => Some(Event::Wanted(self.orders.wanted())),
            Action::StayDown => self.stay_down(),
            Action::Leave(failure) => return (None, Some(self.leave(failure))),
        };
        (event, None)
    }

    fn create(&mut self) -> Result<()> {
        if self.request.tty.is_some() {
            let console = Console::listen(&self.place.dir, console::NAME)?;
            let path = console::path_for_others(&self.place.dir, self.place.pid, console::NAME);
            self.console = Some(console);
            return self.call_runtime(Verb::Create, [None, None, None], Some(&path));
        }
        if let Some(streams) = self.request.passthrough.take() {
            return self.call_runtime(Verb::Create, streams.map(Some), None);
        }
        let (ends, stdio) = ends::pipes(self.request.stdin)?;
        self.stdio.connect(ends);
        self.call_runtime(Verb::Create, stdio, None)
    }

    /// Forgets the last run only now: until then it is all that is known of the container.
    fn start(&mut self) -> Result<()> {
        remove_durably(&self.request.exit_file)?;
        self.book = Some(Book::open(&self.request.exit_file));
        self.started = Some((Timestamp::now(), Instant::now()));
        self.call_runtime(Verb::Start, [None, None, None], None)
    }

    fn call_runtime(
        &mut self,
        verb: Verb,
        stdio: [Option<OwnedFd>; 3],
        console: Option<&Path>,
    ) -> Result<()> {
        let line = call::command_line(&self.request, verb, console);
        if self.request.debug {
            let words = line.iter().map(|word| word.to_string_lossy().into_owned());
            self.tell(&ToCaller::Calling {
                command: words.collect(),
            });
        }
        let call = Call::spawn(&line, stdio, self.request.dir.join(call::LOG))?;
        self.call = Some((verb, call));
        Ok(())
    }

    /// The runtime's command ended: what that means for the machine.
    pub fn call_ended(&mut self, verb: Verb, call: &Call, ended: Ended) -> Event {
        self.deadline = None;
        let result = call.result(&self.request.runtime.program, ended);
        match verb {
            Verb::Create => {
                Event::CreateDone(result.and_then(|()| self.adopt().map_err(|error| Reason::from(&error))))
            }
            Verb::Start => Event::StartDone(result),
            Verb::Delete => Event::DeleteDone,
        }
    }

    /// Finds init, which is a child of this process now, and its terminal.
    fn adopt(&mut self) -> Result<()> {
        self.init = Some(Init::find(&self.request.dir).context(|| "finding init after create")?);
        if self.console.is_some() {
            self.connect_console(true)?;
        }
        Ok(())
    }

    /// Takes the terminal if the runtime has sent it. When the runtime is done, it must be there.
    ///
    /// # Errors
    /// What the runtime sent is not a terminal, or it is missing.
    pub fn connect_console(&mut self, now: bool) -> Result<()> {
        let Some(console) = &mut self.console else {
            return Ok(());
        };
        let Some(terminal) = console.receive(now)? else {
            return Ok(());
        };
        self.stdio.connect(ends::terminal(
            terminal,
            self.request.stdin,
            self.request.tty.flatten(),
        )?);
        // Only now: what is no terminal is reported when `create` ends.
        self.console = None;
        Ok(())
    }

    /// When something is to be done although nothing happened.
    pub fn next_deadline(&self) -> Option<Instant> {
        let due = self.health.as_ref().and_then(Monitor::due);
        [self.deadline, due, self.stdio.due(), self.execs.due()]
            .into_iter()
            .flatten()
            .min()
    }

    fn delete(&mut self) -> Option<Event> {
        if let Some(score) = self.unprotected_score.take() {
            process::restore_oom_score(&score);
        }
        // A runtime that cannot even be executed has made nothing.
        self.call_runtime(Verb::Delete, [None, None, None], None)
            .err()
            .map(|_| Event::DeleteDone)
    }

    fn publish(&self, status: Status) -> Option<Event> {
        let state = ShimState {
            version: 1,
            pid: self.place.pid,
            start_time: self.place.start_time,
            init_pid: self.init.as_ref().map(|init| init.pid),
            init_start_time: self.init.as_ref().map(|init| init.start_time),
            status,
            started_at: self.started.map(|(at, _)| at),
            restart_count: self.restart_count,
        };
        let text = serde_json::to_vec(&state).unwrap_or_default();
        // Only information for others: the container's life does not hang on it.
        let _ = replace(&self.request.dir.join("shim.json"), &text, Durability::Atomic);
        None
    }

    fn tell(&self, message: &ToCaller) {
        if let Some((control, _)) = &self.place.control {
            control.send(&serde_json::to_vec(message).unwrap_or_default());
        }
    }

    fn tell_created(&mut self) -> Option<Event> {
        let pid = self.init.as_ref().map_or(0, |init| init.pid);
        self.stdio.welcome(pid);
        self.tell(&ToCaller::Created { pid });
        None
    }

    fn tell_started(&mut self) -> Option<Event> {
        self.tell_event("start", Timestamp::now(), &[], false);
        self.tell(&ToCaller::Started);
        self.place.control = None;
        self.execs.accept(true);
        self.begin_health();
        self.unprotected_score = process::protect_from_oom();
        crate::sys::memory::give_text_back();
        None
    }

    /// Sends init a signal. That it has just gone, or that there is no such signal, is no failure.
    pub fn forward(&mut self, signal: i32) -> Option<Event> {
        if let Some(init) = &self.init {
            let _ = init.handle.send(signal);
        }
        None
    }

    /// Init ended: with what the machine has to know to decide whether it runs again.
    pub fn end(&mut self, ended: Ended, usage: Usage) -> Event {
        if let Some(init) = &mut self.init {
            init.usage = usage;
        }
        Event::InitExited(End {
            ended,
            ran: self.started.map(|(_, at)| at.elapsed()).unwrap_or_default(),
            wanted: self.orders.wanted(),
        })
    }

    fn finish(&mut self, ended: Ended, again: bool) -> Option<Event> {
        self.execs.accept(false);
        self.end_health();
        self.stdio.drain();
        let oom_kills = self.init.as_mut().map_or(0, Init::oom_kills);
        let now = Timestamp::now();
        let record = ExitRecord {
            version: 1,
            id: self.request.id.clone(),
            exit_code: ended.code(),
            signal: ended.signal(),
            oom_killed: oom_kills > 0 && ended.signal() == Some(libc::SIGKILL),
            oom_kills,
            started_at: self.started.map_or(now, |(at, _)| at),
            finished_at: now,
            usage: self.init.as_ref().map(|init| init.usage).unwrap_or_default(),
            restart_count: self.restart_count,
            restarting: again,
            stopped: self.orders.wanted().stopped,
            error: None,
        };
        match self.record(&record) {
            Ok(text) => {
                self.tell_end(&record);
                self.stdio.finish(&text, again);
            }
            Err(error) => {
                self.stdio.close();
                self.unrecorded = Some(error);
            }
        }
        self.last = Some(record);
        None
    }

    /// Tells a journal, if there is one, what happened to the container.
    fn tell_event(&self, action: &str, at: Timestamp, attributes: &[(&str, String)], durable: bool) {
        if let Some(events) = &self.request.events {
            events.tell(&self.request.id, action, at, attributes, durable);
        }
    }

    fn tell_end(&self, record: &ExitRecord) {
        if record.oom_kills > 0 {
            self.tell_event("oom", record.finished_at, &[], false);
        }
        let ran = self
            .started
            .map(|(_, at)| at.elapsed().as_secs())
            .unwrap_or_default();
        let attributes = [
            ("execDuration", ran.to_string()),
            ("exitCode", record.exit_code.to_string()),
        ];
        self.tell_event("die", record.finished_at, &attributes, true);
    }

    fn record(&mut self, record: &ExitRecord) -> Result<Vec<u8>> {
        let spare = self.request.dir.join(exit::SPARE);
        let mut book = self.book.take().unwrap_or_default();
        book.write(&self.request.exit_file, &spare, record)
    }

    /// Waits for the next run. An order that came in before the first look may be about this.
    fn rest(&mut self, pause: Duration) -> Option<Event> {
        self.end_execs();
        self.init = None;
        self.deadline = Some(Instant::now() + pause);
        self.unprotected_score = process::protect_from_oom();
        // Without an ear for orders the pause goes by, and the file is read after it.
        let _ = self.orders.listen();
        self.wanted_now()
    }

    /// What is wanted now, if that could end the pause.
    fn wanted_now(&self) -> Option<Event> {
        let wanted: Wanted = self.orders.wanted();
        wanted.ends_restarts().then_some(Event::Wanted(wanted))
    }

    /// Makes ready for another run: mounts, log, lock and sockets stay.
    fn renew(&mut self) -> Option<Event> {
        self.restart_count += 1;
        self.orders.watch = None;
        if let Some(score) = self.unprotected_score.take() {
            process::restore_oom_score(&score);
        }
        self.stdio.renew();
        for stale in [call::LOG, PID_FILE] {
            let _ = std::fs::remove_file(self.request.dir.join(stale));
        }
        None
    }

    /// The last record says that another run follows: it does not.
    fn stay_down(&mut self) -> Option<Event> {
        if let Some(last) = self.last.take() {
            let record = ExitRecord {
                restarting: false,
                stopped: self.orders.wanted().stopped,
                ..last
            };
            self.unrecorded = self.record(&record).err();
        }
        None
    }

    fn leave(&mut self, failure: Option<(Step, Reason)>) -> Outcome {
        if matches!(failure, Some((Step::Create, _))) {
            // The reason, which the runtime wrote there too, goes to the caller.
            self.stdio.take_log_back();
        }
        self.end_execs();
        self.stdio.close();
        self.console = None;
        let failure = match (failure, self.last.take()) {
            (Some((step, reason)), Some(last)) => {
                self.record_failed_restart(step, &reason, last);
                None
            }
            (failure, _) => failure,
        };
        self.place.take_down(failure.is_some());
        let outcome = match (failure, self.unrecorded.take()) {
            (Some((step, reason)), _) => Outcome::Failed(step, reason),
            (None, Some(error)) => Outcome::Unrecorded(error),
            (None, None) => Outcome::Recorded,
        };
        if let Outcome::Failed(step, reason) = &outcome {
            self.tell(&ToCaller::Failed {
                step: *step,
                reason: reason.clone(),
            });
        }
        outcome
    }

    /// No caller waits for a restart: why there was none is in the record.
    fn record_failed_restart(&mut self, step: Step, reason: &Reason, last: ExitRecord) {
        let record = ExitRecord {
            restarting: false,
            // Whoever wants it down may have said so since the run ended.
            stopped: self.orders.wanted().stopped,
            restart_count: self.restart_count,
            error: Some(exit::cut(&format!("{}: {}", step.name(), reason.message))),
            ..last
        };
        if let Err(error) = self.record(&record) {
            self.unrecorded = Some(error);
        }
        self.publish(Status::Exited);
    }
}
