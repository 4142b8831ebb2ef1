//! Which process a pid means: pids are reused, a pid with its start time is not.

use crate::error::{Error, Kind, Result};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::Read;

/// `PF_FORKNOEXEC` (include/linux/sched.h) among the flags of a process, which ps(1) shows as 1: it was made by fork(2), and
/// has executed nothing since.
const FORKED_ONLY: u32 = 0x40;

/// One process, for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Process {
    /// The pid as the runtime sees it.
    pub(crate) pid: i32,
    /// Field 22 of /proc/PID/stat: clock ticks since boot.
    pub(crate) start_time: u64,
}

impl Process {
    /// The process that has this pid now.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn of_pid(pid: i32) -> Result<Self> {
        let stat = read_stat(pid).ok_or_else(|| {
            Error::new(
                Kind::System,
                format!("read /proc/{pid}/stat: the process is gone or /proc is not mounted"),
            )
        })?;
        Ok(Self {
            pid,
            start_time: stat.start_time,
        })
    }

    /// Whether it still runs: a zombie does not.
    pub(crate) fn is_alive(self) -> bool {
        self.stat().is_some_and(|stat| !stat.ended)
    }

    /// Whether it still runs, and has become another program than the one that made it.
    pub(crate) fn runs_own_program(self) -> bool {
        self.stat()
            .is_some_and(|stat| !stat.ended && stat.flags & FORKED_ONLY == 0)
    }

    fn stat(self) -> Option<Stat> {
        read_stat(self.pid).filter(|stat| stat.start_time == self.start_time)
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Stat {
    ended: bool,
    flags: u32,
    start_time: u64,
}

fn read_stat(pid: i32) -> Option<Stat> {
    // One read gives the whole line: the kernel makes it at once, and it has some 350 bytes.
    let mut line = [0; 1024];
    let length = File::open(format!("/proc/{pid}/stat"))
        .ok()?
        .read(&mut line)
        .ok()?;
    parse_stat(&String::from_utf8_lossy(&line[..length]))
}

/// proc_pid_stat(5): the name in parentheses may hold anything, the fields after the last one are plain.
fn parse_stat(text: &str) -> Option<Stat> {
    let mut fields = text[text.rfind(')')? + 1..].split_ascii_whitespace();
    let state = fields.next()?;
    let flags = fields.nth(5)?.parse().ok()?;
    let start_time = fields.nth(12)?.parse().ok()?;
    Some(Stat {
        ended: matches!(state, "Z" | "X" | "x"),
        flags,
        start_time,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_names_with_spaces_and_parentheses() {
        let text =
            "7 (a) b (c)) S 1 7 7 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 12345 1000 1 18446744073709551615";
        assert_eq!(
            parse_stat(text),
            Some(Stat {
                ended: false,
                flags: 0x40_0100,
                start_time: 12345
            })
        );
        assert!(parse_stat(&text.replace(" S ", " Z ")).unwrap().ended);
        assert_eq!(parse_stat(""), None);
        assert_eq!(parse_stat("7 (x) S 1 2"), None);
    }

    #[test]
    fn knows_itself_and_not_another_process_of_the_same_pid() {
        let me = Process::of_pid(std::process::id().try_into().unwrap()).unwrap();
        assert!(me.is_alive());
        assert!(
            !Process {
                start_time: me.start_time + 1,
                ..me
            }
            .is_alive()
        );
    }

    #[test]
    fn a_child_that_executed_nothing_has_no_program_of_its_own() {
        use crate::sys::clone::{Side, clone, pidfd_kill};
        use std::os::fd::AsFd;
        let me = Process::of_pid(std::process::id().try_into().unwrap()).unwrap();
        assert!(me.runs_own_program());
        let Side::Parent { pid, pidfd } = clone(0, None).unwrap() else {
            loop {
                nix::unistd::pause();
            }
        };
        let child = Process::of_pid(pid).unwrap();
        assert!(child.is_alive() && !child.runs_own_program());
        pidfd_kill(pidfd.as_fd(), libc::SIGKILL).unwrap();
        nix::sys::wait::waitpid(nix::unistd::Pid::from_raw(pid), None).unwrap();
    }
}
