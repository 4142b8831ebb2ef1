//! The directory given by `--root`: it has a directory for each container.

use super::directory::remove_error;
use super::{Directory, Id, Locked, Record};
use crate::error::{Error, Kind, Result};
use nix::errno::Errno;
use nix::fcntl::{self, OFlag};
use nix::sys::stat::{self, Mode};
use nix::unistd::{self, UnlinkatFlags};
use std::fs::DirBuilder;
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

const OPEN_DIRECTORY: OFlag = OFlag::O_RDONLY.union(OFlag::O_DIRECTORY).union(OFlag::O_CLOEXEC);

/// The directory given by `--root`.
#[derive(Debug)]
pub(crate) struct Root {
    fd: OwnedFd,
    path: PathBuf,
}

impl Root {
    /// Opens the root, making it where it is missing.
    ///
    /// # Errors
    /// When it can neither be opened nor made.
    pub(crate) fn open_or_create(path: &Path) -> Result<Self> {
        if let Some(root) = Self::open(path)? {
            return Ok(root);
        }
        DirBuilder::new()
            .recursive(true)
            .mode(0o711)
            .create(path)
            .map_err(|error| root_error(path, Error::syscall("mkdir", error.raw_os_error().unwrap_or(0))))?;
        Self::open(path)?.ok_or_else(|| root_error(path, Error::syscall("open", libc::ENOENT)))
    }

    /// Opens the root; none when it does not exist.
    ///
    /// # Errors
    /// When it exists and cannot be opened.
    pub(crate) fn open(path: &Path) -> Result<Option<Self>> {
        match fcntl::open(path, OPEN_DIRECTORY, Mode::empty()) {
            Ok(fd) => Ok(Some(Self {
                fd,
                path: path.to_owned(),
            })),
            Err(Errno::ENOENT) => Ok(None),
            Err(errno) => Err(root_error(path, Error::syscall("open", errno as i32))),
        }
    }

    /// The ids of the directories, sorted; what is no valid id is not ours and is skipped.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub(crate) fn ids(&self) -> Result<Vec<Id>> {
        let failed = |error: std::io::Error| {
            root_error(
                &self.path,
                Error::syscall("read directory", error.raw_os_error().unwrap_or(0)),
            )
        };
        let mut ids = Vec::new();
        for entry in std::fs::read_dir(&self.path).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            ids.extend(name.to_str().and_then(|name| Id::parse(name).ok()));
        }
        ids.sort();
        Ok(ids)
    }

    /// Makes the directory of a new container and locks it.
    ///
    /// # Errors
    /// When a container of that id exists, or the directory cannot be made.
    pub(crate) fn create(&self, id: &Id) -> Result<Locked> {
        match stat::mkdirat(&self.fd, id.as_str(), Mode::S_IRWXU) {
            Ok(()) => {}
            Err(Errno::EEXIST) => return Err(already_exists(id)),
            Err(errno) => {
                let call = format!("mkdir {}", self.path.join(id.as_str()).display());
                return Err(Error::syscall(call, errno as i32).context("make the container's directory"));
            }
        }
        let removed = || {
            let message = format!(
                "container {id:?} was deleted while it was being created",
                id = id.as_str()
            );
            Error::new(Kind::NotFound, message)
        };
        let directory = self.container(id)?.ok_or_else(removed)?;
        directory.lock(OFlag::O_CREAT)?.ok_or_else(removed)
    }

    /// Opens the directory of a container; none when there is none.
    ///
    /// # Errors
    /// When it exists and cannot be opened.
    pub(crate) fn container(&self, id: &Id) -> Result<Option<Directory>> {
        let path = self.path.join(id.as_str());
        match fcntl::openat(
            &self.fd,
            id.as_str(),
            OPEN_DIRECTORY | OFlag::O_NOFOLLOW,
            Mode::empty(),
        ) {
            Ok(fd) => Ok(Some(Directory { fd, path })),
            Err(Errno::ENOENT) => Ok(None),
            Err(errno) => Err(Error::syscall(format!("open {}", path.display()), errno as i32)
                .context("open the container's directory")),
        }
    }

    /// Removes a directory that is no container: the remains of a command killed between two calls.
    ///
    /// # Errors
    /// When the directory is not empty: then it is a container after all.
    pub(crate) fn remove_empty(&self, id: &Id) -> Result<()> {
        match unistd::unlinkat(&self.fd, id.as_str(), UnlinkatFlags::RemoveDir) {
            Ok(()) | Err(Errno::ENOENT) => Ok(()),
            Err(errno) => Err(remove_error(&self.path.join(id.as_str()), errno)),
        }
    }
}

/// Locks the container `id` below the directory `root` and reads its record.
///
/// # Errors
/// When there is none, or it cannot be locked or read.
pub(crate) fn lock(root: &Path, id: &Id) -> Result<(Locked, Record<'static>)> {
    let found = Root::open(root)?.map_or(Ok(None), |root| root.container(id))?;
    let locked = found
        .map_or(Ok(None), Directory::lock_existing)?
        .ok_or_else(|| not_found(id))?;
    let record = locked.read()?.ok_or_else(|| not_found(id))?;
    Ok((locked, record))
}

/// The error of every command that names a container which is not there.
pub(crate) fn not_found(id: &Id) -> Error {
    Error::new(
        Kind::NotFound,
        format!("container does not exist: {:?}", id.as_str()),
    )
    .hint("`list` shows the containers; --root must be the one that `create` was called with")
}

fn already_exists(id: &Id) -> Error {
    Error::new(Kind::Exists, format!("container with id exists: {}", id.as_str()))
        .hint("take another id, or remove that container with `delete`")
}

fn root_error(path: &Path, cause: Error) -> Error {
    cause
        .context(format!("open the state directory {}", path.display()))
        .hint("--root names the directory of the containers' states; the caller must be able to write there")
}
