//! `Pause`, `Resume`, `Checkpoint` and `Update`: the runtime does it.

use std::ffi::OsString;

use super::Served;
use crate::sys::files::{Durability, replace};
use crate::task::api::Target;
use crate::task::container::Incoming;
use crate::task::jobs::{Start, Work};
use crate::task::options;
use crate::task::process::Life;
use crate::task::state::{Shim, status};
use crate::ttrpc::rpc::{Code, Status};
use crate::ttrpc::wire::Any;

impl Shim {
    pub(super) fn pause(&mut self, target: &Target, incoming: &Incoming) -> Served {
        self.must_be(target, &[Life::Running])?;
        let container = self.container(&target.id)?;
        let line = container.runtime.pause(&container.files);
        self.change(target, incoming, Work::Pause, &line)
    }

    pub(super) fn resume(&mut self, target: &Target, incoming: &Incoming) -> Served {
        self.must_be(target, &[Life::Paused])?;
        let container = self.container(&target.id)?;
        let line = container.runtime.resume(&container.files);
        self.change(target, incoming, Work::Resume, &line)
    }

    pub(super) fn checkpoint(
        &mut self,
        target: &Target,
        path: &str,
        options: Option<&Any>,
        incoming: &Incoming,
    ) -> Served {
        self.must_be(target, &[Life::Running, Life::Paused])?;
        let how = options::checkpoint(options)?;
        let container = self.container(&target.id)?;
        let line = container.runtime.checkpoint(&container.files, path, &how);
        self.change(target, incoming, Work::Checkpoint(path.to_owned()), &line)
    }

    pub(super) fn update(&mut self, target: &Target, resources: &Any, incoming: &Incoming) -> Served {
        self.must_be(target, &[Life::Created, Life::Running, Life::Paused])?;
        let container = self.container(&target.id)?;
        replace(&container.files.resources(), &resources.value, Durability::Atomic)
            .map_err(|error| status(&error))?;
        let line = container.runtime.update(&container.files);
        self.change(target, incoming, Work::Update, &line)
    }

    fn must_be(&mut self, target: &Target, states: &[Life]) -> Result<(), Status> {
        let state = self.process(target)?.state();
        let life = self.process(target)?.life;
        match states.contains(&life) {
            true => Ok(()),
            false => {
                let why = format!("container {:?} is {state:?}", target.id).to_lowercase();
                Err(Status::new(Code::FailedPrecondition, why))
            }
        }
    }

    fn change(&mut self, target: &Target, incoming: &Incoming, work: Work, line: &[OsString]) -> Served {
        let container = self.container(&target.id)?;
        container.busy = true;
        let log = container.files.of("").log;
        let start = Start {
            id: &target.id,
            number: container.init.number,
            theirs: [None, None, None],
            reply: incoming.reply,
            deadline: incoming.deadline,
        };
        self.call_runtime(start, work, line, log)
            .map(|()| None)
            .map_err(|error| {
                self.change_ended(&target.id);
                status(&error)
            })
    }
}
