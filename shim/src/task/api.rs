//! The messages of containerd's task API (containerd, api/runtime/task/v2/shim.proto; v3 has the same).

use crate::contract::record::Ended;
use crate::contract::time::Timestamp;
use crate::ttrpc::rpc::{Code, Status};
use crate::ttrpc::wire::{Any, Malformed, Message, Value, fields};

/// The names of the service: containerd 1.6 and 1.7 use the first, 2.x the second.
pub const SERVICES: [&str; 2] = ["containerd.task.v2.Task", "containerd.task.v3.Task"];

/// A process: of a container, and beside its own if `exec` is not empty.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Target {
    /// The container.
    pub id: String,
    /// The process, or nothing: the container's own.
    pub exec: String,
}

/// Where a process's streams go: FIFOs, or where output is kept.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Stdio {
    /// A FIFO, or nothing.
    pub stdin: String,
    /// A FIFO, `binary://…`, `file://…` or nothing.
    pub stdout: String,
    /// As stdout; with a terminal it is not used.
    pub stderr: String,
    /// The process has a terminal.
    pub terminal: bool,
}

/// A mount to make before the container.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Mount {
    /// The file system's type.
    pub kind: String,
    /// The source.
    pub source: String,
    /// Below the bundle's rootfs; empty: there.
    pub target: String,
    /// As in fstab.
    pub options: Vec<String>,
}

/// `Create`.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Create {
    /// The container's id.
    pub id: String,
    /// Its bundle.
    pub bundle: String,
    /// What its root file system is made of.
    pub rootfs: Vec<Mount>,
    /// Its streams.
    pub stdio: Stdio,
    /// A checkpoint to start from, or nothing.
    pub checkpoint: String,
    /// The runtime's options.
    pub options: Option<Any>,
}

/// A request of the task API.
#[derive(Debug, PartialEq, Eq)]
pub enum Request {
    /// Make a container.
    Create(Create),
    /// Start it, or a process that `Exec` made known.
    Start(Target),
    /// What a process is doing.
    State(Target),
    /// A signal for a process, or for all of the container's.
    Kill {
        /// Which.
        target: Target,
        /// The signal.
        signal: i32,
        /// Every process of the container.
        all: bool,
    },
    /// Make a process known that shall run in a container.
    Exec {
        /// Its names.
        target: Target,
        /// Its streams.
        stdio: Stdio,
        /// config.json's `process`.
        spec: Any,
    },
    /// The size of a process's terminal.
    ResizePty {
        /// Which.
        target: Target,
        /// Columns.
        width: u16,
        /// Lines.
        height: u16,
    },
    /// Freeze a container.
    Pause(Target),
    /// Thaw it.
    Resume(Target),
    /// Save it.
    Checkpoint {
        /// Which.
        target: Target,
        /// Where to.
        path: String,
        /// How.
        options: Option<Any>,
    },
    /// Change its limits.
    Update {
        /// Which.
        target: Target,
        /// The specification's `linux.resources`.
        resources: Any,
    },
    /// The numbers of its processes.
    Pids(Target),
    /// What it uses.
    Stats(Target),
    /// Answer when a process has ended.
    Wait(Target),
    /// stdin has no more input.
    CloseIo(Target),
    /// The numbers of the shim and of the container.
    Connect(Target),
    /// Leave, if there are no containers.
    Shutdown {
        /// Even if there are.
        now: bool,
    },
    /// Remove a container or a process that has ended.
    Delete(Target),
}

/// Reads a request.
///
/// # Errors
/// There is no such method, or the message is malformed.
pub fn decode(method: &str, message: &[u8]) -> Result<Request, Status> {
    let target = || target(message);
    Ok(match method {
        "Create" => Request::Create(create(message)?),
        "Start" => Request::Start(target()?),
        "State" => Request::State(target()?),
        "Kill" => Request::Kill {
            target: target()?,
            // All signals are small; what is none is refused by the kernel.
            signal: i32::try_from(number(message, 3)?).unwrap_or(-1),
            all: number(message, 4)? != 0,
        },
        "Exec" => Request::Exec {
            target: target()?,
            stdio: stdio(message, [3, 4, 5, 6])?,
            spec: any(message, 7)?.unwrap_or_default(),
        },
        "ResizePty" => Request::ResizePty {
            target: target()?,
            width: u16::try_from(number(message, 3)?).unwrap_or(u16::MAX),
            height: u16::try_from(number(message, 4)?).unwrap_or(u16::MAX),
        },
        "Pause" => Request::Pause(container(message)?),
        "Resume" => Request::Resume(container(message)?),
        "Checkpoint" => Request::Checkpoint {
            target: container(message)?,
            path: text(message, 2)?,
            options: any(message, 3)?,
        },
        "Update" => Request::Update {
            target: container(message)?,
            resources: any(message, 2)?.unwrap_or_default(),
        },
        "Pids" => Request::Pids(container(message)?),
        "Stats" => Request::Stats(container(message)?),
        "Wait" => Request::Wait(target()?),
        "CloseIO" => Request::CloseIo(target()?),
        "Connect" => Request::Connect(container(message)?),
        "Shutdown" => Request::Shutdown {
            now: number(message, 2)? != 0,
        },
        "Delete" => Request::Delete(target()?),
        other => {
            let why = format!("the task API has no method {other}");
            return Err(Status::new(Code::Unimplemented, why));
        }
    })
}

/// The last value of a field.
fn last(message: &[u8], wanted: u32) -> Result<Option<Value<'_>>, Malformed> {
    let mut found = None;
    for field in fields(message) {
        let (number, value) = field?;
        if number == wanted {
            found = Some(value);
        }
    }
    Ok(found)
}

fn text(message: &[u8], field: u32) -> Result<String, Malformed> {
    last(message, field)?.map_or(Ok(String::new()), Value::text)
}

fn number(message: &[u8], field: u32) -> Result<u64, Malformed> {
    Ok(last(message, field)?.map_or(0, Value::number))
}

fn any(message: &[u8], field: u32) -> Result<Option<Any>, Malformed> {
    last(message, field)?
        .map(|value| Any::decode(value.bytes()))
        .transpose()
}

fn target(message: &[u8]) -> Result<Target, Malformed> {
    Ok(Target {
        id: text(message, 1)?,
        exec: text(message, 2)?,
    })
}

/// Of messages whose second field is something else.
fn container(message: &[u8]) -> Result<Target, Malformed> {
    Ok(Target {
        id: text(message, 1)?,
        exec: String::new(),
    })
}

/// The fields of the terminal, stdin, stdout and stderr have these numbers.
fn stdio(message: &[u8], [terminal, stdin, stdout, stderr]: [u32; 4]) -> Result<Stdio, Malformed> {
    Ok(Stdio {
        terminal: number(message, terminal)? != 0,
        stdin: text(message, stdin)?,
        stdout: text(message, stdout)?,
        stderr: text(message, stderr)?,
    })
}

fn create(message: &[u8]) -> Result<Create, Malformed> {
    let mut rootfs = Vec::new();
    for field in fields(message) {
        if let (3, value) = field? {
            rootfs.push(mount(value.bytes())?);
        }
    }
    Ok(Create {
        id: text(message, 1)?,
        bundle: text(message, 2)?,
        rootfs,
        stdio: stdio(message, [4, 5, 6, 7])?,
        checkpoint: text(message, 8)?,
        options: any(message, 10)?,
    })
}

fn mount(message: &[u8]) -> Result<Mount, Malformed> {
    let mut mount = Mount::default();
    for field in fields(message) {
        match field? {
            (1, value) => mount.kind = value.text()?,
            (2, value) => mount.source = value.text()?,
            (3, value) => mount.target = value.text()?,
            (4, value) => mount.options.push(value.text()?),
            _ => {}
        }
    }
    Ok(mount)
}

impl Mount {
    /// Writes it, for events.
    pub fn encode(&self) -> Message {
        let mount = Message::new()
            .text(1, &self.kind)
            .text(2, &self.source)
            .text(3, &self.target);
        self.options
            .iter()
            .fold(mount, |mount, option| mount.text(4, option))
    }
}

/// What a process is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Made, not started.
    Created = 1,
    /// It runs.
    Running = 2,
    /// It has ended.
    Stopped = 3,
    /// Frozen.
    Paused = 4,
}

/// How and when a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exit {
    /// 128 and the signal's number, if one ended it.
    pub status: u32,
    /// When the shim saw it.
    pub at: Timestamp,
}

impl Exit {
    /// An end that was just seen.
    pub fn now(ended: Ended) -> Self {
        Self {
            status: u32::try_from(ended.code()).unwrap_or(255),
            at: Timestamp::now(),
        }
    }
}

/// A point in time as google.protobuf.Timestamp.
pub fn timestamp(time: Timestamp) -> Message {
    let since = time.since_1970();
    Message::new()
        .number(1, since.as_secs())
        .number(2, since.subsec_nanos())
}

/// The answer of `Create` and `Start`, which is also the first part of others.
pub fn pid(pid: i32) -> Message {
    Message::new().number(1, unsigned(pid))
}

/// A process id; 0 where there is none.
pub fn unsigned(pid: i32) -> u32 {
    u32::try_from(pid).unwrap_or_default()
}

/// The answer of `Delete`.
pub fn deleted(process: i32, exit: Exit) -> Message {
    pid(process)
        .number(2, exit.status)
        .message(3, &timestamp(exit.at))
}

/// The answer of `Wait`.
pub fn waited(exit: Exit) -> Message {
    Message::new()
        .number(1, exit.status)
        .message(2, &timestamp(exit.at))
}

/// The answer of `Connect`.
pub fn connected(shim: i32, task: i32) -> Message {
    Message::new().number(1, unsigned(shim)).number(2, unsigned(task))
}

/// The answer of `State`.
pub fn state(
    target: &Target,
    bundle: &str,
    process: i32,
    state: State,
    stdio: &Stdio,
    exit: Option<Exit>,
) -> Message {
    let message = Message::new()
        .text(1, &target.id)
        .text(2, bundle)
        .number(3, unsigned(process))
        .number(4, state as u32)
        .text(5, &stdio.stdin)
        .text(6, &stdio.stdout)
        .text(7, &stdio.stderr)
        .number(8, stdio.terminal);
    let message = match exit {
        Some(exit) => message.number(9, exit.status).message(10, &timestamp(exit.at)),
        None => message,
    };
    message.text(11, &target.exec)
}

/// The answer of `Pids`: numbers, with the names of those processes that `Exec` started.
pub fn pids(processes: &[(i32, Option<String>)]) -> Message {
    let one = |(process, exec): &(i32, Option<String>)| match exec {
        Some(exec) => {
            let details = Any {
                type_url: "containerd.runc.v1.ProcessDetails".to_owned(),
                value: Message::new().text(1, exec).into_bytes(),
            };
            pid(*process).message(2, &details.encode())
        }
        None => pid(*process),
    };
    Message::new().messages(1, processes.iter().map(one))
}

#[cfg(test)]
#[path = "api_tests.rs"]
mod tests;
