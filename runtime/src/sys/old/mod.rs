//! What stands in for system calls that an old kernel, or a filter around the runtime, answers with ENOSYS.
//!
//! Each call's own function tries the call first and comes here when it is not there, so that nothing here costs
//! anything where it is. docs/decisions/0132 says what is weaker then.

pub mod clone;
pub mod descriptors;
pub mod mount;
pub mod pidfd;
pub mod walk;

use crate::error::Error;

/// Whether a call failed because there is no such call.
pub fn is_missing(error: &Error) -> bool {
    error.errno() == Some(libc::ENOSYS)
}
