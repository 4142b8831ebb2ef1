//! `corten rmi`.

use std::process::ExitCode;

use super::several;
use crate::error::Result;
use crate::settings::Settings;
use crate::store::{Removed, Store};

/// Remove images.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Names or ids of images
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<String>,
    /// Remove names of images that containers use, and all names of an id
    #[arg(short, long)]
    force: bool,
}

/// Runs the verb.
pub(crate) fn run(settings: &Settings, args: &Args) -> Result<ExitCode> {
    let store = Store::open(&settings.root)?;
    several::each(&args.images, |name| {
        let removed = store.remove_image(name, args.force)?;
        Ok(Some(removed.iter().map(line).collect::<Vec<_>>().join("\n")))
    })
}

fn line(removed: &Removed) -> String {
    match removed {
        Removed::Untagged(name) => format!("Untagged: {name}"),
        Removed::Deleted(digest) => format!("Deleted: {digest}"),
    }
}
