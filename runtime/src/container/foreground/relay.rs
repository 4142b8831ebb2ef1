//! Bytes between the caller's standard streams and the container's terminal, without ever blocking on it.

use super::console::Host;
use crate::error::{Error, Result};
use crate::sys::terminal;
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags};
use nix::unistd::{read, write};
use std::io::{Stdin, Stdout, stdin, stdout};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// A pipe takes this much at once when poll says that it takes something (PIPE_BUF).
const CHUNK: usize = 4096;

/// The two directions of a terminal session.
#[derive(Debug)]
pub(super) struct Relay {
    stdin: Stdin,
    stdout: Stdout,
    master: OwnedFd,
    host: Host,
    input: Flow,
    output: Flow,
}

/// One direction: what was read and is not written yet.
#[derive(Debug)]
struct Flow {
    buffer: Box<[u8; CHUNK]>,
    start: usize,
    end: usize,
    open: bool,
}

impl Relay {
    /// Connects the streams: the caller's terminal turns raw, the container's gets its size.
    pub(super) fn new(master: OwnedFd, mut host: Host) -> Result<Self> {
        fcntl(&master, FcntlArg::F_SETFL(OFlag::O_RDWR | OFlag::O_NONBLOCK))
            .map_err(|errno| Error::syscall("fcntl(F_SETFL)", errno as i32))?;
        host.make_raw()?;
        let (input, output) = (Flow::new(), Flow::new());
        let relay = Self {
            stdin: stdin(),
            stdout: stdout(),
            master,
            host,
            input,
            output,
        };
        relay.resize();
        Ok(relay)
    }

    /// What to wait for: where bytes come from while there is room, where they go while there are some.
    pub(super) fn watched(&self) -> Vec<PollFd<'_>> {
        let master = self.output.wants(PollFlags::POLLIN) | self.input.has(PollFlags::POLLOUT);
        [
            (self.stdin.as_fd(), self.input.wants(PollFlags::POLLIN)),
            (self.stdout.as_fd(), self.output.has(PollFlags::POLLOUT)),
            (self.master.as_fd(), master),
        ]
        .into_iter()
        .filter(|(_, events)| !events.is_empty())
        .map(|(fd, events)| PollFd::new(fd, events))
        .collect()
    }

    /// Moves what can be moved without waiting.
    pub(super) fn transfer(&mut self) {
        if ready(self.stdin.as_fd(), PollFlags::POLLIN) {
            self.input.fill(self.stdin.as_fd());
        }
        self.input.empty(self.master.as_fd());
        self.output.fill(self.master.as_fd());
        if ready(self.stdout.as_fd(), PollFlags::POLLOUT) {
            self.output.empty(self.stdout.as_fd());
        }
    }

    /// Writes all that the container's processes have left in their terminal.
    pub(super) fn drain(&mut self) {
        loop {
            self.output.empty(self.stdout.as_fd());
            self.output.fill(self.master.as_fd());
            if self.output.is_empty() {
                return;
            }
        }
    }

    /// Gives the container's terminal the size of the caller's.
    pub(super) fn resize(&self) {
        // A terminal without a size is fine: the program inside sees 0 by 0, as outside.
        if let Ok((rows, columns)) = self.host.size() {
            drop(terminal::set_size(self.master.as_fd(), rows, columns));
        }
    }
}

impl Flow {
    fn new() -> Self {
        Self {
            buffer: Box::new([0; CHUNK]),
            start: 0,
            end: 0,
            open: true,
        }
    }

    fn is_empty(&self) -> bool {
        self.start == self.end
    }

    fn wants(&self, events: PollFlags) -> PollFlags {
        if self.open && self.is_empty() {
            events
        } else {
            PollFlags::empty()
        }
    }

    fn has(&self, events: PollFlags) -> PollFlags {
        if self.is_empty() {
            PollFlags::empty()
        } else {
            events
        }
    }

    /// Reads once when the buffer is empty; an end or an error (EIO: no process has the terminal) closes it.
    fn fill(&mut self, from: BorrowedFd<'_>) {
        if !self.open || !self.is_empty() {
            return;
        }
        match read(from, &mut self.buffer[..]) {
            Err(Errno::EAGAIN | Errno::EINTR) => {}
            Ok(0) | Err(_) => self.open = false,
            Ok(count) => (self.start, self.end) = (0, count),
        }
    }

    /// Writes once; what nobody takes any more is dropped.
    fn empty(&mut self, to: BorrowedFd<'_>) {
        if self.is_empty() {
            return;
        }
        match write(to, &self.buffer[self.start..self.end]) {
            Err(Errno::EAGAIN | Errno::EINTR) => {}
            Ok(count) => self.start += count,
            Err(_) => (self.start, self.end) = (0, 0),
        }
    }
}

fn ready(fd: BorrowedFd<'_>, events: PollFlags) -> bool {
    let mut fds = [PollFd::new(fd, events)];
    nix::poll::poll(&mut fds, nix::poll::PollTimeout::ZERO).is_ok_and(|count| count > 0)
}
