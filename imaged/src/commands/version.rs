//! `corten version`.

use std::process::ExitCode;

use serde_json::json;

use crate::error::Result;
use crate::format::Template;
use crate::output;
use crate::settings::Settings;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Format the output with a Go template, or `json`
    #[arg(short, long, value_name = "FORMAT")]
    format: Option<String>,
}

pub(crate) fn run(_settings: &Settings, args: &Args) -> Result<ExitCode> {
    let facts = json!({"Client": {"Version": env!("CARGO_PKG_VERSION")}});
    match args.format.as_deref() {
        None => output::line(format_args!("corten {}", env!("CARGO_PKG_VERSION")))?,
        Some("json") => output::line(facts)?,
        Some(template) => output::line(Template::parse(template)?.render(&facts)?)?,
    }
    Ok(ExitCode::SUCCESS)
}
