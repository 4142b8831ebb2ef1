//! The life of containers through the program's own command line.

mod command_line;
mod concurrent;
mod debris;
mod events;
mod faults;
mod notify;
mod pause;
mod rootless;
mod states;
pub(crate) mod terminal;
mod update;

use crate::bundle::Bundle;
use corten_runtime::sys::clone::pidfd_open;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::os::fd::AsFd;

/// Waits for the end of a process that has been told to end.
pub(crate) fn wait_for_process(pid: i64, which: &str) {
    if let Ok(process) = pidfd_open(pid.try_into().unwrap()) {
        let ready = poll(
            &mut [PollFd::new(process.as_fd(), PollFlags::POLLIN)],
            PollTimeout::from(10_000_u16),
        );
        assert_eq!(ready, Ok(1), "{which} did not end");
    }
}

/// Waits for the end of the container's init.
pub(crate) fn wait_for_end(bundle: &Bundle) {
    let pid = bundle.state()["pid"].as_i64().unwrap();
    if pid == 0 {
        return;
    }
    wait_for_process(pid, "init");
}
