//! Unpacking a tar stream into a directory that has things already: docker's rules of what replaces what.
//!
//! The stream may be hostile, and so may be the processes beside the directory: every entry's directory is resolved
//! anew from the tree's root by the kernel, and what is made is made by descriptor and name, never through a link.

use std::collections::BTreeSet;
use std::ffi::{CString, OsStr};
use std::io::BufRead;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::rc::Rc;

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, ResolveFlag, openat};
use nix::sys::stat::{
    Mode, SFlag, UtimensatFlags, fchmod, fstat, fstatat, futimens, makedev, mkdirat, mknodat, utimensat,
};
use nix::sys::time::TimeSpec;
use nix::unistd::{Gid, Uid, UnlinkatFlags, fchown, fchownat, linkat, symlinkat, unlinkat};

use super::tree::{self, is_directory, refuse_kernels};
use crate::error::{Context, Error, Kind, Result};
use crate::layer::tar::{self, Entry, Limits, Reader, Segment};
use crate::layer::{clean_path, write_data, write_sparse};
use crate::output;
use crate::plan::copy::split;
use crate::plan::id_attributes;
use crate::plan::id_map::IdMaps;
use crate::sys::{resolve, xattr};

/// Where entries go, and what becomes of their attributes.
#[derive(Debug)]
pub(super) struct Target<'a> {
    /// The root of all paths.
    pub(super) root: BorrowedFd<'a>,
    /// The directory below it that entries are relative to.
    pub(super) directory: &'a [u8],
    /// How the kernel resolves.
    pub(super) resolve: ResolveFlag,
    pub(super) owner: Owner,
    pub(super) trust: Trust,
    /// The ids that the container has of the host.
    pub(super) ids: IdMaps,
}

/// Who gets what is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// Whom the stream says.
    Streams,
    /// Who runs this; in a container its root.
    Ours,
}

/// Whether a stream may hand out privileges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trust {
    /// Its author is who runs this, or it stays in a container.
    Full,
    /// Set-id bits and file capabilities fall away, and devices are left out: a container is not to make any for the host.
    Files,
}

/// Unpacks the stream; returns the paths of devices that were left out.
///
/// # Errors
/// `Invalid` and `Limit` for streams that are refused, `Conflict` where a file would replace a directory or the reverse;
/// the failed call otherwise. What was unpacked stays.
pub(super) fn unpack(input: &mut impl BufRead, target: Target<'_>) -> Result<Vec<Vec<u8>>> {
    let mut reader = Reader::new(input, Limits::default());
    let mut receiver = Receiver {
        target,
        place: None,
        directories: Vec::new(),
        left_out: BTreeSet::new(),
        memory: Limits::default().memory,
    };
    while let Some(entry) = reader.next_entry()? {
        receiver
            .apply(&entry, &mut reader)
            .context(|| format!("copy \"{}\"", output::harmless_path(&entry.path)))?;
    }
    receiver.finish()
}

/// A directory that was made or met.
struct Directory {
    path: Vec<u8>,
    /// Which one it is: at the end another may have its path.
    identity: (u64, u64),
    entry: Entry,
    is_new: bool,
}

struct Receiver<'a> {
    target: Target<'a>,
    /// The directory of the last entry, by its path.
    place: Option<(Vec<u8>, Rc<OwnedFd>)>,
    /// Directories that were made or met: their times are set last.
    directories: Vec<Directory>,
    left_out: BTreeSet<Vec<u8>>,
    /// Bytes of memory that the notes about directories and about what was left out may still take.
    memory: u64,
}

impl Receiver<'_> {
    fn apply<R: BufRead>(&mut self, entry: &Entry, reader: &mut Reader<R>) -> Result<()> {
        let relative = clean_path(&entry.path)?;
        if relative.is_empty() {
            // The target itself keeps its attributes.
            return Ok(());
        }
        let path = self.absolute(&relative);
        let (above, name) = split(&path);
        let place = self.place(above)?;
        let place = place.as_fd();
        if entry.kind == tar::Kind::Directory {
            let is_new = make_directory(place, name, entry.mode)?;
            return self.remember(place, path, entry, is_new);
        }
        if self.is_left_out(entry)? {
            self.note((relative.len() + 100) as u64)?;
            self.left_out.insert(relative);
            return Ok(());
        }
        clear(place, name)?;
        match &entry.kind {
            tar::Kind::File { size, segments } => {
                self.file(place, name, entry, reader, (*size, segments.as_deref()))
            }
            tar::Kind::HardLink(original) => self.link(place, name, original),
            tar::Kind::Symlink(link) => {
                symlinkat(OsStr::from_bytes(link), place, OsStr::from_bytes(name))
                    .map_err(|errno| failed("symlinkat", name, errno))?;
                self.finish_unopened(place, name, entry)
            }
            special => {
                let (kind, device) = match special {
                    tar::Kind::Char(major, minor) => {
                        (SFlag::S_IFCHR, makedev((*major).into(), (*minor).into()))
                    }
                    tar::Kind::Block(major, minor) => {
                        (SFlag::S_IFBLK, makedev((*major).into(), (*minor).into()))
                    }
                    _ => (SFlag::S_IFIFO, 0),
                };
                let mode = Mode::from_bits_truncate(entry.mode & 0o777);
                mknodat(place, OsStr::from_bytes(name), kind, mode, device)
                    .map_err(|errno| failed("mknodat", name, errno))?;
                self.finish_unopened(place, name, entry)
            }
        }
    }

    /// Devices, where a stream may make none, and their other names.
    fn is_left_out(&self, entry: &Entry) -> Result<bool> {
        match &entry.kind {
            tar::Kind::Char(..) | tar::Kind::Block(..) => Ok(self.target.trust == Trust::Files),
            tar::Kind::HardLink(original) => Ok(self.left_out.contains(&clean_path(original)?)),
            _ => Ok(false),
        }
    }

    fn absolute(&self, relative: &[u8]) -> Vec<u8> {
        match self.target.directory {
            b"/" => [b"/", relative].concat(),
            directory => [directory, b"/", relative].concat(),
        }
    }

    /// The directory of this path; what is missing of it is made.
    fn place(&mut self, path: &[u8]) -> Result<Rc<OwnedFd>> {
        if let Some((known, place)) = &self.place
            && known == path
        {
            return Ok(Rc::clone(place));
        }
        let place = Rc::new(self.open(path)?);
        refuse_kernels(&*place, &output::harmless_path(path))?;
        self.place = Some((path.to_vec(), Rc::clone(&place)));
        Ok(place)
    }

    fn existing(&self, path: &[u8]) -> Result<OwnedFd, Errno> {
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let relative = match self.target.resolve.contains(ResolveFlag::RESOLVE_BENEATH) {
            true => path.strip_prefix(b"/").unwrap_or(path),
            false => path,
        };
        resolve::open(self.target.root, relative, flags, self.target.resolve)
    }

    fn open(&self, path: &[u8]) -> Result<OwnedFd> {
        match self.existing(path) {
            Ok(place) => Ok(place),
            Err(Errno::ENOENT) if path.len() > self.target.directory.len() && path != b"/" => {
                let (above, name) = split(path);
                let above = self.open(above)?;
                if make_directory(above.as_fd(), name, 0o755)?
                    && let Some((uid, gid)) = self.target.ids.root()
                {
                    give(above.as_fd(), name, (Uid::from_raw(uid), Gid::from_raw(gid)))?;
                }
                tree::child(above.as_fd(), name).map_err(|errno| failed("openat2", path, errno))
            }
            Err(errno) => Err(failed("openat2", path, errno)),
        }
    }

    fn file<R: BufRead>(
        &self,
        place: BorrowedFd<'_>,
        name: &[u8],
        entry: &Entry,
        reader: &mut Reader<R>,
        (size, segments): (u64, Option<&[Segment]>),
    ) -> Result<()> {
        let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let mode = Mode::from_bits_truncate(0o600);
        let file = openat(place, OsStr::from_bytes(name), flags, mode)
            .map_err(|errno| failed("openat", name, errno))?;
        match segments {
            None => write_data(&file, reader, name)?,
            Some(segments) => write_sparse(&file, reader, segments, size, name)?,
        }
        self.finish_opened(&file, entry, name, true)
    }

    /// Another name of a file that was unpacked before; the original's last name is not followed.
    fn link(&mut self, place: BorrowedFd<'_>, name: &[u8], original: &[u8]) -> Result<()> {
        let original = self.absolute(&clean_path(original)?);
        let (above, original_name) = split(&original);
        let there = self.open(above)?;
        linkat(
            &there,
            OsStr::from_bytes(original_name),
            place,
            OsStr::from_bytes(name),
            AtFlags::empty(),
        )
        .map_err(|errno| failed("linkat", name, errno))
    }

    fn remember(&mut self, place: BorrowedFd<'_>, path: Vec<u8>, entry: &Entry, is_new: bool) -> Result<()> {
        let name = split(&path).1;
        let stat = match is_new {
            true => fstat(&made(place, name)?),
            false => fstatat(place, OsStr::from_bytes(name), AtFlags::AT_SYMLINK_NOFOLLOW),
        };
        let stat = stat.map_err(|errno| failed("fstatat", name, errno))?;
        let attributes: usize = entry
            .xattrs
            .iter()
            .map(|(name, value)| name.len() + value.len())
            .sum();
        self.note((path.len() + attributes + 200) as u64)?;
        self.directories.push(Directory {
            path,
            identity: (stat.st_dev, stat.st_ino),
            entry: entry.clone(),
            is_new,
        });
        Ok(())
    }

    /// Takes so many bytes of the memory for notes.
    fn note(&mut self, bytes: u64) -> Result<()> {
        self.memory = self
            .memory
            .checked_sub(bytes)
            .ok_or_else(|| Error::new(Kind::Limit, "tar stream: its directories take too much memory"))?;
        Ok(())
    }

    /// Sets what directories are to be like, those at the end first; by then nothing is put into them any more.
    fn finish(mut self) -> Result<Vec<Vec<u8>>> {
        let mut replaced = None;
        for Directory {
            path,
            identity,
            entry,
            is_new,
        } in std::mem::take(&mut self.directories).into_iter().rev()
        {
            // A process beside us may have put something else there, or a link to it: that is none of the stream's.
            match self.same(&path, identity)? {
                Some(directory) => self.finish_opened(&directory, &entry, &path, is_new)?,
                None => replaced = Some(path),
            }
        }
        match replaced {
            Some(path) => Err(Error::new(
                Kind::Conflict,
                format!(
                    "\"{}\" was replaced while it was copied: its owner, mode and times were not set",
                    output::harmless_path(&path)
                ),
            )),
            None => Ok(self.left_out.into_iter().collect()),
        }
    }

    /// The directory at a path, if it still is that one.
    fn same(&self, path: &[u8], identity: (u64, u64)) -> Result<Option<OwnedFd>> {
        match self.existing(path) {
            Ok(directory) => {
                let now = fstat(&directory).map_err(|errno| failed("fstat", path, errno))?;
                Ok(((now.st_dev, now.st_ino) == identity).then_some(directory))
            }
            Err(Errno::ENOENT | Errno::ENOTDIR | Errno::ELOOP) => Ok(None),
            Err(errno) => Err(failed("openat2", path, errno)),
        }
    }

    /// Owner, mode, attributes and times, in this order: chown clears set-id bits and capabilities.
    fn finish_opened(&self, file: &OwnedFd, entry: &Entry, path: &[u8], is_new: bool) -> Result<()> {
        if let Some((uid, gid)) = self.owner(entry, is_new)? {
            fchown(file, Some(uid), Some(gid)).map_err(|errno| failed("fchown", path, errno))?;
        }
        fchmod(file, self.mode(entry)).map_err(|errno| failed("fchmod", path, errno))?;
        for (name, value) in self.attributes(entry) {
            let result = xattr::fset(file, &c_string(name)?, &value);
            tolerate_unsupported(result).map_err(|errno| failed("fsetxattr", path, errno))?;
        }
        futimens(file, &time(entry.atime), &time(entry.mtime))
            .map_err(|errno| failed("futimens", path, errno))
    }

    /// The same for what cannot be opened.
    fn finish_unopened(&self, place: BorrowedFd<'_>, name: &[u8], entry: &Entry) -> Result<()> {
        let os_name = OsStr::from_bytes(name);
        if let Some(owner) = self.owner(entry, true)? {
            give(place, name, owner)?;
        }
        let mut full = format!("/proc/self/fd/{}/", place.as_raw_fd()).into_bytes();
        full.extend_from_slice(name);
        for (attribute, value) in self.attributes(entry) {
            let result = xattr::lset(&c_string(&full)?, &c_string(attribute)?, &value);
            tolerate_unsupported(result).map_err(|errno| failed("lsetxattr", name, errno))?;
        }
        let flags = UtimensatFlags::NoFollowSymlink;
        utimensat(place, os_name, &time(entry.atime), &time(entry.mtime), flags)
            .map_err(|errno| failed("utimensat", name, errno))
    }

    /// Whom to give something to, if it is not who has it.
    fn owner(&self, entry: &Entry, is_new: bool) -> Result<Option<(Uid, Gid)>> {
        let owner = match self.target.owner {
            Owner::Streams => Some(self.target.ids.to_host((entry.uid, entry.gid))?),
            // A directory that was there keeps its owner, what is new is ours already: the host's root's, that is.
            Owner::Ours => self.target.ids.root().filter(|_| is_new),
        };
        Ok(owner.map(|(uid, gid)| (Uid::from_raw(uid), Gid::from_raw(gid))))
    }

    fn mode(&self, entry: &Entry) -> Mode {
        let kept = match self.target.trust {
            Trust::Full => 0o7777,
            // The sticky bit gives nobody anything.
            Trust::Files => 0o1777,
        };
        Mode::from_bits_truncate(entry.mode & kept)
    }

    fn attributes<'e>(&self, entry: &'e Entry) -> impl Iterator<Item = (&'e [u8], Vec<u8>)> {
        let trusted = self.target.trust == Trust::Full;
        entry
            .xattrs
            .iter()
            .map(|(name, value)| (name.as_slice(), value.as_slice()))
            .filter(move |(name, _)| match trusted {
                true => !is_hosts_business(name),
                false => name.starts_with(b"user.") && !is_hosts_business(name),
            })
            .filter_map(|(name, value)| {
                let value = id_attributes::to_hosts(&self.target.ids, name, value)?;
                Some((name, value))
            })
    }
}

/// Not every file system has every attribute.
fn tolerate_unsupported(result: Result<(), Errno>) -> Result<(), Errno> {
    match result {
        Err(Errno::EOPNOTSUPP) => Ok(()),
        other => other,
    }
}

/// By these overlayfs is controlled, and a security policy of this machine's.
fn is_hosts_business(name: &[u8]) -> bool {
    name.starts_with(b"trusted.overlay.") || name.starts_with(b"user.overlay.") || name == b"security.selinux"
}

/// Gives what was just made under a name to somebody else.
fn give(place: BorrowedFd<'_>, name: &[u8], (uid, gid): (Uid, Gid)) -> Result<()> {
    let made = made(place, name)?;
    fchownat(&made, "", Some(uid), Some(gid), AtFlags::AT_EMPTY_PATH)
        .map_err(|errno| failed("fchownat", name, errno))
}

/// What was just made under a name; not what a process beside us has mounted there since, which may be the host's.
fn made(place: BorrowedFd<'_>, name: &[u8]) -> Result<OwnedFd> {
    let here = ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_SYMLINKS | ResolveFlag::RESOLVE_NO_XDEV;
    resolve::open(place, name, OFlag::O_PATH | OFlag::O_NOFOLLOW, here)
        .map_err(|errno| failed("openat2", name, errno))
}

/// Makes a directory; false if there is one.
fn make_directory(place: BorrowedFd<'_>, name: &[u8], mode: u32) -> Result<bool> {
    match mkdirat(
        place,
        OsStr::from_bytes(name),
        Mode::from_bits_truncate(mode & 0o777),
    ) {
        Ok(()) => Ok(true),
        Err(Errno::EEXIST) => match stat(place, name)? {
            Some(true) => Ok(false),
            _ => Err(Error::new(
                Kind::Conflict,
                format!(
                    "cannot overwrite non-directory \"{}\" with directory",
                    output::harmless_path(name)
                ),
            )),
        },
        Err(errno) => Err(failed("mkdirat", name, errno)),
    }
}

/// Takes away what has a name already, unless it is a directory.
fn clear(place: BorrowedFd<'_>, name: &[u8]) -> Result<()> {
    match stat(place, name)? {
        None => Ok(()),
        Some(true) => Err(Error::new(
            Kind::Conflict,
            format!(
                "cannot overwrite directory \"{}\" with non-directory",
                output::harmless_path(name)
            ),
        )),
        Some(false) => match unlinkat(place, OsStr::from_bytes(name), UnlinkatFlags::NoRemoveDir) {
            Ok(()) | Err(Errno::ENOENT) => Ok(()),
            Err(errno) => Err(failed("unlinkat", name, errno)),
        },
    }
}

/// Whether there is a directory or something else under a name.
fn stat(place: BorrowedFd<'_>, name: &[u8]) -> Result<Option<bool>> {
    match fstatat(place, OsStr::from_bytes(name), AtFlags::AT_SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some(is_directory(&stat))),
        Err(Errno::ENOENT) => Ok(None),
        Err(errno) => Err(failed("fstatat", name, errno)),
    }
}

fn time((seconds, nanos): (i64, u32)) -> TimeSpec {
    TimeSpec::new(seconds, nanos.into())
}

fn c_string(bytes: &[u8]) -> Result<CString> {
    CString::new(bytes).map_err(|_| Error::new(Kind::Invalid, "tar stream: a name contains a NUL byte"))
}

fn failed(call: &str, path: &[u8], errno: Errno) -> Error {
    let error = Error::syscall(format!("{call}({})", output::harmless_path(path)), errno as i32);
    match errno {
        Errno::EROFS => error.hint("this is mounted read-only"),
        Errno::EBUSY => {
            error.hint("something is mounted there: copy to a path beside it, or write through corten exec")
        }
        Errno::ENOSPC | Errno::EDQUOT => error.hint("the disk is full"),
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File, Permissions};
    use std::io::{BufReader, Read};
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
    use std::path::Path;

    use nix::mount::{MsFlags, mount};
    use nix::sched::{CloneFlags, unshare};

    use super::*;

    /// Does something when it is read, and has nothing to say.
    struct Then<'a>(&'a dyn Fn());

    impl Read for Then<'_> {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            (self.0)();
            Ok(0)
        }
    }

    /// A container with users of its own may mount on what was just made, and is not to own what it has mounted.
    #[test]
    fn what_is_mounted_meanwhile_is_given_to_nobody() {
        let place = tempfile::tempdir().unwrap();
        for name in ["made", "hosts"] {
            fs::create_dir(place.path().join(name)).unwrap();
        }
        let owner = |name: &str| fs::metadata(place.path().join(name)).unwrap().uid();
        let opened = File::open(place.path()).unwrap();
        let to = (Uid::from_raw(100_000), Gid::from_raw(100_000));
        std::thread::scope(|scope| {
            let mounted = scope.spawn(|| {
                unshare(CloneFlags::CLONE_FS | CloneFlags::CLONE_NEWNS).unwrap();
                let none = None::<&str>;
                mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none).unwrap();
                let (hosts, made) = (place.path().join("hosts"), place.path().join("made"));
                mount(Some(&hosts), &made, none, MsFlags::MS_BIND, none).unwrap();
                let inside = File::open(place.path()).unwrap();
                let refused = give(inside.as_fd(), b"made", to).unwrap_err();
                assert_eq!(refused.errno(), Some(Errno::EXDEV as i32), "{refused}");
            });
            mounted.join().unwrap();
        });
        assert_eq!((owner("hosts"), owner("made")), (0, 0));
        give(opened.as_fd(), b"made", to).unwrap();
        assert_eq!(owner("made"), 100_000);
    }

    fn header(name: &str, kind: ::tar::EntryType, mode: u32) -> ::tar::Header {
        let mut header = ::tar::Header::new_ustar();
        header.set_path(name).unwrap();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_size(0);
        header.set_cksum();
        header
    }

    fn receive(place: &Path, trust: Trust, input: &mut impl BufRead) -> Result<Vec<Vec<u8>>> {
        let root = File::open(place).unwrap();
        let target = Target {
            root: root.as_fd(),
            directory: b"/",
            resolve: resolve::IN_ROOT,
            owner: Owner::Ours,
            trust,
            ids: IdMaps::default(),
        };
        unpack(input, target)
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn what_took_a_directorys_place_keeps_its_attributes() {
        let place = tempfile::tempdir().unwrap();
        let path = |name: &str| place.path().join(name);
        fs::create_dir(path("etc")).unwrap();
        fs::set_permissions(path("etc"), Permissions::from_mode(0o751)).unwrap();
        let swap = || {
            if path("site").exists() && !path("away").exists() {
                fs::rename(path("site"), path("away")).unwrap();
                symlink("/etc", path("site")).unwrap();
            }
        };
        let first = header("site/", ::tar::EntryType::Directory, 0o777);
        let second = header("other/", ::tar::EntryType::Directory, 0o711);
        let stream = first
            .as_bytes()
            .chain(Then(&swap))
            .chain(second.as_bytes().as_slice())
            .chain([0; 1024].as_slice());
        let error = receive(
            place.path(),
            Trust::Full,
            &mut BufReader::with_capacity(512, stream),
        )
        .unwrap_err();
        assert_eq!(error.kind(), Kind::Conflict, "{error}");
        assert!(path("away").exists());
        assert_eq!((mode(&path("etc")), mode(&path("other"))), (0o751, 0o711));
    }

    #[test]
    fn other_names_of_devices_are_left_out_too() {
        let place = tempfile::tempdir().unwrap();
        fs::create_dir(place.path().join("d")).unwrap();
        fs::write(place.path().join("d/a"), "the user's own").unwrap();
        let mut device = header("d/a", ::tar::EntryType::Char, 0o666);
        device.set_device_major(1).unwrap();
        device.set_device_minor(3).unwrap();
        device.set_cksum();
        let mut link = header("d/b", ::tar::EntryType::Link, 0o666);
        link.set_link_name("d/a").unwrap();
        link.set_cksum();
        let stream = [device.as_bytes().as_slice(), link.as_bytes(), &[0; 1024]].concat();
        let left_out = receive(place.path(), Trust::Files, &mut stream.as_slice()).unwrap();
        assert_eq!(left_out, [b"d/a", b"d/b"]);
        assert!(!place.path().join("d/b").exists());
    }
}
