//! `corten push`.

use std::process::ExitCode;

use crate::archive::{self, Format, Packing};
use crate::error::{Error, Kind, Result};
use crate::events;
use crate::image::Reference;
use crate::oci::Digest;
use crate::output;
use crate::registry::{self, Options, Parcel, Sent, Witness};
use crate::settings::Settings;
use crate::store::Store;

/// Push images to their registries.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Push all tags of the repository
    #[arg(short, long)]
    all_tags: bool,
    /// Compress layers otherwise than they are: gzip or zstd, or with a level, such as zstd:19
    #[arg(long, value_name = "NAME[:LEVEL]", value_parser = Packing::parse)]
    compression: Option<Packing>,
    /// Write the manifest in these words: oci or docker
    #[arg(long, value_name = "FORMAT", value_parser = Format::parse)]
    format: Option<Format>,
    /// Say only what was pushed
    #[arg(short, long)]
    quiet: bool,
    /// Image to push, by the name of where it goes
    #[arg(value_name = "NAME[:TAG]")]
    name: String,
}

/// Runs the verb.
pub(crate) fn run(settings: &Settings, args: &Args) -> Result<ExitCode> {
    let reference: Reference = args.name.parse()?;
    if reference.digest().is_some() {
        return Err(Error::new(Kind::Usage, "cannot push a digest reference"));
    }
    if args.all_tags && !reference.has_default_tag() {
        return Err(Error::new(Kind::Usage, "tag can't be used with --all-tags/-a"));
    }
    let store = Store::open(&settings.root)?;
    let references = match args.all_tags {
        true => store.tags_of(&reference)?,
        false => vec![reference.clone()],
    };
    let there = references.iter().map(|reference| store.known_as(reference));
    let there = there.collect::<Result<Vec<_>>>()?;
    if there.is_empty() || there.iter().any(Option::is_none) {
        let name = reference.repository();
        return Err(Error::new(
            Kind::NotFound,
            format!("An image does not exist locally with the tag: {name}"),
        )
        .hint("corten tag gives an image the name of where it goes"));
    }
    if !args.quiet {
        output::line(format_args!(
            "The push refers to repository [{}]",
            reference.repository()
        ))?;
        if !args.all_tags && reference.has_default_tag() {
            output::line("Using default tag: latest")?;
        }
    }
    for (reference, image) in references.iter().zip(there.into_iter().flatten()) {
        push(&store, reference, &image.0.id, args)?;
        events::image(
            &settings.root,
            "push",
            &reference.familiar(),
            &reference.familiar(),
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn push(store: &Store, reference: &Reference, id: &Digest, args: &Args) -> Result<()> {
    let image = store.image(id)?;
    let display = Display { quiet: args.quiet };
    let options = Options::default();
    let pushed = match (args.compression, args.format) {
        (None, None) => {
            let image = archive::compressed(store, &image)?;
            let parcel = Parcel::of(store, &image)?;
            registry::push(store, &image, &parcel, reference, &options, &display)?
        }
        (packing, format) => {
            // Who wants other words alone wants no plain layers, either.
            let image = match packing {
                None => archive::compressed(store, &image)?,
                Some(_) => image,
            };
            let packed = archive::packed(store, &image, packing, format)?;
            let parcel = Parcel {
                manifest: packed.manifest.clone(),
                blobs: packed.blobs.clone(),
            };
            registry::push(store, &image, &parcel, reference, &options, &display)?
        }
    };
    let tag = reference.tag().unwrap_or_default();
    match args.quiet {
        true => output::line(reference),
        false => output::line(format_args!(
            "{tag}: digest: {} size: {}",
            pushed.digest, pushed.size
        )),
    }
}

/// A line for each layer.
struct Display {
    quiet: bool,
}

impl Witness for Display {
    fn layer(&self, layer: &Digest, sent: &Sent) {
        let what = match sent {
            Sent::Pushed => "Pushed".to_owned(),
            Sent::Exists => "Layer already exists".to_owned(),
            Sent::Mounted(from) => format!("Mounted from {from}"),
            Sent::Skipped => "Skipped foreign layer".to_owned(),
        };
        if !self.quiet {
            // A reader that went away is reported with the last line.
            let _ = output::line(format_args!("{}: {what}", layer.short()));
        }
    }
}
