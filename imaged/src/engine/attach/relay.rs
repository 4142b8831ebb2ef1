//! A container in the foreground: its output here, our input there, signals and the window's size passed on.
//!
//! The calling thread writes the output; one thread reads standard input, one waits for signals. Signals go
//! over a connection of their own, so that input which the container does not read cannot hold them up.

use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use nix::sys::signal::{SigSet, Signal};

use super::connection::{Connection, Event, Sender, Streams};
use super::detach::Keys;
use crate::engine::status::ExitRecord;
use crate::error::{Error, Kind, Result};
use crate::format::timestamp::Timestamp;
use crate::sys::terminal::{self, Raw};

/// How a relay ended.
#[derive(Debug)]
pub(crate) enum Outcome {
    Exited(ExitRecord),
    /// The user detached; the container goes on.
    Detached,
    /// The shim went away; how the container ended is unknown.
    Gone,
}

/// A prepared relay: connected, so that nothing the container says is lost, but not yet reading.
#[derive(Debug)]
pub(crate) struct Relay {
    connection: Connection,
    /// Where signals and sizes go.
    signals: Option<Sender>,
    stdin: bool,
    tty: bool,
    proxy: bool,
    keys: Keys,
}

/// Everything that can be caught, but what concerns this process alone.
fn forwarded() -> SigSet {
    let mut set = SigSet::all();
    for own in [
        Signal::SIGCHLD,
        Signal::SIGPIPE,
        Signal::SIGSEGV,
        Signal::SIGBUS,
        Signal::SIGFPE,
        Signal::SIGILL,
        Signal::SIGABRT,
        Signal::SIGTRAP,
        Signal::SIGSYS,
        Signal::SIGTSTP,
        Signal::SIGTTIN,
        Signal::SIGTTOU,
        Signal::SIGURG,
    ] {
        set.remove(own);
    }
    set
}

impl Relay {
    /// Connects to a container's shim. When it has answered, the signals that are passed on wait, in this and all later
    /// threads; not before, for a shim and all it starts would inherit that, and one that does not answer could not be
    /// left.
    ///
    /// # Errors
    /// When nobody listens there.
    pub(crate) fn connect(shim: &Path, streams: Streams, tty: bool, proxy: bool, keys: Keys) -> Result<Self> {
        let connection = Connection::open(shim, streams)?;
        let signals = if proxy || tty {
            let signals = Connection::open(shim, Streams::default())?.sender()?;
            watched(proxy)
                .thread_block()
                .map_err(|errno| Error::syscall("pthread_sigmask", errno as i32))?;
            Some(signals)
        } else {
            None
        };
        Ok(Self {
            connection,
            signals,
            stdin: streams.stdin,
            tty,
            proxy,
            keys,
        })
    }

    /// A relay for a process beside the container's own. There is one connection for everything: it has no other. Only
    /// with a terminal are signals passed on, so that the terminal is restored.
    ///
    /// # Errors
    /// When the connection cannot be duplicated.
    pub(crate) fn of(connection: Connection, stdin: bool, tty: bool, keys: Keys) -> Result<Self> {
        let signals = if tty {
            forwarded()
                .thread_block()
                .map_err(|errno| Error::syscall("pthread_sigmask", errno as i32))?;
            Some(connection.sender()?)
        } else {
            None
        };
        Ok(Self {
            connection,
            signals,
            stdin,
            tty,
            proxy: true,
            keys,
        })
    }

    /// When the shim began to pass the container's output on to us.
    pub(crate) fn since(&self) -> Option<Timestamp> {
        self.connection.since()
    }

    /// Relays until the process ends or the user detaches.
    ///
    /// # Errors
    /// When output cannot be written: `Closed` if its reader went away.
    pub(crate) fn run(mut self) -> Result<Outcome> {
        let _raw = if self.tty && self.stdin && terminal::stdin_is_terminal() {
            Some(Raw::new()?)
        } else {
            None
        };
        if let Some(sender) = self.signals {
            let tty = self.tty;
            let set = watched(self.proxy);
            thread::spawn(move || pass_signals(&sender, &set, tty));
        }
        let detached = Arc::new(AtomicBool::new(false));
        if self.stdin {
            let sender = self.connection.sender()?;
            let keys = self.tty.then_some(self.keys);
            let detached = Arc::clone(&detached);
            thread::spawn(move || pass_input(&sender, keys, &detached));
        }
        let (mut stdout, mut stderr) = (io::stdout().lock(), io::stderr().lock());
        loop {
            match self.connection.next()? {
                Event::Stdout(bytes) => show(&mut stdout, bytes, "output")?,
                Event::Stderr(bytes) => show(&mut stderr, bytes, "error")?,
                Event::Exited(record) => return Ok(Outcome::Exited(record)),
                Event::Gone if detached.load(Ordering::Acquire) => return Ok(Outcome::Detached),
                Event::Gone => return Ok(Outcome::Gone),
            }
        }
    }
}

fn show(out: &mut impl Write, bytes: &[u8], name: &str) -> Result<()> {
    out.write_all(bytes).and_then(|()| out.flush()).map_err(|error| {
        let kind = if error.kind() == io::ErrorKind::BrokenPipe {
            Kind::Closed
        } else {
            Kind::System
        };
        Error::io(format!("write to standard {name}"), &error).with_kind(kind)
    })
}

/// Passes our standard input on until it ends, the shim goes or the user detaches.
fn pass_input(sender: &Sender, mut keys: Option<Keys>, detached: &AtomicBool) {
    let mut stdin = io::stdin().lock();
    let mut buffer = vec![0; 32 << 10];
    loop {
        let input = match stdin.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => &buffer[..count],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => break,
        };
        let sent = match &mut keys {
            None => sender.stdin(input),
            Some(keys) => {
                let (input, complete) = keys.filter(input);
                let sent = sender.stdin(&input);
                if complete {
                    detached.store(true, Ordering::Release);
                    return sender.hang_up();
                }
                sent
            }
        };
        if sent.is_err() {
            return;
        }
    }
    // The container may have closed its end already: nobody is left to tell.
    let _ = sender.stdin_end();
}

/// What is waited for: all that is passed on, or the changes of the window alone.
fn watched(proxy: bool) -> SigSet {
    match proxy {
        true => forwarded(),
        false => SigSet::from_iter([Signal::SIGWINCH]),
    }
}

/// Passes signals on; a change of the window becomes a resize.
fn pass_signals(sender: &Sender, set: &SigSet, tty: bool) {
    if tty && let Some((rows, cols)) = terminal::size() {
        let _ = sender.resize(rows, cols);
    }
    loop {
        // A real-time signal has no name here; those that come after it still count.
        let Ok(signal) = set.wait() else { continue };
        let sent = match signal {
            Signal::SIGWINCH if tty => match terminal::size() {
                Some((rows, cols)) => sender.resize(rows, cols),
                None => Ok(()),
            },
            Signal::SIGWINCH => Ok(()),
            signal => sender.signal(signal as i32),
        };
        if sent.is_err() {
            return;
        }
    }
}
