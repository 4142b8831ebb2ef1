//! Opening paths below a directory, resolved by the kernel.

use std::ffi::OsStr;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use nix::errno::Errno;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, openat2};
use nix::sys::stat::{Mode, SFlag};

/// How often a walk is tried again that others disturb: a process that renames things all the time, and long links with
/// many `..`, would keep it going for ever.
const ATTEMPTS: usize = 128;

/// openat2(2), again when it gives up because something was renamed or mounted meanwhile, anywhere.
///
/// # Errors
/// What the call returns; `EAGAIN` if it was disturbed time and again.
pub(crate) fn open(
    root: impl AsFd,
    path: &[u8],
    flags: OFlag,
    resolve: ResolveFlag,
) -> Result<OwnedFd, Errno> {
    let how = OpenHow::new().flags(flags | OFlag::O_CLOEXEC).resolve(resolve);
    let path = if path.is_empty() { b"." } else { path };
    patiently(|| openat2(root.as_fd(), OsStr::from_bytes(path), how))
}

fn patiently<T>(attempt: impl Fn() -> Result<T, Errno>) -> Result<T, Errno> {
    let mut disturbed = 0;
    loop {
        match attempt() {
            Err(Errno::EINTR) => {}
            Err(Errno::EAGAIN) if disturbed < ATTEMPTS => disturbed += 1,
            other => return other,
        }
    }
}

/// Opens for reading what was opened with O_PATH and looked at: by its descriptor, for its path may lead to a device by
/// now, and even to open one may do something. Nothing is waited for but the end of a lease on the file, which the kernel
/// bounds (`fs.lease-break-time`): only regular files have leases.
pub(crate) fn open_seen(seen: &OwnedFd) -> Result<OwnedFd, Errno> {
    let link = format!("/proc/self/fd/{}", seen.as_raw_fd());
    let flags = OFlag::O_RDONLY | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    match nix::fcntl::open(link.as_str(), flags | OFlag::O_NONBLOCK, Mode::empty()) {
        Err(Errno::EWOULDBLOCK) if is_regular(seen)? => nix::fcntl::open(link.as_str(), flags, Mode::empty()),
        opened => opened,
    }
}

fn is_regular(file: &OwnedFd) -> Result<bool, Errno> {
    let mode = nix::sys::stat::fstat(file)?.st_mode;
    Ok(SFlag::from_bits_truncate(mode) & SFlag::S_IFMT == SFlag::S_IFREG)
}

/// How paths of a container are resolved: its root is the root, and no link of procfs leads out of it.
pub(crate) const IN_ROOT: ResolveFlag =
    ResolveFlag::RESOLVE_IN_ROOT.union(ResolveFlag::RESOLVE_NO_MAGICLINKS);

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::process::{Command, Stdio};

    use super::*;

    /// As Samba has: the holder is asked to give it back, and does so in its own time.
    #[test]
    fn a_file_with_a_lease_is_opened_when_that_is_given_back() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let script = "import fcntl, os, signal, sys\n\
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGIO])\n\
            file = os.open(sys.argv[1], os.O_RDWR)\n\
            fcntl.fcntl(file, 1024, fcntl.F_WRLCK)\n\
            print(flush=True)\n\
            signal.sigwait([signal.SIGIO])\n\
            fcntl.fcntl(file, 1024, fcntl.F_UNLCK)\n";
        let mut holder = Command::new("python3");
        holder
            .args(["-c", script])
            .arg(file.path())
            .stdout(Stdio::piped());
        // It keeps nothing of the file open but what has the lease.
        let path = file.into_temp_path();
        let mut holder = holder.spawn().unwrap();
        let mut line = [0];
        std::io::Read::read_exact(holder.stdout.as_mut().unwrap(), &mut line).unwrap();
        let flags = OFlag::O_PATH | OFlag::O_CLOEXEC;
        let seen = nix::fcntl::open(&*path, flags, Mode::empty()).unwrap();
        open_seen(&seen).unwrap();
        assert!(holder.wait().unwrap().success());
    }

    /// Who disturbs could make it go on for ever.
    #[test]
    fn a_walk_that_is_disturbed_all_the_time_ends() {
        let count = Cell::new(0);
        let attempt = |until: usize| {
            count.set(0);
            patiently(|| {
                count.set(count.get() + 1);
                match count.get() {
                    last if last == until => Ok(()),
                    odd if odd % 2 == 1 => Err(Errno::EINTR),
                    _ => Err(Errno::EAGAIN),
                }
            })
        };
        assert_eq!(attempt(100), Ok(()));
        assert_eq!(attempt(usize::MAX), Err(Errno::EAGAIN));
        assert_eq!(count.get(), 2 * (ATTEMPTS + 1));
    }
}
