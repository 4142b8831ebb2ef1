//! The directory of one container, with its state file and its lock.
//!
//! A container exists while its directory has a `lock` file: it is the first file made and the last one
//! removed. The lock is a POSIX record lock: the kernel drops it when the process that took it dies, and
//! a forked child never holds it. `state.json`, and `config.json` (the container's own copy: what stands in
//! the bundle may change, the container does not), are replaced atomically, so that readers need no lock.

use super::{Record, notify};
use crate::error::{Context, Error, Kind, Result};
use crate::launch::{self, START_SOCKET};
use crate::oci::{self, Resources, Spec};
use crate::sys::listing;
use nix::errno::Errno;
use nix::fcntl::{self, AtFlags, FcntlArg, OFlag};
use nix::sys::stat::{self, Mode};
use nix::unistd::{self, UnlinkatFlags};
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

const LOCK: &str = "lock";
const STATE: &str = "state.json";
/// What most state files have room in: growing takes longer than writing.
const RECORD_SIZE: usize = 1024;
/// The configuration as the container was created with, or as it was updated since.
const CONFIG: &str = "config.json";

/// The directory of one container, open.
#[derive(Debug)]
pub(crate) struct Directory {
    pub(super) fd: OwnedFd,
    pub(super) path: PathBuf,
}

impl Directory {
    /// Waits for the lock; none when the container is gone.
    ///
    /// # Errors
    /// When the lock cannot be opened or waited for.
    pub(crate) fn lock_existing(self) -> Result<Option<Locked>> {
        self.lock(OFlag::empty())
    }

    pub(super) fn lock(self, create: OFlag) -> Result<Option<Locked>> {
        let flags = create | OFlag::O_RDWR | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW;
        match fcntl::openat(&self.fd, LOCK, flags, Mode::S_IRUSR | Mode::S_IWUSR) {
            Ok(lock) => self.wait_for(lock),
            Err(Errno::ENOENT) => Ok(None),
            Err(errno) => Err(self.lock_error("open", errno)),
        }
    }

    /// Waits for the lock; who removed the container meanwhile has unlinked the lock file.
    fn wait_for(self, lock: OwnedFd) -> Result<Option<Locked>> {
        loop {
            match fcntl::fcntl(&lock, FcntlArg::F_SETLKW(&whole_file(libc::F_WRLCK))) {
                Ok(_) => break,
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(self.lock_error("fcntl(F_SETLKW)", errno)),
            }
        }
        let links = stat::fstat(&lock)
            .map_err(|errno| self.lock_error("fstat", errno))?
            .st_nlink;
        Ok((links > 0).then_some(Locked {
            directory: self,
            lock,
        }))
    }

    fn lock_error(&self, call: &str, errno: Errno) -> Error {
        let call = format!("{call} {}", self.path.join(LOCK).display());
        Error::syscall(call, errno as i32).context("lock the container")
    }

    /// Whether another process is changing the container right now.
    ///
    /// Not for the holder of the lock: a record lock ends with the first descriptor that is closed.
    pub(crate) fn is_locked(&self) -> bool {
        let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW;
        let Ok(lock) = fcntl::openat(&self.fd, LOCK, flags, Mode::empty()) else {
            return false;
        };
        let mut probe = whole_file(libc::F_WRLCK);
        let asked = fcntl::fcntl(&lock, FcntlArg::F_GETLK(&mut probe));
        asked.is_ok() && i32::from(probe.l_type) != libc::F_UNLCK
    }

    /// Whether the container still waits for `start`.
    pub(crate) fn awaits_start(&self) -> bool {
        let socket = unistd::faccessat(
            &self.fd,
            START_SOCKET,
            unistd::AccessFlags::F_OK,
            AtFlags::empty(),
        );
        socket.is_ok() && launch::is_awaiting_start(&self.path)
    }

    /// Reads the state file; none when it was not written yet.
    ///
    /// # Errors
    /// When it cannot be read or is not what this program writes.
    pub(crate) fn read(&self) -> Result<Option<Record<'static>>> {
        let Some(text) = self.read_file(STATE)? else {
            return Ok(None);
        };
        let text = String::from_utf8(text).map_err(|error| self.damaged(STATE, &error.to_string()))?;
        // The record borrows from its text, and both live as long as this short-lived process.
        serde_json::from_str(text.leak())
            .map(Some)
            .map_err(|error| self.damaged(STATE, &error.to_string()))
    }

    /// The container's own copy of config.json.
    ///
    /// # Errors
    /// When it cannot be read or is not what this program writes.
    pub(crate) fn read_config(&self) -> Result<Spec<'static>> {
        let text = self
            .read_file(CONFIG)?
            .ok_or_else(|| self.damaged(CONFIG, "it is missing"))?;
        oci::parse(text.leak()).map_err(|error| self.damaged(CONFIG, &error.to_string()))
    }

    /// A whole file; none when it is not there.
    fn read_file(&self, name: &str) -> Result<Option<Vec<u8>>> {
        let path = self.path.join(name);
        let fd = match fcntl::openat(&self.fd, name, OFlag::O_RDONLY | OFlag::O_CLOEXEC, Mode::empty()) {
            Ok(fd) => fd,
            Err(Errno::ENOENT) => return Ok(None),
            Err(errno) => return Err(Error::syscall(format!("open {}", path.display()), errno as i32)),
        };
        let mut text = Vec::with_capacity(16 * 1024);
        File::from(fd)
            .read_to_end(&mut text)
            .map_err(|error| io_error("read", &path, &error))?;
        Ok(Some(text))
    }

    fn damaged(&self, name: &str, why: &str) -> Error {
        let path = self.path.join(name);
        Error::new(Kind::Config, format!("{} is damaged: {why}", path.display()))
            .hint("remove what is left of the container with delete --force")
    }

    /// The directory's descriptor.
    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    /// The directory's path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// A container's directory while this process holds its lock.
#[derive(Debug)]
pub(crate) struct Locked {
    directory: Directory,
    lock: OwnedFd,
}

impl std::ops::Deref for Locked {
    type Target = Directory;
    fn deref(&self) -> &Directory {
        &self.directory
    }
}

impl Locked {
    /// Replaces the state file atomically.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn write(&self, record: &Record<'_>) -> Result<()> {
        let mut text = Vec::with_capacity(RECORD_SIZE);
        serde_json::to_writer(&mut text, record)
            .map_err(|error| Error::new(Kind::System, format!("write the state file: {error}")))?;
        self.replace(STATE, &text)
    }

    /// Replaces the container's copy of config.json atomically.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn write_config(&self, text: &[u8]) -> Result<()> {
        self.replace(CONFIG, text)
    }

    /// Puts limits in the place of those in the container's copy of config.json; the rest stays as it was written.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub(crate) fn write_resources(&self, resources: &Resources<'_>) -> Result<()> {
        let resources = serde_json::to_value(resources)
            .map_err(|error| Error::new(Kind::System, format!("write the limits: {error}")))?;
        self.change_config(|config| config["linux"]["resources"] = resources)
    }

    /// Adds a namespace that the container has by now to its copy of config.json, unless it is there.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub(crate) fn add_namespace(&self, kind: &str) -> Result<()> {
        self.change_config(|config| {
            let all = config["linux"]["namespaces"].as_array_mut();
            if let Some(all) = all.filter(|all| all.iter().all(|namespace| namespace["type"] != kind)) {
                all.push(serde_json::json!({ "type": kind }));
            }
        })
    }

    fn change_config(&self, change: impl FnOnce(&mut serde_json::Value)) -> Result<()> {
        let text = self.read_file(CONFIG)?.unwrap_or_default();
        let mut config =
            serde_json::from_slice(&text).map_err(|error| self.damaged(CONFIG, &error.to_string()))?;
        change(&mut config);
        self.write_config(config.to_string().as_bytes())
    }

    /// Removes an empty directory of ours, if it is there.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub(crate) fn remove_dir(&self, name: &str) -> Result<()> {
        match unistd::unlinkat(&self.fd, name, UnlinkatFlags::RemoveDir) {
            Ok(()) | Err(Errno::ENOENT) => Ok(()),
            Err(errno) => Err(remove_error(&self.path.join(name), errno)),
        }
    }

    fn replace(&self, name: &str, text: &[u8]) -> Result<()> {
        let fresh = format!("{name}.new");
        let path = self.path.join(&fresh);
        let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_TRUNC | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW;
        let fd = fcntl::openat(&self.fd, fresh.as_str(), flags, Mode::S_IRUSR | Mode::S_IWUSR)
            .map_err(|errno| Error::syscall(format!("open {}", path.display()), errno as i32))
            .context(|| format!("write the container's {name}"))?;
        File::from(fd)
            .write_all(text)
            .map_err(|error| io_error("write", &path, &error))?;
        fcntl::renameat(&self.fd, fresh.as_str(), &self.fd, name)
            .map_err(|errno| Error::syscall(format!("rename {}", path.display()), errno as i32))
    }

    /// Lets other commands change the container.
    ///
    /// # Errors
    /// When the kernel does not release the lock.
    pub(crate) fn release(self) -> Result<Released> {
        fcntl::fcntl(&self.lock, FcntlArg::F_SETLK(&whole_file(libc::F_UNLCK)))
            .map_err(|errno| self.lock_error("fcntl(F_UNLCK)", errno))?;
        Ok(Released(self))
    }

    /// Removes the container's directory; its id is free afterwards.
    ///
    /// # Errors
    /// When something in it cannot be removed.
    pub(crate) fn remove(self) -> Result<()> {
        notify::remove_socket(&self)?;
        let names = listing::names(self.fd.as_fd());
        for name in names.context(|| format!("read the directory {}", self.path.display()))? {
            if name != LOCK {
                self.unlink(&name)?;
            }
        }
        self.unlink(LOCK)?;
        match unistd::unlinkat(fcntl::AT_FDCWD, &self.path, UnlinkatFlags::RemoveDir) {
            Ok(()) | Err(Errno::ENOENT) => Ok(()),
            Err(errno) => Err(remove_error(&self.path, errno)),
        }
    }

    fn unlink(&self, name: impl AsRef<Path>) -> Result<()> {
        match unistd::unlinkat(&self.fd, name.as_ref(), UnlinkatFlags::NoRemoveDir) {
            Ok(()) | Err(Errno::ENOENT) => Ok(()),
            // Left by a restore that was killed, whose mount ended with it; or beside the socket for notifications.
            Err(Errno::EISDIR) => unistd::unlinkat(&self.fd, name.as_ref(), UnlinkatFlags::RemoveDir)
                .map_err(|errno| remove_error(&self.path.join(name.as_ref()), errno)),
            Err(errno) => Err(remove_error(&self.path.join(name), errno)),
        }
    }
}

/// A container's directory that this process held locked before.
#[derive(Debug)]
pub(crate) struct Released(Locked);

impl Released {
    /// Waits for the lock again; none when the container was removed meanwhile.
    ///
    /// # Errors
    /// When the lock cannot be waited for.
    pub(crate) fn lock(self) -> Result<Option<Locked>> {
        self.0.directory.wait_for(self.0.lock)
    }
}

pub(super) fn remove_error(path: &Path, errno: Errno) -> Error {
    Error::syscall(format!("remove {}", path.display()), errno as i32).context("remove the container's state")
}

fn io_error(call: &str, path: &Path, error: &std::io::Error) -> Error {
    Error::syscall(
        format!("{call} {}", path.display()),
        error.raw_os_error().unwrap_or(0),
    )
}

fn whole_file(kind: libc::c_int) -> libc::flock {
    libc::flock {
        l_type: i16::try_from(kind).unwrap_or_default(),
        l_whence: 0, // SEEK_SET
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    }
}
