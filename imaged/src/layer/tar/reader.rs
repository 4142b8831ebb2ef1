//! The loop over a tar stream: meta entries are folded into the entry that they describe.

use std::io::{self, BufRead};

use super::header::{BLOCK, Header};
use super::pax::Pax;
use super::sparse::{self, Segment};
use super::{excessive, malformed};
use crate::error::{self, Error, Result};

/// What an archive may make this machine do.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Entries.
    pub entries: u64,
    /// Bytes of files, without holes.
    pub bytes: u64,
    /// Length of a path.
    pub path: usize,
    /// Bytes of one PAX header or long name.
    pub meta: u64,
    /// Bytes of memory for what must be remembered until the archive's end: directories with their attributes,
    /// and links to lower layers.
    pub memory: u64,
}

impl Limits {
    /// More than any image of good faith has.
    pub const DEFAULT: Self = Self {
        entries: 10_000_000,
        bytes: 1 << 40,
        path: 4095,
        meta: 4 << 20,
        memory: 512 << 20,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// What an entry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A regular file, whose data follows.
    File {
        /// The file's length, holes included.
        size: u64,
        /// Where the data belongs, if the file has holes.
        segments: Option<Vec<Segment>>,
    },
    /// A directory.
    Directory,
    /// A symbolic link with this target.
    Symlink(Vec<u8>),
    /// Another name of the file of this path.
    HardLink(Vec<u8>),
    /// A character device: major, minor.
    Char(u32, u32),
    /// A block device: major, minor.
    Block(u32, u32),
    /// A named pipe.
    Fifo,
}

/// One entry of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The path as written.
    pub path: Vec<u8>,
    /// What it is.
    pub kind: Kind,
    /// Permission, set-id and sticky bits.
    pub mode: u32,
    /// The owner.
    pub uid: u32,
    /// The group.
    pub gid: u32,
    /// Modification time: seconds and nanoseconds after them.
    pub mtime: (i64, u32),
    /// Access time; the modification time if the archive has none.
    pub atime: (i64, u32),
    /// Extended attributes.
    pub xattrs: Vec<(Vec<u8>, Vec<u8>)>,
}

/// Reads the entries of a tar stream, one after the other.
#[derive(Debug)]
pub struct Reader<R> {
    input: R,
    limits: Limits,
    /// Data of the current entry that was not taken yet, and the padding after it.
    data: u64,
    padding: u64,
    entries: u64,
    bytes: u64,
}

impl<R: BufRead> Reader<R> {
    /// Reads `input` within `limits`.
    pub fn new(input: R, limits: Limits) -> Self {
        Self {
            input,
            limits,
            data: 0,
            padding: 0,
            entries: 0,
            bytes: 0,
        }
    }

    /// The bytes of files so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The next entry; skips what was not taken of the last one's data. `None` at the archive's end.
    ///
    /// # Errors
    /// `Invalid` for a malformed stream, `Limit` for an excessive one.
    pub fn next_entry(&mut self) -> Result<Option<Entry>> {
        self.skip_data()?;
        let (mut pax, mut long_path, mut long_link) = (Pax::default(), None, None);
        let mut block = [0; BLOCK];
        let mut has_meta = false;
        loop {
            if self.at_end(&mut block)? {
                return match has_meta {
                    true => Err(malformed("it ends after a PAX header or long name")),
                    false => Ok(None),
                };
            }
            self.count_entry()?;
            let header = Header::new(&block)?;
            match header.kind() {
                // The last one counts, as for Go's reader: what many of them say together would have no bound.
                b'x' => pax = Pax::read(&self.meta(&header)?)?,
                // Global headers only ever carry a commit id of git.
                b'g' => drop(self.meta(&header)?),
                b'L' => long_path = Some(without_nul(self.meta(&header)?)),
                b'K' => long_link = Some(without_nul(self.meta(&header)?)),
                _ => return self.entry(&header, pax, long_path, long_link).map(Some),
            }
            has_meta = header.kind() != b'g';
        }
    }

    /// Reads the next block; true when it is the archive's end: two blocks of zeros, one as the stream's last, or
    /// nothing. Readers that go on after a single one would find other entries than those that stop there.
    fn at_end(&mut self, block: &mut [u8; BLOCK]) -> Result<bool> {
        if !read_block_or_end(&mut self.input, block)? {
            return Ok(true);
        }
        if !is_zero(block) {
            return Ok(false);
        }
        match read_block_or_end(&mut self.input, block)? && !is_zero(block) {
            true => Err(malformed("something follows a single block of zeros")),
            false => Ok(true),
        }
    }

    /// The next piece of the current entry's data; empty at its end. Call [`Self::consume`] with what was used.
    ///
    /// # Errors
    /// When the stream breaks off.
    pub fn data(&mut self) -> Result<&[u8]> {
        if self.data == 0 {
            return Ok(&[]);
        }
        let piece = self.input.fill_buf().map_err(read_error)?;
        if piece.is_empty() {
            return Err(malformed("it ends inside a file"));
        }
        let length = piece.len().min(usize::try_from(self.data).unwrap_or(usize::MAX));
        Ok(&piece[..length])
    }

    /// Marks `count` bytes of the last piece as used.
    pub fn consume(&mut self, count: usize) {
        self.input.consume(count);
        self.data -= count as u64;
    }

    /// The input, which stands at the data of the current entry that was not taken.
    pub fn input(&self) -> &R {
        &self.input
    }

    /// Gives back the input, which stands after the archive's last header.
    pub fn into_inner(self) -> R {
        self.input
    }

    fn count_entry(&mut self) -> Result<()> {
        self.entries += 1;
        match self.entries > self.limits.entries {
            true => Err(excessive(format!(
                "it has more than {} entries",
                self.limits.entries
            ))),
            false => Ok(()),
        }
    }

    fn skip_data(&mut self) -> Result<()> {
        if skip(&mut self.input, std::mem::take(&mut self.data))? > 0 {
            return Err(malformed("it ends inside a file"));
        }
        // Some archives end with their last file, its last block not filled (umoci 0.4's); others accept that too.
        skip(&mut self.input, std::mem::take(&mut self.padding)).map(drop)
    }

    /// The whole data of a meta entry.
    fn meta(&mut self, header: &Header<'_>) -> Result<Vec<u8>> {
        let size = header.size()?;
        if size > self.limits.meta {
            return Err(excessive(format!("a PAX header or long name has {size} bytes")));
        }
        let mut bytes = Vec::new();
        self.data = size;
        self.padding = padding_of(size);
        while self.data > 0 {
            let piece = self.data()?;
            let length = piece.len();
            bytes.extend_from_slice(piece);
            self.consume(length);
        }
        self.skip_data()?;
        Ok(bytes)
    }

    fn entry(
        &mut self,
        header: &Header<'_>,
        pax: Pax,
        long_path: Option<Vec<u8>>,
        long_link: Option<Vec<u8>>,
    ) -> Result<Entry> {
        let path = pax
            .sparse
            .name
            .clone()
            .or_else(|| pax.path.clone())
            .or(long_path)
            .unwrap_or_else(|| header.path());
        let link = pax.link.clone().or(long_link).unwrap_or_else(|| header.link());
        if path.len() > self.limits.path || link.len() > self.limits.path {
            return Err(excessive(format!(
                "a path is longer than {} bytes",
                self.limits.path
            )));
        }
        let kind = self.kind(header, &pax, &path, link)?;
        let mtime = match pax.mtime {
            Some(time) => time,
            None => (header.mtime()?, 0),
        };
        Ok(Entry {
            kind,
            mode: u32::try_from(header.mode()? & 0o7777).unwrap_or_default(),
            uid: owner("uid", pax.uid, header.uid())?,
            gid: owner("gid", pax.gid, header.gid())?,
            mtime,
            atime: pax.atime.unwrap_or(mtime),
            xattrs: pax.xattrs.into_iter().collect(),
            path,
        })
    }

    /// What the entry is; for a file, the stream then stands at its data.
    fn kind(&mut self, header: &Header<'_>, pax: &Pax, path: &[u8], link: Vec<u8>) -> Result<Kind> {
        Ok(match header.kind() {
            0 if path.ends_with(b"/") => Kind::Directory,
            0 | b'0' | b'7' | b'S' => self.file(header, pax)?,
            b'1' => Kind::HardLink(link),
            b'2' => Kind::Symlink(link),
            b'3' => device(header).map(|(major, minor)| Kind::Char(major, minor))?,
            b'4' => device(header).map(|(major, minor)| Kind::Block(major, minor))?,
            b'5' => Kind::Directory,
            b'6' => Kind::Fifo,
            other => {
                let shown = char::from(other).escape_default();
                return Err(malformed(format!("entries of type '{shown}' are not known")));
            }
        })
    }

    fn file(&mut self, header: &Header<'_>, pax: &Pax) -> Result<Kind> {
        let stored = match pax.size {
            Some(size) => size,
            None => header.size()?,
        };
        self.padding = padding_of(stored);
        let mut data = stored;
        let (segments, real) = if header.kind() == b'S' {
            let (first, more, real) = header.gnu_sparse()?;
            (Some(sparse::old_gnu(&mut self.input, first, more)?), real)
        } else if pax.sparse.version == (1, 0) {
            let (map, taken) = sparse::from_data(&mut self.input, stored)?;
            data = stored
                .checked_sub(taken)
                .ok_or_else(|| malformed("a sparse file's map is too long"))?;
            (
                Some(map),
                pax.sparse
                    .real_size
                    .ok_or_else(|| malformed("a sparse file has no size"))?,
            )
        } else if let Some(numbers) = &pax.sparse.map {
            let real = pax
                .sparse
                .real_size
                .ok_or_else(|| malformed("a sparse file has no size"))?;
            (Some(sparse::from_numbers(numbers)?), real)
        } else {
            (None, stored)
        };
        if let Some(map) = &segments {
            sparse::check(map, real, data)?;
        }
        self.bytes = self.bytes.saturating_add(data);
        if self.bytes > self.limits.bytes {
            return Err(excessive(format!(
                "its files have more than {} bytes",
                self.limits.bytes
            )));
        }
        self.data = data;
        Ok(Kind::File { size: real, segments })
    }
}

fn is_zero(block: &[u8; BLOCK]) -> bool {
    block.iter().all(|byte| *byte == 0)
}

fn device(header: &Header<'_>) -> Result<(u32, u32)> {
    let (major, minor) = header.device()?;
    match (u32::try_from(major), u32::try_from(minor)) {
        // The kernel's limits: 12 bits and 20 bits.
        (Ok(major), Ok(minor)) if major < 1 << 12 && minor < 1 << 20 => Ok((major, minor)),
        _ => Err(malformed(format!("there is no device {major}:{minor}"))),
    }
}

fn owner(name: &str, pax: Option<i64>, header: Result<i64>) -> Result<u32> {
    let id = match pax {
        Some(id) => id,
        None => header?,
    };
    // The last one means "do not change" to the kernel.
    u32::try_from(id)
        .ok()
        .filter(|id| *id != u32::MAX)
        .ok_or_else(|| malformed(format!("{id} is no {name}")))
}

fn without_nul(mut name: Vec<u8>) -> Vec<u8> {
    let end = name.iter().position(|byte| *byte == 0).unwrap_or(name.len());
    name.truncate(end);
    name
}

fn padding_of(size: u64) -> u64 {
    (BLOCK as u64 - size % BLOCK as u64) % BLOCK as u64
}

/// Skips bytes; says how many were missing at the input's end.
fn skip(input: &mut impl BufRead, mut count: u64) -> Result<u64> {
    while count > 0 {
        let length = input.fill_buf().map_err(read_error)?.len();
        if length == 0 {
            break;
        }
        let used = length.min(usize::try_from(count).unwrap_or(usize::MAX));
        input.consume(used);
        count -= used as u64;
    }
    Ok(count)
}

/// Fills a block.
pub(super) fn read_block(input: &mut impl BufRead, block: &mut [u8; BLOCK]) -> Result<()> {
    match read_block_or_end(input, block)? {
        true => Ok(()),
        false => Err(malformed("it ends inside an entry")),
    }
}

/// Fills a block; false when the stream ended before it.
fn read_block_or_end(input: &mut impl BufRead, block: &mut [u8; BLOCK]) -> Result<bool> {
    let mut filled = 0;
    while filled < BLOCK {
        let piece = input.fill_buf().map_err(read_error)?;
        if piece.is_empty() {
            return if filled == 0 {
                Ok(false)
            } else {
                Err(malformed("it ends inside a header"))
            };
        }
        let used = piece.len().min(BLOCK - filled);
        block[filled..filled + used].copy_from_slice(&piece[..used]);
        input.consume(used);
        filled += used;
    }
    Ok(true)
}

/// The source's own error, if it is one of ours that travelled as an `io::Error`.
fn read_error(error: io::Error) -> Error {
    if error.get_ref().is_some_and(|inner| inner.is::<Error>()) {
        if let Some(Ok(ours)) = error.into_inner().map(|inner| inner.downcast::<Error>()) {
            return *ours;
        }
        return malformed("it cannot be read");
    }
    match error.kind() {
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => Error::new(
            error::Kind::Integrity,
            format!("the compressed data is damaged: {error}"),
        ),
        _ => Error::io("read the layer", &error),
    }
}
