//! A blocking connection to systemd, directly or through a bus: calls, answers, and the news of ended jobs.
//!
//! What needs no answer first is sent at once: through a bus, the authentication, the bus's greeting and the first
//! call go out together, and one wait gets all answers. systemd itself does not look at what comes right behind the
//! authentication until something follows (seen with systemd 262): there its answer is waited for.

use super::address::{self, Address};
use crate::dbus::{Call, HEADER, Incoming, Kind as Message, Value, frame_length};
use crate::error::{Context, Error, Kind, Result};
use crate::plan::cgroup::systemd::Manager;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

/// The interface of systemd's own methods.
pub(super) const MANAGER: &str = "org.freedesktop.systemd1.Manager";

const SYSTEMD: &str = "org.freedesktop.systemd1";
const OBJECT: &str = "/org/freedesktop/systemd1";

/// The name of a process on the other side is taken from the socket, so that none is told: inside a user namespace
/// this process does not know it.
const AUTHENTICATE: &[u8] = b"\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n";

/// The news that a bus shall pass on.
const MATCH: &str = "type='signal',sender='org.freedesktop.systemd1',path='/org/freedesktop/systemd1',\
    interface='org.freedesktop.systemd1.Manager',member='JobRemoved'";

/// An answer that is an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The error's name, such as `org.freedesktop.systemd1.NoSuchUnit`.
    pub(super) name: String,
    /// Its text.
    pub(super) message: String,
}

impl Refusal {
    /// Whether the last part of the error's name is this.
    pub(super) fn is(&self, name: &str) -> bool {
        self.name.rsplit('.').next() == Some(name)
    }

    /// Whether this user may not do it.
    pub(super) fn is_denied(&self) -> bool {
        ["AccessDenied", "InteractiveAuthorizationRequired", "AuthFailed"]
            .iter()
            .any(|name| self.is(name))
    }
}

/// A connection.
#[derive(Debug)]
pub struct Bus {
    stream: UnixStream,
    direct: bool,
    authenticated: bool,
    serial: u32,
    patience: Duration,
    input: Vec<u8>,
    /// Jobs that have ended, and how, while their call's answer was waited for.
    ended: Vec<(String, String)>,
}

impl Bus {
    /// Connects to the first place that answers, and introduces this process.
    pub(super) fn connect(manager: Manager, patience: Duration) -> Result<Self> {
        let mut first = None;
        for address in address::of(manager).context(|| "reach systemd")? {
            match Self::greet(&address, patience) {
                Ok(bus) => return Ok(bus),
                Err(error) => {
                    first.get_or_insert(error);
                }
            }
        }
        let error = first.unwrap_or_else(|| Error::new(Kind::System, "no address of a unix socket is known"));
        let error = error.context("reach systemd");
        Err(match manager {
            Manager::System => error
                .hint("--systemd-cgroup needs systemd as process 1, and root; without the option cgroups are made directly"),
            Manager::User => error.hint("is the user's systemd running? see systemctl --user status; loginctl enable-linger starts it without a login"),
        })
    }

    /// Connects to one place, and introduces this process.
    pub(super) fn greet(address: &Address, patience: Duration) -> Result<Self> {
        let mut bus = Self {
            stream: address.connect()?,
            direct: address.direct,
            authenticated: false,
            serial: 0,
            patience,
            input: Vec::new(),
            ended: Vec::new(),
        };
        bus.write(AUTHENTICATE)?;
        if !bus.direct {
            bus.call_bus("Hello", &[])?;
            bus.call_bus("AddMatch", &[Value::String(MATCH.to_owned())])?;
        }
        Ok(bus)
    }

    /// Calls the bus itself; its answers are not waited for: without them, those that matter do not come either.
    fn call_bus(&mut self, member: &str, arguments: &[Value]) -> Result<u32> {
        self.send(&Call {
            destination: Some("org.freedesktop.DBus"),
            path: "/org/freedesktop/DBus",
            interface: "org.freedesktop.DBus",
            member,
            arguments,
        })
    }

    /// Calls a method of systemd, and returns its answer.
    pub(super) fn call(
        &mut self,
        interface: &str,
        member: &str,
        arguments: &[Value],
    ) -> Result<Result<Vec<Value>, Refusal>> {
        let deadline = Instant::now() + self.patience;
        self.call_until(interface, member, arguments, deadline)
    }

    /// Calls a method that makes a job, and returns how the job ended.
    pub(super) fn job(&mut self, member: &str, arguments: &[Value]) -> Result<Result<String, Refusal>> {
        let deadline = Instant::now() + self.patience;
        let job = match self.call_until(MANAGER, member, arguments, deadline)? {
            Err(refusal) => return Ok(Err(refusal)),
            Ok(answer) => match answer.first().and_then(Value::as_str) {
                Some(job) => job.to_owned(),
                None => {
                    return Err(Error::new(
                        Kind::System,
                        format!("systemd's {member} names no job"),
                    ));
                }
            },
        };
        loop {
            if let Some((_, result)) = self.ended.iter().find(|(ended, _)| *ended == job) {
                return Ok(Ok(result.clone()));
            }
            self.next(deadline)
                .context(|| format!("wait for the end of systemd's job {job} ({member})"))?;
        }
    }

    fn call_until(
        &mut self,
        interface: &str,
        member: &str,
        arguments: &[Value],
        deadline: Instant,
    ) -> Result<Result<Vec<Value>, Refusal>> {
        let what = || format!("call systemd's {member}");
        let destination = (!self.direct).then_some(SYSTEMD);
        let serial = self
            .send(&Call {
                destination,
                path: OBJECT,
                interface,
                member,
                arguments,
            })
            .context(what)?;
        loop {
            let message = self.next(deadline).context(what)?;
            match &message.kind {
                Message::Reply(to) if *to == serial => return message.arguments().map(Ok),
                Message::Failure(to, name) if *to == serial => {
                    let said = message.arguments().unwrap_or_default();
                    let text = said.first().and_then(Value::as_str).unwrap_or("nothing more");
                    return Ok(Err(Refusal {
                        name: name.clone(),
                        message: text.to_owned(),
                    }));
                }
                _ => {}
            }
        }
    }

    fn send(&mut self, call: &Call<'_>) -> Result<u32> {
        if self.direct {
            self.authenticate(Instant::now() + self.patience)?;
        }
        self.serial += 1;
        let bytes = call.encode(self.serial);
        self.write(&bytes)?;
        Ok(self.serial)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let timeout = self.stream.set_write_timeout(Some(self.patience));
        let written = timeout.and_then(|()| self.stream.write_all(bytes));
        written.map_err(|error| match error.raw_os_error() {
            Some(libc::EPIPE | libc::ECONNRESET) => self.closed(),
            errno => Error::syscall("send() to systemd", errno.unwrap_or(libc::EIO)),
        })
    }

    /// The next message; notes the end of a job.
    fn next(&mut self, deadline: Instant) -> Result<Incoming> {
        self.authenticate(deadline)?;
        self.read_until(HEADER, deadline)?;
        let header = self.input.first_chunk::<HEADER>().copied().unwrap_or_default();
        let length = frame_length(&header)?;
        self.read_until(length, deadline)?;
        let frame: Vec<u8> = self.input.drain(..length).collect();
        let message = Incoming::decode(&frame)?;
        if let Message::Signal(interface, member) = &message.kind
            && (interface.as_str(), member.as_str()) == (MANAGER, "JobRemoved")
        {
            self.note_end(&message.arguments()?);
        }
        Ok(message)
    }

    /// JobRemoved(u id, o job, s unit, s result).
    fn note_end(&mut self, arguments: &[Value]) {
        if let [_, job, _, result] = arguments
            && let (Some(job), Some(result)) = (job.as_str(), result.as_str())
        {
            self.ended.push((job.to_owned(), result.to_owned()));
        }
    }

    /// Reads the answer to the authentication, unless that was done.
    fn authenticate(&mut self, deadline: Instant) -> Result<()> {
        while !self.authenticated {
            self.read_greeting(deadline)?;
        }
        Ok(())
    }

    /// One line of the answer to the authentication: `DATA`, then `OK` with the server's id.
    fn read_greeting(&mut self, deadline: Instant) -> Result<()> {
        let end = loop {
            match self.input.windows(2).position(|two| two == b"\r\n") {
                Some(end) => break end,
                None => self.fill(deadline).context(|| "authenticate to systemd")?,
            }
        };
        let line: Vec<u8> = self.input.drain(..end + 2).collect();
        let line = String::from_utf8_lossy(&line);
        match line.split_whitespace().next() {
            Some("DATA") => Ok(()),
            Some("OK") => {
                self.authenticated = true;
                Ok(())
            }
            _ => Err(Error::new(
                Kind::System,
                format!(
                    "systemd or its bus does not accept this user: it says {:?}",
                    line.trim_end()
                ),
            )
            .hint("the machine's systemd serves root, a user's systemd that user")),
        }
    }

    fn read_until(&mut self, length: usize, deadline: Instant) -> Result<()> {
        while self.input.len() < length {
            self.fill(deadline)?;
        }
        Ok(())
    }

    /// Reads what has come, or waits for it.
    fn fill(&mut self, deadline: Instant) -> Result<()> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(self.silent());
        }
        let mut buffer = [0; 4096];
        let timeout = self.stream.set_read_timeout(Some(left));
        match timeout.and_then(|()| self.stream.read(&mut buffer)) {
            Ok(0) => Err(self.closed()),
            Ok(count) => {
                self.input.extend_from_slice(&buffer[..count]);
                Ok(())
            }
            Err(error) => match error.kind() {
                io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Ok(()),
                io::ErrorKind::ConnectionReset => Err(self.closed()),
                _ => Err(Error::syscall(
                    "recv() from systemd",
                    error.raw_os_error().unwrap_or(libc::EIO),
                )),
            },
        }
    }

    fn silent(&self) -> Error {
        let seconds = self.patience.as_secs_f32();
        Error::new(Kind::System, format!("systemd has not answered for {seconds} s"))
            .hint("see whether it is busy: systemctl list-jobs, journalctl -e")
    }

    fn closed(&self) -> Error {
        let who = if self.direct { "systemd" } else { "the bus" };
        Error::new(Kind::System, format!("{who} has closed the connection"))
            .hint("it does so with users whom it does not serve: see journalctl -e")
    }
}
