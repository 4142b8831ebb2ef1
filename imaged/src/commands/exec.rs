//! `corten exec`.

use std::process::ExitCode;

use super::{environment, foreground};
use crate::engine::attach::{Keys, Outcome};
use crate::engine::exec::Request;
use crate::engine::{Containers, exec};
use crate::error::{Error, Kind, Result};
use crate::settings::Settings;

/// Run a command in a running container.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Leave the command in the background
    #[arg(short, long)]
    detach: bool,
    /// Keys that leave the command running
    #[arg(long, value_name = "KEYS", default_value = "ctrl-p,ctrl-q")]
    detach_keys: String,
    /// Set an environment variable; a name alone takes the value from here
    #[arg(short, long, value_name = "NAME[=VALUE]", allow_hyphen_values = true)]
    env: Vec<String>,
    /// Read environment variables from a file
    #[arg(long, value_name = "FILE")]
    env_file: Vec<String>,
    /// Keep standard input open
    #[arg(short, long)]
    interactive: bool,
    /// All capabilities
    #[arg(long)]
    privileged: bool,
    /// Give the command a terminal
    #[arg(short, long)]
    tty: bool,
    /// User (name or number[:group]) in place of the container's
    #[arg(short, long, value_name = "USER")]
    user: Option<String>,
    /// Working directory in place of the container's
    #[arg(short, long, value_name = "DIR")]
    workdir: Option<String>,
    /// The container, the command and its arguments
    #[arg(required = true, num_args = 2.., trailing_var_arg = true, value_names = ["CONTAINER", "COMMAND"], help_heading = "Arguments")]
    words: Vec<String>,
}

/// Runs the verb: the exit code is the command's.
pub(crate) fn run(settings: &Settings, args: &Args) -> Result<ExitCode> {
    let keys = Keys::parse(&args.detach_keys)?;
    let attached = !args.detach;
    if attached {
        foreground::check_terminal(args.tty, args.interactive)?;
    }
    let containers = Containers::new(settings);
    let record = containers.find(args.words.first().map_or("", String::as_str))?;
    let request = Request {
        args: args.words.iter().skip(1).cloned().collect(),
        env: environment::typed(&args.env_file, &args.env)?,
        user: args.user.clone(),
        working_dir: args.workdir.clone(),
        privileged: args.privileged,
        tty: args.tty,
        stdin: args.interactive && attached,
        attached,
    };
    let relay = exec::start(&containers, &record, request, keys)?;
    if !attached {
        return Ok(ExitCode::SUCCESS);
    }
    match relay.run()? {
        Outcome::Detached => Ok(ExitCode::SUCCESS),
        Outcome::Exited(exit) => Ok(ExitCode::from(u8::try_from(exit.exit_code).unwrap_or(255))),
        Outcome::Gone => Err(Error::new(
            Kind::System,
            "the exit code of the command is unknown: the container's shim was gone when it ended",
        )),
    }
}
