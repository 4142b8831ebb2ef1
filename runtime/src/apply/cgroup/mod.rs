//! Cgroups on the real kernel: runs the operations of [`crate::plan::cgroup`], and ends, lists, freezes and
//! removes what they made.
//!
//! What is gone already is no error anywhere here: several clean-ups may run, and containers may come and go.

mod files;
mod freezer;
mod kill;
mod oom;
mod owner;
mod remove;
mod stats;
mod tree;
mod update;

pub use freezer::{freeze, is_frozen, thaw};
pub use kill::{kill_all, pids, signal_all};
pub use oom::OomWatch;
pub use remove::{remove, remove_empty};
pub use stats::stats;
pub use update::{prepare_update, run_all_or_none};

use crate::error::{Context, Error, Kind, Result};
use crate::host::cgroup as host;
use crate::oci::Resources;
use crate::plan::cgroup::systemd::{self, Target};
use crate::plan::cgroup::{Instruction, Op, Plan, Record, Wish, plan};
use crate::sys::bpf;
use files::open_dir;
use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use std::os::fd::{AsFd, OwnedFd};

/// Looks at the groups' places in the layout and makes the plan; changes nothing.
///
/// # Errors
/// For a path, a group in use or a limit that cannot be; and when the facts cannot be read.
pub fn prepare(layout: &host::Layout, wish: &Wish<'_>, resources: Option<&Resources<'_>>) -> Result<Plan> {
    let paths = wish.paths(layout)?;
    let found = survey(layout, &paths)?;
    plan(layout, &paths, &found, resources)
}

/// The same for groups that systemd makes.
///
/// # Errors
/// As [`prepare`], and for what systemd cannot be told.
pub fn prepare_scope(layout: &host::Layout, target: &Target, request: &systemd::Request<'_>) -> Result<Plan> {
    let path = systemd::path(target, request)?;
    let paths = vec![path; layout.hierarchies.len()];
    let found = survey(layout, &paths)?;
    systemd::plan(layout, target, &found, request)
}

fn survey(layout: &host::Layout, paths: &[String]) -> Result<Vec<host::Found>> {
    let places = layout.hierarchies.iter().zip(paths);
    places
        .map(|(hierarchy, path)| host::survey(hierarchy, path))
        .collect()
}

/// Runs one operation.
///
/// # Errors
/// The failed call with its arguments and hints; the caller adds the operation's own text.
pub fn run(op: &Op) -> Result<()> {
    match op {
        Op::MakeGroup { path, fresh } => files::make_dir(path, *fresh),
        Op::Claim { path } => claim(path),
        Op::Enable {
            path,
            controllers,
            required,
        } => enable(path, controllers, *required),
        Op::Set { path, file, value } => files::write(path, file, value),
        Op::SetFirst {
            path,
            choices,
            required,
        } => set_first(path, choices, *required),
        Op::SetTogether { path, values } => set_together(path, values),
        Op::RequireLess {
            path,
            file,
            limit,
            property,
        } => require_less(path, file, *limit, property),
        Op::Own { path, uid } => owner::give(path, *uid),
        Op::AttachDevices { path, program } => attach_devices(path, program),
        Op::Join { path } => files::write(path, "tasks", "0"),
    }
}

/// A handle of the container's v2 group for `CLONE_INTO_CGROUP`, once it is made.
///
/// # Errors
/// When the group cannot be opened.
pub fn birth_group(record: &Record) -> Result<Option<OwnedFd>> {
    record.v2().map(|group| open_dir(&group.dir())).transpose()
}

/// A handle of the v2 group below the container's own that its init has moved to, if it has: a group that hands
/// controllers down takes no processes itself.
///
/// # Errors
/// When init is gone, or the group.
pub fn group_of_init(record: &Record, init: i32) -> Result<Option<OwnedFd>> {
    let Some(group) = record.v2() else {
        return Ok(None);
    };
    let path = host::v2_path_of(init)?;
    let below = path
        .as_ref()
        .and_then(|path| path.strip_prefix(&group.path)?.strip_prefix('/'));
    below
        .map(|below| open_dir(&format!("{}/{below}", group.dir())))
        .transpose()
}

/// Of several runtimes that found a group empty, one gets it: the others find it locked, or no longer empty.
fn claim(path: &str) -> Result<()> {
    let taken = |why: &str| {
        Error::new(Kind::Exists, format!("{path} {why}"))
            .hint("give each container its own linux.cgroupsPath")
    };
    let group = open_dir(path)?;
    let group = match Flock::lock(group, FlockArg::LockExclusiveNonblock) {
        Ok(lock) => lock,
        Err((_, Errno::EWOULDBLOCK)) => return Err(taken("is becoming another container's")),
        Err((_, errno)) => return Err(Error::syscall(format!("flock(\"{path}\")"), errno as i32)),
    };
    if !kill::own_pids(group.as_fd())
        .map_err(|errno| Error::syscall(format!("read(\"{path}/cgroup.procs\")"), errno as i32))?
        .is_empty()
    {
        return Err(taken("has become another container's"));
    }
    // The lock goes with the runtime: by then the container's process is in the group, for all to see.
    std::mem::forget(group);
    Ok(())
}

/// Moves a process, with what it forks from now on, into a container's groups.
///
/// # Errors
/// When a group does not take it.
pub fn adopt(record: &Record, pid: i32) -> Result<()> {
    record
        .groups
        .iter()
        .try_for_each(|group| files::write(&group.dir(), "cgroup.procs", &pid.to_string()))
}

fn enable(path: &str, controllers: &[String], required: bool) -> Result<()> {
    let value = controllers
        .iter()
        .map(|name| format!("+{name}"))
        .collect::<Vec<_>>()
        .join(" ");
    match files::write(path, "cgroup.subtree_control", &value) {
        Err(error) if required => Err(match error.errno().map(Errno::from_raw) {
            Some(Errno::EBUSY) => error.hint(format!(
                "{path} has processes of its own, and such a cgroup cannot limit its children: choose another cgroupsPath"
            )),
            _ => error,
        }),
        _ => Ok(()),
    }
}

fn set_first(path: &str, choices: &[(String, String)], required: bool) -> Result<()> {
    let mut missing = None;
    for (file, value) in choices {
        match files::write(path, file, value) {
            Err(error) if error.errno() == Some(Errno::ENOENT as i32) => missing = Some(error),
            result => return result,
        }
    }
    missing.filter(|_| required).map_or(Ok(()), Err)
}

/// Each value may have to wait for the others: as long as one more is taken, those refused are tried again.
fn set_together(path: &str, values: &[(String, String)]) -> Result<()> {
    let mut open: Vec<&(String, String)> = values.iter().collect();
    loop {
        let (mut refused, mut reason) = (Vec::new(), None);
        for value in &open {
            match files::write(path, &value.0, &value.1) {
                Ok(()) => {}
                Err(error) if error.errno() == Some(Errno::EINVAL as i32) => {
                    refused.push(*value);
                    reason = reason.or(Some(error));
                }
                Err(error) => return Err(error),
            }
        }
        match reason {
            Some(reason) if refused.len() == open.len() => return Err(reason),
            Some(_) => open = refused,
            None => return Ok(()),
        }
    }
}

fn require_less(path: &str, file: &str, limit: i64, property: &str) -> Result<()> {
    let in_use = match files::read(path, file) {
        Ok(text) => text.trim_end().parse::<i64>().unwrap_or(i64::MAX),
        // The group is about to be made, or to be given the controller: nothing is in use.
        Err(error) if error.errno() == Some(Errno::ENOENT as i32) => 0,
        Err(error) => return Err(error),
    };
    if in_use < limit {
        return Ok(());
    }
    let message = format!("rejecting {property} {limit} <= usage {in_use}");
    Err(Error::new(Kind::State, message)
        .hint("end some of the container's processes, or leave out checkBeforeUpdate to let the kernel reclaim and kill"))
}

/// Loads and attaches a device program.
///
/// Without privilege over the machine the kernel refuses device programs, and needs none: who has none can neither
/// make nodes nor open those that he could not open before.
fn attach_devices(path: &str, program: &[Instruction]) -> Result<()> {
    let code: Vec<[u8; 8]> = program.iter().map(|instruction| instruction.bytes()).collect();
    let program = match bpf::load_device_program(&code) {
        Err(Errno::EPERM) if host::is_unprivileged() => return Ok(()),
        loaded => loaded.map_err(|errno| {
            Error::syscall("bpf(BPF_PROG_LOAD, BPF_PROG_TYPE_CGROUP_DEVICE)", errno as i32).hint(
                "device rules on cgroup v2 need CAP_BPF or CAP_SYS_ADMIN and a kernel with CONFIG_CGROUP_BPF",
            )
        })?,
    };
    let group = open_dir(path)?;
    bpf::attached_device_programs(group.as_fd())
        .and_then(|old| bpf::replace_device_programs(group.as_fd(), program.as_fd(), &old))
        .map_err(|errno| Error::syscall("bpf(BPF_PROG_ATTACH, BPF_CGROUP_DEVICE)", errno as i32))
        .context(|| format!("attach the device program to {path}"))
}
