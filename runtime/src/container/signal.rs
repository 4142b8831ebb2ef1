//! Signals to a container: their names, and whom they reach.

use super::{Container, Process};
use crate::apply::cgroup;
use crate::error::{Error, Kind, Result};
use crate::oci::Status;
use crate::sys::clone::{pidfd_kill, pidfd_open};
use nix::sys::signal::Signal;
use std::os::fd::{AsFd, OwnedFd};
use std::str::FromStr;

/// The signal meant by a name with or without `SIG`, in any case, or by a number.
///
/// # Errors
/// When there is no such signal.
pub(crate) fn parse(text: &str) -> Result<Number> {
    if let Ok(number) = text.parse::<i32>() {
        return if (1..=libc::SIGRTMAX()).contains(&number) {
            Ok(Number(number))
        } else {
            Err(unknown(text))
        };
    }
    let name = text.to_ascii_uppercase();
    let name = name.strip_prefix("SIG").unwrap_or(&name);
    if let Some(number) = parse_real_time(name) {
        return Ok(Number(number));
    }
    Signal::from_str(&format!("SIG{name}"))
        .map(|signal| Number(signal as i32))
        .map_err(|_| unknown(text))
}

/// A number that is a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Number(i32);

fn unknown(text: &str) -> Error {
    Error::new(Kind::Usage, format!("unknown signal {text:?}"))
        .hint("give a name such as KILL or SIGTERM, or a number from 1 to 64")
}

/// `RTMIN`, `RTMIN+3`, `RTMAX-1`.
fn parse_real_time(name: &str) -> Option<i32> {
    let (base, offset) = if let Some(offset) = name.strip_prefix("RTMIN") {
        (libc::SIGRTMIN(), offset)
    } else {
        (libc::SIGRTMAX(), name.strip_prefix("RTMAX")?)
    };
    let offset = if offset.is_empty() {
        0
    } else {
        offset.parse::<i32>().ok()?
    };
    Some(base + offset).filter(|number| (libc::SIGRTMIN()..=libc::SIGRTMAX()).contains(number))
}

/// Sends a signal to a container's init, or to all of its processes. Without a pid namespace of its own, no other
/// process ends with init: SIGKILL then always means all. What is being made has one process, which takes no other signal.
///
/// # Errors
/// When the container has no process to send it to.
pub(crate) fn send(container: &Container, signal: Number, all: bool) -> Result<()> {
    let record = container.record();
    let status = container.status();
    let kills = signal.0 == libc::SIGKILL;
    // A container that never had an init need not have its configuration either.
    let everybody = || Ok(all || kills && record.init.is_some() && !container.has_own_pids()?);
    if status != Status::Creating && !record.cgroup.groups.is_empty() && everybody()? {
        // Processes may outlive init where they share its pid namespace: a stopped container is fine.
        return cgroup::signal_all(&record.cgroup, signal.0);
    }
    let reached = match status {
        Status::Created | Status::Running | Status::Paused => record.init,
        Status::Creating if kills => record.init,
        Status::Creating | Status::Stopped => None,
    };
    match reached.map(open).transpose()?.flatten() {
        Some(init) => pidfd_kill(init.as_fd(), signal.0),
        None => Err(nobody_to_signal(container, status)),
    }
}

/// A descriptor of a recorded process; none when it has ended.
///
/// # Errors
/// When the kernel refuses a descriptor of a living process.
pub(crate) fn open(process: Process) -> Result<Option<OwnedFd>> {
    match pidfd_open(process.pid) {
        // The pid may have been reused before the descriptor was opened, not after.
        Ok(fd) => Ok(process.is_alive().then_some(fd)),
        Err(error) if error.errno() == Some(libc::ESRCH) => Ok(None),
        Err(error) => Err(error),
    }
}

fn nobody_to_signal(container: &Container, status: Status) -> Error {
    let id = container.id().as_str();
    if status == Status::Creating {
        // Not the words by which callers know a container that has ended.
        return Error::new(Kind::State, format!("cannot signal a container that is being created: {id:?}"))
            .hint("wait for `create` to return; as soon as there is a process, SIGKILL ends it, and its creation fails");
    }
    Error::new(Kind::State, format!("container not running: {id:?} is {status}"))
        .hint("`kill` needs a container that is created, running or paused")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_of_signals() {
        for (text, number) in [
            ("9", 9),
            ("KILL", 9),
            ("SIGKILL", 9),
            ("sigterm", 15),
            ("hup", 1),
            ("64", 64),
            ("RTMIN+1", libc::SIGRTMIN() + 1),
            ("SIGRTMAX", libc::SIGRTMAX()),
            ("rtmax-2", libc::SIGRTMAX() - 2),
        ] {
            assert_eq!(parse(text).unwrap(), Number(number), "{text}");
        }
        for text in ["", "0", "65", "-9", "NOSUCH", "SIG", "RTMIN-1", "RTMAX+1", "9x"] {
            assert_eq!(
                parse(text).unwrap_err().to_string(),
                format!("unknown signal {text:?}")
            );
        }
    }
}
