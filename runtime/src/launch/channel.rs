//! What the runtime and the container's first process say to each other.
//!
//! ```text
//! runtime (create)                        container's process
//!    │ clone3 ───────────────────────────────► born; waits here if anything is to be
//!    │ records it, maps its ids                   │ prepared outside, otherwise in its root
//!    │ ── Go ──────────────────────────────────► │ namespaces, mounts, devices
//!    │ ◄───────────────────── Mounted ────────── │   only if there are
//!    │ prestart, createRuntime hooks              │   such hooks
//!    │ ── HooksDone ───────────────────────────► │ createContainer hooks, root, identity
//!    │ ◄───────────────────── Ready ──────────── │ waits
//! runtime (start, through start.sock; or run, on the same channel)
//!    │ ── Start ───────────────────────────────► │ startContainer hooks, filter, capabilities
//!    │ ◄───── the channel closes at execve ────── │ the user's program
//! ```
//!
//! At any moment the container's process may say `Failed` and end. Each message is one datagram.

use crate::error::{Error, Kind, Result};
use crate::plan::op::Sync;
use crate::sys::files;
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::socket::{self, AddressFamily, MsgFlags, SockFlag, SockType, UnixAddr, recv, socketpair};
use serde::{Deserialize, Serialize};
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixListener;
use std::path::Path;

/// The longest message: an error with its hints.
const LONGEST: usize = 16 * 1024;

/// The name of the socket on which a created container waits for `start`.
pub const START_SOCKET: &str = "start.sock";

/// One message, in either direction.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Message {
    /// A point of the plan is reached. `pid` is the container's process as the runtime sees it, or 0.
    Sync(Sync, i32),
    /// The process that makes the container's in a user namespace it joined has made it.
    Born(i32),
    /// The container's process cannot go on, and ends.
    Failed(Error),
}

/// One end of a connection.
#[derive(Debug)]
pub(super) struct Channel(OwnedFd);

impl Channel {
    /// Two connected ends.
    pub(super) fn pair() -> Result<(Self, Self)> {
        let pair = socketpair(
            AddressFamily::Unix,
            SockType::SeqPacket,
            None,
            SockFlag::SOCK_CLOEXEC,
        );
        let (one, other) = pair.map_err(|errno| Error::syscall("socketpair()", errno as i32))?;
        Ok((Self(one), Self(other)))
    }

    /// The end's descriptor.
    pub(super) fn descriptor(&self) -> RawFd {
        self.0.as_raw_fd()
    }

    /// Says something, by write(2): the one call that no filter refuses of a program that shall say anything itself.
    /// Both sides are prepared for the other's end, the runtime by ignoring SIGPIPE, the container's by having no more
    /// to do then.
    pub(super) fn send(&self, message: &Message) -> Result<()> {
        let bytes = serde_json::to_vec(message)
            .map_err(|error| Error::new(Kind::System, format!("encode a message: {error}")))?;
        nix::unistd::write(&self.0, &bytes)
            .map(|_| ())
            .map_err(|errno| Error::syscall("write(channel)", errno as i32))
    }

    /// The next message; `None` when the other end is closed.
    pub(super) fn receive(&self) -> Result<Option<Message>> {
        let mut bytes = vec![0; LONGEST];
        let length = loop {
            match recv(self.0.as_raw_fd(), &mut bytes, MsgFlags::MSG_TRUNC) {
                // ECONNRESET tells once that the other end closed with something unread; what it said comes next.
                Err(Errno::EINTR | Errno::ECONNRESET) => {}
                Ok(0) => return Ok(None),
                Ok(length) => break length,
                Err(errno) => return Err(Error::syscall("recv()", errno as i32)),
            }
        };
        let whole = bytes.get(..length);
        let text = whole.and_then(|bytes| std::str::from_utf8(bytes).ok());
        let message = text.and_then(|text| serde_json::from_str(text).ok());
        message
            .map(Some)
            .ok_or_else(|| Error::new(Kind::System, "a message between the processes is broken"))
    }
}

/// Accepts the connection of a `start`.
pub(super) fn accept(listener: &UnixListener) -> Result<Channel> {
    loop {
        match listener.accept() {
            Ok((stream, _)) => return Ok(Channel(stream.into())),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Error::syscall("accept4()", error.raw_os_error().unwrap_or(0))),
        }
    }
}

/// A listening socket in a directory, which may have a longer path than a socket's address can hold.
pub(super) fn listen(directory: &Path) -> Result<UnixListener> {
    let (socket, address, _directory) = socket_in(directory)?;
    let failed = |call: &str, errno: Errno| {
        Error::syscall(
            format!("{call}({}/{START_SOCKET})", directory.display()),
            errno as i32,
        )
    };
    socket::bind(socket.as_raw_fd(), &address).map_err(|errno| failed("bind", errno))?;
    socket::listen(
        &socket,
        socket::Backlog::new(1).unwrap_or(socket::Backlog::MAXCONN),
    )
    .map_err(|errno| failed("listen", errno))?;
    Ok(UnixListener::from(socket))
}

/// Connects to the process that waits for its start; `None` when nobody does.
pub(super) fn connect(directory: &Path) -> Result<Option<Channel>> {
    let (socket, address, _directory) = socket_in(directory)?;
    match socket::connect(socket.as_raw_fd(), &address) {
        Ok(()) => Ok(Some(Channel(socket))),
        Err(Errno::ENOENT | Errno::ECONNREFUSED) => Ok(None),
        Err(errno) => Err(Error::syscall(
            format!("connect({}/{START_SOCKET})", directory.display()),
            errno as i32,
        )),
    }
}

/// Whether a process waits for its start. One that was started by a `start` that was killed at once has left the
/// socket's file behind, but listens no more.
pub(super) fn is_awaited(directory: &Path) -> bool {
    let Ok((socket, address, _directory)) = socket_in(directory) else {
        return false;
    };
    // Without waiting: a frozen process accepts nobody, and its queue may be full.
    let flags = fcntl(&socket, FcntlArg::F_SETFL(OFlag::O_NONBLOCK));
    flags.is_ok()
        && matches!(
            socket::connect(socket.as_raw_fd(), &address),
            Ok(()) | Err(Errno::EAGAIN)
        )
}

/// A new socket, the start socket's short address, and the directory that the address goes through.
fn socket_in(directory: &Path) -> Result<(OwnedFd, UnixAddr, OwnedFd)> {
    let socket = socket::socket(
        AddressFamily::Unix,
        SockType::SeqPacket,
        SockFlag::SOCK_CLOEXEC,
        None,
    )
    .map_err(|errno| Error::syscall("socket(AF_UNIX, SOCK_SEQPACKET)", errno as i32))?;
    let directory = files::open_path(&directory.to_string_lossy())?;
    let path = format!("/proc/self/fd/{}/{START_SOCKET}", directory.as_raw_fd());
    let address =
        UnixAddr::new(path.as_str()).map_err(|errno| Error::syscall("sockaddr_un", errno as i32))?;
    Ok((socket, address, directory))
}

/// The start has happened: its socket goes, and the container counts as started.
pub(super) fn forget_start(directory: &Path) -> Result<()> {
    let directory = files::open_path(&directory.to_string_lossy())?;
    match files::remove(directory.as_fd(), START_SOCKET) {
        Err(error) if error.errno() == Some(libc::ENOENT) => Ok(()),
        other => other,
    }
}
