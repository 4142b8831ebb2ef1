//! `corten repack`.

use std::path::PathBuf;
use std::process::ExitCode;

use super::source_date;
use crate::engine::{commit, standalone};
use crate::error::Result;
use crate::output;
use crate::settings::Settings;
use crate::store::Store;

/// Make an image of what was changed in a bundle that `unpack` wrote.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Who made it
    #[arg(short, long, value_name = "AUTHOR")]
    author: Option<String>,
    /// Instruction of a Dockerfile to apply to the image
    #[arg(short, long, value_name = "INSTRUCTION")]
    change: Vec<String>,
    /// A remark
    #[arg(short, long, value_name = "TEXT")]
    message: Option<String>,
    /// The bundle
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// Name of the image
    #[arg(value_name = "REPOSITORY[:TAG]")]
    name: Option<String>,
}

/// Runs the verb.
pub(crate) fn run(settings: &Settings, args: &Args) -> Result<ExitCode> {
    let request = commit::Request {
        author: args.author.clone(),
        message: args.message.clone(),
        changes: args.change.clone(),
        pause: false,
        name: args.name.as_deref().map(str::parse).transpose()?,
        latest: source_date::latest()?,
    };
    let store = Store::open(&settings.root)?;
    let made = standalone::repack(&store, &super::absolute(&args.directory)?, request)?;
    output::line(made.image.id)?;
    Ok(ExitCode::SUCCESS)
}
