//! `corten load`.

use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::process::ExitCode;

use crate::archive::{self, Input, Loaded};
use crate::error::{Context, Error, Kind, Result};
use crate::events;
use crate::image::{Reference, platform};
use crate::output;
use crate::settings::Settings;
use crate::store::Store;

/// Load images from an archive of `save`, docker's or podman's, or from an OCI layout.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Archive, perhaps compressed (gzip, zstd, xz, bzip2), or directory of an OCI layout; standard input without it
    #[arg(short, long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// Load only images for this platform
    #[arg(long, value_name = "OS/ARCH")]
    platform: Option<String>,
    /// Say only what was loaded
    #[arg(short, long)]
    quiet: bool,
}

/// Runs the verb.
pub(crate) fn run(settings: &Settings, args: &Args) -> Result<ExitCode> {
    let wanted = args.platform.as_deref().map(platform::parse).transpose()?;
    let store = Store::open(&settings.root)?;
    let load = |input: Input<'_>| archive::load(&store, input, wanted.as_ref());
    let loaded = match &args.input {
        None if io::stdin().is_terminal() => {
            return Err(Error::new(
                Kind::Usage,
                "requested load from stdin, but stdin is empty",
            ));
        }
        None => load(Input::Stream(&mut io::stdin().lock())),
        Some(path) if path.is_dir() => load(Input::Directory(path)),
        Some(path) => load(Input::File(path)),
    };
    let loaded = loaded.context(|| "load")?;
    for loaded in &loaded {
        let id = loaded.image.id.to_string();
        let name = loaded
            .names
            .first()
            .map_or_else(|| id.clone(), Reference::familiar);
        events::image(&settings.root, "load", &id, &name);
        show(loaded)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn show(loaded: &Loaded) -> Result<()> {
    if loaded.names.is_empty() {
        return output::line(format_args!("Loaded image ID: {}", loaded.image.id));
    }
    let mut names = loaded.names.iter();
    names.try_for_each(|name| output::line(format_args!("Loaded image: {}", name.familiar())))
}
