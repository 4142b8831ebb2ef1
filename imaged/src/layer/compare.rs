//! What a plain directory of files has changed against the layers that it was once unpacked from, as a layer's archive.
//!
//! Nobody but the caller's own processes writes there meanwhile, yet nothing is followed: both sides are walked by
//! descriptors.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use nix::fcntl::readlinkat;
use nix::sys::stat::FileStat;

use super::dirs::failed;
use super::mount_points::{is_for_a_mount, is_only_for_mounts};
use super::pack::{Packer, attributes, open};
use super::path::{MAX_DEPTH, check_name, join, refused, show, split};
use super::stack::{Found, Stacked};
use super::unpack::is_directory;
use crate::error::{Context, Error, Result};

/// An attribute by which files say whose they are in an image, where they cannot be given to anybody.
pub const OWNER_ATTRIBUTE: &[u8] = b"user.rootlesscontainers";

/// Whose a file is in an image: user and group, by what it has here and the value of its [`OWNER_ATTRIBUTE`].
pub type OwnerOf<'a> = dyn Fn(&FileStat, Option<&[u8]>) -> Result<(u32, u32)> + 'a;

/// A directory and what it was unpacked from.
pub struct Comparison<'a> {
    /// The files as they are now.
    pub files: PathBuf,
    /// The layers' directories, topmost first.
    pub layers: Vec<PathBuf>,
    /// Paths (without the leading slash) where the runtime made something to mount on: what is new and empty there is not a
    /// change.
    pub mount_points: HashSet<Vec<u8>>,
    /// Paths whose files belong to no image.
    pub volumes: HashSet<Vec<u8>>,
    /// Devices of the layers are empty files here.
    pub rootless: bool,
    /// Whose a file is in the image.
    pub owner: &'a OwnerOf<'a>,
}

impl Comparison<'_> {
    /// Writes the changes as a layer's tar stream. No time is later than `latest`. Returns the writer, and whether there was
    /// any change.
    ///
    /// # Errors
    /// The failed call, or an owner that the image cannot have.
    pub fn pack<W: Write>(&self, out: W, latest: Option<i64>) -> Result<(W, bool)> {
        let mut packer = Packer::new(out, latest);
        packer.omit(OWNER_ATTRIBUTE);
        let files = Stacked::new(&[&self.files])?;
        let layers = Stacked::new(&self.layers)?;
        let changed = self.directory(&files, Some(&layers), &[], 0, &mut packer)?;
        Ok((packer.finish()?, changed))
    }

    fn directory<W: Write>(
        &self,
        files: &Stacked,
        layers: Option<&Stacked>,
        path: &[u8],
        depth: usize,
        packer: &mut Packer<W>,
    ) -> Result<bool> {
        if depth > MAX_DEPTH {
            return Err(refused(path, "it is nested too deep"));
        }
        let mut changed = false;
        for name in names(files, layers)? {
            let path = join(path, &name);
            if self.volumes.contains(&path) {
                continue;
            }
            let before = match layers {
                Some(layers) => layers.find(&name)?,
                None => None,
            };
            let Some(now) = files.raw(&name)? else {
                if let Some(before) = before {
                    packer.marker(&join(split(&path).0, &[b".wh.", &*name].concat()), &before.stat)?;
                    changed = true;
                }
                continue;
            };
            if before.is_none() && self.is_for_mounts(files, &name, &now, &path)? {
                continue;
            }
            let one = self.entry(
                (files, &name, &now),
                (layers, before.as_ref()),
                &path,
                depth,
                packer,
            );
            changed |= one.context(|| format!("pack \"{}\"", show(&path)))?;
        }
        Ok(changed)
    }

    /// Packs one thing that is there, if it is another than before, and what is below it.
    fn entry<W: Write>(
        &self,
        (files, name, now): (&Stacked, &[u8], &Found<'_>),
        (layers, before): (Option<&Stacked>, Option<&Found<'_>>),
        path: &[u8],
        depth: usize,
        packer: &mut Packer<W>,
    ) -> Result<bool> {
        check_name(path, name)?;
        let stat = self.as_in_the_image(now, name)?;
        let is_same = match before {
            Some(before) if self.rootless && is_device(&before.stat) => {
                stat.st_mode & libc::S_IFMT == libc::S_IFREG && stat.st_size == 0
            }
            Some(before) => is_same(name, (now, &stat), before)?,
            None => false,
        };
        if !is_same {
            packer.add(now.place, name, path, &stat)?;
        }
        if !is_directory(&now.stat) {
            return Ok(!is_same);
        }
        let Some(inside) = files.enter(name, now)? else {
            return Ok(!is_same);
        };
        let below = match (layers, before) {
            (Some(layers), Some(before)) if is_directory(&before.stat) => layers.enter(name, before)?,
            _ => None,
        };
        Ok(self.directory(&inside, below.as_ref(), path, depth + 1, packer)? || !is_same)
    }

    /// The file's attributes with the owner that it has in the image.
    fn as_in_the_image(&self, now: &Found<'_>, name: &[u8]) -> Result<FileStat> {
        let noted = match open_found(now, name)? {
            Some(file) => attributes(&file, name, &[])?
                .into_iter()
                .find_map(|(attribute, value)| (attribute == OWNER_ATTRIBUTE).then_some(value)),
            None => None,
        };
        let mut stat = now.stat;
        (stat.st_uid, stat.st_gid) = (self.owner)(&now.stat, noted.as_deref())?;
        Ok(stat)
    }

    /// Whether something is new only because the runtime mounts on it, or on something below it.
    fn is_for_mounts(&self, files: &Stacked, name: &[u8], now: &Found<'_>, path: &[u8]) -> Result<bool> {
        if !is_directory(&now.stat) {
            return Ok(is_for_a_mount(&self.mount_points, path, &now.stat));
        }
        let Some(inside) = files.enter(name, now)? else {
            return Ok(false);
        };
        is_only_for_mounts(&self.mount_points, &inside, path)
    }
}

fn names(files: &Stacked, layers: Option<&Stacked>) -> Result<Vec<Vec<u8>>> {
    let mut names = files.names()?;
    if let Some(layers) = layers {
        names.extend(layers.names()?);
    }
    names.sort();
    names.dedup();
    Ok(names)
}

fn is_device(stat: &FileStat) -> bool {
    matches!(stat.st_mode & libc::S_IFMT, libc::S_IFCHR | libc::S_IFBLK)
}

/// Whether nothing of an entry itself differs.
fn is_same(name: &[u8], (now, stat): (&Found<'_>, &FileStat), before: &Found<'_>) -> Result<bool> {
    let facts = |stat: &FileStat| {
        let device = if is_device(stat) { stat.st_rdev } else { 0 };
        (
            stat.st_mode,
            stat.st_uid,
            stat.st_gid,
            stat.st_mtime,
            stat.st_mtime_nsec,
            device,
        )
    };
    if facts(stat) != facts(&before.stat) {
        return Ok(false);
    }
    match stat.st_mode & libc::S_IFMT {
        libc::S_IFLNK => Ok(target(now, name)? == target(before, name)?),
        libc::S_IFREG | libc::S_IFDIR => {
            let (Some(one), Some(other)) = (open_found(now, name)?, open_found(before, name)?) else {
                return Ok(false);
            };
            let same = attributes(&one, name, OWNER_ATTRIBUTE)? == attributes(&other, name, OWNER_ATTRIBUTE)?;
            match is_directory(stat) {
                true => Ok(same),
                false => Ok(same && stat.st_size == before.stat.st_size && same_bytes(one, other, name)?),
            }
        }
        _ => Ok(true),
    }
}

fn target(found: &Found<'_>, name: &[u8]) -> Result<OsString> {
    readlinkat(found.place, OsStr::from_bytes(name)).map_err(|errno| failed("readlinkat", name, errno))
}

/// Opens a regular file or a directory; nothing else.
fn open_found(found: &Found<'_>, name: &[u8]) -> Result<Option<OwnedFd>> {
    match found.stat.st_mode & libc::S_IFMT {
        libc::S_IFREG | libc::S_IFDIR => open(found.place.as_fd(), name, &found.stat),
        _ => Ok(None),
    }
}

fn same_bytes(one: OwnedFd, other: OwnedFd, name: &[u8]) -> Result<bool> {
    let (mut one, mut other) = (File::from(one), File::from(other));
    let (mut left, mut right) = (vec![0; 128 << 10], vec![0; 128 << 10]);
    let unreadable = |error: std::io::Error| Error::io(format!("read \"{}\"", show(name)), &error);
    loop {
        let count = one.read(&mut left).map_err(unreadable)?;
        if count == 0 {
            return other
                .read(&mut right[..1])
                .map(|count| count == 0)
                .map_err(unreadable);
        }
        if other.read_exact(&mut right[..count]).is_err() || left[..count] != right[..count] {
            return Ok(false);
        }
    }
}
