//! Putting a plan together: which operations, on which side, in which order.

use super::exec::SYS_ADMIN;
use super::op::{HostOp, InitOp, Namespace, Slot, Sync, SyncOp};
use super::{cgroup, idmap, process, resctrl, root, seccomp, treatment};
use crate::error::{Error, Kind, Result};
use crate::host::cgroup::Layout;
use crate::host::resctrl::Found;
use crate::oci::{Hooks, Linux, Process, Spec};
use std::borrow::Cow;

/// What is asked for beside config.json.
#[derive(Debug, Clone, Copy)]
pub struct Wish<'a> {
    /// The container's id.
    pub id: &'a str,
    /// The bundle, absolute.
    pub bundle: &'a str,
    /// The root file system, absolute, with every symbolic link resolved.
    pub rootfs: &'a str,
    /// MS_MOVE and chroot instead of pivot_root.
    pub no_pivot: bool,
    /// Keep the caller's session keyring.
    pub no_new_keyring: bool,
    /// How many descriptors from 3 on the container keeps.
    pub preserve_fds: u32,
    /// How many more of them are sockets handed over as systemd does (sd_listen_fds(3)).
    pub listen_fds: u32,
    /// What the environment says of those.
    pub listen_env: &'a [String],
    /// Whether `start` comes through a socket; otherwise over the creating process's channel.
    pub start_socket: bool,
}

/// What was found on the machine.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The runtime's effective capabilities.
    pub capabilities: u64,
    /// The runtime's effective user.
    pub uid: u32,
    /// What of the resctrl file system was found for the container's class; only looked for where there is one.
    pub resctrl: Option<Found>,
    /// Whether SELinux is in force; only asked where a label is wanted.
    pub selinux: bool,
    /// The cgroup hierarchies.
    pub layout: Layout,
    /// What shall become of the container's cgroups.
    pub cgroup: cgroup::Plan,
}

/// All that creation and start do, in order.
#[derive(Debug)]
pub struct Plan<'a> {
    /// The runtime, before the container's process exists; ends with its birth.
    pub before: Vec<HostOp<'a>>,
    /// The container's process, from birth to the user's program.
    pub init: Vec<InitOp<'a>>,
    /// The runtime, once the process exists.
    pub after: Vec<HostOp<'a>>,
    /// The groups to record before anything is done.
    pub cgroups: cgroup::Record,
    /// The resctrl groups to record before anything is done, in the order of their removal.
    pub resctrl: Vec<String>,
    /// Whether the process, once it is ready, waits to be told to start.
    pub waits: bool,
    /// What the configuration says in vain, one sentence each.
    pub warnings: Vec<String>,
    /// How many slots for opened descriptors the operations use.
    pub slots: usize,
}

/// What the parts of the plan look things up in.
pub(super) struct Input<'a> {
    pub(super) wish: Wish<'a>,
    pub(super) spec: &'a Spec<'a>,
    pub(super) process: &'a Process<'a>,
    pub(super) linux: &'a Linux<'a>,
    pub(super) facts: &'a Facts,
}

impl<'a> Input<'a> {
    /// The namespace of a kind, if the container has its own: `Some(None)` is a new one.
    pub(super) fn namespace(&self, kind: Namespace) -> Option<Option<&'a str>> {
        let mut all = self.linux.namespaces.iter();
        let found = all.find(|namespace| namespace.kind == kind.name())?;
        Some(found.path.as_deref().filter(|path| !path.is_empty()))
    }

    /// Whether the container gets a new namespace of the kind.
    pub(super) fn is_new(&self, kind: Namespace) -> bool {
        self.namespace(kind) == Some(None)
    }

    /// The SELinux label of the process, if there is one.
    pub(super) fn process_label(&self) -> Option<&'a str> {
        self.process
            .selinux_label
            .as_deref()
            .filter(|label| !label.is_empty())
    }

    /// The SELinux label of new file systems, if there is one.
    pub(super) fn mount_label(&self) -> Option<&'a str> {
        self.linux
            .mount_label
            .as_deref()
            .filter(|label| !label.is_empty())
    }

    /// Whether the process may not change its groups: that is the price of mapping one's own group without a helper
    /// (user_namespaces(7)).
    pub(super) fn denies_setgroups(&self) -> bool {
        let own_alone = matches!(&self.linux.gid_mappings[..], [one] if one.size == 1);
        self.facts.uid != 0 && (own_alone || !self.is_new(Namespace::User))
    }

    /// Whether the container's mounts, ids and devices live under a user namespace's rules.
    pub(super) fn has_user_namespace(&self) -> bool {
        self.namespace(Namespace::User).is_some()
    }
}

/// Makes the plan of a checked configuration.
///
/// # Errors
/// What cannot be planned, by its place in config.json.
pub fn build<'a>(wish: Wish<'a>, spec: &'a Spec<'a>, facts: &'a Facts) -> Result<Plan<'a>> {
    let process = spec.process.as_ref();
    let process =
        process.ok_or_else(|| Error::new(Kind::Config, "process: found nothing, expected what to run"))?;
    let linux = spec.linux_or_none();
    let input = Input {
        wish,
        spec,
        process,
        linux,
        facts,
    };
    let filter = linux
        .seccomp
        .as_ref()
        .map(|profile| seccomp::compile(profile, seccomp::Arch::NATIVE));
    let filter = filter.transpose()?;
    let mut plan = Plan {
        before: Vec::new(),
        init: Vec::new(),
        after: Vec::new(),
        cgroups: facts.cgroup.record.clone(),
        resctrl: Vec::new(),
        waits: true,
        warnings: facts.cgroup.warnings.clone(),
        slots: 0,
    };
    if let Some(filter) = &filter {
        plan.warnings.extend(filter.warnings.iter().cloned());
    }
    check_labels(&input)?;
    let classes = plan_classes(&input, &mut plan)?;
    let joins = plan_birth(&input, &mut plan);
    plan.after.extend(classes);
    plan_mapping(&input, &mut plan);
    plan_arrival(&input, &mut plan, &joins)?;
    root::plan(&input, &mut plan)?;
    process::plan(&input, filter, &mut plan);
    Ok(plan)
}

/// A label means nothing without SELinux, and its absence is less protection than was asked for.
pub(super) fn check_labels(input: &Input<'_>) -> Result<()> {
    for (at, label) in [
        ("process.selinuxLabel", input.process_label()),
        ("linux.mountLabel", input.mount_label()),
    ] {
        if label.is_some() && !input.facts.selinux {
            let text = format!(
                "{at}: selinux label is specified in config, but selinux is disabled or not supported"
            );
            return Err(
                Error::new(Kind::Unsupported, text).hint(format!("remove {at}, or boot with SELinux"))
            );
        }
    }
    Ok(())
}

impl<'a> Plan<'a> {
    /// A slot for a descriptor that the runtime opens.
    pub(super) fn slot(&mut self) -> Slot {
        self.slots += 1;
        self.slots - 1
    }

    /// The slot of a namespace that the container joins.
    pub(super) fn namespace_slot(&self, wanted: Namespace) -> Option<Slot> {
        self.before.iter().find_map(|op| match op {
            HostOp::OpenNamespace { slot, kind, .. } if *kind == wanted => Some(*slot),
            _ => None,
        })
    }

    /// Something that the runtime does while its own rights count, before the container's process exists.
    pub(super) fn before_birth(&mut self, op: HostOp<'a>) {
        let mut ops = self.before.iter();
        let at = ops.position(|op| matches!(op, HostOp::Clone { .. })).unwrap_or(0);
        self.before.insert(at, op);
    }

    /// The process waits here until it is on record and mapped, unless it has done so before: from here on something of
    /// it could outlive the runtime, or is told its id.
    pub(super) fn await_go(&mut self) {
        let go = |op: &InitOp<'_>| matches!(op, InitOp::Sync(SyncOp::Await { message: Sync::Go }));
        if !self.init.iter().any(go) {
            self.init.push(InitOp::Sync(SyncOp::Await { message: Sync::Go }));
        }
    }

    /// The runtime's hooks, in between two messages, if there are any.
    pub(super) fn hooks_meanwhile(&mut self, hooks: &'a Hooks<'a>) {
        if hooks.prestart.is_empty() && hooks.create_runtime.is_empty() {
            return;
        }
        self.await_go();
        self.init.push(InitOp::Sync(SyncOp::Send {
            message: Sync::Mounted,
        }));
        self.after.push(HostOp::Await {
            message: Sync::Mounted,
        });
        for (kind, hooks) in [
            ("prestart", &hooks.prestart),
            ("createRuntime", &hooks.create_runtime),
        ] {
            if !hooks.is_empty() {
                self.after.push(HostOp::Hooks {
                    kind,
                    hooks,
                    count: hooks.len(),
                });
            }
        }
        self.after.push(HostOp::Send {
            message: Sync::HooksDone,
        });
        self.init.push(InitOp::Sync(SyncOp::Await {
            message: Sync::HooksDone,
        }));
    }
}

/// The class of service is made first; what is returned puts the process into it.
fn plan_classes<'a>(input: &Input<'a>, plan: &mut Plan<'a>) -> Result<Vec<HostOp<'a>>> {
    let Some(rdt) = &input.linux.intel_rdt else {
        return Ok(Vec::new());
    };
    let classes = resctrl::plan(rdt, input.wish.id, input.facts.resctrl.as_ref())?;
    plan.resctrl = classes.own;
    let host = |resctrl| HostOp::Resctrl { resctrl };
    plan.before.extend(classes.setup.into_iter().map(host));
    Ok(classes.assign.into_iter().map(host).collect())
}

/// Cgroups, namespaces and the clone; returns the namespaces that the process is to join itself.
fn plan_birth<'a>(input: &Input<'a>, plan: &mut Plan<'a>) -> Vec<(Slot, Namespace)> {
    if input.facts.cgroup.scope.is_none() {
        plan.before.extend(cgroup_setup(input, false));
    }
    let mut flags = 0;
    let mut user_slot = None;
    let mut joins = Vec::new();
    let mut pid_slot = None;
    for kind in Namespace::ALL {
        match input.namespace(kind) {
            None => {}
            // A cgroup namespace is rooted at the group that its maker is in, hence made later.
            Some(None) if kind == Namespace::Cgroup => {}
            Some(None) if kind == Namespace::Time && !input.linux.time_offsets.is_empty() => {}
            Some(None) => flags |= u64::from(kind.flag().cast_unsigned()),
            Some(Some(path)) => {
                let slot = plan.slot();
                plan.before.push(HostOp::OpenNamespace {
                    slot,
                    kind,
                    path: Cow::Borrowed(path),
                });
                match kind {
                    Namespace::Pid => pid_slot = Some(slot),
                    _ => joins.push((slot, kind)),
                }
                if kind == Namespace::User {
                    user_slot = Some(slot);
                }
            }
        }
    }
    // New namespaces belong to the user namespace of their maker: it has to join before it makes them.
    let user_first = user_slot.filter(|_| flags != 0);
    joins.retain(|(_, kind)| user_first.is_none() || *kind != Namespace::User);
    // Who is in both already could look into the process, which is the machine's root until it is one of theirs.
    let is_seen = user_slot.is_some() && pid_slot.is_some();
    if is_seen && input.facts.capabilities & SYS_ADMIN != 0 {
        plan.before.push(HostOp::Hide);
    }
    plan_clone(input, plan, flags, pid_slot, user_first);
    joins
}

/// The clone and what children must be told before it.
fn plan_clone<'a>(
    input: &Input<'a>,
    plan: &mut Plan<'a>,
    flags: u64,
    pid_slot: Option<Slot>,
    user_namespace: Option<Slot>,
) {
    let time = input.is_new(Namespace::Time) && !input.linux.time_offsets.is_empty();
    if time {
        let offsets = input.linux.time_offsets.iter();
        let lines = offsets.map(|(clock, offset)| format!("{clock} {} {}\n", offset.secs, offset.nanosecs));
        plan.before.push(HostOp::MakeTimeNamespace {
            offsets: lines.collect(),
        });
    }
    let (between, own) = match user_namespace {
        Some(_) => (pid_slot, None),
        None => (None, pid_slot),
    };
    plan.before
        .extend(own.map(|slot| HostOp::EnterPidNamespace { slot }));
    let in_cgroup = plan.cgroups.v2().is_some() && plan.cgroups.unit.is_none();
    plan.before.push(HostOp::Clone {
        flags,
        in_cgroup,
        user_namespace,
        pid_namespace: between,
    });
    if time || own.is_some() {
        plan.after.push(HostOp::LeaveNamespaces {
            pid: own.is_some(),
            time,
        });
    }
}

/// Whether the runtime does anything for the process, before it says go, that the process has to wait for.
fn is_prepared_outside(plan: &Plan<'_>) -> bool {
    !plan.after.iter().all(|op| match op {
        HostOp::LeaveNamespaces { .. } | HostOp::Send { .. } => true,
        HostOp::Cgroup { cgroup } => cgroup.can_wait(),
        _ => false,
    })
}

/// What the process does first: it waits until it is prepared from outside, then completes its namespaces.
fn plan_arrival<'a>(input: &Input<'a>, plan: &mut Plan<'a>, joins: &[(Slot, Namespace)]) -> Result<()> {
    use super::op::ProcessOp::{BecomeRoot, DieWithRuntime, Hide, JoinNamespace, ResetAffinity, Unshare};
    let mut push = |op| plan.init.push(InitOp::Process(op));
    push(DieWithRuntime { on: true });
    if !input.has_user_namespace() {
        // Before the process joins its groups: SCHED_DEADLINE wants all CPUs.
        let process = input.process;
        plan.init.extend(process.scheduler.iter().map(|scheduler| {
            InitOp::Process(super::op::ProcessOp::Schedule {
                scheduling: treatment::scheduling(scheduler),
            })
        }));
        plan.init.extend(process.io_priority.iter().map(|priority| {
            InitOp::Process(super::op::ProcessOp::IoPriority {
                priority: treatment::io_priority(priority),
            })
        }));
    }
    let groups = || input.facts.cgroup.join.iter().cloned().map(InitOp::Cgroup);
    if input.facts.cgroup.scope.is_none() {
        plan.init.extend(groups());
    }
    if is_prepared_outside(plan) {
        plan.await_go();
    }
    if input.facts.cgroup.scope.is_some() {
        plan.init.extend(groups());
    }
    let mut push = |op| plan.init.push(InitOp::Process(op));
    push(ResetAffinity);
    for (slot, kind) in joins {
        push(JoinNamespace {
            slot: *slot,
            kind: *kind,
        });
    }
    if input.has_user_namespace() {
        root::plan_base_as_caller(input, plan)?;
        let mut push = |op| plan.init.push(InitOp::Process(op));
        push(BecomeRoot {
            drop_groups: !input.denies_setgroups(),
        });
        // A change of user takes it back.
        push(DieWithRuntime { on: true });
    }
    let mut push = |op| plan.init.push(InitOp::Process(op));
    push(Hide);
    if input.is_new(Namespace::Cgroup) {
        push(Unshare {
            kind: Namespace::Cgroup,
        });
    }
    Ok(())
}

/// What only the runtime can do for the process: its id maps, its limits beyond its user namespace's rights.
fn plan_mapping<'a>(input: &Input<'a>, plan: &mut Plan<'a>) {
    let linux = input.linux;
    if let Some(scope) = &input.facts.cgroup.scope {
        // First: systemd of a user takes only processes that are still plainly the user's.
        plan.after.push(HostOp::StartScope { scope });
        plan.after.extend(cgroup_setup(input, false));
    }
    if input.is_new(Namespace::User) {
        plan.after.push(HostOp::MapUsers {
            map: idmap::lines(&linux.uid_mappings),
        });
        if input.denies_setgroups() {
            plan.after.push(HostOp::DenySetgroups);
        }
        plan.after.push(HostOp::MapGroups {
            map: idmap::lines(&linux.gid_mappings),
        });
    }
    if let Some(value) = input.process.oom_score_adj {
        plan.after.push(HostOp::OomScore { value });
    }
    if input.has_user_namespace() {
        // The rights for it are not to be had inside.
        let process = input.process;
        plan.after
            .extend(process.scheduler.iter().map(|scheduler| HostOp::Schedule {
                scheduling: treatment::scheduling(scheduler),
            }));
        plan.after
            .extend(process.io_priority.iter().map(|priority| HostOp::IoPriority {
                priority: treatment::io_priority(priority),
            }));
    }
    let joined = plan.namespace_slot(Namespace::Network);
    plan.after.extend(linux.net_devices.iter().map(|(name, device)| {
        HostOp::MoveNetDevice {
            name,
            new_name: device
                .name
                .as_deref()
                .filter(|name| !name.is_empty())
                .unwrap_or(name),
            joined,
        }
    }));
    plan_go(input, plan);
}

/// The word to go on. What can be done while the process sets itself up is done by then, unless the process waits for
/// the word before it does anything, and once more before it becomes the user's program.
fn plan_go<'a>(input: &Input<'a>, plan: &mut Plan<'a>) {
    let go = HostOp::Send { message: Sync::Go };
    let waits_again = input.wish.start_socket || input.process.terminal;
    if is_prepared_outside(plan) && waits_again {
        plan.after.push(go);
        plan.after.extend(cgroup_setup(input, true));
    } else {
        plan.after.extend(cgroup_setup(input, true));
        plan.after.push(go);
    }
}

/// What makes the groups ready: before the clone, or what can be done while the process sets itself up.
fn cgroup_setup<'a>(input: &Input<'a>, meanwhile: bool) -> impl Iterator<Item = HostOp<'a>> {
    let ops = input
        .facts
        .cgroup
        .setup
        .iter()
        .filter(move |op| op.can_wait() == meanwhile);
    let owner = cgroup::owner::plan(input).filter(|_| !meanwhile);
    ops.cloned().chain(owner).map(|cgroup| HostOp::Cgroup { cgroup })
}
