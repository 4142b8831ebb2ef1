//! `corten exec`: not there yet, and says so.

use std::process::ExitCode;

use crate::error::{Error, Kind, Result};

/// Run a command in a running container (not supported yet).
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The container, the command and its arguments
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<String>,
}

/// Runs the verb.
pub(crate) fn run(_args: &Args) -> Result<ExitCode> {
    Err(Error::new(Kind::Unsupported, "exec is not supported yet").hint(
        "the runtime's pid namespace can be entered with nsenter(1) and the pid that `corten inspect` shows",
    ))
}
