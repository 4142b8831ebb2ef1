//! The operations that make the container's process what `process` of config.json asks for.

use super::build::{Input, Plan};
use super::op::{HostOp, InitOp, ProcessOp, Sync, SyncOp, WorkDir};
use super::seccomp::Filter;
use super::{capability, treatment};
use crate::oci::{Rlimit, Text};
use std::borrow::Cow;

/// setrlimit(2)'s resources by name.
const LIMITS: &[(&str, u32)] = &[
    ("RLIMIT_CPU", 0),
    ("RLIMIT_FSIZE", 1),
    ("RLIMIT_DATA", 2),
    ("RLIMIT_STACK", 3),
    ("RLIMIT_CORE", 4),
    ("RLIMIT_RSS", 5),
    ("RLIMIT_NPROC", 6),
    ("RLIMIT_NOFILE", 7),
    ("RLIMIT_MEMLOCK", 8),
    ("RLIMIT_AS", 9),
    ("RLIMIT_LOCKS", 10),
    ("RLIMIT_SIGPENDING", 11),
    ("RLIMIT_MSGQUEUE", 12),
    ("RLIMIT_NICE", 13),
    ("RLIMIT_RTPRIO", 14),
    ("RLIMIT_RTTIME", 15),
];

/// Everything once the container's root is entered: identity, then the wait, then the program.
pub(super) fn plan<'a>(input: &Input<'a>, filter: Option<Filter>, plan: &mut Plan<'a>) {
    let capabilities = Sets::new(input, &mut plan.warnings);
    // The runtime has been writing its record meanwhile.
    plan.await_go();
    let mut ops = Vec::new();
    plan_names(input, &mut ops);
    plan_treatment(input, &mut ops);
    plan_identity(input, &capabilities, WorkDir::Make, &mut ops);
    plan.init.extend(ops.into_iter().map(InitOp::Process));
    plan.init
        .push(InitOp::Sync(SyncOp::Send { message: Sync::Ready }));
    let works = plan_ready(input, plan);
    // Where nobody has anything left to do for it, being told to start would only take time.
    plan.waits = input.wish.start_socket || input.process.terminal || works;
    if plan.waits {
        plan.init.push(InitOp::Sync(SyncOp::AwaitStart {
            socket: input.wish.start_socket,
        }));
    }
    plan_start_hooks(input, plan);
    plan_start(input, filter, &capabilities, plan);
}

/// What the runtime does when the process is set up; returns whether there is anything.
fn plan_ready<'a>(input: &Input<'a>, plan: &mut Plan<'a>) -> bool {
    plan.after.push(HostOp::Await { message: Sync::Ready });
    let before = plan.after.len();
    plan_outer_limits(input, plan);
    plan.after.extend(
        input
            .facts
            .cgroup
            .finish
            .iter()
            .cloned()
            .map(|cgroup| HostOp::Cgroup { cgroup }),
    );
    plan.after.len() > before
}

/// Only the runtime may raise a limit of a process in a user namespace.
pub(super) fn plan_outer_limits<'a>(input: &Input<'a>, plan: &mut Plan<'a>) {
    if input.has_user_namespace() {
        plan.after
            .extend(limits(input).map(|(name, resource, limit)| HostOp::Limit {
                name,
                resource,
                soft: limit.soft,
                hard: limit.hard,
            }));
    }
}

fn limits<'a>(input: &Input<'a>) -> impl Iterator<Item = (Cow<'a, str>, u32, &'a Rlimit<'a>)> {
    let number = |name: &str| {
        LIMITS
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, number)| *number)
    };
    let known = move |limit: &'a Rlimit<'a>| Some((Cow::Borrowed(&*limit.kind), number(&limit.kind)?, limit));
    input.process.rlimits.iter().filter_map(known)
}

/// The session keyring, one for all of a container's processes.
pub(super) fn plan_keyring<'a>(input: &Input<'a>, ops: &mut Vec<ProcessOp<'a>>) {
    if input.wish.no_new_keyring {
        return;
    }
    if let Some(label) = input.process_label() {
        let attribute = "keycreate";
        ops.push(ProcessOp::Label { attribute, label });
    }
    let name = format!("_ses.{}", input.wish.id);
    ops.push(ProcessOp::NewKeyring { name });
}

/// Names and kernel parameters of the namespaces.
fn plan_names<'a>(input: &Input<'a>, ops: &mut Vec<ProcessOp<'a>>) {
    if let Some(name) = input.spec.hostname.as_deref().filter(|name| !name.is_empty()) {
        ops.push(ProcessOp::HostName { name });
    }
    if let Some(name) = input.spec.domainname.as_deref().filter(|name| !name.is_empty()) {
        ops.push(ProcessOp::DomainName { name });
    }
    for (key, value) in &input.linux.sysctl {
        ops.push(ProcessOp::Sysctl {
            path: sysctl_path(key),
            value,
        });
    }
}

/// How the kernel shall treat the process, and what else is said through the machine's /proc.
pub(super) fn plan_treatment<'a>(input: &Input<'a>, ops: &mut Vec<ProcessOp<'a>>) {
    ops.extend(input.linux.personality.as_ref().map(treatment::personality));
    ops.extend(input.linux.memory_policy.as_ref().map(treatment::memory_policy));
    // While the machine's /proc is still open; both take effect at the next execve.
    if let Some(label) = input.process_label() {
        ops.push(ProcessOp::Label {
            attribute: "exec",
            label,
        });
    }
    if let Some(profile) = input
        .process
        .apparmor_profile
        .as_deref()
        .filter(|profile| !profile.is_empty())
    {
        ops.push(ProcessOp::AppArmor { profile });
    }
}

/// A parameter's path below /proc/sys: dots and slashes swap their roles as in sysctl(8), where the
/// first separator decides which of the two forms it is.
fn sysctl_path(key: &str) -> String {
    if key
        .find('/')
        .is_some_and(|slash| key.find('.').is_none_or(|dot| slash < dot))
    {
        return key.to_owned();
    }
    let swap = |c| match c {
        '.' => '/',
        '/' => '.',
        other => other,
    };
    key.chars().map(swap).collect()
}

/// User, groups, what can be set under another user too, and the program; from then on the process outlives
/// the runtime.
pub(super) fn plan_identity<'a>(
    input: &Input<'a>,
    capabilities: &Sets,
    how: WorkDir,
    ops: &mut Vec<ProcessOp<'a>>,
) {
    let user = &input.process.user;
    // From here on, paths of config.json are followed with the process's own means.
    ops.push(ProcessOp::LetGo);
    ops.push(ProcessOp::WorkDir {
        path: &input.process.cwd,
        how,
    });
    if !input
        .process
        .env
        .iter()
        .any(|entry| entry.strip_prefix("HOME=").is_some_and(|home| !home.is_empty()))
    {
        ops.push(ProcessOp::Home { uid: user.uid });
    }
    ops.push(ProcessOp::BoundingSet {
        keep: capabilities.bounding,
    });
    // In a user namespace the caller's groups are gone, or cannot go (setgroups is denied, perhaps further out).
    if !(input.has_user_namespace() && user.additional_gids.is_empty()) {
        ops.push(ProcessOp::Groups {
            groups: &user.additional_gids,
        });
    }
    ops.push(ProcessOp::Group { gid: user.gid });
    if user.uid != 0 && !input.process.terminal {
        ops.push(ProcessOp::OwnStreams { uid: user.uid });
    }
    if let Some(mask) = user.umask {
        ops.push(ProcessOp::Umask { mask });
    } else {
        ops.push(ProcessOp::Umask { mask: 0o022 });
    }
    ops.push(ProcessOp::User { uid: user.uid });
    // Some directories are open to root alone, others (of network file systems) to the user alone.
    ops.push(ProcessOp::WorkDir {
        path: &input.process.cwd,
        how: WorkDir::Again,
    });
    ops.push(ProcessOp::FindProgram {
        name: input.process.args.first().map_or("", |name| name),
        search: input
            .process
            .env
            .iter()
            .rev()
            .find_map(|entry| entry.strip_prefix("PATH=")),
    });
    ops.push(ProcessOp::DieWithRuntime { on: false });
}

fn plan_start_hooks<'a>(input: &Input<'a>, plan: &mut Plan<'a>) {
    if let Some(hooks) = input
        .spec
        .hooks
        .as_ref()
        .map(|hooks| &hooks.start_container)
        .filter(|h| !h.is_empty())
    {
        let run = SyncOp::Hooks {
            kind: "startContainer",
            hooks,
            count: hooks.len(),
            env: environment(input),
        };
        plan.init.push(InitOp::Sync(run));
    }
}

/// From `start` on: as few system calls as possible between the filter and the program, for the filter
/// need not allow them.
pub(super) fn plan_start<'a>(
    input: &Input<'a>,
    filter: Option<Filter>,
    capabilities: &Sets,
    plan: &mut Plan<'a>,
) {
    let mut ops = Vec::new();
    if !input.has_user_namespace() {
        ops.extend(limits(input).map(|(name, resource, limit)| ProcessOp::Limit {
            name,
            resource,
            soft: limit.soft,
            hard: limit.hard,
        }));
    }
    ops.push(ProcessOp::CloseOnExec {
        first: (input.wish.preserve_fds)
            .saturating_add(input.wish.listen_fds)
            .saturating_add(3),
    });
    let Sets {
        effective,
        permitted,
        inheritable,
        ambient,
        ..
    } = *capabilities;
    let drop = ProcessOp::Capabilities {
        effective,
        permitted,
        inheritable,
        ambient,
    };
    let load = filter.map(|filter| ProcessOp::Seccomp {
        instructions: filter.program.len(),
        flags: filter.flags,
        filter: Cow::Owned(filter.program),
    });
    if input.process.no_new_privileges {
        ops.push(drop);
        ops.push(ProcessOp::NoNewPrivileges);
        ops.extend(load);
    } else {
        // Loading needs CAP_SYS_ADMIN then.
        ops.extend(load);
        ops.push(drop);
    }
    ops.push(ProcessOp::Execute {
        args: input.process.args.iter().map(Text::as_str).collect(),
        env: environment(input),
    });
    plan.init.extend(ops.into_iter().map(InitOp::Process));
}

/// The environment: of each name the last value, in the order of the last ones.
fn environment<'a>(input: &Input<'a>) -> Vec<&'a str> {
    let own = input.process.env.iter().map(Text::as_str);
    let all: Vec<&'a str> = own
        .chain(input.wish.listen_env.iter().map(String::as_str))
        .collect();
    let is_last = |index: usize| {
        !all[index + 1..]
            .iter()
            .any(|later| name_of(later) == name_of(all[index]))
    };
    (0..all.len())
        .filter(|index| is_last(*index))
        .map(|index| all[index])
        .collect()
}

fn name_of(entry: &str) -> &str {
    entry.split_once('=').map_or(entry, |(name, _)| name)
}

/// The five capability sets as masks.
pub(super) struct Sets {
    bounding: u64,
    effective: u64,
    permitted: u64,
    inheritable: u64,
    ambient: u64,
}

impl Sets {
    /// What config.json asks for and the runtime can give; without `capabilities`, nothing.
    pub(super) fn new(input: &Input<'_>, warnings: &mut Vec<String>) -> Self {
        let Some(sets) = &input.process.capabilities else {
            return Self {
                bounding: 0,
                effective: 0,
                permitted: 0,
                inheritable: 0,
                ambient: 0,
            };
        };
        // Who makes a user namespace has all capabilities in it.
        let all = input.has_user_namespace();
        let available = if all { u64::MAX } else { input.facts.capabilities };
        let mut mask = |names| capability::mask(names, available, warnings);
        let bounding = mask(&sets.bounding);
        let (permitted, inheritable) = (mask(&sets.permitted), mask(&sets.inheritable));
        let (effective, ambient) = (mask(&sets.effective), mask(&sets.ambient));
        let raisable = ambient & permitted & inheritable;
        if raisable != ambient {
            let missing = ambient & !raisable;
            let names = capability::names()
                .enumerate()
                .filter(|(n, _)| missing & (1 << n) != 0);
            warnings.extend(names.map(|(_, name)| {
                format!("can't raise ambient capability {name}: it is not both permitted and inheritable")
            }));
        }
        Self {
            bounding,
            effective: effective & permitted,
            permitted,
            inheritable,
            ambient: raisable,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::sysctl_path;

    #[test]
    fn sysctl_names_have_two_forms() {
        assert_eq!(sysctl_path("net.ipv4.ip_forward"), "net/ipv4/ip_forward");
        assert_eq!(
            sysctl_path("net/ipv4/conf/eth0.1/forwarding"),
            "net/ipv4/conf/eth0.1/forwarding"
        );
        assert_eq!(
            sysctl_path("net.ipv4.conf.eth0/1.forwarding"),
            "net/ipv4/conf/eth0.1/forwarding"
        );
    }
}
