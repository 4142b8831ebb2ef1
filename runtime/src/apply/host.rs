//! What the runtime does for the container's process from outside.

pub use super::process::{schedule, set_io_priority};

use super::{id_map, mounts, net_device};
use crate::error::{Context, Error, Kind, Result};
use crate::plan::op::Namespace;
use crate::sys::{files, old, process};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process::Command;

/// Opens a namespace file.
///
/// # Errors
/// The kernel's, with the call.
pub fn open_namespace(path: &str) -> Result<OwnedFd> {
    files::open(path, libc::O_RDONLY)
}

/// The tree of a bind mount's source, with its ids mapped by a user namespace if one is given (with whether the
/// mounts below are mapped, too); none if the runtime cannot reach it either: the container's process tries again
/// then and tells.
///
/// # Errors
/// When ids cannot be mapped.
pub fn open_source(
    source: &str,
    deep: bool,
    follow: bool,
    map: Option<(BorrowedFd<'_>, bool)>,
) -> Result<Option<OwnedFd>> {
    match (mounts::open_tree(source, deep, follow), map) {
        (Ok(tree), Some((map, map_deep))) => {
            id_map::apply(tree.as_fd(), map, map_deep)?;
            Ok(Some(tree))
        }
        (Err(error), Some(_)) => Err(error),
        (tree, None) => Ok(tree.ok()),
    }
}

/// A user namespace with these maps, which holds no process.
///
/// # Errors
/// The kernel's, with the call.
pub fn make_id_map(uids: &str, gids: &str) -> Result<OwnedFd> {
    id_map::make(uids, gids)
}

/// Moves a network device of the runtime's to the process, or to the network namespace that it joins.
///
/// # Errors
/// When there is no such device, one of the new name exists, or the kernel does not let it go.
pub fn send_net_device(name: &str, new_name: &str, joined: Option<&OwnedFd>, pid: i32) -> Result<()> {
    let own;
    let namespace = match joined {
        Some(namespace) => namespace,
        None => {
            own = open_namespace(&format!("/proc/{pid}/ns/net"))?;
            &own
        }
    };
    net_device::send(name, new_name, namespace.as_fd())
}

/// Children are born in that pid namespace, or again in the runtime's own.
///
/// # Errors
/// The kernel's, with the call.
pub fn use_pid_namespace(namespace: Option<&OwnedFd>) -> Result<()> {
    match join_or_return(namespace, Namespace::Pid) {
        // Before Linux 5.8 a pidfd is no way into a namespace.
        Err(error) if error.errno() == Some(libc::EINVAL) => {
            let pid = namespace
                .and_then(|pidfd| old::pidfd::pid_of(pidfd.as_fd()))
                .ok_or(error)?;
            join_or_return(
                Some(&open_namespace(&format!("/proc/{pid}/ns/pid"))?),
                Namespace::Pid,
            )
        }
        joined => joined,
    }
}

/// Children are born in a new time namespace with the offsets (time_namespaces(7)).
///
/// # Errors
/// The kernel's, with the call.
pub fn make_time_namespace(offsets: &str) -> Result<()> {
    process::unshare(Namespace::Time.flag())?;
    let file = files::open("/proc/self/timens_offsets", libc::O_WRONLY)?;
    files::write_once(file.as_fd(), offsets)
}

/// Children are born in the runtime's own time namespace again.
///
/// # Errors
/// The kernel's, with the call.
pub fn leave_time_namespace() -> Result<()> {
    join_or_return(None, Namespace::Time)
}

fn join_or_return(namespace: Option<&OwnedFd>, kind: Namespace) -> Result<()> {
    let own;
    let target = match namespace {
        Some(namespace) => namespace,
        None => {
            own = files::open(&format!("/proc/self/ns/{kind}"), libc::O_RDONLY)?;
            &own
        }
    };
    process::join_namespace(target.as_fd(), kind.flag())
}

/// Writes to a file of the process below /proc.
///
/// # Errors
/// The kernel's, with the call.
pub fn write_proc(pid: i32, name: &str, text: &str) -> Result<()> {
    let path = format!("/proc/{pid}/{name}");
    let file = files::open(&path, libc::O_WRONLY)?;
    files::write_once(file.as_fd(), text).context(|| path)
}

/// Writes an id map, by the set-user-id helpers of shadow-utils where the runtime is not privileged.
///
/// # Errors
/// The kernel's or the helper's refusal.
pub fn write_map(pid: i32, file: &str, map: &str) -> Result<()> {
    match write_proc(pid, file, map) {
        Err(error) if error.errno() == Some(libc::EPERM) && !nix::unistd::geteuid().is_root() => {
            let helper = if file == "uid_map" {
                "newuidmap"
            } else {
                "newgidmap"
            };
            run_helper(helper, pid, map)
        }
        other => other,
    }
}

fn run_helper(helper: &str, pid: i32, map: &str) -> Result<()> {
    let output = Command::new(helper)
        .arg(pid.to_string())
        .args(map.split_whitespace())
        .output();
    let output = output.map_err(|error| {
        Error::syscall(format!("run {helper}"), error.raw_os_error().unwrap_or(0))
            .hint("install shadow-utils (uidmap): mapping more than one's own id needs it")
    })?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(Error::new(Kind::System, format!("{helper} failed: {said}")).hint("see /etc/subuid and /etc/subgid"))
}

/// Changes how readily the kernel kills the process when memory is short.
///
/// # Errors
/// The kernel's, with the call.
pub fn set_oom_score(pid: i32, value: i64) -> Result<()> {
    write_proc(pid, "oom_score_adj", &value.to_string()).map_err(|error| match error.errno() {
        Some(libc::EACCES) => error.hint("lowering it needs CAP_SYS_RESOURCE"),
        _ => error,
    })
}
