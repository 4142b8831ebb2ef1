//! Making a container: its directory and record around what `launch` does.

use super::notify::{self, Manager, Notifications};
use super::{Bundle, HostMounts, Id, Locked, Process, Record, Root, destroy, pid_file, pidfd_socket};
use crate::error::{Error, Kind, Result};
use crate::launch::{self, CgroupDriver, Console, Created, Gate, Progress};
use crate::log;
use crate::oci::Spec;
use crate::plan::cgroup;
use crate::sys::files;
use std::os::fd::AsFd;
use std::path::Path;

/// Where an old kernel makes the mounts of a container that gets a socket from its own directory.
const MOUNTS: &str = "mounts";

/// What is to be made, with nothing left to interpret.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    /// The directory of all containers' states.
    pub(crate) root: &'a Path,
    /// The new container's id.
    pub(crate) id: &'a Id,
    /// Its bundle.
    pub(crate) bundle: &'a Bundle,
    /// The bundle's configuration, checked.
    pub(crate) spec: &'a Spec<'a>,
    /// Where the pid of its init is written.
    pub(crate) pid_file: Option<&'a Path>,
    /// Who receives a descriptor of its init.
    pub(crate) pidfd_socket: Option<&'a Path>,
    /// MS_MOVE and chroot instead of pivot_root.
    pub(crate) no_pivot: bool,
    /// Keep the caller's session keyring.
    pub(crate) no_new_keyring: bool,
    /// How many descriptors from 3 on the container keeps.
    pub(crate) preserve_fds: u32,
    /// Who lets the process go.
    pub(crate) gate: Gate,
    /// Where each operation's duration goes.
    pub(crate) trace: Option<&'a Path>,
    /// Who makes its cgroups.
    pub(crate) cgroups: CgroupDriver,
}

/// A container that was just made and is still locked by this process.
#[derive(Debug)]
pub(crate) struct New<'a> {
    /// Its directory.
    pub(crate) directory: Locked,
    /// Its record.
    pub(crate) record: Record<'a>,
    /// Its waiting process.
    pub(crate) process: Created,
    /// What it says to the service manager, where this process lets it go.
    pub(super) notifications: Option<Notifications>,
}

/// Makes a container; after an error nothing of it is left.
///
/// # Errors
/// When the id is taken, or a step of the creation fails.
pub(crate) fn create<'a>(request: &Request<'a>, console: Console<'_>) -> Result<New<'a>> {
    let directory = Root::open_or_create(request.root)?.create(request.id)?;
    let mut record = Record::new(request.id, request.bundle, request.spec);
    record.no_new_keyring = request.no_new_keyring;
    match launch(request, console, &directory, &mut record) {
        Ok((process, notifications)) => Ok(New {
            directory,
            record,
            process,
            notifications,
        }),
        Err(error) => {
            if error.kind() == Kind::Exists {
                // Another container made the group in this moment: its processes are not ours to kill.
                record.cgroup = cgroup::Record::default();
            }
            Err(undo(directory, &record, error))
        }
    }
}

impl New<'_> {
    /// Removes the container after a later step failed, and returns the error of that step.
    pub(crate) fn undo(self, error: Error) -> Error {
        undo(self.directory, &self.record, error)
    }
}

/// Removes what there is of a container after a failure, and returns its error.
pub(super) fn undo(directory: Locked, record: &Record<'_>, error: Error) -> Error {
    match destroy(directory, record) {
        Ok(()) => error,
        Err(left) => error.hint(format!("cleaning up failed, too: {left}; try delete --force")),
    }
}

fn launch(
    request: &Request<'_>,
    console: Console<'_>,
    directory: &Locked,
    record: &mut Record<'_>,
) -> Result<(Created, Option<Notifications>)> {
    let manager = Manager::find();
    let amended;
    let mut mounts_in = directory.path().to_owned();
    let spec = match &manager {
        None => request.spec,
        Some(manager) => {
            notify::make_directory(directory)?;
            if !has_user_namespace(request.spec) {
                files::make_dir(directory.fd(), MOUNTS, 0o700)?;
                mounts_in.push(MOUNTS);
            }
            amended = manager.add_to(request.spec, directory);
            &amended
        }
    };
    // Its program may be ready before this process hears of its start.
    let manager = manager.filter(|_| request.gate == Gate::Channel);
    let notifications = manager.map_or(Ok(None), |manager| manager.listen(directory))?;
    let launch_request = launch::Request {
        id: request.id.as_str(),
        bundle: &request.bundle.path,
        state_dir: directory.path(),
        mounts_in: &mounts_in,
        console,
        no_pivot: request.no_pivot,
        no_new_keyring: request.no_new_keyring,
        preserve_fds: request.preserve_fds,
        gate: request.gate,
        trace: request.trace,
        cgroups: request.cgroups,
    };
    record.host_mounts = HostMounts::before(&request.bundle.path, request.spec)?;
    let created = launch::create(launch_request, spec, &mut |progress| {
        if let Progress::Born { .. } = progress {
            // Nobody reads it before there is an init on record, and now that is busy with its own start.
            directory.write_config(&request.bundle.config)?;
        }
        note(progress, directory, record)
    })?;
    if let Some(path) = request.pid_file {
        pid_file::write(path, created.pid)?;
    }
    if let Some(path) = request.pidfd_socket {
        pidfd_socket::send(path, created.pidfd.as_fd())?;
    }
    record.ready = true;
    directory.write(record)?;
    Ok((created, notifications))
}

/// The root of a user namespace can mount over the container's directory, and reaches nothing in it. Nor need it: the
/// runtime has opened what it mounts (but before Linux 5.2, where it cannot).
fn has_user_namespace(spec: &Spec<'_>) -> bool {
    let mut namespaces = spec.linux.iter().flat_map(|linux| &linux.namespaces);
    namespaces.any(|namespace| namespace.kind == "user")
}

/// Puts on record what is about to be, so that it can be undone after a SIGKILL.
fn note(progress: &Progress<'_>, directory: &Locked, record: &mut Record<'_>) -> Result<()> {
    match progress {
        Progress::Planned {
            warnings,
            cgroup,
            resctrl,
        } => {
            warnings.iter().for_each(|warning| log::warn(warning));
            record.cgroup = (*cgroup).clone();
            record.resctrl = resctrl.to_vec();
        }
        Progress::Born { pid } => {
            log::debug(&format!("the container's init is process {pid}"));
            record.init = Some(Process::of_pid(*pid)?);
        }
    }
    directory.write(record)
}
