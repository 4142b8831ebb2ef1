//! A tree of files that others may change while we look: the host's, or a container's.
//!
//! Nothing here trusts a path twice. The kernel resolves every path from the tree's root (openat2, RESOLVE_IN_ROOT), so
//! that no symbolic link and no `..` leads out of a container, however its processes move things meanwhile
//! (CVE-2018-15664); what was found is then used by its descriptor.

use std::ffi::OsStr;
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, ResolveFlag, readlinkat};
use nix::sys::stat::{FileStat, fstat, fstatat};
use nix::sys::statfs::fstatfs;

use crate::error::{Error, Kind, Result};
use crate::plan::copy::{Existing, Typed, split};
use crate::sys::resolve;

/// As many symbolic links as the kernel follows.
const MAX_LINKS: usize = 40;

/// File systems that are the kernel's own interface (linux/magic.h): proc, sysfs, cgroup, cgroup2, debugfs, tracefs,
/// securityfs, selinuxfs, bpf, pstore, efivarfs, binfmt_misc, mqueue, devpts. Reading a file there may do something or never end.
const OF_THE_KERNEL: [i64; 14] = [
    0x9fa0,
    0x6265_6572,
    0x0027_e0eb,
    0x6367_7270,
    0x6462_6720,
    0x7472_6163,
    0x7363_6673,
    0xf97c_ff8c,
    0xcafe_4a11,
    0x6165_676c,
    0xde5e_81e4,
    0x4249_4e4d,
    0x1980_0202,
    0x1cd1,
];

/// A tree with a root that nothing leads out of.
#[derive(Debug)]
pub(super) struct Tree {
    root: OwnedFd,
    resolve: ResolveFlag,
}

/// What is at a path.
#[derive(Debug)]
pub(super) enum Found {
    Nothing,
    /// A directory, opened for reading.
    Directory(OwnedFd),
    /// Anything else: the directory that has it, and its name there.
    Other {
        place: OwnedFd,
        name: Vec<u8>,
        stat: FileStat,
    },
}

impl Found {
    pub(super) fn existing(&self) -> Existing {
        match self {
            Self::Nothing => Existing::Nothing,
            Self::Directory(_) => Existing::Directory,
            Self::Other { .. } => Existing::Other,
        }
    }
}

impl Tree {
    /// The whole file system as this process sees it.
    pub(super) fn host() -> Result<Self> {
        let root = File::open("/").map_err(|error| Error::io("open /", &error))?;
        Ok(Self {
            root: root.into(),
            resolve: ResolveFlag::RESOLVE_IN_ROOT,
        })
    }

    /// A container's files, below its root directory.
    pub(super) fn of_container(root: OwnedFd) -> Self {
        Self {
            root,
            resolve: resolve::IN_ROOT,
        }
    }

    pub(super) fn root(&self) -> BorrowedFd<'_> {
        self.root.as_fd()
    }

    pub(super) fn resolve(&self) -> ResolveFlag {
        self.resolve
    }

    /// Opens a directory; links in its path are followed inside the tree.
    pub(super) fn directory(&self, path: &[u8]) -> Result<OwnedFd, Errno> {
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY;
        resolve::open(self.root(), path, flags, self.resolve)
    }

    /// What is at a path. A symbolic link at its end is followed if `follow` says so, or the path ends in a slash.
    pub(super) fn find(&self, typed: &Typed, follow: bool) -> Result<Found, Errno> {
        if typed.is_directory {
            return match self.directory(&typed.path) {
                Ok(directory) => Ok(Found::Directory(directory)),
                Err(Errno::ENOENT) => Ok(Found::Nothing),
                Err(errno) => Err(errno),
            };
        }
        match follow {
            true => self.look(&self.follow(typed)?.path),
            false => self.look(&typed.path),
        }
    }

    /// The path to which the symbolic links at a path's end lead; it need not be there.
    pub(super) fn follow(&self, typed: &Typed) -> Result<Typed, Errno> {
        let mut typed = typed.clone();
        for _ in 0..MAX_LINKS {
            let (directory, name) = typed.split();
            let Ok(place) = self.directory(directory) else {
                return Ok(typed);
            };
            let Ok(link) = readlinkat(&place, OsStr::from_bytes(name)) else {
                return Ok(typed);
            };
            let asserted = typed.is_directory;
            typed = Typed::new(directory, &link.into_vec());
            typed.is_directory |= asserted;
        }
        Err(Errno::ELOOP)
    }

    fn look(&self, path: &[u8]) -> Result<Found, Errno> {
        let (directory, name) = split(path);
        let place = match self.directory(directory) {
            Ok(place) => place,
            Err(Errno::ENOENT) => return Ok(Found::Nothing),
            Err(errno) => return Err(errno),
        };
        if name.is_empty() {
            return Ok(Found::Directory(place));
        }
        let stat = match fstatat(&place, OsStr::from_bytes(name), AtFlags::AT_SYMLINK_NOFOLLOW) {
            Ok(stat) => stat,
            Err(Errno::ENOENT) => return Ok(Found::Nothing),
            Err(errno) => return Err(errno),
        };
        if !is_directory(&stat) {
            let name = name.to_vec();
            return Ok(Found::Other { place, name, stat });
        }
        child(place.as_fd(), name).map(Found::Directory)
    }
}

/// Opens what a directory has under a name, if it is a directory itself.
pub(super) fn child(place: BorrowedFd<'_>, name: &[u8]) -> Result<OwnedFd, Errno> {
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let beneath = ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_SYMLINKS;
    resolve::open(place, name, flags, beneath)
}

pub(super) fn is_directory(stat: &FileStat) -> bool {
    stat.st_mode & libc::S_IFMT == libc::S_IFDIR
}

/// Whether a file or directory belongs to the kernel's own interface rather than to anybody's files.
pub(super) fn is_of_the_kernel(file: impl AsFd) -> Result<bool, Errno> {
    fstatfs(file).map(|facts| {
        // The kernel's magic numbers have 32 bits, whatever this machine's word for them.
        #[allow(
            clippy::unnecessary_cast,
            clippy::cast_possible_wrap,
            reason = "the type differs between machines and C libraries"
        )]
        let magic = facts.filesystem_type().0 as i64 & 0xffff_ffff;
        OF_THE_KERNEL.contains(&magic)
    })
}

/// Refuses what belongs to the kernel's own interface.
pub(super) fn refuse_kernels(file: impl AsFd, path: &str) -> Result<()> {
    match is_of_the_kernel(file) {
        Ok(true) => Err(Error::new(
            Kind::Unsupported,
            format!(
                "{path} is no file of the container but the kernel's interface (proc, sysfs or the like)"
            ),
        )
        .hint("read or write it from inside: corten exec")),
        Ok(false) => Ok(()),
        Err(errno) => Err(Error::syscall(format!("fstatfs({path})"), errno as i32)),
    }
}

/// The device that an open file is on.
pub(super) fn device(file: impl AsFd) -> Result<u64, Errno> {
    fstat(file).map(|stat| stat.st_dev)
}
