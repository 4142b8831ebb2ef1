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

/// Whether a container of this policy should run and does not: as docker judges when it starts.
fn should_run(policy: RestartPolicy, status: &Status) -> bool {
    // A start that failed is tried again; nobody has started yet who never ran.
    let (was_stopped, has_failed) = match status {
        Status::Running { .. } | Status::Restarting(_) => return false,
        Status::Created { failure } => (failure.is_none(), failure.is_some()),
        Status::Exited(exit) => (exit.stopped, exit.exit_code != 0),
        Status::Lost { .. } => (false, true),
    };
    match policy {
        RestartPolicy::UnlessStopped => !was_stopped,
        RestartPolicy::OnFailure => has_failed,
        RestartPolicy::No | RestartPolicy::Always => true,
    }
}

/// The containers that should run and do not, as after a reboot.
fn by_policy(containers: &Containers, filters: &Filters) -> Result<Vec<String>> {
    for policy in filters.values("restart-policy") {
        flags::restart(policy)?;
    }
    let mut selected = Vec::new();
    for record in containers.all()? {
        let policy = record.options.restart.policy;
        let wanted = filters.any("restart-policy", |wanted| wanted == policy.name());
        if wanted && should_run(policy, &Status::of(containers, &record.id)) {
            selected.push(record.id);
        }
    }
    Ok(selected)
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    #[test]
    fn what_failed_is_started_again_and_what_is_done_is_not() {
        use RestartPolicy::{Always, OnFailure, UnlessStopped};
        let created = |failure: bool| Status::Created {
            failure: failure.then(Default::default),
        };
        let exited = |code: i32, stopped: bool| {
            Status::Exited(from_value(json!({"exit_code": code, "stopped": stopped})).unwrap())
        };
        let lost = Status::Lost {
            started_at: String::new(),
        };
        for (policy, status, expected) in [
            (UnlessStopped, created(true), true),
            (UnlessStopped, created(false), false),
            (UnlessStopped, exited(0, false), true),
            (UnlessStopped, exited(0, true), false),
            (OnFailure, exited(0, false), false),
            (OnFailure, exited(3, false), true),
            (OnFailure, created(true), true),
            (OnFailure, created(false), false),
            (OnFailure, lost, true),
            (Always, exited(0, true), true),
        ] {
            assert_eq!(should_run(policy, &status), expected, "{policy:?} {status:?}");
        }
    }
}
