//! `create`: a container that is set up and waits for `start`.

use super::Verb;
use super::bundle_args::BundleArgs;
use crate::cli::Globals;
use crate::container;
use crate::error::Result;
use crate::launch::{Console, Gate};
use clap::Args;

/// Create a container from a bundle; `start` runs its program
#[derive(Debug, Args)]
pub(super) struct CreateArgs {
    #[command(flatten)]
    bundle: BundleArgs,
}

impl Verb for CreateArgs {
    const NAME: &'static str = "create";
    const ABOUT: &'static str = "create a container";

    fn run(self, globals: &Globals) -> Result<u8> {
        let id = self.bundle.id()?;
        let bundle = self.bundle.read_bundle()?;
        let spec = bundle.spec()?;
        self.bundle.check_console(&spec, true)?;
        let console = self
            .bundle
            .console_socket
            .as_deref()
            .map_or(Console::None, Console::Socket);
        container::create(
            &self.bundle.request(globals, &id, &bundle, &spec, Gate::Socket),
            console,
        )?;
        Ok(0)
    }
}
