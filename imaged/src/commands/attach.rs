//! `corten attach`.

use std::process::ExitCode;

use super::foreground;
use crate::engine::attach::Keys;
use crate::engine::{Containers, start};
use crate::error::Result;
use crate::settings::Settings;

/// Show a running container's output here, and pass input and signals on.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Keys that leave the container running
    #[arg(long, value_name = "KEYS", default_value = "ctrl-p,ctrl-q")]
    detach_keys: String,
    /// Pass no input on
    #[arg(long)]
    no_stdin: bool,
    /// Pass signals on to the container
    #[arg(long, value_name = "BOOL", default_value = "true", value_parser = clap::value_parser!(bool),
          num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    sig_proxy: bool,
    /// Name or id
    #[arg(value_name = "CONTAINER")]
    container: String,
}

/// Runs the verb: the exit code is the container's.
pub(crate) fn run(settings: &Settings, args: &Args) -> Result<ExitCode> {
    let keys = Keys::parse(&args.detach_keys)?;
    let containers = Containers::new(settings);
    let record = containers.find(&args.container)?;
    start::attachable(&containers, &record)?;
    let stdin = record.options.stdin && !args.no_stdin;
    foreground::check_terminal(record.options.tty, stdin)?;
    let attach = foreground::attach(&record, stdin, args.sig_proxy, keys);
    let started = start::attach(&containers, &record, attach)?;
    foreground::run(&containers, &record, started)
}
