//! `corten save`.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::builder::PossibleValuesParser;

use super::output_file;
use crate::archive::{self, Selected};
use crate::error::{Error, Kind, Result};
use crate::image::{Image, Reference, platform};
use crate::oci::{Digest, Platform};
use crate::settings::Settings;
use crate::store::{Name, Store};

/// Save images to one archive that is both an OCI layout and docker's format.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Write to a file, compressed if it ends in .gz, .tgz or .zst; standard output without it
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Save only the image for this platform, without the index that it is in
    #[arg(long, value_name = "OS/ARCH")]
    platform: Option<String>,
    /// As podman has it: the archive is in both of these formats in any case
    #[arg(long, value_name = "FORMAT", value_parser = PossibleValuesParser::new(["oci-archive", "docker-archive"]))]
    format: Option<String>,
    /// As podman has it: each further word is an image in any case
    #[arg(short, long)]
    multi_image_archive: bool,
    /// As podman has it: nothing is said in any case
    #[arg(short, long)]
    quiet: bool,
    /// Names or ids of images; a name without a tag means all tags
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<String>,
}

/// An image that was asked for, under these names.
struct Chosen {
    image: Image,
    names: Vec<Name>,
}

/// Runs the verb.
pub(crate) fn run(settings: &Settings, args: &Args) -> Result<ExitCode> {
    let store = Store::open(&settings.root)?;
    let mut chosen = Vec::new();
    for name in &args.images {
        choose(&store, name, &mut chosen)?;
    }
    let wanted = args.platform.as_deref().map(platform::parse).transpose()?;
    let selected = chosen.iter();
    let selected = selected.map(|one| one.selected(&store, wanted.as_ref()));
    let selected = selected.collect::<Result<Vec<_>>>()?.concat();
    // Who asks for one platform gets no index of several.
    let save = |out: &mut dyn Write| archive::save(&store, &selected, wanted.is_none(), out);
    match &args.output {
        Some(path) => output_file::write(path, |file| compressed(path, file, save))?,
        None => {
            output_file::refuse_terminal()?;
            save(&mut io::stdout().lock())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Adds what a name means: an image under this tag, under all tags of a repository, or without a name.
fn choose(store: &Store, name: &str, chosen: &mut Vec<Chosen>) -> Result<()> {
    let reference = name.parse::<Reference>().ok();
    let tagged = match &reference {
        Some(reference) if reference.has_default_tag() => store.tags_of(reference)?,
        Some(reference) if reference.digest().is_none() => vec![reference.clone()],
        _ => Vec::new(),
    };
    if tagged.is_empty() {
        add(store.resolve(name)?, None, chosen);
        return Ok(());
    }
    for tag in tagged {
        match store.known_as(&tag)? {
            Some((image, digest)) => {
                let reference = tag;
                add(image, Some(Name { reference, digest }), chosen);
            }
            // An id may look like a name.
            None => add(store.resolve(name)?, None, chosen),
        }
    }
    Ok(())
}

fn add(image: Image, name: Option<Name>, chosen: &mut Vec<Chosen>) {
    let known = chosen.iter_mut().find(|known| known.image.id == image.id);
    match known {
        Some(known) => known.names.extend(name),
        None => chosen.push(Chosen {
            image,
            names: name.into_iter().collect(),
        }),
    }
    for known in chosen {
        known.names.sort_by_key(|name| name.reference.to_string());
        known.names.dedup_by(|a, b| a.reference == b.reference);
    }
}

impl Chosen {
    /// What is saved of it: the image, or for the platform that was asked for what each name stands for.
    fn selected(&self, store: &Store, wanted: Option<&Platform>) -> Result<Vec<Selected>> {
        let wanted = match wanted {
            Some(wanted) if !self.names.is_empty() => wanted,
            wanted => {
                let id = self.image.id.to_string();
                wanted.map_or(Ok(()), |wanted| platform::check(&self.image.config, wanted, &id))?;
                return Ok(vec![Selected {
                    manifest: self.image.manifest,
                    names: self.names.clone(),
                }]);
            }
        };
        let mut selected: Vec<Selected> = Vec::new();
        for name in &self.names {
            let manifest = self.manifest(store, name, wanted)?;
            match selected.iter_mut().find(|known| known.manifest == manifest) {
                Some(known) => known.names.push(name.clone()),
                None => selected.push(Selected {
                    manifest,
                    names: vec![name.clone()],
                }),
            }
        }
        Ok(selected)
    }

    /// What is for a platform in the index that a name stands for, or the image, if it is for that.
    fn manifest(&self, store: &Store, name: &Name, wanted: &Platform) -> Result<Digest> {
        let index = store.kept_index(&name.digest)?;
        let member = index
            .map(|index| index.into_member(wanted))
            .transpose()?
            .flatten();
        match member {
            Some(member) => Ok(member.descriptor.digest),
            None => platform::check(&self.image.config, wanted, &name.reference.familiar())
                .map(|()| self.image.manifest),
        }
    }
}

fn compressed(path: &Path, file: File, save: impl Fn(&mut dyn Write) -> Result<()>) -> Result<()> {
    let failed = |error: io::Error| Error::io(format!("write {}", path.display()), &error);
    let file = BufWriter::with_capacity(1 << 20, file);
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("gz" | "tgz") => {
            let mut encoder = flate2::write::GzEncoder::new(file, flate2::Compression::default());
            save(&mut encoder)?;
            encoder.finish().and_then(|mut file| file.flush()).map_err(failed)
        }
        Some("zst" | "tzst") => {
            let mut encoder = zstd::stream::write::Encoder::new(file, 0).map_err(failed)?;
            save(&mut encoder)?;
            encoder.finish().and_then(|mut file| file.flush()).map_err(failed)
        }
        Some(other @ ("xz" | "txz" | "bz2" | "tbz" | "tbz2")) => Err(Error::new(
            Kind::Unsupported,
            format!("archives are not written as .{other}: {}", path.display()),
        )
        .hint("write .gz or .zst, or plain to the compressor: corten save IMAGE | xz > FILE")),
        _ => {
            let mut file = file;
            save(&mut file)?;
            file.flush().map_err(failed)
        }
    }
}
