//! `corten port`.

use std::process::ExitCode;

use crate::engine::Containers;
use crate::error::{Error, Kind, Result};
use crate::settings::Settings;

/// Show the ports of the host that lead to a container: none, as there are no bridges yet.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name or id
    #[arg(value_name = "CONTAINER")]
    container: String,
    /// Only this port of the container
    #[arg(value_name = "PORT[/PROTOCOL]")]
    port: Option<String>,
}

/// Runs the verb.
pub(crate) fn run(settings: &Settings, args: &Args) -> Result<ExitCode> {
    let record = Containers::new(settings).find(&args.container)?;
    match &args.port {
        None => Ok(ExitCode::SUCCESS),
        Some(port) => {
            let port = match port.contains('/') {
                true => port.clone(),
                false => format!("{port}/tcp"),
            };
            Err(Error::new(
                Kind::NotFound,
                format!("No public port '{port}' published for {}", record.name),
            ))
        }
    }
}
