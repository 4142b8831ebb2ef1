//! Corten's shim: keeps one container.
//!
//! The command line comes in at [`main`]; `supervise::prepare` makes the place, `reactor` turns what the
//! kernel reports into events of `machine`, which decides, and `supervise` does what it decided. See
//! `docs/contracts/shim.md` for what other programs rely on.
#![deny(unsafe_code)]

pub mod cli;
pub mod conmon;
pub mod contract;
pub mod error;
pub mod exit;
mod journal;
pub mod machine;
pub mod reactor;
pub mod stdio;
pub mod supervise;
pub mod sys;
pub mod task;
pub mod ttrpc;

use std::ffi::OsString;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use cli::policy::Policy;
use cli::{Cli, Command, LogDriver, MountArgs, RunArgs};
use contract::control::{Reason, Step, ToCaller};
use error::{Call, Context, Error, Kind, Result};
use journal::Journal;
use stdio::Stdio;
use stdio::log::file::Limits;
use stdio::log::{Attributes, Format};
use stdio::session::Facts;
use supervise::call::Runtime;
use supervise::events::Events;
use supervise::{Keeper, LogRequest, LogTarget, Outcome, Request, call, prepare};
use sys::socket::Control;
use sys::{mount, process};

/// Runs the program with the given arguments (the first is the program's name) and returns its exit code.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let mut args = args.into_iter().peekable();
    let called = args
        .peek()
        .map(|name| Path::new(name).file_name().unwrap_or_default().to_owned());
    if called.is_some_and(|called| called == task::NAME) {
        return exit_code(task::NAME, task::main(args.skip(1)));
    }
    if args.peek().is_some_and(|name| conmon::is_called(name)) {
        return conmon::main(args).unwrap_or_else(|error| {
            // Nobody may be there to read it.
            let _ = std::io::stderr().write_all(conmon::shown(&error).as_bytes());
            ExitCode::FAILURE
        });
    }
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() {
                ExitCode::FAILURE
            } else {
                ExitCode::SUCCESS
            };
        }
    };
    let result = match cli.command {
        Command::Run(args) => run(*args),
        Command::Mount(args) => mounted(&args),
        Command::Compress(args) => stdio::log::compress::compress(&args.file),
    };
    exit_code("corten-shim", result)
}

fn exit_code(name: &str, result: Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(name, &error);
            ExitCode::FAILURE
        }
    }
}

fn report(name: &str, error: &Error) {
    let mut text = format!("{name}: {error}\n");
    for hint in error.hints() {
        text.push_str(&format!("  hint: {hint}\n"));
    }
    // Nobody may be there to read it.
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// `corten-shim run`: from a clean start to the container's end.
fn run(args: RunArgs) -> Result<()> {
    process::close_others(args.control_fd.as_slice());
    let passthrough = match args.log_driver {
        LogDriver::Passthrough => Some(process::standard_streams()?),
        _ => None,
    };
    let control = args.control_fd.map(Control::inherit).transpose()?;
    if control.is_some() {
        process::silence()?;
    }
    process::new_session();
    let request = match resolve(args, passthrough) {
        Ok(request) => request,
        Err(error) => {
            tell_failed(control.as_ref(), Step::Setup, &error);
            return Err(error);
        }
    };
    let prepared = match prepare::prepare(&request, control) {
        Ok(prepared) => prepared,
        Err((error, step, control)) => {
            tell_failed(control.as_ref(), step, &error);
            return Err(error);
        }
    };
    let facts = Facts {
        tty: request.tty.is_some(),
        stdin_once: request.stdin_once,
    };
    let stdio = Stdio::new(facts, Some(prepared.listener), prepared.log);
    let (keeper, outcome) = reactor::run(Keeper::new(request, prepared.place, stdio, prepared.health))?;
    match outcome {
        Outcome::Recorded => become_exit_command(&keeper),
        Outcome::Unrecorded(error) => Err(error),
        Outcome::Failed(step, reason) => {
            let error = Error::new(Kind::Runtime, reason.message).context(step.name());
            Err(reason.hints.into_iter().fold(error, Error::hint))
        }
    }
}

fn tell_failed(control: Option<&Control>, step: Step, error: &Error) {
    let message = ToCaller::Failed {
        step,
        reason: Reason::from(error),
    };
    if let Some(control) = control {
        control.send(&serde_json::to_vec(&message).unwrap_or_default());
    }
}

fn become_exit_command(keeper: &Keeper) -> Result<()> {
    if keeper.request.exit_command.is_empty() {
        return Ok(());
    }
    keeper.place.leave_namespace()?;
    process::silence()?;
    Err(process::become_command(&keeper.request.exit_command).context("the exit command"))
}

/// Turns what was typed into what was meant. From here on no path depends on the working directory.
fn resolve(args: RunArgs, passthrough: Option<[OwnedFd; 3]>) -> Result<Request> {
    call::check_id(&args.id)?;
    if passthrough.is_some() && (args.tty || args.stdin) {
        let why = "--log-driver passthrough takes neither --tty nor --stdin: the shim's own streams are the container's";
        return Err(Error::new(Kind::Usage, why));
    }
    if passthrough.is_some() && args.restart != Policy::No {
        let why = "--log-driver passthrough takes no --restart: the streams are handed over to one run";
        return Err(Error::new(Kind::Usage, why));
    }
    let dir = absolute(&args.dir)?;
    // A bare name is looked up on PATH when it is executed; anything else is a path.
    let program = match args.runtime.components().count() {
        1 if !args.runtime.is_absolute()
            && args.runtime.file_name().is_some()
            && !is_dotted(&args.runtime) =>
        {
            args.runtime.into_os_string()
        }
        _ => absolute(&args.runtime)?.into_os_string(),
    };
    let root = args.runtime_root.as_deref().map(absolute).transpose()?;
    Ok(Request {
        id: args.id,
        bundle: absolute(&args.bundle)?,
        runtime: Runtime {
            program,
            root: root.map(PathBuf::into_os_string),
            more: args.runtime_arg,
        },
        mounts: args.mounts.as_deref().map(absolute).transpose()?,
        passthrough,
        tty: args.tty.then_some(args.console_size),
        stdin: args.stdin,
        stdin_once: args.stdin_once,
        log: LogRequest {
            target: match args.log_driver {
                LogDriver::JsonFile => LogTarget::File(Format::Json),
                LogDriver::K8sFile => LogTarget::File(Format::Cri),
                LogDriver::Journald => LogTarget::Journald,
                LogDriver::None | LogDriver::Passthrough => LogTarget::None,
            },
            path: match (args.log_driver, &args.log_path) {
                (LogDriver::Journald, _) => args.log_socket,
                (_, Some(path)) => absolute(path)?,
                (_, None) => PathBuf::new(),
            },
            fields: args.log_field,
            attributes: match &args.log_attributes {
                Some(path) => read_attributes(path, args.log_driver)?,
                None => Attributes::new(),
            },
            buffer: args.log_buffer,
            limits: Limits {
                max_size: args.log_max_size,
                max_files: args.log_max_files,
                compress: args.log_compress,
            },
        },
        exit_file: match &args.exit_file {
            Some(path) => absolute(path)?,
            None => dir.join("exit.json"),
        },
        dir,
        hold: args.hold,
        patience: Duration::from_secs(args.runtime_timeout.into()),
        debug: args.debug,
        events: match (&args.events, &args.event_actor) {
            (Some(dir), Some(actor)) => Some(Events {
                journal: Journal::new(&absolute(dir)?),
                actor: absolute(actor)?,
            }),
            _ => None,
        },
        health: args.health.as_deref().map(absolute).transpose()?,
        restart: args.restart,
        exit_command: args.exit_command,
    })
}

fn read_attributes(path: &Path, driver: LogDriver) -> Result<Attributes> {
    if !matches!(driver, LogDriver::JsonFile | LogDriver::Journald) {
        let why =
            "--log-attributes is for --log-driver json-file and journald: no other has a place for them";
        return Err(Error::new(Kind::Usage, why));
    }
    let text = std::fs::read(path).call(|| format!("read({})", path.display()))?;
    serde_json::from_slice(&text).map_err(|error| {
        let why = format!(
            "{}: {error}, where a JSON object of strings is expected",
            path.display()
        );
        Error::new(Kind::Usage, why)
    })
}

/// `./runtime` has one component too, but its dot is meant.
fn is_dotted(path: &Path) -> bool {
    path.as_os_str().as_encoded_bytes().contains(&b'/')
}

fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).call(|| format!("the absolute path of {}", path.display()))
}

/// `corten-shim mount`: the list in a mount namespace of its own, and the command in it.
fn mounted(args: &MountArgs) -> Result<()> {
    let text = std::fs::read(&args.mounts).call(|| format!("read({})", args.mounts.display()))?;
    let list = contract::mounts::parse(&text).context(|| args.mounts.display().to_string())?;
    let bundle = absolute(&args.bundle)?;
    // By its path: a handle would stay in the namespace outside, where nothing is mounted.
    let here = std::env::current_dir().call(|| "getcwd")?;
    mount::enter_own_namespace()?;
    mount::Mounted::new(&bundle, &list)?;
    std::env::set_current_dir(&here).call(|| format!("chdir({})", here.display()))?;
    Err(process::become_command(&args.command))
}
