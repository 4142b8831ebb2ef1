//! Unpacking one layer's tar stream into an empty directory, in the form that overlayfs stacks.
//!
//! The archive is hostile: every path is resolved from the layer's root by descriptors, parents are followed
//! only inside it, and the last part of a path never. Layers are independent of each other here; what depends
//! on the layers below (attributes of directories that the archive does not have, hard links to their files)
//! is collected for [`super::settle`].

use std::collections::BTreeMap;
use std::ffi::{CString, OsStr};
use std::io::BufRead;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, ResolveFlag, openat};
use nix::sys::stat::{
    FchmodatFlags, FileStat, Mode, SFlag, UtimensatFlags, fchmod, fchmodat, fstatat, futimens, makedev,
    mkdirat, mknodat, utimensat,
};
use nix::sys::time::TimeSpec;
use nix::unistd::{Gid, Uid, UnlinkatFlags, fchown, fchownat, linkat, symlinkat, unlinkat};

use super::dirs::{Dir, Dirs, failed};
use super::hidden::{is_whiteout, make_opaque, make_whiteout};
use super::path::{self, Meaning, refused, show, split};
use super::tar::{Entry, Kind, Limits, Reader, Segment};
use crate::error::{Context, Error, Result};
use crate::log;
use crate::sys::{resolve, userns, xattr};

/// A layer being unpacked; after the last entry its [`Remainder`] is for [`super::settle`].
#[derive(Debug)]
pub(super) struct Unpacker {
    dirs: Dirs,
    /// Directories' attributes, set at the end because what is put into a directory changes it.
    attributes: BTreeMap<Vec<u8>, Attributes>,
    /// Hard links to lower layers, by their paths: which one it was, and its target. An empty file keeps the place of
    /// each, so that later entries replace it as they do any other.
    foreign: BTreeMap<Vec<u8>, (usize, Vec<u8>)>,
    /// Whether the file system did not hold overlayfs' own marks.
    has_sockets: bool,
}

/// What a directory is to get at the end.
#[derive(Debug)]
struct Attributes {
    mode: u32,
    mtime: (i64, u32),
    atime: (i64, u32),
    xattrs: Vec<(Vec<u8>, Vec<u8>)>,
}

/// A hard link to a file that only a lower layer can have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ForeignLink {
    pub(super) path: Vec<u8>,
    pub(super) target: Vec<u8>,
}

/// What the layers below must decide.
#[derive(Debug, Default)]
pub(super) struct Remainder {
    /// Directories that the archive does not have, only things in them; the root is the empty path.
    pub(super) implied: Vec<Vec<u8>>,
    /// Hard links to files of lower layers.
    pub(super) foreign: Vec<ForeignLink>,
    /// Whether sockets say what is hidden.
    pub(super) has_sockets: bool,
}

/// Unpacks the stream into `root`; returns the bytes of files, and what the layers below must decide.
/// The stream is read up to its archive's end, not further.
pub(super) fn unpack<R: BufRead>(input: &mut R, root: &Path, limits: Limits) -> Result<(u64, Remainder)> {
    let mut reader = Reader::new(input, limits);
    let mut unpacker = Unpacker {
        dirs: Dirs::new(root, limits.memory)?,
        attributes: BTreeMap::new(),
        foreign: BTreeMap::new(),
        has_sockets: false,
    };
    while let Some(entry) = reader.next_entry()? {
        unpacker
            .apply(&entry, &mut reader)
            .context(|| format!("unpack \"{}\"", show(&entry.path)))?;
    }
    let bytes = reader.bytes();
    unpacker.finish().map(|remainder| (bytes, remainder))
}

impl Unpacker {
    fn apply<R: BufRead>(&mut self, entry: &Entry, reader: &mut Reader<R>) -> Result<()> {
        let path = path::clean(&entry.path)?;
        match path::meaning(&path)? {
            Meaning::Aufs => Ok(()),
            Meaning::Opaque => self.make_opaque(split(&path).0),
            Meaning::Whiteout(name) => self.white_out(split(&path).0, name),
            Meaning::Plain if path.is_empty() => self.set_root(entry),
            Meaning::Plain => self.create(&path, entry, reader),
        }
    }

    /// An entry for the layer's root itself.
    fn set_root(&mut self, entry: &Entry) -> Result<()> {
        if entry.kind != Kind::Directory {
            return Err(refused(&entry.path, "the layer's root is a directory"));
        }
        let root = self.dirs.root().clone();
        own(&root, b".", entry)?;
        self.remember(Vec::new(), entry)
    }

    fn create<R: BufRead>(&mut self, path: &[u8], entry: &Entry, reader: &mut Reader<R>) -> Result<()> {
        let (above, name) = split(path);
        let dir = self.dirs.get(above)?;
        match &entry.kind {
            Kind::File { size, segments } => {
                let file = self.make_file(&dir, name, entry.mode)?;
                match segments {
                    None => write_data(&file, reader, path)?,
                    Some(segments) => write_sparse(&file, reader, segments, *size, path)?,
                }
                finish_file(&file, entry, path)
            }
            Kind::Directory => self.make_directory(&dir, name, entry),
            Kind::HardLink(target) => self.make_link(&dir, name, target),
            Kind::Symlink(target) => {
                let target = OsStr::from_bytes(target);
                self.replacing(&dir, name, |fd, name| symlinkat(target, fd, name))?;
                own(&dir, name, entry)?;
                finish_special(&dir, name, entry)
            }
            Kind::Char(0, 0) => self.white_out(above, name),
            Kind::Char(major, minor) => self.make_node(
                &dir,
                name,
                entry,
                SFlag::S_IFCHR,
                makedev((*major).into(), (*minor).into()),
            ),
            Kind::Block(major, minor) => self.make_node(
                &dir,
                name,
                entry,
                SFlag::S_IFBLK,
                makedev((*major).into(), (*minor).into()),
            ),
            Kind::Fifo => self.make_node(&dir, name, entry, SFlag::S_IFIFO, 0),
        }
    }

    fn make_file(&mut self, dir: &Dir, name: &[u8], mode: u32) -> Result<OwnedFd> {
        let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let mode = Mode::from_bits_truncate(mode & 0o777);
        self.replacing(dir, name, |fd, name| openat(fd, name, flags, mode))
    }

    fn make_node(&mut self, dir: &Dir, name: &[u8], entry: &Entry, kind: SFlag, device: u64) -> Result<()> {
        let mode = Mode::from_bits_truncate(entry.mode & 0o777);
        // Nobody can make a device in a user namespace: an empty file has its place, so that links to it lead somewhere.
        let (kind, device) = match userns::is_inside() && kind != SFlag::S_IFIFO {
            true => (SFlag::S_IFREG, 0),
            false => (kind, device),
        };
        self.replacing(dir, name, |fd, name| mknodat(fd, name, kind, mode, device))?;
        own(dir, name, entry)?;
        if entry.mode & 0o7000 != 0 {
            fchmodat(
                &*dir.fd,
                OsStr::from_bytes(name),
                Mode::from_bits_truncate(entry.mode),
                FchmodatFlags::FollowSymlink,
            )
            .map_err(|errno| failed("fchmodat", name, errno))?;
        }
        finish_special(dir, name, entry)
    }

    /// A directory: one that is there keeps what it has; anything else is replaced by an opaque one, because
    /// in the archive's order it replaced what lower layers have there.
    fn make_directory(&mut self, dir: &Dir, name: &[u8], entry: &Entry) -> Result<()> {
        let path = path::join(&dir.path, name);
        let mode = Mode::from_bits_truncate(entry.mode & 0o777);
        let make = || mkdirat(&*dir.fd, OsStr::from_bytes(name), mode);
        match make() {
            Ok(()) => {}
            Err(Errno::EEXIST) if is_directory(&stat(dir, name)?) => {
                fchmodat(
                    &*dir.fd,
                    OsStr::from_bytes(name),
                    mode,
                    FchmodatFlags::FollowSymlink,
                )
                .map_err(|errno| failed("fchmodat", &path, errno))?;
            }
            Err(Errno::EEXIST) => {
                self.clear(dir, name)?;
                make().map_err(|errno| failed("mkdirat", &path, errno))?;
                self.dirs.make_opaque(path.clone())?;
            }
            Err(errno) => return Err(failed("mkdirat", &path, errno)),
        }
        own(dir, name, entry)?;
        self.remember(path, entry)
    }

    fn remember(&mut self, path: Vec<u8>, entry: &Entry) -> Result<()> {
        let attributes = entry.xattrs.iter().map(|(name, value)| name.len() + value.len());
        self.dirs.note(path.len() + attributes.sum::<usize>())?;
        self.dirs.implied.remove(&path);
        let Entry {
            mode, mtime, atime, ..
        } = *entry;
        self.attributes.insert(
            path,
            Attributes {
                mode,
                mtime,
                atime,
                xattrs: entry.xattrs.clone(),
            },
        );
        Ok(())
    }

    /// A hard link to a file of this layer; to one of a lower layer it is left for later.
    fn make_link(&mut self, dir: &Dir, name: &[u8], target: &[u8]) -> Result<()> {
        let target = path::clean(target)?;
        let (above, target_name) = split(&target);
        let path = path::join(&dir.path, name);
        if target_name.is_empty() || target == path {
            return Err(refused(&path, "it is a hard link to itself or to the root"));
        }
        let there = match self.dirs.find(above)? {
            Some(there) => there,
            None => return self.link_later(dir, name, target),
        };
        let real = path::join(&there.path, target_name);
        if self.foreign.contains_key(&real) {
            return self.link_later(dir, name, real);
        }
        match fstatat(
            &*there.fd,
            OsStr::from_bytes(target_name),
            AtFlags::AT_SYMLINK_NOFOLLOW,
        ) {
            Err(Errno::ENOENT) => return self.link_later(dir, name, real),
            Err(errno) => return Err(failed("fstatat", &target, errno)),
            Ok(stat) if is_directory(&stat) => {
                return Err(refused(&path, "it is a hard link to a directory"));
            }
            Ok(stat) if is_whiteout(&stat) => {
                return Err(refused(&path, "it is a hard link to a removed file"));
            }
            Ok(_) => {}
        }
        let target_name = OsStr::from_bytes(target_name);
        self.replacing(dir, name, |fd, name| {
            linkat(&*there.fd, target_name, fd, name, AtFlags::empty())
        })
    }

    fn link_later(&mut self, dir: &Dir, name: &[u8], target: Vec<u8>) -> Result<()> {
        let path = path::join(&dir.path, name);
        self.dirs.note(path.len() + target.len())?;
        drop(self.make_file(dir, name, 0)?);
        let number = self.foreign.len();
        self.foreign.insert(path, (number, target));
        Ok(())
    }

    /// The name is gone from here on down. It hides only what lower layers have: what this layer has there,
    /// before or after in the archive, stays (image-spec, "Whiteouts").
    fn white_out(&mut self, above: &[u8], name: &[u8]) -> Result<()> {
        let dir = self.dirs.get(above)?;
        let path = path::join(&dir.path, name);
        match make_whiteout(&*dir.fd, name) {
            Ok(is_socket) => {
                self.has_sockets |= is_socket;
                Ok(())
            }
            Err(Errno::EEXIST) if is_directory(&stat(&dir, name)?) => {
                // The one below is hidden: it lends nothing.
                self.dirs.implied.remove(&path);
                self.dirs.make_opaque(path)
            }
            Err(Errno::EEXIST) => Ok(()),
            Err(errno) => Err(failed("mknodat", &path, errno)),
        }
    }

    fn make_opaque(&mut self, path: &[u8]) -> Result<()> {
        let dir = self.dirs.get(path)?;
        self.dirs.make_opaque(dir.path.to_vec())
    }

    /// Makes something under a name; what has the name already gives way.
    fn replacing<T>(
        &mut self,
        dir: &Dir,
        name: &[u8],
        make: impl Fn(&OwnedFd, &OsStr) -> std::result::Result<T, Errno>,
    ) -> Result<T> {
        match make(&dir.fd, OsStr::from_bytes(name)) {
            Err(Errno::EEXIST) => {
                self.clear(dir, name)?;
                make(&dir.fd, OsStr::from_bytes(name))
            }
            other => other,
        }
        .map_err(|errno| failed("create", name, errno))
    }

    fn clear(&mut self, dir: &Dir, name: &[u8]) -> Result<()> {
        let path = path::join(&dir.path, name);
        self.dirs.forget();
        if !is_directory(&stat(dir, name)?) {
            self.foreign.remove(&path);
            return unlinkat(&*dir.fd, OsStr::from_bytes(name), UnlinkatFlags::NoRemoveDir)
                .map_err(|errno| failed("unlinkat", &path, errno));
        }
        forget_below(&mut self.attributes, &path);
        forget_below(&mut self.foreign, &path);
        self.dirs.forget_below(&path);
        // The directory is ours and nobody else writes in it; the library follows no symlink below it.
        let full = format!("/proc/self/fd/{}", dir.fd.as_raw_fd());
        std::fs::remove_dir_all(Path::new(&full).join(OsStr::from_bytes(name)))
            .map_err(|error| Error::io(format!("remove \"{}\" in the layer", show(&path)), &error))
    }

    fn finish(mut self) -> Result<Remainder> {
        let root = self.dirs.root().clone();
        for path in &self.dirs.opaque {
            let dir = open_directory(&root, path)?;
            self.has_sockets |= make_opaque(&dir).map_err(|errno| failed("make opaque", path, errno))?;
        }
        // Deeper ones first, so that nothing is changed above what was set; only times of parents could.
        for (path, attributes) in self.attributes.iter().rev() {
            let dir = open_directory(&root, path)?;
            for (name, value) in &attributes.xattrs {
                set_entry_xattr(&dir, name, value, path)?;
            }
            if attributes.mode & 0o7000 != 0 || path.is_empty() {
                fchmod(&dir, Mode::from_bits_truncate(attributes.mode))
                    .map_err(|errno| failed("fchmod", path, errno))?;
            }
            futimens(&dir, &time(attributes.atime), &time(attributes.mtime))
                .map_err(|errno| failed("futimens", path, errno))?;
        }
        let foreign = self.foreign.into_iter();
        let mut foreign: Vec<_> = foreign
            .map(|(path, (number, target))| (number, ForeignLink { path, target }))
            .collect();
        foreign.sort_by_key(|(number, _)| *number);
        Ok(Remainder {
            implied: self.dirs.implied.into_iter().collect(),
            foreign: foreign.into_iter().map(|(_, link)| link).collect(),
            has_sockets: self.has_sockets,
        })
    }
}

/// Forgets what is known of a path and of everything below it.
fn forget_below<T>(known: &mut BTreeMap<Vec<u8>, T>, path: &[u8]) {
    known.remove(path);
    // '0' comes right after '/'.
    let below = path::join(path, b"")..[path, b"0"].concat();
    let gone: Vec<Vec<u8>> = known.range(below).map(|(path, _)| path.clone()).collect();
    gone.iter().for_each(|path| drop(known.remove(path)));
}

fn stat(dir: &Dir, name: &[u8]) -> Result<FileStat> {
    fstatat(&*dir.fd, OsStr::from_bytes(name), AtFlags::AT_SYMLINK_NOFOLLOW)
        .map_err(|errno| failed("fstatat", name, errno))
}

pub(super) fn is_directory(stat: &FileStat) -> bool {
    stat.st_mode & libc::S_IFMT == libc::S_IFDIR
}

/// Opens a directory of the layer to change its attributes; no part of its path is a symlink.
pub(super) fn open_directory(root: &Dir, path: &[u8]) -> Result<OwnedFd> {
    let how = ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_SYMLINKS;
    resolve::open(&*root.fd, path, OFlag::O_RDONLY | OFlag::O_DIRECTORY, how)
        .map_err(|errno| failed("openat2", path, errno))
}

/// Writes the data of the entry that was read last.
pub(crate) fn write_data<R: BufRead>(file: &OwnedFd, reader: &mut Reader<R>, path: &[u8]) -> Result<()> {
    loop {
        let piece = reader.data()?;
        if piece.is_empty() {
            return Ok(());
        }
        let written = nix::unistd::write(file, piece).map_err(|errno| failed("write", path, errno))?;
        reader.consume(written);
    }
}

/// The same for a file with holes.
pub(crate) fn write_sparse<R: BufRead>(
    file: &OwnedFd,
    reader: &mut Reader<R>,
    segments: &[Segment],
    size: u64,
    path: &[u8],
) -> Result<()> {
    let offset = |value: u64| i64::try_from(value).map_err(|_| refused(path, "the file is too large"));
    for segment in segments {
        let (mut at, mut left) = (offset(segment.offset)?, segment.length);
        while left > 0 {
            let piece = reader.data()?;
            let length = piece.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            let written = nix::sys::uio::pwrite(file, &piece[..length], at)
                .map_err(|errno| failed("pwrite", path, errno))?;
            reader.consume(written);
            left -= written as u64;
            at += i64::try_from(written).unwrap_or_default();
        }
    }
    nix::unistd::ftruncate(file, offset(size)?).map_err(|errno| failed("ftruncate", path, errno))
}

/// Owner, mode, attributes and times, in this order: chown clears set-id bits and capabilities.
fn finish_file(file: &OwnedFd, entry: &Entry, path: &[u8]) -> Result<()> {
    if needs_owner(entry) {
        give(entry, |uid, gid| fchown(file, Some(uid), Some(gid)))
            .map_err(|errno| failed("fchown", path, errno))?;
    }
    if entry.mode & 0o7000 != 0 {
        fchmod(file, Mode::from_bits_truncate(entry.mode)).map_err(|errno| failed("fchmod", path, errno))?;
    }
    for (name, value) in &entry.xattrs {
        set_entry_xattr(file, name, value, path)?;
    }
    futimens(file, &time(entry.atime), &time(entry.mtime)).map_err(|errno| failed("futimens", path, errno))
}

/// New files belong to root already: nobody else can unpack.
fn needs_owner(entry: &Entry) -> bool {
    entry.uid != 0 || entry.gid != 0
}

fn own(dir: &Dir, name: &[u8], entry: &Entry) -> Result<()> {
    // A directory that was there already may have another owner.
    if !needs_owner(entry) && entry.kind != Kind::Directory {
        return Ok(());
    }
    give(entry, |uid, gid| {
        fchownat(
            &*dir.fd,
            OsStr::from_bytes(name),
            Some(uid),
            Some(gid),
            AtFlags::AT_SYMLINK_NOFOLLOW,
        )
    })
    .map_err(|errno| failed("fchownat", name, errno))
}

/// Gives something to whom the archive says; to root, with a warning, in a user namespace that has not that user.
fn give(entry: &Entry, chown: impl Fn(Uid, Gid) -> Result<(), Errno>) -> Result<(), Errno> {
    static WARNED: AtomicBool = AtomicBool::new(false);
    match chown(Uid::from_raw(entry.uid), Gid::from_raw(entry.gid)) {
        Err(Errno::EINVAL) if userns::is_inside() => {
            if !WARNED.swap(true, Ordering::Relaxed) {
                log::warn(format_args!(
                    "files of the image belong to users that you have no ids for ({}:{}, for one): they are root's here; \
                     ids are given in /etc/subuid and /etc/subgid, and need newuidmap(1)",
                    entry.uid, entry.gid
                ));
            }
            chown(Uid::from_raw(0), Gid::from_raw(0))
        }
        result => result,
    }
}

/// Attributes and times of what cannot be opened: symlinks, devices, pipes.
fn finish_special(dir: &Dir, name: &[u8], entry: &Entry) -> Result<()> {
    for (attribute, value) in &entry.xattrs {
        let mut full = format!("/proc/self/fd/{}/", dir.fd.as_raw_fd()).into_bytes();
        full.extend_from_slice(name);
        let (full, attribute) = (c_string(&full)?, checked_xattr(attribute, name)?);
        if let Some(attribute) = attribute {
            xattr::lset(&full, &attribute, value).map_err(|errno| failed("lsetxattr", name, errno))?;
        }
    }
    let flags = UtimensatFlags::NoFollowSymlink;
    utimensat(
        &*dir.fd,
        OsStr::from_bytes(name),
        &time(entry.atime),
        &time(entry.mtime),
        flags,
    )
    .map_err(|errno| failed("utimensat", name, errno))
}

fn set_entry_xattr(file: impl AsFd, name: &[u8], value: &[u8], path: &[u8]) -> Result<()> {
    match checked_xattr(name, path)? {
        Some(_) => set_xattr(file, name, value, path),
        None => Ok(()),
    }
}

/// The attribute's name, unless it is the host's own business.
fn checked_xattr(name: &[u8], path: &[u8]) -> Result<Option<CString>> {
    if name.starts_with(b"trusted.overlay.") || name.starts_with(b"user.overlay.") {
        return Err(refused(
            path,
            "it has an attribute by which overlayfs itself is controlled",
        ));
    }
    // Labels belong to the policy of the machine that made the image.
    match name {
        b"security.selinux" => Ok(None),
        name => c_string(name).map(Some),
    }
}

fn set_xattr(file: impl AsFd, name: &[u8], value: &[u8], path: &[u8]) -> Result<()> {
    xattr::fset(file, &c_string(name)?, value).map_err(|errno| {
        let error = failed(&format!("fsetxattr {}", show(name)), path, errno);
        match errno {
            Errno::EOPNOTSUPP => {
                error.hint("the file system of the store cannot hold this extended attribute")
            }
            _ => error,
        }
    })
}

fn c_string(bytes: &[u8]) -> Result<CString> {
    CString::new(bytes).map_err(|_| refused(bytes, "it contains a NUL byte"))
}

pub(super) fn time((seconds, nanos): (i64, u32)) -> TimeSpec {
    TimeSpec::new(seconds, nanos.into())
}
