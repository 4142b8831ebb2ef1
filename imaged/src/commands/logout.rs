//! `corten logout`.

use std::process::ExitCode;

use super::login::config_file;
use crate::error::Result;
use crate::output;
use crate::registry::credentials::{self, ConfigFile};

/// Forget the name and password for a registry.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Registry; docker.io if not given
    #[arg(value_name = "SERVER")]
    server: Option<String>,
}

/// Runs the verb.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let domain = credentials::server(args.server.as_deref())?;
    let file = config_file()?;
    let was_there = file.exists() && ConfigFile::change(&file, |file| file.forget(&domain))?;
    let key = credentials::key_of(&domain);
    match was_there {
        true => output::line(format_args!("Removing login credentials for {key}"))?,
        false => output::line(format_args!("Not logged in to {key}"))?,
    }
    // What podman keeps is podman's to forget.
    if credentials::of_registry(&domain)?.is_some() {
        output::note(format_args!(
            "{key} is still known from podman's auth.json: podman logout forgets that"
        ));
    }
    Ok(ExitCode::SUCCESS)
}
