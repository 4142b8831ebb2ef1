//! `exec`: one more process in a container.

use super::{Container, Id, foreground, pid_file, pidfd_socket};
use crate::error::{Error, Kind, Result};
use crate::launch::{self, Console, Created, Progress};
use crate::log;
use crate::oci::{self, Process, Spec, State, Status, VERSION};
use crate::plan::exec::{Changes, Target, by_file, by_flags, place};
use crate::plan::validate;
use crate::sys::clone::pidfd_open;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

/// What is to be run, and how, with nothing left to interpret.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    /// The directory of all containers' states.
    pub(crate) root: &'a Path,
    /// The container.
    pub(crate) id: &'a Id,
    /// The process.
    pub(crate) what: What<'a>,
    /// Return as soon as it runs.
    pub(crate) detach: bool,
    /// The socket that receives the terminal's master.
    pub(crate) console_socket: Option<&'a Path>,
    /// The socket that receives a descriptor of the process.
    pub(crate) pidfd_socket: Option<&'a Path>,
    /// Where its pid is written.
    pub(crate) pid_file: Option<&'a Path>,
    /// How many descriptors from 3 on it keeps.
    pub(crate) preserve_fds: u32,
    /// The groups below the container's that it joins.
    pub(crate) cgroups: &'a [String],
    /// A paused container is fine: the process runs when it is resumed.
    pub(crate) ignore_paused: bool,
    /// Where each operation's duration goes.
    pub(crate) trace: Option<&'a Path>,
}

/// The process to run.
#[derive(Debug)]
pub(crate) enum What<'a> {
    /// The container's own, changed.
    Changed(Changes<'a>),
    /// The one of a file's text.
    File {
        /// The text.
        text: &'a [u8],
        /// It gets a terminal even if the file does not say so.
        terminal: bool,
    },
}

/// Runs a process in a container; returns its exit code, or 0 when it is left to itself.
///
/// # Errors
/// When the container cannot take it, or it cannot be run.
pub(crate) fn exec(request: Request<'_>) -> Result<u8> {
    let container = Container::open(request.root, request.id)?;
    // The descriptor first: the status is read after it, and proves that it is the container's init.
    let init = container.record().init;
    let pidfd = init.map(|init| pidfd_open(init.pid));
    let status = container.status();
    check_status(&container, status, request.ignore_paused)?;
    let (Some(init), Some(Ok(pidfd))) = (init, pidfd) else {
        return Err(stopped(&container));
    };
    let spec = container.config()?;
    let process = wanted(&spec, &request)?;
    validate::process(&process)?;
    check_console(&request, process.terminal)?;
    let joining = Joining {
        request: &request,
        container: &container,
        spec: &spec,
        process: &process,
        init: init.pid,
        status,
    };
    let made = |console| {
        let made = joining.make(pidfd, console);
        made.map_err(|error| blame_end(&container, error))
    };
    if request.detach {
        let console = request.console_socket.map_or(Console::None, Console::Socket);
        let process = made(console)?;
        process.start().inspect_err(|_| process.abandon())?;
        Ok(0)
    } else {
        foreground::exec(process.terminal, made)
    }
}

fn wanted<'a>(spec: &Spec<'a>, request: &Request<'a>) -> Result<Process<'a>> {
    let own = spec.process.clone().unwrap_or_default();
    Ok(match &request.what {
        What::Changed(changes) => by_flags(&own, changes.clone()),
        What::File { text, terminal } => by_file(&own, oci::parse_process(text)?, *terminal),
    })
}

/// A terminal needs somebody at its other end, and only a terminal does.
fn check_console(request: &Request<'_>, terminal: bool) -> Result<()> {
    let socket = request.console_socket.is_some();
    let (message, hint) = match (request.detach, terminal, socket) {
        (true, true, false) => (
            "cannot allocate tty if the runtime will detach without setting console socket",
            "give --console-socket, or leave --tty out",
        ),
        (false, _, true) | (_, false, true) => (
            "cannot use console socket if the runtime will not detach or allocate tty",
            "--console-socket needs --detach and --tty",
        ),
        _ => return Ok(()),
    };
    Err(Error::new(Kind::Usage, message).hint(hint))
}

fn check_status(container: &Container, status: Status, ignore_paused: bool) -> Result<()> {
    let id = container.id().as_str();
    match status {
        Status::Created | Status::Running => Ok(()),
        Status::Paused if ignore_paused => Ok(()),
        Status::Paused => Err(Error::new(
            Kind::State,
            format!("cannot exec in a paused container (use --ignore-paused to override): {id:?}"),
        )
        .hint("`resume` it first; with --ignore-paused the process runs when the container is resumed")),
        Status::Creating => Err(Error::new(
            Kind::State,
            format!("cannot exec in a container that is being created: {id:?}"),
        )
        .hint("wait for `create` to return")),
        Status::Stopped => Err(stopped(container)),
    }
}

fn stopped(container: &Container) -> Error {
    let id = container.id().as_str();
    Error::new(Kind::State, format!("cannot exec in a stopped container: {id:?}"))
        .hint("its program has ended: `delete` it and `create` it again")
}

/// What fails because the container ended meanwhile says so.
fn blame_end(container: &Container, error: Error) -> Error {
    if container.is_alive() {
        error
    } else {
        error
            .context("the container stopped meanwhile")
            .with_kind(Kind::State)
    }
}

/// All that the making of the process looks things up in.
struct Joining<'a> {
    request: &'a Request<'a>,
    container: &'a Container,
    spec: &'a Spec<'a>,
    process: &'a Process<'a>,
    init: i32,
    status: Status,
}

impl Joining<'_> {
    /// Makes the process, and tells those who want to know it before it runs.
    fn make(&self, init: OwnedFd, console: Console<'_>) -> Result<Created> {
        let record = self.container.record();
        let target = Target {
            id: self.container.id().as_str(),
            init: self.init,
            cgroups: place(&record.cgroup, self.request.cgroups)?,
            no_new_keyring: record.no_new_keyring,
            preserve_fds: self.request.preserve_fds,
        };
        let request = launch::exec::Request {
            target,
            init,
            state: State {
                oci_version: VERSION,
                id: &record.id,
                status: self.status,
                pid: Some(self.init),
                bundle: &record.bundle,
                annotations: &record.annotations,
            },
            console,
            trace: self.request.trace,
        };
        let made = launch::exec::exec(request, self.spec, self.process, &mut |progress| {
            note(progress);
            Ok(())
        })?;
        match self.tell(&made) {
            Ok(()) => Ok(made),
            Err(error) => {
                made.abandon();
                Err(error)
            }
        }
    }

    fn tell(&self, made: &Created) -> Result<()> {
        if let Some(path) = self.request.pidfd_socket {
            pidfd_socket::send(path, made.pidfd.as_fd())?;
        }
        match self.request.pid_file {
            Some(path) => pid_file::write(path, made.pid),
            None => Ok(()),
        }
    }
}

fn note(progress: &Progress<'_>) {
    match progress {
        Progress::Planned { warnings, .. } => warnings.iter().for_each(|warning| log::warn(warning)),
        Progress::Born { pid } => log::debug(&format!("the process is {pid}")),
    }
}
