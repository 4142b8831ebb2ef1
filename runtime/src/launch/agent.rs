//! The agent of a seccomp profile that notifies: connected to before the container exists, told of the filter's
//! listener once that exists (runtime-spec, "The Container Process State").

use crate::error::{Context, Error, Kind, Result};
use crate::oci::{Spec, State};
use crate::plan::Plan;
use crate::plan::op::{InitOp, ProcessOp};
use crate::sys::seccomp::FLAG_NEW_LISTENER;
use nix::sys::socket::{ControlMessage, MsgFlags, sendmsg};
use serde::Serialize;
use std::io::IoSlice;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;

/// A connection to the agent.
pub(super) struct Agent<'a> {
    socket: UnixStream,
    metadata: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ContainerProcessState<'a> {
    oci_version: &'a str,
    fds: [&'a str; 1],
    pid: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<&'a str>,
    state: &'a State<'a>,
}

impl<'a> Agent<'a> {
    /// Connects, if a rule of the plan's filter notifies.
    pub(super) fn connect(spec: &'a Spec<'_>, plan: &Plan<'_>) -> Result<Option<Self>> {
        let notifies = |op: &InitOp<'_>| match op {
            InitOp::Process(ProcessOp::Seccomp { flags, .. }) => flags & FLAG_NEW_LISTENER != 0,
            _ => false,
        };
        let profile = spec.linux.as_ref().and_then(|linux| linux.seccomp.as_ref());
        let Some(profile) = profile.filter(|_| plan.init.iter().any(notifies)) else {
            return Ok(None);
        };
        let path = profile.listener_path.as_deref().unwrap_or_default();
        let socket = UnixStream::connect(path).map_err(|error| {
            let errno = error.raw_os_error().unwrap_or(libc::EINVAL);
            Error::syscall(
                format!("failed to connect with seccomp agent: connect({path:?})"),
                errno,
            )
            .hint("the agent must listen on linux.seccomp.listenerPath before create is called")
        })?;
        Ok(Some(Self {
            socket,
            metadata: profile.listener_metadata.as_deref(),
        }))
    }

    /// The connection's descriptor.
    pub(super) fn descriptor(&self) -> RawFd {
        self.socket.as_raw_fd()
    }

    /// Gives the listener of the process `pid` away, by one system call: the filter is in force already.
    pub(super) fn announce(&self, listener: &OwnedFd, pid: i32, state: &State<'_>) -> Result<()> {
        let told = ContainerProcessState {
            oci_version: crate::oci::VERSION,
            fds: ["seccompFd"],
            pid,
            metadata: self.metadata,
            state,
        };
        let text = serde_json::to_vec(&told)
            .map_err(|error| Error::new(Kind::System, format!("encode the state: {error}")))?;
        let fds = [listener.as_raw_fd()];
        let rights = [ControlMessage::ScmRights(&fds)];
        let sent = sendmsg::<()>(
            self.descriptor(),
            &[IoSlice::new(&text)],
            &rights,
            MsgFlags::MSG_NOSIGNAL,
            None,
        );
        match sent {
            Ok(length) if length == text.len() => Ok(()),
            Ok(_) => Err(Error::syscall("sendmsg(the filter's listener)", libc::EMSGSIZE)),
            Err(errno) => Err(Error::syscall("sendmsg(the filter's listener)", errno as i32)
                .hint("the filter must not refuse sendmsg, which passes the listener to the agent")),
        }
        .context(|| "tell the seccomp agent")
    }
}
