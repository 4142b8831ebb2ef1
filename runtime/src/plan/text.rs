//! Each operation as one line: what `plan` prints, and what errors say has failed.

use super::affinity::Cpus;
use super::op::{Enter, HostOp, InitOp, Mount, Namespace, ProcessOp, RootOp, Sync, SyncOp, What};
use crate::sys::mount::Attributes;
use crate::sys::schedule::Scheduling;
use std::fmt::{Display, Formatter, Result};

impl Display for HostOp<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Cgroup { cgroup } => Display::fmt(cgroup, f),
            Self::StartScope { scope } => Display::fmt(scope, f),
            Self::OpenNamespace { kind, path, .. } => write!(f, "open the {kind} namespace {path}"),
            Self::OpenSource { source, map, .. } => {
                let mapped = if map.is_some() { " with its ids mapped" } else { "" };
                write!(f, "open the mount source {source}{mapped}")
            }
            Self::MakeIdMap { uids, gids, .. } => {
                let (uids, gids) = (uids.trim_end(), gids.trim_end());
                write!(
                    f,
                    "make an id mapping for mounts, users {uids:?}, groups {gids:?}"
                )
            }
            Self::Hide => f.write_str("become non-dumpable"),
            Self::Affinity { cpus } => write!(f, "run on the CPUs {}", Cpus(cpus)),
            Self::EnterPidNamespace { .. } => f.write_str("enter the pid namespace for children"),
            Self::MakeTimeNamespace { offsets } => {
                write!(
                    f,
                    "make a time namespace for children, offsets {:?}",
                    offsets.trim_end()
                )
            }
            Self::Clone { flags, in_cgroup, .. } => clone_text(f, *flags, *in_cgroup),
            Self::Adopt => f.write_str("adopt the process made in the pid namespace"),
            Self::LeaveNamespaces { .. } => f.write_str("return to the runtime's own namespaces"),
            Self::DenySetgroups => f.write_str("deny setgroups in the user namespace"),
            Self::MapUsers { map } => write!(f, "map user ids {:?}", map.trim_end()),
            Self::MapGroups { map } => write!(f, "map group ids {:?}", map.trim_end()),
            Self::OomScore { value } => write!(f, "set oom_score_adj to {value}"),
            Self::Limit { name, soft, hard, .. } => limit_text(f, name, *soft, *hard),
            Self::Resctrl { resctrl } => Display::fmt(resctrl, f),
            Self::MoveNetDevice { name, new_name, .. } => {
                write!(f, "move the network device {name} to the container as {new_name}")
            }
            Self::Schedule { scheduling } => schedule_text(f, scheduling),
            Self::IoPriority { priority } => write!(f, "set the I/O priority {priority:#x}"),
            Self::Hooks { kind, count, .. } => write!(f, "run {count} {kind} hook(s)"),
            Self::Send { message } => write!(f, "tell the container: {message}"),
            Self::Await { message } => write!(f, "wait for the container: {message}"),
        }
    }
}

fn clone_text(f: &mut Formatter<'_>, flags: u64, in_cgroup: bool) -> Result {
    f.write_str("clone the container's process")?;
    if in_cgroup {
        f.write_str(" into its cgroup")?;
    }
    let new = Namespace::ALL
        .into_iter()
        .filter(|kind| flags & u64::from(kind.flag().cast_unsigned()) != 0);
    for (index, kind) in new.enumerate() {
        write!(f, "{} {kind}", if index == 0 { ", new namespaces:" } else { "" })?;
    }
    Ok(())
}

fn schedule_text(f: &mut Formatter<'_>, scheduling: &Scheduling) -> Result {
    write!(
        f,
        "schedule by policy {}, nice {}, priority {}",
        scheduling.policy, scheduling.nice, scheduling.priority
    )
}

fn limit_text(f: &mut Formatter<'_>, name: &str, soft: u64, hard: u64) -> Result {
    write!(f, "set {name} to {} (soft), {} (hard)", limit(soft), limit(hard))
}

fn limit(value: u64) -> String {
    if value == u64::MAX {
        "unlimited".to_owned()
    } else {
        value.to_string()
    }
}

impl Display for InitOp<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Cgroup(op) => Display::fmt(op, f),
            Self::Sync(op) => Display::fmt(op, f),
            Self::Process(op) => Display::fmt(op, f),
            Self::Root(op) => Display::fmt(op, f),
        }
    }
}

impl Display for Sync {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::Go => "go on",
            Self::Mounted => "mounts are made",
            Self::HooksDone => "hooks have run",
            Self::Ready => "ready to start",
            Self::Start => "start",
        })
    }
}

impl Display for SyncOp<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Send { message } => write!(f, "tell the runtime: {message}"),
            Self::Await { message } => write!(f, "wait for the runtime: {message}"),
            Self::AwaitStart { .. } => f.write_str("wait for start"),
            Self::Hooks { kind, count, .. } => write!(f, "run {count} {kind} hook(s)"),
        }
    }
}

impl Display for ProcessOp<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::DieWithRuntime { on: true } => f.write_str("die with the runtime"),
            Self::DieWithRuntime { on: false } => f.write_str("outlive the runtime"),
            Self::LetGo => f.write_str("close what was opened outside"),
            Self::Hide => f.write_str("become non-dumpable"),
            Self::JoinNamespace { kind, .. } => write!(f, "join the {kind} namespace"),
            Self::JoinNamespaces { init, kinds, .. } => join_text(f, *init, kinds),
            Self::Fork => f.write_str("go on as a child in the pid namespace"),
            Self::Unshare { kind } => write!(f, "make a new {kind} namespace"),
            Self::BecomeRoot { .. } => f.write_str("become root of the user namespace"),
            Self::NewSession => f.write_str("begin a new session"),
            Self::NewKeyring { name } => write!(f, "join a new session keyring {name}"),
            Self::HostName { name } => write!(f, "set the host name {name}"),
            Self::DomainName { name } => write!(f, "set the domain name {name}"),
            Self::Sysctl { path, value } => write!(f, "set /proc/sys/{path} to {value:?}"),
            Self::Limit { name, soft, hard, .. } => limit_text(f, name, *soft, *hard),
            Self::Schedule { scheduling } => schedule_text(f, scheduling),
            Self::IoPriority { priority } => write!(f, "set the I/O priority {priority:#x}"),
            Self::Personality { domain } => write!(f, "set the personality {domain:#x}"),
            Self::MemoryPolicy { mode, nodes } => {
                write!(f, "set the memory policy {mode:#x} of nodes {nodes:x?}")
            }
            Self::Label { attribute, label } => write!(f, "set the SELinux label {label} ({attribute})"),
            Self::AppArmor { profile } => {
                write!(f, "run the next program under the AppArmor profile {profile}")
            }
            Self::OomScore { value } => write!(f, "set oom_score_adj to {value}"),
            Self::Affinity { cpus } => write!(f, "run on the CPUs {}", Cpus(cpus)),
            Self::ResetAffinity => f.write_str("run on all CPUs of the cgroup"),
            Self::OwnStreams { uid } => write!(f, "give the standard streams to user {uid}"),
            Self::Umask { mask } => write!(f, "set the umask {mask:04o}"),
            Self::BoundingSet { keep } => write!(f, "limit the bounding set to {keep:#x}"),
            Self::Groups { groups } => write!(f, "set the groups {groups:?}"),
            Self::Group { gid } => write!(f, "become group {gid}"),
            Self::User { uid } => write!(f, "become user {uid}"),
            Self::WorkDir { path, .. } => write!(f, "change to the working directory {path}"),
            Self::Home { uid } => write!(f, "find the home of user {uid}"),
            Self::FindProgram { name, .. } => write!(f, "find the program {name:?}"),
            Self::NoNewPrivileges => f.write_str("give up new privileges"),
            Self::Seccomp { instructions, .. } => {
                write!(f, "load a seccomp filter of {instructions} instructions")
            }
            Self::Capabilities {
                effective,
                permitted,
                inheritable,
                ambient,
            } => write!(
                f,
                "set the capabilities: effective {effective:#x}, permitted {permitted:#x}, \
                 inheritable {inheritable:#x}, ambient {ambient:#x}"
            ),
            Self::CloseOnExec { first } => write!(f, "close descriptors from {first} on at exec"),
            Self::Execute { args, .. } => write!(f, "exec {args:?}"),
        }
    }
}

fn join_text(f: &mut Formatter<'_>, init: i32, kinds: &[Namespace]) -> Result {
    f.write_str("join the namespaces")?;
    for (index, kind) in kinds.iter().enumerate() {
        write!(f, "{} {kind}", if index == 0 { "" } else { "," })?;
    }
    write!(f, " of process {init}")
}

impl Display for RootOp<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Propagation { path, name, .. } => write!(f, "make {path} {name}"),
            Self::PrivateParent { path } => write!(f, "make the mount that holds {path} private"),
            Self::BindRoot {
                path,
                as_caller: false,
            } => write!(f, "make the root file system {path} a mount"),
            Self::BindRoot { path, .. } => {
                write!(f, "make the root file system {path} a mount, as the caller")
            }
            Self::OpenRoot { path } => write!(f, "open the root file system {path}"),
            Self::Mount(mount) => Display::fmt(mount, f),
            Self::Remount {
                destination,
                attributes,
                recursive,
            } => {
                write!(f, "change the mount {destination}")?;
                attributes_text(f, attributes)?;
                attributes_text(f, recursive)
            }
            Self::Device {
                path,
                kind,
                major,
                minor,
                mode,
                bind,
                ..
            } => {
                let how = if *bind { "bind" } else { "make" };
                write!(
                    f,
                    "{how} the device {path} ({kind} {major}:{minor}, mode {mode:04o})"
                )
            }
            Self::Link { path, target } => write!(f, "link {path} to {target}"),
            Self::Terminal { .. } => f.write_str("make the terminal"),
            Self::Mask { path } => write!(f, "mask {path}"),
            Self::ReadOnly { path } => write!(f, "make {path} read-only"),
            Self::ReadOnlyRoot => f.write_str("make the root read-only"),
            Self::EnterRoot {
                how: Enter::Pivot, ..
            } => f.write_str("pivot into the root"),
            Self::EnterRoot { how: Enter::Move, .. } => f.write_str("move the root over / and chroot"),
            Self::EnterRoot {
                how: Enter::Chroot, ..
            } => f.write_str("chroot"),
        }
    }
}

impl Display for Mount<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let to = &self.destination;
        match &self.what {
            What::Bind { source, deep, .. } => {
                write!(f, "{} {source} at {to}", if *deep { "rbind" } else { "bind" })?;
            }
            What::New {
                fs,
                source,
                data,
                label,
                ..
            } => {
                write!(f, "mount {fs}")?;
                if source != fs && !source.is_empty() {
                    write!(f, " ({source})")?;
                }
                write!(f, " at {to}")?;
                for (key, value) in data {
                    write!(
                        f,
                        " {key}{}{}",
                        if value.is_some() { "=" } else { "" },
                        value.unwrap_or_default()
                    )?;
                }
                if let Some(label) = label {
                    write!(f, " with the label {label}")?;
                }
            }
        }
        attributes_text(f, &self.attributes)?;
        attributes_text(f, &self.recursive)
    }
}

fn attributes_text(f: &mut Formatter<'_>, attributes: &Attributes) -> Result {
    if attributes.set | attributes.clear == 0 {
        return Ok(());
    }
    write!(f, " (attributes +{:#x} -{:#x})", attributes.set, attributes.clear)
}

impl Display for Namespace {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(self.name())
    }
}
