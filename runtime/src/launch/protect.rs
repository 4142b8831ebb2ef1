//! Keeping the program's own file out of the container's reach (CVE-2019-5736).
//!
//! The container's first process is this program until its exec, so /proc/PID/exe leads from inside to its
//! file, and a container's root may write it once nobody runs it. The program therefore runs itself again
//! from a read-only copy of its mount that is attached nowhere, before it touches a container: no path leads
//! to that mount, and nobody can make it writable. Where mounts may not be copied, a sealed copy of the file
//! in memory does the same for a few hundred microseconds more.

use crate::error::{Context, Result};
use crate::plan::mount_options::RDONLY;
use crate::sys::entry::Arguments;
use crate::sys::files;
use crate::sys::mount::{self, Attributes};
use std::os::fd::{AsFd, OwnedFd};

/// Returns when the program runs from a protected file; otherwise starts it again from one.
///
/// # Errors
/// When neither a read-only mount nor a copy in memory can be made.
pub fn protect_own_file(arguments: Arguments) -> Result<()> {
    let own = files::open("/proc/self/exe", libc::O_RDONLY).context(|| "open the runtime's own file")?;
    if files::on_read_only_mount(own.as_fd())? || files::is_sealed(own.as_fd()) {
        return Ok(());
    }
    let copy = match read_only_mount(own.as_fd()) {
        Err(error) if matches!(error.errno(), Some(libc::EPERM | libc::ENOSYS | libc::EINVAL)) => {
            files::sealed_copy(own.as_fd(), "corten-runtime")
                .context(|| "copy the runtime's own file to memory")?
        }
        other => other.context(|| "make a read-only mount of the runtime's own file")?,
    };
    Err(arguments
        .execute(copy.as_fd())
        .context("run the protected copy of the runtime"))
}

fn read_only_mount(own: std::os::fd::BorrowedFd<'_>) -> Result<OwnedFd> {
    let tree = mount::clone_tree(own, false)?;
    mount::set_attributes(
        tree.as_fd(),
        &Attributes {
            set: RDONLY,
            ..Attributes::default()
        },
        false,
    )?;
    Ok(tree)
}
