//! The container's own volumes: directories that begin as a copy of what the image has at their place.
//!
//! The copy never leaves the image: sources are found by [`ImageFs`] (CVE-2022-23648).

use std::fs::{self, File};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, chown, lchown, symlink};
use std::path::Path;

use nix::sys::stat::{Mode, SFlag, mknod};

use super::imagefs::{Found, ImageFs};
use crate::error::{Error, Kind, Result};
use crate::plan::id_map::IdMaps;

/// Directories nested deeper than this are nobody's data.
const MAX_DEPTH: usize = 200;

/// Makes the volume for `target` at `directory`, which must not exist yet. Its owners are the image's, by the ids that the
/// container has of the host.
///
/// # Errors
/// The failed call, or what is wrong with the image.
pub(super) fn make(image: &ImageFs, target: &str, directory: &Path, ids: &IdMaps) -> Result<()> {
    fs::create_dir_all(directory).map_err(|error| failed("mkdir", directory, &error))?;
    match image.find(target)? {
        Some(found) if found.data.is_dir() => {
            copy_entries(&found, directory, ids, 0)?;
            attributes(&found, directory, ids)
        }
        _ => {
            fs::set_permissions(directory, fs::Permissions::from_mode(0o755))
                .map_err(|error| failed("chmod", directory, &error))?;
            give_to_root(directory, ids)
        }
    }
}

/// Gives a file or directory to the container's root, if that is not the host's; no link is followed.
///
/// # Errors
/// The failed call.
pub(super) fn give_to_root(path: &Path, ids: &IdMaps) -> Result<()> {
    match ids.root() {
        Some((uid, gid)) => {
            lchown(path, Some(uid), Some(gid)).map_err(|error| failed("lchown", path, &error))
        }
        None => Ok(()),
    }
}

fn copy_entries(from: &Found, to: &Path, ids: &IdMaps, depth: usize) -> Result<()> {
    if depth > MAX_DEPTH {
        return Err(Error::new(
            Kind::Limit,
            format!("the image's volume is nested deeper than {MAX_DEPTH}"),
        ));
    }
    for (name, found) in ImageFs::entries(from)? {
        let to = to.join(std::ffi::OsStr::from_bytes(&name));
        copy(&found, &to, ids, depth)?;
    }
    Ok(())
}

fn copy(found: &Found, to: &Path, ids: &IdMaps, depth: usize) -> Result<()> {
    let from = &found.parts[0];
    let kind = found.data.file_type();
    if kind.is_dir() {
        fs::create_dir(to).map_err(|error| failed("mkdir", to, &error))?;
        copy_entries(found, to, ids, depth + 1)?;
        return attributes(found, to, ids);
    }
    if kind.is_symlink() {
        let target = fs::read_link(from).map_err(|error| failed("readlink", from, &error))?;
        symlink(target, to).map_err(|error| failed("symlink", to, &error))?;
        let (uid, gid) = ids.to_host((found.data.uid(), found.data.gid()))?;
        return lchown(to, Some(uid), Some(gid)).map_err(|error| failed("lchown", to, &error));
    }
    if kind.is_file() {
        File::open(from)
            .and_then(|mut source| io::copy(&mut source, &mut File::create_new(to)?))
            .map_err(|error| failed("copy to", to, &error))?;
    } else {
        let special = match kind {
            kind if kind.is_char_device() => SFlag::S_IFCHR,
            kind if kind.is_block_device() => SFlag::S_IFBLK,
            kind if kind.is_fifo() => SFlag::S_IFIFO,
            _ => return Ok(()),
        };
        mknod(to, special, Mode::empty(), found.data.rdev())
            .map_err(|errno| Error::syscall(format!("mknod({})", to.display()), errno as i32))?;
    }
    attributes(found, to, ids)
}

/// Owner, then mode (a change of owner takes set-uid bits away), then time.
fn attributes(found: &Found, to: &Path, ids: &IdMaps) -> Result<()> {
    let data = &found.data;
    let (uid, gid) = ids.to_host((data.uid(), data.gid()))?;
    chown(to, Some(uid), Some(gid)).map_err(|error| failed("chown", to, &error))?;
    fs::set_permissions(to, fs::Permissions::from_mode(data.mode() & 0o7777))
        .map_err(|error| failed("chmod", to, &error))?;
    if !(data.is_dir() || data.is_file()) {
        return Ok(());
    }
    let modified = data.modified().map_err(|error| failed("stat", to, &error))?;
    File::open(to)
        .and_then(|file| file.set_modified(modified))
        .map_err(|error| failed("futimens", to, &error))
}

fn failed(call: &str, path: &Path, error: &io::Error) -> Error {
    Error::io(format!("{call} {}", path.display()), error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_nobody_to_what_it_should_not_own() {
        let place = tempfile::tempdir().unwrap();
        let [hosts, link] = ["hosts", "link"].map(|name| place.path().join(name));
        fs::create_dir(&hosts).unwrap();
        symlink(&hosts, &link).unwrap();
        let one = crate::plan::id_map::IdMap::parse("0:100000:5").unwrap();
        let ids = IdMaps {
            uids: vec![one],
            gids: vec![one],
        };
        give_to_root(&link, &ids).unwrap();
        assert_eq!(fs::symlink_metadata(&link).unwrap().uid(), 100_000);
        assert_eq!(fs::metadata(&hosts).unwrap().uid(), 0);
    }
}
