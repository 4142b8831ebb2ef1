//! `corten rmi`.

use std::process::ExitCode;

use super::several;
use crate::engine::Containers;
use crate::engine::status::Status;
use crate::error::Result;
use crate::events;
use crate::settings::Settings;
use crate::store::{Removed, Store};

/// Remove images.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Names or ids of images
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<String>,
    /// Remove names of images that containers use, all names of an id, and images of containers that do not run
    #[arg(short, long)]
    force: bool,
}

/// Runs the verb.
pub(crate) fn run(settings: &Settings, args: &Args) -> Result<ExitCode> {
    let store = Store::open(&settings.root)?;
    let containers = Containers::new(settings);
    let runs = |id: &str| Status::of(&containers, id).is_running();
    several::each(&args.images, |name| {
        let id = store.resolve(name).map(|image| image.id.to_string());
        let removed = store.remove_image_unless(name, args.force, &runs)?;
        if let Ok(id) = id {
            removed
                .iter()
                .for_each(|removed| announce(settings, &id, removed));
        }
        Ok(Some(removed.iter().map(line).collect::<Vec<_>>().join("\n")))
    })
}

/// Of what goes with an image docker tells the image alone.
fn announce(settings: &Settings, id: &str, removed: &Removed) {
    match removed {
        Removed::Untagged(name) => events::image(&settings.root, "untag", id, name),
        Removed::Deleted(digest) if digest.to_string() == id => {
            events::image(&settings.root, "delete", id, id);
        }
        Removed::Deleted(_) => {}
    }
}

fn line(removed: &Removed) -> String {
    match removed {
        Removed::Untagged(name) => format!("Untagged: {name}"),
        Removed::Deleted(digest) => format!("Deleted: {digest}"),
    }
}
