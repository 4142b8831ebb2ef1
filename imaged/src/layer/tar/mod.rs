//! Reading tar streams: entries with everything GNU tar, Go and libarchive can say about them.
//!
//! Strict where peers could disagree about where an entry ends, and never allocating more than its limits
//! allow, because the input is hostile. Reads what it is given; knows nothing of the file system.

mod header;
mod pax;
mod reader;
mod sparse;

pub use reader::{Entry, Kind, Limits, Reader};
pub use sparse::Segment;

use crate::error;

/// The error of a malformed archive.
fn malformed(reason: impl Into<String>) -> error::Error {
    error::Error::new(
        error::Kind::Invalid,
        format!("malformed tar stream: {}", reason.into()),
    )
}

/// The error of an archive that exceeds a limit.
pub(in crate::layer) fn excessive(reason: impl Into<String>) -> error::Error {
    error::Error::new(error::Kind::Limit, format!("tar stream: {}", reason.into()))
}
