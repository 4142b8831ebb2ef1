//! `corten save`.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::archive::{self, Selected};
use crate::error::{Error, Kind, Result};
use crate::image::Reference;
use crate::settings::Settings;
use crate::store::Store;

/// Save images to one archive that is both an OCI layout and docker's format.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Write to a file, compressed if it ends in .gz, .tgz or .zst; standard output without it
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Names or ids of images; a name without a tag means all tags
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<String>,
}

/// Runs the verb.
pub(crate) fn run(settings: &Settings, args: &Args) -> Result<ExitCode> {
    let store = Store::open(&settings.root)?;
    let mut selected = Vec::new();
    for name in &args.images {
        select(&store, name, &mut selected)?;
    }
    match &args.output {
        Some(path) => to_file(&store, &selected, path)?,
        None if io::stdout().is_terminal() => {
            return Err(Error::new(Kind::Usage, "cowardly refusing to save to a terminal")
                .hint("use -o, or redirect"));
        }
        None => archive::save(&store, &selected, &mut io::stdout().lock())?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Adds what a name means: an image under this tag, under all tags of a repository, or without a name.
fn select(store: &Store, name: &str, selected: &mut Vec<Selected>) -> Result<()> {
    let reference = name.parse::<Reference>().ok();
    let tagged = match &reference {
        Some(reference) if reference.has_default_tag() => store.tags_of(reference)?,
        Some(reference) if reference.digest().is_none() => vec![reference.clone()],
        _ => Vec::new(),
    };
    if tagged.is_empty() {
        return add(store, name, None, selected);
    }
    for tag in tagged {
        // An id may look like a name.
        let named = store.known_as(&tag)?.is_some();
        let name = if named { tag.to_string() } else { name.to_owned() };
        add(store, &name, named.then_some(tag), selected)?;
    }
    Ok(())
}

fn add(store: &Store, name: &str, tag: Option<Reference>, selected: &mut Vec<Selected>) -> Result<()> {
    let image = store.resolve(name)?;
    let known = selected.iter_mut().find(|known| known.image.id == image.id);
    match known {
        Some(known) => known.names.extend(tag),
        None => selected.push(Selected {
            image,
            names: tag.into_iter().collect(),
        }),
    }
    for known in selected {
        known.names.sort_by_key(ToString::to_string);
        known.names.dedup();
    }
    Ok(())
}

/// Writes beside the file and then in its place: a failure leaves what was there. A device or a pipe is written to: in
/// place of /dev/null no file may come.
fn to_file(store: &Store, selected: &[Selected], path: &Path) -> Result<()> {
    let failed = |call: &str, error: &io::Error| Error::io(format!("{call} {}", path.display()), error);
    if fs::metadata(path).is_ok_and(|meta| !meta.is_file()) {
        let file = File::options().write(true).open(path);
        let file = file.map_err(|error| failed("open", &error))?;
        return compressed(store, selected, path, file);
    }
    let mut temporary = OsString::from(path);
    temporary.push(format!(".{}", std::process::id()));
    let temporary = PathBuf::from(temporary);
    let file = File::create_new(&temporary).map_err(|error| failed("create", &error))?;
    let written = compressed(store, selected, path, file)
        .and_then(|()| fs::rename(&temporary, path).map_err(|error| failed("rename to", &error)));
    if written.is_err() {
        // The first error is the one that matters.
        let _ = fs::remove_file(&temporary);
    }
    written
}

fn compressed(store: &Store, selected: &[Selected], path: &Path, file: File) -> Result<()> {
    let failed = |error: io::Error| Error::io(format!("write {}", path.display()), &error);
    let file = BufWriter::with_capacity(1 << 20, file);
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("gz" | "tgz") => {
            let mut encoder = flate2::write::GzEncoder::new(file, flate2::Compression::default());
            archive::save(store, selected, &mut encoder)?;
            encoder.finish().and_then(|mut file| file.flush()).map_err(failed)
        }
        Some("zst") => {
            let mut encoder = zstd::stream::write::Encoder::new(file, 0).map_err(failed)?;
            archive::save(store, selected, &mut encoder)?;
            encoder.finish().and_then(|mut file| file.flush()).map_err(failed)
        }
        _ => {
            let mut file = file;
            archive::save(store, selected, &mut file)?;
            file.flush().map_err(failed)
        }
    }
}
