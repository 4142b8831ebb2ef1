//! Where containers are, who they are called, and who may change them now.
//!
//! ```text
//! ROOT/containers/ID/    one container, an OCI bundle; locked (flock) by who changes it
//! ROOT/names/NAME        a symbolic link whose text is the id: made exclusively, so names are unique
//! STATE/shims/ID/        the shim's directory
//! STATE/runtime/         the runtime's --root
//! ```
//! A directory without `container.json` is half-made or half-removed: nobody sees it, and whoever finds it
//! unlocked may sweep it away.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, symlink};
use std::path::{Path, PathBuf};

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};

use super::ids;
use super::record::{self, Record};
use crate::error::{Error, Kind, Result};
use crate::log;
use crate::settings::Settings;

/// Who waits longer for a container is told.
const MOMENT: Duration = Duration::from_secs(2);

/// All containers of a root.
#[derive(Debug, Clone)]
pub(crate) struct Containers {
    root: PathBuf,
    state: PathBuf,
}

/// The right to change one container, or to choose for a new one what others must not have.
#[derive(Debug)]
pub(crate) struct Lock(#[expect(dead_code, reason = "held until dropped")] Flock<File>);

impl Containers {
    /// The containers of these settings.
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            root: settings.root.clone(),
            state: settings.state_dir.clone(),
        }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn state_dir(&self) -> &Path {
        &self.state
    }

    /// A container's directory.
    pub(crate) fn directory(&self, id: &str) -> PathBuf {
        self.root.join("containers").join(id)
    }

    /// The directory of a container's shim.
    pub(crate) fn shim_directory(&self, id: &str) -> PathBuf {
        self.state.join("shims").join(id)
    }

    /// The runtime's `--root`.
    pub(crate) fn runtime_root(&self) -> PathBuf {
        self.state.join("runtime")
    }

    fn names(&self) -> PathBuf {
        self.root.join("names")
    }

    /// Every container, newest first; those that vanish meanwhile are left out.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub(crate) fn all(&self) -> Result<Vec<Record>> {
        let mut records = Vec::new();
        for id in self.ids()? {
            records.extend(Record::read(&self.directory(&id))?);
        }
        records.sort_by(|one, other| {
            other
                .created
                .cmp(&one.created)
                .then_with(|| one.id.cmp(&other.id))
        });
        Ok(records)
    }

    /// Names of the directories, whole containers or not.
    fn ids(&self) -> Result<Vec<String>> {
        let path = self.root.join("containers");
        let entries = match fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(Error::io(format!("read {}", path.display()), &error)),
        };
        let mut ids = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| Error::io(format!("read {}", path.display()), &error))?;
            ids.extend(entry.file_name().into_string());
        }
        Ok(ids)
    }

    /// The container that a name, an id or an unambiguous beginning of an id means.
    ///
    /// # Errors
    /// `NotFound` when there is none; `Usage` when several begin so.
    pub(crate) fn find(&self, reference: &str) -> Result<Record> {
        let none = || Error::new(Kind::NotFound, format!("No such container: {reference}"));
        let name = reference.strip_prefix('/').unwrap_or(reference);
        if name.is_empty() || name.contains('/') || name.starts_with('.') {
            return Err(none());
        }
        if let Some(record) = Record::read(&self.directory(name))? {
            return Ok(record);
        }
        if let Ok(id) = fs::read_link(self.names().join(name))
            && let Some(record) = Record::read(&self.root.join("containers").join(id))?
            && record.name == name
        {
            return Ok(record);
        }
        let mut found = None;
        for id in self.ids()?.iter().filter(|id| id.starts_with(reference)) {
            if let Some(record) = Record::read(&self.directory(id))?
                && found.replace(record).is_some()
            {
                return Err(Error::new(
                    Kind::Usage,
                    format!("Multiple IDs found with provided prefix: {reference}"),
                )
                .hint("give more digits, or the name"));
            }
        }
        found.ok_or_else(none)
    }

    /// Waits for the right to change a container.
    ///
    /// # Errors
    /// `NotFound` when it was removed meanwhile.
    pub(crate) fn lock(&self, id: &str) -> Result<Lock> {
        let path = self.directory(id);
        // At once, as nearly always, there is nothing to say and no thread to make.
        let lock = match lock_directory(&path, FlockArg::LockExclusiveNonblock)? {
            Some(lock) => Some(lock),
            None => saying_so(id, || lock_directory(&path, FlockArg::LockExclusive))?,
        };
        match lock.filter(|_| path.join(record::FILE).exists()) {
            Some(lock) => Ok(lock),
            None => Err(Error::new(Kind::NotFound, format!("No such container: {id}"))),
        }
    }

    /// Waits for the right to change a container and reads what it is by then: somebody else may have changed it until
    /// now.
    ///
    /// # Errors
    /// `NotFound` when it was removed meanwhile.
    pub(crate) fn lock_and_read(&self, id: &str) -> Result<(Lock, Record)> {
        let lock = self.lock(id)?;
        match Record::read(&self.directory(id))? {
            Some(record) => Ok((lock, record)),
            None => Err(Error::new(Kind::NotFound, format!("No such container: {id}"))),
        }
    }

    /// The container's lock, unless somebody has it.
    ///
    /// # Errors
    /// The failed call.
    pub(crate) fn try_lock(&self, id: &str) -> Result<Option<Lock>> {
        let path = self.directory(id);
        let lock = lock_directory(&path, FlockArg::LockExclusiveNonblock)?;
        Ok(lock.filter(|_| path.join(record::FILE).exists()))
    }

    /// Makes an empty, locked directory for a new container.
    ///
    /// # Errors
    /// The failed call.
    pub(crate) fn make(&self, id: &str) -> Result<Lock> {
        let path = self.directory(id);
        loop {
            private_directory(&path)?;
            // None when somebody swept it away between the two calls.
            if let Some(lock) = lock_directory(&path, FlockArg::LockExclusive)? {
                return Ok(lock);
            }
        }
    }

    /// Waits for the right to choose what no other container is to have.
    ///
    /// # Errors
    /// The failed call.
    pub(crate) fn lock_all(&self) -> Result<Option<Lock>> {
        lock_directory(&self.root.join("containers"), FlockArg::LockExclusive)
    }

    /// Gives a container its name.
    ///
    /// # Errors
    /// `Exists` when another container has it.
    pub(crate) fn reserve(&self, name: &str, id: &str) -> Result<()> {
        let names = self.names();
        private_directory(&names)?;
        // Held so that a stale link is judged and replaced in one go.
        let _lock = lock_directory(&names, FlockArg::LockExclusive)?;
        let link = names.join(name);
        match symlink(id, &link) {
            Ok(()) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(Error::io(format!("symlink {}", link.display()), &error)),
        }
        let holder = fs::read_link(&link)
            .ok()
            .and_then(|holder| holder.into_os_string().into_string().ok());
        if holder.as_deref() == Some(id) {
            return Ok(());
        }
        if let Some(holder) = holder
            && self.has_name(&holder, name)
        {
            return Err(Error::new(
                Kind::Exists,
                format!(
                    "Conflict. The container name \"/{name}\" is already in use by container \"{holder}\". You have \
                     to remove (or rename) that container to be able to reuse that name."
                ),
            ));
        }
        fs::remove_file(&link)
            .and_then(|()| symlink(id, &link))
            .map_err(|error| Error::io(format!("replace {}", link.display()), &error))
    }

    /// Takes a name back, if it still is this container's.
    pub(crate) fn release(&self, name: &str, id: &str) -> Result<()> {
        let names = self.names();
        let _lock = lock_directory(&names, FlockArg::LockExclusive)?;
        let link = names.join(name);
        match fs::read_link(&link) {
            Ok(holder) if holder.as_os_str() == id => fs::remove_file(&link)
                .map_err(|error| Error::io(format!("unlink {}", link.display()), &error)),
            _ => Ok(()),
        }
    }

    /// Takes back the names of containers that are no longer there.
    ///
    /// # Errors
    /// The failed call.
    pub(crate) fn release_unused(&self) -> Result<()> {
        let names = self.names();
        let Some(_lock) = lock_directory(&names, FlockArg::LockExclusive)? else {
            return Ok(());
        };
        let failed = |error: io::Error| Error::io(format!("clean up {}", names.display()), &error);
        for entry in fs::read_dir(&names).map_err(failed)? {
            let link = entry.map_err(failed)?.path();
            let name = link
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let holder = fs::read_link(&link)
                .ok()
                .and_then(|holder| holder.into_os_string().into_string().ok());
            if holder.is_none_or(|holder| !self.has_name(&holder, &name)) {
                fs::remove_file(&link).map_err(failed)?;
            }
        }
        Ok(())
    }

    /// Whether this name is a container's: not if it was renamed by a command that was killed just then.
    fn has_name(&self, id: &str, name: &str) -> bool {
        match Record::read(&self.directory(id)) {
            Ok(Some(record)) if record.name != name => {
                let locked = lock_directory(&self.directory(id), FlockArg::LockExclusiveNonblock);
                matches!(locked, Ok(None))
            }
            _ => self.is_used(id),
        }
    }

    /// Whether a container is there or somebody is making or removing it.
    fn is_used(&self, id: &str) -> bool {
        let path = self.directory(id);
        path.join(record::FILE).exists()
            || (path.exists() && matches!(lock_directory(&path, FlockArg::LockExclusiveNonblock), Ok(None)))
    }

    /// Directories that nobody is working on and that are no containers: what a killed command left. What has not
    /// the name of a container is somebody else's.
    pub(crate) fn leftovers(&self) -> Result<Vec<(String, Lock)>> {
        let mut leftovers = Vec::new();
        for id in self.ids()?.into_iter().filter(|id| ids::is_id(id)) {
            let path = self.directory(&id);
            if path.join(record::FILE).exists() {
                continue;
            }
            if let Ok(Some(lock)) = lock_directory(&path, FlockArg::LockExclusiveNonblock)
                && !path.join(record::FILE).exists()
            {
                leftovers.push((id, lock));
            }
        }
        Ok(leftovers)
    }
}

/// Waits, and says so if it takes longer than a moment: what has the lock may wait for a reader, or for a runtime.
fn saying_so<T>(id: &str, wait: impl FnOnce() -> T) -> T {
    let (done, waiting) = mpsc::channel::<()>();
    thread::scope(|scope| {
        let say = move || {
            if waiting.recv_timeout(MOMENT) == Err(RecvTimeoutError::Timeout) {
                log::warn(format_args!(
                    "waiting for another command that is at work with container {}",
                    ids::short(id)
                ));
            }
        };
        // Without a thread, as when a container has taken them all, it is waited for in silence.
        let _ = thread::Builder::new().spawn_scoped(scope, say);
        let result = wait();
        drop(done);
        result
    })
}

/// Locks a directory; none if it is locked already (and we do not wait) or gone.
fn lock_directory(path: &Path, how: FlockArg) -> Result<Option<Lock>> {
    let directory = match File::open(path) {
        Ok(directory) => directory,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::io(format!("open {}", path.display()), &error)),
    };
    match Flock::lock(directory, how) {
        Ok(lock) => Ok(path.exists().then_some(Lock(lock))),
        Err((_, Errno::EWOULDBLOCK)) => Ok(None),
        Err((_, errno)) => Err(Error::syscall(format!("flock({})", path.display()), errno as i32)),
    }
}

/// Writes a file so that whoever reads it finds all of the old or all of the new. It need not survive a power cut. Who
/// writes it has a lock for it.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let temporary = path.with_file_name(name);
    fs::write(&temporary, bytes)?;
    fs::rename(&temporary, path)
}

/// A directory for root alone; its parents too, where they are missing.
pub(crate) fn private_directory(path: &Path) -> Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|error| Error::io(format!("mkdir {}", path.display()), &error))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn who_sweeps_does_not_break_who_makes() {
        let root = tempfile::tempdir().unwrap();
        let containers = Containers {
            root: root.path().to_owned(),
            state: root.path().join("state"),
        };
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    for (id, _lock) in containers.leftovers().unwrap() {
                        fs::remove_dir_all(containers.directory(&id)).unwrap();
                    }
                }
            });
            let failures = (0..3000)
                .map(|number| containers.make(&number.to_string()))
                .filter(Result::is_err)
                .count();
            done.store(true, Ordering::Relaxed);
            assert_eq!(failures, 0);
        });
    }
}
