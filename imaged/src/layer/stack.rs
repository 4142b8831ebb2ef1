//! Directories stacked as overlayfs stacks them, looked at without mounting them, by descriptors: nothing here follows
//! a symlink, so that a container which changes its files meanwhile cannot lead anywhere else (CVE-2018-15664).

use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, open, openat};
use nix::sys::stat::{FileStat, Mode, fstatat};

use super::dirs::failed;
use super::hidden::{is_opaque, is_whiteout};
use crate::error::{Error, Result};

/// A directory that may be made of several, topmost first.
#[derive(Debug)]
pub(super) struct Stacked {
    parts: Vec<OwnedFd>,
    /// The topmost one's files have a container's owners ([`Self::with_containers_top`]).
    is_containers: bool,
}

/// What a stacked directory has under a name.
#[derive(Debug)]
pub(super) struct Found<'a> {
    /// The directory that has it.
    pub(super) place: BorrowedFd<'a>,
    pub(super) stat: FileStat,
    /// Whether its owner is one of the host's ids that a container has.
    pub(super) is_containers: bool,
    /// Which of the directories that is.
    at: usize,
}

const FLAGS: OFlag = OFlag::O_RDONLY
    .union(OFlag::O_DIRECTORY)
    .union(OFlag::O_NOFOLLOW)
    .union(OFlag::O_CLOEXEC);

impl Stacked {
    /// The roots of layers, topmost first.
    pub(super) fn new<P: AsRef<Path>>(roots: &[P]) -> Result<Self> {
        let open = |path: &P| {
            let path = path.as_ref();
            open(path, FLAGS, Mode::empty())
                .map_err(|errno| Error::syscall(format!("open {}", path.display()), errno as i32))
        };
        Ok(Self {
            parts: roots.iter().map(open).collect::<Result<_>>()?,
            is_containers: false,
        })
    }

    /// The same where the topmost directory is a container's and has the owners that it has on the host.
    pub(super) fn with_containers_top(self) -> Self {
        Self {
            is_containers: true,
            ..self
        }
    }

    /// The names in it, sorted, each once; those of whiteouts are among them.
    pub(super) fn names(&self) -> Result<Vec<Vec<u8>>> {
        let mut names = Vec::new();
        for part in &self.parts {
            let mut dir = Dir::openat(
                part,
                ".",
                OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC,
                Mode::empty(),
            )
            .map_err(|errno| failed("openat", b".", errno))?;
            for entry in dir.iter() {
                let entry = entry.map_err(|errno| failed("getdents", b".", errno))?;
                let name = entry.file_name().to_bytes();
                if name != b"." && name != b".." {
                    names.push(name.to_vec());
                }
            }
        }
        names.sort();
        names.dedup();
        Ok(names)
    }

    /// What shows under a name; nothing if a whiteout hides it or it vanished meanwhile.
    pub(super) fn find(&self, name: &[u8]) -> Result<Option<Found<'_>>> {
        Ok(self.raw(name)?.filter(|found| !is_whiteout(&found.stat)))
    }

    /// The same with whiteouts as what they are.
    pub(super) fn raw(&self, name: &[u8]) -> Result<Option<Found<'_>>> {
        for (at, part) in self.parts.iter().enumerate() {
            match fstatat(part, OsStr::from_bytes(name), AtFlags::AT_SYMLINK_NOFOLLOW) {
                Ok(stat) => {
                    let place = part.as_fd();
                    return Ok(Some(Found {
                        place,
                        stat,
                        is_containers: self.is_containers && at == 0,
                        at,
                    }));
                }
                Err(Errno::ENOENT) => {}
                Err(errno) => return Err(failed("fstatat", name, errno)),
            }
        }
        Ok(None)
    }

    /// The directory that was found under a name, with what of it lies below, down to where nothing shows through;
    /// none if it is no directory any more.
    pub(super) fn enter(&self, name: &[u8], found: &Found<'_>) -> Result<Option<Self>> {
        let mut parts = Vec::new();
        let mut is_containers = false;
        for (below, part) in self.parts[found.at..].iter().enumerate() {
            match openat(part, OsStr::from_bytes(name), FLAGS, Mode::empty()) {
                Ok(dir) => {
                    let opaque = is_opaque(&dir, name)?;
                    is_containers |= found.is_containers && below == 0;
                    parts.push(dir);
                    if opaque {
                        break;
                    }
                }
                Err(Errno::ENOENT) => {}
                // Something that is no directory hides what is below it; a whiteout, too.
                Err(Errno::ENOTDIR | Errno::ELOOP) => break,
                Err(errno) => return Err(failed("openat", name, errno)),
            }
        }
        Ok((!parts.is_empty()).then_some(Self { parts, is_containers }))
    }

    /// The topmost of the directories.
    pub(super) fn top(&self) -> Option<BorrowedFd<'_>> {
        self.parts.first().map(AsFd::as_fd)
    }
}
