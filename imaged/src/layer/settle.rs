//! What an unpacked layer owes to those below it: directories that its archive did not mention keep the
//! attributes they have there, and hard links to files there are made by copying the file up first, as
//! overlayfs would have done.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::io::copy;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat};
use nix::sys::stat::{FileStat, Mode, fchmod, fstat, fstatat, futimens};
use nix::sys::time::TimeSpec;
use nix::unistd::{Gid, Uid, UnlinkatFlags, fchown, linkat, unlinkat};

use super::dirs::{Dirs, failed};
use super::hidden::{is_opaque, is_whiteout};
use super::path::{ancestors, refused, split};
use super::unpack::{ForeignLink, Remainder, is_directory, open_directory};
use crate::error::{Error, Result};
use crate::sys::{overlay, xattr};

/// Finishes the layer in `root`; `below` has the directories of the layers under it, topmost first.
/// Returns the bytes of the files that were copied up.
pub(super) fn settle(root: &Path, below: &[PathBuf], remainder: &Remainder) -> Result<u64> {
    let lower = below
        .iter()
        .map(|path| Dirs::new(path, u64::MAX))
        .collect::<Result<Vec<_>>>()?;
    let mut here = Dirs::new(root, u64::MAX)?;
    let mut copied = 0;
    let mut pending: HashSet<&[u8]> = remainder
        .foreign
        .iter()
        .map(|link| link.path.as_slice())
        .collect();
    for link in &remainder.foreign {
        if pending.contains(link.target.as_slice()) {
            return Err(refused(
                &link.path,
                "it is a hard link to one that comes after it",
            ));
        }
        copied += make_link(&mut here, &lower, link)?;
        pending.remove(link.path.as_slice());
    }
    // Copying files up made directories, and changed the times of others.
    let mut implied = remainder.implied.clone();
    implied.extend(here.implied.iter().filter(|path| !path.is_empty()).cloned());
    for path in implied.iter().rev() {
        inherit(&here, &lower, path)?;
    }
    Ok(copied)
}

/// Gives the directory `to` the owner, mode, extended attributes and times of the directory `from`.
///
/// # Errors
/// The failed call.
pub fn copy_root_attributes(from: &Path, to: &Path) -> Result<()> {
    let (from, to) = (Dirs::new(from, u64::MAX)?, Dirs::new(to, u64::MAX)?);
    copy_attributes(
        &open_directory(from.root(), b"")?,
        &open_directory(to.root(), b"")?,
        b"",
    )
}

/// The topmost lower layer where the path shows, if any.
fn find<'a>(lower: &'a [Dirs], path: &[u8]) -> Result<Option<(&'a Dirs, FileStat)>> {
    for layer in lower {
        match look(layer, path)? {
            Look::There(stat) => return Ok(Some((layer, stat))),
            Look::Hidden => return Ok(None),
            Look::Through => {}
        }
    }
    Ok(None)
}

/// What a layer says about a path.
enum Look {
    /// It has it.
    There(FileStat),
    /// It hides what is below.
    Hidden,
    /// It says nothing.
    Through,
}

fn look(layer: &Dirs, path: &[u8]) -> Result<Look> {
    // overlayfs does not look at the attribute of a layer's root, but whoever stacks layers does.
    let mut is_opaque = has_opaque(layer, b"")?;
    for above in ancestors(path) {
        match stat(layer, above)? {
            None => return Ok(if is_opaque { Look::Hidden } else { Look::Through }),
            Some(stat) if !is_directory(&stat) => return Ok(Look::Hidden),
            Some(_) => is_opaque |= has_opaque(layer, above)?,
        }
    }
    match stat(layer, path)? {
        None if is_opaque => Ok(Look::Hidden),
        None => Ok(Look::Through),
        Some(stat) if is_whiteout(&stat) => Ok(Look::Hidden),
        Some(stat) => Ok(Look::There(stat)),
    }
}

/// Looks at a path whose parts above are known to be directories.
fn stat(layer: &Dirs, path: &[u8]) -> Result<Option<FileStat>> {
    let relative = if path.is_empty() { b"." } else { path };
    match fstatat(
        &*layer.root().fd,
        OsStr::from_bytes(relative),
        AtFlags::AT_SYMLINK_NOFOLLOW,
    ) {
        Ok(stat) => Ok(Some(stat)),
        Err(Errno::ENOENT) => Ok(None),
        Err(errno) => Err(failed("fstatat", path, errno)),
    }
}

fn has_opaque(layer: &Dirs, path: &[u8]) -> Result<bool> {
    is_opaque(open_directory(layer.root(), path)?, path)
}

fn inherit(here: &Dirs, lower: &[Dirs], path: &[u8]) -> Result<()> {
    for above in std::iter::once(&b""[..])
        .chain(ancestors(path))
        .filter(|above| *above != path)
    {
        if has_opaque(here, above)? {
            return Ok(());
        }
    }
    match find(lower, path)? {
        Some((layer, stat)) if is_directory(&stat) => {
            let (from, to) = (
                open_directory(layer.root(), path)?,
                open_directory(here.root(), path)?,
            );
            copy_attributes(&from, &to, path)
        }
        _ => Ok(()),
    }
}

fn make_link(here: &mut Dirs, lower: &[Dirs], link: &ForeignLink) -> Result<u64> {
    let (target_above, target_name) = split(&link.target);
    let (above, name) = split(&link.path);
    let mut copied = 0;
    if look_here(here, &link.target)?.is_none() {
        let (layer, stat) = find(lower, &link.target)?
            .ok_or_else(|| refused(&link.path, "it is a hard link to a file that does not exist"))?;
        copied = copy_up(layer, here, &link.target, &stat)?;
    }
    let there = here.get(target_above)?;
    let dir = here.get(above)?;
    let (name, target_name) = (OsStr::from_bytes(name), OsStr::from_bytes(target_name));
    // An empty file kept its place.
    unlinkat(&*dir.fd, name, UnlinkatFlags::NoRemoveDir)
        .and_then(|()| linkat(&*there.fd, target_name, &*dir.fd, name, AtFlags::empty()))
        .map_err(|errno| failed("linkat", &link.path, errno))?;
    Ok(copied)
}

fn look_here(here: &Dirs, path: &[u8]) -> Result<Option<FileStat>> {
    match look(here, path)? {
        Look::There(stat) => Ok(Some(stat)),
        Look::Hidden => Err(refused(
            path,
            "it is the target of a hard link, but hidden in this layer",
        )),
        Look::Through => Ok(None),
    }
}

fn copy_up(layer: &Dirs, here: &mut Dirs, path: &[u8], stat: &FileStat) -> Result<u64> {
    if stat.st_mode & libc::S_IFMT != libc::S_IFREG {
        return Err(refused(
            path,
            "only regular files of lower layers can be hard-linked",
        ));
    }
    let (above, name) = split(path);
    let dir = here.get(above)?;
    let flags = OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let from = openat(
        &*layer.root().fd,
        OsStr::from_bytes(path),
        OFlag::O_RDONLY | flags,
        Mode::empty(),
    )
    .map_err(|errno| failed("openat", path, errno))?;
    let create = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | flags;
    let to = openat(
        &*dir.fd,
        OsStr::from_bytes(name),
        create,
        Mode::from_bits_truncate(0o600),
    )
    .map_err(|errno| failed("openat", path, errno))?;
    let (mut from, mut to) = (std::fs::File::from(from), std::fs::File::from(to));
    let bytes =
        copy(&mut from, &mut to).map_err(|error| Error::io("copy a file of a lower layer", &error))?;
    copy_attributes(&from, &to, path)?;
    Ok(bytes)
}

/// Owner, mode, extended attributes and times, in this order: chown clears set-id bits and capabilities.
fn copy_attributes(from: impl AsFd, to: impl AsFd, path: &[u8]) -> Result<()> {
    let stat = fstat(&from).map_err(|errno| failed("fstat", path, errno))?;
    fchown(
        &to,
        Some(Uid::from_raw(stat.st_uid)),
        Some(Gid::from_raw(stat.st_gid)),
    )
    .map_err(|errno| failed("fchown", path, errno))?;
    fchmod(&to, Mode::from_bits_truncate(stat.st_mode & 0o7777))
        .map_err(|errno| failed("fchmod", path, errno))?;
    for (name, value) in xattr::all(&from).map_err(|errno| failed("flistxattr", path, errno))? {
        let is_ours = overlay::is_overlays(name.as_bytes()) || name.as_bytes() == b"security.selinux";
        if !is_ours {
            xattr::fset(&to, &name, &value).map_err(|errno| failed("fsetxattr", path, errno))?;
        }
    }
    let (atime, mtime) = (
        TimeSpec::new(stat.st_atime, stat.st_atime_nsec),
        TimeSpec::new(stat.st_mtime, stat.st_mtime_nsec),
    );
    futimens(&to, &atime, &mtime).map_err(|errno| failed("futimens", path, errno))
}
