//! `Start`, `Kill`, `Delete` and `Shutdown`.

use std::time::{Duration, Instant};

use super::Served;
use crate::task::api::{self, Target};
use crate::task::container::{Container, Incoming, Removal};
use crate::task::events;
use crate::task::jobs::{Start, Work};
use crate::task::peers::ReplyTo;
use crate::task::process::Life;
use crate::task::runtime::NOTE;
use crate::task::state::{Shim, Source, status};
use crate::ttrpc::rpc::{Code, Status};
use crate::ttrpc::wire::Message;

/// How long the output of a process that is to be forgotten is waited for, if nobody reads it.
const OUTPUT_PATIENCE: Duration = Duration::from_secs(10);

impl Shim {
    pub(super) fn start(&mut self, target: &Target, incoming: &Incoming) -> Served {
        if !target.exec.is_empty() {
            return self.start_exec(target, incoming);
        }
        let container = self.container(&target.id)?;
        if container.init.life != Life::Created {
            let why = format!("container {:?} has been started already", target.id);
            return Err(Status::new(Code::FailedPrecondition, why));
        }
        container.init.life = Life::Starting;
        container.busy = true;
        let restored = !container.checkpoint.is_empty();
        let start = Start {
            id: &target.id,
            number: container.init.number,
            theirs: std::mem::take(&mut container.init.theirs),
            reply: incoming.reply,
            deadline: incoming.deadline,
        };
        let called = if restored {
            self.call_start(start, Work::Restore, |container, console| {
                container
                    .runtime
                    .restore(&container.files, &container.checkpoint, console)
            })
        } else {
            let line = container.runtime.start(&container.files);
            let log = container.files.of("").log;
            self.call_runtime(start, Work::Start, &line, log)
        };
        called.map(|()| None).map_err(|error| {
            if let Ok(container) = self.container(&target.id) {
                container.init.life = Life::Created;
            }
            self.change_ended(&target.id);
            status(&error)
        })
    }

    pub(super) fn kill(&mut self, target: &Target, signal: i32, all: bool, incoming: &Incoming) -> Served {
        let process = self.process(target)?;
        if process.exit().is_some() {
            return Err(Status::new(Code::NotFound, "process already finished"));
        }
        let Some(handle) = &process.handle else {
            if process.pid != 0 {
                return Err(Status::new(Code::NotFound, "process already finished"));
            }
            return Err(Status::new(Code::FailedPrecondition, "process not started"));
        };
        if all && target.exec.is_empty() {
            let number = process.number;
            self.call_kill_all(&target.id, number, signal, Some(incoming))
                .map_err(|error| status(&error))?;
            return Ok(None);
        }
        match handle.send(signal) {
            Ok(()) => Ok(Some(Message::new())),
            Err(error) if error.errno() == Some(libc::ESRCH) => {
                Err(Status::new(Code::NotFound, "process already finished"))
            }
            Err(error) if error.errno() == Some(libc::EINVAL) => Err(Status::new(
                Code::InvalidArgument,
                format!("no such signal: {signal}"),
            )),
            Err(error) => Err(status(&error)),
        }
    }

    pub(super) fn delete(&mut self, target: &Target, incoming: &Incoming) -> Served {
        let process = self.process(target)?;
        if !matches!(process.life, Life::Created | Life::Stopped(_)) {
            let why = "cannot delete a process that runs";
            return Err(Status::new(Code::FailedPrecondition, why));
        }
        let number = process.number;
        if !target.exec.is_empty() {
            self.remove_when_read(number, incoming.reply, None);
            return Ok(None);
        }
        let container = self.container(&target.id)?;
        container.busy = true;
        let line = container.runtime.delete(&container.files);
        let log = container.files.of("").log;
        let start = Start {
            id: &target.id,
            number,
            theirs: [None, None, None],
            reply: incoming.reply,
            deadline: incoming.deadline,
        };
        self.call_runtime(start, Work::Delete, &line, log)
            .map(|()| None)
            .map_err(|error| {
                self.change_ended(&target.id);
                status(&error)
            })
    }

    /// A process is to be forgotten when its output has arrived.
    pub fn remove_when_read(&mut self, number: u32, reply: ReplyTo, failure: Option<Status>) {
        let patience = match failure {
            Some(_) => Duration::ZERO,
            None => OUTPUT_PATIENCE,
        };
        if let Some(container) = self.container_of(number) {
            container.removals.push(Removal {
                process: number,
                reply,
                deadline: Instant::now() + patience,
                failure,
            });
        }
    }

    /// Forgets those processes whose output has arrived, or whose time is over.
    pub fn go_on_removing(&mut self, now: Instant) {
        let mut ready = Vec::new();
        for container in &mut self.containers {
            let removals = std::mem::take(&mut container.removals);
            for removal in removals {
                let read = container
                    .numbered(removal.process)
                    .is_none_or(|process| process.streams.are_over());
                match read || now >= removal.deadline {
                    true => ready.push(removal),
                    false => container.removals.push(removal),
                }
            }
        }
        for removal in ready {
            self.remove(removal);
        }
    }

    fn remove(&mut self, removal: Removal) {
        let Some(container) = self.container_of(removal.process) else {
            return;
        };
        let id = container.files.id.clone();
        if container.init.number == removal.process {
            return self.remove_container(&id, removal);
        }
        let Some(at) = container
            .execs
            .iter()
            .position(|process| process.number == removal.process)
        else {
            return;
        };
        let mut process = container.execs.swap_remove(at);
        container.files.of(&process.exec).remove();
        self.refuse_all(process.held.take());
        let token = Source::Streams.token(process.number);
        let _ = process.streams.close(&self.set, token);
        let exit = process.exit().unwrap_or_else(unknown);
        for waiter in std::mem::take(&mut process.waiters) {
            self.answer(waiter, Ok(api::waited(exit)));
        }
        self.answer(removal.reply, Ok(api::deleted(process.pid, exit)));
    }

    pub(super) fn shut_down(&mut self, now: bool) -> Served {
        if now || self.containers.is_empty() {
            self.leave();
        }
        Ok(Some(Message::new()))
    }

    /// A container that is gone: everybody who waits for something of it is told.
    pub fn forget_container(&mut self, container: Container, removal: &Removal) {
        let Container {
            files,
            init,
            execs,
            queue,
            ..
        } = container;
        let (pid, exit) = (init.pid, init.exit().unwrap_or_else(unknown));
        for mut process in std::iter::once(init).chain(execs) {
            self.refuse_all(process.held.take());
            if let Some(logger) = process.streams.logger.take() {
                // It was never ready, and nothing will be written to it.
                logger.give_up();
            }
            let token = Source::Streams.token(process.number);
            let _ = process.streams.close(&self.set, token);
            let exit = process.exit().unwrap_or_else(unknown);
            for waiter in process.waiters {
                self.answer(waiter, Ok(api::waited(exit)));
            }
        }
        let _ = std::fs::remove_file(files.bundle.join(NOTE));
        self.tell_removed(&files.id, pid, exit, removal);
        self.refuse_all(queue);
        self.was_asked();
    }

    fn tell_removed(&mut self, id: &str, pid: i32, exit: api::Exit, removal: &Removal) {
        match &removal.failure {
            Some(failure) => self.answer(removal.reply, Err(failure.clone())),
            None => {
                self.publish(events::delete(id, pid, exit));
                self.answer(removal.reply, Ok(api::deleted(pid, exit)));
            }
        }
    }
}

/// containerd's code for an end that nobody saw.
fn unknown() -> api::Exit {
    api::Exit::now(crate::contract::record::Ended::Exited(255))
}
