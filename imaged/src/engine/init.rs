//! The program of `--init`: carried by corten, kept in the store for containers to bind.

use std::path::PathBuf;

use crate::error::Result;
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
    if !path.exists() {
        store.put_program(&name, PROGRAM)?;
    }
    Ok(path)
}
