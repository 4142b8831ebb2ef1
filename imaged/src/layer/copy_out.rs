//! All that shows in an image's layers, copied to a directory of its own.
//!
//! Nobody else writes on either side: layers never change, and the directory is being made. Holes stay holes, and where the
//! file system can share the data of two files, they share it (copy_file_range(2)).

use std::collections::HashMap;
use std::ffi::{CString, OsStr};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, open, openat, readlinkat};
use nix::sys::stat::{
    FchmodatFlags, FileStat, Mode, SFlag, UtimensatFlags, fchmod, fchmodat, fstat, futimens, mkdirat,
    mknodat, utimensat,
};
use nix::sys::time::TimeSpec;
use nix::unistd::{Gid, Uid, Whence, fchown, fchownat, linkat, lseek, symlinkat};

use super::compare::OWNER_ATTRIBUTE;
use super::pack::attributes;
use super::path::{MAX_DEPTH, join, refused, show};
use super::stack::{Found, Stacked};
use crate::error::{Context, Error, Result};
use crate::plan::id_attributes;
use crate::plan::id_map::{self, IdMaps};
use crate::sys::xattr;

/// Who gets the copies.
pub(crate) enum Owners<'a> {
    /// User and group, by those that the layers have.
    Given(&'a dyn Fn(u32, u32) -> Result<(u32, u32)>),
    /// Those of a container, by the ids that it has of the host.
    Containers(&'a IdMaps),
    /// Who runs this; whose they are in the image is noted in [`OWNER_ATTRIBUTE`]. Devices become empty files.
    Noted,
}

/// Copies what shows in the layers (topmost first) to the directory `to`, which exists and is empty, and makes that as the
/// topmost layer's root is.
///
/// # Errors
/// The failed call, or what `owners` reports. What was copied stays.
pub(crate) fn copy_out(layers: &[PathBuf], to: &Path, owners: &Owners<'_>) -> Result<()> {
    let root = open(to, DIRECTORY, Mode::empty())
        .map_err(|errno| Error::syscall(format!("open {}", to.display()), errno as i32))?;
    let from = Stacked::new(layers)?;
    let mut copy = Copy {
        root: root.as_fd(),
        owners,
        links: HashMap::new(),
    };
    copy.entries(&from, root.as_fd(), &[], 0)?;
    match from.top() {
        Some(top) => {
            let stat = fstat(top).map_err(|errno| failed("fstat", b"/", errno))?;
            copy.finish_opened(top, &root, &stat, b"/")
        }
        None => Ok(()),
    }
}

const DIRECTORY: OFlag = OFlag::O_RDONLY
    .union(OFlag::O_DIRECTORY)
    .union(OFlag::O_NOFOLLOW)
    .union(OFlag::O_CLOEXEC);

struct Copy<'a> {
    root: BorrowedFd<'a>,
    owners: &'a Owners<'a>,
    /// Files with several names: the first name of each.
    links: HashMap<(u64, u64), Vec<u8>>,
}

impl Copy<'_> {
    fn entries(&mut self, from: &Stacked, to: BorrowedFd<'_>, path: &[u8], depth: usize) -> Result<()> {
        if depth > MAX_DEPTH {
            return Err(refused(path, "it is nested too deep"));
        }
        for name in from.names()? {
            let Some(found) = from.find(&name)? else { continue };
            let path = join(path, &name);
            if found.stat.st_mode & libc::S_IFMT == libc::S_IFDIR {
                self.directory(from, &found, to, &path, depth)?;
            } else {
                self.one(&found, to, &path)
                    .context(|| format!("copy \"{}\"", show(&path)))?;
            }
        }
        Ok(())
    }

    fn directory(
        &mut self,
        from: &Stacked,
        found: &Found<'_>,
        to: BorrowedFd<'_>,
        path: &[u8],
        depth: usize,
    ) -> Result<()> {
        let name = name(path);
        let Some(inside) = from.enter(name.as_bytes(), found)? else {
            return Ok(());
        };
        mkdirat(to, name, Mode::S_IRWXU).map_err(|errno| failed("mkdirat", path, errno))?;
        let made =
            openat(to, name, DIRECTORY, Mode::empty()).map_err(|errno| failed("openat", path, errno))?;
        self.entries(&inside, made.as_fd(), path, depth + 1)?;
        match inside.top() {
            Some(top) => self.finish_opened(top, &made, &found.stat, path),
            None => Ok(()),
        }
    }

    /// Copies what is no directory.
    fn one(&mut self, found: &Found<'_>, to: BorrowedFd<'_>, path: &[u8]) -> Result<()> {
        let (stat, name) = (&found.stat, name(path));
        if stat.st_nlink > 1 {
            let inode = (stat.st_dev, stat.st_ino);
            if let Some(first) = self.links.get(&inode) {
                return linkat(self.root, OsStr::from_bytes(first), to, name, AtFlags::empty())
                    .map_err(|errno| failed("linkat", path, errno));
            }
            self.links.insert(inode, path.to_vec());
        }
        match stat.st_mode & libc::S_IFMT {
            libc::S_IFREG => self.file(found, to, path),
            libc::S_IFLNK => {
                let target =
                    readlinkat(found.place, name).map_err(|errno| failed("readlinkat", path, errno))?;
                symlinkat(target.as_os_str(), to, name).map_err(|errno| failed("symlinkat", path, errno))?;
                self.finish_unopened(to, stat, path)
            }
            libc::S_IFCHR | libc::S_IFBLK if matches!(self.owners, Owners::Noted) => {
                let file = create(to, path)?;
                self.finish(&file, stat, path)
            }
            kind => {
                let kind = SFlag::from_bits_truncate(kind);
                mknodat(to, name, kind, Mode::empty(), stat.st_rdev)
                    .map_err(|errno| failed("mknodat", path, errno))?;
                self.finish_unopened(to, stat, path)
            }
        }
    }

    fn file(&self, found: &Found<'_>, to: BorrowedFd<'_>, path: &[u8]) -> Result<()> {
        let flags = OFlag::O_RDONLY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let from = openat(found.place, name(path), flags, Mode::empty())
            .map_err(|errno| failed("openat", path, errno))?;
        let made = File::from(create(to, path)?);
        let from = File::from(from);
        copy_data(&from, &made, &found.stat)
            .map_err(|error| Error::io(format!("copy \"{}\"", show(path)), &error))?;
        self.finish_opened(from.as_fd(), &made.into(), &found.stat, path)
    }

    /// The attributes of what is open on both sides.
    fn finish_opened(&self, from: BorrowedFd<'_>, to: &OwnedFd, stat: &FileStat, path: &[u8]) -> Result<()> {
        // A change of the owner clears capabilities.
        self.own(stat, |uid, gid| fchown(to, uid, gid), "fchown", path)?;
        for (name, value) in attributes(from, path, &[])? {
            let value = match self.owners {
                Owners::Containers(ids) => id_attributes::to_hosts(ids, &name, &value),
                _ => Some(value),
            };
            // An access list of somebody who is not in the container gives nobody anything.
            let Some(value) = value else { continue };
            match xattr::fset(to, &c_string(&name, path)?, &value) {
                Ok(()) | Err(Errno::EOPNOTSUPP) => {}
                Err(Errno::EPERM) if matches!(self.owners, Owners::Noted) => {}
                Err(errno) => return Err(failed("fsetxattr", path, errno)),
            }
        }
        self.finish(to, stat, path)
    }

    /// Mode, note and times.
    fn finish(&self, to: &OwnedFd, stat: &FileStat, path: &[u8]) -> Result<()> {
        fchmod(to, mode(stat)).map_err(|errno| failed("fchmod", path, errno))?;
        if matches!(self.owners, Owners::Noted) && (stat.st_uid, stat.st_gid) != (0, 0) && path != b"/" {
            let note = id_map::note(stat.st_uid, stat.st_gid);
            xattr::fset(to, &c_string(OWNER_ATTRIBUTE, path)?, &note)
                .map_err(|errno| failed("fsetxattr(user.rootlesscontainers)", path, errno))?;
        }
        let (atime, mtime) = times(stat);
        futimens(to, &atime, &mtime).map_err(|errno| failed("futimens", path, errno))
    }

    /// The attributes of what cannot be opened.
    fn finish_unopened(&self, to: BorrowedFd<'_>, stat: &FileStat, path: &[u8]) -> Result<()> {
        let name = name(path);
        let own = |uid, gid| fchownat(to, name, uid, gid, AtFlags::AT_SYMLINK_NOFOLLOW);
        self.own(stat, own, "fchownat", path)?;
        if stat.st_mode & libc::S_IFMT != libc::S_IFLNK {
            fchmodat(to, name, mode(stat), FchmodatFlags::FollowSymlink)
                .map_err(|errno| failed("fchmodat", path, errno))?;
        }
        let (atime, mtime) = times(stat);
        utimensat(to, name, &atime, &mtime, UtimensatFlags::NoFollowSymlink)
            .map_err(|errno| failed("utimensat", path, errno))
    }

    fn own(
        &self,
        stat: &FileStat,
        chown: impl FnOnce(Option<Uid>, Option<Gid>) -> Result<(), Errno>,
        call: &str,
        path: &[u8],
    ) -> Result<()> {
        let owner = (stat.st_uid, stat.st_gid);
        let (uid, gid) = match self.owners {
            Owners::Noted => return Ok(()),
            Owners::Given(given) => given(owner.0, owner.1)?,
            Owners::Containers(ids) => ids.to_host(owner)?,
        };
        chown(Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid))).map_err(|errno| failed(call, path, errno))
    }
}

fn c_string(name: &[u8], path: &[u8]) -> Result<CString> {
    CString::new(name).map_err(|_| refused(path, "an attribute's name contains a NUL byte"))
}

fn create(to: BorrowedFd<'_>, path: &[u8]) -> Result<OwnedFd> {
    let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    openat(to, name(path), flags, Mode::S_IRUSR | Mode::S_IWUSR)
        .map_err(|errno| failed("openat", path, errno))
}

/// Copies the data; if there are fewer blocks than bytes, only where there is any.
fn copy_data(mut from: &File, mut to: &File, stat: &FileStat) -> io::Result<()> {
    if stat.st_blocks * 512 >= stat.st_size {
        return io::copy(&mut from, &mut to).map(drop);
    }
    let mut at = 0;
    while let Some((start, end)) = next_data(from, at)? {
        from.seek(SeekFrom::Start(start))?;
        to.seek(SeekFrom::Start(start))?;
        io::copy(&mut from.take(end - start), &mut to)?;
        at = end;
    }
    to.set_len(u64::try_from(stat.st_size).unwrap_or_default())
}

/// Where the next data begins and ends.
fn next_data(file: &File, at: u64) -> io::Result<Option<(u64, u64)>> {
    let find = |at: u64, what| {
        let found = lseek(file, i64::try_from(at).unwrap_or(i64::MAX), what)?;
        Ok(u64::try_from(found).unwrap_or_default())
    };
    match find(at, Whence::SeekData) {
        Ok(start) => Ok(Some((start, find(start, Whence::SeekHole)?))),
        Err(Errno::ENXIO) => Ok(None),
        Err(errno) => Err(errno.into()),
    }
}

fn name(path: &[u8]) -> &OsStr {
    OsStr::from_bytes(super::path::split(path).1)
}

fn mode(stat: &FileStat) -> Mode {
    Mode::from_bits_truncate(stat.st_mode & 0o7777)
}

fn times(stat: &FileStat) -> (TimeSpec, TimeSpec) {
    (
        TimeSpec::new(stat.st_atime, stat.st_atime_nsec),
        TimeSpec::new(stat.st_mtime, stat.st_mtime_nsec),
    )
}

fn failed(call: &str, path: &[u8], errno: Errno) -> Error {
    let error = Error::syscall(format!("{call} \"{}\" of the copy", show(path)), errno as i32);
    match errno {
        Errno::ENOSPC | Errno::EDQUOT => {
            error.hint("the disk is full: `corten system df` shows what the images and containers take")
        }
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    /// A log of last logins has one record for each user id: the file is long and empty.
    #[test]
    fn holes_stay_holes() {
        let dir = tempfile::tempdir().unwrap();
        let (layer, to) = (dir.path().join("layer"), dir.path().join("to"));
        for directory in [&layer, &to] {
            std::fs::create_dir(directory).unwrap();
        }
        let mut file = File::create(layer.join("long")).unwrap();
        file.seek(SeekFrom::Start(3 << 30)).unwrap();
        io::Write::write_all(&mut file, b"end").unwrap();
        file.set_len(5 << 30).unwrap();
        let own = |uid, gid| Ok((uid, gid));
        copy_out(&[layer], &to, &Owners::Given(&own)).unwrap();
        let data = std::fs::metadata(to.join("long")).unwrap();
        assert_eq!(data.len(), 5 << 30);
        assert!(data.blocks() < 1000, "{}", data.blocks());
        let mut read = [0; 4];
        let mut file = File::open(to.join("long")).unwrap();
        file.seek(SeekFrom::Start(3 << 30)).unwrap();
        file.read_exact(&mut read).unwrap();
        assert_eq!(&read, b"end\0");
    }
}
