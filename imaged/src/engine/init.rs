//! The program of `--init`: carried by corten, kept in the store for containers to bind.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use crate::error::{Error, Result};
use crate::oci::Digest;
use crate::store::Store;

/// A static program; its source is `imaged/init/init.rs`.
const PROGRAM: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/init"));

/// Puts the program into the store, under its digest, if it is not there; returns its path.
///
/// # Errors
/// When it cannot be written.
pub(super) fn install(store: &Store) -> Result<PathBuf> {
    let name = format!("init-{}", &Digest::of(PROGRAM).hex()[..16]);
    let path = store.root().join(&name);
    if path
        .metadata()
        .is_ok_and(|data| data.permissions().mode() & 0o777 == 0o555)
    {
        return Ok(path);
    }
    store.put_file(&name, PROGRAM)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o555))
        .map_err(|error| Error::io(format!("chmod {}", path.display()), &error))?;
    Ok(path)
}
