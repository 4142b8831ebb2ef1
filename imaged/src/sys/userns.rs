//! The user namespace that this process is in, and how a user without privileges gets one.
#![allow(unsafe_code, reason = "the calls of ioctl_ns(2) have no safe form")]

use std::fs::{self, File};
use std::io::Write;
use std::os::fd::{AsRawFd, FromRawFd};
use std::os::unix::fs::MetadataExt;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, setns, unshare};
use nix::sys::prctl::set_dumpable;
use nix::unistd::{getegid, geteuid, getpid};

use crate::error::{Error, Kind, Result};

/// How many ids the machine has: whoever has them all is in its own user namespace.
const ALL: u32 = u32::MAX;

/// User and group of this process before it went into a namespace.
static BEFORE: OnceLock<(u32, u32)> = OnceLock::new();
/// Whether this process is in another user namespace than the machine's. It is asked only after the process is where it stays.
static INSIDE: OnceLock<bool> = OnceLock::new();

/// User and group of who called this program.
pub(crate) fn caller() -> (u32, u32) {
    *BEFORE.get_or_init(|| (geteuid().as_raw(), getegid().as_raw()))
}

/// Whether this process is in a user namespace that is not the machine's.
pub(crate) fn is_inside() -> bool {
    *INSIDE.get_or_init(|| match fs::read_to_string("/proc/self/uid_map") {
        Ok(text) => !is_machines(&text),
        Err(_) => false,
    })
}

fn is_machines(map: &str) -> bool {
    let numbers: Vec<Option<u32>> = map.split_whitespace().map(|word| word.parse().ok()).collect();
    numbers == [Some(0), Some(0), Some(ALL)]
}

/// Goes into a namespace of another process of the same user.
///
/// # Errors
/// The failed call.
pub(crate) fn join(namespace: &File) -> Result<()> {
    caller();
    setns(namespace, CloneFlags::CLONE_NEWUSER)
        .map_err(|errno| Error::syscall("setns(CLONE_NEWUSER)", errno as i32))?;
    settle()
}

/// The one of a namespace and those around it that was made in this process's own.
///
/// # Errors
/// When it is none of ours.
pub(crate) fn outermost(mut namespace: File) -> Result<File> {
    let identity = |file: &File| file.metadata().map(|data| (data.dev(), data.ino()));
    let failed = |error: std::io::Error| Error::io("look at /proc/self/ns/user", &error);
    let own = File::open("/proc/self/ns/user")
        .and_then(|own| identity(&own))
        .map_err(failed)?;
    loop {
        let around = parent(&namespace)?;
        if identity(&around).map_err(failed)? == own {
            return Ok(namespace);
        }
        namespace = around;
    }
}

/// The namespace in which another one was made.
fn parent(namespace: &File) -> Result<File> {
    // SAFETY: the descriptor is open, and the call takes no argument.
    let raw = unsafe { ns_get_parent(namespace.as_raw_fd()) }
        .map_err(|errno| Error::syscall("ioctl(NS_GET_PARENT)", errno as i32))?;
    // SAFETY: the kernel has just made this descriptor for us; nobody else owns it.
    Ok(unsafe { File::from_raw_fd(raw) })
}

nix::ioctl_none!(
    /// NS_GET_PARENT (linux/nsfs.h).
    ns_get_parent, 0xb7, 0x2
);

/// Which ids are whose in a new namespace: words for newuidmap(1) behind the process.
pub(crate) type Map<'a> = &'a [String];

/// Makes a namespace, goes into it as its root, and has all ids mapped that may be; its own, if no others may.
/// Returns whether others are.
///
/// # Errors
/// The failed call.
pub(crate) fn make(uids: Map<'_>, gids: Map<'_>) -> Result<bool> {
    let (uid, gid) = caller();
    let helpers = [Helper::start("newuidmap", uids), Helper::start("newgidmap", gids)];
    unshare(CloneFlags::CLONE_NEWUSER).map_err(|errno| {
        Error::syscall("unshare(CLONE_NEWUSER)", errno as i32)
            .hint("user namespaces may be switched off: see user.max_user_namespaces and kernel.apparmor_restrict_unprivileged_userns")
            .hint("or run corten as root")
    })?;
    // Its helpers are to be able to write there.
    set_dumpable(true).map_err(|errno| Error::syscall("prctl(PR_SET_DUMPABLE)", errno as i32))?;
    let [users, groups] = helpers.map(|helper| helper.is_some_and(Helper::finish));
    if !users {
        write("uid_map", &format!("0 {uid} 1"))?;
    }
    if !groups {
        write("setgroups", "deny")?;
        write("gid_map", &format!("0 {gid} 1"))?;
    }
    settle()?;
    Ok(users && groups)
}

/// A mount namespace of the user namespace, where this process may mount; others of the user may look at it.
fn settle() -> Result<()> {
    set_dumpable(true).map_err(|errno| Error::syscall("prctl(PR_SET_DUMPABLE)", errno as i32))?;
    unshare(CloneFlags::CLONE_NEWNS).map_err(|errno| Error::syscall("unshare(CLONE_NEWNS)", errno as i32))?;
    let none = None::<&str>;
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_SLAVE, none)
        .map_err(|errno| Error::syscall("mount(/, MS_REC|MS_SLAVE)", errno as i32))
}

fn write(name: &str, text: &str) -> Result<()> {
    let path = format!("/proc/self/{name}");
    fs::write(&path, text).map_err(|error| Error::io(format!("write {path}, {text:?}"), &error))
}

/// newuidmap(1) or newgidmap(1), which has the right to map ids only outside: it waits there until there is a namespace.
struct Helper(std::process::Child);

impl Helper {
    /// None where there is nothing to map, or no such program.
    fn start(program: &str, map: Map<'_>) -> Option<Self> {
        if map.is_empty() {
            return None;
        }
        Command::new("sh")
            .args(["-c", "read -r _ && exec \"$@\"", "map", program])
            .arg(getpid().to_string())
            .args(map)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .ok()
            .map(Self)
    }

    /// Whether it did its work.
    fn finish(mut self) -> bool {
        let told = self.0.stdin.take().map(|mut stdin| stdin.write_all(b"\n"));
        let ended = self.0.wait();
        matches!((told, ended), (Some(Ok(())), Ok(status)) if status.success())
    }
}

/// The lines of this process's maps: first inside, first outside, how many.
///
/// # Errors
/// The failed call.
pub(crate) fn lines(path: &str) -> Result<Vec<(u32, u32, u32)>> {
    let text = fs::read_to_string(path).map_err(|error| Error::io(format!("read {path}"), &error))?;
    let line = |line: &str| {
        let numbers: Option<Vec<u32>> = line.split_whitespace().map(|word| word.parse().ok()).collect();
        match numbers.as_deref() {
            Some([inside, outside, count]) => Some((*inside, *outside, *count)),
            _ => None,
        }
    };
    let lines: Option<Vec<_>> = text.lines().map(line).collect();
    lines.ok_or_else(|| Error::new(Kind::System, format!("{path} says '{}'", text.trim())))
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};

    use super::*;

    /// A container's process may have gone into a namespace that it made itself.
    #[test]
    fn the_outermost_namespace_is_the_one_below_our_own() {
        let identity = |file: &File| file.metadata().unwrap().ino();
        let mut child = Command::new("unshare")
            .args(["--user", "--map-root-user", "sh", "-c"])
            .arg("readlink /proc/self/ns/user; exec unshare --user sh -c 'readlink /proc/self/ns/user; read -r _'")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let seen: Vec<String> = BufReader::new(child.stdout.take().unwrap())
            .lines()
            .take(2)
            .map(|line| line.unwrap())
            .collect();
        let innermost = File::open(format!("/proc/{}/ns/user", child.id())).unwrap();
        let found = |namespace: &File| format!("user:[{}]", identity(namespace));
        assert_eq!(found(&innermost), seen[1]);
        assert_eq!(found(&outermost(innermost).unwrap()), seen[0]);
        assert!(outermost(File::open("/proc/self/ns/user").unwrap()).is_err());
        drop(child.stdin.take());
        child.wait().unwrap();
    }

    #[test]
    fn the_machines_own_namespace_has_all_ids() {
        assert!(is_machines("         0          0 4294967295\n"));
        for other in ["0 1000 1\n", "0 1000 1\n1 100000 65536\n", "0 0 65536", ""] {
            assert!(!is_machines(other), "{other}");
        }
    }
}
