//! Writing tar streams that keep everything: PAX records for what a header cannot hold, the same bytes for the same
//! files.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use nix::fcntl::{OFlag, openat, readlinkat};
use nix::sys::stat::{FileStat, Mode, fstat, major, minor};

use super::dirs::failed;
use crate::error::{Error, Kind, Result};
use crate::plan::id_attributes;
use crate::plan::id_map::IdMaps;
use crate::sys::{overlay, resolve, xattr};

const BLOCK: usize = 512;
/// The largest number in seven octal digits.
const MAX_ID: u32 = 0o7_777_777;
/// The largest number in eleven octal digits.
const MAX_LONG: u64 = 0o77_777_777_777;

/// A tar stream that is being written.
pub(crate) struct Packer<W> {
    out: W,
    /// Files with several names: the first name of each.
    links: HashMap<(u64, u64), Vec<u8>>,
    /// No time is later than this (SOURCE_DATE_EPOCH).
    latest: Option<i64>,
    /// An extended attribute that is left out.
    omitted: &'static [u8],
    /// Whose ids the host's are in the archive.
    ids: IdMaps,
}

/// What one entry is made of.
struct Header<'a> {
    path: &'a [u8],
    kind: u8,
    link: &'a [u8],
    size: u64,
    xattrs: Vec<(Vec<u8>, Vec<u8>)>,
}

impl<W: Write> Packer<W> {
    pub(crate) fn new(out: W, latest: Option<i64>) -> Self {
        Self {
            out,
            links: HashMap::new(),
            latest,
            omitted: &[],
            ids: IdMaps::default(),
        }
    }

    /// Packs files of a container: what is added from now on has the owners that the container sees.
    pub(crate) fn map(&mut self, ids: IdMaps) {
        self.ids = ids;
    }

    /// Leaves an extended attribute out.
    pub(super) fn omit(&mut self, name: &'static [u8]) {
        self.omitted = name;
    }

    /// Adds what `dir` has under `name` as `path`; what changed its type meanwhile, and sockets, are left out.
    pub(crate) fn add(
        &mut self,
        dir: BorrowedFd<'_>,
        name: &[u8],
        path: &[u8],
        stat: &FileStat,
    ) -> Result<()> {
        let inside = as_inside(stat, &self.ids);
        self.add_with_owner(dir, name, path, &inside)
    }

    /// The same with the owner that `stat` says.
    pub(super) fn add_with_owner(
        &mut self,
        dir: BorrowedFd<'_>,
        name: &[u8],
        path: &[u8],
        stat: &FileStat,
    ) -> Result<()> {
        let mut header = Header {
            path,
            kind: b'0',
            link: &[],
            size: 0,
            xattrs: Vec::new(),
        };
        let is_linked = stat.st_nlink > 1 && stat.st_mode & libc::S_IFMT != libc::S_IFDIR;
        if is_linked && let Some(first) = self.links.get(&(stat.st_dev, stat.st_ino)).cloned() {
            header.kind = b'1';
            header.link = &first;
            return self.header(&header, stat);
        }
        let target;
        match stat.st_mode & libc::S_IFMT {
            libc::S_IFREG => match open(dir, name, stat)? {
                Some(file) => self.file(header, file, stat)?,
                None => return Ok(()),
            },
            libc::S_IFDIR => {
                let Some(directory) = open(dir, name, stat)? else {
                    return Ok(());
                };
                header.kind = b'5';
                header.xattrs = attributes_inside(&directory, path, self.omitted, &self.ids)?;
                let path = [path, b"/"].concat();
                self.header(
                    &Header {
                        path: &path,
                        ..header
                    },
                    stat,
                )?;
            }
            libc::S_IFLNK => {
                target = readlinkat(dir, OsStr::from_bytes(name))
                    .map_err(|errno| failed("readlinkat", path, errno))?
                    .into_vec();
                (header.kind, header.link) = (b'2', &target);
                self.header(&header, stat)?;
            }
            kind @ (libc::S_IFCHR | libc::S_IFBLK | libc::S_IFIFO) => {
                header.kind = match kind {
                    libc::S_IFCHR => b'3',
                    libc::S_IFBLK => b'4',
                    _ => b'6',
                };
                self.header(&header, stat)?;
            }
            _ => return Ok(()),
        }
        if is_linked {
            self.links.insert((stat.st_dev, stat.st_ino), path.to_vec());
        }
        Ok(())
    }

    /// An empty file: a whiteout, with the times of the directory that has it.
    pub(super) fn marker(&mut self, path: &[u8], stat: &FileStat) -> Result<()> {
        let mut plain = *stat;
        (plain.st_mode, plain.st_uid, plain.st_gid) = (libc::S_IFREG | 0o600, 0, 0);
        let header = Header {
            path,
            kind: b'0',
            link: &[],
            size: 0,
            xattrs: Vec::new(),
        };
        self.header(&header, &plain)
    }

    /// Ends the stream and gives back the writer.
    pub(crate) fn finish(mut self) -> Result<W> {
        self.write(&[0; 2 * BLOCK])?;
        Ok(self.out)
    }

    fn file(&mut self, mut header: Header<'_>, file: OwnedFd, stat: &FileStat) -> Result<()> {
        header.size = u64::try_from(stat.st_size).unwrap_or_default();
        header.xattrs = attributes_inside(&file, header.path, self.omitted, &self.ids)?;
        self.header(&header, stat)?;
        let mut file = File::from(file);
        let mut left = header.size;
        let mut buffer = vec![0; usize::try_from(left.clamp(1, 256 << 10)).unwrap_or(BLOCK)];
        while left > 0 {
            let wanted = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            let count = file
                .read(&mut buffer[..wanted])
                .map_err(|error| Error::io("read a file", &error))?;
            if count == 0 {
                // It became shorter meanwhile: the rest reads as zeros.
                buffer.fill(0);
            }
            let count = if count == 0 { wanted } else { count };
            self.write(&buffer[..count])?;
            left -= count as u64;
        }
        self.pad(header.size)
    }

    fn header(&mut self, header: &Header<'_>, stat: &FileStat) -> Result<()> {
        let (seconds, nanos) = match self.latest {
            Some(latest) if stat.st_mtime >= latest => (latest, 0),
            _ => (stat.st_mtime, stat.st_mtime_nsec),
        };
        let records = records(header, stat, (seconds, nanos));
        if !records.is_empty() {
            let mut block = [0; BLOCK];
            block[..3].copy_from_slice(b"pax");
            fields(&mut block, 0o644, (0, 0), records.len() as u64, 0);
            self.block(block, b'x')?;
            self.write(&records)?;
            self.pad(records.len() as u64)?;
        }
        let mut block = [0; BLOCK];
        copy(&mut block[..100], header.path);
        copy(&mut block[157..257], header.link);
        let ids = (small(stat.st_uid), small(stat.st_gid));
        let time = u64::try_from(seconds).ok().filter(|time| *time <= MAX_LONG);
        fields(
            &mut block,
            stat.st_mode & 0o7777,
            ids,
            Some(header.size)
                .filter(|size| *size <= MAX_LONG)
                .unwrap_or_default(),
            time.unwrap_or_default(),
        );
        if matches!(header.kind, b'3' | b'4') {
            octal(&mut block[329..337], major(stat.st_rdev));
            octal(&mut block[337..345], minor(stat.st_rdev));
        }
        self.block(block, header.kind)
    }

    fn block(&mut self, mut block: [u8; BLOCK], kind: u8) -> Result<()> {
        block[156] = kind;
        block[257..265].copy_from_slice(b"ustar\x0000");
        block[148..156].fill(b' ');
        let sum: u64 = block.iter().map(|byte| u64::from(*byte)).sum();
        octal(&mut block[148..155], sum);
        self.write(&block)
    }

    fn pad(&mut self, size: u64) -> Result<()> {
        let padding = (BLOCK as u64 - size % BLOCK as u64) % BLOCK as u64;
        self.write(&[0; BLOCK][..usize::try_from(padding).unwrap_or_default()])
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.out.write_all(bytes).map_err(|error| match error.kind() {
            std::io::ErrorKind::BrokenPipe => Error::io("write the archive", &error).with_kind(Kind::Closed),
            _ => Error::io("write the archive", &error),
        })
    }
}

/// Opens a file or directory that was looked at; none if there is something else now. It is opened in two steps: it could
/// be a device by now.
pub(super) fn open(dir: BorrowedFd<'_>, name: &[u8], stat: &FileStat) -> Result<Option<OwnedFd>> {
    let flags = OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let Ok(there) = openat(dir, OsStr::from_bytes(name), flags, Mode::empty()) else {
        return Ok(None);
    };
    let now = fstat(&there).map_err(|errno| failed("fstat", name, errno))?;
    if now.st_mode & libc::S_IFMT != stat.st_mode & libc::S_IFMT {
        return Ok(None);
    }
    resolve::open_seen(&there)
        .map(Some)
        .map_err(|errno| failed("open", name, errno))
}

/// The attributes that belong to the file rather than to this machine, sorted, without the one that is named.
pub(super) fn attributes(file: impl AsFd, path: &[u8], omitted: &[u8]) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
    let mut all: Vec<_> = xattr::all(file)
        .map_err(|errno| failed("flistxattr", path, errno))?
        .into_iter()
        .map(|(name, value)| (name.into_bytes(), value))
        .filter(|(name, _)| !overlay::is_overlays(name) && name != b"security.selinux" && name != omitted)
        .collect();
    all.sort();
    Ok(all)
}

/// The same as a container sees them.
pub(super) fn attributes_inside(
    file: impl AsFd,
    path: &[u8],
    omitted: &[u8],
    ids: &IdMaps,
) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
    let all = attributes(file, path, omitted)?.into_iter();
    Ok(all
        .filter_map(|(name, value)| {
            let value = id_attributes::to_containers(ids, &name, &value)?;
            Some((name, value))
        })
        .collect())
}

/// What a file is like with the owner that a container sees.
pub(super) fn as_inside(stat: &FileStat, ids: &IdMaps) -> FileStat {
    let mut inside = *stat;
    (inside.st_uid, inside.st_gid) = ids.to_container((stat.st_uid, stat.st_gid));
    inside
}

/// The PAX records for what does not fit into a header.
fn records(header: &Header<'_>, stat: &FileStat, (seconds, nanos): (i64, i64)) -> Vec<u8> {
    let mut records = Vec::new();
    if header.path.len() > 100 {
        record(&mut records, b"path", header.path);
    }
    if header.link.len() > 100 {
        record(&mut records, b"linkpath", header.link);
    }
    if header.size > MAX_LONG {
        record(&mut records, b"size", header.size.to_string().as_bytes());
    }
    for (name, id) in [(&b"uid"[..], stat.st_uid), (b"gid", stat.st_gid)] {
        if id > MAX_ID {
            record(&mut records, name, id.to_string().as_bytes());
        }
    }
    if nanos != 0 || u64::try_from(seconds).map_or(true, |seconds| seconds > MAX_LONG) {
        record(&mut records, b"mtime", time(seconds, nanos).as_bytes());
    }
    for (name, value) in &header.xattrs {
        record(&mut records, &[b"SCHILY.xattr.", name.as_slice()].concat(), value);
    }
    records
}

/// Seconds with a fraction; before 1970 the fraction counts back, too.
fn time(seconds: i64, nanos: i64) -> String {
    let text = match seconds {
        ..0 if nanos > 0 => format!("-{}.{:09}", -(seconds + 1), 1_000_000_000 - nanos),
        _ => format!("{seconds}.{nanos:09}"),
    };
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// `LENGTH KEY=VALUE\n`, where the length counts its own digits.
fn record(records: &mut Vec<u8>, key: &[u8], value: &[u8]) {
    let body = key.len() + value.len() + 3;
    let mut length = body + 1;
    while length.to_string().len() + body != length {
        length += 1;
    }
    records.extend_from_slice(format!("{length} ").as_bytes());
    records.extend_from_slice(key);
    records.push(b'=');
    records.extend_from_slice(value);
    records.push(b'\n');
}

fn fields(block: &mut [u8; BLOCK], mode: u32, ids: (u32, u32), size: u64, time: u64) {
    octal(&mut block[100..108], mode.into());
    octal(&mut block[108..116], ids.0.into());
    octal(&mut block[116..124], ids.1.into());
    octal(&mut block[124..136], size);
    octal(&mut block[136..148], time);
}

fn small(id: u32) -> u32 {
    if id > MAX_ID { 0 } else { id }
}

/// Octal digits, filled up with zeros, and a NUL.
fn octal(field: &mut [u8], value: u64) {
    let digits = field.len() - 1;
    field[..digits].copy_from_slice(&format!("{value:0digits$o}").as_bytes()[..digits]);
    field[digits] = 0;
}

/// As much of it as fits.
fn copy(field: &mut [u8], bytes: &[u8]) {
    let length = bytes.len().min(field.len());
    field[..length].copy_from_slice(&bytes[..length]);
}
