//! From a plan to a container: the runtime's side of creation, the container's side up to its exec, the
//! hooks between them. What is recorded about a container, and where, is the caller's (`container`).

mod agent;
mod channel;
mod child;
mod create;
pub mod criu;
pub mod exec;
pub mod hooks;
mod parent;
mod protect;

pub use channel::START_SOCKET;
pub use create::{facts_of_existing, find_facts, resolve_root};
use parent::connect;
pub use protect::protect_own_file;

use crate::error::{Error, Kind, Result};
use crate::oci::Spec;
use crate::plan::op::Sync;
use crate::sys::clone::pidfd_kill;
use channel::{Channel, Message};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

/// What `create` needs to know beside config.json; nothing is left to interpret.
#[derive(Debug)]
pub struct Request<'a> {
    /// The container's id.
    pub id: &'a str,
    /// The bundle, absolute.
    pub bundle: &'a Path,
    /// The container's state directory, absolute; it exists.
    pub state_dir: &'a Path,
    /// A directory that no mount's source is in, absolute; it exists. An old kernel makes mounts over it.
    pub mounts_in: &'a Path,
    /// Who gets the terminal's master.
    pub console: Console<'a>,
    /// MS_MOVE and chroot instead of pivot_root.
    pub no_pivot: bool,
    /// Keep the caller's session keyring.
    pub no_new_keyring: bool,
    /// How many descriptors from 3 on the container keeps (beside LISTEN_FDS).
    pub preserve_fds: u32,
    /// Who lets the process go.
    pub gate: Gate,
    /// Where each operation's duration goes.
    pub trace: Option<&'a Path>,
    /// Who makes the container's cgroups.
    pub cgroups: CgroupDriver,
}

/// Who makes a container's cgroups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CgroupDriver {
    /// The runtime itself, in the cgroup file systems.
    Files,
    /// systemd: the user's (`Some(true)`), the machine's (`Some(false)`), or as the caller's rights have it.
    Systemd {
        /// Whose.
        user: Option<bool>,
    },
}

/// Who gets the master of a container's terminal.
#[derive(Debug)]
pub enum Console<'a> {
    /// Nobody: the container has no terminal.
    None,
    /// Who listens on this unix socket.
    Socket(&'a Path),
    /// The other end of this connected unix socket.
    Connected(OwnedFd),
}

/// How the created container is told to start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// By another process, through a socket in the state directory: `create`.
    Socket,
    /// By the creating process, through [`Created::start`]: `run`.
    Channel,
}

/// What has just become true, or is about to; it must be on record before creation goes on.
#[derive(Debug)]
pub enum Progress<'a> {
    /// The plan is made, nothing is done yet.
    Planned {
        /// What the configuration says in vain, one sentence each; for the log.
        warnings: &'a [String],
        /// The groups that will be made.
        cgroup: &'a crate::plan::cgroup::Record,
        /// The resctrl groups that will be made, in the order of their removal.
        resctrl: &'a [String],
    },
    /// The container's first process exists and waits; it dies with the runtime until `create` is done.
    Born {
        /// Its id outside.
        pid: i32,
    },
}

/// A container that is set up and waits for its start.
#[derive(Debug)]
pub struct Created {
    /// The id of its first process, outside.
    pub pid: i32,
    /// The same process, safe against reuse of the id.
    pub pidfd: OwnedFd,
    /// To the process, with [`Gate::Channel`].
    channel: Option<Channel>,
    /// It waits to be told to start.
    waits: bool,
}

impl Created {
    /// Lets the process of a container with [`Gate::Channel`] go, if it is not under way already; returns when it has
    /// become the user's program.
    ///
    /// # Errors
    /// Whatever kept it from that, told by the container itself.
    pub fn start(&self) -> Result<()> {
        match &self.channel {
            Some(channel) if self.waits => let_go(channel, self.pid),
            Some(channel) => watch_exec(channel),
            None => Err(Error::new(
                Kind::State,
                "the container waits for another process's start",
            )),
        }
    }

    /// Ends the process, which shall not run after all.
    pub fn abandon(&self) {
        // It may have ended by itself.
        drop(pidfd_kill(self.pidfd.as_fd(), libc::SIGKILL));
        let _ = waitpid(Pid::from_raw(self.pid), Some(WaitPidFlag::__WALL));
    }
}

/// Makes a container: returns when it is set up and waits; after an error no process of it is left.
///
/// `record` is called as creation goes on; an error of it ends creation.
///
/// # Errors
/// What failed, with the operation it belongs to.
pub fn create(
    request: Request<'_>,
    spec: &Spec<'_>,
    record: &mut dyn FnMut(&Progress<'_>) -> Result<()>,
) -> Result<Created> {
    create::create(request, spec, record)
}

/// Lets the process of a created container go; returns when it has become the user's program.
///
/// # Errors
/// Whatever kept it from that, told by the container itself; [`Kind::State`] if nobody waits for a start.
pub fn start(state_dir: &Path) -> Result<()> {
    match channel::connect(state_dir)? {
        Some(channel) => {
            let_go(&channel, 0)?;
            // Only now: until it is gone the container counts as created.
            channel::forget_start(state_dir)
        }
        None => Err(Error::new(Kind::State, "nobody waits for the container's start")),
    }
}

/// Whether the process of a created container still waits for its start.
pub fn is_awaiting_start(state_dir: &Path) -> bool {
    channel::is_awaited(state_dir)
}

/// Says go, and who the process is, if that is known.
fn let_go(channel: &Channel, pid: i32) -> Result<()> {
    let sent = channel.send(&Message::Sync(Sync::Start, pid));
    watch_exec(channel)?;
    sent.map_err(|error| error.context("the container's process ended before its start"))
}

/// Waits until the process has become the user's program: then the channel closes. Before that comes the reason of a
/// failure.
fn watch_exec(channel: &Channel) -> Result<()> {
    match channel.receive()? {
        None => Ok(()),
        Some(Message::Failed(error)) => Err(error),
        Some(other) => Err(Error::new(Kind::System, format!("unexpected message {other:?}"))),
    }
}
