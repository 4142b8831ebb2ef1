//! `corten image VERB`: docker's group of the verbs that are about images.

use std::process::ExitCode;

use super::{history, images, import, inspect, load, prune, pull, push, rmi, save, tag};
use crate::error::Result;
use crate::settings::Settings;

/// Manage images.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
#[command(next_display_order = None)]
enum Verb {
    /// Show everything about images
    Inspect(inspect::ImageArgs),
    #[command(visible_alias = "list")]
    Ls(images::Args),
    /// Remove images that have no tag and that no container uses
    Prune(prune::ImageArgs),
    #[command(visible_alias = "remove")]
    Rm(rmi::Args),
    #[command(flatten)]
    Shared(Shared),
}

/// The verbs that stand in the group and on their own.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Shared {
    History(history::Args),
    Import(import::Args),
    Load(load::Args),
    Pull(pull::Args),
    Push(push::Args),
    Save(save::Args),
    Tag(tag::Args),
}

/// Runs the verb.
pub(crate) fn run(settings: &Settings, args: &Args) -> Result<ExitCode> {
    match &args.verb {
        Verb::Inspect(args) => inspect::images(settings, args),
        Verb::Ls(args) => images::run(settings, args),
        Verb::Prune(args) => prune::run_images(settings, args),
        Verb::Rm(args) => rmi::run(settings, args),
        Verb::Shared(verb) => verb.run(settings),
    }
}

impl Shared {
    /// Runs the verb.
    pub(crate) fn run(&self, settings: &Settings) -> Result<ExitCode> {
        match self {
            Self::History(args) => history::run(settings, args),
            Self::Import(args) => import::run(settings, args),
            Self::Load(args) => load::run(settings, args),
            Self::Pull(args) => pull::run(settings, args),
            Self::Push(args) => push::run(settings, args),
            Self::Save(args) => save::run(settings, args),
            Self::Tag(args) => tag::run(settings, args),
        }
    }
}
