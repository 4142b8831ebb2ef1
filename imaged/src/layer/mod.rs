//! Layers: from a tar stream to a directory that overlayfs can stack.
//!
//! Two steps. [`unpack`] is independent of other layers, so that all layers of an image are unpacked at once;
//! [`Unpacked::settle`] needs the layers below to be complete and is next to nothing.

mod changes;
mod compare;
mod copy_out;
mod dirs;
mod hidden;
mod mount_points;
mod pack;
mod path;
mod settle;
mod stack;
pub mod tar;
mod unpack;

#[cfg(test)]
mod hostile_tests;
#[cfg(test)]
mod reference_tests;
#[cfg(test)]
mod test_archive;
#[cfg(test)]
mod unpack_tests;

use std::io::BufRead;
use std::path::{Path, PathBuf};

use nix::sched::{CloneFlags, unshare};
use nix::sys::stat::{Mode, umask};

pub use changes::{Change, Changes, flatten, flatten_container};
pub use compare::{Comparison, OwnerOf};
pub(crate) use copy_out::{Owners, copy_out};
pub(crate) use hidden::holds_marks;
pub(crate) use pack::Packer;
pub(crate) use path::MAX_DEPTH;
pub use path::clean as clean_path;
pub use settle::copy_root_attributes;
pub use tar::Limits;
pub(crate) use unpack::{write_data, write_sparse};

use crate::error::{Error, Result};

/// A layer that is unpacked, but may still owe something to the layers below.
#[derive(Debug)]
pub struct Unpacked {
    bytes: u64,
    remainder: unpack::Remainder,
}

impl Unpacked {
    /// Finishes the layer in `root`; `below` are the directories of the layers under it, topmost first.
    /// Returns the bytes of the layer's files.
    ///
    /// # Errors
    /// `Invalid` when the layer links to a file that there is not below.
    pub fn settle(&self, root: &Path, below: &[PathBuf]) -> Result<u64> {
        settle::settle(root, below, &self.remainder).map(|copied| self.bytes + copied)
    }

    /// Whether overlayfs would not understand what the layer hides, for the file system did not hold overlayfs' own marks.
    pub fn needs_copies(&self) -> bool {
        self.remainder.has_sockets
    }
}

/// What a clean path's name removes, if it is the name of a whiteout; for the fuzzer, which has no archive.
///
/// # Errors
/// `Invalid` for names with the whiteout prefix that mean nothing.
#[doc(hidden)]
pub fn meaning_of(path: &[u8]) -> Result<Option<&[u8]>> {
    path::meaning(path).map(|meaning| match meaning {
        path::Meaning::Whiteout(name) => Some(name),
        _ => None,
    })
}

/// Unpacks a tar stream into the empty directory `root`. The stream is read to the archive's end, not further.
/// Call [`own_umask`] in this thread before.
///
/// # Errors
/// `Invalid` and `Limit` for archives that are refused; the failed call otherwise. What was unpacked stays.
pub fn unpack(input: &mut impl BufRead, root: &Path, limits: Limits) -> Result<Unpacked> {
    unpack::unpack(input, root, limits).map(|(bytes, remainder)| Unpacked { bytes, remainder })
}

/// Gives the calling thread a umask of its own, zero, so that modes come out as an archive has them
/// without a chmod for each file. Only for threads that do nothing else.
///
/// # Errors
/// The failed call.
pub fn own_umask() -> Result<()> {
    unshare(CloneFlags::CLONE_FS).map_err(|errno| Error::syscall("unshare CLONE_FS", errno as i32))?;
    umask(Mode::empty());
    Ok(())
}
