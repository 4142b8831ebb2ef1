//! `corten top`.

use std::process::ExitCode;

use crate::engine::{Containers, top};
use crate::error::Result;
use crate::output;
use crate::settings::Settings;

/// Show the processes of a running container.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name or id, then options of ps(1) in place of -ef
    #[arg(required = true, num_args = 1.., trailing_var_arg = true, value_names = ["CONTAINER", "PS-OPTION"], help_heading = "Arguments")]
    words: Vec<String>,
}

/// Runs the verb.
pub(crate) fn run(settings: &Settings, args: &Args) -> Result<ExitCode> {
    let containers = Containers::new(settings);
    let record = containers.find(args.words.first().map_or("", String::as_str))?;
    let table = top::table(&containers, &record, args.words.get(1..).unwrap_or_default())?;
    output::print(&String::from_utf8_lossy(&table))?;
    Ok(ExitCode::SUCCESS)
}
