//! Advisory locks on files and directories: flock(2), released when dropped or when the process dies.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};

use super::failed_at;
use crate::error::{Error, Result};

/// A lock that is held.
#[derive(Debug)]
pub struct Lock {
    file: Flock<File>,
}

impl Lock {
    /// Waits for a share of the lock on `path`, which is created if missing.
    pub(super) fn shared(path: &Path) -> Result<Self> {
        Self::wait(open(path)?, path, FlockArg::LockShared)
    }

    /// Waits for the lock on `path` alone.
    pub(super) fn exclusive(path: &Path) -> Result<Self> {
        Self::wait(open(path)?, path, FlockArg::LockExclusive)
    }

    /// The lock on something open, if nobody else has it.
    pub(super) fn try_exclusive(file: File, path: &Path) -> Result<Option<Self>> {
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(file) => Ok(Some(Self { file })),
            Err((_, Errno::EWOULDBLOCK)) => Ok(None),
            Err((_, errno)) => Err(refused(path, errno)),
        }
    }

    /// Whether what is locked is still what is at this path: another may have removed it before it was locked.
    pub(super) fn is_of(&self, path: &Path) -> Result<bool> {
        is_still(&self.file, path)
    }

    fn wait(mut file: File, path: &Path, how: FlockArg) -> Result<Self> {
        loop {
            match Flock::lock(file, how) {
                Ok(file) => return Ok(Self { file }),
                Err((again, Errno::EINTR)) => file = again,
                Err((_, errno)) => return Err(refused(path, errno)),
            }
        }
    }
}

fn refused(path: &Path, errno: Errno) -> Error {
    Error::syscall(format!("flock {}", path.display()), errno as i32)
}

fn open(path: &Path) -> Result<File> {
    let opened = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path);
    match opened {
        // Who only looks can do so on a read-only disk: a lock wants no right to write.
        Err(error) if error.raw_os_error() == Some(libc::EROFS) => {
            File::open(path).map_err(|_| failed_at("open", path, &error))
        }
        opened => opened.map_err(|error| failed_at("open", path, &error)),
    }
}

/// A lock whose file exists only while somebody holds or wants it.
#[derive(Debug)]
pub(super) struct Passing {
    lock: Lock,
    path: PathBuf,
}

impl Passing {
    /// Takes the lock; with `wait` false, returns `None` when another has it.
    pub(super) fn take(path: &Path, wait: bool) -> Result<Option<Self>> {
        loop {
            let file = open(path)?;
            let lock = match wait {
                true => Lock::wait(file, path, FlockArg::LockExclusive)?,
                false => match Lock::try_exclusive(file, path)? {
                    Some(lock) => lock,
                    None => return Ok(None),
                },
            };
            // The last holder removes the file: a lock on a removed file keeps nobody out.
            if is_still(&lock.file, path)? {
                return Ok(Some(Self {
                    lock,
                    path: path.to_path_buf(),
                }));
            }
        }
    }
}

/// Whether an open file is still the one at this path.
pub(super) fn is_still(file: &File, path: &Path) -> Result<bool> {
    let ours = file
        .metadata()
        .map_err(|error| failed_at("fstat", path, &error))?;
    match fs::metadata(path) {
        Ok(there) => Ok((there.dev(), there.ino()) == (ours.dev(), ours.ino())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(failed_at("stat", path, &error)),
    }
}

impl Drop for Passing {
    fn drop(&mut self) {
        // Removed before it is unlocked: whoever waits on it sees that and opens a new one.
        let _ = fs::remove_file(&self.path);
        let _ = &self.lock;
    }
}
