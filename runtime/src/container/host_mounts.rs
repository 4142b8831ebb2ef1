//! The mounts of a container without a mount namespace of its own: they are the machine's, and outlive the container's
//! processes. They all hang below the root file system, bound over itself; `delete` takes that mount away.

use crate::error::{Context, Error, Kind, Result};
use crate::launch;
use crate::oci::{Spec, Text};
use crate::sys::{files, mount};
use serde::{Deserialize, Serialize};
use std::os::fd::AsRawFd;
use std::path::Path;

/// What tells whether the container's root file system is mounted over.
#[derive(Debug, Serialize, Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub(crate) struct HostMounts<'a> {
    /// Where: without symbolic links.
    rootfs: Text<'a>,
    /// The id of the mount that holds the directory, before the container's is on top of it.
    beneath: u64,
}

impl HostMounts<'_> {
    /// What is there before the container is made; nothing for a container with a mount namespace.
    ///
    /// # Errors
    /// When the root file system cannot be looked at.
    pub(crate) fn before(bundle: &Path, spec: &Spec<'_>) -> Result<Option<Self>> {
        let namespaces = spec.linux.iter().flat_map(|linux| &linux.namespaces);
        if namespaces.into_iter().any(|namespace| namespace.kind == "mount") {
            return Ok(None);
        }
        let rootfs = launch::resolve_root(bundle, spec)?;
        let beneath = mount_id(&rootfs)?;
        Ok(Some(Self {
            rootfs: rootfs.into(),
            beneath,
        }))
    }

    /// Detaches the container's mounts, if it came to them.
    ///
    /// # Errors
    /// When they stay.
    pub(crate) fn undo(&self) -> Result<()> {
        match mount_id(&self.rootfs) {
            Ok(id) if id == self.beneath => Ok(()),
            Err(error) if error.errno() == Some(libc::ENOENT) => Ok(()),
            Ok(_) => mount::detach(&self.rootfs),
            Err(error) => Err(error),
        }
        .context(|| "remove the container's mounts from the machine's")
    }
}

/// The id of the mount that holds a path (proc_pid_fdinfo(5)).
fn mount_id(path: &str) -> Result<u64> {
    let place = files::open(path, libc::O_PATH | libc::O_DIRECTORY)?;
    let info = format!("/proc/self/fdinfo/{}", place.as_raw_fd());
    let facts = std::fs::read_to_string(&info).map_err(|error| {
        Error::syscall(
            format!("open({info:?})"),
            error.raw_os_error().unwrap_or(libc::EIO),
        )
    })?;
    let id = facts.lines().find_map(|line| line.strip_prefix("mnt_id:"));
    id.and_then(|id| id.trim().parse().ok())
        .ok_or_else(|| Error::new(Kind::System, format!("/proc does not tell the mount of {path}")))
}
