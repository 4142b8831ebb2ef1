//! Taking the images of an archive into the store.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use super::contents::Contents;
use super::invalid;
use super::layout::{Found, FoundIndex, of_docker_list, of_index};
use super::legacy::of_repositories;
use crate::assemble::{Files, Silent, Workshop, layers_of};
use crate::error::{Error, Kind, Result};
use crate::image::{Image, Reference, platform};
use crate::layer::Limits;
use crate::oci::manifest::read_json;
use crate::oci::{Digest, ImageConfig, Manifest, Platform};
use crate::store::{Name, Scratch, Store, failed_at};
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

/// Loads all images of an archive, or of an OCI layout that is a directory; only those for the platform `wanted`, if one
/// is.
///
/// # Errors
/// `NotFound` when none is for that platform.
/// `Invalid`, `Integrity`, `Limit` and `Unsupported` for what is wrong with it; images before that one stay. `Denied` when
/// the policy does not allow it.
pub fn load(store: &Store, input: Input<'_>, wanted: Option<&Platform>) -> Result<Vec<Loaded>> {
    store.reclaim()?;
    or_nothing(store, load_all(store, input, wanted))
}

fn load_all(store: &Store, input: Input<'_>, wanted: Option<&Platform>) -> Result<Vec<Loaded>> {
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
        of_index(&contents, index, wanted)?
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
    let found = match wanted {
        Some(wanted) => those_for(wanted, found)?,
        None => found,
    };
    // `contents` holds the files until all is in the store.
    found.into_iter().map(|image| install(store, image)).collect()
}

fn those_for(wanted: &Platform, all: Vec<Found>) -> Result<Vec<Found>> {
    let mut fitting = Vec::new();
    for found in all {
        let config: ImageConfig = read_json(&found.config, "image's configuration")?;
        if platform::runs_on(wanted, &platform::of(&config, wanted)) {
            // What was not asked for is not kept, either.
            fitting.push(Found { index: None, ..found });
        }
    }
    match fitting.is_empty() {
        true => Err(Error::new(
            Kind::NotFound,
            format!("the archive has no image for {}", platform::display(wanted)),
        )),
        false => Ok(fitting),
    }
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

/// Keeps an index and the blobs that came with it.
fn keep_index(store: &Store, index: &FoundIndex, scratch: &Scratch) -> Result<()> {
    for (digest, path) in index.blobs.iter().filter(|(digest, _)| !store.has_blob(digest)) {
        // The archive's file may be wanted again.
        let place = scratch.path().join(digest.hex());
        fs::hard_link(path, &place).map_err(|error| failed_at("link", &place, &error))?;
        store.adopt_blob(&place, digest)?;
    }
    store.put_blob(&index.bytes).map(drop)
}

/// What was made, or else nothing: layers that a failure left without an image are swept away, unless somebody is at work.
pub(super) fn or_nothing<T>(store: &Store, made: Result<T>) -> Result<T> {
    if made.is_err() {
        // The first error is the one that matters.
        let _ = store.sweep_up();
    }
    made
}

/// Puts an image into the store.
///
/// # Errors
/// `Invalid`, `Integrity`, `Limit` and `Unsupported` for what is wrong with it.
pub fn install(store: &Store, found: Found) -> Result<Loaded> {
    let manifest: Manifest = read_json(&found.manifest, "manifest")?;
    let config: ImageConfig = read_json(&found.config, "image's configuration")?;
    let layers = layers_of(&manifest, &config)?;
    let root = found.index.as_ref().map_or(&found.manifest, |index| &index.bytes);
    let digest = Digest::of(root);
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
    // Nobody sweeps away what no name stands for yet.
    let working = store.scratch()?;
    for _ in 0..ROUNDS {
        workshop.make(&layers)?;
        // Without a name nothing would keep it.
        if let Some(index) = found.index.as_ref().filter(|_| !names.is_empty()) {
            keep_index(store, index, &working)?;
        }
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
