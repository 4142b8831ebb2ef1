//! Serves requests: what is known is answered at once, what takes time becomes a job, what must wait for another change
//! of the same container waits in its queue.

mod change;
mod create;
mod life;
mod look;

use std::time::{Duration, Instant};

use super::api::{self, Request, SERVICES};
use super::container::Incoming;
use super::peers::ReplyTo;
use super::state::Shim;
use crate::ttrpc::frame::{Frame, REQUEST};
use crate::ttrpc::rpc::{self, Code, Status};
use crate::ttrpc::wire::Message;

/// How long the runtime may take for a client that does not say how long it will wait.
const PATIENCE: Duration = Duration::from_secs(600);

/// The answer, if it is known already.
type Served = Result<Option<Message>, Status>;

impl Shim {
    /// A frame came from a client.
    pub fn receive(&mut self, peer: u32, frame: &Frame) {
        let reply = ReplyTo {
            peer,
            stream: frame.stream,
        };
        if frame.kind != REQUEST {
            return;
        }
        self.was_asked();
        match incoming(reply, frame) {
            Ok(incoming) => self.serve(incoming),
            Err(status) => self.answer(reply, Err(status)),
        }
    }

    /// Serves a request.
    pub fn serve(&mut self, incoming: Incoming) {
        if let Some(id) = changes(&incoming.request)
            && self.must_wait(id, &incoming.request)
            && let Ok(container) = self.container(id)
        {
            container.queue.push_back(incoming);
            return;
        }
        let reply = incoming.reply;
        match self.dispatch(incoming) {
            Ok(Some(message)) => self.answer(reply, Ok(message)),
            Ok(None) => {}
            Err(status) => self.answer(reply, Err(status)),
        }
    }

    /// Whether something is in the way of a change. A signal for all processes that is still on its way must not reach
    /// those of another container, of the same name or cgroup.
    pub fn must_wait(&mut self, id: &str, request: &Request) -> bool {
        let killing = matches!(request, Request::Delete(target) if target.exec.is_empty())
            && self.jobs.iter().any(|job| job.kills(id));
        killing || self.container(id).is_ok_and(|container| container.busy)
    }

    fn dispatch(&mut self, incoming: Incoming) -> Served {
        match &incoming.request {
            Request::Create(_) => self.create(incoming),
            Request::Start(target) => self.start(&target.clone(), &incoming),
            Request::Delete(target) => self.delete(&target.clone(), &incoming),
            Request::Kill { target, signal, all } => self.kill(target, *signal, *all, &incoming),
            Request::Exec { .. } => self.exec(incoming.request),
            Request::Shutdown { now } => self.shut_down(*now),
            Request::Pause(target) => self.pause(target, &incoming),
            Request::Resume(target) => self.resume(target, &incoming),
            Request::Checkpoint {
                target,
                path,
                options,
            } => self.checkpoint(target, path, options.as_ref(), &incoming),
            Request::Update { target, resources } => self.update(target, resources, &incoming),
            Request::State(target) => self.state_of(target),
            Request::Wait(target) => self.wait(target, incoming.reply),
            Request::Pids(target) => self.pids(target),
            Request::Stats(target) => self.stats(target),
            Request::Connect(target) => Ok(Some(self.connect(target))),
            Request::CloseIo(target) => self.close_io(target),
            Request::ResizePty {
                target,
                width,
                height,
            } => self.resize(target, *width, *height),
        }
    }
}

fn incoming(reply: ReplyTo, frame: &Frame) -> Result<Incoming, Status> {
    let request = rpc::Request::decode(&frame.payload)?;
    if !SERVICES.contains(&request.service.as_str()) {
        let why = format!("there is no service {}", request.service);
        return Err(Status::new(Code::Unimplemented, why));
    }
    let patience = match request.timeout {
        0 => PATIENCE,
        nanoseconds => Duration::from_nanos(nanoseconds),
    };
    Ok(Incoming {
        reply,
        request: api::decode(&request.method, &request.payload)?,
        deadline: Instant::now() + patience,
    })
}

/// The container that a request changes: one change at a time.
fn changes(request: &Request) -> Option<&str> {
    match request {
        Request::Create(create) => Some(&create.id),
        Request::Start(target)
        | Request::Delete(target)
        | Request::Pause(target)
        | Request::Resume(target)
        | Request::Checkpoint { target, .. }
        | Request::Update { target, .. } => Some(&target.id),
        _ => None,
    }
}
