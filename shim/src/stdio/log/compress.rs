//! Compressing a full log file: in a process of its own, so that the shim stays small and never waits for it.

use std::ffi::OsString;
use std::fs::{File, Metadata, remove_file, rename};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use flate2::{Compression, GzBuilder};

use crate::error::{Call, Result};
use crate::sys::process::{self, PidFd};

/// The process that compresses one file.
#[derive(Debug)]
pub struct Compressor {
    pid: i32,
    /// For its end: somebody may have reaped it and not said so yet.
    handle: PidFd,
    path: PathBuf,
}

impl Compressor {
    /// Starts it: `corten-shim compress FILE`.
    ///
    /// # Errors
    /// This program cannot be executed again.
    pub fn start(path: &Path) -> Result<Self> {
        let command: [OsString; 3] = ["/proc/self/exe".into(), "compress".into(), path.into()];
        let pid = process::spawn(&command, [None, None, None])?;
        Ok(Self {
            pid,
            handle: PidFd::open(pid)?,
            path: path.to_owned(),
        })
    }

    /// Its number, as long as nobody has reaped it.
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// Ends it; the file stays uncompressed, unless all but its removal was done.
    pub fn give_up(self) {
        self.handle.end();
        let _ = remove_file(with_ending(&self.path, ".gz.new"));
        if with_ending(&self.path, ".gz").exists() {
            let _ = remove_file(self.path);
        }
    }
}

/// `corten-shim compress`.
///
/// # Errors
/// As [`compress_file`].
pub fn compress(path: &Path) -> Result<()> {
    process::belong_to_parent()?;
    compress_file(path)
}

/// Makes `path.gz` of `path`. Its comment says of which file it was made (inode, size and time of
/// the last change), so that a reader that has the file open can tell what comes behind it.
///
/// # Errors
/// The file cannot be read, or its compressed form not be written; then it stays as it is.
pub fn compress_file(path: &Path) -> Result<()> {
    let mut plain = File::open(path).call(|| format!("open({})", path.display()))?;
    let metadata = plain.metadata().call(|| format!("stat({})", path.display()))?;
    let unfinished = with_ending(path, ".gz.new");
    let file = File::options()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o640)
        .open(&unfinished)
        .call(|| format!("open({}, O_CREAT)", unfinished.display()))?;
    let mut gzip = GzBuilder::new()
        .comment(identity(&metadata))
        .write(file, Compression::default());
    io::copy(&mut plain, &mut gzip)
        .and_then(|_| gzip.finish())
        .and_then(|_| rename(&unfinished, with_ending(path, ".gz")))
        .and_then(|()| remove_file(path))
        .inspect_err(|_| {
            let _ = remove_file(&unfinished);
        })
        .call(|| format!("compress {}", path.display()))
}

/// As in the contract.
fn identity(metadata: &Metadata) -> String {
    format!(
        "{} {} {}.{:09}",
        metadata.ino(),
        metadata.size(),
        metadata.mtime(),
        metadata.mtime_nsec()
    )
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}
