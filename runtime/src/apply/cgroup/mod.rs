//! Cgroups on the real kernel: runs the operations of [`crate::plan::cgroup`], and ends, lists, freezes and
//! removes what they made.
//!
//! What is gone already is no error anywhere here: several clean-ups may run, and containers may come and go.

mod files;
mod freezer;
mod kill;
mod remove;
mod tree;

pub use freezer::{freeze, is_frozen, thaw};
pub use kill::{kill_all, pids, signal_all};
pub use remove::remove;

use crate::error::{Context, Error, Result};
use crate::host::cgroup as host;
use crate::oci::Resources;
use crate::plan::cgroup::{Instruction, Op, Plan, Record, Wish, plan};
use crate::sys::bpf;
use files::open_dir;
use nix::errno::Errno;
use std::os::fd::{AsFd, OwnedFd};

/// Looks at the groups' places in the layout and makes the plan; changes nothing.
///
/// # Errors
/// For a path, a group in use or a limit that cannot be; and when the facts cannot be read.
pub fn prepare(layout: &host::Layout, wish: &Wish<'_>, resources: Option<&Resources<'_>>) -> Result<Plan> {
    let paths = wish.paths(layout)?;
    let found: Vec<host::Found> = layout
        .hierarchies
        .iter()
        .zip(&paths)
        .map(|(hierarchy, path)| host::survey(hierarchy, path))
        .collect::<Result<_>>()?;
    plan(layout, &paths, &found, resources)
}

/// Runs one operation.
///
/// # Errors
/// The failed call with its arguments and hints; the caller adds the operation's own text.
pub fn run(op: &Op) -> Result<()> {
    match op {
        Op::MakeGroup { path, fresh } => files::make_dir(path, *fresh),
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
