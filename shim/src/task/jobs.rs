//! What takes time: a command of the runtime, or an unmount, each a child process; and what its end means.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::api::{self, Create, Exit};
use super::cgroup::{Cgroup, OomWatch};
use super::container::{Incoming, Removal, note_start};
use super::events;
use super::peers::ReplyTo;
use super::process::Life;
use super::state::{Shim, status};
use super::streams::Theirs;
use crate::contract::control::Reason;
use crate::contract::record::Ended;
use crate::error::{Error, Kind, Result};
use crate::supervise::call::Call;
use crate::supervise::init::{find_left, read_pid};
use crate::sys::memory;
use crate::sys::mount;
use crate::sys::process::{self, PidFd};
use crate::ttrpc::rpc::{Code, Status};
use crate::ttrpc::wire::Message;

/// How long a child may take to end after it was killed.
const STUCK: Duration = Duration::from_secs(10);
/// How long what a failed `create` has left, and mounts, may take to go.
const LEAVING: Duration = Duration::from_secs(600);
/// How long the processes that outlive their container's first may take to be killed: its end is told no later.
const KILLING: Duration = Duration::from_secs(20);

/// What is being done.
#[derive(Debug)]
pub enum Work {
    /// The runtime's `create`.
    Create(Create),
    /// Its `start`.
    Start,
    /// Its `restore`.
    Restore,
    /// Its `exec`.
    Exec,
    /// Its `pause`.
    Pause,
    /// Its `resume`.
    Resume,
    /// Its `checkpoint`, to this path.
    Checkpoint(String),
    /// Its `update`.
    Update,
    /// Its `kill --all`.
    KillAll,
    /// Its `delete --force`.
    Delete,
    /// Its `delete --force` after a `create` that failed.
    CleanUp(Status),
    /// The root file system is unmounted.
    Unmount(Removal),
}

impl Work {
    /// What errors call it.
    fn name(&self) -> &'static str {
        match self {
            Self::Create(_) => "create",
            Self::Start => "start",
            Self::Restore => "restore",
            Self::Exec => "exec",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Checkpoint(_) => "checkpoint",
            Self::Update => "update",
            Self::KillAll => "kill",
            Self::Delete | Self::CleanUp(_) => "delete",
            Self::Unmount(_) => "unmount",
        }
    }

    /// Whether a child of the runtime's becomes this process's own, whose number is not known before the end.
    pub fn brings_a_process(&self) -> bool {
        matches!(self, Self::Create(_) | Self::Restore | Self::Exec)
    }
}

/// A child and what it is for.
pub struct Job {
    /// Its number.
    pub pid: i32,
    /// The runtime's command; an unmount has none.
    call: Option<Call>,
    /// The container's id.
    container: String,
    /// The process that it is about.
    process: u32,
    /// What it does.
    pub work: Work,
    /// Who waits.
    reply: Option<ReplyTo>,
    /// When it is killed, and when it is given up.
    pub deadline: Instant,
    killed: bool,
}

impl Job {
    /// Whether it kills what is in a container.
    pub fn kills(&self, id: &str) -> bool {
        matches!(self.work, Work::KillAll) && self.container == id
    }
}

/// What the runtime is called for.
pub struct Start<'a> {
    /// The container's id.
    pub id: &'a str,
    /// The process.
    pub number: u32,
    /// Its stdin, stdout and stderr.
    pub theirs: Theirs,
    /// Who waits.
    pub reply: ReplyTo,
    /// Until when.
    pub deadline: Instant,
}

impl Shim {
    /// Starts a command of the runtime.
    ///
    /// # Errors
    /// It cannot be executed.
    pub fn call_runtime(
        &mut self,
        start: Start<'_>,
        work: Work,
        line: &[OsString],
        log: PathBuf,
    ) -> Result<()> {
        let call = Call::spawn(line, start.theirs, log)?;
        self.jobs.push(Job {
            pid: call.pid,
            call: Some(call),
            container: start.id.to_owned(),
            process: start.number,
            work,
            reply: Some(start.reply),
            deadline: start.deadline,
            killed: false,
        });
        Ok(())
    }

    /// A signal for all processes of a container.
    ///
    /// # Errors
    /// The runtime cannot be executed.
    pub fn call_kill_all(
        &mut self,
        id: &str,
        number: u32,
        signal: i32,
        incoming: Option<&Incoming>,
    ) -> Result<()> {
        let Ok(container) = self.container(id) else {
            return Ok(());
        };
        let line = container.runtime.kill_all(&container.files, signal);
        let call = Call::spawn(&line, [None, None, None], container.files.of("").log)?;
        self.jobs.push(Job {
            pid: call.pid,
            call: Some(call),
            container: id.to_owned(),
            process: number,
            work: Work::KillAll,
            reply: incoming.map(|incoming| incoming.reply),
            deadline: incoming.map_or_else(|| Instant::now() + KILLING, |incoming| incoming.deadline),
            killed: false,
        });
        Ok(())
    }

    /// The container's first process has ended, and others may live on: they are killed.
    pub fn kill_rest(&mut self, id: &str) {
        if let Err(error) = self.call_kill_all(id, 0, libc::SIGKILL, None) {
            self.warn(id, &error);
            self.tell_held_back_now(id);
        }
    }

    /// The child of a job has ended, or is waited for no longer.
    pub fn job_ended(&mut self, job: Job, ended: Ended) {
        let result = self.result_of(&job, ended);
        let (id, number) = (job.container, job.process);
        match (job.work, result) {
            (Work::Create(request), Ok(())) => self.created(&id, &request, job.reply),
            (Work::Create(_), Err(failure)) if job.killed => self.clean_up(&id, number, failure, job.reply),
            (Work::Create(_), Err(failure)) => self.create_failed(&id, number, failure, job.reply),
            (Work::CleanUp(failure), _) => self.create_failed(&id, number, failure, job.reply),
            (Work::Start, result) => self.started(&id, result, job.reply),
            (Work::Restore, Ok(())) => self.restored(&id, number, job.reply),
            (Work::Exec, Ok(())) => self.exec_started(&id, number, job.reply),
            (Work::Exec, Err(failure)) => {
                self.kill_started(number);
                let refused = self.fail_exec(number, failure);
                self.tell(job.reply, refused.map(|_| Message::new()));
            }
            // It may be repeated: nothing is forgotten before it is gone.
            (Work::Delete, Err(failure)) => {
                self.change_ended(&id);
                self.tell(job.reply, Err(failure));
            }
            (Work::Delete, Ok(())) => {
                if let Some(reply) = job.reply {
                    self.remove_when_read(number, reply, None);
                }
            }
            (Work::Unmount(removal), result) => {
                if let Err(failure) = result {
                    self.warn(&id, &Error::new(Kind::System, failure.message));
                }
                self.unmounted(&id, &removal);
            }
            (Work::KillAll, result) => {
                if result.is_err() {
                    self.tell_held_back_now(&id);
                }
                self.tell(job.reply, result.map(|()| Message::new()));
            }
            (work, result) => self.changed(&id, &work, result, job.reply),
        }
        self.next_in_queue(&id);
    }

    /// What a job came to.
    fn result_of(&mut self, job: &Job, ended: Ended) -> Result<(), Status> {
        let name = job.work.name();
        if job.killed {
            let why = format!("the runtime's {name} took too long and was killed");
            return Err(Status::new(Code::DeadlineExceeded, why));
        }
        let Some(call) = &job.call else {
            return match ended {
                Ended::Exited(0) => Ok(()),
                _ => Err(Status::new(
                    Code::Internal,
                    "unmounting the root file system failed",
                )),
            };
        };
        let program = match self.container(&job.container) {
            Ok(container) => container.runtime.program.clone(),
            Err(_) => PathBuf::from("the runtime"),
        };
        call.result(program.as_os_str(), ended)
            .map_err(|reason| runtime_failed(name, &reason))
    }

    fn tell(&mut self, reply: Option<ReplyTo>, answer: Result<Message, Status>) {
        if let Some(reply) = reply {
            self.answer(reply, answer);
        }
    }

    /// The next change of a container may begin.
    pub fn change_ended(&mut self, id: &str) {
        if let Ok(container) = self.container(id) {
            container.busy = false;
        }
    }

    fn created(&mut self, id: &str, request: &Create, reply: Option<ReplyTo>) {
        match self.adopt(id, None) {
            Ok(pid) => {
                self.change_ended(id);
                self.publish(events::create(request, pid));
                self.tell(reply, Ok(api::pid(pid)));
            }
            Err(error) => {
                let number = self.container(id).map_or(0, |container| container.init.number);
                self.clean_up(id, number, status(&error.context("create")), reply);
            }
        }
    }

    /// Finds the process that the runtime started, by the number that it left: nobody has reaped it yet.
    fn adopt(&mut self, id: &str, exec: Option<u32>) -> Result<i32> {
        let namespace = self.namespace.clone();
        let Ok(container) = self.container(id) else {
            return Err(Error::new(Kind::State, "the container has been removed"));
        };
        let number = exec.unwrap_or(container.init.number);
        let files = match container.numbered(number) {
            Some(process) => process.exec.clone(),
            None => return Err(Error::new(Kind::State, "the process has been removed")),
        };
        let files = container.files.of(&files);
        let pid = read_pid(&files.pid)?;
        if exec.is_none() {
            note_start(&container.files.bundle, pid);
            container.cgroup = Cgroup::of(pid);
            container.oom = OomWatch::of(pid);
        }
        let Some(process) = container.numbered(number) else {
            return Ok(pid);
        };
        process.pid = pid;
        process.handle = Some(PidFd::open(pid)?);
        process.connect_console(true, id, &namespace)?;
        match process.homeless.take() {
            Some(error) => Err(error),
            None => Ok(pid),
        }
    }

    /// The runtime has sent a process's terminal, perhaps.
    pub fn on_console(&mut self, number: u32) {
        let namespace = self.namespace.clone();
        let Some(container) = self.container_of(number) else {
            return;
        };
        let id = container.files.id.clone();
        if let Some(process) = container.numbered(number) {
            // A failure shows again when the runtime ends; until then it may correct it.
            let _ = process.connect_console(false, &id, &namespace);
        }
    }

    /// After a `create` that may have left something.
    fn clean_up(&mut self, id: &str, number: u32, failure: Status, reply: Option<ReplyTo>) {
        let Ok(container) = self.container(id) else {
            return self.tell(reply, Err(failure));
        };
        let line = container.runtime.delete(&container.files);
        match Call::spawn(&line, [None, None, None], container.files.of("").log) {
            Ok(call) => self.jobs.push(Job {
                pid: call.pid,
                call: Some(call),
                container: id.to_owned(),
                process: number,
                work: Work::CleanUp(failure),
                reply,
                deadline: Instant::now() + LEAVING,
                killed: false,
            }),
            Err(_) => self.create_failed(id, number, failure, reply),
        }
    }

    fn create_failed(&mut self, id: &str, number: u32, failure: Status, reply: Option<ReplyTo>) {
        match reply {
            Some(reply) => self.remove_when_read(number, reply, Some(failure)),
            None => self.containers.retain(|container| container.files.id != id),
        }
    }

    /// A `create` that did not get as far as the runtime.
    pub fn fail_create(
        &mut self,
        id: &str,
        reply: ReplyTo,
        failure: Status,
    ) -> Result<Option<Message>, Status> {
        let number = self.container(id)?.init.number;
        self.create_failed(id, number, failure, Some(reply));
        Ok(None)
    }

    fn started(&mut self, id: &str, result: Result<(), Status>, reply: Option<ReplyTo>) {
        self.change_ended(id);
        let Ok(container) = self.container(id) else {
            return;
        };
        let (number, pid) = (container.init.number, container.init.pid);
        let early_end = container.init.early_end.take();
        container.init.life = match result {
            Ok(()) => Life::Running,
            Err(_) => Life::Created,
        };
        let answer = result.map(|()| api::pid(pid));
        if answer.is_ok() {
            self.publish(events::start(id, pid));
        }
        self.tell(reply, answer);
        memory::give_text_back();
        if let Some(ended) = early_end {
            self.stop(number, ended);
        }
    }

    fn restored(&mut self, id: &str, number: u32, reply: Option<ReplyTo>) {
        match self.adopt(id, None) {
            Ok(_) => self.started(id, Ok(()), reply),
            Err(error) => {
                self.started(id, Err(status(&error.context("restore"))), reply);
                self.kill_started(number);
                self.stop(number, Ended::Exited(255));
            }
        }
    }

    fn exec_started(&mut self, id: &str, number: u32, reply: Option<ReplyTo>) {
        let answer = match self.adopt(id, Some(number)) {
            Ok(pid) => {
                let name = self.container_of(number).and_then(|container| {
                    let process = container.numbered(number)?;
                    process.life = Life::Running;
                    let files = process.exec.clone();
                    container.files.of(&files).remove();
                    Some(files)
                });
                self.publish(events::exec_started(id, &name.unwrap_or_default(), pid));
                Ok(api::pid(pid))
            }
            Err(error) => {
                self.kill_started(number);
                self.fail_exec(number, status(&error.context("exec")))
                    .map(|_| Message::new())
            }
        };
        self.tell(reply, answer);
    }

    /// What the runtime started, although its start has failed: nobody will ever ask for it.
    fn kill_started(&mut self, number: u32) {
        let Some(container) = self.container_of(number) else {
            return;
        };
        let files = container.files.clone();
        let Some(process) = container.numbered(number) else {
            return;
        };
        let handle = process.handle.take();
        let handle = handle.or_else(|| find_left(&files.of(&process.exec).pid));
        if let Some(handle) = handle {
            let _ = handle.send(libc::SIGKILL);
        }
    }

    /// A process that could not be started: it never will be.
    pub fn fail_exec(&mut self, number: u32, failure: Status) -> Result<Option<Message>, Status> {
        let Some(container) = self.container_of(number) else {
            return Err(failure);
        };
        let files = container.files.clone();
        let Some(process) = container.numbered(number) else {
            return Err(failure);
        };
        let exit = Exit::now(Ended::Exited(255));
        process.life = Life::Stopped(exit);
        process.console = None;
        files.of(&process.exec).remove();
        let waiters = std::mem::take(&mut process.waiters);
        for waiter in waiters {
            self.answer(waiter, Ok(api::waited(exit)));
        }
        Err(failure)
    }

    fn changed(&mut self, id: &str, work: &Work, result: Result<(), Status>, reply: Option<ReplyTo>) {
        self.change_ended(id);
        if result.is_ok()
            && let Ok(container) = self.container(id)
        {
            let life = match (work, container.init.life) {
                (Work::Pause, Life::Running) => Life::Paused,
                (Work::Resume, Life::Paused) => Life::Running,
                (_, life) => life,
            };
            container.init.life = life;
            match work {
                Work::Pause => self.publish(events::paused(id)),
                Work::Resume => self.publish(events::resumed(id)),
                Work::Checkpoint(path) => self.publish(events::checkpointed(id, path)),
                _ => {}
            }
        }
        self.tell(reply, result.map(|()| Message::new()));
    }

    /// Takes a container's root file system down, in a child: a file system may take as long as it likes for that.
    pub fn remove_container(&mut self, id: &str, removal: Removal) {
        let Ok(container) = self.container(id) else {
            return;
        };
        let number = container.init.number;
        if !container.mounted {
            return self.unmounted(id, &removal);
        }
        container.mounted = false;
        let rootfs = container.files.rootfs();
        match process::in_child(|| mount::unmount_all(&rootfs).is_ok()) {
            Ok(pid) => self.jobs.push(Job {
                pid,
                call: None,
                container: id.to_owned(),
                process: number,
                work: Work::Unmount(removal),
                reply: None,
                deadline: Instant::now() + LEAVING,
                killed: false,
            }),
            Err(error) => {
                self.warn(id, &error);
                self.unmounted(id, &removal);
            }
        }
    }

    fn unmounted(&mut self, id: &str, removal: &Removal) {
        let at = self
            .containers
            .iter()
            .position(|container| container.files.id == id);
        if let Some(at) = at {
            let container = self.containers.remove(at);
            self.forget_container(container, removal);
        }
    }

    /// Kills what has had its time; what was killed some time ago is waited for no longer.
    pub fn end_overdue_jobs(&mut self, now: Instant) {
        let mut overdue = Vec::new();
        self.jobs.retain_mut(|job| {
            if now < job.deadline {
                return true;
            }
            if !job.killed {
                process::kill(job.pid);
                job.killed = true;
                job.deadline = now + STUCK;
                return true;
            }
            overdue.push(std::mem::replace(
                job,
                Job {
                    pid: 0,
                    call: None,
                    container: String::new(),
                    process: 0,
                    work: Work::Update,
                    reply: None,
                    deadline: now,
                    killed: true,
                },
            ));
            false
        });
        for job in overdue {
            self.job_ended(job, Ended::Signaled(libc::SIGKILL));
        }
    }
}

/// In containerd's words, which its clients know, and with the runtime's own; that a process has gone is a class of its
/// own.
fn runtime_failed(name: &str, reason: &Reason) -> Status {
    let gone = [
        "not running",
        "already finished",
        "no such process",
        "does not exist",
    ];
    let code = match name == "kill" && gone.iter().any(|words| reason.message.contains(words)) {
        true => Code::NotFound,
        false => Code::Unknown,
    };
    let hints: Vec<String> = reason.hints.iter().map(|hint| format!(" ({hint})")).collect();
    Status::new(
        code,
        format!("OCI runtime {name} failed: {}{}", reason.message, hints.concat()),
    )
}
