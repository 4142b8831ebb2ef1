//! `corten unpack`.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::engine::standalone;
use crate::error::Result;
use crate::plan::id_map::IdMap;
use crate::plan::standalone::Ids;
use crate::settings::Settings;
use crate::store::Store;

/// Write an image's files and configuration to a directory: a bundle for any runtime.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// For a user without privileges: all files are whose this is, owners are noted beside them, and nothing in config.json
    /// needs root
    #[arg(long)]
    rootless: bool,
    /// Users of the bundle on the host, for a user namespace (container:host:size); --gid-map follows it
    #[arg(long, value_name = "MAP", conflicts_with = "rootless")]
    uid_map: Vec<String>,
    /// Groups of the bundle on the host
    #[arg(long, value_name = "MAP", conflicts_with = "rootless")]
    gid_map: Vec<String>,
    /// Name or id of the image
    #[arg(value_name = "IMAGE")]
    image: String,
    /// Directory to write to, new or empty
    #[arg(value_name = "DIR")]
    directory: PathBuf,
}

/// Runs the verb.
pub(crate) fn run(settings: &Settings, args: &Args) -> Result<ExitCode> {
    let maps = |typed: &[String]| {
        typed
            .iter()
            .map(|map| IdMap::parse(map))
            .collect::<Result<Vec<_>>>()
    };
    let uids = maps(&args.uid_map)?;
    let gids = match maps(&args.gid_map)? {
        none if none.is_empty() => uids.clone(),
        gids => gids,
    };
    let ids = Ids {
        uids: if uids.is_empty() { gids.clone() } else { uids },
        gids,
        rootless: args.rootless,
    };
    let store = Store::open(&settings.root)?;
    let image = store
        .resolve(&args.image)
        .map_err(|error| error.hint(format!("corten pull {}", args.image)))?;
    standalone::unpack(&store, &image, &super::absolute(&args.directory)?, ids)?;
    Ok(ExitCode::SUCCESS)
}
