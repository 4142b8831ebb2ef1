//! `delete`: removes what a container holds.

use super::Verb;
use crate::cli::Globals;
use crate::container::{self, Id};
use crate::error::Result;
use crate::log;
use clap::Args;

/// Remove a container that is stopped or was never started
#[derive(Debug, Args)]
pub(super) struct DeleteArgs {
    /// Kill a container that still runs; an absent one is no error
    #[arg(short, long)]
    force: bool,

    /// The containers' ids
    #[arg(value_name = "CONTAINER-ID", required = true)]
    ids: Vec<String>,
}

impl Verb for DeleteArgs {
    const NAME: &'static str = "delete";
    const ABOUT: &'static str = "delete any resources held by a container";

    /// All are tried; of several failures, the first is the command's, the others are warnings.
    fn run(self, globals: &Globals) -> Result<u8> {
        let mut failure = None;
        for id in &self.ids {
            let deleted = Id::parse(id).and_then(|id| container::delete(&globals.root, &id, self.force));
            match (deleted, &failure) {
                (Ok(()), _) => {}
                (Err(error), None) => failure = Some(error),
                (Err(error), Some(_)) => log::warn(&error.to_string()),
            }
        }
        failure.map_or(Ok(0), Err)
    }
}
