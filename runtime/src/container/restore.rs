//! Bringing a container back: its directory and record around what `launch::criu` does.

use super::create::undo;
use super::{Bundle, Id, Locked, New, Process, Record, Root, notify, pid_file};
use crate::error::Result;
use crate::launch::criu::{self, Progress};
use crate::launch::{CgroupDriver, Console, Created};
use crate::log;
use crate::oci::Spec;
use std::fs;
use std::path::Path;

/// What the command line says about bringing back.
#[derive(Debug)]
pub(crate) struct Restore<'a> {
    /// The directory of all containers' states.
    pub(crate) root: &'a Path,
    /// The container's id.
    pub(crate) id: &'a Id,
    /// Its bundle.
    pub(crate) bundle: &'a Bundle,
    /// The bundle's configuration, checked.
    pub(crate) spec: &'a Spec<'a>,
    /// Where the pid of its init is written.
    pub(crate) pid_file: Option<&'a Path>,
    /// How CRIU does it.
    pub(crate) options: criu::Options,
    /// The LSM profile to restore, if another one than was saved.
    pub(crate) lsm_profile: Option<String>,
    /// The LSM context of mounts, if another one than was saved.
    pub(crate) lsm_mount_context: Option<String>,
    /// Who makes the container's cgroups.
    pub(crate) cgroups: CgroupDriver,
}

/// Brings a container back and leaves it to itself.
///
/// # Errors
/// When it cannot be restored; nothing of it is left then.
pub(crate) fn restore_detached(request: &Restore<'_>, console: Console<'_>) -> Result<()> {
    restore(request, console).map(|_| ())
}

/// Brings a container back, running; after an error nothing of it is left.
///
/// # Errors
/// When the id is taken, or CRIU cannot restore it.
pub(crate) fn restore<'a>(request: &Restore<'a>, console: Console<'_>) -> Result<New<'a>> {
    let directory = Root::open_or_create(request.root)?.create(request.id)?;
    let mut record = Record::new(request.id, request.bundle, request.spec);
    match work(request, console, &directory, &mut record) {
        Ok(process) => Ok(New {
            directory,
            record,
            process,
            notifications: None,
        }),
        Err(error) => {
            let error = error.context(format!("restore container {}", request.id));
            Err(undo(directory, &record, error))
        }
    }
}

fn work(
    request: &Restore<'_>,
    console: Console<'_>,
    directory: &Locked,
    record: &mut Record<'_>,
) -> Result<Created> {
    directory.write_config(&request.bundle.config)?;
    let saved = criu::saved_mounts(&request.options.images)?;
    let amended = notify::restored(request.spec, &saved, directory)?;
    let wanted = criu::Restore {
        options: request.options.clone(),
        lsm_profile: request.lsm_profile.clone(),
        lsm_mount_context: request.lsm_mount_context.clone(),
        id: request.id.as_str(),
        bundle: &request.bundle.path,
        spec: amended.as_ref().unwrap_or(request.spec),
        state_dir: directory.path(),
        console,
        cgroups: request.cgroups,
    };
    let restored = criu::restore(wanted, &mut |progress| note(progress, directory, record))?;
    if let Some(path) = request.pid_file {
        pid_file::write(path, restored.pid)?;
    }
    add_time_namespace(directory, restored.pid)?;
    directory.remove_dir(criu::ROOT)?;
    Ok(restored)
}

/// Puts on record what is about to be, so that it can be undone after a SIGKILL.
fn note(progress: &Progress<'_>, directory: &Locked, record: &mut Record<'_>) -> Result<()> {
    match progress {
        Progress::Planned { warnings, cgroup } => {
            warnings.iter().for_each(|warning| log::warn(warning));
            record.cgroup = (*cgroup).clone();
        }
        Progress::Restored { pid } => {
            log::debug(&format!("the container's init is process {pid}"));
            record.init = Some(Process::of_pid(*pid)?);
            // CRIU lets it go before it says that all is done.
            record.ready = true;
        }
    }
    directory.write(record)
}

/// CRIU brings clocks back by a time namespace: whoever joins the container must join that, too.
fn add_time_namespace(directory: &Locked, pid: i32) -> Result<()> {
    let of = |process: &str| fs::read_link(format!("/proc/{process}/ns/time")).ok();
    if of("self") == of(&pid.to_string()) {
        return Ok(());
    }
    directory.add_namespace("time")
}
