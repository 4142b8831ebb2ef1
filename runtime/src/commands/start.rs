//! `start`: lets the program of a created container run.

use super::Verb;
use crate::cli::Globals;
use crate::container::{self, Id};
use crate::error::Result;
use clap::Args;

/// Run the program of a created container
#[derive(Debug, Args)]
pub(super) struct StartArgs {
    /// The container's id
    #[arg(value_name = "CONTAINER-ID")]
    id: String,
}

impl Verb for StartArgs {
    const NAME: &'static str = "start";
    const ABOUT: &'static str = "run the program of a created container";

    fn run(self, globals: &Globals) -> Result<u8> {
        container::start(&globals.root, &Id::parse(&self.id)?)?;
        Ok(0)
    }
}
