//! What a container's groups say about its use of resources.
//!
//! A file that is not there, because of the kernel or the controllers, leaves its numbers at 0: nobody is told less
//! because one of them is missing.

mod parse;
mod v1;
mod v2;

use super::files::{open_dir, read_at};
use crate::error::{Error, Result};
use crate::host::cgroup::Version;
use crate::oci::Stats;
use crate::plan::cgroup::{Group, Record};
use nix::errno::Errno;
use std::os::fd::OwnedFd;

/// The statistics of a container's groups, together.
///
/// # Errors
/// When a group is gone, or a file of it cannot be read.
pub fn stats(record: &Record) -> Result<Stats> {
    let mut stats = Stats::default();
    let alone = record.groups.iter().all(|group| group.version == Version::V2);
    for group in &record.groups {
        let dir = Dir::open(group)?;
        match group.version {
            Version::V1 => v1::add(group, &dir, &mut stats)?,
            Version::V2 => v2::add(group, &dir, alone, &mut stats)?,
        }
    }
    Ok(stats)
}

/// The directory of a group.
struct Dir<'a> {
    fd: OwnedFd,
    group: &'a Group,
}

impl<'a> Dir<'a> {
    fn open(group: &'a Group) -> Result<Self> {
        let fd = open_dir(&group.dir())?;
        Ok(Self { fd, group })
    }

    /// A file's text; none when there is no such file, or the kernel has turned it off.
    fn read(&self, file: &str) -> Result<Option<String>> {
        match read_at(&self.fd, file) {
            Ok(text) => Ok(Some(text)),
            Err(Errno::ENOENT | Errno::EOPNOTSUPP | Errno::ENODEV) => Ok(None),
            Err(errno) => Err(Error::syscall(
                format!("read(\"{}/{file}\")", self.group.dir()),
                errno as i32,
            )),
        }
    }

    /// A file's one number, 0 when there is none.
    fn number(&self, file: &str) -> Result<u64> {
        Ok(self.read(file)?.map_or(0, |text| parse::number(&text)))
    }

    /// The sizes of huge pages that the group has files for.
    fn huge_page_sizes(&self, suffix: &str) -> Vec<String> {
        let names = std::fs::read_dir(self.group.dir())
            .into_iter()
            .flatten()
            .flatten();
        let size = |name: String| {
            let size = name.strip_prefix("hugetlb.")?.strip_suffix(suffix)?;
            (!size.contains('.')).then(|| size.to_owned())
        };
        names
            .filter_map(|entry| size(entry.file_name().into_string().ok()?))
            .collect()
    }
}
