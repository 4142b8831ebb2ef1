//! The log's file: whole records only, and a bounded size.
//!
//! A file that is full becomes `NAME.1`, the former `NAME.1` becomes `NAME.2`, and so on; what is older than the last is
//! removed. The name itself is never missing: who opens the newest file first and then `.1`, `.2`, … meets every record,
//! perhaps a file twice (told by its inode), whenever it looks.

use std::fs::{File, hard_link, remove_file, rename};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::compress::Compressor;
use crate::error::{Call, Result};

/// How large the log may become.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// A file of so many bytes is full; none is ever full without.
    pub max_size: Option<u64>,
    /// How many files are kept, the newest included; at least one.
    pub max_files: u32,
    /// All but the newest are compressed.
    pub compress: bool,
}

/// The file, with its predecessors.
#[derive(Debug)]
pub struct LogFile {
    pub(super) file: File,
    path: PathBuf,
    size: u64,
    /// Where this run's part of it begins.
    start: u64,
    limits: Limits,
    compressor: Option<Compressor>,
}

impl LogFile {
    /// Opens the log to append to it.
    ///
    /// # Errors
    /// The file cannot be opened or made.
    pub fn open(path: &Path, limits: Limits) -> Result<Self> {
        let mut file = options()
            .create(true)
            .open(path)
            .call(|| format!("open({}, O_APPEND|O_CREAT|O_NOFOLLOW)", path.display()))
            .map_err(|error| match error.errno() {
                Some(libc::ELOOP) => error.hint("the log is a link; name the file that it leads to"),
                _ => error,
            })?;
        if is_torn(&file) {
            let _ = file.write(b"\n");
        }
        let size = file.metadata().map_or(0, |metadata| metadata.len());
        Ok(Self {
            file,
            path: path.to_owned(),
            size,
            start: size,
            limits,
            compressor: None,
        })
    }

    /// Goes on in another file of the same name: somebody moved this one away.
    ///
    /// # Errors
    /// There is none; this one stays.
    pub fn reopen(&mut self) -> Result<()> {
        let new = Self::open(&self.path, self.limits)?;
        self.sync();
        *self = new;
        Ok(())
    }

    /// Lets what was written survive a power loss.
    pub fn sync(&self) {
        // That the file system cannot do it is no reason to do without the container's exit.
        let _ = self.file.sync_data();
    }

    /// With so many bytes more the file is full.
    pub fn is_full_with(&self, more: usize) -> bool {
        self.limits
            .max_size
            .is_some_and(|max| self.size + more as u64 >= max)
    }

    /// Appends records, all or nothing; to a new file if this one is full. Says whether that succeeded.
    pub fn append(&mut self, records: &[u8]) -> bool {
        if self.size > 0 && self.is_full_with(0) && !self.waits_for_compressor() {
            // A file that cannot be replaced goes on growing: better than to lose records.
            let _ = self.rotate();
        }
        let written = write_all_or_nothing(&mut self.file, records);
        if written {
            self.size += records.len() as u64;
        }
        written
    }

    /// Another run begins here.
    pub fn begin(&mut self) {
        self.start = self.size;
    }

    /// Takes back what was appended since the run began.
    pub fn take_back(&mut self) {
        // What cannot be taken back is only more than need be.
        if self.file.set_len(self.start).is_ok() {
            self.size = self.start;
        }
    }

    /// The process of this number ended.
    pub fn child_ended(&mut self, pid: i32) {
        if self
            .compressor
            .as_ref()
            .is_some_and(|compressor| compressor.pid() == pid)
        {
            self.compressor = None;
        }
    }

    /// The predecessor is still being compressed, and there is some room yet. When there is none, that file stays as it is.
    fn waits_for_compressor(&mut self) -> bool {
        if self.compressor.is_none() {
            return false;
        }
        let max = self.limits.max_size.unwrap_or(u64::MAX);
        let has_room = self.size < max.saturating_mul(2);
        if !has_room && let Some(compressor) = self.compressor.take() {
            compressor.give_up();
        }
        has_room
    }

    fn rotate(&mut self) -> io::Result<()> {
        // Made first: without room for it nothing is moved.
        let new_path = self.sibling(".new");
        ignore_missing(remove_file(&new_path))?;
        let new = options().create_new(true).open(&new_path)?;
        let last = self.limits.max_files.saturating_sub(1);
        if last > 0 {
            self.shift(last)?;
            // A file system without hard links has a moment without a newest file.
            let first = self.numbered(1, "");
            hard_link(&self.path, &first).or_else(|_| rename(&self.path, &first))?;
        }
        rename(&new_path, &self.path)?;
        self.file = new;
        (self.size, self.start) = (0, 0);
        if last > 0 && self.limits.compress {
            self.compressor = Compressor::start(&self.numbered(1, "")).ok();
        }
        Ok(())
    }

    /// Makes room for a new `.1`: the one of number `last` is lost.
    fn shift(&self, last: u32) -> io::Result<()> {
        for ending in ["", ".gz"] {
            ignore_missing(remove_file(self.numbered(last, ending)))?;
        }
        for number in (1..last).rev() {
            for ending in ["", ".gz"] {
                ignore_missing(rename(
                    self.numbered(number, ending),
                    self.numbered(number + 1, ending),
                ))?;
            }
        }
        Ok(())
    }

    fn numbered(&self, number: u32, ending: &str) -> PathBuf {
        self.sibling(&format!(".{number}{ending}"))
    }

    fn sibling(&self, ending: &str) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(ending);
        name.into()
    }
}

impl Drop for LogFile {
    /// Nobody would tell the next shim of a compressor that still runs.
    fn drop(&mut self) {
        if let Some(compressor) = self.compressor.take() {
            compressor.give_up();
        }
    }
}

fn options() -> std::fs::OpenOptions {
    let mut options = File::options();
    // Whoever may write to the log's directory could lead it elsewhere.
    options
        .mode(0o640)
        .read(true)
        .append(true)
        .custom_flags(libc::O_NOFOLLOW);
    options
}

fn ignore_missing(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Whether the last record was cut off by a power loss or a kill: the next must not be lost with it.
fn is_torn(file: &File) -> bool {
    let mut last = [0];
    let length = file.metadata().map_or(0, |metadata| metadata.len());
    length > 0 && file.read_at(&mut last, length - 1).is_ok() && last != *b"\n"
}

/// Appends `bytes`; on failure takes away again what was written of them.
fn write_all_or_nothing(file: &mut File, bytes: &[u8]) -> bool {
    let mut written = 0;
    while written < bytes.len() {
        match file.write(&bytes[written..]) {
            Ok(0) => break,
            Ok(length) => written += length,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    if written < bytes.len()
        && written > 0
        && let Ok(metadata) = file.metadata()
    {
        let _ = file.set_len(metadata.len().saturating_sub(written as u64));
    }
    written == bytes.len()
}
