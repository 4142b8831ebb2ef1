//! conmon's place: its command line, its pipes to the caller, its attach socket and control fifo, so that podman and
//! CRI-O keep their containers by this program. See `docs/contracts/conmon.md`.
//!
//! The stdio (log, clients, back-pressure) is that of `corten-shim run`; what differs is who starts and deletes, and how
//! everybody is spoken to.

pub mod cli;
pub mod fifo;
pub mod line;
pub mod log;
pub mod monitor;
pub mod names;
pub mod pipes;
pub mod request;

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;

use crate::error::{Call, Error, Kind, Result};
use crate::stdio::Stdio;
use crate::stdio::client::Wire;
use crate::stdio::session::Facts;
use crate::sys::epoll::Set;
use crate::sys::files::{Durability, replace};
use crate::sys::process::{self, Fork};
use cli::Args;
use log::Log;
use monitor::{Monitor, Place};
use names::Names;
use pipes::Pipes;
use request::{Request, Verb};

/// The names under which the program does this.
pub const NAMES: [&str; 2] = ["corten-conmon", "conmon"];

/// The version of conmon whose interface this is: callers refuse programs that name none, or an old one.
const INTERFACE: &str = "2.1.6";

/// Whether the program, by the name that it was called by, is to do conmon's job.
pub fn is_called(name: &OsStr) -> bool {
    let name = Path::new(name).file_name().unwrap_or_default();
    NAMES.iter().any(|own| name == *own)
}

/// Does conmon's job.
///
/// # Errors
/// What could not be done. Callers that gave a sync pipe know it by then.
pub fn main(args: impl IntoIterator<Item = OsString>) -> Result<ExitCode> {
    let args = match Args::try_parse_from(args) {
        Ok(args) => args,
        Err(error) => {
            let _ = error.print();
            return Ok(match error.use_stderr() {
                true => ExitCode::FAILURE,
                false => ExitCode::SUCCESS,
            });
        }
    };
    if args.version {
        let text = format!(
            "conmon version {INTERFACE}\ncommit: none; this is corten-shim {} with conmon's interface\n",
            env!("CARGO_PKG_VERSION")
        );
        std::io::stdout().write_all(text.as_bytes()).call(|| "write(1)")?;
        return Ok(ExitCode::SUCCESS);
    }
    let request = request::resolve(args)?;
    let numbers = pipes::numbers()?;
    let mut pipes = Pipes::inherit(numbers)?;
    let preserved = line::preserved(&request.runtime_opts);
    let held = pipes.told(request.sync_key, sort_descriptors(numbers, preserved))?;
    pipes.wait_for_start()?;
    if !request.foreground
        && let Fork::Parent(child) = process::fork()?
    {
        write_pid(&request, child)?;
        return Ok(ExitCode::SUCCESS);
    }
    if request.foreground {
        write_pid(&request, std::process::id().cast_signed())?;
    }
    keep(request, pipes, held, preserved)
}

/// Leaves the descriptors from 3 on that are the container's to the runtime, and returns all others but the pipes: this
/// program holds them.
fn sort_descriptors(pipes: [Option<i32>; 3], preserved: i32) -> Result<Vec<OwnedFd>> {
    let pipes: Vec<i32> = pipes.into_iter().flatten().collect();
    let theirs: Vec<i32> = (3..3 + preserved).collect();
    // All of the container's are closed when the runtime has them.
    if let Some(number) = theirs.iter().find(|number| pipes.contains(number)) {
        return Err(Error::new(
            Kind::Usage,
            format!("--preserve-fds {preserved} is not possible: descriptor {number} is a pipe of _OCI_…"),
        ));
    }
    // podman's `--preserve-fd 5` leaves 3 and 4 closed: the runtime shall find them so, and nothing of this program's.
    process::occupy_below(3 + preserved)?;
    process::take_others(&[pipes, theirs].concat())
}

fn write_pid(request: &Request, pid: i32) -> Result<()> {
    match &request.own_pid_file {
        Some(path) => replace(path, pid.to_string().as_bytes(), Durability::Atomic),
        None => Ok(()),
    }
}

/// The long part of the program's life.
fn keep(request: Request, mut pipes: Pipes, held: Vec<OwnedFd>, preserved: i32) -> Result<ExitCode> {
    process::new_session();
    let prepared = prepare(&request, &mut pipes, held);
    let (place, stdio) = pipes.told(request.sync_key, prepared)?;
    let mut monitor = Monitor::new(request, place, stdio, pipes, preserved);
    let result = monitor.run();
    let (command, delay) = monitor.into_exit_command();
    if !command.is_empty() {
        wait(delay)?;
        process::silence()?;
        return Err(process::become_command(&command).context("the exit command"));
    }
    result.map(|code| ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX)))
}

/// Makes the sockets, fifos and the log; with `--exec-attach`, lets the caller attach.
fn prepare(request: &Request, pipes: &mut Pipes, held: Vec<OwnedFd>) -> Result<(Place, Stdio)> {
    let passthrough = match request.log {
        Log::Passthrough => Some(process::standard_streams()?),
        _ => None,
    };
    process::silence()?;
    if let Some(socket) = &request.notify {
        process::set_variable("NOTIFY_SOCKET", socket);
    }
    let log = request.log.open()?;
    let (mut names, mut listener, mut fifos) = (None, None, Vec::new());
    if let Some(bundle) = &request.meeting_place {
        let made = Names::make(bundle, request.socket_link.as_deref())?;
        (names, listener, fifos) = (Some(made.0), Some(made.1), made.2);
    }
    if let Verb::Exec { attach: true, .. } = request.verb {
        pipes.wait_for_attached(request.sync_key)?;
    }
    pipes.close_start();
    let _ = std::env::set_current_dir("/");
    let signals = process::signals()?;
    process::become_subreaper()?;
    let facts = Facts {
        tty: request.tty,
        stdin_once: request.stdin_once,
    };
    let mut stdio = Stdio::new(facts, listener, log);
    stdio.speak(Wire::Packets);
    let place = Place {
        names,
        fifos,
        signals,
        passthrough,
        held,
    };
    Ok((place, stdio))
}

/// Waits for nothing but the time to pass.
fn wait(delay: Duration) -> Result<()> {
    let deadline = Instant::now() + delay;
    if !delay.is_zero() {
        Set::new()?.wait(&mut [nix::sys::epoll::EpollEvent::empty()], Some(deadline))?;
    }
    Ok(())
}

/// An error in conmon's form, for the caller's log.
pub fn shown(error: &Error) -> String {
    let mut text = format!("[conmon:e]: {error}\n");
    for hint in error.hints() {
        text.push_str(&format!("[conmon:e]: hint: {hint}\n"));
    }
    text
}
