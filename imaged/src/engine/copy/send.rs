//! Packing a file or a directory as a tar stream, by descriptors, while others may change it.

use std::ffi::OsStr;
use std::io::Write;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag};
use nix::sys::stat::{FileStat, Mode, fstat, fstatat};

use super::tree::{Found, child, device, is_directory, is_of_the_kernel, refuse_kernels};
use crate::error::{Context, Error, Result};
use crate::layer::{MAX_DEPTH, Packer};
use crate::output;
use crate::plan::id_map::IdMaps;

/// Packs what was found under the name that it is to have; an empty name packs a directory's contents. Directories of
/// the kernel's own interface stay empty. Owners are those that a container with these ids sees. Returns the writer.
///
/// # Errors
/// The failed call.
pub(super) fn pack<W: Write>(found: Found, name: &[u8], shown: &str, ids: &IdMaps, out: W) -> Result<W> {
    let mut packer = Packer::new(out, None);
    packer.map(ids.clone());
    match found {
        Found::Nothing => {}
        Found::Directory(directory) => {
            refuse_kernels(&directory, shown)?;
            let stat = fstat(&directory).map_err(|errno| failed("fstat", name, errno))?;
            let top = if name.is_empty() { b"." } else { name };
            packer.add(directory.as_fd(), b".", top, &stat)?;
            pack_entries(directory, name, 0, &mut packer)?;
        }
        Found::Other {
            place,
            name: own,
            stat,
        } => {
            refuse_kernels(&place, shown)?;
            packer.add(place.as_fd(), &own, name, &stat)?;
        }
    }
    packer.finish()
}

fn pack_entries<W: Write>(
    directory: OwnedFd,
    path: &[u8],
    depth: usize,
    packer: &mut Packer<W>,
) -> Result<()> {
    if depth > MAX_DEPTH {
        return Err(failed("pack", path, Errno::ENAMETOOLONG)
            .context(format!("directories are nested deeper than {MAX_DEPTH}")));
    }
    let here = device(&directory).map_err(|errno| failed("fstat", path, errno))?;
    for name in names(directory.as_fd()).map_err(|errno| failed("getdents", path, errno))? {
        let path = match path {
            b"" => name.clone(),
            path => [path, b"/", &name].concat(),
        };
        let Some(stat) = look(directory.as_fd(), &name, &path)? else {
            continue;
        };
        if !is_directory(&stat) {
            packer
                .add(directory.as_fd(), &name, &path, &stat)
                .context(|| shown(&path))?;
            continue;
        }
        let inside = match child(directory.as_fd(), &name) {
            Ok(inside) => inside,
            // It went, or became something else.
            Err(Errno::ENOENT | Errno::ENOTDIR | Errno::ELOOP) => continue,
            Err(errno) => return Err(failed("openat2", &path, errno)),
        };
        let stat = fstat(&inside).map_err(|errno| failed("fstat", &path, errno))?;
        packer
            .add(inside.as_fd(), b".", &path, &stat)
            .context(|| shown(&path))?;
        let is_mount = stat.st_dev != here;
        if !(is_mount && is_of_the_kernel(&inside).map_err(|errno| failed("fstatfs", &path, errno))?) {
            pack_entries(inside, &path, depth + 1, packer)?;
        }
    }
    Ok(())
}

fn names(directory: BorrowedFd<'_>) -> Result<Vec<Vec<u8>>, Errno> {
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    let mut names = Vec::new();
    for entry in Dir::openat(directory, ".", flags, Mode::empty())?.iter() {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if name != b"." && name != b".." {
            names.push(name.to_vec());
        }
    }
    names.sort();
    Ok(names)
}

fn look(directory: BorrowedFd<'_>, name: &[u8], path: &[u8]) -> Result<Option<FileStat>> {
    match fstatat(directory, OsStr::from_bytes(name), AtFlags::AT_SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some(stat)),
        Err(Errno::ENOENT) => Ok(None),
        Err(errno) => Err(failed("fstatat", path, errno)),
    }
}

fn shown(path: &[u8]) -> String {
    format!("copy \"{}\"", output::harmless_path(path))
}

fn failed(call: &str, path: &[u8], errno: Errno) -> Error {
    Error::syscall(format!("{call}({})", output::harmless_path(path)), errno as i32)
}
