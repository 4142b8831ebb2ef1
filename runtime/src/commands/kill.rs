//! `kill`: a signal to a container's init, or to all of its processes.

use super::Verb;
use crate::cli::Globals;
use crate::container::{Container, Id, signal};
use crate::error::Result;
use clap::Args;

/// Send a signal to the init process of a container
#[derive(Debug, Args)]
pub(super) struct KillArgs {
    /// Send the signal to all processes of the container
    #[arg(short, long)]
    all: bool,

    /// The container's id
    #[arg(value_name = "CONTAINER-ID")]
    id: String,

    /// A name (TERM, SIGTERM) or a number (15)
    #[arg(value_name = "SIGNAL", default_value = "SIGTERM", allow_hyphen_values = true)]
    signal: String,
}

impl Verb for KillArgs {
    const NAME: &'static str = "kill";
    const ABOUT: &'static str = "send a signal (default: SIGTERM) to the container's init process";

    fn run(self, globals: &Globals) -> Result<u8> {
        let container = Container::open(&globals.root, &Id::parse(&self.id)?)?;
        signal::send(&container, signal::parse(&self.signal)?, self.all)?;
        Ok(0)
    }
}
