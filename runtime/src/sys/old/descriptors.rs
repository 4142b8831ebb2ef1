//! close_range(2) by hand.

use crate::error::{Error, Result};
use crate::sys::files;
use crate::sys::process::set_close_on_exec;
use std::os::fd::{AsFd, RawFd};

/// How far to look where there is no list: the usual limit of open files.
const USUAL_LIMIT: RawFd = 1024;

/// Closes the descriptors of a range, or marks them close-on-exec.
///
/// # Errors
/// When the list of descriptors cannot be read before any is closed.
pub fn close_range(first: u32, last: u32, only_mark: bool) -> Result<()> {
    let in_range = |fd: &RawFd| fd.cast_unsigned() >= first && fd.cast_unsigned() <= last;
    let open: Vec<RawFd> = if only_mark {
        // Within the container there may be no /proc, or none to believe. All that was open before is closed
        // already, and what was opened since is close-on-exec: this is for good measure.
        (0..USUAL_LIMIT).filter(in_range).collect()
    } else {
        own_descriptors()?.into_iter().filter(in_range).collect()
    };
    for fd in open {
        if only_mark {
            set_close_on_exec(fd);
        } else {
            crate::sys::process::close(fd);
        }
    }
    Ok(())
}

fn own_descriptors() -> Result<Vec<RawFd>> {
    let failed = |error: std::io::Error| {
        Error::syscall("read /proc/self/fd", error.raw_os_error().unwrap_or(libc::EIO))
    };
    let proc = files::open("/proc/self/fd", libc::O_RDONLY | libc::O_DIRECTORY)?;
    if files::fs_type(proc.as_fd())? != files::PROCFS {
        return Err(Error::syscall("/proc is not a procfs", libc::ENOSYS));
    }
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc/self/fd").map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        found.extend(name.to_str().and_then(|name| name.parse::<RawFd>().ok()));
    }
    Ok(found)
}
