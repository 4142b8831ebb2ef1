//! `state`: one container's state as JSON.

use super::{Verb, print_json};
use crate::cli::Globals;
use crate::container::{Container, Id};
use crate::error::Result;
use clap::Args;

/// Show the state of a container as JSON
#[derive(Debug, Args)]
pub(super) struct StateArgs {
    /// The container's id
    #[arg(value_name = "CONTAINER-ID")]
    id: String,
}

impl Verb for StateArgs {
    const NAME: &'static str = "state";
    const ABOUT: &'static str = "output the state of a container";

    fn run(self, globals: &Globals) -> Result<u8> {
        let container = Container::open(&globals.root, &Id::parse(&self.id)?)?;
        print_json(&container.report())
    }
}
