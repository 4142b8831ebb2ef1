//! `State`, `Wait`, `Pids`, `Stats`, `Connect`, `CloseIO` and `ResizePty`: what the shim knows, and its streams.

use super::Served;
use crate::cli::Size;
use crate::task::api::{self, Target};
use crate::task::peers::ReplyTo;
use crate::task::state::{Shim, status};
use crate::ttrpc::rpc::{Code, Status};
use crate::ttrpc::wire::Message;

impl Shim {
    pub(super) fn state_of(&mut self, target: &Target) -> Served {
        let process = self.process(target)?;
        let (pid, state, exit) = (process.pid, process.state(), process.exit());
        let stdio = process.stdio.clone();
        let bundle = self.container(&target.id)?.files.bundle.clone();
        Ok(Some(api::state(
            target,
            &bundle.to_string_lossy(),
            pid,
            state,
            &stdio,
            exit,
        )))
    }

    pub(super) fn wait(&mut self, target: &Target, reply: ReplyTo) -> Served {
        let process = self.process(target)?;
        let Some(exit) = process.exit() else {
            process.waiters.push(reply);
            let mut waiters = std::mem::take(&mut process.waiters);
            // Of clients that have gone since.
            waiters.retain(|waiter| self.peers.has(*waiter));
            self.process(target)?.waiters = waiters;
            return Ok(None);
        };
        Ok(Some(api::waited(exit)))
    }

    pub(super) fn pids(&mut self, target: &Target) -> Served {
        let container = self.container(&target.id)?;
        if container.init.exit().is_some() {
            // containerd 2 takes a shim that names no process for one that was forgotten, and removes it when it starts
            // again: the exit code of a container that ended meanwhile would be lost.
            return Ok(Some(api::pids(&[(container.init.pid, None)])));
        }
        let mut found = match &container.cgroup {
            Some(cgroup) => cgroup.processes(),
            None => std::collections::BTreeSet::new(),
        };
        found.extend((container.init.pid != 0).then_some(container.init.pid));
        let name = |pid: i32| {
            let exec = container
                .execs
                .iter()
                .find(|process| process.pid == pid && process.exit().is_none());
            (pid, exec.map(|process| process.exec.clone()))
        };
        let processes: Vec<_> = found.into_iter().map(name).collect();
        Ok(Some(api::pids(&processes)))
    }

    pub(super) fn stats(&mut self, target: &Target) -> Served {
        let container = self.container(&target.id)?;
        let metrics = container
            .cgroup
            .as_ref()
            .and_then(crate::task::cgroup::Cgroup::metrics);
        match metrics {
            Some(metrics) => Ok(Some(Message::new().message(1, &metrics.encode()))),
            None => {
                let why = format!("container {:?} has no cgroup", target.id);
                Err(Status::new(Code::NotFound, why))
            }
        }
    }

    pub(super) fn connect(&mut self, target: &Target) -> Message {
        let task = self.process(target).map_or(0, |process| process.pid);
        api::connected(std::process::id().cast_signed(), task)
    }

    pub(super) fn close_io(&mut self, target: &Target) -> Served {
        self.process(target)?.streams.close_stdin();
        Ok(Some(Message::new()))
    }

    pub(super) fn resize(&mut self, target: &Target, width: u16, height: u16) -> Served {
        let size = Size {
            rows: height,
            cols: width,
        };
        self.process(target)?
            .streams
            .resize(size)
            .map_err(|error| status(&error))?;
        Ok(Some(Message::new()))
    }
}
