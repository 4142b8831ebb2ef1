//! The events that containerd is told (containerd, api/events/task.proto), and the request that tells one.

use super::api::{Create, Exit, timestamp, unsigned};
use crate::contract::time::Timestamp;
use crate::ttrpc::rpc::Request;
use crate::ttrpc::wire::{Any, Message};

/// What happened.
#[derive(Debug)]
pub struct Event {
    topic: &'static str,
    kind: &'static str,
    body: Message,
}

fn event(topic: &'static str, kind: &'static str, body: Message) -> Event {
    Event { topic, kind, body }
}

fn of(container: &str) -> Message {
    Message::new().text(1, container)
}

/// A container was made.
pub fn create(request: &Create, pid: i32) -> Event {
    let stdio = Message::new()
        .text(1, &request.stdio.stdin)
        .text(2, &request.stdio.stdout)
        .text(3, &request.stdio.stderr)
        .number(4, request.stdio.terminal);
    let body = of(&request.id)
        .text(2, &request.bundle)
        .messages(3, request.rootfs.iter().map(super::api::Mount::encode))
        .message(4, &stdio)
        .text(5, &request.checkpoint)
        .number(6, unsigned(pid));
    event("/tasks/create", "containerd.events.TaskCreate", body)
}

/// It was started.
pub fn start(container: &str, pid: i32) -> Event {
    let body = of(container).number(2, unsigned(pid));
    event("/tasks/start", "containerd.events.TaskStart", body)
}

/// A process ended; `id` is the container's for its own.
pub fn exit(container: &str, id: &str, pid: i32, exit: Exit) -> Event {
    let body = of(container)
        .text(2, id)
        .number(3, unsigned(pid))
        .number(4, exit.status)
        .message(5, &timestamp(exit.at));
    event("/tasks/exit", "containerd.events.TaskExit", body)
}

/// A container was removed.
pub fn delete(container: &str, pid: i32, exit: Exit) -> Event {
    let body = of(container)
        .number(2, unsigned(pid))
        .number(3, exit.status)
        .message(4, &timestamp(exit.at))
        .text(5, container);
    event("/tasks/delete", "containerd.events.TaskDelete", body)
}

/// The kernel killed a process of it for want of memory.
pub fn oom(container: &str) -> Event {
    event("/tasks/oom", "containerd.events.TaskOOM", of(container))
}

/// A process beside its own was made known.
pub fn exec_added(container: &str, exec: &str) -> Event {
    let body = of(container).text(2, exec);
    event("/tasks/exec-added", "containerd.events.TaskExecAdded", body)
}

/// It was started.
pub fn exec_started(container: &str, exec: &str, pid: i32) -> Event {
    let body = of(container).text(2, exec).number(3, unsigned(pid));
    event("/tasks/exec-started", "containerd.events.TaskExecStarted", body)
}

/// A container was frozen.
pub fn paused(container: &str) -> Event {
    event("/tasks/paused", "containerd.events.TaskPaused", of(container))
}

/// It was thawed.
pub fn resumed(container: &str) -> Event {
    event("/tasks/resumed", "containerd.events.TaskResumed", of(container))
}

/// It was saved.
pub fn checkpointed(container: &str, path: &str) -> Event {
    let body = of(container).text(2, path);
    event("/tasks/checkpointed", "containerd.events.TaskCheckpointed", body)
}

impl Event {
    /// The request for containerd's events service; `at` is when it happened.
    pub fn request(self, namespace: &str, at: Timestamp) -> Vec<u8> {
        let any = Any {
            type_url: self.kind.to_owned(),
            value: self.body.into_bytes(),
        };
        let envelope = Message::new()
            .message(1, &timestamp(at))
            .text(2, namespace)
            .text(3, self.topic)
            .message(4, &any.encode());
        Request {
            service: "containerd.services.events.ttrpc.v1.Events".to_owned(),
            method: "Forward".to_owned(),
            payload: Message::new().message(1, &envelope).into_bytes(),
            timeout: 0,
        }
        .encode()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn an_event_is_in_its_envelope() {
        let at = Timestamp::new(Duration::new(1, 0));
        let request = Request::decode(&oom("c").request("ns", at)).expect("well formed");
        assert_eq!(request.method, "Forward");
        let expected = b"\x0a\x36\x0a\x02\x08\x01\x12\x02ns\x1a\x0a/tasks/oom\x22\x20\x0a\x19containerd.events.TaskOOM\x12\x03\x0a\x01c";
        assert_eq!(request.payload, expected);
    }
}
