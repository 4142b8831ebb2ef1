//! System calls that the libraries do not offer safely, one family in each file. The only place with `unsafe`.

pub(crate) mod overlay;
pub(crate) mod pidfd;
pub(crate) mod resolve;
pub(crate) mod terminal;
pub(crate) mod tree;
pub(crate) mod userns;
pub(crate) mod xattr;

use nix::sched::{CpuSet, sched_getaffinity};
use nix::unistd::Pid;

use crate::error::{Error, Result};

/// How many processors this process may use, whatever its share of them.
///
/// # Errors
/// When the kernel has more than the C library knows.
pub(crate) fn processors() -> Result<i64> {
    let set = sched_getaffinity(Pid::from_raw(0))
        .map_err(|errno| Error::syscall("sched_getaffinity(0)", errno as i32))?;
    let count = (0..CpuSet::count()).filter(|cpu| set.is_set(*cpu).unwrap_or(false));
    Ok(i64::try_from(count.count()).unwrap_or(i64::MAX))
}
