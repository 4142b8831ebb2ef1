//! How an unpacked layer says that something of the layers below does not show: as overlayfs reads it, and by sockets where
//! the file system of the store does not hold that (an overlayfs itself makes no whiteouts, NFS keeps no such attributes).
//!
//! A layer has no sockets of its own, for an archive cannot have any. overlayfs would show them, so who stacks such a
//! layer by overlayfs must not ([`super::Unpacked::needs_copies`]).

use std::ffi::OsStr;
use std::fs::File;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::AtFlags;
use nix::sys::stat::{FileStat, Mode, SFlag, fstatat, makedev, mknodat};

use super::dirs::failed;
use crate::error::Result;
use crate::sys::{overlay, xattr};

/// overlayfs' whiteout: a character device 0:0.
pub(super) fn is_overlays_whiteout(stat: &FileStat) -> bool {
    stat.st_mode & libc::S_IFMT == libc::S_IFCHR && stat.st_rdev == 0
}

/// Whether what a layer has under a name is no more than the word that it is gone. Files of containers have sockets, too.
pub(super) fn is_whiteout(stat: &FileStat) -> bool {
    is_overlays_whiteout(stat) || stat.st_mode & libc::S_IFMT == libc::S_IFSOCK
}

/// Makes a whiteout; true if only a socket could be made.
pub(super) fn make_whiteout(dir: impl AsFd, name: &[u8]) -> std::result::Result<bool, Errno> {
    let name = OsStr::from_bytes(name);
    match mknodat(&dir, name, SFlag::S_IFCHR, Mode::empty(), makedev(0, 0)) {
        Err(Errno::EPERM | Errno::EOPNOTSUPP) => {
            mknodat(&dir, name, SFlag::S_IFSOCK, Mode::empty(), 0).map(|()| true)
        }
        made => made.map(|()| false),
    }
}

/// Lets nothing of lower layers show through a directory; true if only a socket could say so.
pub(super) fn make_opaque(dir: impl AsFd) -> std::result::Result<bool, Errno> {
    match xattr::fset(&dir, overlay::opaque(), b"y") {
        Err(Errno::EPERM | Errno::EOPNOTSUPP) => {
            let name = OsStr::from_bytes(overlay::OPAQUE_NAME);
            mknodat(&dir, name, SFlag::S_IFSOCK, Mode::empty(), 0).map(|()| true)
        }
        made => made.map(|()| false),
    }
}

/// Whether nothing of lower layers shows through a directory; `name` is for the error.
pub(super) fn is_opaque(dir: impl AsFd, name: &[u8]) -> Result<bool> {
    let all = xattr::all(&dir).map_err(|errno| failed("flistxattr", name, errno))?;
    let says = |(name, value): &(std::ffi::CString, Vec<u8>)| {
        name.as_c_str() == overlay::opaque() && value.as_slice() == b"y"
    };
    if all.iter().any(says) {
        return Ok(true);
    }
    let marker = OsStr::from_bytes(overlay::OPAQUE_NAME);
    match fstatat(&dir, marker, AtFlags::AT_SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(stat.st_mode & libc::S_IFMT == libc::S_IFSOCK),
        Err(Errno::ENOENT) => Ok(false),
        Err(errno) => Err(failed("fstatat", name, errno)),
    }
}

/// Whether overlayfs' own marks can be made in this directory; they stay in it.
pub(crate) fn holds_marks(directory: &Path) -> bool {
    let Ok(dir) = File::open(directory) else {
        return false;
    };
    make_whiteout(&dir, b"whiteout").is_ok_and(|is_socket| !is_socket)
        && make_opaque(&dir).is_ok_and(|is_socket| !is_socket)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::net::UnixListener;

    use super::super::flatten;
    use super::*;

    #[test]
    fn sockets_hide_as_overlayfs_own_marks_do() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        for name in ["low/d", "low/gone", "low/kept", "top/d"] {
            fs::create_dir_all(path(name)).unwrap();
        }
        fs::write(path("low/d/below"), "").unwrap();
        fs::write(path("top/d/above"), "").unwrap();
        drop(UnixListener::bind(path("top/gone")).unwrap());
        let mark = path("top/d").join(OsStr::from_bytes(overlay::OPAQUE_NAME));
        drop(UnixListener::bind(mark).unwrap());
        assert!(is_opaque(File::open(path("top/d")).unwrap(), b"d").unwrap());
        assert!(!is_opaque(File::open(path("low/d")).unwrap(), b"d").unwrap());
        assert!(overlay::is_opaque(&path("top/d")) && !overlay::is_opaque(&path("low/d")));
        let archive = flatten(&[path("top"), path("low")], Vec::new()).unwrap();
        let mut archive = tar::Archive::new(archive.as_slice());
        let names = archive
            .entries()
            .unwrap()
            .map(|entry| entry.unwrap().path().unwrap().display().to_string());
        assert_eq!(names.collect::<Vec<_>>(), ["d/", "d/above", "kept/"]);
    }
}
