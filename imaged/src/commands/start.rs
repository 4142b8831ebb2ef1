//! `corten start`.

use std::process::ExitCode;

use super::{foreground, several};
use crate::engine::attach::Keys;
use crate::engine::{Containers, start};
use crate::error::{Error, Kind, Result};
use crate::settings::Settings;

/// Start stopped containers.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Show its output, and pass signals on
    #[arg(short, long)]
    attach: bool,
    /// Pass standard input on
    #[arg(short, long)]
    interactive: bool,
    /// Keys that leave a container running
    #[arg(long, value_name = "KEYS", default_value = "ctrl-p,ctrl-q")]
    detach_keys: String,
    /// Names or ids
    #[arg(required = true, value_name = "CONTAINER")]
    containers: Vec<String>,
}

/// Runs the verb.
pub(crate) fn run(settings: &Settings, args: &Args) -> Result<ExitCode> {
    let containers = Containers::new(settings);
    if !(args.attach || args.interactive) {
        return several::each(&args.containers, |name| {
            let record = containers.find(name)?;
            start::start(&containers, &record, None)?;
            Ok(Some(name.to_owned()))
        });
    }
    let [name] = args.containers.as_slice() else {
        return Err(Error::new(
            Kind::Usage,
            "you cannot start and attach multiple containers at once",
        ));
    };
    let record = containers.find(name)?;
    let stdin = args.interactive && record.options.stdin;
    foreground::check_terminal(record.options.tty, stdin)?;
    let attach = foreground::attach(&record, stdin, true, Keys::parse(&args.detach_keys)?);
    let started = start::start(&containers, &record, Some(attach))?;
    foreground::run(&containers, &record, started)
}
