//! `run`: create and start, then stay with the container or leave it.

use super::Verb;
use super::bundle_args::{BundleArgs, wants_terminal};
use crate::cli::Globals;
use crate::container::{self, foreground};
use crate::error::Result;
use crate::launch::{Console, Gate};
use clap::Args;

/// Create a container from a bundle and run its program
#[derive(Debug, Args)]
pub(super) struct RunArgs {
    #[command(flatten)]
    bundle: BundleArgs,

    /// Return as soon as the program runs
    #[arg(short, long)]
    detach: bool,

    /// Do not delete the container when its program has ended
    #[arg(long)]
    keep: bool,

    /// Do not become the parent of the container's orphans
    #[arg(long)]
    no_subreaper: bool,
}

impl Verb for RunArgs {
    const NAME: &'static str = "run";
    const ABOUT: &'static str = "create and run a container";

    fn run(self, globals: &Globals) -> Result<u8> {
        let id = self.bundle.id()?;
        let bundle = self.bundle.read_bundle()?;
        let spec = bundle.spec()?;
        self.bundle.check_console(&spec, self.detach)?;
        let request = self.bundle.request(globals, &id, &bundle, &spec, Gate::Channel);
        if self.detach {
            let console = self
                .bundle
                .console_socket
                .as_deref()
                .map_or(Console::None, Console::Socket);
            return container::run_detached(&request, console).map(|()| 0);
        }
        let options = foreground::Options {
            terminal: wants_terminal(&spec),
            keep: self.keep,
            subreaper: !self.no_subreaper,
        };
        foreground::run(&request, &options)
    }
}
