//! The directories of a layer that is being unpacked: found without following symlinks out, made when missing.

use std::collections::{BTreeSet, HashMap};
use std::ffi::OsStr;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;
use std::rc::Rc;

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, ResolveFlag, readlink};
use nix::sys::stat::{Mode, fstatat, mkdirat};
use nix::unistd::{UnlinkatFlags, unlinkat};

use super::path::{clean, refused, show, split};
use super::tar::excessive;
use crate::error::{Context, Error, Result};
use crate::sys::resolve;

/// How many directories are kept open.
const KEPT: usize = 64;

/// A directory that was found: its descriptor, and its path without symlinks.
#[derive(Debug, Clone)]
pub(super) struct Dir {
    pub(super) fd: Rc<OwnedFd>,
    pub(super) path: Rc<[u8]>,
}

/// The directories of one layer.
#[derive(Debug)]
pub(super) struct Dirs {
    root: Dir,
    /// By the path as written.
    open: HashMap<Vec<u8>, Dir>,
    /// Directories that exist only because something is below them.
    pub(super) implied: BTreeSet<Vec<u8>>,
    /// Directories through which nothing of lower layers shows.
    pub(super) opaque: BTreeSet<Vec<u8>>,
    /// Bytes of memory that may still be used for these and for the unpacker's own notes.
    memory: u64,
}

/// What a note takes beside its bytes, roughly.
const NOTE: u64 = 100;

impl Dirs {
    /// The directories below `root`, with so many bytes of memory for notes about them.
    pub(super) fn new(root: &Path, memory: u64) -> Result<Self> {
        let fd = nix::fcntl::open(
            root,
            OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC,
            Mode::empty(),
        )
        .map_err(|errno| Error::syscall(format!("open {}", root.display()), errno as i32))?;
        let root = Dir {
            fd: Rc::new(fd),
            path: Rc::from([]),
        };
        Ok(Self {
            root,
            open: HashMap::new(),
            implied: BTreeSet::from([Vec::new()]),
            opaque: BTreeSet::new(),
            memory,
        })
    }

    /// Accounts for a note of so many bytes: an archive of a few bytes can ask for very many.
    pub(super) fn note(&mut self, bytes: usize) -> Result<()> {
        let left = self.memory.checked_sub(bytes as u64 + NOTE);
        self.memory = left.ok_or_else(|| excessive("its directories and links take too much memory"))?;
        Ok(())
    }

    /// Lets nothing of lower layers show through a directory.
    pub(super) fn make_opaque(&mut self, path: Vec<u8>) -> Result<()> {
        self.note(path.len())?;
        self.opaque.insert(path);
        Ok(())
    }

    /// The layer's root.
    pub(super) fn root(&self) -> &Dir {
        &self.root
    }

    /// The directory of this path, made (with what is above it) if it is missing.
    pub(super) fn get(&mut self, path: &[u8]) -> Result<Dir> {
        match self.find(path)? {
            Some(dir) => Ok(dir),
            None => self.make(path),
        }
    }

    /// The directory of this path, if there is one.
    pub(super) fn find(&mut self, path: &[u8]) -> Result<Option<Dir>> {
        if path.is_empty() {
            return Ok(Some(self.root.clone()));
        }
        if let Some(dir) = self.open.get(path) {
            return Ok(Some(dir.clone()));
        }
        let dir = match open(
            &self.root,
            path,
            ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_SYMLINKS,
        ) {
            Ok(fd) => Dir {
                fd: Rc::new(fd),
                path: Rc::from(path),
            },
            Err(Errno::ENOENT | Errno::ENOTDIR) => return Ok(None),
            Err(Errno::ELOOP) => match self.through_symlinks(path)? {
                Some(dir) => dir,
                None => return Ok(None),
            },
            Err(errno) => return Err(failed("openat2", path, errno)),
        };
        if self.open.len() >= KEPT {
            self.open.clear();
        }
        self.open.insert(path.to_vec(), dir.clone());
        Ok(Some(dir))
    }

    /// Forgets what is open: a directory, or a symlink to one, is about to be replaced.
    pub(super) fn forget(&mut self) {
        self.open.clear();
    }

    /// Forgets what is noted of a directory that is removed, and of those below it.
    pub(super) fn forget_below(&mut self, path: &[u8]) {
        for noted in [&mut self.implied, &mut self.opaque] {
            noted.remove(path);
            // '0' comes right after '/'.
            let below = super::path::join(path, b"")..[path, b"0"].concat();
            let gone: Vec<Vec<u8>> = noted.range(below).cloned().collect();
            for path in gone {
                noted.remove(&path);
            }
        }
    }

    /// Follows symlinks as if the layer's root were the root of everything (RESOLVE_IN_ROOT), and asks the kernel
    /// where that led: everything else works with the path without symlinks.
    fn through_symlinks(&self, path: &[u8]) -> Result<Option<Dir>> {
        let fd = match open(&self.root, path, resolve::IN_ROOT) {
            Ok(fd) => fd,
            Err(Errno::ENOENT) => return Ok(None),
            Err(Errno::ELOOP | Errno::ENOTDIR) => {
                return Err(refused(path, "a symlink above it does not lead to a directory"));
            }
            Err(errno) => return Err(failed("openat2", path, errno)),
        };
        let (root, there) = (real_path(&self.root.fd)?, real_path(&fd)?);
        let inside = there
            .strip_prefix(&root[..])
            .ok_or_else(|| refused(path, "it leads out of the layer"))?;
        Ok(Some(Dir {
            fd: Rc::new(fd),
            path: Rc::from(clean(inside)?),
        }))
    }

    fn make(&mut self, path: &[u8]) -> Result<Dir> {
        let (above, name) = split(path);
        let parent = self.get(above)?;
        let make = || {
            mkdirat(
                &*parent.fd,
                OsStr::from_bytes(name),
                Mode::from_bits_truncate(0o755),
            )
        };
        let real = super::path::join(&parent.path, name);
        match make() {
            Ok(()) => {
                self.note(real.len())?;
                self.implied.insert(real);
            }
            Err(Errno::EEXIST) if is_whiteout(&parent, name) => {
                // Removed from the lower layers, and here again: a directory through which nothing shows.
                unlinkat(&*parent.fd, OsStr::from_bytes(name), UnlinkatFlags::NoRemoveDir)
                    .and_then(|()| make())
                    .map_err(|errno| failed("mkdirat", path, errno))?;
                self.make_opaque(real)?;
            }
            Err(Errno::EEXIST) => return Err(refused(path, "what is above an entry is not a directory")),
            Err(errno) => return Err(failed("mkdirat", path, errno)),
        }
        self.find(path)?
            .ok_or_else(|| refused(path, "its directory cannot be made"))
    }
}

/// Opens a directory to work in, never following a symlink at the end.
fn open(root: &Dir, path: &[u8], how: ResolveFlag) -> std::result::Result<OwnedFd, Errno> {
    resolve::open(&*root.fd, path, OFlag::O_PATH | OFlag::O_DIRECTORY, how)
}

fn is_whiteout(parent: &Dir, name: &[u8]) -> bool {
    fstatat(&*parent.fd, OsStr::from_bytes(name), AtFlags::AT_SYMLINK_NOFOLLOW)
        .is_ok_and(|stat| super::hidden::is_whiteout(&stat))
}

fn real_path(fd: &OwnedFd) -> Result<Vec<u8>> {
    let link = format!("/proc/self/fd/{}", fd.as_raw_fd());
    readlink(link.as_str())
        .map(OsStringExt::into_vec)
        .map_err(|errno| Error::syscall(format!("readlink {link}"), errno as i32))
        .context(|| "find where a symlink of the layer leads")
}

/// The error of a call on a path of the layer.
pub(super) fn failed(call: &str, path: &[u8], errno: Errno) -> Error {
    let error = Error::syscall(format!("{call} \"{}\" in the layer", show(path)), errno as i32);
    match errno {
        Errno::ENOSPC => error.hint("the disk is full: `corten system df` shows what the images take"),
        Errno::EDQUOT => {
            error.hint("a quota of the disk is used up: `corten system df` shows what the images take")
        }
        Errno::EPERM => error.hint("unpacking needs root's privileges: owners, devices, extended attributes"),
        _ => error,
    }
}
