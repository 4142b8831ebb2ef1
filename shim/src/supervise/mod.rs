//! The container's keeper: what the machine decides is done here, one method for each action.

pub mod call;
pub mod console;
pub mod exec;
pub mod init;
pub mod prepare;

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::cli::Size;
use crate::contract::control::{Reason, Step, ToCaller};
use crate::contract::record::{Ended, ShimState, Status};
use crate::contract::time::Timestamp;
use crate::error::{Context, Result};
use crate::exit;
use crate::machine::{Action, Event};
use crate::stdio::log::Format;
use crate::stdio::log::file::Limits;
use crate::stdio::{Stdio, ends};
use crate::sys::files::{Durability, replace};
use crate::sys::process;
use call::{Call, Runtime, Verb};
use console::Console;
use exec::Execs;
use init::Init;
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
    /// What to become at the very end.
    pub exit_command: Vec<OsString>,
}

/// The log that was asked for.
#[derive(Debug)]
pub struct LogRequest {
    /// How it is written; not at all without.
    pub format: Option<Format>,
    /// Its file.
    pub path: PathBuf,
    /// How large it may become.
    pub limits: Limits,
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
    started_at: Timestamp,
    unprotected_score: Option<String>,
    unrecorded: Option<crate::error::Error>,
}

impl Keeper {
    /// A keeper in its prepared place.
    pub fn new(request: Request, place: Place, stdio: Stdio) -> Self {
        Self {
            request,
            place,
            stdio,
            console: None,
            call: None,
            init: None,
            execs: Execs::default(),
            deadline: None,
            started_at: Timestamp::now(),
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
            Action::Start => {
                self.started_at = Timestamp::now();
                self.call_runtime(Verb::Start, [None, None, None], None)
                    .err()
                    .map(|error| Event::StartDone(Err(Reason::from(&error))))
            }
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
            Action::Finish(ended) => self.finish(ended),
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
        self.tell(&ToCaller::Started);
        self.place.control = None;
        self.execs.accept(true);
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

    fn finish(&mut self, ended: Ended) -> Option<Event> {
        self.execs.accept(false);
        self.stdio.drain();
        let oom_kills = self.init.as_mut().map_or(0, Init::oom_kills);
        match exit::record(
            &self.request.exit_file,
            &self.request.id,
            ended,
            oom_kills,
            self.started_at,
        ) {
            Ok(record) => self.stdio.finish(&record),
            Err(error) => {
                self.stdio.close();
                self.unrecorded = Some(error);
            }
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
}
