//! sd_notify(3) across the container's border: the program says on a socket of its own that it is ready, and the service
//! manager that started the runtime hears it.
//!
//! The container finds the socket at `/run/notify/notify.sock`, as under runc. Only `READY=1` is passed on; what else
//! the container says, descriptors included, goes nowhere: it is hostile input to the service manager's own socket.

use super::{Directory, Locked, Process, Record, signal};
use crate::error::{Context, Error, Result};
use crate::log;
use crate::oci::{Mount, Process as Program, Spec};
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag, openat};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{self, AddressFamily, ControlMessage, MsgFlags, SockFlag, SockType, UnixAddr};
use nix::sys::stat::{FchmodatFlags, Mode, fchmodat, mkdirat};
use nix::unistd::{UnlinkatFlags, pipe2, unlinkat};
use std::io::IoSlice;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

/// The socket's directory, in the container's, and the socket in it.
const DIRECTORY: &str = "notify";
const SOCKET: &str = "notify.sock";

/// Where the container finds the socket's directory.
const INSIDE: &str = "/run/notify";

/// The longest notification that is read: sd_notify's are a few lines.
const LONGEST: usize = 4096;

/// How long the service manager may take to say that it has read: systemd-notify's own patience is 5 seconds.
const PATIENCE: Duration = Duration::from_secs(30);

/// The socket of the service manager that started the runtime.
#[derive(Debug)]
pub(super) struct Manager(UnixAddr);

impl Manager {
    /// The one that `NOTIFY_SOCKET` names, if any: a path, or an abstract name after `@`.
    pub(super) fn find() -> Option<Self> {
        let name = std::env::var_os("NOTIFY_SOCKET").filter(|name| !name.is_empty())?;
        let address = match name.as_bytes() {
            [b'@', name @ ..] => UnixAddr::new_abstract(name),
            [b'/', ..] => UnixAddr::new(Path::new(&name)),
            _ => Err(Errno::EAFNOSUPPORT),
        };
        let unusable = |errno: &Errno| {
            let name = name.to_string_lossy();
            log::warn(&format!("NOTIFY_SOCKET {name:?} is ignored: {}", errno.desc()));
        };
        address.inspect_err(unusable).ok().map(Self)
    }

    /// The configuration with the socket in it: a read-only mount, and the variable that names it.
    pub(super) fn add_to<'a>(&self, spec: &Spec<'a>, directory: &Path) -> Spec<'a> {
        let mut spec = spec.clone();
        spec.mounts.push(Mount {
            destination: INSIDE.into(),
            source: Some(directory.join(DIRECTORY).to_string_lossy().into_owned().into()),
            options: ["bind", "nosuid", "noexec", "nodev", "ro"].map(Into::into).into(),
            ..Mount::default()
        });
        if let Some(Program { env, .. }) = &mut spec.process {
            env.push(format!("NOTIFY_SOCKET={INSIDE}/{SOCKET}").into());
        }
        spec
    }

    /// Makes the container's socket; none for a container that was created without its directory.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(super) fn listen(self, directory: &Directory) -> Result<Option<Notifications>> {
        let place = match openat(
            &directory.fd,
            DIRECTORY,
            OFlag::O_PATH | OFlag::O_CLOEXEC,
            Mode::empty(),
        ) {
            Err(Errno::ENOENT) => return Ok(None),
            place => place,
        };
        let socket = place
            .and_then(|place| bind(place.as_fd()))
            .map_err(|errno| failed(directory, "bind", errno))?;
        let manager = self;
        Ok(Some(Notifications { socket, manager }))
    }

    fn tell_ready(&self, main_pid: u32) -> Result<()> {
        self.tell(&format!("READY=1\nMAINPID={main_pid}"), &[])
    }

    fn tell(&self, text: &str, fds: &[i32]) -> Result<()> {
        let here = socket::socket(
            AddressFamily::Unix,
            SockType::Datagram,
            SockFlag::SOCK_CLOEXEC,
            None,
        )
        .map_err(|errno| Error::syscall("socket(AF_UNIX, SOCK_DGRAM)", errno as i32))?;
        let rights = [ControlMessage::ScmRights(fds)];
        let rights = if fds.is_empty() { &[][..] } else { &rights };
        let text = [IoSlice::new(text.as_bytes())];
        socket::sendmsg(
            here.as_raw_fd(),
            &text,
            rights,
            MsgFlags::MSG_NOSIGNAL,
            Some(&self.0),
        )
        .map(|_| ())
        .map_err(|errno| Error::syscall("sendmsg(NOTIFY_SOCKET)", errno as i32))
        .context(|| "tell the service manager")
    }

    /// Returns when the service manager has read everything before: it closes the descriptor then (sd_notify_barrier(3)).
    fn wait_for_reading(&self) -> Result<()> {
        let (read, written) =
            pipe2(OFlag::O_CLOEXEC).map_err(|errno| Error::syscall("pipe2()", errno as i32))?;
        self.tell("BARRIER=1", &[written.as_raw_fd()])?;
        drop(written);
        let timeout = PollTimeout::try_from(PATIENCE).unwrap_or(PollTimeout::NONE);
        wait(&mut [PollFd::new(read.as_fd(), PollFlags::empty())], timeout)
    }
}

/// What the container says to the service manager.
#[derive(Debug)]
pub(super) struct Notifications {
    socket: OwnedFd,
    manager: Manager,
}

impl Notifications {
    /// Passes on that the container is ready, as soon as it says so or its init ends; for a runtime that ends then.
    /// A container that cannot be heard runs all the same: what fails is logged.
    pub(super) fn follow(self, record: &Record<'_>) {
        if let Some(init) = record.init
            && let Err(error) = self.follow_init(init)
        {
            log::warn(&error.to_string());
        }
    }

    fn follow_init(&self, init: Process) -> Result<()> {
        let Some(pidfd) = signal::open(init)? else {
            return Ok(());
        };
        loop {
            let mut watched = [
                PollFd::new(self.socket.as_fd(), PollFlags::POLLIN),
                PollFd::new(pidfd.as_fd(), PollFlags::POLLIN),
            ];
            wait(&mut watched, PollTimeout::NONE)?;
            let ended = watched[1].revents().is_some_and(|events| !events.is_empty());
            // What it said before its end counts.
            if self.hears_ready() {
                // From now on the service is the container's init, not the runtime that ends.
                self.manager.tell_ready(init.pid.cast_unsigned())?;
                return self.manager.wait_for_reading();
            }
            if ended {
                return Ok(());
            }
        }
    }

    /// Passes on that the container is ready if it has said so; whether that was all there is to do. For a runtime that
    /// stays, as the service's main process.
    pub(super) fn passed_on(&self) -> bool {
        let ready = self.hears_ready();
        if ready && let Err(error) = self.manager.tell_ready(std::process::id()) {
            log::warn(&error.to_string());
        }
        ready
    }

    /// The descriptor to wait on.
    pub(super) fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Whether one of the notifications that have come is the one. Descriptors that come along are closed by the kernel.
    fn hears_ready(&self) -> bool {
        let mut text = [0; LONGEST];
        while let Ok(length) = socket::recv(self.socket.as_raw_fd(), &mut text, MsgFlags::empty()) {
            if text[..length]
                .split(|byte| *byte == b'\n')
                .any(|line| line == b"READY=1")
            {
                return true;
            }
        }
        false
    }
}

fn wait(watched: &mut [PollFd<'_>], timeout: PollTimeout) -> Result<()> {
    loop {
        match poll(watched, timeout) {
            Ok(_) => return Ok(()),
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(Error::syscall("poll", errno as i32)),
        }
    }
}

/// Makes the directory of the container's socket, which everybody in the container may reach.
///
/// # Errors
/// When it cannot be made.
pub(super) fn make_directory(directory: &Locked) -> Result<()> {
    let mode = Mode::from_bits_truncate(0o755);
    mkdirat(&directory.fd, DIRECTORY, mode)
        .and_then(|()| fchmodat(&directory.fd, DIRECTORY, mode, FchmodatFlags::FollowSymlink))
        .map_err(|errno| failed(directory, "mkdir", errno))
}

/// Removes the socket; its directory, which is empty then, goes with the container's.
///
/// # Errors
/// When it stays.
pub(super) fn remove_socket(directory: &Directory) -> Result<()> {
    let path = format!("{DIRECTORY}/{SOCKET}");
    match unlinkat(&directory.fd, path.as_str(), UnlinkatFlags::NoRemoveDir) {
        Ok(()) | Err(Errno::ENOENT | Errno::ENOTDIR) => Ok(()),
        Err(errno) => Err(failed(directory, "unlink", errno)),
    }
}

/// A new socket in the directory, whose path may be longer than an address can hold.
fn bind(place: BorrowedFd<'_>) -> nix::Result<OwnedFd> {
    let path = format!("/proc/self/fd/{}/{SOCKET}", place.as_raw_fd());
    // A `start` that failed has left its own.
    let _ = unlinkat(AT_FDCWD, path.as_str(), UnlinkatFlags::NoRemoveDir);
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let socket = socket::socket(AddressFamily::Unix, SockType::Datagram, flags, None)?;
    socket::bind(socket.as_raw_fd(), &UnixAddr::new(path.as_str())?)?;
    // The program's user is anybody.
    let mode = Mode::from_bits_truncate(0o777);
    fchmodat(AT_FDCWD, path.as_str(), mode, FchmodatFlags::FollowSymlink)?;
    Ok(socket)
}

fn failed(directory: &Directory, call: &str, errno: Errno) -> Error {
    let path = directory.path().join(DIRECTORY);
    Error::syscall(format!("{call} {}", path.display()), errno as i32)
        .context("make the container's socket for notifications")
}
