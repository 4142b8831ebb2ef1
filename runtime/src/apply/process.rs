//! What the container's process changes about itself, up to the last call.

use super::inside::Inside;
use super::place::{self, Make};
use super::program;
use crate::error::{Error, Kind, Result};
use crate::plan::op::{Enter, Namespace, Slot, WorkDir};
use crate::sys::process::{self, CapSets};
use crate::sys::schedule::{self, Scheduling};
use crate::sys::{files, mount};
use nix::unistd;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// How much of an image's /etc/passwd is read: it is the image's, and need not end.
const PASSWD_LIMIT: usize = 1 << 20;

pub(super) fn join_namespace(inside: &mut Inside, slot: Slot, kind: Namespace) -> Result<()> {
    let opened = inside.take(slot);
    let namespace =
        opened.ok_or_else(|| Error::new(Kind::System, format!("no {kind} namespace was opened")))?;
    process::join_namespace(namespace.as_fd(), kind.flag()).map_err(|error| match error.errno() {
        Some(libc::EINVAL) => error.hint(format!("is it a {kind} namespace?")),
        _ => error,
    })
}

/// User 0 of the user namespace, where it has one.
pub(super) fn become_root(drop_groups: bool) -> Result<()> {
    if drop_groups {
        tolerate_unmapped(process::set_groups(&[]))?;
    }
    tolerate_unmapped(process::set_group(0))?;
    tolerate_unmapped(process::set_user(0))
}

/// A namespace without an id 0 is odd but legal; one that denies setgroups keeps the groups.
fn tolerate_unmapped(result: Result<()>) -> Result<()> {
    match result {
        Err(error) if matches!(error.errno(), Some(libc::EINVAL | libc::EPERM)) => Ok(()),
        other => other,
    }
}

pub(super) fn new_session() -> Result<()> {
    match unistd::setsid() {
        Ok(_) => Ok(()),
        Err(errno) => Err(Error::syscall("setsid()", errno as i32)),
    }
}

/// A kernel without keyrings, or a quota that is full, is no reason not to run.
pub(super) fn new_keyring(name: &str) -> Result<()> {
    match process::new_session_keyring(name) {
        Err(error) if matches!(error.errno(), Some(libc::ENOSYS | libc::EOPNOTSUPP)) => Ok(()),
        Err(error) if error.errno() == Some(libc::EDQUOT) => {
            Err(error.hint("raise kernel.keys.maxkeys, or use --no-new-keyring"))
        }
        other => other,
    }
}

pub(super) fn set_host_name(name: &str) -> Result<()> {
    unistd::sethostname(name).map_err(|errno| Error::syscall(format!("sethostname({name:?})"), errno as i32))
}

/// Through the machine's own procfs, which no mount of the container can have replaced.
pub(super) fn set_sysctl(inside: &Inside, path: &str, value: &str) -> Result<()> {
    let file = files::open_in(
        inside.proc()?,
        &format!("sys/{path}"),
        libc::O_WRONLY,
        files::SAME_FS,
    )
    .map_err(|error| match error.errno() {
        Some(libc::ENOENT) => error.hint("this kernel has no such parameter, or its module is not loaded"),
        _ => error,
    })?;
    files::write_once(file.as_fd(), value)
}

/// Asks for a profile from the next execve on (apparmor(7)), through the machine's own procfs: what looks like
/// it inside could be a file that takes the request and does nothing (CVE-2019-16884).
pub(super) fn set_apparmor(inside: &Inside, profile: &str) -> Result<()> {
    let file = files::open_in(
        inside.proc()?,
        "thread-self/attr/apparmor/exec",
        libc::O_WRONLY,
        files::SAME_FS,
    )
    .map_err(|error| match error.errno() {
        Some(libc::ENOENT) => error
            .context("this kernel runs without AppArmor")
            .hint("remove process.apparmorProfile, or boot with apparmor=1 security=apparmor"),
        _ => error,
    })?;
    files::write_once(file.as_fd(), &format!("exec {profile}")).map_err(|error| match error.errno() {
        Some(libc::ENOENT) => error
            .context("no such profile is loaded")
            .hint("load it first: apparmor_parser(8); aa-status(8) lists what is loaded"),
        _ => error,
    })
}

/// Asks for an SELinux label through the machine's own procfs, as [`set_apparmor`] does.
pub(super) fn set_label(inside: &Inside, attribute: &str, label: &str) -> Result<()> {
    let path = format!("thread-self/attr/{attribute}");
    let file = files::open_in(inside.proc()?, &path, libc::O_WRONLY, files::SAME_FS)?;
    files::write_once(file.as_fd(), label).map_err(|error| match error.errno() {
        Some(libc::EINVAL) => error.hint("the policy that is loaded does not know this label: seinfo(1)"),
        Some(libc::EACCES) => error.hint("the policy does not let the runtime change to this label"),
        _ => error,
    })
}

/// Policy and priority of a process (0: the calling one).
///
/// # Errors
/// The kernel's, with the call.
pub fn schedule(pid: i32, scheduling: &Scheduling) -> Result<()> {
    schedule::set_scheduling(pid, scheduling).map_err(|error| match error.errno() {
        Some(libc::EPERM) => error.hint(
            "it needs CAP_SYS_NICE, on cgroup v1 a cpu.rt_runtime_us for the real-time policies, and \
             SCHED_DEADLINE every CPU in the process's cpuset",
        ),
        Some(libc::EINVAL) => {
            error.hint("the kernel does not know this policy, or not with these values: sched(7)")
        }
        Some(libc::EBUSY) => error.hint("the CPUs have no room left for these SCHED_DEADLINE values"),
        _ => error,
    })
}

/// Class and level of a process's I/O (0: the calling one).
///
/// # Errors
/// The kernel's, with the call.
pub fn set_io_priority(pid: i32, priority: u32) -> Result<()> {
    schedule::set_io_priority(pid, priority).map_err(|error| match error.errno() {
        Some(libc::EPERM) => error.hint("IOPRIO_CLASS_RT needs CAP_SYS_ADMIN or CAP_SYS_NICE"),
        _ => error,
    })
}

pub(super) fn set_memory_policy(mode: u32, nodes: &[u64]) -> Result<()> {
    schedule::set_memory_policy(mode, nodes).map_err(|error| match error.errno() {
        Some(libc::EINVAL) => {
            error.hint("does the machine have these memory nodes, and does the container's cpuset?")
        }
        _ => error,
    })
}

/// Becomes the user and keeps the permitted capabilities in force for what is still to come.
pub(super) fn become_user(uid: u32) -> Result<()> {
    let before = process::capabilities()?;
    process::keep_capabilities()?;
    process::set_user(uid).map_err(|error| match error.errno() {
        Some(libc::EINVAL) => error.hint("the user namespace does not map this id"),
        _ => error,
    })?;
    let effective = before.permitted;
    process::set_capabilities(&CapSets { effective, ..before })
}

/// A user namespace may deny the call; where nothing is asked, nothing is missed.
pub(super) fn set_groups(groups: &[u32]) -> Result<()> {
    match process::set_groups(groups) {
        Err(error) if groups.is_empty() && error.errno() == Some(libc::EPERM) => Ok(()),
        other => other,
    }
}

pub(super) fn become_group(gid: u32) -> Result<()> {
    process::set_group(gid).map_err(|error| match error.errno() {
        Some(libc::EINVAL) => error.hint("the user namespace does not map this id"),
        _ => error,
    })
}

/// The working directory, reached inside the root without magic links (CVE-2024-21626).
pub(super) fn enter_work_dir(inside: &mut Inside, path: &str, how: WorkDir) -> Result<()> {
    let again = how == WorkDir::Again;
    if again && !inside.work_dir_pending {
        return Ok(());
    }
    let root = files::open("/", libc::O_PATH | libc::O_DIRECTORY)?;
    let found = match how {
        WorkDir::Find => find_work_dir(root.as_fd(), path),
        WorkDir::Make | WorkDir::Again => {
            place::find_or_make(root.as_fd(), path, Make::Directory).map(|place| place.fd)
        }
    };
    let dir = match found {
        Err(error) if !again && error.errno() == Some(libc::EACCES) => {
            inside.work_dir_pending = true;
            return Ok(());
        }
        other => other?,
    };
    match unistd::fchdir(&dir) {
        Ok(()) => inside.work_dir_pending = false,
        Err(nix::errno::Errno::EACCES) if !again => {
            inside.work_dir_pending = true;
            return Ok(());
        }
        Err(errno) => return Err(Error::syscall(format!("chdir({path:?})"), errno as i32)),
    }
    check_inside(path)
}

fn find_work_dir(root: BorrowedFd<'_>, path: &str) -> Result<OwnedFd> {
    place::find(root, path)?.ok_or_else(|| {
        Error::syscall(format!("chdir to cwd ({path:?})"), libc::ENOENT).hint(
            "exec makes no directory: name one that is there (corten-runtime's --cwd, docker's --workdir)",
        )
    })
}

/// The kernel itself says whether the working directory is below the root.
fn check_inside(path: &str) -> Result<()> {
    match unistd::getcwd() {
        Ok(now) if now.is_absolute() => Ok(()),
        _ => Err(Error::new(
            Kind::Config,
            format!("current working directory is outside of container root: {path}"),
        )),
    }
}

/// HOME of the user by the image's /etc/passwd, `/` when that does not know.
pub(super) fn find_home(inside: &mut Inside, uid: u32) -> Result<()> {
    let home = read_passwd().ok().flatten().and_then(|text| home_of(&text, uid));
    inside.home = Some(home.unwrap_or_else(|| "/".to_owned()));
    Ok(())
}

fn read_passwd() -> Result<Option<String>> {
    let root = files::open("/", libc::O_PATH | libc::O_DIRECTORY)?;
    // O_NONBLOCK: the image may have a fifo there.
    let flags = libc::O_RDONLY | libc::O_NONBLOCK | libc::O_NOCTTY;
    let file = files::open_in(root.as_fd(), "/etc/passwd", flags, files::IN_ROOT)?;
    if files::status(file.as_fd())?.st_mode & libc::S_IFMT != libc::S_IFREG {
        return Ok(None);
    }
    let content = files::read_up_to(file.as_fd(), PASSWD_LIMIT)?;
    Ok(Some(String::from_utf8_lossy(&content).into_owned()))
}

/// The sixth field of the first line whose third is the user's id (passwd(5)).
fn home_of(passwd: &str, uid: u32) -> Option<String> {
    let line = |line: &str| {
        let mut fields = line.split(':').skip(2);
        let is_it = fields.next()?.parse() == Ok(uid);
        fields
            .nth(2)
            .filter(|home| is_it && !home.is_empty())
            .map(str::to_owned)
    };
    passwd.lines().find_map(line)
}

pub(super) fn set_capabilities(sets: &CapSets, ambient: u64) -> Result<()> {
    process::set_capabilities(sets).map_err(|error| match error.errno() {
        Some(libc::EPERM) => error.hint("a process can only get capabilities that the runtime has itself"),
        _ => error,
    })?;
    process::raise_ambient(ambient);
    Ok(())
}

/// The container's root becomes the process's.
pub(super) fn enter_root(inside: &Inside, how: Enter, shared: bool) -> Result<()> {
    let root = inside.root()?;
    let change = |fd| unistd::fchdir(fd).map_err(|errno| Error::syscall("fchdir()", errno as i32));
    match how {
        Enter::Pivot => {
            let old = files::open("/", libc::O_PATH | libc::O_DIRECTORY)?;
            change(root)?;
            mount::pivot_here().map_err(|error| match error.errno() {
                Some(libc::EINVAL) => {
                    error.hint("a root on ramfs cannot be left by pivot_root: use --no-pivot")
                }
                _ => error,
            })?;
            // The old root lies over the new one now; it must go without unmounting anything outside.
            change(old.as_fd())?;
            if shared {
                mount::propagate(".", libc::MS_SLAVE | libc::MS_REC)?;
            }
            mount::detach(".")?;
        }
        Enter::Move => {
            hide_kernel_mounts()?;
            change(root)?;
            mount::move_here_to_root()?;
            chroot_here()?;
        }
        Enter::Chroot => {
            change(root)?;
            chroot_here()?;
        }
    }
    unistd::chdir("/").map_err(|errno| Error::syscall("chdir(\"/\")", errno as i32))
}

fn chroot_here() -> Result<()> {
    unistd::chroot(".").map_err(|errno| Error::syscall("chroot(\".\")", errno as i32))
}

/// After MS_MOVE the old root still exists below: its full /proc and /sys would let a process in a user
/// namespace mount full ones itself.
fn hide_kernel_mounts() -> Result<()> {
    for path in ["/proc", "/sys"] {
        match mount::detach(path) {
            Err(error) if matches!(error.errno(), Some(libc::EINVAL | libc::ENOENT)) => {}
            // Locked in a user namespace: covered instead.
            Err(error) if error.errno() == Some(libc::EPERM) => cover(path)?,
            other => other?,
        }
    }
    Ok(())
}

fn cover(path: &str) -> Result<()> {
    let empty = mount::FileSystem::open("tmpfs")?.mount(crate::plan::mount_options::RDONLY)?;
    mount::attach(empty.as_fd(), files::open_path(path)?.as_fd())
}

pub(super) fn find_program(inside: &mut Inside, name: &str, search: Option<&str>) -> Result<()> {
    inside.program = Some(program::find(name, search)?);
    Ok(())
}

/// Becomes the user's program.
pub(super) fn execute(inside: &Inside, args: &[&str], env: &[&str]) -> Result<()> {
    let path = inside.program.as_deref().unwrap_or_default();
    let text = |text: &str| {
        std::ffi::CString::new(text)
            .map_err(|_| Error::new(Kind::Config, format!("process: {text:?} holds a NUL byte")))
    };
    let args = args.iter().map(|arg| text(arg)).collect::<Result<Vec<_>>>()?;
    let home = inside.home.as_ref().map(|home| format!("HOME={home}"));
    // An empty HOME of the configuration is replaced.
    let kept = env
        .iter()
        .copied()
        .filter(|entry| home.is_none() || !entry.starts_with("HOME="));
    let env = kept
        .chain(home.as_deref())
        .map(text)
        .collect::<Result<Vec<_>>>()?;
    Err(program::explain(process::execute(path, &args, &env), path))
}

#[cfg(test)]
mod tests {
    use super::home_of;

    #[test]
    fn the_first_line_of_the_user_has_the_home() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\nbroken\na:x:7:7::/home/a:/bin/sh\nb:x:7:7::/home/b:\n";
        assert_eq!(home_of(passwd, 7).as_deref(), Some("/home/a"));
        assert_eq!(home_of(passwd, 0).as_deref(), Some("/root"));
        assert_eq!(home_of(passwd, 8), None);
    }
}
