//! Directories for work in progress, and the reclaiming of those whose process died.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use super::atomic::unique_name;
use super::lock::Lock;
use super::partial::is_partial;
use super::remove::unlink;
use super::{Store, failed_at};
use crate::error::{Error, Kind, Result};

/// A directory below `tmp/` that belongs to this process and goes away with it.
#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
    _lock: Lock,
}

impl Store {
    /// A fresh directory on the store's file system; it disappears when this is dropped, or after a crash.
    ///
    /// # Errors
    /// The failed call.
    pub fn scratch(&self) -> Result<Scratch> {
        // Reclaiming takes this lock alone, so that it never sees a directory made but not yet locked.
        let _no_reclaiming = Lock::shared(&self.path("tmp.lock"))?;
        let path = self.path("tmp").join(unique_name("work"));
        fs::DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .map_err(|error| failed_at("mkdir", &path, &error))?;
        let dir = File::open(&path).map_err(|error| failed_at("open", &path, &error))?;
        match Lock::try_exclusive(dir, &path)? {
            Some(lock) => Ok(Scratch { path, _lock: lock }),
            None => Err(Error::new(
                Kind::Conflict,
                format!("{} is in use by another", path.display()),
            )),
        }
    }

    /// Removes what dead processes left in `tmp/`, parts of blobs only when they are old; returns whether a live process
    /// works there.
    ///
    /// # Errors
    /// The failed call.
    pub fn reclaim(&self) -> Result<bool> {
        let tmp = self.path("tmp");
        let _alone = Lock::exclusive(&self.path("tmp.lock"))?;
        self.forget_partials(false)?;
        let mut somebody_works = false;
        for entry in fs::read_dir(&tmp).map_err(|error| failed_at("read", &tmp, &error))? {
            let path = entry.map_err(|error| failed_at("read", &tmp, &error))?.path();
            match path.is_dir() {
                false if is_partial(&path) => {}
                true => somebody_works |= !reclaim_dir(&path)?,
                // Temporary files are written under the shared lock: none has a living writer now. What its owner has
                // just removed was a directory.
                false => unlink(&path)?,
            }
        }
        Ok(somebody_works)
    }
}

/// Removes one leftover; false when its process lives.
fn reclaim_dir(path: &Path) -> Result<bool> {
    let dir = match File::open(path) {
        Ok(dir) => dir,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(failed_at("open", path, &error)),
    };
    match Lock::try_exclusive(dir, path)? {
        Some(_lock) => remove_tree(path).map(|()| true),
        None => Ok(false),
    }
}

/// Removes a directory and all below it; no symlink is followed. That it is gone already is no error.
pub(super) fn remove_tree(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed_at("remove", path, &error)),
        _ => Ok(()),
    }
}

impl Scratch {
    /// The directory.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed now is reclaimed by a later command.
        let _ = remove_tree(&self.path);
    }
}
