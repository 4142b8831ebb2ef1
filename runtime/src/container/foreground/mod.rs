//! `run` without `--detach`: the runtime stays, forwards signals and terminal, and ends as the container does.

mod console;
mod relay;
mod signals;

use super::notify::Notifications;
use super::{New, Request, Restore, create, destroy, start};
use crate::error::{Error, Result};
use crate::launch::{Console, Created};
use console::Terminal;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout};
use relay::Relay;
use signals::{Event, Signals};
use std::os::fd::AsFd;

/// How the runtime stays with the container.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options {
    /// The container's terminal is shown on the caller's.
    pub(crate) terminal: bool,
    /// The container is not deleted when its program has ended.
    pub(crate) keep: bool,
    /// Processes that lose their parent become children of the runtime.
    pub(crate) subreaper: bool,
}

/// Runs a container to its end and returns the exit code of its program.
///
/// # Errors
/// When it cannot be created or started; nothing of it is left then.
pub(crate) fn run(request: &Request<'_>, options: &Options) -> Result<u8> {
    become_subreaper(options)?;
    let (console, terminal) = open_terminal(options.terminal)?;
    // Before the program can run: from here on no signal is lost.
    let signals = Signals::take()?;
    let container = create(request, console)?;
    let start = |container: &New<'_>| {
        container.process.start()?;
        start::started(&container.record)
    };
    stay(container, terminal, &signals, options, start)
}

/// Brings a container back, and stays with it to its end; returns the exit code of its program.
///
/// # Errors
/// When it cannot be restored; nothing of it is left then.
pub(crate) fn restore(request: &Restore<'_>, options: &Options) -> Result<u8> {
    become_subreaper(options)?;
    let (console, terminal) = open_terminal(options.terminal)?;
    let container = super::restore(request, console)?;
    // Not before: CRIU would have them blocked, too.
    match Signals::take() {
        Ok(signals) => stay(container, terminal, &signals, options, |_| Ok(())),
        Err(error) => Err(container.undo(error)),
    }
}

fn become_subreaper(options: &Options) -> Result<()> {
    if options.subreaper {
        nix::sys::prctl::set_child_subreaper(true)
            .map_err(|errno| Error::syscall("prctl(PR_SET_CHILD_SUBREAPER)", errno as i32))?;
    }
    Ok(())
}

/// Follows a container, which `start` lets go, to its end.
fn stay(
    container: New<'_>,
    terminal: Option<Terminal>,
    signals: &Signals,
    options: &Options,
    start: impl FnOnce(&New<'_>) -> Result<()>,
) -> Result<u8> {
    let relay = match start_with(&container, terminal, start) {
        Ok(relay) => relay,
        Err(error) => return Err(container.undo(error)),
    };
    let New {
        directory,
        record,
        process,
        notifications,
    } = container;
    let released = directory.release()?;
    let code = attend(process.pid, process.pidfd.as_fd(), signals, relay, notifications)?;
    match released.lock()? {
        Some(directory) if !options.keep => destroy(directory, &record)?,
        _ => {}
    }
    Ok(code)
}

/// Lets a process of a container run to its end and returns its exit code; `make` makes it, waiting for its start.
///
/// # Errors
/// When it cannot be made or started.
pub(super) fn exec<'a>(with_terminal: bool, make: impl FnOnce(Console<'a>) -> Result<Created>) -> Result<u8> {
    let (console, terminal) = open_terminal(with_terminal)?;
    let process = make(console)?;
    let relay = terminal.map(Terminal::receive).transpose();
    let ready = relay.and_then(|relay| {
        let signals = Signals::take()?;
        process.start()?;
        Ok((signals, relay))
    });
    let (signals, relay) = ready.inspect_err(|_| process.abandon())?;
    attend(process.pid, process.pidfd.as_fd(), &signals, relay, None)
}

/// The caller's terminal, if the process gets one: its master is sent through the console.
fn open_terminal<'a>(wanted: bool) -> Result<(Console<'a>, Option<Terminal>)> {
    if wanted {
        let (console, terminal) = Terminal::open()?;
        Ok((Console::Connected(console), Some(terminal)))
    } else {
        Ok((Console::None, None))
    }
}

/// Connects the terminal, then lets the program go.
fn start_with(
    container: &New<'_>,
    terminal: Option<Terminal>,
    start: impl FnOnce(&New<'_>) -> Result<()>,
) -> Result<Option<Relay>> {
    let relay = terminal.map(Terminal::receive).transpose()?;
    start(container)?;
    Ok(relay)
}

/// Forwards what comes until init has ended; returns its exit code.
fn attend(
    pid: i32,
    pidfd: std::os::fd::BorrowedFd<'_>,
    signals: &Signals,
    mut relay: Option<Relay>,
    mut notifications: Option<Notifications>,
) -> Result<u8> {
    loop {
        let mut watched = vec![
            PollFd::new(pidfd, PollFlags::POLLIN),
            PollFd::new(signals.as_fd(), PollFlags::POLLIN),
        ];
        watched.extend(
            notifications
                .iter()
                .map(|all| PollFd::new(all.as_fd(), PollFlags::POLLIN)),
        );
        watched.extend(relay.iter().flat_map(Relay::watched));
        match nix::poll::poll(&mut watched, PollTimeout::NONE) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(Error::syscall("poll", errno as i32)),
        }
        let ended = has_events(&watched[0]);
        let signalled = has_events(&watched[1]);
        drop(watched);
        // First of all: what is typed after a change of size shall find the new one.
        if signalled {
            handle(signals, pid, pidfd, relay.as_ref())?;
        }
        notifications = notifications.filter(|all| !all.passed_on(ended));
        if let Some(relay) = &mut relay {
            relay.transfer();
        }
        if ended {
            relay.iter_mut().for_each(Relay::drain);
            return signals::exit_code(pid);
        }
    }
}

fn has_events(fd: &PollFd<'_>) -> bool {
    fd.revents().is_some_and(|events| !events.is_empty())
}

fn handle(
    signals: &Signals,
    pid: i32,
    pidfd: std::os::fd::BorrowedFd<'_>,
    relay: Option<&Relay>,
) -> Result<()> {
    while let Some(event) = signals.next()? {
        match event {
            Event::Child => signals::reap_others(pid),
            Event::Resize => relay.into_iter().for_each(Relay::resize),
            // The program may have ended just now; its exit is what matters then.
            Event::Forward(signal) => drop(crate::sys::clone::pidfd_kill(pidfd, signal)),
        }
    }
    Ok(())
}
