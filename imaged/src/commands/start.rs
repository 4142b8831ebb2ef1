//! `corten start`.

use std::process::ExitCode;

use super::{foreground, several};
use crate::engine::attach::Keys;
use crate::engine::status::Status;
use crate::engine::{Containers, start};
use crate::error::{Error, Kind, Result};
use crate::format::filter::Filters;
use crate::plan::flags;
use crate::plan::options::RestartPolicy;
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
    /// Start those whose restart policy is this (restart-policy=always, …); of unless-stopped not what somebody stopped
    #[arg(long, value_name = "KEY=VALUE", conflicts_with_all = ["containers", "attach", "interactive"])]
    filter: Vec<String>,
    /// Names or ids
    #[arg(required_unless_present = "filter", value_name = "CONTAINER")]
    containers: Vec<String>,
}

/// Runs the verb.
pub(crate) fn run(settings: &Settings, args: &Args) -> Result<ExitCode> {
    let containers = Containers::new(settings);
    if !args.filter.is_empty() {
        let selected = by_policy(&containers, &Filters::parse(&args.filter, &["restart-policy"])?)?;
        return several::each(&selected, |id| start_one(&containers, id));
    }
    if !(args.attach || args.interactive) {
        return several::each(&args.containers, |name| start_one(&containers, name));
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

fn start_one(containers: &Containers, name: &str) -> Result<Option<String>> {
    let record = containers.find(name)?;
    start::start(containers, &record, None)?;
    Ok(Some(name.to_owned()))
}

/// The containers that should run and do not, as after a reboot.
fn by_policy(containers: &Containers, filters: &Filters) -> Result<Vec<String>> {
    for policy in filters.values("restart-policy") {
        flags::restart(policy)?;
    }
    let mut selected = Vec::new();
    for record in containers.all()? {
        let policy = record.options.restart.policy;
        let was_stopped = match Status::of(containers, &record.id) {
            Status::Running { .. } | Status::Restarting(_) => continue,
            // Nobody has started it yet.
            Status::Created { .. } => true,
            Status::Exited(exit) => exit.stopped,
            Status::Lost { .. } => false,
        };
        let wanted = filters.any("restart-policy", |wanted| wanted == policy.name());
        if wanted && !(was_stopped && policy == RestartPolicy::UnlessStopped) {
            selected.push(record.id);
        }
    }
    Ok(selected)
}
