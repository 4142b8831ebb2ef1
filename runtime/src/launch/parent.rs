//! The runtime's side of the making of a process, a container's first or one that joins it: the operations before and
//! after the clone. What is to be made is decided elsewhere (`create`, `exec`).

use super::agent::Agent;
use super::channel::{self, Channel, Message};
use super::child::{Child, become_container};
use super::{Console, Created, Progress, hooks};
use crate::apply;
use crate::apply::conduct::Conductor;
use crate::apply::systemd::{self, Bus};
use crate::error::{Context, Error, Kind, Result};
use crate::oci::{Spec, State};
use crate::plan::Plan;
use crate::plan::cgroup::systemd::Scope;
use crate::plan::op::{HostOp, Sync};
use crate::sys::clone::{self, Side};
use crate::sys::{old, process};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixListener;
use std::path::Path;

/// What the making of a process needs beside its plan.
pub(super) struct Start<'a> {
    /// What hooks and agents read; without a pid, the process's own stands there.
    pub(super) state: State<'a>,
    pub(super) console: Console<'a>,
    /// The directory of the socket through which another process lets it go, or else the maker does.
    pub(super) socket_in: Option<&'a Path>,
    /// The directory over which an old kernel makes mounts (`sys::old::mount`).
    pub(super) mounts_in: Option<&'a Path>,
    /// How many descriptors from 3 on it keeps.
    pub(super) kept_fds: u32,
    pub(super) trace: Option<&'a Path>,
}

/// What the runtime holds while a process of a container is made.
pub(super) struct Parent<'a> {
    state: State<'a>,
    mounts_in: Option<&'a Path>,
    kept_fds: u32,
    lets_go: bool,
    plan: &'a Plan<'a>,
    conductor: Conductor,
    pub(super) slots: Vec<Option<OwnedFd>>,
    console: Option<OwnedFd>,
    agent: Option<Agent<'a>>,
    /// To systemd, until it has made the container's cgroups.
    systemd: Option<Bus>,
    /// The runtime's end; the container's process must not have it.
    channel: Option<Channel>,
    /// The container's ends, until the clone.
    theirs: Option<(Channel, Option<UnixListener>)>,
    child: Option<(i32, OwnedFd)>,
    /// What was heard before its time.
    early: Option<Message>,
}

impl<'a> Parent<'a> {
    pub(super) fn new(start: Start<'a>, spec: &'a Spec<'a>, plan: &'a Plan<'a>) -> Result<Self> {
        let conductor = Conductor::new(start.trace)?;
        check_preserved(start.kept_fds)?;
        let (channel, other) = Channel::pair()?;
        let listener = start.socket_in.map(channel::listen).transpose()?;
        let console = connect(start.console)?;
        let slots = std::iter::repeat_with(|| None).take(plan.slots).collect();
        let theirs = Some((other, listener));
        let unit = plan.cgroups.unit.as_ref();
        Ok(Self {
            state: start.state,
            kept_fds: start.kept_fds,
            mounts_in: start.mounts_in,
            lets_go: start.socket_in.is_none(),
            plan,
            conductor,
            slots,
            console,
            agent: Agent::connect(spec, plan)?,
            systemd: unit.map(|unit| systemd::connect(unit.manager)).transpose()?,
            channel: Some(channel),
            theirs,
            child: None,
            early: None,
        })
    }

    pub(super) fn run(&mut self, record: &mut dyn FnMut(&Progress<'_>) -> Result<()>) -> Result<()> {
        let plan = self.plan;
        let mut conductor = self.conductor.clone();
        conductor.run(0, &plan.before, |_, op| self.step(op))?;
        let pid = self.pid()?;
        record(&Progress::Born { pid })?;
        conductor.run(plan.before.len() + plan.init.len(), &plan.after, |_, op| {
            self.step(op)
        })
    }

    pub(super) fn finish(&mut self) -> Result<Created> {
        let (pid, pidfd) = self.child.take().ok_or_else(no_child)?;
        let channel = self.channel.take().filter(|_| self.lets_go);
        Ok(Created {
            pid,
            pidfd,
            channel,
            waits: self.plan.waits,
        })
    }

    fn channel(&self) -> Result<&Channel> {
        self.channel.as_ref().ok_or_else(no_child)
    }

    fn pid(&self) -> Result<i32> {
        self.child.as_ref().map(|(pid, _)| *pid).ok_or_else(no_child)
    }

    fn step(&mut self, op: &HostOp<'a>) -> Result<()> {
        match op {
            HostOp::Cgroup { cgroup } => apply::cgroup::run(cgroup),
            HostOp::StartScope { scope } => self.start_scope(scope),
            HostOp::OpenNamespace { slot, path, .. } => {
                self.slots[*slot] = Some(apply::host::open_namespace(path)?);
                Ok(())
            }
            HostOp::OpenSource {
                slot,
                source,
                deep,
                follow,
                map,
                map_deep,
            } => {
                let map = map
                    .and_then(|map| self.slots[map].as_ref())
                    .map(|map| (map.as_fd(), *map_deep));
                self.slots[*slot] = apply::host::open_source(source, *deep, *follow, map)?;
                Ok(())
            }
            HostOp::MakeIdMap { slot, uids, gids } => {
                self.slots[*slot] = Some(apply::host::make_id_map(uids, gids)?);
                Ok(())
            }
            HostOp::EnterPidNamespace { slot } => apply::host::use_pid_namespace(self.slots[*slot].as_ref()),
            HostOp::Hide => process::set_dumpable(false),
            HostOp::Affinity { cpus } => apply::join::set_affinity(cpus),
            HostOp::MakeTimeNamespace { offsets } => apply::host::make_time_namespace(offsets),
            HostOp::Clone {
                flags,
                in_cgroup,
                user_namespace,
                pid_namespace,
            } => self.clone(*flags, *in_cgroup, (*user_namespace, *pid_namespace)),
            HostOp::Adopt => self.adopt_child(),
            HostOp::LeaveNamespaces { pid, time } => {
                if *pid {
                    apply::host::use_pid_namespace(None)?;
                }
                if *time {
                    apply::host::leave_time_namespace()
                } else {
                    Ok(())
                }
            }
            HostOp::DenySetgroups => apply::host::write_proc(self.pid()?, "setgroups", "deny"),
            HostOp::MapUsers { map } => apply::host::write_map(self.pid()?, "uid_map", map),
            HostOp::MapGroups { map } => apply::host::write_map(self.pid()?, "gid_map", map),
            HostOp::OomScore { value } => apply::host::set_oom_score(self.pid()?, *value),
            HostOp::Resctrl { resctrl } => {
                apply::resctrl::run(resctrl, self.child.as_ref().map_or(0, |(pid, _)| *pid))
            }
            HostOp::MoveNetDevice {
                name,
                new_name,
                joined,
            } => {
                let joined = joined.and_then(|slot| self.slots[slot].as_ref());
                apply::host::send_net_device(name, new_name, joined, self.pid()?)
            }
            HostOp::Schedule { scheduling } => apply::host::schedule(self.pid()?, scheduling),
            HostOp::IoPriority { priority } => apply::host::set_io_priority(self.pid()?, *priority),
            HostOp::Limit {
                resource, soft, hard, ..
            } => process::set_limit(self.pid()?, *resource, *soft, *hard),
            HostOp::Hooks { kind, hooks, .. } => hooks::run(
                kind,
                hooks,
                &State {
                    pid: Some(self.pid()?),
                    ..self.state.clone()
                },
            ),
            HostOp::Send { message } => self.tell(*message),
            HostOp::Await { message } => self.wait_for(*message),
        }
    }

    fn start_scope(&mut self, scope: &Scope) -> Result<()> {
        let pid = self.pid()?;
        let mut bus = self.systemd.take().ok_or_else(no_child)?;
        systemd::start(&mut bus, scope, pid)
    }

    fn clone(
        &mut self,
        flags: u64,
        in_cgroup: bool,
        (user_namespace, pid_namespace): (Option<usize>, Option<usize>),
    ) -> Result<()> {
        let cgroup = if in_cgroup {
            apply::cgroup::birth_group(&self.plan.cgroups)?
        } else {
            None
        };
        let group = cgroup.as_ref().map(AsFd::as_fd);
        let side = match user_namespace {
            None => self.clone_plainly(flags, group)?,
            Some(slot) => {
                let opened = |slot: usize| self.slots.get(slot).and_then(Option::as_ref);
                let user = opened(slot).ok_or_else(no_child)?;
                let pid = pid_namespace.and_then(opened);
                match clone::clone(0, group)? {
                    Side::Child => go_between(self.theirs.as_ref(), (user, pid), flags),
                    Side::Parent { pid, .. } => self.adopt(pid)?,
                }
            }
        };
        match side {
            Side::Parent { pid, pidfd } => {
                self.theirs = None;
                self.console = None;
                self.agent = None;
                self.child = Some((pid, pidfd));
                Ok(())
            }
            Side::Child => self.be_child(),
        }
    }

    /// Into the group, or into the one below it that the container's init has moved to.
    fn clone_plainly(&self, flags: u64, group: Option<BorrowedFd<'_>>) -> Result<Side> {
        match (clone::clone(flags, group), self.state.pid) {
            (Err(error), Some(init)) if error.errno() == Some(libc::EBUSY) => {
                let below = apply::cgroup::group_of_init(&self.plan.cgroups, init)?.ok_or(error)?;
                clone::clone(flags, Some(below.as_fd()))
            }
            (cloned, _) => cloned,
        }
    }

    /// Whether the new process's mounts are seen by nobody else.
    fn has_own_mounts(&self) -> bool {
        let new = u64::from(libc::CLONE_NEWNS.cast_unsigned());
        let mut ops = self.plan.before.iter();
        ops.any(|op| matches!(op, HostOp::Clone { flags, .. } if flags & new != 0))
    }

    /// In the new process: everything of the runtime that it must not keep goes, and it never returns.
    fn be_child(&mut self) -> ! {
        let Some((channel, listener)) = self.theirs.take() else {
            process::exit_now(1)
        };
        self.channel = None;
        if let Some(directory) = self.mounts_in.filter(|_| self.has_own_mounts()) {
            old::mount::make_in(&directory.to_string_lossy());
        }
        become_container(Child {
            ops: &self.plan.init,
            first: self.plan.before.len(),
            conductor: self.conductor.clone(),
            slots: std::mem::take(&mut self.slots),
            console: self.console.take(),
            agent: self.agent.take(),
            channel,
            listener,
            first_own: self.kept_fds.saturating_add(3),
            state: self.state.clone(),
            pid: 0,
        })
    }

    /// The process that was born has made another one, which is the container's, and ends. Its own child may be
    /// heard first: what that says is kept for later.
    fn adopt_child(&mut self) -> Result<()> {
        let ended = waitpid(Pid::from_raw(self.pid()?), None).ok();
        self.child = None;
        if ended.is_none_or(|status| !matches!(status, WaitStatus::Exited(_, 0))) {
            return match self.channel()?.receive()? {
                Some(Message::Failed(error)) => Err(error),
                _ => Err(describe_end(ended)),
            };
        }
        loop {
            match self.channel()?.receive()? {
                Some(Message::Born(pid)) => {
                    self.child = Some((pid, clone::pidfd_open(pid)?));
                    return Ok(());
                }
                Some(other) => self.early = Some(other),
                None => return Err(no_child()),
            }
        }
    }

    /// The child of the process that joined the user namespace is the container's; the other one is reaped.
    fn adopt(&self, between: i32) -> Result<Side> {
        let born = self.channel()?.receive()?;
        let _ = waitpid(Pid::from_raw(between), None);
        match born {
            Some(Message::Born(pid)) => Ok(Side::Parent {
                pid,
                pidfd: clone::pidfd_open(pid)?,
            }),
            Some(Message::Failed(error)) => Err(error),
            _ => Err(no_child()),
        }
    }

    /// A process that hears no more has said why, or has been killed.
    fn tell(&self, message: Sync) -> Result<()> {
        let channel = self.channel()?;
        match channel.send(&Message::Sync(message, self.pid()?)) {
            Err(error) if error.errno() == Some(libc::EPIPE) => match channel.receive()? {
                Some(Message::Failed(error)) => Err(error),
                _ => Err(self.silent_end()),
            },
            sent => sent,
        }
    }

    fn wait_for(&mut self, wanted: Sync) -> Result<()> {
        let message = match self.early.take() {
            None => self.channel()?.receive()?,
            early => early,
        };
        match message {
            Some(Message::Sync(message, _)) if message == wanted => Ok(()),
            Some(Message::Failed(error)) => Err(error),
            Some(other) => Err(Error::new(Kind::System, format!("unexpected message {other:?}"))),
            None => Err(self.silent_end()),
        }
    }

    /// The container's process ended without a word: how?
    fn silent_end(&self) -> Error {
        let pid = self.pid().ok();
        describe_end(pid.and_then(|pid| waitpid(Pid::from_raw(pid), None).ok()))
    }

    /// After an error: no process is left. The cgroups and the directory are the caller's to remove.
    pub(super) fn give_up(&self) {
        if let Some((pid, pidfd)) = &self.child {
            drop(clone::pidfd_kill(pidfd.as_fd(), libc::SIGKILL));
            let _ = waitpid(Pid::from_raw(*pid), Some(WaitPidFlag::__WALL));
        }
    }
}

fn describe_end(ended: Option<WaitStatus>) -> Error {
    let how = match ended {
        Some(WaitStatus::Signaled(_, signal, _)) => format!("was killed by {signal}"),
        Some(WaitStatus::Exited(_, code)) => format!("ended with code {code}"),
        _ => "ended".to_owned(),
    };
    let error = Error::new(
        Kind::System,
        format!("the container's process {how} while it was set up"),
    );
    if how.contains("SIGKILL") {
        return error.hint("does its memory limit leave it at least 4 MiB? see the kernel's log (dmesg)");
    }
    error
}

fn no_child() -> Error {
    Error::new(Kind::System, "the container's process does not exist yet")
}

/// The process between: joins the user namespace, makes the container's process in it, and ends.
fn go_between(
    theirs: Option<&(Channel, Option<UnixListener>)>,
    (user, pid): (&OwnedFd, Option<&OwnedFd>),
    flags: u64,
) -> Side {
    let Some((channel, _)) = theirs else {
        process::exit_now(1)
    };
    let for_children = pid.map_or(Ok(()), |pid| apply::host::use_pid_namespace(Some(pid)));
    let made = for_children
        .and_then(|()| {
            process::join_namespace(user.as_fd(), libc::CLONE_NEWUSER).context(|| "join the user namespace")
        })
        .and_then(|()| clone::clone(flags | libc::CLONE_PARENT as u64, None));
    let message = match made {
        Ok(Side::Child) => return Side::Child,
        Ok(Side::Parent { pid, .. }) => Message::Born(pid),
        Err(error) => Message::Failed(error),
    };
    // If it is not heard, the runtime has ended.
    drop(channel.send(&message));
    process::exit_now(0)
}

/// Descriptors that shall be kept must be there: a missing one is a mistake of the caller. What the runtime has
/// opened itself is not the caller's.
fn check_preserved(count: u32) -> Result<()> {
    for fd in 3..count.saturating_add(3) {
        if !process::is_inherited(fd.cast_signed()) {
            let text =
                format!("file descriptor {fd} is not open, but --preserve-fds or LISTEN_FDS asks to keep it");
            return Err(Error::new(Kind::Usage, text));
        }
    }
    Ok(())
}

/// The connection to who gets the terminal's master.
pub(super) fn connect(console: Console<'_>) -> Result<Option<OwnedFd>> {
    match console {
        Console::None => Ok(None),
        Console::Connected(socket) => Ok(Some(socket)),
        Console::Socket(path) => connect_console(path).map(Some),
    }
}

fn connect_console(path: &Path) -> Result<OwnedFd> {
    let stream = std::os::unix::net::UnixStream::connect(path).map_err(|error| {
        Error::syscall(
            format!("connect to the console socket {}", path.display()),
            error.raw_os_error().unwrap_or(0),
        )
        .hint("somebody must listen on it before create is called")
    })?;
    Ok(stream.into())
}
