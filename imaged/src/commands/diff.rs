//! `corten diff`.

use std::process::ExitCode;

use crate::engine::{Containers, commit};
use crate::error::Result;
use crate::layer::Change;
use crate::output;
use crate::settings::Settings;
use crate::store::Store;

/// Show what a container changed of its image's files.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name or id of the container
    #[arg(value_name = "CONTAINER")]
    container: String,
}

/// Runs the verb: `A` was added, `C` changed, `D` deleted.
pub(crate) fn run(settings: &Settings, args: &Args) -> Result<ExitCode> {
    let containers = Containers::new(settings);
    let record = containers.find(&args.container)?;
    let store = Store::open(&settings.root)?;
    let mut text = String::new();
    for (path, change) in commit::changes(&containers, &store, &record)?.list()? {
        let letter = match change {
            Change::Added => 'A',
            Change::Changed => 'C',
            Change::Deleted => 'D',
        };
        text.push_str(&format!("{letter} /{}\n", output::harmless_path(&path)));
    }
    output::print(&text)?;
    Ok(ExitCode::SUCCESS)
}
