//! What a plain directory of files has changed against the layers that it was once copied from, as a list and as a layer's
//! archive.
//!
//! A container may write there meanwhile: nothing is followed, both sides are walked by descriptors.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use nix::errno::Errno;
use nix::fcntl::readlinkat;
use nix::sys::stat::FileStat;

use super::changes::Change;
use super::dirs::failed;
use super::mount_points::{is_for_a_mount, is_only_for_mounts};
use super::pack::{Packer, attributes, attributes_inside, open};
use super::path::{MAX_DEPTH, check_name, join, refused, show, split};
use super::stack::{Found, Stacked};
use super::unpack::is_directory;
use crate::error::{Context, Error, Result};
use crate::plan::id_map::IdMaps;

/// An attribute by which files say whose they are in an image, where they cannot be given to anybody.
pub(super) const OWNER_ATTRIBUTE: &[u8] = b"user.rootlesscontainers";

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
    /// Whose the ids in extended attributes are in the image.
    pub ids: IdMaps,
    /// What has the same size, time, mode and owner is taken for the same.
    pub quick: bool,
}

impl Comparison<'_> {
    /// The changed paths, sorted, with the directories above them.
    ///
    /// # Errors
    /// The failed call.
    pub fn list(&self) -> Result<Vec<(Vec<u8>, Change)>> {
        let mut list = Vec::new();
        self.walk(&mut |path, change, _| {
            list.push((path.to_vec(), change));
            Ok(())
        })?;
        Ok(list)
    }

    /// The bytes of what was added or changed, each inode once.
    ///
    /// # Errors
    /// The failed call.
    pub fn bytes(&self) -> Result<u64> {
        let (mut bytes, mut seen) = (0, HashSet::new());
        self.walk(&mut |_, change, (_, stat)| {
            let counts = change != Change::Deleted && !is_directory(stat);
            if counts && (stat.st_nlink == 1 || seen.insert(inode(stat))) {
                bytes += u64::try_from(stat.st_size).unwrap_or_default();
            }
            Ok(())
        })?;
        Ok(bytes)
    }

    /// Writes the changes as a layer's tar stream. No time is later than `latest`. Returns the writer, and whether there was
    /// any change.
    ///
    /// # Errors
    /// The failed call, or an owner that the image cannot have.
    pub fn pack<W: Write>(&self, out: W, latest: Option<i64>) -> Result<(W, bool)> {
        let mut packer = Packer::new(out, latest);
        packer.map(self.ids.clone());
        if self.rootless {
            packer.omit(OWNER_ATTRIBUTE);
        }
        let mut changed = false;
        self.walk(&mut |path, change, (place, stat)| {
            changed = true;
            let (above, name) = split(path);
            if change == Change::Deleted {
                return packer.marker(&join(above, &[b".wh.", name].concat()), stat);
            }
            check_name(path, name)?;
            packer
                .add_with_owner(place, name, path, stat)
                .context(|| format!("pack \"{}\"", show(path)))
        })?;
        Ok((packer.finish()?, changed))
    }

    fn walk(&self, visit: &mut Visit<'_>) -> Result<()> {
        let files = Stacked::new(&[&self.files])?;
        let layers = Stacked::new(&self.layers)?;
        let mut links = Links::default();
        self.find_links(&files, Some(&layers), &[], 0, &mut links)?;
        let walk = Walk {
            of: self,
            regrouped: links.regrouped(),
        };
        walk.directory((&files, Some(&layers)), &[], None, visit)
            .map(drop)
    }

    /// Notes which names were those of one file, and which are now.
    fn find_links(
        &self,
        files: &Stacked,
        layers: Option<&Stacked>,
        path: &[u8],
        depth: usize,
        links: &mut Links,
    ) -> Result<()> {
        if depth > MAX_DEPTH {
            return Err(refused(path, "it is nested too deep"));
        }
        for name in files.names()? {
            let path = join(path, &name);
            if self.volumes.contains(&path) {
                continue;
            }
            let Some(now) = files.raw(&name)? else { continue };
            let before = layers.map(|layers| layers.find(&name)).transpose()?.flatten();
            if !is_directory(&now.stat) {
                let before = before
                    .map(|before| before.stat)
                    .filter(|stat| !is_directory(stat));
                if now.stat.st_nlink > 1 || before.is_some_and(|stat| stat.st_nlink > 1) {
                    links.note(inode(&now.stat), before.as_ref().map(inode));
                }
            } else if let Some(inside) = files.enter(&name, &now)? {
                let below = enter_directory(layers, &name, before.as_ref())?;
                self.find_links(&inside, below.as_ref(), &path, depth + 1, links)?;
            }
        }
        Ok(())
    }

    /// The file's attributes with the owner that it has in the image.
    fn as_in_the_image(&self, now: &Found<'_>, name: &[u8]) -> Result<FileStat> {
        let noted = match self
            .rootless
            .then(|| open_found(now, name))
            .transpose()?
            .flatten()
        {
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

    /// Whether nothing of an entry itself differs; `stat` is what it is in the image.
    fn is_same(
        &self,
        name: &[u8],
        (now, stat): (&Found<'_>, &FileStat),
        before: &Found<'_>,
        times: Times,
    ) -> Result<bool> {
        if self.rootless && is_device(&before.stat) {
            return Ok(stat.st_mode & libc::S_IFMT == libc::S_IFREG && stat.st_size == 0);
        }
        if facts(stat, times) != facts(&before.stat, times) {
            return Ok(false);
        }
        match stat.st_mode & libc::S_IFMT {
            libc::S_IFLNK => Ok(target(now, name)? == target(before, name)?),
            libc::S_IFREG if stat.st_size != before.stat.st_size => Ok(false),
            libc::S_IFREG | libc::S_IFDIR if !self.quick => {
                let omitted = if self.rootless { OWNER_ATTRIBUTE } else { &[] };
                let (Some(one), Some(other)) = (open_found(now, name)?, open_found(before, name)?) else {
                    return Ok(false);
                };
                let same =
                    attributes_inside(&one, name, omitted, &self.ids)? == attributes(&other, name, omitted)?;
                Ok(same && (is_directory(stat) || same_bytes(one, other, name)?))
            }
            _ => Ok(true),
        }
    }
}

/// What is told of a change: the directory that has it (or had it, of what is gone), and its attributes in the image.
type Visit<'a> = dyn FnMut(&[u8], Change, (BorrowedFd<'_>, &FileStat)) -> Result<()> + 'a;

/// A directory whose changes are looked for. It is told itself before the first of them, so that whoever reads the changes
/// knows what it is like.
struct Above<'a> {
    above: Option<&'a Self>,
    path: &'a [u8],
    change: Change,
    place: (BorrowedFd<'a>, &'a FileStat),
    is_told: Cell<bool>,
    depth: usize,
}

impl Above<'_> {
    fn tell(&self, visit: &mut Visit<'_>) -> Result<()> {
        if self.is_told.replace(true) {
            return Ok(());
        }
        tell_above(self.above, visit)?;
        visit(self.path, self.change, self.place)
    }
}

fn tell_above(above: Option<&Above<'_>>, visit: &mut Visit<'_>) -> Result<()> {
    above.map_or(Ok(()), |above| above.tell(visit))
}

struct Walk<'a> {
    of: &'a Comparison<'a>,
    /// Files whose names are not those of one file any more, or were not before.
    regrouped: HashSet<Inode>,
}

impl Walk<'_> {
    /// Visits the changes in a directory. Returns whether something in it was made to be mounted on.
    fn directory(
        &self,
        (files, layers): (&Stacked, Option<&Stacked>),
        path: &[u8],
        above: Option<&Above<'_>>,
        visit: &mut Visit<'_>,
    ) -> Result<bool> {
        let mut has_mount_points = false;
        for name in names(files, layers)? {
            let path = join(path, &name);
            if self.of.volumes.contains(&path) {
                continue;
            }
            let before = layers.map(|layers| layers.find(&name)).transpose()?.flatten();
            let Some(now) = files.raw(&name)? else {
                if let Some(before) = before {
                    tell_above(above, visit)?;
                    visit(&path, Change::Deleted, (before.place, &before.stat))?;
                }
                continue;
            };
            if before.is_none() && self.of.is_for_mounts(files, &name, &now, &path)? {
                has_mount_points = true;
                continue;
            }
            let stat = self
                .of
                .as_in_the_image(&now, &name)
                .context(|| format!("pack \"{}\"", show(&path)))?;
            let change = before.as_ref().map_or(Change::Added, |_| Change::Changed);
            let entry = Above {
                above,
                path: &path,
                change,
                place: (now.place, &stat),
                is_told: Cell::new(false),
                depth: above.map_or(0, |above| above.depth) + 1,
            };
            self.entry((files, &now), (layers, before.as_ref()), &entry, visit)?;
        }
        Ok(has_mount_points)
    }

    /// Visits one thing that is there, if it is another than before, and what is below it.
    fn entry(
        &self,
        (files, now): (&Stacked, &Found<'_>),
        (layers, before): (Option<&Stacked>, Option<&Found<'_>>),
        entry: &Above<'_>,
        visit: &mut Visit<'_>,
    ) -> Result<()> {
        let (name, stat) = (split(entry.path).1, entry.place.1);
        let is_same = |times| match before {
            Some(_) if self.regrouped.contains(&inode(&now.stat)) => Ok(false),
            Some(before) => self.of.is_same(name, (now, stat), before, times),
            None => Ok(false),
        };
        let was_directory = before.is_some_and(|before| is_directory(&before.stat));
        if !is_directory(&now.stat) || !was_directory {
            if !is_same(Times::Count)? {
                entry.tell(visit)?;
            }
            if !is_directory(&now.stat) {
                return Ok(());
            }
        }
        if entry.depth > MAX_DEPTH {
            return Err(refused(entry.path, "it is nested too deep"));
        }
        let Some(inside) = files.enter(name, now)? else {
            return Ok(());
        };
        let below = enter_directory(layers, name, before)?;
        let has_mount_points = self.directory((&inside, below.as_ref()), entry.path, Some(entry), visit)?;
        // What the runtime put there changed the directory's time.
        let times = if has_mount_points {
            Times::Ignored
        } else {
            Times::Count
        };
        match entry.is_told.get() || is_same(times)? {
            true => Ok(()),
            false => entry.tell(visit),
        }
    }
}

type Inode = (u64, u64);

fn inode(stat: &FileStat) -> Inode {
    (stat.st_dev, stat.st_ino)
}

/// Which files the names of a file were before, and the reverse.
#[derive(Default)]
struct Links {
    before: HashMap<Inode, HashSet<Option<Inode>>>,
    now: HashMap<Inode, HashSet<Inode>>,
}

impl Links {
    fn note(&mut self, now: Inode, before: Option<Inode>) {
        self.before.entry(now).or_default().insert(before);
        if let Some(before) = before {
            self.now.entry(before).or_default().insert(now);
        }
    }

    fn regrouped(&self) -> HashSet<Inode> {
        let is_split = |before: &Option<Inode>| {
            before
                .and_then(|before| self.now.get(&before))
                .is_some_and(|now| now.len() > 1)
        };
        let others = self
            .before
            .iter()
            .filter(|(_, before)| before.len() > 1 || before.iter().any(is_split));
        others.map(|(now, _)| *now).collect()
    }
}

/// What of the layers lies below a directory that was one before, too.
fn enter_directory(
    layers: Option<&Stacked>,
    name: &[u8],
    before: Option<&Found<'_>>,
) -> Result<Option<Stacked>> {
    match (layers, before) {
        (Some(layers), Some(before)) if is_directory(&before.stat) => layers.enter(name, before),
        _ => Ok(None),
    }
}

/// Whether a difference in time is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Times {
    Count,
    Ignored,
}

fn facts(stat: &FileStat, times: Times) -> (u32, u32, u32, (i64, i64), u64) {
    let device = if is_device(stat) { stat.st_rdev } else { 0 };
    let time = match times {
        Times::Count => (stat.st_mtime, stat.st_mtime_nsec),
        Times::Ignored => (0, 0),
    };
    (stat.st_mode, stat.st_uid, stat.st_gid, time, device)
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

/// Where a link leads; nothing if it is no link any more.
fn target(found: &Found<'_>, name: &[u8]) -> Result<Option<OsString>> {
    match readlinkat(found.place, OsStr::from_bytes(name)) {
        Ok(target) => Ok(Some(target)),
        Err(Errno::EINVAL | Errno::ENOENT) => Ok(None),
        Err(errno) => Err(failed("readlinkat", name, errno)),
    }
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
