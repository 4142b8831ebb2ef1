//! The caller's terminal, and how the master of the container's arrives.

use super::relay::Relay;
use crate::error::{Context, Error, Result};
use crate::sys::console;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};
use nix::sys::termios::{OutputFlags, SetArg, Termios, cfmakeraw, tcgetattr, tcsetattr};
use std::fs::OpenOptions;
use std::io::{IsTerminal, stderr, stdin, stdout};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// The caller's terminal, while the container's is still to come.
#[derive(Debug)]
pub(super) struct Terminal {
    receiver: OwnedFd,
    host: Host,
}

impl Terminal {
    /// Finds the caller's terminal; returns the socket that the container's master is to be sent to.
    pub(super) fn open() -> Result<(OwnedFd, Self)> {
        let host = Host::open()?;
        let (sender, receiver) = socketpair(
            AddressFamily::Unix,
            SockType::Stream,
            None,
            SockFlag::SOCK_CLOEXEC,
        )
        .map_err(|errno| Error::syscall("socketpair", errno as i32))?;
        Ok((sender, Self { receiver, host }))
    }

    /// Takes the master and connects both terminals.
    pub(super) fn receive(self) -> Result<Relay> {
        let master = console::receive_descriptor(self.receiver.as_fd())
            .context(|| "receive the container's terminal")?;
        keep_line_ends(master.as_fd())?;
        Relay::new(master, self.host)
    }
}

/// The caller's terminal translates line ends already: the container's must not do it again.
fn keep_line_ends(master: BorrowedFd<'_>) -> Result<()> {
    let mut modes = modes(master)?;
    modes.output_flags.remove(OutputFlags::ONLCR);
    set_modes(master, &modes)
}

/// The caller's terminal.
#[derive(Debug)]
pub(super) struct Host {
    fd: OwnedFd,
    before: Option<Termios>,
}

impl Host {
    /// One of the standard streams, or else the controlling terminal.
    fn open() -> Result<Self> {
        let (input, output, errors) = (stdin(), stdout(), stderr());
        let streams = [input.as_fd(), output.as_fd(), errors.as_fd()];
        let fd = match streams.into_iter().find(IsTerminal::is_terminal) {
            Some(fd) => fd.try_clone_to_owned(),
            None => OpenOptions::new()
                .read(true)
                .write(true)
                .open("/dev/tty")
                .map(OwnedFd::from),
        };
        let fd = fd.map_err(|error| {
            Error::syscall("open /dev/tty", error.raw_os_error().unwrap_or(0))
                .context("find the caller's terminal")
                .hint("process.terminal is true: run it in a terminal, give --detach and --console-socket, or set it to false")
        })?;
        Ok(Self { fd, before: None })
    }

    /// Lets every key through to the container; what it was before comes back when this is dropped.
    pub(super) fn make_raw(&mut self) -> Result<()> {
        let before = modes(self.fd.as_fd())?;
        let mut raw = before.clone();
        cfmakeraw(&mut raw);
        raw.output_flags.insert(OutputFlags::OPOST);
        set_modes(self.fd.as_fd(), &raw)?;
        self.before = Some(before);
        Ok(())
    }

    /// The size in characters: rows and columns.
    pub(super) fn size(&self) -> Result<(u16, u16)> {
        console::size(self.fd.as_fd())
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            // Nothing can be done about a terminal that is gone.
            drop(set_modes(self.fd.as_fd(), before));
        }
    }
}

fn modes(terminal: BorrowedFd<'_>) -> Result<Termios> {
    tcgetattr(terminal).map_err(|errno| Error::syscall("tcgetattr", errno as i32))
}

fn set_modes(terminal: BorrowedFd<'_>, modes: &Termios) -> Result<()> {
    tcsetattr(terminal, SetArg::TCSANOW, modes).map_err(|errno| Error::syscall("tcsetattr", errno as i32))
}
