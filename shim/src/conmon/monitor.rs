//! The monitor of one process: starts it through the runtime, passes its stdio on, and records its end.
//!
//! ```text
//! begin ──▶ Starting ──(the runtime ended well)──▶ Running ──(the process ended, or its time is over)──▶ Over
//!               └──(it failed)───────────────────────────────────────────────────────────────────────────▲
//! ```
//! Unlike `corten-shim run` it neither starts nor deletes a container: conmon's callers do that themselves.

use std::ffi::OsString;
use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::time::Instant;

use nix::sys::epoll::EpollFlags;
use nix::sys::signalfd::SignalFd;

use super::fifo::{Fifo, Order};
use super::line::command_line;
use super::names::Names;
use super::pipes::Pipes;
use super::request::{Request, Verb};
use crate::contract::record::Ended;
use crate::error::{Context, Error, Result};
use crate::exit::oom::OomCounter;
use crate::stdio::ends::{self, Ends};
use crate::stdio::output::{Output, Taken};
use crate::stdio::{Stdio, log::Stream};
use crate::supervise::console::{Console, path_for_others};
use crate::supervise::init::read_pid;
use crate::sys::epoll::{Set, Watch};
use crate::sys::files::{Durability, PrivateDir, pipe, replace};
use crate::sys::process::{self, PidFd, Reaped};

const SIGNALS: u64 = 0;
const CONSOLE: u64 = 1;
/// The tokens of the fifos, from here on; stdio's are further up.
const FIFOS: u64 = 2;

/// As much of what the runtime says about a failure is passed on.
const MAX_MESSAGE: usize = 8192;

/// The monitor.
pub struct Monitor {
    request: Request,
    place: Place,
    stdio: Stdio,
    pipes: Pipes,
    /// So many inherited descriptors from 3 on are for the process.
    preserved: i32,
    state: State,
    signals_watch: Watch,
    unprotected_score: Option<String>,
}

/// What was prepared for it.
pub struct Place {
    /// The names in the bundle, unless nobody is met there.
    pub names: Option<Names>,
    /// The fifos among them.
    pub fifos: Vec<Fifo>,
    /// The signals that are passed on, and SIGCHLD.
    pub signals: SignalFd,
    /// The process's stdin, stdout and stderr, if this program has no part in them.
    pub passthrough: Option<[OwnedFd; 3]>,
    /// What else the caller left open: podman keeps ports by it, and helpers that end with the container.
    pub held: Vec<OwnedFd>,
}

enum State {
    /// The runtime runs.
    Starting {
        /// Its number.
        call: i32,
        ends: Option<Ends>,
        console: Option<Terminal>,
        /// Its stderr, when the process has a terminal; otherwise that is among the ends.
        errors: Option<Output>,
    },
    /// The process runs.
    Running {
        pid: i32,
        handle: PidFd,
        oom: Option<OomCounter>,
        /// When it is killed.
        deadline: Option<Instant>,
    },
    Over(Result<i32>),
}

/// Where the runtime sends the terminal.
struct Terminal {
    // In this order they go: the directory must be empty.
    console: Console,
    path: PathBuf,
    _private: Option<PrivateDir>,
}

impl Terminal {
    /// Listens in the bundle, or else in a directory made for it.
    fn listen(bundle: Option<&File>) -> Result<Self> {
        let (socket, private) = match bundle {
            Some(dir) => (Self::listen_in(dir)?, None),
            None => {
                let private = PrivateDir::make()?;
                (Self::listen_in(&private.dir)?, Some(private))
            }
        };
        Ok(Self {
            console: socket.0,
            path: socket.1,
            _private: private,
        })
    }

    fn listen_in(dir: &File) -> Result<(Console, PathBuf)> {
        let pid = std::process::id().cast_signed();
        let name = format!(".console-{pid}.sock");
        Ok((Console::listen(dir, &name)?, path_for_others(dir, pid, &name)))
    }
}

impl Monitor {
    /// A monitor that has not begun.
    pub fn new(request: Request, place: Place, stdio: Stdio, pipes: Pipes, preserved: i32) -> Self {
        Self {
            request,
            place,
            stdio,
            pipes,
            preserved,
            state: State::Over(Ok(0)),
            signals_watch: Watch::default(),
            unprotected_score: None,
        }
    }

    /// Starts the process and stays with it to its end; returns its exit code.
    ///
    /// # Errors
    /// It could not be started, which the caller was told, or the kernel refuses to wait.
    pub fn run(&mut self) -> Result<i32> {
        if let Err(error) = self.begin() {
            self.fail(-1, error);
        }
        let set = Set::new()?;
        let mut events = [nix::sys::epoll::EpollEvent::empty(); 32];
        loop {
            if let State::Over(result) = &mut self.state {
                return std::mem::replace(result, Ok(0));
            }
            self.watch(&set)?;
            let count = set.wait(
                &mut events,
                self.deadline().into_iter().chain(self.stdio.due()).min(),
            )?;
            // The kernel lists first what it listed before, not what happened first; who attached before output came gets it.
            events[..count].sort_by_key(|event| !Stdio::is_listener(event.data()));
            for event in &events[..count] {
                self.happened(event.data(), event.events());
            }
            self.stdio.on_due();
            if self.deadline().is_some_and(|deadline| Instant::now() >= deadline) {
                self.time_out();
            }
        }
    }

    fn begin(&mut self) -> Result<()> {
        let mut console = None;
        let mut errors = None;
        let mut ends = None;
        let streams = if self.request.tty {
            console = Some(Terminal::listen(
                self.place.names.as_ref().map(|names| &names.bundle),
            )?);
            let (read, write) = pipe()?;
            let read = File::from(read);
            crate::sys::files::set_nonblocking(&read)?;
            errors = Some(Output::new(read, Stream::Stderr, false));
            [None, None, Some(write)]
        } else if let Some(streams) = self.place.passthrough.take() {
            streams.map(Some)
        } else {
            let (ours, theirs) = ends::pipes(self.request.stdin)?;
            ends = Some(ours);
            theirs
        };
        let path = console.as_ref().map(|terminal| terminal.path.as_path());
        let line = command_line(&self.request, path);
        let _ = std::fs::remove_file(&self.request.pid_file);
        // All of the environment: unlike the shim's, a container of conmon's callers may be told of a service manager.
        let call = process::spawn_with(&line, streams, &[], &process::environment())?;
        process::close_range(3, 2 + self.preserved);
        self.state = State::Starting {
            call,
            ends,
            console,
            errors,
        };
        Ok(())
    }

    fn deadline(&self) -> Option<Instant> {
        match &self.state {
            State::Running { deadline, .. } => *deadline,
            _ => None,
        }
    }

    fn watch(&mut self, set: &Set) -> Result<()> {
        let readable = Some(EpollFlags::EPOLLIN);
        set.update(&mut self.signals_watch, &self.place.signals, SIGNALS, readable)?;
        if let State::Starting {
            console: Some(terminal),
            ..
        } = &mut self.state
        {
            let (socket, watch) = terminal.console.watched();
            set.update(watch, socket, CONSOLE, readable)?;
        }
        for (fifo, token) in self.place.fifos.iter_mut().zip(FIFOS..) {
            let (file, watch) = fifo.watched();
            set.update(watch, file, token, readable)?;
        }
        self.stdio.watch(set)
    }

    fn happened(&mut self, token: u64, flags: EpollFlags) {
        let fifo = token.checked_sub(FIFOS).and_then(|index| {
            self.place
                .fifos
                .get_mut(usize::try_from(index).unwrap_or(usize::MAX))
        });
        match (token, fifo) {
            (SIGNALS, _) => self.on_signals(),
            (CONSOLE, _) => {
                // A failure shows again when the runtime ends; until then it may correct it.
                let _ = self.connect_console(false);
            }
            (_, Some(fifo)) => {
                for order in fifo.read() {
                    self.obey(&order);
                }
            }
            _ => {
                // Clients of this socket have no other wish than stdio.
                let _ = self.stdio.on_event(token, flags);
            }
        }
    }

    fn obey(&mut self, order: &Order) {
        match order {
            Order::Resize(size) => self.stdio.resize(*size),
            Order::ReopenLog => self.stdio.reopen_log(),
        }
    }

    fn on_signals(&mut self) {
        while let Ok(Some(info)) = self.place.signals.read_signal() {
            match (info.ssi_signo.cast_signed(), &self.state) {
                (libc::SIGCHLD, _) => self.on_children(),
                // That it has just gone is no failure.
                (signal, State::Running { handle, .. }) => drop(handle.send(signal)),
                (_, State::Starting { call, .. }) => process::kill(*call),
                (_, State::Over(_)) => {}
            }
        }
    }

    /// Reaps what ended. Until the process is known, only the runtime is reaped: the number of a process that ended
    /// must not go to another before it was looked at.
    fn on_children(&mut self) {
        loop {
            let only = match &self.state {
                State::Starting { call, .. } => Some(*call),
                State::Running { .. } => None,
                State::Over(_) => return,
            };
            let Some(Reaped {
                pid: child, ended, ..
            }) = process::reap(only)
            else {
                return;
            };
            match &self.state {
                State::Starting { .. } => self.runtime_ended(ended),
                State::Running { pid, .. } if *pid == child => self.finish(Some(ended)),
                _ => {}
            }
            self.stdio.child_ended(child);
        }
    }

    fn runtime_ended(&mut self, ended: Ended) {
        let result = match ended {
            Ended::Exited(0) => self.adopt(),
            _ => Err(self.reason(ended)),
        };
        if let Err(error) = result {
            // conmon's way: whoever runs `exec` learns the runtime's code.
            let number = match (&self.request.verb, ended) {
                (Verb::Exec { .. }, Ended::Exited(code)) if code > 0 => -code,
                _ => -1,
            };
            self.fail(number, error);
        }
    }

    /// What the runtime said on its stderr, which callers look through for words that they know.
    fn reason(&mut self, ended: Ended) -> Error {
        let mut text = vec![0; MAX_MESSAGE];
        let mut length = 0;
        if let State::Starting { ends, errors, .. } = &mut self.state {
            let streams = ends.iter_mut().flat_map(|ends| &mut ends.outputs);
            for output in streams
                .filter(|output| output.stream == Stream::Stderr)
                .chain(errors)
            {
                while length < text.len()
                    && let Taken::Bytes(more) = output.read(&mut text[length..])
                {
                    length += more;
                }
            }
        }
        let said = String::from_utf8_lossy(&text[..length]).trim_end().to_owned();
        let name = self.request.runtime.display();
        Error::new(
            crate::error::Kind::Runtime,
            match (said.is_empty(), ended) {
                (false, _) => said,
                (true, Ended::Exited(code)) => format!("{name} exited with code {code} and gave no reason"),
                (true, Ended::Signaled(signal)) => format!("signal {signal} ended {name}"),
            },
        )
    }

    /// Finds the process, which is a child of this one now, and connects its stdio.
    fn adopt(&mut self) -> Result<()> {
        let pid = read_pid(&self.request.pid_file).context(|| "finding the process")?;
        let handle = PidFd::open(pid).context(|| "finding the process")?;
        self.connect_console(true)?;
        let State::Starting { ends, .. } = &mut self.state else {
            return Ok(());
        };
        if let Some(ends) = ends.take() {
            self.stdio.connect(ends);
        }
        self.stdio.welcome(pid);
        let deadline = self.request.timeout.map(|timeout| Instant::now() + timeout);
        let oom = OomCounter::open(pid).map(|(counter, _)| counter);
        self.state = State::Running {
            pid,
            handle,
            oom,
            deadline,
        };
        if self.request.tells_pid {
            self.pipes.tell(self.request.sync_key, pid, None);
        }
        self.unprotected_score = process::protect_from_oom();
        crate::sys::memory::give_text_back();
        Ok(())
    }

    /// Takes the terminal if the runtime has sent it; with `must`, it has to be there.
    fn connect_console(&mut self, must: bool) -> Result<()> {
        let State::Starting { console, ends, .. } = &mut self.state else {
            return Ok(());
        };
        if let Some(open) = console
            && let Some(master) = open.console.receive(must)?
        {
            *ends = Some(ends::terminal(master, self.request.stdin, None)?);
            *console = None;
        }
        Ok(())
    }

    fn fail(&mut self, number: i32, error: Error) {
        self.place.held.clear();
        self.pipes
            .tell(self.request.sync_key, number, Some(&error.to_string()));
        self.stdio.close();
        self.remove_names();
        self.state = State::Over(Err(error));
    }

    fn time_out(&mut self) {
        if let State::Running { handle, pid, .. } = &self.state {
            // What it started does not outlive it. It is an unreaped child, so that the number is its own.
            process::kill_group_of(*pid);
            let _ = handle.send(libc::SIGKILL);
            self.finish(None);
        }
    }

    /// The process has ended, or its time is over (`None`): everything is read before anybody is told.
    fn finish(&mut self, ended: Option<Ended>) {
        let oom_kills = match &mut self.state {
            State::Running { oom: Some(oom), .. } => oom.kills(),
            _ => 0,
        };
        self.stdio.drain();
        if self.request.sync_log {
            self.stdio.sync_log();
        }
        // Before the exit is known: whoever starts the container again makes them anew, and needs the ports.
        self.remove_names();
        self.place.held.clear();
        if oom_kills > 0 && ended.and_then(Ended::signal) == Some(libc::SIGKILL) {
            for dir in &self.request.oom_dirs {
                let _ = replace(&dir.join("oom"), b"", Durability::Atomic);
            }
        }
        let code = ended.map_or(-1, Ended::code);
        let result = self.record(code);
        self.stdio.finish(b"", false);
        let words = ended.is_none().then_some("command timed out");
        if matches!(self.request.verb, Verb::Exec { .. }) {
            self.pipes.tell(self.request.sync_key, code, words);
        }
        self.stdio.close();
        self.state = State::Over(result.map(|()| code));
    }

    fn record(&self, code: i32) -> Result<()> {
        let text = code.to_string();
        let write = |path: &PathBuf| {
            replace(path, text.as_bytes(), Durability::Durable).context(|| "writing the exit file")
        };
        // Each, even after one that failed: the code must not be lost while there is a place for it.
        let results: Vec<_> = self.request.exit_files.iter().map(write).collect();
        results.into_iter().collect()
    }

    /// Removes the sockets and fifos.
    fn remove_names(&mut self) {
        self.place.names = None;
        self.place.fifos.clear();
    }

    /// What to become now, and after how long.
    pub fn into_exit_command(self) -> (Vec<OsString>, std::time::Duration) {
        if let Some(score) = &self.unprotected_score {
            process::restore_oom_score(score);
        }
        (self.request.exit_command, self.request.exit_delay)
    }
}
