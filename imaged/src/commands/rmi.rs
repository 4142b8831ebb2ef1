//! `corten rmi`.

use std::collections::BTreeSet;
use std::process::ExitCode;

use super::{platforms, several};
use crate::engine::Containers;
use crate::engine::status::Status;
use crate::error::{Kind, Result};
use crate::events;
use crate::image::{Names, Reference};
use crate::settings::Settings;
use crate::store::{Removed, Store};

/// Remove images.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Names or ids of images
    #[arg(required_unless_present = "all", conflicts_with = "all", value_name = "IMAGE")]
    images: Vec<String>,
    /// Remove all images, as podman has it
    #[arg(short, long)]
    all: bool,
    /// Remove names of images that containers use, all names of an id, and images of containers that do not run
    #[arg(short, long)]
    force: bool,
    /// That there is no such image is no error, as podman has it
    #[arg(short, long)]
    ignore: bool,
    /// As docker has it: what is below an image is no image here, and stays as long as another needs it
    #[arg(long)]
    no_prune: bool,
    /// Remove images only if they are for this platform
    #[arg(long, value_name = "OS/ARCH")]
    platform: Option<String>,
}

/// Runs the verb.
pub(crate) fn run(settings: &Settings, args: &Args) -> Result<ExitCode> {
    let store = Store::open(&settings.root)?;
    let containers = Containers::new(settings);
    let runs = |id: &str| Status::of(&containers, id).is_running();
    let images = match args.all {
        true => all(&store)?,
        false => args.images.clone(),
    };
    several::each(&images, |name| {
        let id = match platforms::resolve(&store, name, args.platform.as_deref()) {
            Err(error) if error.kind() == Kind::NotFound && args.ignore => return Ok(None),
            Err(error) if args.platform.is_some() => return Err(error),
            found => found.map(|image| image.id.to_string()),
        };
        let removed = store.remove_image_unless(name, args.force, &runs)?;
        if let Ok(id) = id {
            removed
                .iter()
                .for_each(|removed| announce(settings, &id, removed));
        }
        Ok(Some(removed.iter().map(line).collect::<Vec<_>>().join("\n")))
    })
}

/// Every name of every image, and the ids of those that have none. With the last tag of a repository its digests go.
fn all(store: &Store) -> Result<Vec<String>> {
    let images = store.images()?.into_iter();
    Ok(images
        .flat_map(|(image, names)| {
            let Names { tags, mut digests } = names;
            let repository = |name: &str| name.parse::<Reference>().ok().map(|name| name.repository());
            let tagged: BTreeSet<_> = tags.iter().map(|tag| repository(tag)).collect();
            digests.retain(|digest| !tagged.contains(&repository(digest)));
            match tags.is_empty() && digests.is_empty() {
                false => [tags, digests].concat(),
                true => vec![image.id.to_string()],
            }
        })
        .collect())
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
