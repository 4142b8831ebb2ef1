//! Removing containers, and cleaning up after runs whose shim was killed.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use nix::fcntl::{Flock, FlockArg};
use nix::libc::SIGKILL;

use super::announce;
use super::ends;
use super::ids;
use super::layout::Containers;
use super::orders;
use super::pause;
use super::record::{self, Record};
use super::runtime;
use super::status::{ShimFile, Status};
use crate::error::{Error, Kind, Result};
use crate::log;
use crate::store::{IMAGE_FILE, Store, fault_point};

/// A killed process ends at once, unless the kernel is stuck in a device.
const PATIENCE: Duration = Duration::from_secs(10);

/// Removes a container that does not run; with `force` one that does, too.
///
/// # Errors
/// When it runs and `force` is not set, or something of it cannot be removed.
pub(crate) fn remove(containers: &Containers, record: &Record, force: bool) -> Result<()> {
    if force && containers.try_lock(&record.id)?.is_none() {
        end_what_is_waited_for(containers, record)?;
    }
    let (_lock, record) = containers.lock_and_read(&record.id)?;
    let record = &record;
    let status = Status::of(containers, &record.id);
    if !force && status.is_running() {
        return Err(Error::new(
            Kind::Conflict,
            format!(
                "cannot remove container \"/{}\": container is {}: stop the container before removing or force \
                 remove",
                record.name,
                status.word()
            ),
        ));
    }
    clear_last_run(containers, record)?;
    fault_point();
    // From here on nobody sees the container; if we are killed now, the next `create` or `rm` sweeps the rest.
    file(&containers.directory(&record.id).join(record::FILE))?;
    fault_point();
    containers.release(&record.name, &record.id)?;
    fault_point();
    tree(&containers.directory(&record.id))?;
    announce::container(containers, record, "destroy", &[]);
    release_image(containers, &record.image);
    Ok(())
}

/// Kills the container's process while another command is at work with the container: that may be waiting for just this
/// process, without a limit (`restart -t -1`).
fn end_what_is_waited_for(containers: &Containers, record: &Record) -> Result<()> {
    let file = ShimFile::read(&containers.shim_directory(&record.id));
    let Some(init) = file.and_then(|file| file.init()) else {
        return Ok(());
    };
    orders::stay_down(containers, record)?;
    announce::container(containers, record, "kill", &[("signal", SIGKILL.to_string())]);
    init.signal(SIGKILL)
}

/// Gives up what the store kept of the image for its last container. The container is gone, whatever becomes of that:
/// what stays goes with the next image.
fn release_image(containers: &Containers, image: &str) {
    let released = image
        .parse()
        .and_then(|id| Store::open(containers.root())?.release_image(&id));
    if let Err(error) = released {
        log::debug(format_args!("the image {image} stays: {error}"));
    }
}

/// Leaves no process, mount, cgroup or file of the last run, whatever state it was in, and forgets its outcome.
/// The caller holds the container's lock.
pub(super) fn clear_last_run(containers: &Containers, record: &Record) -> Result<()> {
    let directory = containers.shim_directory(&record.id);
    if directory.exists() {
        end_processes(containers, record, &directory)?;
    }
    ends::tell_missed_locked(containers, record);
    if directory.exists() {
        delete_in_runtime(containers, record)?;
        tree(&directory)?;
    }
    Ok(())
}

/// Ends the container's first process and then the shim, which gets time to finish its work.
fn end_processes(containers: &Containers, record: &Record, directory: &Path) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    orders::stay_down(containers, record)?;
    let (shim, init) = match ShimFile::read(directory) {
        Some(file) => (file.shim(), file.init()),
        None => (None, None),
    };
    if let Some(init) = init {
        announce::container(containers, record, "kill", &[("signal", SIGKILL.to_string())]);
        init.signal(SIGKILL)?;
        // With cgroup v1 not even SIGKILL reaches what is frozen.
        if init.is_frozen() {
            pause::thaw(containers, record)?;
        }
        if !init.wait(Some(deadline))? {
            return Err(Error::new(
                Kind::Conflict,
                format!(
                    "could not kill container {}: its process did not end within 10 seconds",
                    ids::short(&record.id)
                ),
            )
            .hint("a process in state D waits for a device or a network file system"));
        }
    }
    // Whoever started it has gone, for we have the lock: if it is still creating, it gives up by itself.
    // Without it the runtime's `create` would go on and make what nobody removes.
    shim_finished(directory, deadline);
    if let Some(shim) = shim {
        // It is stuck, or it is a command by now that waits for our lock (`--rm`): the rest is ours to clean.
        shim.signal(SIGKILL)?;
        shim.wait(Some(Instant::now() + PATIENCE))?;
    }
    // It may have noted the process after we looked.
    match ShimFile::read(directory).and_then(|file| file.init()) {
        Some(init) => init
            .signal(SIGKILL)
            .and_then(|()| init.wait(Some(Instant::now() + PATIENCE)).map(drop)),
        None => Ok(()),
    }
}

/// Waits until the shim lets go of its lock: it is gone then, or has become its exit command. False if it has not by then.
pub(super) fn shim_finished(directory: &Path, deadline: Instant) -> bool {
    let path = directory.join("shim.lock");
    let (sender, receiver) = mpsc::channel();
    // There is no flock with a deadline. Past that, the thread ends with the shim, which is killed.
    thread::spawn(move || {
        let lock = File::open(path).map(|file| Flock::lock(file, FlockArg::LockExclusive));
        let _ = sender.send(lock.is_ok());
    });
    receiver
        .recv_timeout(deadline.saturating_duration_since(Instant::now()))
        .is_ok()
}

/// The runtime's own record of the container; `--force` succeeds if there is none.
fn delete_in_runtime(containers: &Containers, record: &Record) -> Result<()> {
    let root = containers.runtime_root();
    if !root.join(&record.id).exists() {
        return Ok(());
    }
    runtime::call(containers, record, &["delete", "--force", &record.id]).map(drop)
}

/// Removes what killed commands left half-made or half-removed.
pub(crate) fn sweep(containers: &Containers) -> Result<()> {
    for (id, _lock) in containers.leftovers()? {
        let image = fs::read_to_string(containers.directory(&id).join(IMAGE_FILE));
        tree(&containers.shim_directory(&id))?;
        tree(&containers.directory(&id))?;
        containers.release_unused()?;
        if let Ok(image) = image {
            release_image(containers, image.trim());
        }
    }
    Ok(())
}

/// Removes a file, if it is there.
pub(super) fn file(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Error::io(format!("unlink {}", path.display()), &error))
        }
        _ => Ok(()),
    }
}

/// Removes a directory with everything below it, if it is there; links are not followed.
fn tree(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Error::io(format!("remove {}", path.display()), &error))
        }
        _ => Ok(()),
    }
}
