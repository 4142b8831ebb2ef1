//! CRIU at work: the program as a child of ours that is asked through a socket (`criu swrk`).

use crate::error::{Error, Kind, Result};
use crate::plan::criu::{Notification, Response, go_on};
use crate::sys::{console, process};
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::sys::socket::{AddressFamily, MsgFlags, Shutdown, SockFlag, SockType, send, shutdown, socketpair};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::process::{Child, Command};

/// The program, looked up in PATH.
const PROGRAM: &str = "criu";

/// How errors that CRIU itself tells begin.
pub(super) const FAILED: &str = "criu failed";

/// The longest message that CRIU sends.
const LONGEST: usize = 40 * 1024;

/// A CRIU that waits for its one request.
#[derive(Debug)]
pub(super) struct Session {
    child: Child,
    channel: OwnedFd,
}

impl Session {
    /// Starts CRIU with our standard streams and the descriptors to inherit, under the same numbers; no other gets there.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub(super) fn start(inherited: &[BorrowedFd<'_>]) -> Result<Self> {
        let pair = socketpair(
            AddressFamily::Unix,
            SockType::SeqPacket,
            None,
            SockFlag::SOCK_CLOEXEC,
        );
        let (channel, theirs) = pair.map_err(|errno| Error::syscall("socketpair()", errno as i32))?;
        process::close_on_exec_from(3)?;
        for descriptor in inherited.iter().copied().chain([theirs.as_fd()]) {
            fcntl(descriptor, FcntlArg::F_SETFD(FdFlag::empty()))
                .map_err(|errno| Error::syscall("fcntl(F_SETFD)", errno as i32))?;
        }
        let child = Command::new(PROGRAM)
            .args(["swrk", &theirs.as_raw_fd().to_string()])
            .spawn()
            .map_err(|error| {
                let error = Error::syscall("execve criu", error.raw_os_error().unwrap_or(0));
                error.hint("checkpoint and restore are CRIU's work: install it, so that it is found in PATH")
            })?;
        Ok(Self { child, channel })
    }

    /// The id of CRIU's process.
    pub(super) fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).unwrap_or_default()
    }

    /// Makes the request, answers the notifications by `meet` (with the descriptor that came along), and waits for
    /// CRIU's end. Should `meet` fail, CRIU stops, and the error is that one.
    ///
    /// # Errors
    /// CRIU's own, without its log.
    pub(super) fn ask(
        mut self,
        request: &[u8],
        meet: &mut dyn FnMut(&Notification, Option<OwnedFd>) -> Result<()>,
    ) -> Result<Response> {
        let answer = self.converse(request, meet);
        // CRIU ends when nobody asks any more, whatever it was doing; after a failure of ours, at once.
        let _ = shutdown(self.channel.as_raw_fd(), Shutdown::Write);
        let channel = answer.is_ok().then_some(self.channel);
        let ended = self.child.wait();
        drop(channel);
        let response = answer?;
        let ended = ended.map_err(|error| Error::syscall("wait()", error.raw_os_error().unwrap_or(0)))?;
        // After a pre-dump it waits in vain for the dump that another process will ask for.
        if response.pre_dump || ended.success() {
            Ok(response)
        } else {
            Err(Error::new(
                Kind::System,
                format!("{FAILED}: it ended with {ended}"),
            ))
        }
    }

    fn converse(
        &self,
        request: &[u8],
        meet: &mut dyn FnMut(&Notification, Option<OwnedFd>) -> Result<()>,
    ) -> Result<Response> {
        self.send(request)?;
        let mut buffer = vec![0; LONGEST];
        loop {
            let (length, descriptor) = console::receive(self.channel.as_fd(), &mut buffer)?;
            let message = buffer.get(..length).filter(|message| !message.is_empty());
            let response = message
                .and_then(Response::parse)
                .ok_or_else(|| Error::new(Kind::System, format!("{FAILED}: it ended without an answer")))?;
            if !response.success {
                return Err(refusal(&response));
            }
            match &response.notification {
                Some(notification) => meet(notification, descriptor)?,
                None => return Ok(response),
            }
            self.send(&go_on())?;
        }
    }

    fn send(&self, message: &[u8]) -> Result<()> {
        loop {
            match send(self.channel.as_raw_fd(), message, MsgFlags::MSG_NOSIGNAL) {
                Ok(_) => return Ok(()),
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(Error::syscall("send() to criu", errno as i32)),
            }
        }
    }
}

fn refusal(response: &Response) -> Error {
    let said = response
        .message
        .as_deref()
        .unwrap_or("it gives no reason")
        .trim_end();
    match response.errno {
        0 => Error::new(Kind::System, format!("{FAILED}: {said}")),
        errno => Error::syscall(format!("{FAILED}: {said}"), errno),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_what_criu_says() {
        let response = Response {
            errno: libc::EPERM,
            message: Some("no right".into()),
            ..Response::default()
        };
        assert_eq!(
            refusal(&response).to_string(),
            "criu failed: no right: operation not permitted"
        );
    }
}
