//! Processes by descriptor: signals that cannot hit a process that took over the number.
#![allow(unsafe_code, reason = "the pidfd calls have no wrapper among our libraries")]

use std::fs;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::time::Instant;

use nix::errno::Errno;
use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::error::{Error, Result};

/// A process that was alive, and the same one, when this was made.
#[derive(Debug)]
pub(crate) struct Process {
    fd: OwnedFd,
    pid: i32,
}

impl Process {
    /// The process with this number and start time (field 22 of /proc/PID/stat), if it lives.
    pub(crate) fn find(pid: i32, start_time: u64) -> Option<Self> {
        let process = Self::open(pid).ok()?;
        // Looked at after the descriptor was made: a match means that the descriptor is of that process.
        (start_time_of(pid) == Some(start_time)).then_some(process)
    }

    /// Whatever process has this number now.
    pub(crate) fn open(pid: i32) -> Result<Self> {
        // SAFETY: pidfd_open takes two integers and returns a new descriptor or -1.
        let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
        let fd = Errno::result(fd)
            .map_err(|errno| Error::syscall(format!("pidfd_open({pid}, 0)"), errno as i32))?;
        let fd = i32::try_from(fd).map_err(|_| Error::syscall("pidfd_open", Errno::EBADF as i32))?;
        // SAFETY: the kernel just made this descriptor for us; nobody else owns it.
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        Ok(Self { fd, pid })
    }

    /// Its number.
    pub(crate) fn pid(&self) -> i32 {
        self.pid
    }

    /// Sends a signal; a process that is gone already is no error.
    pub(crate) fn signal(&self, signal: i32) -> Result<()> {
        let no_info: *const libc::siginfo_t = std::ptr::null();
        // SAFETY: the descriptor is open as long as `self` lives, and a null siginfo is allowed.
        let sent = unsafe {
            libc::syscall(
                libc::SYS_pidfd_send_signal,
                self.fd.as_raw_fd(),
                signal,
                no_info,
                0,
            )
        };
        match Errno::result(sent) {
            Ok(_) | Err(Errno::ESRCH) => Ok(()),
            Err(errno) => Err(Error::syscall(
                format!("pidfd_send_signal(process {}, {signal})", self.pid),
                errno as i32,
            )),
        }
    }

    /// Waits until the process ended or the time is there; true if it ended.
    pub(crate) fn wait(&self, deadline: Option<Instant>) -> Result<bool> {
        loop {
            let timeout = match deadline {
                None => PollTimeout::NONE,
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    // Rounded up, so that the last round does not spin.
                    PollTimeout::try_from(left.as_millis() + 1).unwrap_or(PollTimeout::MAX)
                }
            };
            let mut fds = [PollFd::new(self.fd.as_fd(), PollFlags::POLLIN)];
            match poll(&mut fds, timeout) {
                Ok(0) if deadline.is_some_and(|deadline| Instant::now() >= deadline) => return Ok(false),
                Ok(0) | Err(Errno::EINTR) => {}
                Ok(_) => return Ok(true),
                Err(errno) => return Err(Error::syscall("poll(pidfd)", errno as i32)),
            }
        }
    }
}

impl Process {
    /// Whether its cgroup is frozen. A process that is gone is not.
    pub(crate) fn is_frozen(&self) -> bool {
        is_frozen(self.pid)
    }
}

/// Whether the cgroup of a process is frozen, by the freezer of cgroup v1 or by v2.
pub(crate) fn is_frozen(pid: i32) -> bool {
    let Ok(groups) = fs::read_to_string(format!("/proc/{pid}/cgroup")) else {
        return false;
    };
    let path = |wanted: fn(&str) -> bool| {
        groups.lines().find_map(|line| {
            let (controllers, path) = line.split_once(':')?.1.split_once(':')?;
            wanted(controllers).then_some(path)
        })
    };
    let says = |file: String, word: &str| fs::read_to_string(file).is_ok_and(|text| text.contains(word));
    if let Some(path) = path(|controllers| controllers.split(',').any(|name| name == "freezer")) {
        return says(format!("/sys/fs/cgroup/freezer{path}/freezer.state"), "FR");
    }
    path(str::is_empty).is_some_and(|path| says(format!("/sys/fs/cgroup{path}/cgroup.events"), "frozen 1"))
}

impl AsFd for Process {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// When a living process started, in clock ticks since boot; none for zombies and the dead.
pub(crate) fn start_time_of(pid: i32) -> Option<u64> {
    state_of(pid).map(|(_, start_time)| start_time)
}

/// A living process's state (`R`, `S`, `T`, …; proc_pid_stat(5)) and start in clock ticks since boot; none for zombies
/// and the dead.
pub(crate) fn state_of(pid: i32) -> Option<(char, u64)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The command, in parentheses, may contain anything.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace();
    match fields.next()?.chars().next()? {
        'Z' | 'X' | 'x' => None,
        state => Some((state, fields.nth(18)?.parse().ok()?)),
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn finds_signals_and_waits_for_the_right_process() {
        let mut child = Command::new("cat")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        let start = start_time_of(pid).unwrap();
        assert!(
            Process::find(pid, start + 1).is_none(),
            "another start time is another process"
        );
        let process = Process::find(pid, start).unwrap();
        assert!(!process.wait(Some(Instant::now())).unwrap());
        process.signal(libc::SIGKILL).unwrap();
        assert!(process.wait(None).unwrap());
        assert!(start_time_of(pid).is_none(), "a zombie is not alive");
        child.wait().unwrap();
        process.signal(libc::SIGKILL).unwrap();
    }
}
