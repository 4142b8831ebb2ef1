//! `pause`: freezes all processes of a container.

use super::Verb;
use crate::cli::Globals;
use crate::container::{self, Id};
use crate::error::Result;
use clap::Args;

/// Suspend all processes of a container
#[derive(Debug, Args)]
pub(super) struct PauseArgs {
    /// The container's id
    #[arg(value_name = "CONTAINER-ID")]
    id: String,
}

impl Verb for PauseArgs {
    const NAME: &'static str = "pause";
    const ABOUT: &'static str = "suspend all processes of a container";

    fn run(self, globals: &Globals) -> Result<u8> {
        container::pause(&globals.root, &Id::parse(&self.id)?)?;
        Ok(0)
    }
}
