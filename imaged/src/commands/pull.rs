//! `corten pull`.

use std::process::ExitCode;

use super::platforms::PlatformOptions;
use super::pull_display::{Display, Stream};
use crate::error::{Error, Kind, Result};
use crate::events;
use crate::image::Reference;
use crate::output;
use crate::registry::{self, Options, Pulled, Silent};
use crate::settings::Settings;
use crate::store::Store;

/// Get images from their registries.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Pull all tags of the repository
    #[arg(short, long)]
    all_tags: bool,
    /// Images to pull: NAME, NAME:TAG or NAME@DIGEST
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
    /// Say only what was pulled
    #[arg(short, long)]
    quiet: bool,
    #[command(flatten)]
    platform: PlatformOptions,
    /// Keep the images for all other platforms, too, so that they can be pushed and saved
    #[arg(long)]
    all_platforms: bool,
    /// Docker's: there are no notaries here; see `corten verify`
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    disable_content_trust: Option<bool>,
}

/// Runs the verb.
pub(crate) fn run(settings: &Settings, args: &Args) -> Result<ExitCode> {
    let options = Options {
        platform: args.platform.wanted()?,
        all_platforms: args.all_platforms,
        ..Options::default()
    };
    let names = args.names.iter().map(|name| registry::candidates(name));
    let names: Vec<Vec<Reference>> = names.collect::<Result<_>>()?;
    let store = Store::open(&settings.root)?;
    for references in &names {
        match (args.all_tags, references.first()) {
            (true, Some(repository)) => {
                all_tags(settings, &store, repository, &options, args.quiet)?;
                output::line(repository.repository())?;
            }
            _ => output::line(one(settings, &store, references, &options, args.quiet)?)?,
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Pulls what the first of the references that exists means, which is returned.
fn one(
    settings: &Settings,
    store: &Store,
    references: &[Reference],
    options: &Options,
    quiet: bool,
) -> Result<Reference> {
    let reference = match quiet {
        true => registry::pull_first(store, references, options, &Silent)?.0,
        false => shown(store, references, options)?,
    };
    events::image(
        &settings.root,
        "pull",
        &reference.familiar(),
        &reference.familiar_name(),
    );
    Ok(reference)
}

fn shown(store: &Store, references: &[Reference], options: &Options) -> Result<Reference> {
    if references.iter().any(Reference::has_default_tag) {
        output::line("Using default tag: latest")?;
    }
    let display = Display::new(Stream::Stdout);
    let (reference, pulled) = registry::pull_first(store, references, options, &display)?;
    output::line(summary(&reference, &pulled))?;
    Ok(reference)
}

/// Every tag that the registry has of a repository.
fn all_tags(
    settings: &Settings,
    store: &Store,
    repository: &Reference,
    options: &Options,
    quiet: bool,
) -> Result<()> {
    if !repository.has_default_tag() {
        return Err(Error::new(Kind::Usage, "tag can't be used with --all-tags/-a"));
    }
    for reference in registry::tags(repository, options)? {
        one(settings, store, &[reference], options, quiet)?;
    }
    Ok(())
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
