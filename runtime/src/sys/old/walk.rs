//! openat2(2) by hand: a path walked part by part, each opened without following a link.
//!
//! Every directory on the way stays open, and `..` returns to the one that the walk came through: whatever is renamed
//! meanwhile, the walk never stands anywhere but below the directory it began at. A link's text is walked like the
//! rest of the path; the magic links of procfs are refused.

use crate::error::{Error, Result};
use crate::sys::call::named;
use crate::sys::files;
use nix::errno::Errno;
use nix::fcntl::{self, OFlag};
use nix::sys::stat::Mode;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// As many as the kernel follows.
const MAX_LINKS: usize = 40;

struct Walk<'a> {
    root: BorrowedFd<'a>,
    /// The directories from the root down to where the walk is.
    way: Vec<OwnedFd>,
    /// The parts that are still to come, the next one last.
    todo: Vec<String>,
    resolve: u64,
    links: usize,
    /// The mount that must not be left.
    mount: Option<u64>,
}

/// Opens a path below a directory as openat2(2) does with these flags, mode and `RESOLVE_…`.
///
/// # Errors
/// The kernel's for the part that failed, or the one that openat2 has for what is forbidden; EAGAIN when a rename
/// came in between.
pub fn open(dir: BorrowedFd<'_>, path: &str, flags: i32, mode: u32, resolve: u64) -> Result<OwnedFd> {
    if resolve & !libc::RESOLVE_NO_XDEV == 0 {
        return open_at(dir, path, flags, mode);
    }
    let mount = if resolve & libc::RESOLVE_NO_XDEV == 0 {
        None
    } else {
        Some(mount_id(dir)?)
    };
    let mut walk = Walk {
        root: dir,
        way: Vec::new(),
        todo: Vec::new(),
        resolve,
        links: 0,
        mount,
    };
    if path.is_empty() {
        return Err(walk.refuse(path, Errno::ENOENT));
    }
    walk.go_to(path)?;
    // What a slash follows is meant as the directory that it leads to.
    let flags = match path.ends_with('/') {
        true => (flags | libc::O_DIRECTORY) & !libc::O_NOFOLLOW,
        false => flags,
    };
    walk.run(flags, mode)
}

/// One openat(2).
fn open_at(dir: BorrowedFd<'_>, name: &str, flags: i32, mode: u32) -> Result<OwnedFd> {
    let all = OFlag::from_bits_retain(flags | libc::O_CLOEXEC);
    let opened = fcntl::openat(dir, name, all, Mode::from_bits_truncate(mode));
    named(opened, || format!("openat({name:?}, flags {flags:#o})"))
}

impl Walk<'_> {
    fn has(&self, flag: u64) -> bool {
        self.resolve & flag != 0
    }

    fn here(&self) -> BorrowedFd<'_> {
        self.way.last().map_or(self.root, AsFd::as_fd)
    }

    fn refuse(&self, part: &str, errno: Errno) -> Error {
        Error::syscall(
            format!("walk to {part:?} (resolve {:#x})", self.resolve),
            errno as i32,
        )
    }

    /// Puts the parts of a path, or of a link's text, in front of what is to come.
    fn go_to(&mut self, path: &str) -> Result<()> {
        if path.starts_with('/') {
            if !self.has(libc::RESOLVE_IN_ROOT) {
                return Err(self.refuse(path, Errno::EXDEV));
            }
            self.way.clear();
        }
        let parts = path.split('/').rev();
        let parts = parts.filter(|part| !part.is_empty() && *part != ".");
        self.todo.extend(parts.map(str::to_owned));
        Ok(())
    }

    fn run(&mut self, flags: i32, mode: u32) -> Result<OwnedFd> {
        while let Some(part) = self.todo.pop() {
            let is_last = self.todo.is_empty();
            if part == ".." {
                self.climb()?;
            } else if is_last && flags & libc::O_CREAT != 0 {
                return open_at(self.here(), &part, flags | libc::O_NOFOLLOW, mode);
            } else if let Some(found) = self.enter(&part, is_last, flags)? {
                return Ok(found);
            }
        }
        open_at(self.here(), ".", flags & !libc::O_CREAT, 0)
    }

    fn climb(&mut self) -> Result<()> {
        if self.way.pop().is_none() && !self.has(libc::RESOLVE_IN_ROOT) {
            return Err(self.refuse("..", Errno::EXDEV));
        }
        Ok(())
    }

    /// One part: the end of the walk, a directory to go on from, or a link to follow.
    fn enter(&mut self, part: &str, is_last: bool, flags: i32) -> Result<Option<OwnedFd>> {
        let entry = open_at(self.here(), part, libc::O_PATH | libc::O_NOFOLLOW, 0)?;
        if let Some(mount) = self.mount
            && mount_id(entry.as_fd())? != mount
        {
            return Err(self.refuse(part, Errno::EXDEV));
        }
        let status = files::status(entry.as_fd())?;
        let is_link = status.st_mode & libc::S_IFMT == libc::S_IFLNK;
        if is_link && !(is_last && flags & libc::O_NOFOLLOW != 0) {
            self.follow(part, &entry)?;
            Ok(None)
        } else if is_last {
            self.arrive(part, entry, &status, flags).map(Some)
        } else if files::is_dir(&status) {
            self.way.push(entry);
            Ok(None)
        } else {
            Err(self.refuse(part, Errno::ENOTDIR))
        }
    }

    fn follow(&mut self, part: &str, link: &OwnedFd) -> Result<()> {
        self.links += 1;
        if self.has(libc::RESOLVE_NO_SYMLINKS) || self.links > MAX_LINKS {
            return Err(self.refuse(part, Errno::ELOOP));
        }
        let target = files::read_link(link.as_fd(), "")?;
        // The plain links of procfs (self, mounts, net) are relative; the others lead where their text does not say.
        let is_magic = target.starts_with('/') || target.contains(":[");
        if is_magic && files::fs_type(link.as_fd())? == files::PROCFS {
            let forbidden = self.has(libc::RESOLVE_NO_MAGICLINKS);
            return Err(self.refuse(part, if forbidden { Errno::ELOOP } else { Errno::EXDEV }));
        }
        self.go_to(&target)
    }

    /// The last part, opened as asked, and the same file that was looked at.
    fn arrive(
        &self,
        part: &str,
        entry: OwnedFd,
        status: &nix::sys::stat::FileStat,
        flags: i32,
    ) -> Result<OwnedFd> {
        if flags & libc::O_DIRECTORY != 0 && !files::is_dir(status) {
            return Err(self.refuse(part, Errno::ENOTDIR));
        }
        if flags & libc::O_PATH != 0 {
            return Ok(entry);
        }
        let opened = open_at(self.here(), part, flags | libc::O_NOFOLLOW, 0)?;
        let now = files::status(opened.as_fd())?;
        if (now.st_dev, now.st_ino) == (status.st_dev, status.st_ino) {
            Ok(opened)
        } else {
            Err(self.refuse(part, Errno::EAGAIN))
        }
    }
}

/// The mount that a file was opened through (proc_pid_fdinfo(5)).
fn mount_id(file: BorrowedFd<'_>) -> Result<u64> {
    let path = format!("/proc/self/fdinfo/{}", file.as_raw_fd());
    let text = std::fs::read_to_string(&path)
        .map_err(|error| Error::syscall(format!("read {path}"), error.raw_os_error().unwrap_or(libc::EIO)))?;
    let number = text
        .lines()
        .find_map(|line| line.strip_prefix("mnt_id:")?.trim().parse().ok());
    number.ok_or_else(|| Error::syscall(format!("{path} has no mnt_id"), libc::ENOSYS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::{MetadataExt, symlink};

    fn tree() -> (tempfile::TempDir, OwnedFd) {
        let tree = tempfile::tempdir().unwrap();
        let path = tree.path();
        fs::create_dir_all(path.join("root/a/b")).unwrap();
        fs::write(path.join("secret"), "").unwrap();
        fs::write(path.join("root/a/file"), "").unwrap();
        for (target, name) in [
            ("/a", "absolute"),
            ("../..", "a/b/up"),
            ("../../../../secret", "a/b/out"),
            ("file", "a/last"),
            ("loop", "loop"),
            ("/proc/self/fd/0", "magic"),
            ("../secret", "escape"),
        ] {
            symlink(target, path.join("root").join(name)).unwrap();
        }
        let root = files::open(
            path.join("root").to_str().unwrap(),
            libc::O_PATH | libc::O_DIRECTORY,
        )
        .unwrap();
        (tree, root)
    }

    /// The two must agree on everything: which file, or which errno.
    #[test]
    fn it_walks_as_the_kernel_does() {
        let (_tree, root) = tree();
        let proc = files::open("/proc", libc::O_PATH).unwrap();
        let paths = [
            "/",
            ".",
            "..",
            "a",
            "/a/b/",
            "a/file",
            "a/file/",
            "a/file/x",
            "nosuch",
            "a/nosuch/x",
            "absolute/file",
            "a/b/up/a/file",
            "a/b/up/../../a",
            "a/b/out",
            "a/last",
            "a/last/",
            "loop",
            "loop/x",
            "magic",
            "escape",
            "../secret",
            "absolute",
            "a/b/up",
            "",
            "self/status",
            "self/exe",
            "self/fd/0",
            "self/root/etc",
            "mounts",
            "thread-self/attr/current",
            "sys/kernel/hostname",
            "self/ns/pid",
            "1/cwd",
            "fs/../version",
        ];
        let flags = [
            libc::O_PATH,
            libc::O_PATH | libc::O_NOFOLLOW,
            libc::O_PATH | libc::O_DIRECTORY,
            libc::O_RDONLY,
            libc::O_RDONLY | libc::O_NOFOLLOW,
        ];
        let resolves = [
            files::IN_ROOT,
            files::NO_LINKS,
            files::IN_ROOT_NO_LINKS,
            files::SAME_FS,
            libc::RESOLVE_BENEATH,
        ];
        for dir in [&root, &proc] {
            for (path, flags, resolve) in paths
                .iter()
                .flat_map(|path| flags.map(|flags| (path, flags)))
                .flat_map(|(path, flags)| resolves.map(|resolve| (path, flags, resolve)))
            {
                let outcome = |opened: Result<OwnedFd>| match opened {
                    Ok(fd) => {
                        let found = fs::metadata(format!("/proc/self/fd/{}", fd.as_raw_fd()));
                        let link = fs::read_link(format!("/proc/self/fd/{}", fd.as_raw_fd())).unwrap();
                        format!(
                            "{link:?} {:?}",
                            found.map(|found| (found.dev(), found.mode())).ok()
                        )
                    }
                    Err(error) => format!("{:?}", error.errno().map(Errno::from_raw)),
                };
                let kernel = outcome(files::open_in(dir.as_fd(), path, flags, resolve));
                let walked = outcome(open(dir.as_fd(), path, flags, 0, resolve));
                assert_eq!(walked, kernel, "{path:?} flags {flags:#o} resolve {resolve:#x}");
            }
        }
    }
}
