//! `corten attach`.

use std::io::{self, Write};
use std::process::ExitCode;

use super::foreground;
use super::logs::write_failed;
use crate::engine::attach::{Keys, Relay};
use crate::engine::{Containers, Record, logs, start};
use crate::error::Result;
use crate::format::timestamp::Timestamp;
use crate::settings::Settings;

/// Show a running container's output here, and pass input and signals on.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Keys that leave the container running
    #[arg(long, value_name = "KEYS", default_value = "ctrl-p,ctrl-q")]
    detach_keys: String,
    /// Show first what the container wrote before, as its log has it
    #[arg(long)]
    logs: bool,
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
    if args.logs {
        logs::check_readable(&record)?;
    }
    let mut attach = foreground::attach(&record, stdin, args.sig_proxy, keys);
    attach.streams.replay = args.logs;
    let started = start::attach(&containers, &record, attach)?;
    if args.logs {
        show_log(
            &containers,
            &record,
            started.relay.as_ref().and_then(Relay::since),
        )?;
    }
    foreground::run(&containers, &record, started)
}

/// What the container wrote until then.
fn show_log(containers: &Containers, record: &Record, until: Option<Timestamp>) -> Result<()> {
    let query = logs::Query {
        until,
        ..logs::Query::default()
    };
    let (mut stdout, mut stderr) = (io::stdout().lock(), io::stderr().lock());
    logs::read(containers, record, &query, |entry| {
        let out: &mut dyn Write = match entry.stream.as_str() {
            "stderr" => &mut stderr,
            _ => &mut stdout,
        };
        out.write_all(&entry.text)
            .and_then(|()| out.flush())
            .map_err(|error| write_failed(&error))
    })
}
