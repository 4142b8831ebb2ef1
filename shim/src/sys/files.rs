//! Files: directories as handles, atomic replacement, the shim's lock.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{FallocateFlags, FcntlArg, Flock, FlockArg, OFlag};

use crate::error::{Call, Error, Kind, Result};

/// Opens a directory as a place to name files in.
///
/// # Errors
/// It is not there, or not a directory.
pub fn open_dir(path: &Path) -> Result<File> {
    OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_DIRECTORY)
        .open(path)
        .call(|| format!("open({}, O_DIRECTORY)", path.display()))
}

/// A short path to `name` in `dir`, for interfaces that limit the length of paths.
pub fn short_path(dir: &File, name: &str) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}/{name}", dir.as_raw_fd()))
}

/// Takes the lock that says that a shim lives, or fails at once.
///
/// # Errors
/// Somebody else holds it.
pub fn lock(path: &Path) -> Result<Flock<File>> {
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(path)
        .call(|| format!("open({}, O_CREAT)", path.display()))?;
    Flock::lock(file, FlockArg::LockExclusiveNonblock).map_err(|(_, errno)| match errno {
        Errno::EWOULDBLOCK => Error::new(Kind::State, format!("another shim holds {}", path.display()))
            .hint("one container has one shim; `corten ps` shows it"),
        _ => Error::syscall(format!("flock({}, LOCK_EX)", path.display()), errno),
    })
}

/// Whether a replaced file must survive a power loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// It must: file and directory are synced before this returns.
    Durable,
    /// It need not: nobody sees half a file, that is all.
    Atomic,
}

/// A directory for a moment, that only this user may enter; it goes with this value, if it is empty by then.
#[derive(Debug)]
pub struct PrivateDir {
    path: PathBuf,
    /// To name files in it.
    pub dir: File,
}

impl PrivateDir {
    /// Makes it where temporary files are.
    ///
    /// # Errors
    /// There is no place for it.
    pub fn make() -> Result<Self> {
        let template = std::env::temp_dir().join("corten-XXXXXX");
        let path = nix::unistd::mkdtemp(&template).call(|| format!("mkdtemp({})", template.display()))?;
        let dir = open_dir(&path)?;
        Ok(Self { path, dir })
    }
}

impl Drop for PrivateDir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir(&self.path);
    }
}

/// Replaces `path` by a file with `content`; whoever opens it sees the old or the new content.
///
/// # Errors
/// Nothing is changed then, and no temporary file stays.
pub fn replace(path: &Path, content: &[u8], durability: Durability) -> Result<()> {
    let temporary = temporary_beside(path);
    let result = write_new(&temporary, content, durability)
        .and_then(|()| std::fs::rename(&temporary, path).call(|| format!("rename(…, {})", path.display())));
    if result.is_err() {
        let _ = std::fs::remove_file(&temporary);
        return result;
    }
    match durability {
        Durability::Durable => sync_parent(path),
        Durability::Atomic => Ok(()),
    }
}

fn temporary_beside(path: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".new");
    path.with_file_name(name)
}

fn write_new(path: &Path, content: &[u8], durability: Durability) -> Result<()> {
    let shown = path.display();
    let mut file = create(path).call(|| format!("open({shown}, O_CREAT)"))?;
    file.write_all(content).call(|| format!("write({shown})"))?;
    if durability == Durability::Durable {
        file.sync_all().call(|| format!("fsync({shown})"))?;
    }
    Ok(())
}

/// Room on the disk for a small file that must be written however full the disk is by then.
#[derive(Debug)]
pub struct Reserved {
    file: File,
    temporary: PathBuf,
    path: PathBuf,
}

/// Reserves room for the file `path` of at most `size` bytes.
///
/// # Errors
/// There is no room, or no such directory.
pub fn reserve(path: &Path, size: u32) -> Result<Reserved> {
    let temporary = temporary_beside(path);
    let shown = temporary.display();
    let file = create(&temporary).call(|| format!("open({shown}, O_CREAT)"))?;
    let reserved = Reserved {
        file,
        temporary: temporary.clone(),
        path: path.to_owned(),
    };
    match nix::fcntl::fallocate(&reserved.file, FallocateFlags::empty(), 0, size.into()) {
        // A file system that cannot reserve is no reason to run no containers on it.
        Ok(()) | Err(Errno::EOPNOTSUPP) => Ok(reserved),
        Err(errno) => Err(Error::syscall(format!("fallocate({shown}, {size})"), errno)),
    }
}

impl Reserved {
    /// Makes the file with this content, durably.
    ///
    /// # Errors
    /// The disk refuses it all the same; then there is no file.
    pub fn fill(self, content: &[u8]) -> Result<()> {
        let shown = self.temporary.display();
        self.file
            .write_all_at(content, 0)
            .and_then(|()| self.file.set_len(content.len() as u64))
            .call(|| format!("write({shown})"))?;
        self.file.sync_all().call(|| format!("fsync({shown})"))?;
        std::fs::rename(&self.temporary, &self.path)
            .call(|| format!("rename(…, {})", self.path.display()))?;
        sync_parent(&self.path)
    }
}

impl Drop for Reserved {
    /// Once it has its name, this one is free.
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.temporary);
    }
}

fn create(path: &Path) -> std::io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .custom_flags(libc::O_NOFOLLOW)
        .open(path)
}

fn parent(path: &Path) -> &Path {
    path.parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or_else(|| Path::new("."))
}

fn sync_parent(path: &Path) -> Result<()> {
    let parent = parent(path);
    open_dir(parent)?
        .sync_all()
        .call(|| format!("fsync({})", parent.display()))
}

/// Removes a file durably; that it was not there is fine, but its directory must be.
///
/// # Errors
/// It is there and cannot be removed, or there is no place for it.
pub fn remove_durably(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Ok(()) => sync_parent(path),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => open_dir(parent(path)).map(drop),
        Err(error) => Err(Error::syscall(format!("unlink({})", path.display()), error)),
    }
}

/// Makes the fifo `name` in `dir`, mode 0600, in place of what has that name, and opens it: it never ends, since it is
/// open for writing here, too. Reads return at once.
///
/// # Errors
/// It cannot be made.
pub fn make_fifo(dir: &File, name: &str) -> Result<File> {
    let path = short_path(dir, name);
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).call(|| format!("unlink({name})"));
        }
        _ => {}
    }
    nix::unistd::mkfifo(&path, nix::sys::stat::Mode::from_bits_truncate(0o600))
        .call(|| format!("mkfifo({name})"))?;
    OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(libc::O_NONBLOCK | libc::O_NOFOLLOW)
        .open(&path)
        .call(|| format!("open({name})"))
}

/// Makes reads and writes on `file` return at once.
///
/// # Errors
/// The descriptor cannot be changed.
pub fn set_nonblocking(file: &File) -> Result<()> {
    let call = || format!("fcntl({file:?}, O_NONBLOCK)");
    let flags = nix::fcntl::fcntl(file, FcntlArg::F_GETFL).call(call)?;
    let flags = OFlag::from_bits_retain(flags) | OFlag::O_NONBLOCK;
    nix::fcntl::fcntl(file, FcntlArg::F_SETFL(flags)).call(call)?;
    Ok(())
}

/// A pipe: the end to read and the end to write.
///
/// # Errors
/// The kernel has no descriptor or memory left.
pub fn pipe() -> Result<(OwnedFd, OwnedFd)> {
    nix::unistd::pipe2(OFlag::O_CLOEXEC).call(|| "pipe2(O_CLOEXEC)")
}

/// How much a pipe can hold; 64 KiB, the kernel's default, for what is not a pipe.
pub fn pipe_size(file: &File) -> usize {
    let size = nix::fcntl::fcntl(file, FcntlArg::F_GETPIPE_SZ).unwrap_or(0);
    usize::try_from(size).unwrap_or(0).max(65_536)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replace_leaves_one_file_of_the_new_content() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("a");
        replace(&path, b"one", Durability::Atomic).expect("written");
        replace(&path, b"two", Durability::Durable).expect("written");
        assert_eq!(std::fs::read(&path).expect("there"), b"two");
        assert_eq!(std::fs::read_dir(dir.path()).expect("there").count(), 1);
        assert!(replace(&dir.path().join("no/a"), b"", Durability::Atomic).is_err());
    }

    #[test]
    fn a_lock_is_held_once() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("shim.lock");
        let held = lock(&path).expect("free");
        assert_eq!(lock(&path).expect_err("held").kind(), Kind::State);
        drop(held);
        lock(&path).expect("free again");
    }
}
