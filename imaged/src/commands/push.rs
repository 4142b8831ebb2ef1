//! `corten push`.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::archive::{self, Format, Packed, Packing};
use crate::error::{Error, Kind, Result};
use crate::events;
use crate::image::{Image, Reference, platform};
use crate::oci::Digest;
use crate::output;
use crate::registry::{self, Options, Parcel, Sent, Witness};
use crate::settings::Settings;
use crate::store::Store;

/// In docker's words.
const PARTIAL: &str =
    "Not all multiplatform-content is present and only the available single-platform image was pushed";
const REPACKED: &str = "Only the image for this machine's platform was pushed: an index is pushed as it is";

/// Push images to their registries.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Push all tags of the repository
    #[arg(short, long)]
    all_tags: bool,
    /// Compress layers otherwise than they are: gzip or zstd, or with a level, such as zstd:19
    #[arg(long, visible_alias = "compression-format", value_name = "NAME[:LEVEL]", value_parser = Packing::parse)]
    compression: Option<Packing>,
    /// Write the manifest in these words: oci or docker
    #[arg(short, long, value_name = "FORMAT", value_parser = Format::parse)]
    format: Option<Format>,
    /// Write the digest of what was pushed to a file, too
    #[arg(long, value_name = "FILE", conflicts_with = "all_tags")]
    digestfile: Option<PathBuf>,
    /// Push only the image for this platform, without the index that it is in
    #[arg(long, value_name = "OS/ARCH")]
    platform: Option<String>,
    /// Docker's: there are no notaries here; see `corten verify`
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    disable_content_trust: Option<bool>,
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
        push(&store, reference, &image, args)?;
        events::image(
            &settings.root,
            "push",
            &reference.familiar(),
            &reference.familiar(),
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn push(store: &Store, reference: &Reference, (image, known): &(Image, Digest), args: &Args) -> Result<()> {
    let chosen = chosen(store, reference, image, known, args)?;
    let display = Display { quiet: args.quiet };
    let pushed = registry::push(store, &chosen.parcel, reference, &Options::default(), &display)?;
    if chosen.is_of_the_store {
        let is_all = args.platform.is_none() && chosen.note.is_none();
        registry::remember(store, &image.id, reference, pushed.digest, is_all)?;
    }
    if let Some(path) = &args.digestfile {
        fs::write(path, pushed.digest.to_string())
            .map_err(|error| Error::io(format!("write {}", path.display()), &error))?;
    }
    if args.quiet {
        return output::line(reference);
    }
    let tag = reference.tag().unwrap_or_default();
    output::line(format_args!(
        "{tag}: digest: {} size: {}",
        pushed.digest, pushed.size
    ))?;
    chosen.note.into_iter().for_each(output::note);
    Ok(())
}

/// What is pushed.
struct Chosen {
    parcel: Parcel,
    /// Keeps the files of the parcel.
    _packed: Option<Packed>,
    /// Whether it is the store's image; of one for another platform the store has no more than its blobs.
    is_of_the_store: bool,
    /// What is to be said when it is not all that the name stands for.
    note: Option<&'static str>,
}

/// The index that the name stands for, as it is, if all of it is there; of that, what is for the platform that was asked
/// for; or the image alone.
fn chosen(
    store: &Store,
    reference: &Reference,
    image: &Image,
    known: &Digest,
    args: &Args,
) -> Result<Chosen> {
    let wanted = args.platform.as_deref().map(platform::parse).transpose()?;
    let is_as_it_is = args.compression.is_none() && args.format.is_none();
    let as_it_is = |parcel, is_of_the_store| Chosen {
        parcel,
        _packed: None,
        is_of_the_store,
        note: None,
    };
    let kept = store.kept_index(known)?;
    let note = match (&kept, &wanted) {
        (Some(index), None) => Some(if index.is_whole { REPACKED } else { PARTIAL }),
        _ => None,
    };
    match (kept, &wanted) {
        (Some(index), None) if is_as_it_is && index.is_whole => {
            return Ok(as_it_is(Parcel::of_index(index), true));
        }
        (Some(index), Some(wanted)) if is_as_it_is => {
            if let Some(member) = index.into_member(wanted)? {
                let is_of_the_store = member.manifest.config.digest == image.id;
                return Ok(as_it_is(Parcel::of_manifest(member.bytes), is_of_the_store));
            }
        }
        _ => {}
    }
    // As it is now: with --all-tags, its layers may have been compressed for another.
    let image = store.image(&image.id)?;
    if let Some(wanted) = &wanted {
        platform::check(&image.config, wanted, &reference.familiar())?;
    }
    let (parcel, packed) = alone(store, &image, args)?;
    Ok(Chosen {
        parcel,
        _packed: packed,
        is_of_the_store: true,
        note,
    })
}

/// The image alone, in the form that was asked for, and what keeps that.
fn alone(store: &Store, image: &Image, args: &Args) -> Result<(Parcel, Option<Packed>)> {
    if let (None, None) = (args.compression, args.format) {
        let image = archive::compressed(store, image)?;
        return Ok((Parcel::of(store, &image)?, None));
    }
    // Who wants other words alone wants no plain layers, either.
    let image = match args.compression {
        None => &archive::compressed(store, image)?,
        Some(_) => image,
    };
    let packed = archive::packed(store, image, args.compression, args.format)?;
    let parcel = Parcel {
        root: packed.manifest.clone(),
        blobs: packed.blobs.clone(),
        ..Parcel::default()
    };
    Ok((parcel, Some(packed)))
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
