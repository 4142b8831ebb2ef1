//! The life of containers through the program's own command line.

mod concurrent;
mod debris;
mod events;
mod faults;
mod pause;
mod rootless;
mod states;
mod terminal;
mod update;

use crate::bundle::Bundle;
use corten_runtime::sys::clone::pidfd_open;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::os::fd::AsFd;

/// Waits for the end of the container's init.
pub(crate) fn wait_for_end(bundle: &Bundle) {
    let pid = bundle.state()["pid"].as_i64().unwrap();
    if pid == 0 {
        return;
    }
    if let Ok(init) = pidfd_open(pid.try_into().unwrap()) {
        let ready = poll(
            &mut [PollFd::new(init.as_fd(), PollFlags::POLLIN)],
            PollTimeout::from(10_000_u16),
        );
        assert_eq!(ready, Ok(1), "init did not end");
    }
}
