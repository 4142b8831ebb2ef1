//! Sockets: the attach socket, the console socket, the control socket.

use std::fs::File;
use std::io::IoSliceMut;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::Instant;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{
    AddressFamily, Backlog, ControlMessageOwned, MsgFlags, SockFlag, SockType, UnixAddr, bind, recvmsg, send,
    setsockopt, socket, sockopt,
};

use super::files::short_path;
use crate::error::{Call, Error, Kind, Result};

/// Listens on a socket of mode 0600 in `dir`, whatever the length of the directory's path.
///
/// # Errors
/// The socket cannot be made.
pub fn listen(dir: &File, name: &str) -> Result<UnixListener> {
    listen_on(dir, name, SockType::Stream)
}

/// As [`listen`], for connections that keep the bounds of what is sent.
///
/// # Errors
/// The socket cannot be made.
pub fn listen_packets(dir: &File, name: &str) -> Result<UnixListener> {
    listen_on(dir, name, SockType::SeqPacket)
}

fn listen_on(dir: &File, name: &str, kind: SockType) -> Result<UnixListener> {
    let path = short_path(dir, name);
    let call = || format!("bind({name})");
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error).call(call),
        _ => {}
    }
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let socket = socket(AddressFamily::Unix, kind, flags, None).call(|| "socket(AF_UNIX)")?;
    bind(socket.as_raw_fd(), &UnixAddr::new(&path).call(call)?).call(call)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).call(call)?;
    nix::sys::socket::listen(&socket, Backlog::MAXCONN).call(|| format!("listen({name})"))?;
    Ok(UnixListener::from(socket))
}

/// The descriptor that the peer sends with its first message.
///
/// # Errors
/// The message brings none.
pub fn receive_descriptor(socket: &UnixStream) -> Result<File> {
    let mut text = [0; 4096];
    let mut space = nix::cmsg_space!([std::os::fd::RawFd; 1]);
    let mut slices = [IoSliceMut::new(&mut text)];
    let message = recvmsg::<()>(
        socket.as_raw_fd(),
        &mut slices,
        Some(&mut space),
        MsgFlags::MSG_CMSG_CLOEXEC,
    )
    .call(|| "recvmsg(console socket)")?;
    for control in message.cmsgs().call(|| "recvmsg(console socket)")? {
        if let ControlMessageOwned::ScmRights(descriptors) = control
            && let Some(first) = descriptors.first()
        {
            return Ok(File::from(adopt(*first)));
        }
    }
    Err(Error::new(
        Kind::Runtime,
        "the message on the console socket brought no terminal",
    ))
}

/// Takes a descriptor that nobody else in this process owns.
#[allow(unsafe_code, reason = "a number becomes an owner here, once")]
fn adopt(raw: std::os::fd::RawFd) -> OwnedFd {
    // SAFETY: the kernel has just installed `raw` for this message; nobody else knows the number.
    unsafe { std::os::fd::FromRawFd::from_raw_fd(raw) }
}

/// The caller's end of the control connection.
pub struct Control(OwnedFd);

impl Control {
    /// Takes over descriptor `raw`, which the caller left open for this program.
    ///
    /// # Errors
    /// There is no such descriptor, or it is not a socket of packets.
    #[allow(unsafe_code, reason = "the number comes from the command line")]
    pub fn inherit(raw: std::os::fd::RawFd) -> Result<Self> {
        // SAFETY: this is called once, before anything else was opened; the number is the caller's gift.
        let borrowed = unsafe { BorrowedFd::borrow_raw(raw) };
        let kind = nix::sys::socket::getsockopt(&borrowed, sockopt::SockType)
            .call(|| format!("getsockopt(--control-fd {raw}, SO_TYPE)"))?;
        if kind != SockType::SeqPacket {
            return Err(Error::new(
                Kind::Usage,
                format!("--control-fd {raw} is not a SOCK_SEQPACKET socket"),
            ));
        }
        let control = Self(adopt(raw));
        nix::fcntl::fcntl(
            &control.0,
            nix::fcntl::FcntlArg::F_SETFD(nix::fcntl::FdFlag::FD_CLOEXEC),
        )
        .call(|| format!("fcntl({raw}, FD_CLOEXEC)"))?;
        Ok(control)
    }

    /// Sends one message. That the caller has gone is its own affair.
    pub fn send(&self, message: &[u8]) {
        let flags = MsgFlags::MSG_NOSIGNAL | MsgFlags::MSG_DONTWAIT;
        let _ = send(self.0.as_raw_fd(), message, flags);
    }

    /// Receives one message into `buffer`: `None` if there is none yet, empty if the caller has gone.
    pub fn receive<'a>(&self, buffer: &'a mut [u8]) -> Option<&'a [u8]> {
        match nix::sys::socket::recv(self.0.as_raw_fd(), buffer, MsgFlags::MSG_DONTWAIT) {
            Ok(length) => Some(&buffer[..length]),
            Err(Errno::EAGAIN | Errno::EINTR) => None,
            Err(_) => Some(&[]),
        }
    }
}

impl AsFd for Control {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Connects to a socket without waiting for its owner, not even when more callers wait than it lets in.
///
/// # Errors
/// Nobody listens (`ECONNREFUSED`), there is no such socket (`ENOENT`), or its queue is full (`EAGAIN`).
pub fn connect(path: &std::path::Path) -> Result<UnixStream> {
    use nix::sys::socket::{AddressFamily, SockFlag, SockType, UnixAddr, connect, socket};
    let call = || format!("connect({})", path.display());
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let made = socket(AddressFamily::Unix, SockType::Stream, flags, None).call(call)?;
    connect(made.as_raw_fd(), &UnixAddr::new(path).call(call)?).call(call)?;
    Ok(made.into())
}

/// Whether the other end is root, or who this process is.
pub fn is_trusted(socket: &UnixStream) -> bool {
    let credentials = nix::sys::socket::getsockopt(socket, sockopt::PeerCredentials);
    credentials.is_ok_and(|peer| peer.uid() == 0 || peer.uid() == nix::unistd::geteuid().as_raw())
}

/// Waits until the socket takes more, at most until then.
pub fn wait_until_writable(socket: impl AsFd, deadline: Instant) {
    let left = deadline.saturating_duration_since(Instant::now());
    let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
    let _ = poll(&mut [PollFd::new(socket.as_fd(), PollFlags::POLLOUT)], timeout);
}

/// Makes this process the one that others find behind a socket which its parent has made ([`peer`]).
///
/// # Errors
/// Only those of a wrong call.
pub fn own(listener: &UnixListener) -> Result<()> {
    // Each listen(2) sets the credentials anew.
    nix::sys::socket::listen(listener, Backlog::MAXCONN).call(|| "listen")
}

/// Who listened on the other end's socket, if that can be told.
pub fn peer(socket: &UnixStream) -> Option<i32> {
    let credentials = nix::sys::socket::getsockopt(socket, sockopt::PeerCredentials).ok()?;
    Some(credentials.pid()).filter(|pid| *pid > 0)
}

/// Lets the kernel hold up to `bytes` more for the peer, so that they outlive this process.
/// Says whether it does; the privilege for it is CAP_NET_ADMIN.
pub fn force_send_buffer(socket: &UnixStream, bytes: usize) -> bool {
    setsockopt(socket, sockopt::SndBufForce, &bytes).is_ok()
}
