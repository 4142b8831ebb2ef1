//! The life of one container as a pure state machine: what happened goes in, what to do comes out.
//!
//! ```text
//!            created            start asked / not held      started           init exited
//! Creating ──────────▶ Held ───────────────────────▶ Starting ──────▶ Running ─────────────▶ Deleting ──▶ (leave)
//!     │ failed           │ caller gone, init exited     │ failed                                 ▲
//!     └──────────────────┴──────────────────────────────┴────────────────────────────────────────┘
//! ```
//! With a restart policy (see [`restart`]) `Deleting` may lead to `Resting` instead, and from there after a pause to
//! `Creating` again, now without a caller: before such a run starts, `Confirming` asks once more what is wanted.
//!
//! The runtime has all the time it wants while somebody waits for it; once its caller or init has gone, or to
//! `delete`, it has only so long (`TimedOut`).
//!
//! Nothing here knows a descriptor, a clock or a file.

pub mod health;
pub mod restart;

use std::time::Duration;

use crate::contract::control::{Reason, Step};
use crate::contract::record::{Ended, Status};
use restart::{Restarts, Wanted};

/// How init ended, and what that time has to say to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End {
    /// How.
    pub ended: Ended,
    /// So long after its start.
    pub ran: Duration,
    /// What was wanted of the container then.
    pub wanted: Wanted,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Everything is prepared: the first event.
    Begin,
    /// The runtime's `create` ended; on success init is known.
    CreateDone(Result<(), Reason>),
    /// The caller said `start`.
    StartAsked,
    /// The caller closed the control socket.
    CallerGone,
    /// The runtime's `start` ended.
    StartDone(Result<(), Reason>),
    /// Init is gone.
    InitExited(End),
    /// The runtime's `delete` ended.
    DeleteDone,
    /// Somebody sent the shim a signal that is meant for init.
    Signal(i32),
    /// The runtime took longer than [`Action::LimitCall`] allows, or the pause of [`Action::Rest`] is over.
    TimedOut,
    /// Something else is wanted of the container than before.
    Wanted(Wanted),
}

/// What to do, in the order given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Call the runtime's `create`.
    Create,
    /// Replace `shim.json`.
    Publish(Status),
    /// Tell the caller that the container is created, and accept attach clients.
    TellCreated,
    /// Call the runtime's `start`.
    Start,
    /// Tell the caller that the container is started, and close the control socket.
    TellStarted,
    /// Send a signal to init.
    Forward(i32),
    /// Read the output to its end, record the exit, tell the clients.
    Finish {
        /// How init ended.
        ended: Ended,
        /// The container will run again.
        again: bool,
    },
    /// Call the runtime's `delete --force`.
    Delete,
    /// From now on the runtime's command that runs may take only so long.
    LimitCall,
    /// Kill the runtime's command that runs.
    KillCall,
    /// Wait so long, or until something else is wanted.
    Rest(Duration),
    /// Make ready for another run.
    Renew,
    /// Say at once what is wanted of the container.
    AskWanted,
    /// Record that the container does not run again after all.
    StayDown,
    /// Take everything down and leave; with a failure, tell the caller.
    Leave(Option<(Step, Reason)>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Creating,
    Held,
    Confirming,
    Starting,
    Running,
    Deleting,
    Resting,
}

/// The machine.
#[derive(Debug)]
pub struct Machine {
    state: State,
    /// The caller decides when to start.
    hold: bool,
    /// The caller went before the container could be held.
    abandoned: bool,
    /// Signals that came before init could take them.
    signals: Vec<i32>,
    /// Init ended before the runtime's `start` did.
    exited: Option<End>,
    restarts: Restarts,
    /// The pause before the next run, if there is to be one.
    pause: Option<Duration>,
    /// The record of the last run says that there is to be another, which has not started yet.
    promised: bool,
    /// The runtime's `create` or `start` was killed: the next time it is not waited for.
    killed: bool,
    failure: Option<(Step, Reason)>,
}

impl Machine {
    /// A machine at its beginning.
    pub fn new(hold: bool) -> Self {
        Self {
            state: State::Creating,
            hold,
            abandoned: false,
            signals: Vec::new(),
            exited: None,
            restarts: Restarts::default(),
            pause: None,
            promised: false,
            killed: false,
            failure: None,
        }
    }

    /// Takes one event and says what to do.
    pub fn step(&mut self, event: Event) -> Vec<Action> {
        match (self.state, event) {
            (State::Creating, Event::Begin) => vec![Action::Publish(Status::Creating), Action::Create],
            (State::Creating, Event::CreateDone(result)) => self.created(result),
            (State::Creating, Event::CallerGone) if self.hold => {
                self.abandoned = true;
                vec![Action::LimitCall]
            }
            (State::Held, Event::StartAsked) => self.start(),
            (State::Held, Event::CallerGone) => self.give_up(Step::Start, "the caller went away"),
            (State::Confirming, Event::Wanted(wanted)) if wanted.ends_restarts() => self.call_off(),
            (State::Confirming, Event::Wanted(_)) => self.start(),
            (State::Held | State::Confirming, Event::InitExited(end)) => {
                self.give_up(Step::Start, died_early(end.ended))
            }
            (State::Starting, Event::InitExited(end)) => {
                self.exited = Some(end);
                vec![Action::LimitCall]
            }
            (State::Starting, Event::StartDone(result)) => self.started(result),
            (State::Running, Event::InitExited(end)) => self.finish(end),
            (State::Running, Event::Signal(signal)) => vec![Action::Forward(signal)],
            (State::Creating | State::Held | State::Confirming | State::Starting, Event::Signal(signal)) => {
                self.signals.push(signal);
                Vec::new()
            }
            (State::Creating | State::Starting, Event::TimedOut) if !self.killed => {
                self.killed = true;
                vec![Action::KillCall, Action::LimitCall]
            }
            (State::Creating, Event::TimedOut) => self.give_up(Step::Create, STUCK),
            (State::Starting, Event::TimedOut) => self.give_up(Step::Start, STUCK),
            (State::Deleting, Event::DeleteDone) => self.deleted(),
            (State::Deleting, Event::TimedOut) => self.delete_hangs(),
            (State::Resting, Event::TimedOut) => self.again(),
            // Nobody is there to take a signal: who sends one wants the container down.
            (State::Deleting, Event::Signal(_)) => {
                self.pause = None;
                Vec::new()
            }
            (State::Resting, Event::Signal(_)) => self.leave(),
            (State::Resting, Event::Wanted(wanted)) if wanted.ends_restarts() => self.leave(),
            // The rest changes nothing: a caller may repeat itself, and go when it likes.
            _ => Vec::new(),
        }
    }

    fn created(&mut self, result: Result<(), Reason>) -> Vec<Action> {
        match result {
            Err(reason) => self.give_up(Step::Create, reason),
            Ok(()) if self.abandoned => self.give_up(Step::Start, "the caller went away"),
            Ok(()) => {
                let mut actions = vec![Action::Publish(Status::Created), Action::TellCreated];
                if self.hold {
                    self.state = State::Held;
                } else if self.promised {
                    // Since init was published, whoever wants it down finds it; whoever came before is heard now.
                    self.state = State::Confirming;
                    actions.push(Action::AskWanted);
                } else {
                    actions.append(&mut self.start());
                }
                actions
            }
        }
    }

    fn start(&mut self) -> Vec<Action> {
        self.state = State::Starting;
        vec![Action::Start]
    }

    fn started(&mut self, result: Result<(), Reason>) -> Vec<Action> {
        if let Err(reason) = result {
            return self.give_up(Step::Start, reason);
        }
        self.state = State::Running;
        self.promised = false;
        let mut actions = vec![Action::Publish(Status::Running), Action::TellStarted];
        actions.extend(self.signals.drain(..).map(Action::Forward));
        if let Some(end) = self.exited.take() {
            actions.append(&mut self.finish(end));
        }
        actions
    }

    fn finish(&mut self, end: End) -> Vec<Action> {
        self.state = State::Deleting;
        self.pause = self.restarts.after(end.ended, end.ran, end.wanted);
        let (again, ended) = (self.pause.is_some(), end.ended);
        self.promised = again;
        vec![
            Action::Finish { ended, again },
            Action::Publish(if again { Status::Restarting } else { Status::Exited }),
            Action::Delete,
            Action::LimitCall,
        ]
    }

    fn deleted(&mut self) -> Vec<Action> {
        match self.pause.take() {
            Some(pause) => {
                self.state = State::Resting;
                vec![Action::Rest(pause)]
            }
            None => self.leave(),
        }
    }

    /// Whoever comes next deletes what is left: `delete --force` may be repeated.
    fn delete_hangs(&mut self) -> Vec<Action> {
        if self.pause.take().is_some() {
            self.failure = Some((Step::Start, NOT_DELETED.into()));
        }
        let mut actions = vec![Action::KillCall];
        actions.append(&mut self.leave());
        actions
    }

    /// Another run is wanted no longer.
    fn call_off(&mut self) -> Vec<Action> {
        self.state = State::Deleting;
        vec![Action::Delete, Action::LimitCall]
    }

    /// The end; a promise that nothing keeps from being kept is taken back.
    fn leave(&mut self) -> Vec<Action> {
        match self.failure.take() {
            None if self.promised => vec![
                Action::StayDown,
                Action::Publish(Status::Exited),
                Action::Leave(None),
            ],
            failure => vec![Action::Leave(failure)],
        }
    }

    fn again(&mut self) -> Vec<Action> {
        self.state = State::Creating;
        // Whoever held the first run back has long gone.
        (self.hold, self.killed) = (false, false);
        vec![Action::Renew, Action::Create]
    }

    /// How often the container was restarted.
    pub fn restart_count(&self) -> u32 {
        self.restarts.count
    }

    fn give_up(&mut self, step: Step, reason: impl Into<Reason>) -> Vec<Action> {
        self.state = State::Deleting;
        self.failure = Some((step, reason.into()));
        vec![Action::Delete, Action::LimitCall]
    }
}

/// What is said of a runtime that not even SIGKILL ends: it is stuck in the kernel.
const STUCK: &str = "the runtime did not end in time, not even killed";

const NOT_DELETED: &str = "the runtime's delete of the last run did not end in time";

fn died_early(ended: Ended) -> String {
    match ended {
        Ended::Exited(code) => format!("init exited with code {code} before it was started"),
        Ended::Signaled(signal) => format!("signal {signal} ended init before it was started"),
    }
}

#[cfg(test)]
mod tests;
