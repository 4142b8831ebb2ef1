//! The streams of a process: what it gets, and the relays between that and where containerd wants it.
//!
//! Only the request says where output goes. A program to run for it (`binary://`) is never taken from a container's
//! configuration, whose labels and annotations an image may choose.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::Path;

use super::api::Stdio;
use super::logger::{self, Logger};
use super::options::Options;
use super::relay::{Kind, Relay};
use crate::cli::Size;
use crate::error::{Call, Error, Kind as ErrorKind, Result};
use crate::sys::epoll::Set;
use crate::sys::fifo::{self, End};
use crate::sys::files::{pipe, set_nonblocking};
use crate::sys::tty;

/// How many tokens the streams of one process need.
pub const TOKENS: u64 = 6;

/// The shim's part of a process's streams.
#[derive(Default)]
pub struct Streams {
    relays: Vec<Relay>,
    /// Keeps stdin's FIFO from ending before `CloseIO`.
    keeper: Option<File>,
    /// The terminal's master.
    terminal: Option<File>,
    /// The program that takes the output, until it is ready.
    pub logger: Option<Logger>,
    /// The same for a terminal, for whose output nobody waits.
    late_logger: Option<Logger>,
    /// The process has ended.
    finished: bool,
}

/// What the process gets as stdin, stdout and stderr; `None`: /dev/null.
pub type Theirs = [Option<OwnedFd>; 3];

impl Streams {
    /// Streams without a terminal.
    ///
    /// # Errors
    /// A place is not there or not possible.
    pub fn open(stdio: &Stdio, options: &Options, id: &str, namespace: &str) -> Result<(Self, Theirs)> {
        let mut streams = Self::default();
        let stdin = match stdio.stdin.as_str() {
            "" => None,
            path => Some(streams.open_stdin(Path::new(path))?),
        };
        let (stdout, stderr) = match Place::of(&stdio.stdout)? {
            // The program takes both.
            Place::Program(uri) => {
                let (logger, stdout, stderr) = Logger::start(&uri, id, namespace)?;
                streams.logger = Some(logger);
                (Some(stdout), Some(stderr))
            }
            stdout => {
                let stderr = match Place::of(&stdio.stderr)? {
                    Place::Program(_) => return Err(logger::only_for_stdout()),
                    other => other,
                };
                (streams.open_output(stdout)?, streams.open_output(stderr)?)
            }
        };
        let theirs = [stdin, stdout, stderr];
        if (options.io_uid, options.io_gid) != (0, 0) {
            for end in theirs.iter().flatten() {
                nix::unistd::fchown(end, Some(options.io_uid.into()), Some(options.io_gid.into()))
                    .call(|| format!("fchown(pipe, {}, {})", options.io_uid, options.io_gid))?;
            }
        }
        Ok((streams, theirs))
    }

    /// Connects a terminal.
    ///
    /// # Errors
    /// A place is not there or not possible.
    pub fn connect(&mut self, master: File, stdio: &Stdio, id: &str, namespace: &str) -> Result<()> {
        set_nonblocking(&master)?;
        let copy = || master.try_clone().call(|| "dup(terminal)");
        if !stdio.stdin.is_empty() {
            let from = self.open_fifo_to_read(Path::new(&stdio.stdin))?;
            let relay = Relay::new((from, Kind::Pipe), (copy()?, Kind::Terminal));
            self.relays.push(relay.as_input());
        }
        let to = match Place::of(&stdio.stdout)? {
            Place::Nowhere => (null()?, Kind::File),
            Place::Fifo(path) => (fifo::open(Path::new(&path), End::Both)?, Kind::Pipe),
            Place::File(path) => (open_log(Path::new(&path))?, Kind::File),
            Place::Program(uri) => {
                let (logger, stdout, _stderr) = Logger::start(&uri, id, namespace)?;
                self.late_logger = Some(logger);
                let stdout = File::from(stdout);
                set_nonblocking(&stdout)?;
                (stdout, Kind::Pipe)
            }
        };
        self.relays.push(Relay::new((copy()?, Kind::Terminal), to));
        self.terminal = Some(master);
        Ok(())
    }

    fn open_fifo_to_read(&mut self, path: &Path) -> Result<File> {
        let from = fifo::open(path, End::Read)?;
        self.keeper = Some(fifo::open(path, End::Write)?);
        Ok(from)
    }

    fn open_stdin(&mut self, path: &Path) -> Result<OwnedFd> {
        let from = self.open_fifo_to_read(path)?;
        let (theirs, ours) = pipe()?;
        let ours = File::from(ours);
        set_nonblocking(&ours)?;
        let relay = Relay::new((from, Kind::Pipe), (ours, Kind::Pipe));
        self.relays.push(relay.as_input());
        Ok(theirs)
    }

    fn open_output(&mut self, place: Place) -> Result<Option<OwnedFd>> {
        let to = match place {
            Place::Nowhere | Place::Program(_) => return Ok(None),
            Place::Fifo(path) => (fifo::open(Path::new(&path), End::Both)?, Kind::Pipe),
            Place::File(path) => (open_log(Path::new(&path))?, Kind::File),
        };
        let (ours, theirs) = pipe()?;
        let ours = File::from(ours);
        set_nonblocking(&ours)?;
        self.relays.push(Relay::new((ours, Kind::Pipe), to));
        Ok(Some(theirs))
    }

    /// Tells the epoll set what everything waits for; forgets what is over.
    ///
    /// # Errors
    /// The epoll set refuses a descriptor.
    pub fn watch(&mut self, set: &Set, token: u64) -> Result<()> {
        for (at, relay) in (0..).zip(&mut self.relays) {
            relay.watch(set, token + 2 * at)?;
        }
        self.relays.retain(|relay| !relay.is_over());
        Ok(())
    }

    /// Something happened to the descriptor with this part of a token.
    pub fn on_event(&mut self, part: u64, buffer: &mut [u8]) {
        let at = usize::try_from(part / 2).unwrap_or(usize::MAX);
        if let Some(relay) = self.relays.get_mut(at) {
            relay.pump(buffer, self.finished);
        }
    }

    /// The process has ended: what it wrote goes on, nothing more is for it.
    pub fn finish(&mut self, buffer: &mut [u8]) {
        self.finished = true;
        self.keeper = None;
        for relay in &mut self.relays {
            match relay.is_output() {
                true => relay.pump(buffer, true),
                false => relay.end(),
            }
        }
    }

    /// Whether all output has arrived.
    pub fn are_over(&self) -> bool {
        self.relays
            .iter()
            .all(|relay| relay.is_over() || !relay.is_output())
    }

    /// stdin ends when what is written to its FIFO has been read and its writers have gone.
    pub fn close_stdin(&mut self) {
        self.keeper = None;
    }

    /// Gives up what the epoll set refuses: the process goes on without.
    pub fn give_up(&mut self, set: &Set, token: u64) {
        for relay in &mut self.relays {
            relay.end();
        }
        let _ = self.watch(set, token);
    }

    /// Ends everything: what has not arrived is lost.
    ///
    /// # Errors
    /// The epoll set refuses a descriptor.
    pub fn close(&mut self, set: &Set, token: u64) -> Result<()> {
        for relay in &mut self.relays {
            relay.end();
        }
        // Copies of a terminal's descriptor stay in the set until the last is closed: they are taken out first.
        self.watch(set, token)?;
        *self = Self::default();
        Ok(())
    }

    /// Sets the terminal's size.
    ///
    /// # Errors
    /// There is no terminal.
    pub fn resize(&self, size: Size) -> Result<()> {
        match &self.terminal {
            Some(terminal) => tty::set_size(terminal, size),
            None => Err(Error::new(ErrorKind::State, "the process has no terminal")),
        }
    }
}

fn null() -> Result<File> {
    File::options()
        .write(true)
        .open("/dev/null")
        .call(|| "open(/dev/null)")
}

/// Opens a log to add to, with its directory made.
fn open_log(path: &Path) -> Result<File> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).call(|| format!("mkdir({})", parent.display()))?;
    }
    File::options()
        .append(true)
        .create(true)
        .open(path)
        .call(|| format!("open({}, O_APPEND)", path.display()))
}

/// Where output goes.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    Nowhere,
    Fifo(String),
    File(String),
    /// The whole address of the program.
    Program(String),
}

impl Place {
    fn of(text: &str) -> Result<Self> {
        match text.split_once("://") {
            None if text.is_empty() => Ok(Self::Nowhere),
            None => Ok(Self::of_path(text)),
            Some(("fifo", path)) => Ok(Self::of_path(path)),
            Some(("file", path)) if path.starts_with('/') => Ok(Self::File(percent_decoded(path))),
            Some(("binary", _)) => Ok(Self::Program(text.to_owned())),
            Some((scheme, _)) => {
                let why =
                    format!("output cannot go to {text}: {scheme} is not known, or the path is not absolute");
                Err(Error::new(ErrorKind::Input, why)
                    .hint("known are FIFOs, binary:///PROGRAM and file:///PATH"))
            }
        }
    }

    fn of_path(path: &str) -> Self {
        match fifo::is_fifo(Path::new(path)) {
            true => Self::Fifo(path.to_owned()),
            false => Self::File(path.to_owned()),
        }
    }
}

/// The text with each %XX as the byte that it stands for (RFC 3986, 2.1).
pub(super) fn percent_decoded(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((first, after)) = rest.split_first() {
        let hex = after
            .get(..2)
            .filter(|_| *first == b'%')
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match hex {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_known_by_their_scheme() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("out");
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRUSR).expect("made");
        let path = path.to_str().expect("text");
        assert_eq!(Place::of("").expect("known"), Place::Nowhere);
        assert_eq!(Place::of(path).expect("known"), Place::Fifo(path.to_owned()));
        assert_eq!(
            Place::of(&format!("fifo://{path}")).expect("known"),
            Place::Fifo(path.to_owned())
        );
        assert_eq!(
            Place::of("file:///a%20b/%zz").expect("known"),
            Place::File("/a b/%zz".to_owned())
        );
        assert_eq!(
            Place::of("binary:///bin/x?a=b").expect("known"),
            Place::Program("binary:///bin/x?a=b".to_owned())
        );
        Place::of("http://x").expect_err("unknown");
        Place::of("file://relative").expect_err("no host is meant");
    }
}
