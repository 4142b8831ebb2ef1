//! A container in the foreground: what `run` and `start --attach` share.

use std::process::ExitCode;

use crate::engine::attach::{Keys, Outcome, Streams};
use crate::engine::start::{Attach, Started};
use crate::engine::{Containers, Record, remove, wait};
use crate::error::{Error, Kind, Result};
use crate::plan::options::RestartPolicy;
use crate::sys::terminal;

/// Docker's check: a terminal for the container needs one here.
pub(crate) fn check_terminal(tty: bool, stdin: bool) -> Result<()> {
    if tty && stdin && !terminal::stdin_is_terminal() {
        return Err(Error::new(Kind::Usage, "the input device is not a TTY")
            .hint("leave -t away when standard input is a file or a pipe"));
    }
    Ok(())
}

/// How to attach to this container.
pub(crate) fn attach(record: &Record, stdin: bool, proxy: bool, keys: Keys) -> Attach {
    Attach {
        streams: Streams {
            stdin,
            stdout: true,
            stderr: true,
            replay: false,
        },
        proxy,
        keys,
        size: record.options.tty.then(terminal::size).flatten(),
    }
}

/// Relays until the container ends; the exit code is the container's.
///
/// # Errors
/// When the relay fails, or nobody knows how the container ended.
pub(crate) fn run(containers: &Containers, record: &Record, started: Started) -> Result<ExitCode> {
    let Some(relay) = started.relay else {
        return Ok(ExitCode::SUCCESS);
    };
    let outcome = relay.run()?;
    let code = match outcome {
        Outcome::Detached => return Ok(ExitCode::SUCCESS),
        Outcome::Exited(exit) => Ok(exit.exit_code),
        Outcome::Gone => wait::wait(containers, record),
    };
    // The prompt returns when everything is cleaned up.
    if let Some(shim) = started.shim
        && record.options.restart.policy == RestartPolicy::No
    {
        shim.wait()?;
    }
    if record.options.auto_remove {
        // Without its shim nobody else removes it. One that was restarted meanwhile runs, and is left alone.
        match remove::remove(containers, record, false) {
            Err(error) if code.is_ok() && !matches!(error.kind(), Kind::NotFound | Kind::Conflict) => {
                return Err(error);
            }
            _ => {}
        }
    }
    Ok(ExitCode::from(u8::try_from(code?).unwrap_or(255)))
}
