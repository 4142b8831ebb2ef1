//! `corten pull`.

use std::process::ExitCode;

use super::pull_display::{Display, Stream};
use crate::error::Result;
use crate::image::{Reference, platform};
use crate::output;
use crate::registry::{self, Options, Pulled, Silent};
use crate::settings::Settings;
use crate::store::Store;

/// Get images from their registries.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Images to pull: NAME, NAME:TAG or NAME@DIGEST
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
    /// Say only what was pulled
    #[arg(short, long)]
    quiet: bool,
    /// Platform to pull of images that have several, such as linux/arm64
    #[arg(long, value_name = "OS/ARCH")]
    platform: Option<String>,
}

/// Runs the verb.
pub(crate) fn run(settings: &Settings, args: &Args) -> Result<ExitCode> {
    let platform = args.platform.as_deref().map(platform::parse).transpose()?;
    let options = Options {
        platform,
        ..Options::default()
    };
    let references: Vec<Reference> = args
        .names
        .iter()
        .map(|name| name.parse())
        .collect::<Result<_>>()?;
    let store = Store::open(&settings.root)?;
    for reference in &references {
        match args.quiet {
            true => drop(registry::pull(&store, reference, &options, &Silent)?),
            false => show(reference, &pull(&store, reference, &options)?)?,
        }
        output::line(reference)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn pull(store: &Store, reference: &Reference, options: &Options) -> Result<Pulled> {
    if reference.has_default_tag() {
        output::line("Using default tag: latest")?;
    }
    let display = Display::new(Stream::Stdout);
    registry::pull(store, reference, options, &display)
}

fn show(reference: &Reference, pulled: &Pulled) -> Result<()> {
    output::line(summary(reference, pulled))
}

/// The last two lines of docker's report.
pub(super) fn summary(reference: &Reference, pulled: &Pulled) -> String {
    let status = match pulled.was_current {
        true => "Image is up to date",
        false => "Downloaded newer image",
    };
    format!(
        "Digest: {}\nStatus: {status} for {}",
        pulled.digest,
        reference.familiar()
    )
}
