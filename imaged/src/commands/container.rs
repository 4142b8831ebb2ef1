//! `corten container VERB`: docker's group of the verbs that are about containers.

use std::process::ExitCode;

use super::{
    attach, commit, cp, create, diff, exec, export, inspect, kill, logs, pause, port, prune, ps, rename,
    restart, rm, run, start, stats, stop, top, unpause, update, wait,
};
use crate::error::Result;
use crate::settings::Settings;

/// Manage containers.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
#[command(next_display_order = None)]
enum Verb {
    /// Show everything about containers
    Inspect(inspect::ContainerArgs),
    #[command(visible_aliases = ["ps", "list"])]
    Ls(ps::Args),
    /// Remove all containers that do not run
    Prune(prune::Args),
    #[command(flatten)]
    Shared(Box<Shared>),
}

/// The verbs that stand in the group and on their own.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Shared {
    Attach(attach::Args),
    Commit(commit::Args),
    Cp(cp::Args),
    Create(Box<create::Args>),
    Diff(diff::Args),
    Exec(exec::Args),
    Export(export::Args),
    Kill(kill::Args),
    Logs(logs::Args),
    Pause(pause::Args),
    Port(port::Args),
    Rename(rename::Args),
    Restart(restart::Args),
    #[command(alias = "remove")]
    Rm(rm::Args),
    Run(Box<run::Args>),
    Start(start::Args),
    Stats(stats::Args),
    Stop(stop::Args),
    Top(top::Args),
    Unpause(unpause::Args),
    Update(update::Args),
    Wait(wait::Args),
}

/// Runs the verb.
pub(crate) fn run(settings: &Settings, args: &Args) -> Result<ExitCode> {
    match &args.verb {
        Verb::Inspect(args) => inspect::containers(settings, args),
        Verb::Ls(args) => ps::run(settings, args),
        Verb::Prune(args) => prune::containers(settings, args),
        Verb::Shared(verb) => verb.run(settings),
    }
}

impl Shared {
    /// Runs the verb.
    pub(crate) fn run(&self, settings: &Settings) -> Result<ExitCode> {
        match self {
            Self::Attach(args) => attach::run(settings, args),
            Self::Commit(args) => commit::run(settings, args),
            Self::Cp(args) => cp::run(settings, args),
            Self::Create(args) => create::run(settings, args),
            Self::Diff(args) => diff::run(settings, args),
            Self::Exec(args) => exec::run(settings, args),
            Self::Export(args) => export::run(settings, args),
            Self::Kill(args) => kill::run(settings, args),
            Self::Logs(args) => logs::run(settings, args),
            Self::Pause(args) => pause::run(settings, args),
            Self::Port(args) => port::run(settings, args),
            Self::Rename(args) => rename::run(settings, args),
            Self::Restart(args) => restart::run(settings, args),
            Self::Rm(args) => rm::run(settings, args),
            Self::Run(args) => run::run(settings, args),
            Self::Start(args) => start::run(settings, args),
            Self::Stats(args) => stats::run(settings, args),
            Self::Stop(args) => stop::run(settings, args),
            Self::Top(args) => top::run(settings, args),
            Self::Unpause(args) => unpause::run(settings, args),
            Self::Update(args) => update::run(settings, args),
            Self::Wait(args) => wait::run(settings, args),
        }
    }
}
