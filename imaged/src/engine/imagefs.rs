//! Looking up files in an image without mounting it: through its layers from the top, as overlayfs would.
//!
//! Layers are written by whoever made the image. A path is therefore walked name by name, symbolic links are
//! resolved inside the image only and at most [`MAX_LINKS`] times, and only regular files of bounded size are
//! read (CVE-2024-9676, CVE-2026-47262). Nobody changes a layer, so there is no race.

use std::collections::VecDeque;
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::PathBuf;

use nix::errno::Errno;
use nix::libc;

use crate::error::{Error, Kind, Result};
use crate::sys::overlay;

/// As many symbolic links as the kernel follows.
const MAX_LINKS: usize = 40;

/// The layers of an image, top first.
#[derive(Debug, Clone)]
pub(crate) struct ImageFs {
    layers: Vec<PathBuf>,
}

/// Something in the image: for a directory the parts that make it up, top first; otherwise one path.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) data: Metadata,
    pub(super) parts: Vec<PathBuf>,
}

impl ImageFs {
    /// An image by the directories of its layers, top first.
    pub(crate) fn new(layers: Vec<PathBuf>) -> Self {
        Self { layers }
    }

    /// What is at an absolute path of the image, symbolic links resolved; none if there is nothing.
    ///
    /// # Errors
    /// When there are too many links or a layer cannot be read.
    pub(super) fn find(&self, path: &str) -> Result<Option<Found>> {
        let Some(root) = self.root()? else {
            return Ok(None);
        };
        let mut trail = vec![root];
        let mut left: VecDeque<Vec<u8>> = names(path.as_bytes());
        let mut links = 0;
        while let Some(name) = left.pop_front() {
            if name == b".." {
                if trail.len() > 1 {
                    trail.pop();
                }
                continue;
            }
            let Some(found) = trail
                .last()
                .map(|directory| entry(&directory.parts, &name))
                .transpose()?
                .flatten()
            else {
                return Ok(None);
            };
            if found.data.is_symlink() {
                links += 1;
                if links > MAX_LINKS {
                    return Err(Error::syscall(
                        format!("look up {path} in the image"),
                        Errno::ELOOP as i32,
                    ));
                }
                let target = fs::read_link(&found.parts[0])
                    .map_err(|error| Error::io(format!("readlink {}", found.parts[0].display()), &error))?;
                let target = target.as_os_str().as_bytes();
                if target.starts_with(b"/") {
                    trail.truncate(1);
                }
                let mut ahead = names(target);
                ahead.append(&mut left);
                left = ahead;
                continue;
            }
            if !left.is_empty() && !found.data.is_dir() {
                return Ok(None);
            }
            trail.push(found);
        }
        Ok(trail.pop())
    }

    /// The text of a regular file; empty if there is none. Bytes that are not UTF-8 are replaced.
    ///
    /// # Errors
    /// `Limit` when the file is larger than `limit`.
    pub(super) fn text(&self, path: &str, limit: u64) -> Result<String> {
        let Some(found) = self.find(path)? else {
            return Ok(String::new());
        };
        if !found.data.is_file() {
            return Ok(String::new());
        }
        let file = &found.parts[0];
        let mut bytes = Vec::new();
        File::open(file)
            .and_then(|file| file.take(limit + 1).read_to_end(&mut bytes))
            .map_err(|error| Error::io(format!("read {}", file.display()), &error))?;
        if bytes.len() as u64 > limit {
            return Err(Error::new(
                Kind::Limit,
                format!("{path} of the image is larger than {limit} bytes"),
            ));
        }
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The entries of a directory, each once.
    pub(super) fn entries(directory: &Found) -> Result<Vec<(Vec<u8>, Found)>> {
        let mut seen: Vec<Vec<u8>> = Vec::new();
        for part in &directory.parts {
            let failed = |error: io::Error| Error::io(format!("read {}", part.display()), &error);
            for name in fs::read_dir(part).map_err(failed)? {
                seen.push(name.map_err(failed)?.file_name().as_bytes().to_vec());
            }
        }
        seen.sort();
        seen.dedup();
        let mut entries = Vec::with_capacity(seen.len());
        for name in seen {
            if let Some(found) = entry(&directory.parts, &name)? {
                entries.push((name, found));
            }
        }
        Ok(entries)
    }

    /// The root; none if the image has no layers.
    fn root(&self) -> Result<Option<Found>> {
        let Some(top) = self.layers.first() else {
            return Ok(None);
        };
        let data = fs::symlink_metadata(top)
            .map_err(|error| Error::io(format!("stat {}", top.display()), &error))?;
        Ok(Some(Found {
            data,
            parts: self.layers.clone(),
        }))
    }
}

fn names(path: &[u8]) -> VecDeque<Vec<u8>> {
    path.split(|byte| *byte == b'/')
        .filter(|name| !name.is_empty() && *name != b".")
        .map(<[u8]>::to_vec)
        .collect()
}

/// A name in a directory that is made of several, top first.
fn entry(parts: &[PathBuf], name: &[u8]) -> Result<Option<Found>> {
    let mut found: Option<Found> = None;
    for part in parts {
        let path = part.join(std::ffi::OsStr::from_bytes(name));
        let data = match fs::symlink_metadata(&path) {
            Ok(data) => data,
            Err(error) if matches!(error.raw_os_error(), Some(libc::ENOENT | libc::ENOTDIR)) => continue,
            Err(error) => return Err(Error::io(format!("stat {}", path.display()), &error)),
        };
        if data.file_type().is_char_device() && data.rdev() == 0 || data.file_type().is_socket() {
            // A whiteout hides everything below it.
            break;
        }
        let opaque = data.is_dir() && overlay::is_opaque(&path);
        match &mut found {
            None if !data.is_dir() => {
                return Ok(Some(Found {
                    data,
                    parts: vec![path],
                }));
            }
            None => {
                found = Some(Found {
                    data,
                    parts: vec![path],
                });
            }
            Some(found) if data.is_dir() => found.parts.push(path),
            // A file below a directory is hidden, and so is what is below it.
            Some(_) => break,
        }
        if opaque {
            break;
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use nix::sys::stat::{Mode, SFlag, mknod};

    use super::*;

    struct Layers {
        _directory: tempfile::TempDir,
        fs: ImageFs,
        top: PathBuf,
        bottom: PathBuf,
    }

    fn layers() -> Layers {
        let directory = tempfile::tempdir().unwrap();
        let (top, bottom) = (directory.path().join("top"), directory.path().join("bottom"));
        fs::create_dir_all(top.join("etc")).unwrap();
        fs::create_dir_all(bottom.join("etc/sub")).unwrap();
        Layers {
            fs: ImageFs::new(vec![top.clone(), bottom.clone()]),
            _directory: directory,
            top,
            bottom,
        }
    }

    #[test]
    fn upper_layers_win_and_lower_ones_show_through() {
        let layers = layers();
        fs::write(layers.bottom.join("etc/passwd"), "lower").unwrap();
        fs::write(layers.bottom.join("etc/group"), "lower").unwrap();
        fs::write(layers.top.join("etc/passwd"), "upper").unwrap();
        assert_eq!(layers.fs.text("/etc/passwd", 100).unwrap(), "upper");
        assert_eq!(layers.fs.text("/etc/group", 100).unwrap(), "lower");
        assert_eq!(layers.fs.text("/etc/none", 100).unwrap(), "");
    }

    #[test]
    fn whiteouts_hide() {
        let layers = layers();
        fs::write(layers.bottom.join("etc/passwd"), "lower").unwrap();
        mknod(&layers.top.join("etc/passwd"), SFlag::S_IFCHR, Mode::empty(), 0).unwrap();
        assert_eq!(layers.fs.text("/etc/passwd", 100).unwrap(), "");
    }

    /// CVE-2024-9676: a link to the host's file is a link inside the image.
    #[test]
    fn links_stay_inside_the_image() {
        let layers = layers();
        for target in [
            "/etc/hostname",
            "../../../../../../etc/hostname",
            "../../etc/hostname",
        ] {
            let link = layers.top.join("etc/passwd");
            let _ = fs::remove_file(&link);
            symlink(target, &link).unwrap();
            assert_eq!(layers.fs.text("/etc/passwd", 100).unwrap(), "", "{target}");
            fs::write(layers.bottom.join("etc/hostname"), "inside").unwrap();
            assert_eq!(layers.fs.text("/etc/passwd", 100).unwrap(), "inside", "{target}");
            fs::remove_file(layers.bottom.join("etc/hostname")).unwrap();
        }
    }

    #[test]
    fn loops_and_large_files_are_refused_and_fifos_are_not_opened() {
        let layers = layers();
        symlink("passwd", layers.top.join("etc/passwd")).unwrap();
        assert_eq!(
            layers.fs.text("/etc/passwd", 100).unwrap_err().errno(),
            Some(libc::ELOOP)
        );
        fs::write(layers.top.join("etc/group"), "x".repeat(101)).unwrap();
        assert_eq!(layers.fs.text("/etc/group", 100).unwrap_err().kind(), Kind::Limit);
        nix::unistd::mkfifo(&layers.top.join("etc/fifo"), Mode::S_IRWXU).unwrap();
        assert_eq!(layers.fs.text("/etc/fifo", 100).unwrap(), "");
    }

    #[test]
    fn directories_are_merged() {
        let layers = layers();
        fs::write(layers.bottom.join("etc/a"), "").unwrap();
        fs::write(layers.top.join("etc/b"), "").unwrap();
        let found = layers.fs.find("/etc").unwrap().unwrap();
        let names: Vec<Vec<u8>> = ImageFs::entries(&found)
            .unwrap()
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        assert_eq!(names, [b"a".to_vec(), b"b".to_vec(), b"sub".to_vec()]);
    }
}
