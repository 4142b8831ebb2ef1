//! The files of a log: the newest one and those that were full before it, read in order while the shim moves them on.
//!
//! Docs: contracts/shim.md, "The log". Whoever opens `FILE`, then `.1`, `.2`, … meets every file, perhaps one twice.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use flate2::bufread::GzDecoder;

use super::Entry;
use crate::error::{Error, Result};

/// So much of a file's beginning tells it from what it is overwritten with: it holds a time.
const HEAD: usize = 128;
const BUFFER: usize = 64 << 10;

/// A log, open.
pub(super) struct Log {
    path: PathBuf,
    /// The file that is read now; none if there was never one.
    current: Option<Piece>,
    /// The files behind it, older first.
    later: VecDeque<Piece>,
    line: Vec<u8>,
}

impl Log {
    /// Opens all files there are. A container that never ran has none.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let mut later: VecDeque<Piece> = newest_first(path)?.into();
        Ok(Self {
            path: path.to_owned(),
            current: later.pop_back(),
            later: later.into_iter().rev().collect(),
            line: Vec::new(),
        })
    }

    /// The next entry; none if there is no more for now.
    pub(super) fn next(&mut self) -> Result<Option<Entry>> {
        loop {
            match self.next_of_current()? {
                None if self.advance()? => {}
                other => return Ok(other),
            }
        }
    }

    fn next_of_current(&mut self) -> Result<Option<Entry>> {
        let Some(piece) = &mut self.current else {
            return Ok(None);
        };
        loop {
            if !piece
                .read_line(&mut self.line)
                .map_err(|error| failed(&self.path, &error))?
            {
                return Ok(None);
            }
            // A line that was cut by a crash is skipped; those behind it are not lost with it.
            if let Some(entry) = Entry::parse(&self.line) {
                return Ok(Some(entry));
            }
        }
    }

    /// Goes on where there is more: in the same file, or in the next. Says whether there may be.
    fn advance(&mut self) -> Result<bool> {
        if let Some(next) = self.later.pop_front() {
            self.current = Some(next);
            return Ok(true);
        }
        let failed = |error: io::Error| failed(&self.path, &error);
        let newest = match fs::metadata(&self.path) {
            Ok(metadata) => metadata.ino(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(failed(error)),
        };
        match &mut self.current {
            Some(piece) if piece.inode == newest => return piece.begin_anew_if_cut().map_err(failed),
            // It moved on since it was read; now nothing is added to it any more.
            Some(piece) if !piece.is_final => {
                piece.is_final = true;
                return Ok(true);
            }
            _ => {}
        }
        let mut chain = newest_first(&self.path)?;
        if let Some(current) = &self.current
            && let Some(at) = chain.iter().position(|piece| piece.is_same_as(current))
        {
            chain.truncate(at);
        }
        self.later = chain.into_iter().rev().collect();
        self.current = self.later.pop_front().or_else(|| self.current.take());
        Ok(true)
    }
}

/// Opens the files of a log, each once.
fn newest_first(path: &Path) -> Result<Vec<Piece>> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut missing = 0;
    for number in 0.. {
        let found = match number {
            0 => Piece::plain(path),
            _ => Piece::plain(&numbered(path, number, "")).and_then(|plain| {
                plain.map_or_else(
                    || Piece::gzip(&numbered(path, number, ".gz")),
                    |plain| Ok(Some(plain)),
                )
            }),
        };
        match found.map_err(|error| failed(path, &error))? {
            Some(piece) if pieces.iter().any(|known| known.is_same_as(&piece)) => missing = 0,
            Some(piece) => {
                missing = 0;
                pieces.push(piece);
            }
            // One may be missing while they move on.
            None if missing == 1 => break,
            None => missing += 1,
        }
    }
    Ok(pieces)
}

fn numbered(path: &Path, number: u32, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}{ending}"));
    name.into()
}

fn failed(path: &Path, error: &io::Error) -> Error {
    Error::io(format!("read {}", path.display()), error)
}

/// One file, open: it stays readable when it is moved or removed.
struct Piece {
    reader: Reader,
    inode: u64,
    /// What a compressed file says that it was: inode, size, time of the last change.
    was: Option<String>,
    /// It has a successor: nothing is added any more.
    is_final: bool,
    /// How much of it was read.
    position: u64,
    /// How it began, when the first line was read.
    head: Vec<u8>,
}

enum Reader {
    Plain(BufReader<File>),
    Gzip(Box<BufReader<GzDecoder<BufReader<File>>>>),
}

impl Piece {
    fn plain(path: &Path) -> io::Result<Option<Self>> {
        let Some(file) = open(path)? else { return Ok(None) };
        let inode = file.metadata()?.ino();
        Ok(Some(Self::new(
            Reader::Plain(BufReader::with_capacity(BUFFER, file)),
            inode,
            None,
        )))
    }

    fn gzip(path: &Path) -> io::Result<Option<Self>> {
        let Some(file) = open(path)? else { return Ok(None) };
        let inode = file.metadata()?.ino();
        let gzip = GzDecoder::new(BufReader::with_capacity(BUFFER, file));
        let comment = gzip.header().and_then(|header| header.comment());
        let was = comment.map(|comment| String::from_utf8_lossy(comment).into_owned());
        let reader = Reader::Gzip(Box::new(BufReader::with_capacity(BUFFER, gzip)));
        Ok(Some(Self::new(reader, inode, was)))
    }

    fn new(reader: Reader, inode: u64, was: Option<String>) -> Self {
        Self {
            is_final: matches!(reader, Reader::Gzip(_)),
            reader,
            inode,
            was,
            position: 0,
            head: Vec::new(),
        }
    }

    /// Both are open, so that neither's inode can have gone to another file; but what was compressed is no more.
    fn is_same_as(&self, other: &Self) -> bool {
        self.inode == other.inode || self.identity().is_some_and(|own| Some(own) == other.identity())
    }

    /// What the file is, or was before it was compressed: inode, size and time of the last change.
    fn identity(&self) -> Option<String> {
        match &self.reader {
            Reader::Gzip(_) => self.was.clone(),
            Reader::Plain(reader) => {
                let file = reader.get_ref().metadata().ok()?;
                let (seconds, nanos) = (file.mtime(), file.mtime_nsec());
                Some(format!("{} {} {seconds}.{nanos:09}", file.ino(), file.size()))
            }
        }
    }

    /// Reads a whole line; false if there is none. One that is not complete yet is left for later.
    fn read_line(&mut self, line: &mut Vec<u8>) -> io::Result<bool> {
        line.clear();
        let length = match &mut self.reader {
            Reader::Plain(reader) => reader.read_until(b'\n', line)?,
            Reader::Gzip(reader) => reader.read_until(b'\n', line)?,
        };
        if line.last() != Some(&b'\n') {
            if let Reader::Plain(reader) = &mut self.reader {
                reader.seek_relative(-i64::try_from(length).unwrap_or_default())?;
            }
            return Ok(false);
        }
        if self.position == 0 {
            self.head = line[..length.min(HEAD)].to_owned();
        }
        self.position += length as u64;
        Ok(true)
    }

    /// Somebody may have emptied the file: then it is read from its beginning. Or the disk was full, and the shim took
    /// away again what it could not write whole. Says whether there is something new.
    fn begin_anew_if_cut(&mut self) -> io::Result<bool> {
        let Reader::Plain(reader) = &mut self.reader else {
            return Ok(false);
        };
        let size = reader.get_ref().metadata()?.len();
        if size >= self.position {
            return Ok(false);
        }
        let mut head = vec![0; self.head.len()];
        let is_the_same = reader.get_ref().read_exact_at(&mut head, 0).is_ok() && head == self.head;
        self.position = if is_the_same { size } else { 0 };
        reader.seek(SeekFrom::Start(self.position))?;
        Ok(!is_the_same)
    }
}

fn open(path: &Path) -> io::Result<Option<File>> {
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
#[path = "files_tests.rs"]
mod tests;
