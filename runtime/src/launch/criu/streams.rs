//! The standard streams of a saved container: they lead outside, and lead elsewhere when it comes back.
//!
//! CRIU knows a stream from outside by a key: that of a pipe is its name, that of a file its mount and inode. The
//! keys are kept among the images.

use crate::error::{Error, Kind, Result};
use crate::sys::files;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// What the streams were, in the form that runc gave it.
const NAMES: &str = "descriptors.json";
/// The keys of those that were files of the machine.
const FILES: &str = "files.json";

const NULL: &str = "/dev/null";

/// A file of the machine that was a standard stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct File {
    /// CRIU's key of it.
    pub(super) key: String,
    path: String,
    stream: i32,
}

/// Finds what the streams of a container's processes are, and keeps it among the images.
pub(super) fn save(images: &Path, init: i32, pids: &[i32]) -> Result<Vec<File>> {
    let streams = [0, 1, 2].map(|stream| name_of(stream, init, pids));
    write(images, NAMES, &streams)?;
    let mounts = mounts_of(init)?;
    let outside = |stream: i32| file_outside(init, stream, &mounts);
    let mut files: Vec<File> = Vec::new();
    for file in [0, 1, 2].into_iter().filter_map(outside) {
        if files.iter().all(|known| known.key != file.key) {
            files.push(file);
        }
    }
    write(images, FILES, &files)?;
    Ok(files)
}

/// A stream's name. Init may have another one by now than the one that it was given and handed down.
fn name_of(stream: i32, init: i32, pids: &[i32]) -> String {
    let name = |pid: &i32| fs::read_link(format!("/proc/{pid}/fd/{stream}")).ok();
    let own = name(&init)
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    if is_pipe(&own) {
        return own;
    }
    let names = pids
        .iter()
        .filter_map(name)
        .map(|name| name.to_string_lossy().into_owned());
    names.into_iter().find(|name| is_pipe(name)).unwrap_or(own)
}

fn is_pipe(name: &str) -> bool {
    name.starts_with("pipe:")
}

/// A stream as a file that none of the container's own mounts has.
fn file_outside(init: i32, stream: i32, mounts: &BTreeSet<u32>) -> Option<File> {
    let link = format!("/proc/{init}/fd/{stream}");
    let path = fs::read_link(&link).ok()?.to_str()?.to_owned();
    let info = fs::read_to_string(format!("/proc/{init}/fdinfo/{stream}")).ok()?;
    let mount = info.lines().find_map(|line| line.strip_prefix("mnt_id:"))?;
    let mount: u32 = mount.trim().parse().ok()?;
    if !path.starts_with('/') || path.starts_with("/dev/pts/") || mounts.contains(&mount) {
        return None;
    }
    let inode = fs::metadata(&link).ok()?.ino();
    Some(File {
        key: format!("file[{mount:x}:{inode:x}]"),
        path,
        stream,
    })
}

/// The ids of the mounts that a process sees.
fn mounts_of(pid: i32) -> Result<BTreeSet<u32>> {
    let path = format!("/proc/{pid}/mountinfo");
    let text = fs::read_to_string(&path)
        .map_err(|error| Error::syscall(format!("read({path:?})"), error.raw_os_error().unwrap_or(0)))?;
    let id = |line: &str| line.split(' ').next()?.parse().ok();
    Ok(text.lines().filter_map(id).collect())
}

/// A descriptor that takes the place of what led outside.
#[derive(Debug)]
pub(super) enum Descriptor {
    /// One of our own standard streams.
    Stream(i32),
    /// A file of the machine.
    Open(OwnedFd),
}

impl Descriptor {
    pub(super) fn number(&self) -> i32 {
        match self {
            Self::Stream(number) => *number,
            Self::Open(file) => file.as_raw_fd(),
        }
    }
}

/// What takes the place of the streams, by CRIU's keys.
pub(super) fn load(images: &Path) -> Result<Vec<(String, Descriptor)>> {
    let names: Vec<String> = read(images, NAMES)?;
    let files: Vec<File> = read(images, FILES)?;
    let mut found: Vec<(String, Descriptor)> = Vec::new();
    for (stream, name) in (0..).zip(names) {
        if is_pipe(&name) && found.iter().all(|(known, _)| *known != name) {
            found.push((name, Descriptor::Stream(stream)));
        }
    }
    for file in files {
        // All three streams are often this one file, each opened in its own way.
        let descriptor = if file.path == NULL {
            Descriptor::Open(files::open(NULL, libc::O_RDWR)?)
        } else {
            Descriptor::Stream(file.stream)
        };
        found.push((file.key, descriptor));
    }
    Ok(found)
}

/// A list among the images; images of others may have none.
pub(super) fn read<T: for<'de> Deserialize<'de>>(images: &Path, name: &str) -> Result<Vec<T>> {
    let path = images.join(name);
    let Ok(text) = fs::read(&path) else {
        return Ok(Vec::new());
    };
    serde_json::from_slice(&text)
        .map_err(|error| Error::new(Kind::Config, format!("{} is damaged: {error}", path.display())))
}

pub(super) fn write<T: Serialize>(images: &Path, name: &str, value: &T) -> Result<()> {
    let path = images.join(name);
    let text = serde_json::to_vec(value)
        .map_err(|error| Error::new(Kind::System, format!("write {}: {error}", path.display())))?;
    fs::write(&path, text).map_err(|error| {
        Error::syscall(
            format!("write {}", path.display()),
            error.raw_os_error().unwrap_or(0),
        )
    })
}
