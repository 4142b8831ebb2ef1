//! `--pidfd-socket`: a descriptor of the new process for who listens on a unix socket.

use crate::error::{Context, Error, Result};
use nix::sys::socket::{ControlMessage, MsgFlags, sendmsg};
use std::io::IoSlice;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;

/// Sends the descriptor to the socket at `path`, which is relative to the working directory.
///
/// # Errors
/// When nobody listens there.
pub(super) fn send(path: &Path, pidfd: BorrowedFd<'_>) -> Result<()> {
    let failed = |call: &str, errno: i32| {
        Error::syscall(format!("{call} {}", path.display()), errno)
            .hint("--pidfd-socket names a unix socket on which somebody listens")
    };
    let connected = UnixStream::connect(path)
        .map_err(|error| failed("connect to", error.raw_os_error().unwrap_or(libc::EINVAL)));
    let socket = connected.context(|| "send the process's descriptor")?;
    let fds = [pidfd.as_raw_fd()];
    let rights = [ControlMessage::ScmRights(&fds)];
    let text = [IoSlice::new(b"pidfd")];
    let sent = sendmsg::<()>(socket.as_raw_fd(), &text, &rights, MsgFlags::MSG_NOSIGNAL, None);
    sent.map(|_| ())
        .map_err(|errno| failed("sendmsg to", errno as i32))
        .context(|| "send the process's descriptor")
}
