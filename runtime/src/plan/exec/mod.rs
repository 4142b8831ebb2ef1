//! The plan of `exec`: one more process in a container that is there.
//!
//! ```text
//! runtime                               exec process
//!    │ enters the pid namespace            │
//!    │ clone3 into the cgroup ────────────►│ joins the other namespaces, becomes the user
//!    │ ◄──────────────────── Ready ─────── │ waits
//!    │ writes the pid file                 │
//!    │ ── Start ─────────────────────────► │ filter, capabilities
//!    │ ◄── the channel closes at execve ── │ the user's program
//! ```
//!
//! Where the runtime has no right to the pid namespace before it is in the user namespace, or where the
//! container's processes may trace others, the process joins everything itself, closes what leads outside, and
//! goes on as a child of its own: nobody inside sees it before.

mod group;
mod process;

pub use group::place;
pub use process::{Changes, by_file, by_flags};

use super::build::{Facts, Input, Plan, Wish, check_labels};
use super::op::{Enter, HostOp, InitOp, Namespace, ProcessOp, RootOp, Slot, Sync, SyncOp, WorkDir};
use super::process::{Sets, plan_identity, plan_keyring, plan_outer_limits, plan_start, plan_treatment};
use super::{affinity, cgroup, resctrl, seccomp, treatment};
use crate::error::Result;
use crate::host::cgroup::Version;
use crate::oci::{Process, Spec};
use std::borrow::Cow;

const CAP_SYS_PTRACE: &str = "CAP_SYS_PTRACE";
/// The bit of CAP_SYS_ADMIN.
pub(super) const SYS_ADMIN: u64 = 1 << 21;

/// The slot that holds the descriptor of the container's init.
pub const INIT: Slot = 0;

/// The container that the process joins.
#[derive(Debug, Clone)]
pub struct Target<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its init, as the runtime sees it.
    pub init: i32,
    /// The groups to join.
    pub cgroups: cgroup::Record,
    /// Its processes keep their caller's session keyring.
    pub no_new_keyring: bool,
    /// How many descriptors from 3 on the process keeps.
    pub preserve_fds: u32,
}

/// When the process becomes visible in the container's pid namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pid {
    /// There is none of the container's own.
    Shared,
    /// At its birth.
    AtBirth,
    /// Once it has joined everything else.
    Later,
}

/// Makes the plan of a checked process.
///
/// # Errors
/// What cannot be planned, by its place in the configuration.
pub fn build<'a>(
    target: Target<'a>,
    spec: &'a Spec<'a>,
    process: &'a Process<'a>,
    facts: &'a Facts,
) -> Result<Plan<'a>> {
    let linux = spec.linux_or_none();
    let wish = Wish {
        id: target.id,
        bundle: "",
        rootfs: "",
        no_pivot: false,
        no_new_keyring: target.no_new_keyring,
        preserve_fds: target.preserve_fds,
        listen_fds: 0,
        listen_env: &[],
        start_socket: false,
    };
    let input = Input {
        wish,
        spec,
        process,
        linux,
        facts,
    };
    check_labels(&input)?;
    let filter = linux
        .seccomp
        .as_ref()
        .map(|profile| seccomp::compile(profile, seccomp::Arch::NATIVE));
    let filter = filter.transpose()?;
    let mut plan = Plan {
        before: Vec::new(),
        init: Vec::new(),
        after: Vec::new(),
        cgroups: target.cgroups,
        resctrl: Vec::new(),
        waits: true,
        warnings: Vec::new(),
        slots: 1,
    };
    let pid = visibility(&input);
    plan_birth(&input, pid, &mut plan);
    plan_arrival(&input, pid, &mut plan);
    plan_namespaces(&input, target.init, pid, &mut plan);
    let capabilities = Sets::new(&input, &mut plan.warnings);
    plan_becoming(&input, pid, &capabilities, &mut plan);
    if let (Some(rdt), Some(found)) = (&linux.intel_rdt, &facts.resctrl) {
        let joins = resctrl::joins(rdt, wish.id, found).into_iter();
        plan.after
            .extend(joins.map(|resctrl| HostOp::Resctrl { resctrl }));
    }
    plan_meeting(&input, pid, &mut plan);
    plan_start(&input, filter, &capabilities, &mut plan);
    Ok(plan)
}

fn visibility(input: &Input<'_>) -> Pid {
    let own = &input.spec.process;
    let own = own.as_ref().and_then(|process| process.capabilities.as_ref());
    let may_trace = own.is_some_and(|sets| sets.bounding.iter().any(|name| *name == CAP_SYS_PTRACE));
    let privileged = input.facts.capabilities & SYS_ADMIN != 0;
    if input.namespace(Namespace::Pid).is_none() {
        Pid::Shared
    } else if privileged && (input.has_user_namespace() || !may_trace) {
        Pid::AtBirth
    } else {
        Pid::Later
    }
}

fn plan_birth<'a>(input: &Input<'a>, pid: Pid, plan: &mut Plan<'a>) {
    let (initial, _) = affinity::wanted(input.process);
    plan.before.extend(initial.map(|cpus| HostOp::Affinity { cpus }));
    if pid == Pid::AtBirth {
        plan.before.push(HostOp::Hide);
        plan.before.push(HostOp::EnterPidNamespace { slot: INIT });
    }
    plan.before.push(HostOp::Clone {
        flags: 0,
        in_cgroup: plan.cgroups.v2().is_some(),
        user_namespace: None,
        pid_namespace: None,
    });
}

/// What needs the machine's /proc, or rights that are not to be had inside.
fn plan_arrival<'a>(input: &Input<'a>, pid: Pid, plan: &mut Plan<'a>) {
    let process = input.process;
    let mut ops = vec![ProcessOp::DieWithRuntime { on: true }];
    ops.extend(process.oom_score_adj.map(|value| ProcessOp::OomScore { value }));
    let schedule = process.scheduler.iter();
    ops.extend(schedule.map(|scheduler| ProcessOp::Schedule {
        scheduling: treatment::scheduling(scheduler),
    }));
    let priority = process.io_priority.iter();
    ops.extend(priority.map(|priority| ProcessOp::IoPriority {
        priority: treatment::io_priority(priority),
    }));
    if pid != Pid::AtBirth {
        ops.push(ProcessOp::Hide);
    }
    plan.init.extend(ops.into_iter().map(InitOp::Process));
    let old = plan.cgroups.groups.iter();
    let old = old.filter(|group| group.version == Version::V1);
    let joins = old.map(|group| InitOp::Cgroup(cgroup::Op::Join { path: group.dir() }));
    plan.init.extend(joins.collect::<Vec<_>>());
    let (_, last) = affinity::wanted(process);
    plan.init.push(InitOp::Process(match last {
        Some(cpus) => ProcessOp::Affinity { cpus },
        None => ProcessOp::ResetAffinity,
    }));
}

fn plan_namespaces<'a>(input: &Input<'a>, init: i32, pid: Pid, plan: &mut Plan<'a>) {
    let shared_mounts = input.namespace(Namespace::Mount).is_none();
    if shared_mounts {
        plan.init.push(InitOp::Root(RootOp::OpenRoot {
            path: Cow::Owned(format!("/proc/{init}/root")),
        }));
    }
    let kinds: Vec<Namespace> = Namespace::ALL
        .into_iter()
        .filter(|kind| input.namespace(*kind).is_some())
        .filter(|kind| *kind != Namespace::Pid || pid == Pid::Later)
        .collect();
    if !kinds.is_empty() {
        plan.init.push(InitOp::Process(ProcessOp::JoinNamespaces {
            slot: INIT,
            init,
            kinds,
        }));
    }
    if shared_mounts {
        plan.init.push(InitOp::Root(RootOp::EnterRoot {
            how: Enter::Chroot,
            shared: false,
        }));
    }
    if input.has_user_namespace() {
        let drop_groups = !input.denies_setgroups();
        plan.init
            .push(InitOp::Process(ProcessOp::BecomeRoot { drop_groups }));
        // A change of user takes it back.
        plan.init
            .push(InitOp::Process(ProcessOp::DieWithRuntime { on: true }));
    }
}

/// From a process of the runtime's in the container's namespaces to one of the user's.
fn plan_becoming<'a>(input: &Input<'a>, pid: Pid, capabilities: &Sets, plan: &mut Plan<'a>) {
    let mut ops = Vec::new();
    plan_keyring(input, &mut ops);
    plan_treatment(input, &mut ops);
    if pid == Pid::Later {
        ops.push(ProcessOp::Fork);
        ops.push(ProcessOp::DieWithRuntime { on: true });
    }
    ops.push(ProcessOp::NewSession);
    plan.init.extend(ops.into_iter().map(InitOp::Process));
    if input.process.terminal {
        plan_terminal(input, plan);
    }
    let mut ops = Vec::new();
    plan_identity(input, capabilities, WorkDir::Find, &mut ops);
    plan.init.extend(ops.into_iter().map(InitOp::Process));
}

fn plan_terminal<'a>(input: &Input<'a>, plan: &mut Plan<'a>) {
    plan.init.push(InitOp::Root(RootOp::OpenRoot {
        path: Cow::Borrowed("/"),
    }));
    let size = input.process.console_size;
    plan.init.push(InitOp::Root(RootOp::Terminal {
        size: size.map(|size| (size.height, size.width)),
        uid: input.process.user.uid,
        console: false,
    }));
}

fn plan_meeting<'a>(input: &Input<'a>, pid: Pid, plan: &mut Plan<'a>) {
    if pid == Pid::Later {
        plan.after.push(HostOp::Adopt);
    }
    plan.after.push(HostOp::Await { message: Sync::Ready });
    plan_outer_limits(input, plan);
    plan.init
        .push(InitOp::Sync(SyncOp::Send { message: Sync::Ready }));
    plan.init.push(InitOp::Sync(SyncOp::AwaitStart { socket: false }));
}

#[cfg(test)]
mod tests;
