//! `corten run`.

use std::process::ExitCode;

use super::container_options::ContainerOptions;
use super::{create, foreground};
use crate::engine::attach::Keys;
use crate::engine::{Containers, start};
use crate::error::{Error, Kind, Result};
use crate::output;
use crate::settings::Settings;

/// Create and start a container.
#[derive(Debug, clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Args {
    /// Print help
    #[arg(long, action = clap::ArgAction::HelpLong)]
    help: Option<bool>,
    /// Leave the container in the background and print its id
    #[arg(short, long)]
    detach: bool,
    /// Keys that leave a container running
    #[arg(long, value_name = "KEYS", default_value = "ctrl-p,ctrl-q")]
    detach_keys: String,
    /// Pass signals on to the container
    #[arg(long, value_name = "BOOL", default_value = "true", value_parser = clap::value_parser!(bool),
          num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    sig_proxy: bool,
    #[command(flatten)]
    options: ContainerOptions,
}

/// Runs the verb: the exit code is the container's.
pub(crate) fn run(settings: &Settings, args: &Args) -> Result<ExitCode> {
    let keys = Keys::parse(&args.detach_keys).map_err(|error| error.with_kind(Kind::NotStarted))?;
    let options = &args.options;
    if args.detach && !options.attach.is_empty() {
        let conflict = "conflicting options: cannot specify both --attach and --detach";
        return Err(Error::new(Kind::NotStarted, conflict));
    }
    if !args.detach {
        foreground::check_terminal(options.tty, options.interactive)?;
    }
    let record = create::make(settings, options, args.detach)?;
    let containers = Containers::new(settings);
    let attach = (!args.detach).then(|| {
        let stdin = options.interactive && options.attaches("stdin");
        let mut attach = foreground::attach(&record, stdin, args.sig_proxy, keys);
        attach.streams.stdout = options.attaches("stdout");
        attach.streams.stderr = options.attaches("stderr");
        attach
    });
    match start::start(&containers, &record, attach) {
        Ok(started) if args.detach => {
            drop(started);
            output::line(&record.id)?;
            Ok(ExitCode::SUCCESS)
        }
        Ok(started) => foreground::run(&containers, &record, started),
        Err(error) => {
            if options.rm {
                crate::engine::remove::remove(&containers, &record, true)?;
            }
            Err(not_started(error))
        }
    }
}

/// Keeps the classes that have an exit code of their own.
fn not_started(error: Error) -> Error {
    match error.kind() {
        Kind::CommandNotFound | Kind::NotExecutable => error,
        _ => error.with_kind(Kind::NotStarted),
    }
}
