//! How much a tree of files takes. Containers change theirs meanwhile: it is walked by descriptors, and nothing leads out.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::Path;

use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags, OFlag, openat};
use nix::sys::stat::{FileStat, Mode, fstatat};

/// Deeper directories do not count: each level holds a descriptor.
const MAX_DEPTH: usize = 400;
const DIRECTORY: OFlag = OFlag::O_RDONLY
    .union(OFlag::O_DIRECTORY)
    .union(OFlag::O_NOFOLLOW)
    .union(OFlag::O_CLOEXEC);

/// What a tree takes, each inode once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Size {
    /// The lengths of what is no directory.
    pub(crate) bytes: u64,
    /// The blocks of everything, in bytes, as du(1) counts them.
    pub(crate) on_disk: u64,
}

/// The size of a file, or of a directory with what is below it. What vanishes meanwhile counts nothing.
pub(crate) fn size(path: &Path) -> Result<Size, Errno> {
    let mut walk = Walk {
        size: Size::default(),
        linked: HashSet::new(),
    };
    walk.add(AT_FDCWD, path.as_os_str(), 0)?;
    Ok(walk.size)
}

struct Walk {
    size: Size,
    /// Inodes with several names that were met.
    linked: HashSet<(u64, u64)>,
}

impl Walk {
    fn add(&mut self, place: impl AsFd, name: &OsStr, depth: usize) -> Result<(), Errno> {
        let Some(stat) = unless_gone(fstatat(&place, name, AtFlags::AT_SYMLINK_NOFOLLOW))? else {
            return Ok(());
        };
        let is_directory = stat.st_mode & libc::S_IFMT == libc::S_IFDIR;
        if is_directory || stat.st_nlink == 1 || self.linked.insert((stat.st_dev, stat.st_ino)) {
            self.count(&stat, is_directory);
        }
        if !is_directory || depth == MAX_DEPTH {
            return Ok(());
        }
        match unless_gone(openat(&place, name, DIRECTORY, Mode::empty()))? {
            Some(directory) => names(&directory)?
                .iter()
                .try_for_each(|name| self.add(&directory, name, depth + 1)),
            None => Ok(()),
        }
    }

    fn count(&mut self, stat: &FileStat, is_directory: bool) {
        self.size.on_disk += u64::try_from(stat.st_blocks).unwrap_or_default() * 512;
        if !is_directory {
            self.size.bytes += u64::try_from(stat.st_size).unwrap_or_default();
        }
    }
}

fn names(directory: &OwnedFd) -> Result<Vec<OsString>, Errno> {
    let mut names = Vec::new();
    for entry in Dir::openat(directory, ".", DIRECTORY, Mode::empty())?.iter() {
        let name = entry?.file_name().to_bytes().to_vec();
        if name != b"." && name != b".." {
            names.push(OsString::from_vec(name));
        }
    }
    Ok(names)
}

/// What is gone, or no directory any more, is none.
fn unless_gone<T>(result: Result<T, Errno>) -> Result<Option<T>, Errno> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(Errno::ENOENT | Errno::ENOTDIR | Errno::ELOOP) => Ok(None),
        Err(errno) => Err(errno),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn an_inode_counts_once_and_links_lead_nowhere() {
        let directory = tempfile::tempdir().unwrap();
        let (tree, path) = (directory.path().join("tree"), |name: &str| {
            directory.path().join(name)
        });
        fs::create_dir_all(tree.join("d")).unwrap();
        fs::write(tree.join("d/file"), [b'x'; 5000]).unwrap();
        fs::hard_link(tree.join("d/file"), tree.join("again")).unwrap();
        fs::write(path("outside"), [b'x'; 70_000]).unwrap();
        symlink("../outside", tree.join("link")).unwrap();
        let found = size(&tree).unwrap();
        assert_eq!(found.bytes, 5000 + "../outside".len() as u64);
        assert!((5000..70_000).contains(&found.on_disk), "{found:?}");
        assert_eq!(size(&path("nothing")).unwrap(), Size::default());
    }

    /// What was a directory is another thing when it is opened.
    #[test]
    fn a_link_in_a_directorys_place_is_not_entered() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("file"), "text").unwrap();
        symlink(directory.path(), directory.path().join("link")).unwrap();
        let opened = openat(AT_FDCWD, &directory.path().join("link"), DIRECTORY, Mode::empty());
        assert!(unless_gone(opened).unwrap().is_none());
    }
}
