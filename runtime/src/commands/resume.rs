//! `resume`: thaws all processes of a paused container.

use super::Verb;
use crate::cli::Globals;
use crate::container::{self, Id};
use crate::error::Result;
use clap::Args;

/// Resume all processes of a paused container
#[derive(Debug, Args)]
pub(super) struct ResumeArgs {
    /// The container's id
    #[arg(value_name = "CONTAINER-ID")]
    id: String,
}

impl Verb for ResumeArgs {
    const NAME: &'static str = "resume";
    const ABOUT: &'static str = "resume all processes of a paused container";

    fn run(self, globals: &Globals) -> Result<u8> {
        container::resume(&globals.root, &Id::parse(&self.id)?)?;
        Ok(0)
    }
}
