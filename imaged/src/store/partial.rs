//! Blobs of which only a part has arrived, kept for the next pull: `tmp/partial-HEX`, locked by who adds to it.
//!
//! Nothing ever uses one as a blob: its bytes go through the same checks as those that come from the registry, and only
//! a whole blob with the right digest becomes one.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::lock::{Lock, is_still};
use super::remove::unlink;
use super::{Store, failed_at};
use crate::error::Result;
use crate::oci::Digest;

/// How the names of these files begin.
const PREFIX: &str = "partial-";
/// How long a part is kept that nobody adds to.
const KEPT: Duration = Duration::from_secs(7 * 24 * 3600);

/// The part of a blob that has arrived.
#[derive(Debug)]
pub struct Partial {
    path: PathBuf,
    file: File,
    length: u64,
    _lock: Lock,
}

impl Store {
    /// What has arrived of a blob of `size` bytes, perhaps nothing, to be added to; none while somebody else does.
    ///
    /// # Errors
    /// The failed call.
    pub fn partial(&self, digest: &Digest, size: u64) -> Result<Option<Partial>> {
        // While this lock is shared nobody removes the file as a leftover.
        let _no_reclaiming = Lock::shared(&self.path("tmp.lock"))?;
        let path = self.path("tmp").join(format!("{PREFIX}{}", digest.hex()));
        let failed = |call: &str, error: &std::io::Error| failed_at(call, &path, error);
        loop {
            let file = OpenOptions::new()
                .read(true)
                .append(true)
                .create(true)
                .mode(0o600)
                .open(&path)
                .map_err(|error| failed("open", &error))?;
            let own = file.try_clone().map_err(|error| failed("dup", &error))?;
            let Some(lock) = Lock::try_exclusive(file, &path)? else {
                return Ok(None);
            };
            // Who had it before us may have completed it.
            if !is_still(&own, &path)? {
                continue;
            }
            let mut length = own.metadata().map_err(|error| failed("fstat", &error))?.len();
            if length > size {
                own.set_len(0).map_err(|error| failed("truncate", &error))?;
                length = 0;
            }
            return Ok(Some(Partial {
                path,
                file: own,
                length,
                _lock: lock,
            }));
        }
    }

    /// Removes the parts that nobody adds to: those that are old, or all.
    pub(super) fn forget_partials(&self, all: bool) -> Result<()> {
        for path in self.files_of("tmp")?.iter().filter(|path| is_partial(path)) {
            let Ok(file) = File::open(path) else {
                continue;
            };
            let age = file.metadata().and_then(|meta| meta.modified()).ok();
            let age = age.and_then(|modified| SystemTime::now().duration_since(modified).ok());
            let is_old = age.is_some_and(|age| age > KEPT);
            if all || is_old {
                forget(file, path)?;
            }
        }
        Ok(())
    }
}

/// Removes a part that was opened before, unless somebody adds to it.
fn forget(file: File, path: &Path) -> Result<()> {
    match Lock::try_exclusive(file, path)? {
        // Who had it may have completed it meanwhile, and another begun the next, which is not ours to remove.
        Some(lock) if lock.is_of(path)? => unlink(path),
        _ => Ok(()),
    }
}

/// Whether a file of `tmp/` is the part of a blob.
pub(super) fn is_partial(path: &Path) -> bool {
    path.file_name()
        .and_then(|name| name.to_str())
        .is_some_and(|name| name.starts_with(PREFIX))
}

impl Partial {
    /// How many bytes there were when it was opened.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The file, which is only added to.
    ///
    /// # Errors
    /// The failed call.
    pub fn file(&self) -> Result<File> {
        self.file
            .try_clone()
            .map_err(|error| failed_at("dup", &self.path, &error))
    }

    /// Gives the whole blob, whose digest was checked, this place.
    ///
    /// # Errors
    /// The failed call.
    pub fn complete(self, place: &Path) -> Result<()> {
        fs::rename(&self.path, place).map_err(|error| failed_at("rename to", place, &error))
    }

    /// Leaves it for the next pull, unless it is empty.
    ///
    /// # Errors
    /// The failed call.
    pub fn keep(self) -> Result<()> {
        match self.file.metadata().map(|meta| meta.len()) {
            Ok(0) => self.discard(),
            Ok(_) => Ok(()),
            Err(error) => Err(failed_at("fstat", &self.path, &error)),
        }
    }

    /// Removes it: what arrived is not what it should be.
    ///
    /// # Errors
    /// The failed call.
    pub fn discard(self) -> Result<()> {
        unlink(&self.path)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_part_is_its_holders_and_survives_reclaiming() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("store")).unwrap();
        let digest = Digest::of(b"whole");
        let part = store.partial(&digest, 5).unwrap().unwrap();
        part.file().unwrap().write_all(b"who").unwrap();
        assert!(store.partial(&digest, 5).unwrap().is_none(), "it is held");
        store.forget_partials(true).unwrap();
        drop(part);
        assert!(!store.reclaim().unwrap(), "a part is no work in progress");
        let part = store.partial(&digest, 5).unwrap().unwrap();
        assert_eq!(part.length(), 3);
        part.complete(&dir.path().join("place")).unwrap();
        assert_eq!(fs::read(dir.path().join("place")).unwrap(), b"who");
        assert_eq!(store.partial(&digest, 5).unwrap().unwrap().length(), 0);
        store.forget_partials(true).unwrap();
        assert!(store.files_of("tmp").unwrap().is_empty());
    }

    /// The pull that had begun it failed when it was whole.
    #[test]
    fn a_part_that_was_begun_meanwhile_stays() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("store")).unwrap();
        let digest = Digest::of(b"whole");
        let first = store.partial(&digest, 5).unwrap().unwrap();
        let path = first.path.clone();
        let opened = File::open(&path).unwrap();
        first.complete(&dir.path().join("first")).unwrap();
        let second = store.partial(&digest, 5).unwrap().unwrap();
        forget(opened, &path).unwrap();
        second.complete(&dir.path().join("second")).unwrap();
        drop(store.partial(&digest, 5).unwrap().unwrap());
        forget(File::open(&path).unwrap(), &path).unwrap();
        assert!(!path.exists());
    }

    #[test]
    fn a_part_that_is_too_long_is_begun_anew() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("store")).unwrap();
        let digest = Digest::of(b"x");
        let part = store.partial(&digest, 5).unwrap().unwrap();
        part.file().unwrap().write_all(b"too long").unwrap();
        drop(part);
        assert_eq!(store.partial(&digest, 5).unwrap().unwrap().length(), 0);
    }
}
