//! Taking the images of an archive into the store.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::contents::Contents;
use super::invalid;
use super::layout::{Found, of_docker_list, of_index};
use super::legacy::of_repositories;
use crate::assemble::{Files, Silent, Workshop, layers_of};
use crate::error::{Error, Kind, Result};
use crate::image::{Image, Reference, platform};
use crate::layer::Limits;
use crate::oci::manifest::read_json;
use crate::oci::{Digest, ImageConfig, Manifest};
use crate::store::{Name, Store};
use crate::trust;

/// How often layers may disappear, because somebody removes them, while others are made.
const ROUNDS: usize = 3;
/// How many layers are unpacked at once.
const PARALLEL: usize = 4;

/// An image that was loaded.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The image, complete in the store.
    pub image: Image,
    /// The names that it got.
    pub names: Vec<Reference>,
}

/// Loads all images of an archive, or of an OCI layout that is a directory.
///
/// # Errors
/// `Invalid`, `Integrity`, `Limit` and `Unsupported` for what is wrong with it; images before that one stay. `Denied` when
/// the policy does not allow it.
pub fn load(store: &Store, input: Input<'_>) -> Result<Vec<Loaded>> {
    store.reclaim()?;
    let (contents, transport, path) = match input {
        Input::Stream(stream) => (Contents::of_stream(store, stream)?, "oci-archive", None),
        Input::File(path) => {
            let mut file =
                File::open(path).map_err(|error| Error::io(format!("open {}", path.display()), &error))?;
            let meta = file.metadata();
            let meta = meta.map_err(|error| Error::io(format!("fstat {}", path.display()), &error))?;
            // What comes through a pipe has no path, however it was opened (`/dev/stdin`, `<(…)`).
            let path = Some(path).filter(|_| meta.is_file());
            (Contents::of_stream(store, &mut file)?, "oci-archive", path)
        }
        Input::Directory(path) => (Contents::of_directory(store, path)?, "oci", Some(path)),
    };
    let layout = (contents.get("oci-layout"), contents.get("index.json"));
    trust::allows_files(
        match layout {
            (Some(_), Some(_)) => transport,
            _ => "docker-archive",
        },
        path,
    )?;
    let found = if let (Some(_), Some(index)) = layout {
        of_index(&contents, index, &platform::host())?
    } else if let Some(list) = contents.get("manifest.json") {
        of_docker_list(&contents, list)?
    } else if let Some(repositories) = contents.get("repositories") {
        of_repositories(&contents, repositories)?
    } else {
        return Err(invalid(
            "this is no archive of images: it has neither an OCI layout nor docker's manifest.json",
        )
        .hint("`corten import` makes an image of an archive of files"));
    };
    found.into_iter().map(|image| install(store, image)).collect()
}

/// What to load.
pub enum Input<'a> {
    /// A tar stream, perhaps compressed.
    Stream(&'a mut dyn Read),
    /// The same in a file.
    File(&'a Path),
    /// An OCI layout.
    Directory(&'a Path),
}

/// Puts an image into the store.
///
/// # Errors
/// `Invalid`, `Integrity`, `Limit` and `Unsupported` for what is wrong with it.
pub fn install(store: &Store, found: Found) -> Result<Loaded> {
    let manifest: Manifest = read_json(&found.manifest, "manifest")?;
    let config: ImageConfig = read_json(&found.config, "image's configuration")?;
    let layers = layers_of(&manifest, &config)?;
    let digest = Digest::of(&found.manifest);
    let names: Vec<Name> = found
        .names
        .iter()
        .map(|reference| Name {
            reference: reference.clone(),
            digest,
        })
        .collect();
    let source = Files(found.blobs);
    let workshop = Workshop {
        store,
        source: &source,
        progress: &Silent,
        limits: Limits::default(),
        parallel: PARALLEL,
    };
    for _ in 0..ROUNDS {
        workshop.make(&layers)?;
        if let Some(image) = store.put_image(&found.config, &found.manifest, &names)? {
            return Ok(Loaded {
                image,
                names: found.names,
            });
        }
    }
    Err(Error::new(
        Kind::Conflict,
        "layers of the image were removed while it was made",
    )
    .hint("try again"))
}
