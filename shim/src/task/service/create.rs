//! `Create` and `Exec`: what must stand before the runtime is called.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use super::Served;
use crate::contract::mounts;
use crate::error::{Context, Result};
use crate::supervise::call;
use crate::supervise::console::{self, Console};
use crate::sys::files::{Durability, open_dir, replace};
use crate::sys::mount::Mounted;
use crate::task::api::{self, Request};
use crate::task::container::{Config, Container, Incoming};
use crate::task::events;
use crate::task::jobs::{Start, Work};
use crate::task::options;
use crate::task::process::{Life, Process};
use crate::task::runtime::{Files, NOTE, Runtime};
use crate::task::state::{Shim, status};
use crate::task::streams::{Streams, Theirs};
use crate::ttrpc::rpc::{Code, Status};
use crate::ttrpc::wire::Message;

impl Shim {
    pub(super) fn create(&mut self, incoming: Incoming) -> Served {
        let Request::Create(request) = &incoming.request else {
            return Ok(None);
        };
        // Whoever was to leave has work again.
        self.leave_by = None;
        call::check_id(&request.id).map_err(|error| status(&error))?;
        if self.container(&request.id).is_ok() {
            let why = format!("container {:?} already exists", request.id);
            return Err(Status::new(Code::AlreadyExists, why));
        }
        let id = request.id.clone();
        let container = self.prepare(request).map_err(|error| status(&error))?;
        self.containers.push(container);
        if let Err(error) = self.make_rootfs(&incoming) {
            self.containers.retain(|container| container.files.id != id);
            return Err(status(&error));
        }
        self.begin_create(&id, incoming)
    }

    fn prepare(&mut self, request: &api::Create) -> Result<Container> {
        let bundle = PathBuf::from(&request.bundle);
        let options = options::decode(request.options.as_ref(), |path| std::fs::read_to_string(path))?;
        let runtime = Runtime::new(options, &self.base, &self.namespace, self.default_runtime.clone());
        let dir = open_dir(&bundle)?;
        let note = serde_json::to_vec(&runtime).unwrap_or_default();
        replace(&bundle.join(NOTE), &note, Durability::Atomic)?;
        Ok(Container {
            shares_pids: Config::read(&bundle)?.shares_pids(),
            files: Files {
                bundle,
                id: request.id.clone(),
            },
            dir,
            runtime,
            checkpoint: request.checkpoint.clone(),
            init: Process::new(self.next_number(), String::new(), request.stdio.clone()),
            execs: Vec::new(),
            cgroup: None,
            oom: None,
            untold: None,
            mounted: false,
            busy: true,
            queue: VecDeque::new(),
            removals: Vec::new(),
        })
    }

    /// Mounts the root file system where everybody sees it: what is mounted in a container that shares its mounts with
    /// the machine must come out, and a mount namespace of the shim's own would be in between.
    fn make_rootfs(&mut self, incoming: &Incoming) -> Result<()> {
        let Request::Create(request) = &incoming.request else {
            return Ok(());
        };
        if request.rootfs.is_empty() {
            return Ok(());
        }
        let bundle = Path::new(&request.bundle);
        let _ = std::fs::create_dir(bundle.join("rootfs"));
        let list = request
            .rootfs
            .iter()
            .map(|mount| {
                let target = Path::new("rootfs").join(mount.target.trim_start_matches('/'));
                let target = target.to_string_lossy().trim_end_matches('/').to_owned();
                mounts::mount(&mount.kind, &mount.source, target, &mount.options)
            })
            .collect::<Result<Vec<_>>>()
            .context(|| "the root file system")?;
        Mounted::new(bundle, &list).context(|| "the root file system")?;
        let _ = std::env::set_current_dir("/");
        if let Ok(container) = self.container(&request.id) {
            container.mounted = true;
        }
        Ok(())
    }

    /// Opens the streams; with a program for the output the rest waits until that is ready.
    fn begin_create(&mut self, id: &str, incoming: Incoming) -> Served {
        let result = self.open_streams(id, "");
        let theirs = match result {
            Ok(theirs) => theirs,
            Err(error) => return self.fail_create(id, incoming.reply, status(&error)),
        };
        let Ok(container) = self.container(id) else {
            return Ok(None);
        };
        if container.init.streams.logger.is_some() {
            container.init.theirs = theirs;
            container.init.held = Some(incoming);
            return Ok(None);
        }
        self.call_create(id, theirs, incoming)
    }

    /// The program for a process's output has said something, or has had its time.
    pub fn on_logger(&mut self, number: u32, now: std::time::Instant) {
        use crate::task::logger::Progress;
        let Some(container) = self.container_of(number) else {
            return;
        };
        let id = container.files.id.clone();
        let Some(process) = container.numbered(number) else {
            return;
        };
        let Some(logger) = &mut process.streams.logger else {
            return;
        };
        let late = now >= logger.deadline;
        if logger.progress() == Progress::Waiting && !late {
            return;
        }
        let refused = late.then(|| status(&logger.give_up()));
        process.streams.logger = None;
        let theirs = std::mem::take(&mut process.theirs);
        let is_exec = !process.exec.is_empty();
        let Some(incoming) = process.held.take() else {
            return;
        };
        let reply = incoming.reply;
        let served = match (refused, is_exec) {
            (Some(refused), true) => self.fail_exec(number, refused),
            (Some(refused), false) => self.fail_create(&id, reply, refused),
            (None, true) => self.call_exec(&id, number, theirs, &incoming),
            (None, false) => self.call_create(&id, theirs, incoming),
        };
        if let Err(refused) = served {
            self.answer(reply, Err(refused));
        }
    }

    /// Gives up programs for output that are not ready in time.
    pub fn end_overdue_loggers(&mut self, now: std::time::Instant) {
        let mut overdue = Vec::new();
        for container in &mut self.containers {
            for process in container.processes() {
                let logger = process.streams.logger.as_ref();
                if logger.is_some_and(|logger| now >= logger.deadline) {
                    overdue.push(process.number);
                }
            }
        }
        for number in overdue {
            self.on_logger(number, now);
        }
    }

    /// Opens the streams of a process; a terminal's come later.
    pub(super) fn open_streams(&mut self, id: &str, exec: &str) -> Result<Theirs> {
        let namespace = self.namespace.clone();
        let Ok(container) = self.container(id) else {
            return Ok([None, None, None]);
        };
        let options = container.runtime.options.clone();
        let Some(process) = container.process(exec) else {
            return Ok([None, None, None]);
        };
        if process.stdio.terminal {
            return Ok([None, None, None]);
        }
        let (streams, theirs) = Streams::open(&process.stdio, &options, id, &namespace)?;
        process.streams = streams;
        Ok(theirs)
    }

    fn call_create(&mut self, id: &str, theirs: Theirs, incoming: Incoming) -> Served {
        let container = self.container(id)?;
        let Request::Create(request) = incoming.request else {
            return Ok(None);
        };
        if !container.checkpoint.is_empty() {
            // The runtime's `restore` does everything, when it is told to start.
            container.init.theirs = theirs;
            container.busy = false;
            self.publish(events::create(&request, 0));
            return Ok(Some(api::pid(0)));
        }
        let line_of = |container: &Container, console: Option<&Path>| {
            container.runtime.create(&container.files, console)
        };
        let start = Start {
            id,
            number: container.init.number,
            theirs,
            reply: incoming.reply,
            deadline: incoming.deadline,
        };
        match self.call_start(start, Work::Create(request), line_of) {
            Ok(()) => Ok(None),
            Err(error) => self.fail_create(id, incoming.reply, status(&error)),
        }
    }

    /// Calls the runtime for something that starts a process, perhaps on a terminal.
    pub(super) fn call_start(
        &mut self,
        start: Start<'_>,
        work: Work,
        line_of: impl Fn(&Container, Option<&Path>) -> Vec<std::ffi::OsString>,
    ) -> Result<()> {
        let Ok(container) = self.container(start.id) else {
            return Ok(());
        };
        let own_pid = std::process::id().cast_signed();
        let Some(process) = container.numbered(start.number) else {
            return Ok(());
        };
        let (exec, terminal) = (process.exec.clone(), process.stdio.terminal);
        let files = container.files.of(&exec);
        let (console, path) = match terminal {
            true => (
                Some(Console::listen(&container.dir, &files.console)?),
                Some(console::path_for_others(&container.dir, own_pid, &files.console)),
            ),
            false => (None, None),
        };
        let _ = std::fs::remove_file(&files.pid);
        let line = line_of(container, path.as_deref());
        if let Some(process) = container.numbered(start.number) {
            process.console = console;
        }
        self.call_runtime(start, work, &line, files.log)
    }

    pub(super) fn exec(&mut self, request: Request) -> Served {
        let Request::Exec { target, stdio, spec } = request else {
            return Ok(None);
        };
        call::check_id(&target.exec).map_err(|error| status(&error))?;
        let number = self.next_number();
        let container = self.container(&target.id)?;
        if container.process(&target.exec).is_some() {
            let why = format!("process {:?} already exists", target.exec);
            return Err(Status::new(Code::AlreadyExists, why));
        }
        if container.init.exit().is_some() {
            let why = "the container has stopped";
            return Err(Status::new(Code::FailedPrecondition, why));
        }
        let mut process = Process::new(number, target.exec.clone(), stdio);
        process.spec = spec.value;
        container.execs.push(process);
        self.publish(events::exec_added(&target.id, &target.exec));
        Ok(Some(Message::new()))
    }

    pub(super) fn start_exec(&mut self, target: &api::Target, incoming: &Incoming) -> Served {
        let process = self.process(target)?;
        if process.life != Life::Created {
            let why = format!("process {:?} has been started already", target.exec);
            return Err(Status::new(Code::FailedPrecondition, why));
        }
        process.life = Life::Starting;
        let number = process.number;
        let spec = std::mem::take(&mut process.spec);
        let container = self.container(&target.id)?;
        let path = container.files.of(&target.exec).process;
        let written = replace(&path, &spec, Durability::Atomic);
        let opened = written.and_then(|()| self.open_streams(&target.id, &target.exec));
        let theirs = match opened {
            Ok(theirs) => theirs,
            Err(error) => return self.fail_exec(number, status(&error)),
        };
        let process = self.process(target)?;
        if process.streams.logger.is_some() {
            process.theirs = theirs;
            process.held = Some(Incoming {
                reply: incoming.reply,
                request: Request::Start(target.clone()),
                deadline: incoming.deadline,
            });
            return Ok(None);
        }
        self.call_exec(&target.id, number, theirs, incoming)
    }

    fn call_exec(&mut self, id: &str, number: u32, theirs: Theirs, incoming: &Incoming) -> Served {
        let start = Start {
            id,
            number,
            theirs,
            reply: incoming.reply,
            deadline: incoming.deadline,
        };
        let exec = match self.container(id)?.numbered(number) {
            Some(process) => process.exec.clone(),
            None => return Ok(None),
        };
        let line_of = |container: &Container, console: Option<&Path>| {
            container.runtime.exec(&container.files, &exec, console)
        };
        match self.call_start(start, Work::Exec, line_of) {
            Ok(()) => Ok(None),
            Err(error) => self.fail_exec(number, status(&error)),
        }
    }
}
