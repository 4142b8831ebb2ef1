//! sd_notify(3) across the container's border: the program says on a socket of its own that it is ready, and the service
//! manager that started the runtime hears it.
//!
//! The container finds the socket at `/run/notify/notify.sock`, as under runc. Only `READY=1` is passed on; what else
//! the container says, descriptors included, goes nowhere: it is hostile input to the service manager's own socket.

use super::{Directory, Locked, Process, Record, emptying, signal};
use crate::error::{Context, Error, Result};
use crate::log;
use crate::oci::{Mount, Process as Program, Spec};
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag, openat};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::sockopt::SendTimeout;
use nix::sys::socket::{self, AddressFamily, ControlMessage, MsgFlags, SockFlag, SockType, UnixAddr};
use nix::sys::stat::{FchmodatFlags, Mode, fchmodat, mkdirat};
use nix::sys::time::{TimeVal, TimeValLike};
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

/// How long the service manager may take to hear, and to say that it has: systemd-notify's own patience is 5 seconds.
const PATIENCE: Duration = Duration::from_secs(30);

/// How many notifications are read in a turn: a container that says more keeps nobody from the runtime's other work.
const A_TURN: usize = 16;
/// How many may be left when init has ended: more than systemd lets a socket's queue hold (net.unix.max_dgram_qlen).
const THE_REST: usize = 1024;

/// The socket of the service manager that started the runtime.
#[derive(Debug)]
pub(super) struct Manager {
    address: UnixAddr,
    patience: Duration,
}

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
        address.inspect_err(unusable).ok().map(Self::at)
    }

    fn at(address: UnixAddr) -> Self {
        Self {
            address,
            patience: PATIENCE,
        }
    }

    /// The configuration with the socket in it: the mount, and the variable that names it.
    pub(super) fn add_to<'a>(&self, spec: &Spec<'a>, directory: &Directory) -> Spec<'a> {
        let mut spec = with_mount(spec, directory);
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
        let place = match open_directory(directory) {
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
        // Its queue may be full, and it may not read.
        let patience = TimeVal::milliseconds(self.patience.as_millis().try_into().unwrap_or(i64::MAX));
        socket::setsockopt(&here, SendTimeout, &patience)
            .map_err(|errno| Error::syscall("setsockopt(SO_SNDTIMEO)", errno as i32))?;
        let rights = [ControlMessage::ScmRights(fds)];
        let rights = if fds.is_empty() { &[][..] } else { &rights };
        let text = [IoSlice::new(text.as_bytes())];
        socket::sendmsg(
            here.as_raw_fd(),
            &text,
            rights,
            MsgFlags::MSG_NOSIGNAL,
            Some(&self.address),
        )
        .map(|_| ())
        .map_err(|errno| {
            let error = Error::syscall("sendmsg(NOTIFY_SOCKET)", errno as i32);
            match errno {
                Errno::EAGAIN => error.hint("it has not read its socket for long: does it hang?"),
                _ => error,
            }
        })
        .context(|| "tell the service manager")
    }

    /// Returns when the service manager has read everything before: it closes the descriptor then (sd_notify_barrier(3)).
    fn wait_for_reading(&self) -> Result<()> {
        let (read, written) =
            pipe2(OFlag::O_CLOEXEC).map_err(|errno| Error::syscall("pipe2()", errno as i32))?;
        self.tell("BARRIER=1", &[written.as_raw_fd()])?;
        drop(written);
        let timeout = PollTimeout::try_from(self.patience).unwrap_or(PollTimeout::NONE);
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
            return self.pass_on(init, THE_REST).map(|_| ());
        };
        loop {
            let mut watched = [
                PollFd::new(self.socket.as_fd(), PollFlags::POLLIN),
                PollFd::new(pidfd.as_fd(), PollFlags::POLLIN),
            ];
            wait(&mut watched, PollTimeout::NONE)?;
            let ended = watched[1].revents().is_some_and(|events| !events.is_empty());
            // What it said before its end counts.
            if self.pass_on(init, if ended { THE_REST } else { A_TURN })? || ended {
                return Ok(());
            }
        }
    }

    /// Tells the service manager if the container is ready; whether it is.
    fn pass_on(&self, init: Process, at_most: usize) -> Result<bool> {
        let ready = self.hears_ready(at_most);
        if ready {
            // From now on the service is the container's init, not the runtime that ends.
            self.manager.tell_ready(init.pid.cast_unsigned())?;
            self.manager.wait_for_reading()?;
        }
        Ok(ready)
    }

    /// Passes on that the container is ready if it has said so; whether that was all there is to do. For a runtime that
    /// stays, as the service's main process, and asks again as long as the descriptor is readable.
    pub(super) fn passed_on(&self, ended: bool) -> bool {
        let ready = self.hears_ready(if ended { THE_REST } else { A_TURN });
        if ready && let Err(error) = self.manager.tell_ready(std::process::id()) {
            log::warn(&error.to_string());
        }
        ready
    }

    /// The descriptor to wait on.
    pub(super) fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Whether one of the next notifications is the one. Descriptors that come along are closed by the kernel.
    fn hears_ready(&self, at_most: usize) -> bool {
        let mut text = [0; LONGEST];
        for _ in 0..at_most {
            let Ok(length) = socket::recv(self.socket.as_raw_fd(), &mut text, MsgFlags::empty()) else {
                return false;
            };
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

/// The configuration with the directory of the socket in it, read-only.
fn with_mount<'a>(spec: &Spec<'a>, directory: &Directory) -> Spec<'a> {
    let mut spec = spec.clone();
    let source = directory.path().join(DIRECTORY);
    spec.mounts.push(Mount {
        destination: INSIDE.into(),
        source: Some(source.to_string_lossy().into_owned().into()),
        options: ["bind", "nosuid", "noexec", "nodev", "ro"].map(Into::into).into(),
        ..Mount::default()
    });
    spec
}

/// The configuration of a container that is there as its mounts are: with the socket's directory, if it was given one.
pub(super) fn as_mounted<'a>(spec: Spec<'a>, directory: &Directory) -> Spec<'a> {
    match open_directory(directory) {
        Ok(_) => with_mount(&spec, directory),
        Err(_) => spec,
    }
}

/// The configuration of a container that comes back, with a new directory of the socket if it had one: the mounts that it
/// had from outside are `saved`.
///
/// # Errors
/// When the directory cannot be made.
pub(super) fn restored<'a>(
    spec: &Spec<'a>,
    saved: &[String],
    directory: &Locked,
) -> Result<Option<Spec<'a>>> {
    let is_own = spec.mounts.iter().any(|mount| mount.destination == INSIDE);
    if is_own || saved.iter().all(|name| name != INSIDE) {
        return Ok(None);
    }
    make_directory(directory)?;
    Ok(Some(with_mount(spec, directory)))
}

fn open_directory(directory: &Directory) -> nix::Result<OwnedFd> {
    let flags = OFlag::O_PATH | OFlag::O_CLOEXEC;
    openat(&directory.fd, DIRECTORY, flags, Mode::empty())
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

/// Removes the socket, and what a container put beside it that could: the directory, which is empty then, goes with the
/// container's.
///
/// # Errors
/// When something stays.
pub(super) fn remove_socket(directory: &Directory) -> Result<()> {
    emptying::empty(directory.fd(), DIRECTORY)
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixDatagram};

    /// What a container says, and who hears it for a service manager of that name.
    fn container(name: &str) -> (UnixDatagram, UnixDatagram, Notifications) {
        let name = format!("corten-notify-{}-{name}", std::process::id());
        let manager = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
        let (inside, outside) = UnixDatagram::pair().unwrap();
        outside.set_nonblocking(true).unwrap();
        let notifications = Notifications {
            socket: outside.into(),
            manager: Manager::at(UnixAddr::new_abstract(name.as_bytes()).unwrap()),
        };
        (inside, manager, notifications)
    }

    /// It kept `run` from forwarding signals.
    #[test]
    fn a_container_that_says_much_is_heard_in_turns() {
        let (inside, _manager, notifications) = container("turns");
        for _ in 0..2 * A_TURN {
            inside.send(b"STATUS=busy").unwrap();
        }
        inside.send(b"READY=1").unwrap();
        let turns: Vec<bool> = (0..3).map(|_| notifications.hears_ready(A_TURN)).collect();
        assert_eq!(turns, [false, false, true]);
    }

    #[test]
    fn all_that_was_said_before_the_end_counts() {
        let (inside, manager, notifications) = container("last-words");
        for _ in 0..2 * A_TURN {
            inside.send(b"STATUS=busy").unwrap();
        }
        inside.send(b"READY=1").unwrap();
        manager.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let hears = std::thread::spawn(move || {
            let mut text = [0; 64];
            let ready = manager.recv(&mut text).unwrap();
            let ready = String::from_utf8(text[..ready].to_vec()).unwrap();
            // A descriptor that is not received is closed.
            manager.recv(&mut [0; 64]).unwrap();
            ready
        });
        // Nobody has this pid any more.
        let pid = i32::MAX;
        notifications.follow_init(Process { pid, start_time: 1 }).unwrap();
        assert_eq!(hears.join().unwrap(), format!("READY=1\nMAINPID={pid}"));
    }

    #[test]
    fn a_service_manager_that_does_not_read_is_not_waited_for_for_ever() {
        let (_inside, _manager, mut notifications) = container("deaf");
        notifications.manager.patience = Duration::from_millis(20);
        let told = (0..THE_REST).map(|_| notifications.manager.tell_ready(1));
        let error = told.filter_map(Result::err).next().unwrap();
        assert_eq!(error.errno(), Some(libc::EAGAIN));
    }
}
