//! Waiting for events from outside: the end of a process, a FIFO's other end.

use crate::command::DEADLINE;
use crate::sys;
use std::fs::OpenOptions;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Waits for the end of a process that is not our child.
#[track_caller]
pub fn for_end_of(pid: u32) {
    assert!(
        sys::exits_within(pid, DEADLINE),
        "process {pid} still runs after {DEADLINE:?}"
    );
}

/// Waits for the end of a process, but not longer than this; says whether it came.
pub fn ends_within(pid: u32, time: std::time::Duration) -> bool {
    sys::exits_within(pid, time)
}

/// Is there a process with this id? One that has ended and only waits to be waited for counts no more.
pub fn exists(pid: u32) -> bool {
    !sys::exits_within(pid, std::time::Duration::ZERO)
}

/// A FIFO on which a container tells that it runs (the probe's `ready`).
#[track_caller]
pub fn fifo(path: &Path) {
    nix::unistd::mkfifo(path, nix::sys::stat::Mode::from_bits_truncate(0o666))
        .unwrap_or_else(|e| panic!("mkfifo {}: {e}", path.display()));
}

/// Waits until somebody has written a line to the FIFO.
#[track_caller]
pub fn for_line_in(path: &Path) -> String {
    let mut fifo = OpenOptions::new()
        .read(true)
        .write(true) // so that the open does not wait, and no end of file is seen before the writer came
        .custom_flags(libc::O_CLOEXEC)
        .open(path)
        .unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut line = Vec::new();
    let mut byte = [0];
    while byte[0] != b'\n' {
        assert!(
            sys::readable_within(&fifo, DEADLINE),
            "nobody wrote to {}",
            path.display()
        );
        fifo.read_exact(&mut byte)
            .unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        line.push(byte[0]);
    }
    String::from_utf8_lossy(&line).trim_end().to_owned()
}
