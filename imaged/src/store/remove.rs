//! Removing names and images, and the layers and blobs that nothing needs any more.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::atomic::sync_dir;
use super::lock::Passing;
use super::partial::is_partial;
use super::scratch::Scratch;
use super::{Store, failed_at, fault_point};
use crate::error::{Error, Kind, Result};
use crate::image::{Image, Reference};
use crate::log;
use crate::oci::{Digest, digest};

/// One line of what was removed, in docker's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Removed {
    /// A name was removed.
    Untagged(String),
    /// An image or a layer was removed.
    Deleted(Digest),
}

impl Store {
    /// Removes what `name` means: a name, and the image itself when no other name is left.
    ///
    /// With a name, an image that a container uses only loses its name, and only with `force`.
    /// With an id, all names go, for which `force` is needed when they are of several repositories.
    ///
    /// # Errors
    /// `NotFound` when there is no such image; `Conflict` when it is in use.
    pub fn remove_image(&self, name: &str, force: bool) -> Result<Vec<Removed>> {
        self.remove_image_unless(name, force, &|_| true)
    }

    /// The same, but with `force` also an image whose containers do not run, as `runs` says of each. What these need of it
    /// stays until the last of them is removed.
    ///
    /// # Errors
    /// As [`Store::remove_image`].
    pub fn remove_image_unless(
        &self,
        name: &str,
        force: bool,
        runs: &dyn Fn(&str) -> bool,
    ) -> Result<Vec<Removed>> {
        let lock = self.lock_exclusive()?;
        let image = self.resolve(name)?;
        let refs: Vec<Reference> = self.refs_of(&image.id)?;
        let named = named_by(name, &refs);
        let going = match &named {
            Some(reference) => with_digests_left_alone(reference, &refs),
            None => refs.clone(),
        };
        let deletes = going.len() == refs.len();
        let users = self.users()?.remove(&image.id).unwrap_or_default();
        let running = users.iter().find(|container| runs(container));
        let may_go = match &named {
            Some(_) => force || !deletes,
            None => force && running.is_none(),
        };
        if let (Some(container), false) = (running.or_else(|| users.first()), may_go) {
            return Err(in_use(
                name,
                &image,
                container,
                named.is_some(),
                running.is_some(),
            ));
        }
        if named.is_none() && !force && repositories(&refs) > 1 {
            return Err(Error::new(
                Kind::Conflict,
                format!(
                    "unable to delete {} (must be forced) - image is referenced in multiple repositories",
                    image.id.short()
                ),
            ));
        }
        let mut removed = Vec::new();
        let mut had_index = false;
        for reference in &going {
            had_index |= match self.get_ref(reference)? {
                Some(record) => self.index(&record.digest)?.is_some(),
                None => false,
            };
            self.remove_ref(reference)?;
            fault_point();
            removed.push(Removed::Untagged(reference.familiar()));
        }
        let scratch = match deletes && running.is_none() {
            true if users.is_empty() => Some(self.delete(&image, &mut removed)?),
            true => {
                self.hold(&image, &mut removed)?;
                None
            }
            // What the index alone kept. The name is gone in any case: what stays now goes with the next collection.
            false if had_index => self.swept().ok(),
            false => None,
        };
        // What was moved into the scratch directory is removed after others may go on.
        drop(lock);
        drop(scratch);
        Ok(removed)
    }

    /// Removes what nothing needs any more; the rest of the work goes with what is returned.
    fn swept(&self) -> Result<Scratch> {
        let scratch = self.scratch()?;
        if let Some(needed) = self.needed()? {
            self.sweep(&needed, &scratch)?;
        }
        Ok(scratch)
    }

    fn refs_of(&self, id: &Digest) -> Result<Vec<Reference>> {
        let mut refs: Vec<Reference> = self
            .refs()?
            .into_iter()
            .filter(|(_, record)| record.image == *id)
            .map(|(name, _)| name)
            .collect();
        refs.sort_by_key(|reference| (reference.digest().is_some(), reference.to_string()));
        Ok(refs)
    }

    /// Takes an image out of sight whose containers still need it.
    fn hold(&self, image: &Image, removed: &mut Vec<Removed>) -> Result<()> {
        let (path, held) = (self.image_path(&image.id), self.held_path(&image.id));
        fs::rename(&path, held).map_err(|error| failed_at("rename", &path, &error))?;
        sync_dir(&self.path("images"))?;
        fault_point();
        removed.push(Removed::Deleted(image.id));
        Ok(())
    }

    /// Removes what was kept of an image for its containers, if none of them is left.
    ///
    /// # Errors
    /// The failed call.
    pub fn release_image(&self, id: &Digest) -> Result<()> {
        if !self.held_path(id).exists() {
            return Ok(());
        }
        let lock = self.lock_exclusive()?;
        let scratch = self.scratch()?;
        // Of a damaged one what is left is swept.
        let image = self.image_of_container(id).ok();
        let blobs = image.as_ref().map(|image| self.blobs_of(image)).transpose()?;
        if let Some(needed) = self.needed()? {
            if let (Some(image), Some(blobs)) = (image, blobs) {
                self.discard(&image, &blobs, &needed, &scratch, &mut Vec::new())?;
            }
            self.sweep(&needed, &scratch)?;
        }
        // What was moved into the scratch directory is removed after others may go on.
        drop(lock);
        drop(scratch);
        Ok(())
    }

    /// Forgets the images that were kept for containers of which none is left.
    fn forget_held(&self) -> Result<()> {
        let users = self.users()?;
        let held = self.held_ids()?;
        let unused = held.iter().filter(|id| !users.contains_key(id));
        unused
            .map(|id| self.held_path(id))
            .try_for_each(|path| unlink(&path))
    }

    /// Removes the image's record, then everything that only it needed, topmost layer first.
    fn delete(&self, image: &Image, removed: &mut Vec<Removed>) -> Result<Scratch> {
        let scratch = self.scratch()?;
        let blobs = self.blobs_of(image)?;
        unlink(&self.image_path(&image.id))?;
        sync_dir(&self.path("images"))?;
        fault_point();
        removed.push(Removed::Deleted(image.id));
        let Some(needed) = self.needed()? else {
            return Ok(scratch);
        };
        self.discard(image, &blobs, &needed, &scratch, removed)?;
        self.sweep(&needed, &scratch)?;
        Ok(scratch)
    }

    /// Removes the layers and blobs that only this image needed, whoever is at work.
    fn discard(
        &self,
        image: &Image,
        blobs: &[Digest],
        needed: &HashSet<Digest>,
        scratch: &Scratch,
        removed: &mut Vec<Removed>,
    ) -> Result<()> {
        for chain_id in image.layers.iter().rev() {
            if !needed.contains(chain_id) && self.discard_layer(&self.layer_dir(chain_id), scratch)? {
                removed.push(Removed::Deleted(*chain_id));
                fault_point();
            }
        }
        for blob in blobs.iter().filter(|blob| !needed.contains(blob)) {
            unlink(&self.blob_path(blob))?;
        }
        Ok(())
    }

    /// The blobs of an image: its manifest, and what that names. Of a damaged manifest what is left is swept later.
    fn blobs_of(&self, image: &Image) -> Result<Vec<Digest>> {
        let layers = match self.manifest(image) {
            Ok(manifest) => manifest.layers,
            Err(error) if matches!(error.kind(), Kind::Integrity | Kind::NotFound) => Vec::new(),
            Err(error) => return Err(error),
        };
        let layers = layers.into_iter().map(|layer| layer.digest);
        Ok([image.id, image.manifest].into_iter().chain(layers).collect())
    }

    /// The blobs and chain IDs of all images, and of those that containers need; none when one of the latter is damaged:
    /// what it needs cannot be told, and is not to be taken from the container for that.
    fn needed(&self) -> Result<Option<HashSet<Digest>>> {
        self.forget_held()?;
        let mut needed: HashSet<Digest> = self.kept_by_indexes()?.into_iter().collect();
        let mut keep = |image: &Image| {
            needed.extend(digest::chain_ids(&image.config.rootfs.diff_ids));
            needed.extend(self.blobs_of(image)?);
            Ok(())
        };
        for id in self.image_ids()? {
            keep(&self.image(&id)?)?;
        }
        for id in self.held_ids()? {
            if let Err(error) = self.image_of_container(&id).and_then(|image| keep(&image)) {
                log::warn(format_args!(
                    "no layers are removed, for the image {}, which a container uses, is damaged: {error}; \
                     `corten system check` says which container",
                    id.short()
                ));
                return Ok(None);
            }
        }
        Ok(Some(needed))
    }

    /// Removes what killed commands left, parts of blobs too, unless somebody is at work.
    ///
    /// # Errors
    /// The failed call.
    pub fn collect(&self) -> Result<()> {
        self.sweep_all(true)
    }

    /// The same, but for the parts of blobs, which the next pull may want.
    ///
    /// # Errors
    /// The failed call.
    pub fn sweep_up(&self) -> Result<()> {
        self.sweep_all(false)
    }

    fn sweep_all(&self, with_partials: bool) -> Result<()> {
        let lock = self.lock_exclusive()?;
        if with_partials {
            self.forget_partials(true)?;
        }
        let scratch = self.swept()?;
        // What was moved into the scratch directory is removed after others may go on.
        drop(lock);
        drop(scratch);
        Ok(())
    }

    /// Removes layers and blobs that commands left without an image when they were killed,
    /// unless one is at work now whose image is yet to come.
    fn sweep(&self, needed: &HashSet<Digest>, scratch: &Scratch) -> Result<()> {
        if self.others_work(scratch)? {
            return Ok(());
        }
        let layers: HashSet<_> = needed.iter().map(|digest| self.layer_dir(digest)).collect();
        for path in self.files_of("layers")? {
            if path.extension().is_some_and(|extension| extension == "lock") {
                // Dropped, a lock that nobody held takes its file with it.
                drop(Passing::take(&path, false)?);
            } else if !layers.contains(&path) {
                self.discard_layer(&path, scratch)?;
            }
        }
        for path in self.files_of("blobs/sha256")? {
            let digest = path.file_name().and_then(|name| Digest::from_hex(name.to_str()?));
            if digest.is_some_and(|digest| !needed.contains(&digest)) {
                unlink(&path)?;
            }
        }
        Ok(())
    }

    fn others_work(&self, scratch: &Scratch) -> Result<bool> {
        self.reclaim()?;
        let working = |path: &PathBuf| path != scratch.path() && !is_partial(path);
        Ok(self.files_of("tmp")?.iter().any(working))
    }

    /// Moves a layer out of sight, to be removed with the scratch directory; false when it is not there.
    fn discard_layer(&self, place: &Path, scratch: &Scratch) -> Result<bool> {
        let Some(name) = place.file_name() else {
            return Ok(false);
        };
        match fs::rename(place, scratch.path().join(name)) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(failed_at("rename", place, &error)),
        }
    }
}

/// The reference that `name` is, when it is one rather than an id.
fn named_by(name: &str, refs: &[Reference]) -> Option<Reference> {
    let reference = name.parse::<Reference>().ok()?;
    let complete = match reference.digest() {
        Some(digest) => reference.with_digest(*digest),
        None => reference,
    }
    .to_string();
    refs.iter().find(|other| other.to_string() == complete).cloned()
}

/// The last tag of a repository takes the repository's digests with it.
fn with_digests_left_alone(reference: &Reference, refs: &[Reference]) -> Vec<Reference> {
    let same = |other: &&Reference| other.repository() == reference.repository();
    let other_tags = refs
        .iter()
        .filter(same)
        .any(|other| other.tag().is_some() && other != reference);
    let mut going = vec![reference.clone()];
    if reference.tag().is_some() && !other_tags {
        going.extend(
            refs.iter()
                .filter(same)
                .filter(|other| other.tag().is_none())
                .cloned(),
        );
    }
    going
}

fn repositories(refs: &[Reference]) -> usize {
    refs.iter()
        .map(Reference::repository)
        .collect::<HashSet<_>>()
        .len()
}

fn in_use(name: &str, image: &Image, container: &str, by_name: bool, runs: bool) -> Error {
    let container: String = container.chars().take(12).collect();
    let id = image.id.short();
    let text = match by_name {
        true => format!(
            "conflict: unable to remove repository reference \"{name}\" (must force) - \
             container {container} is using its referenced image {id}"
        ),
        false => {
            let (forced, how) = match runs {
                true => ("cannot", "running"),
                false => ("must", "stopped"),
            };
            format!(
                "conflict: unable to delete {id} ({forced} be forced) - image is being used by {how} container \
                 {container}"
            )
        }
    };
    Error::new(Kind::Conflict, text).hint(format!("remove the container first: corten rm {container}"))
}

pub(super) fn unlink(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed_at("unlink", path, &error)),
        _ => Ok(()),
    }
}
