//! The options that `create` and `run` share, and what they mean together.

use crate::cli::Globals;
use crate::container::{Bundle, Id, Request};
use crate::error::{Error, Kind, Result};
use crate::launch::{CgroupDriver, Gate};
use crate::oci::Spec;
use clap::Args;
use std::path::PathBuf;

/// The bundle and how it becomes a container, as typed.
#[derive(Debug, Args)]
pub(super) struct BundleArgs {
    /// The directory with config.json [default: the current directory]
    #[arg(
        short,
        long,
        value_name = "DIR",
        default_value = ".",
        hide_default_value = true
    )]
    bundle: PathBuf,

    /// The unix socket that receives the master of the container's terminal
    #[arg(long, value_name = "PATH")]
    pub(super) console_socket: Option<PathBuf>,

    /// Write the pid of the container's init to FILE
    #[arg(long, value_name = "FILE")]
    pid_file: Option<PathBuf>,

    /// The unix socket that receives a pidfd of the container's init
    #[arg(long, value_name = "PATH")]
    pidfd_socket: Option<PathBuf>,

    /// Use MS_MOVE and chroot instead of pivot_root, for a root file system on a ramfs
    #[arg(long)]
    no_pivot: bool,

    /// Keep the caller's session keyring
    #[arg(long)]
    no_new_keyring: bool,

    /// Pass N descriptors from 3 on to the container, besides those of LISTEN_FDS
    #[arg(long, value_name = "N", default_value_t = 0)]
    preserve_fds: u32,

    /// The new container's id
    #[arg(value_name = "CONTAINER-ID")]
    id: String,
}

impl BundleArgs {
    /// The id, checked.
    pub(super) fn id(&self) -> Result<Id> {
        Id::parse(&self.id)
    }

    /// Reads the bundle.
    pub(super) fn read_bundle(&self) -> Result<Bundle> {
        Bundle::read(&self.bundle)
    }

    /// The request that the options make of a bundle.
    pub(super) fn request<'a>(
        &'a self,
        globals: &'a Globals,
        id: &'a Id,
        bundle: &'a Bundle,
        spec: &'a Spec<'a>,
        gate: Gate,
    ) -> Request<'a> {
        Request {
            root: &globals.root,
            id,
            bundle,
            spec,
            pid_file: self.pid_file.as_deref(),
            pidfd_socket: self.pidfd_socket.as_deref(),
            no_pivot: self.no_pivot,
            no_new_keyring: self.no_new_keyring,
            preserve_fds: self.preserve_fds,
            gate,
            trace: globals.trace.as_deref(),
            cgroups: cgroup_driver(globals),
        }
    }

    /// A terminal needs somebody at its other end, and only a terminal does.
    pub(super) fn check_console(&self, spec: &Spec<'_>, detached: bool) -> Result<()> {
        match (wants_terminal(spec), &self.console_socket) {
            (true, None) if detached => Err(Error::new(
                Kind::Usage,
                "cannot allocate tty if the runtime will detach without setting console socket",
            )
            .hint("give --console-socket, or set process.terminal to false")),
            (false, Some(_)) => Err(Error::new(
                Kind::Usage,
                "cannot use console socket if the runtime will not detach or allocate tty",
            )
            .hint("leave --console-socket out, or set process.terminal to true")),
            (true, Some(_)) if !detached => Err(Error::new(
                Kind::Usage,
                "cannot use console socket if the runtime will not detach or allocate tty",
            )
            .hint("add --detach: without it, the terminal is the caller's own")),
            _ => Ok(()),
        }
    }
}

/// Who makes a container's cgroups.
pub(super) fn cgroup_driver(globals: &Globals) -> CgroupDriver {
    if globals.systemd_cgroup {
        CgroupDriver::Systemd {
            user: globals.rootless,
        }
    } else {
        CgroupDriver::Files
    }
}

/// Whether the process gets a terminal.
pub(super) fn wants_terminal(spec: &Spec<'_>) -> bool {
    spec.process.as_ref().is_some_and(|process| process.terminal)
}
