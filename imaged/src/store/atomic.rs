//! Small files that appear whole or not at all.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use super::lock::Lock;
use super::{Store, failed_at, fault_point};
use crate::error::Result;

/// Tells temporary files of this process apart.
static COUNTER: AtomicU64 = AtomicU64::new(0);

/// A name that no other process and no earlier call has used.
pub(super) fn unique_name(prefix: &str) -> String {
    let nanos = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_nanos());
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    format!("{prefix}-{}-{number}-{nanos:x}", std::process::id())
}

impl Store {
    /// Writes the file at `relative`, replacing what is there: temporary file, fsync, rename, fsync of the directory.
    pub(crate) fn put_file(&self, relative: &str, bytes: &[u8]) -> Result<()> {
        self.put(relative, bytes, 0o600)
    }

    /// The same for a program that everybody may run.
    pub(crate) fn put_program(&self, relative: &str, bytes: &[u8]) -> Result<()> {
        self.put(relative, bytes, 0o555)
    }

    fn put(&self, relative: &str, bytes: &[u8], mode: u32) -> Result<()> {
        // While this lock is shared nobody takes the temporary file for a leftover.
        let _no_reclaiming = Lock::shared(&self.path("tmp.lock"))?;
        let temporary = self.path("tmp").join(unique_name("file"));
        let path = self.path(relative);
        let written = write_synced(&temporary, bytes, mode).and_then(|()| {
            fault_point();
            fs::rename(&temporary, &path).map_err(|error| failed_at("rename to", &path, &error))
        });
        if written.is_err() {
            // The error that matters is the first; what stays behind is reclaimed later.
            let _ = fs::remove_file(&temporary);
        }
        written?;
        fault_point();
        path.parent().map_or(Ok(()), sync_dir)
    }
}

fn write_synced(path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(|error| failed_at("create", path, &error))?;
    // By fchmod: the umask has no say.
    file.set_permissions(Permissions::from_mode(mode))
        .and_then(|()| file.write_all(bytes))
        .and_then(|()| file.sync_all())
        .map_err(|error| failed_at("write", path, &error))
}

/// Makes a rename or unlink in the directory durable.
pub(super) fn sync_dir(path: &Path) -> Result<()> {
    File::open(path)
        .and_then(|dir| dir.sync_all())
        .map_err(|error| failed_at("fsync", path, &error))
}
