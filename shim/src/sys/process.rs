//! Processes: what this one is, its children, and init by its pidfd.
#![allow(
    unsafe_code,
    reason = "pidfd, close_range, prctl and signal calls that have no safe form"
)]

use std::ffi::{CString, OsStr, OsString};
use std::fs::File;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::process::Command;

use nix::errno::Errno;
use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, PosixSpawnFlags, posix_spawnp};
use nix::sys::signal::{SigHandler, SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

use crate::contract::record::{Ended, Usage};
use crate::error::{Call, Error, Kind, Result};

/// The signals that are passed on to init.
const FORWARDED: [Signal; 6] = [
    Signal::SIGTERM,
    Signal::SIGINT,
    Signal::SIGHUP,
    Signal::SIGQUIT,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
];

/// Closes every descriptor above the standard ones but those of `keep`: what a caller forgot to close must not
/// live as long as the container.
pub fn close_others(keep: &[i32]) {
    let mut keep: Vec<i32> = keep.iter().copied().filter(|number| *number > 2).collect();
    keep.sort_unstable();
    let mut first = 3;
    for kept in keep {
        close_range(first, kept - 1);
        first = kept.saturating_add(1);
    }
    close_range(first, i32::MAX);
}

/// Takes over every descriptor above the standard ones but those of `keep`: they stay open as long as they are wanted
/// here, and children do not inherit them.
///
/// # Errors
/// There is no /proc.
pub fn take_others(keep: &[i32]) -> Result<Vec<OwnedFd>> {
    let call = || "readdir(/proc/self/fd)";
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc/self/fd").call(call)? {
        let name = entry.call(call)?.file_name();
        let number = name.to_str().and_then(|name| name.parse().ok());
        found.extend(number.filter(|number| *number > 2 && !keep.contains(number)));
    }
    // That of the directory itself is among them, and no longer open.
    Ok(found
        .into_iter()
        .filter_map(|number| inherit(number).ok())
        .map(OwnedFd::from)
        .collect())
}

/// Puts /dev/null under every free number below `end`: nothing that this program opens later comes to lie there. Children
/// do not inherit it, and nothing here owns it ([`close_range`] closes it).
///
/// # Errors
/// There is no /dev/null, or so many descriptors are not allowed.
pub fn occupy_below(end: i32) -> Result<()> {
    loop {
        // The kernel gives the lowest number that is free.
        let null = File::open("/dev/null").call(|| "open(/dev/null)")?;
        if null.as_raw_fd() >= end {
            return Ok(());
        }
        let _ = null.into_raw_fd();
    }
}

/// Closes descriptors that nothing in this program owns: what it was given and has no use for (any more).
pub fn close_range(first: i32, last: i32) {
    if first <= last {
        // SAFETY: the numbers are those of descriptors that were inherited; no value of this program owns one of them.
        unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) };
    }
}

/// Takes over a descriptor that the caller left open for this program; children do not inherit it.
///
/// # Errors
/// There is none of this number.
pub fn inherit(raw: i32) -> Result<File> {
    // SAFETY: takes plain numbers; a number that is not open is refused.
    let done = unsafe { libc::fcntl(raw, libc::F_SETFD, libc::FD_CLOEXEC) };
    Errno::result(done).call(|| format!("fcntl({raw}, FD_CLOEXEC)"))?;
    // SAFETY: it is open, and the caller's gift: nobody else in this program knows the number.
    Ok(File::from(unsafe { OwnedFd::from_raw_fd(raw) }))
}

/// Removes variables from the environment that children get.
pub fn forget_variables(names: &[&str]) {
    for name in names {
        // SAFETY: this program has one thread.
        unsafe { std::env::remove_var(name) };
    }
}

/// Sets a variable of the environment that children get.
pub fn set_variable(name: &str, value: impl AsRef<OsStr>) {
    // SAFETY: this program has one thread.
    unsafe { std::env::set_var(name, value) };
}

/// Puts /dev/null in the place of stdin, stdout and stderr.
///
/// # Errors
/// There is no /dev/null.
pub fn silence() -> Result<()> {
    let null = File::options()
        .read(true)
        .write(true)
        .open("/dev/null")
        .call(|| "open(/dev/null)")?;
    nix::unistd::dup2_stdin(&null).call(|| "dup2(0)")?;
    nix::unistd::dup2_stdout(&null).call(|| "dup2(1)")?;
    nix::unistd::dup2_stderr(&null).call(|| "dup2(2)")
}

/// Duplicates of stdin, stdout and stderr.
///
/// # Errors
/// No descriptor is left.
pub fn standard_streams() -> Result<[OwnedFd; 3]> {
    let call = || "fcntl(F_DUPFD_CLOEXEC)";
    Ok([
        std::io::stdin().as_fd().try_clone_to_owned().call(call)?,
        std::io::stdout().as_fd().try_clone_to_owned().call(call)?,
        std::io::stderr().as_fd().try_clone_to_owned().call(call)?,
    ])
}

/// Leads a session of its own, so that no terminal's signals reach this process; one that leads a
/// process group already (it was started by hand) stays where it is.
pub fn new_session() {
    let _ = nix::unistd::setsid();
}

/// Adopts the container's processes when their parents die.
///
/// # Errors
/// Not on any kernel since 3.4.
pub fn become_subreaper() -> Result<()> {
    // SAFETY: takes plain numbers.
    let done = unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) };
    Errno::result(done).call(|| "prctl(PR_SET_CHILD_SUBREAPER)")?;
    Ok(())
}

/// Blocks the signals that the shim handles and returns them as a descriptor. Ignored signals would be
/// inherited by the container, so all get their default back.
///
/// # Errors
/// The kernel has no descriptor left.
pub fn signals() -> Result<SignalFd> {
    for signal in Signal::iterator() {
        if !matches!(signal, Signal::SIGKILL | Signal::SIGSTOP | Signal::SIGPIPE) {
            // SAFETY: no handler is installed, only the default action.
            unsafe { nix::sys::signal::signal(signal, SigHandler::SigDfl) }
                .call(|| format!("signal({signal}, SIG_DFL)"))?;
        }
    }
    let mut set = SigSet::from_iter(FORWARDED);
    set.add(Signal::SIGCHLD);
    set.thread_set_mask().call(|| "sigprocmask(SIG_SETMASK)")?;
    SignalFd::with_flags(&set, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK).call(|| "signalfd")
}

/// This program's environment.
pub fn environment() -> Vec<CString> {
    std::env::vars_os()
        .filter_map(|(name, value)| variable(&name, &value))
        .collect()
}

/// Starts `command` with these stdin, stdout and stderr (`None`: /dev/null) and this program's environment (but for
/// NOTIFY_SOCKET), and returns its process id. posix_spawn copies nothing of this process, and gives the child an empty signal mask without this
/// process ever having one.
///
/// # Errors
/// The program cannot be executed.
pub fn spawn(command: &[OsString], stdio: [Option<OwnedFd>; 3]) -> Result<i32> {
    let mut environment = environment();
    // Runtimes wait for containers that are told of a service manager, and this one is the engine's, not theirs.
    environment.retain(|variable| !variable.as_bytes().starts_with(b"NOTIFY_SOCKET="));
    spawn_with(command, stdio, &[], &environment)
}

/// The same with further descriptors, each under its number, and another environment.
///
/// # Errors
/// The program cannot be executed.
pub fn spawn_with(
    command: &[OsString],
    stdio: [Option<OwnedFd>; 3],
    more: &[(OwnedFd, i32)],
    environment: &[CString],
) -> Result<i32> {
    let call = || format!("execve({})", command[0].display());
    let words: Vec<CString> = command
        .iter()
        .map(|word| CString::new(word.as_bytes()))
        .collect::<Result<_, _>>()
        .map_err(|_| Error::new(Kind::Usage, "an argument for the runtime holds a zero byte"))?;
    let null = File::options()
        .read(true)
        .write(true)
        .open("/dev/null")
        .call(|| "open(/dev/null)")?;
    let mut actions = PosixSpawnFileActions::init().call(call)?;
    for (target, fd) in (0..).zip(&stdio) {
        let source = fd.as_ref().map_or_else(|| null.as_raw_fd(), AsRawFd::as_raw_fd);
        actions.add_dup2(source, target).call(call)?;
    }
    // Out of the way first: a number that is still to be copied must not be the target of another copy.
    let high: Vec<(OwnedFd, i32)> = more
        .iter()
        .map(|(fd, target)| Ok((duplicate_above(fd, 100)?, *target)))
        .collect::<Result<_>>()?;
    for (fd, target) in &high {
        actions.add_dup2(fd.as_raw_fd(), *target).call(call)?;
    }
    let mut attributes = PosixSpawnAttr::init().call(call)?;
    attributes
        .set_flags(PosixSpawnFlags::POSIX_SPAWN_SETSIGMASK | PosixSpawnFlags::POSIX_SPAWN_SETSIGDEF)
        .call(call)?;
    attributes.set_sigmask(&SigSet::empty()).call(call)?;
    attributes
        .set_sigdefault(&SigSet::from_iter([Signal::SIGPIPE]))
        .call(call)?;
    let pid = posix_spawnp(&words[0], &actions, &attributes, &words, environment).call(call)?;
    Ok(pid.as_raw())
}

fn duplicate_above(fd: &OwnedFd, least: i32) -> Result<OwnedFd> {
    let raw = nix::fcntl::fcntl(fd, nix::fcntl::FcntlArg::F_DUPFD_CLOEXEC(least))
        .call(|| format!("fcntl({fd:?}, F_DUPFD_CLOEXEC, {least})"))?;
    // SAFETY: the kernel has just made this descriptor, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(raw) })
}

fn variable(name: &OsStr, value: &OsStr) -> Option<CString> {
    CString::new([name.as_bytes(), b"=", value.as_bytes()].concat()).ok()
}

/// Becomes `command`; returns only when that failed.
pub fn become_command(command: &[OsString]) -> Error {
    use std::os::unix::process::CommandExt;
    let _ = SigSet::empty().thread_set_mask();
    let error = Command::new(&command[0]).args(&command[1..]).exec();
    Error::syscall(format!("execve({})", command[0].display()), error)
}

/// A child that ended and was reaped.
#[derive(Debug, Clone, Copy)]
pub struct Reaped {
    /// Its number, which is free from now on.
    pub pid: i32,
    /// How it ended.
    pub ended: Ended,
    /// What it used.
    pub usage: Usage,
}

/// Reaps one ended child, if there is one; with `only`, no other than that.
pub fn reap(only: Option<i32>) -> Option<Reaped> {
    let mut status = 0;
    // SAFETY: all-zero bytes are a valid rusage.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    loop {
        // SAFETY: `status` and `usage` are places for an int and a rusage. The raw call, because real-time signals have
        // no name.
        let pid = unsafe { libc::wait4(only.unwrap_or(-1), &raw mut status, libc::WNOHANG, &raw mut usage) };
        let ended = match Errno::result(pid) {
            Ok(0) => return None,
            Ok(_) if libc::WIFEXITED(status) => Ended::Exited(libc::WEXITSTATUS(status)),
            Ok(_) => Ended::Signaled(libc::WTERMSIG(status)),
            Err(Errno::EINTR) => continue,
            Err(_) => return None,
        };
        let usage = used(&usage);
        return Some(Reaped { pid, ended, usage });
    }
}

fn used(usage: &libc::rusage) -> Usage {
    let positive = |number: i64| u64::try_from(number).unwrap_or(0);
    let time = |time: libc::timeval| positive(time.tv_sec) * 1_000_000 + positive(time.tv_usec);
    Usage {
        user_usec: time(usage.ru_utime),
        system_usec: time(usage.ru_stime),
        max_rss: positive(usage.ru_maxrss) * 1024,
    }
}

/// Kills an unreaped child. That it has just ended is no failure.
pub fn kill(child: i32) {
    let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(child), Signal::SIGKILL);
}

/// Kills all of an unreaped child's process group, unless that is this process's own.
pub fn kill_group_of(child: i32) {
    let group = nix::unistd::getpgid(Some(nix::unistd::Pid::from_raw(child)));
    if let Ok(group) = group
        && group.as_raw() > 1
        && group != nix::unistd::getpgrp()
    {
        let _ = nix::sys::signal::killpg(group, Signal::SIGKILL);
    }
}

/// Kills an unreaped child and reaps it.
pub fn end(child: i32) {
    kill(child);
    let _ = nix::sys::wait::waitpid(nix::unistd::Pid::from_raw(child), None);
}

/// Makes this process, a child of the shim, end with it; the shim's protection from the OOM killer is not for it.
///
/// # Errors
/// Not on any kernel.
pub fn belong_to_parent() -> Result<()> {
    // SAFETY: takes plain numbers.
    let done = unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL, 0, 0, 0) };
    Errno::result(done).call(|| "prctl(PR_SET_PDEATHSIG)")?;
    restore_oom_score("0");
    Ok(())
}

/// A process that no other can be mistaken for.
#[derive(Debug)]
pub struct PidFd(OwnedFd);

impl PidFd {
    /// Opens process `pid`, which must be an unreaped child of this one for the number to be sure.
    ///
    /// # Errors
    /// There is no such process.
    pub fn open(pid: i32) -> Result<Self> {
        // SAFETY: takes plain numbers.
        let raw = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
        let raw = Errno::result(raw).call(|| format!("pidfd_open({pid})"))?;
        let raw = i32::try_from(raw).map_err(|_| Error::new(Kind::System, "a descriptor is too large"))?;
        // SAFETY: the kernel has just made this descriptor (CLOEXEC), and nobody else knows it.
        Ok(Self(unsafe { OwnedFd::from_raw_fd(raw) }))
    }

    /// Sends a signal by number: real-time signals have no name.
    ///
    /// # Errors
    /// The process has gone, or there is no such signal.
    pub fn send(&self, signal: i32) -> Result<()> {
        let no_info = std::ptr::null::<libc::siginfo_t>();
        // SAFETY: a null siginfo means that of kill(2).
        let done = unsafe {
            libc::syscall(
                libc::SYS_pidfd_send_signal,
                self.0.as_raw_fd(),
                signal,
                no_info,
                0,
            )
        };
        Errno::result(done).call(|| format!("pidfd_send_signal({signal})"))?;
        Ok(())
    }
}

impl PidFd {
    /// Kills it and, if it is a child that nobody has reaped, reaps it.
    pub fn end(&self) {
        use nix::sys::wait::{Id, WaitPidFlag, waitid};
        let _ = self.send(libc::SIGKILL);
        while waitid(Id::PIDFd(self.as_fd()), WaitPidFlag::WEXITED) == Err(Errno::EINTR) {}
    }
}

/// Waits until the process has ended, at most until `deadline`; says whether it has.
///
/// # Errors
/// Only those of a wrong call.
pub fn wait_until(process: &PidFd, deadline: std::time::Instant) -> Result<bool> {
    let set = super::epoll::Set::new()?;
    let mut watch = super::epoll::Watch::default();
    set.update(&mut watch, process, 0, Some(nix::sys::epoll::EpollFlags::EPOLLIN))?;
    let mut events = [nix::sys::epoll::EpollEvent::empty()];
    Ok(set.wait(&mut events, Some(deadline))? > 0)
}

impl AsFd for PidFd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Whether a process is on its way out: killed or past its exit(2), even if it still holds what it had open.
pub fn is_ending(pid: i32) -> bool {
    // Field 9 of proc(5), "flags", and PF_EXITING of the kernel's include/linux/sched.h.
    const EXITING: u64 = 0x4;
    let stat = std::fs::read(format!("/proc/{pid}/stat")).unwrap_or_default();
    field_after_name(&stat, 9).is_some_and(|flags| flags & EXITING != 0)
}

/// Whether a process is an unreaped child of this one.
pub fn is_own_child(pid: i32) -> bool {
    // Field 4 of proc(5), "ppid".
    let stat = std::fs::read(format!("/proc/{pid}/stat")).unwrap_or_default();
    field_after_name(&stat, 4) == Some(u64::from(std::process::id()))
}

/// The `/proc/PID/stat` field 22: when the process started, in clock ticks after boot.
///
/// # Errors
/// There is no such process.
pub fn start_time(pid: i32) -> Result<u64> {
    let path = format!("/proc/{pid}/stat");
    let stat = std::fs::read(&path).call(|| format!("read({path})"))?;
    parse_start_time(&stat).ok_or_else(|| Error::new(Kind::System, format!("{path} has no start time")))
}

fn parse_start_time(stat: &[u8]) -> Option<u64> {
    field_after_name(stat, 22)
}

/// The name, the second field, may hold spaces and brackets: the last bracket ends it. `field` is 3 or more.
fn field_after_name(stat: &[u8], field: usize) -> Option<u64> {
    let name_end = stat.iter().rposition(|byte| *byte == b')')?;
    let rest = std::str::from_utf8(&stat[name_end + 1..]).ok()?;
    rest.split_ascii_whitespace().nth(field - 3)?.parse().ok()
}

/// The score of a process whose end would orphan a container: as safe as a privileged user may make it.
const PROTECTED: &str = "-999";
const OOM_SCORE_ADJ: &str = "/proc/self/oom_score_adj";

/// Makes this process as likely a victim of the OOM killer as `parent`, and by `more` likelier.
pub fn follow_oom_score(parent: i32, more: i32) {
    let score = std::fs::read_to_string(format!("/proc/{parent}/oom_score_adj"));
    if let Some(score) = score.ok().and_then(|score| score.trim().parse::<i32>().ok()) {
        restore_oom_score(&(score + more).min(1000).to_string());
    }
}

/// Makes this process and its children trust only each other with a core's hyperthreads.
///
/// # Errors
/// The kernel or the machine has no core scheduling.
pub fn share_core_with_group() -> Result<()> {
    // The caller's process group, as containerd's own shim; PIDTYPE_PGID has no name in libc.
    const PROCESS_GROUP: libc::c_ulong = 2;
    let (create, none): (libc::c_ulong, libc::c_ulong) = (1, 0);
    // SAFETY: takes plain numbers.
    let done = unsafe { libc::prctl(libc::PR_SCHED_CORE, create, none, PROCESS_GROUP, none) };
    Errno::result(done)
        .call(|| "prctl(PR_SCHED_CORE, PR_SCHED_CORE_CREATE)")
        .map_err(|error| error.hint("core scheduling needs hyperthreads and CONFIG_SCHED_CORE"))?;
    Ok(())
}

/// What a fork returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fork {
    /// In the parent, with the child's number.
    Parent(i32),
    /// In the child.
    Child,
}

/// Splits this process in two.
///
/// # Errors
/// No process or memory is left.
pub fn fork() -> Result<Fork> {
    // SAFETY: this program has one thread: nothing of it is left locked or half done in the child.
    match unsafe { nix::unistd::fork() }.call(|| "fork")? {
        nix::unistd::ForkResult::Parent { child } => Ok(Fork::Parent(child.as_raw())),
        nix::unistd::ForkResult::Child => Ok(Fork::Child),
    }
}

/// Runs `work` in a child process and returns its number: for calls of the kernel that may take long.
///
/// # Errors
/// No process or memory is left.
pub fn in_child(work: impl FnOnce() -> bool) -> Result<i32> {
    match fork()? {
        Fork::Parent(child) => Ok(child),
        Fork::Child => {
            let status = i32::from(!work());
            // SAFETY: ends the child at once; nothing of the parent's is flushed or dropped twice.
            unsafe { libc::_exit(status) }
        }
    }
}

/// Protects this process from the OOM killer; returns the score to restore before any child is started.
pub fn protect_from_oom() -> Option<String> {
    let before = std::fs::read_to_string(OOM_SCORE_ADJ).ok()?;
    // Lowering it needs CAP_SYS_RESOURCE; without that the shim is killed like others.
    std::fs::write(OOM_SCORE_ADJ, PROTECTED).ok()?;
    Some(before)
}

/// Ends the protection, so that children do not inherit it.
pub fn restore_oom_score(before: &str) {
    let _ = std::fs::write(OOM_SCORE_ADJ, before);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_ended_once_and_nobody_else_after_it() {
        let pid = spawn(&["sleep".into(), "1000".into()], [None, None, None]).expect("started");
        assert!(is_own_child(pid));
        let handle = PidFd::open(pid).expect("there");
        handle.end();
        assert!(!is_own_child(pid), "reaped");
        // Waits for nobody.
        handle.end();
    }

    #[test]
    fn start_time_is_after_a_name_of_any_shape() {
        let stat = b"7 (a) b (c)) S 1 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4242 10 11 12\n";
        assert_eq!(parse_start_time(stat), Some(4242));
        assert_eq!(parse_start_time(b"7 a"), None);
    }
}
