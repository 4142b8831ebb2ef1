//! One connection to a shim: hello, then frames in both directions.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Arc, Mutex};

use serde::Deserialize;
use serde_json::{Value, json};

use super::frame;
use crate::engine::status::ExitRecord;
use crate::error::{Error, Result};
use crate::format::timestamp::Timestamp;

/// Which streams a client takes part in.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Streams {
    pub(crate) stdin: bool,
    pub(crate) stdout: bool,
    pub(crate) stderr: bool,
    /// What began before and is not in the log yet comes first.
    pub(crate) replay: bool,
}

/// What the shim tells a client.
#[derive(Debug)]
pub(crate) enum Event<'a> {
    Stdout(&'a [u8]),
    Stderr(&'a [u8]),
    /// The container ended; nothing comes behind this.
    Exited(ExitRecord),
    /// The shim went away without a word.
    Gone,
}

/// A connection to a shim.
#[derive(Debug)]
pub(crate) struct Connection {
    socket: UnixStream,
    /// Who sends has it: frames must not mix.
    turn: Arc<Mutex<()>>,
    payload: Vec<u8>,
    /// When the shim began to count this client in, if it said so.
    since: Option<Timestamp>,
}

/// The payload of a welcome, as far as it matters here.
#[derive(Deserialize)]
struct Welcome {
    #[serde(default)]
    at: Option<String>,
}

/// What became of asking for a process.
#[derive(Debug)]
pub(crate) enum Opened {
    /// It runs.
    Welcome(Connection),
    /// It could not be started.
    Failed(Failure),
    /// The shim went away.
    Gone,
}

/// Why a process could not be started.
#[derive(Debug, Deserialize)]
pub(crate) struct Failure {
    pub(crate) message: String,
    #[serde(default)]
    pub(crate) hints: Vec<String>,
}

impl Connection {
    /// Connects to the attach socket in a shim's directory; returns when the shim counts this client in: what the
    /// container writes from then on arrives here, so a `start` that follows loses no output.
    ///
    /// # Errors
    /// When nobody listens there.
    pub(crate) fn open(directory: &Path, streams: Streams) -> Result<Self> {
        let failed =
            |error: io::Error| Error::io(format!("attach to {}/attach.sock", directory.display()), &error);
        let socket = dial(directory).map_err(failed)?;
        let Streams {
            stdin,
            stdout,
            stderr,
            replay,
        } = streams;
        let hello = json!({
            "stdin": stdin, "stdout": stdout, "stderr": stderr, "overflow": "block", "replay": replay,
        });
        frame::write(&socket, frame::HELLO, hello.to_string().as_bytes()).map_err(failed)?;
        let mut connection = Self::new(socket);
        connection.await_welcome().map_err(failed)?;
        Ok(connection)
    }

    /// Asks for a process beside the container's own (docs/contracts/shim.md, "exec").
    ///
    /// # Errors
    /// When nobody listens there.
    pub(crate) fn exec(directory: &Path, wanted: &Value) -> io::Result<Opened> {
        let mut connection = Self::new(dial(directory)?);
        frame::write(&connection.socket, frame::EXEC, wanted.to_string().as_bytes())?;
        match frame::read(&connection.socket, &mut connection.payload)? {
            Some(frame::WELCOME) => Ok(Opened::Welcome(connection)),
            Some(frame::FAILED) => Ok(Opened::Failed(serde_json::from_slice(&connection.payload)?)),
            None => Ok(Opened::Gone),
            Some(other) => Err(io::Error::other(format!("frame {other} instead of a welcome"))),
        }
    }

    fn new(socket: UnixStream) -> Self {
        Self {
            socket,
            turn: Arc::default(),
            payload: Vec::new(),
            since: None,
        }
    }

    /// The first frame is the welcome. A shim that has just gone says nothing: `next` tells.
    fn await_welcome(&mut self) -> io::Result<()> {
        match frame::read(&self.socket, &mut self.payload) {
            Ok(None) => Ok(()),
            Ok(Some(frame::WELCOME)) => {
                let welcome: Welcome = serde_json::from_slice(&self.payload)?;
                self.since = welcome.at.and_then(|at| Timestamp::parse(&at));
                Ok(())
            }
            Ok(Some(other)) => Err(io::Error::other(format!("frame {other} instead of a welcome"))),
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// When the shim began to count this client in: what was written before is in the log, with no later time.
    pub(crate) fn since(&self) -> Option<Timestamp> {
        self.since
    }

    /// The other half, for a thread that sends.
    ///
    /// # Errors
    /// When the descriptor cannot be duplicated.
    pub(crate) fn sender(&self) -> Result<Sender> {
        self.socket
            .try_clone()
            .map(|socket| Sender {
                socket,
                turn: Arc::clone(&self.turn),
            })
            .map_err(|error| Error::io("dup(attach socket)", &error))
    }

    /// The next thing the shim says.
    pub(crate) fn next(&mut self) -> Result<Event<'_>> {
        loop {
            let kind = match frame::read(&self.socket, &mut self.payload) {
                Ok(Some(kind)) => kind,
                Ok(None) => return Ok(Event::Gone),
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(Event::Gone),
                Err(error) => return Err(Error::io("read the attach socket", &error)),
            };
            match kind {
                frame::STDOUT => return Ok(Event::Stdout(&self.payload)),
                frame::STDERR => return Ok(Event::Stderr(&self.payload)),
                frame::EXITED => match serde_json::from_slice(&self.payload) {
                    Ok(record) => return Ok(Event::Exited(record)),
                    Err(_) => return Ok(Event::Gone),
                },
                // Output that was lost (never: we let the container wait), types of later versions.
                _ => {}
            }
        }
    }
}

/// The sending half of a connection.
#[derive(Debug)]
pub(crate) struct Sender {
    socket: UnixStream,
    turn: Arc<Mutex<()>>,
}

impl Sender {
    /// Bytes for the process's standard input.
    pub(crate) fn stdin(&self, bytes: &[u8]) -> io::Result<()> {
        bytes
            .chunks(frame::MAX_PAYLOAD)
            .try_for_each(|chunk| self.send(frame::STDIN, chunk))
    }

    /// There is no more input.
    pub(crate) fn stdin_end(&self) -> io::Result<()> {
        self.send(frame::STDIN_END, &[])
    }

    /// The terminal's new size.
    pub(crate) fn resize(&self, rows: u16, cols: u16) -> io::Result<()> {
        let size = json!({"rows": rows, "cols": cols});
        self.send(frame::RESIZE, size.to_string().as_bytes())
    }

    /// A signal for the process.
    pub(crate) fn signal(&self, number: i32) -> io::Result<()> {
        self.send(frame::SIGNAL, json!({"signal": number}).to_string().as_bytes())
    }

    fn send(&self, kind: u8, payload: &[u8]) -> io::Result<()> {
        let _turn = self.turn.lock();
        frame::write(&self.socket, kind, payload)
    }

    /// Ends both directions: who reads sees the end of the stream.
    pub(crate) fn hang_up(&self) {
        let _ = self.socket.shutdown(std::net::Shutdown::Both);
    }
}

/// A socket's path is limited to 107 bytes; through the directory's descriptor it is always short.
fn dial(directory: &Path) -> io::Result<UnixStream> {
    let handle = File::open(directory)?;
    UnixStream::connect(format!("/proc/self/fd/{}/attach.sock", handle.as_raw_fd()))
}
