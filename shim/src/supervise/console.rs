//! The console socket: the runtime sends the terminal's master through it.

use std::fs::File;
use std::io::ErrorKind;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;

use crate::error::{Call, Error, Kind, Result};
use crate::sys::epoll::Watch;
use crate::sys::files::short_path;
use crate::sys::socket::{listen, receive_descriptor};

/// The name of the container's own.
pub const NAME: &str = "console.sock";

/// Waiting for the terminal.
pub struct Console {
    socket: Socket,
    /// What it waits for in the epoll set.
    pub watch: Watch,
    path: PathBuf,
}

enum Socket {
    Listening(UnixListener),
    Connected(UnixStream),
}

/// The socket's path for child processes: short, whatever the directory's is.
pub fn path_for_others(dir: &File, own_pid: i32, name: &str) -> PathBuf {
    PathBuf::from(format!("/proc/{own_pid}/fd/{}/{name}", dir.as_raw_fd()))
}

impl Console {
    /// Listens in the shim's directory.
    ///
    /// # Errors
    /// The socket cannot be made.
    pub fn listen(dir: &File, name: &str) -> Result<Self> {
        let socket = Socket::Listening(listen(dir, name)?);
        Ok(Self {
            socket,
            watch: Watch::default(),
            path: short_path(dir, name),
        })
    }

    /// What is to be waited for, and its place in the epoll set.
    pub fn watched(&mut self) -> (BorrowedFd<'_>, &mut Watch) {
        let socket = match &self.socket {
            Socket::Listening(listener) => listener.as_fd(),
            Socket::Connected(stream) => stream.as_fd(),
        };
        (socket, &mut self.watch)
    }

    /// Goes on as far as possible without waiting; with `must`, the terminal has to be there.
    ///
    /// # Errors
    /// Something else than a terminal came, or it is missing.
    pub fn receive(&mut self, must: bool) -> Result<Option<File>> {
        if let Socket::Listening(listener) = &self.socket {
            match listener.accept() {
                Ok((stream, _)) => {
                    stream
                        .set_nonblocking(true)
                        .call(|| "fcntl(console socket, O_NONBLOCK)")?;
                    self.socket = Socket::Connected(stream);
                    self.watch = Watch::default();
                }
                Err(error) if error.kind() != ErrorKind::WouldBlock => {
                    return Err(error).call(|| "accept(console socket)");
                }
                Err(_) if must => {
                    return Err(Error::new(
                        Kind::Runtime,
                        "the runtime sent no terminal to the console socket",
                    )
                    .hint("is process.terminal true in config.json?"));
                }
                Err(_) => return Ok(None),
            }
        }
        let Socket::Connected(stream) = &self.socket else {
            return Ok(None);
        };
        match receive_descriptor(stream) {
            Ok(terminal) => Ok(Some(terminal)),
            Err(error) if error.errno() == Some(libc::EAGAIN) && !must => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}
