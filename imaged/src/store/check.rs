//! Looking whether everything in the store is as it should be, and putting right what is not.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::Path;

use super::remove::unlink;
use super::{Store, failed_at};
use crate::error::{Error, Kind, Result};
use crate::image::Image;
use crate::oci::{Digest, Hasher};

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What it is.
    pub text: String,
    repair: Repair,
}

/// What puts a problem right.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Repair {
    /// The file goes: a pull brings it again.
    Unlink(std::path::PathBuf),
    /// Nothing but a pull.
    Pull,
}

impl Store {
    /// Everything that is wrong: blobs that do not have their digest, images that lack a part, names of no image.
    /// Reads every byte of the blobs; nothing is removed meanwhile.
    ///
    /// # Errors
    /// The failed call.
    pub fn check(&self) -> Result<Vec<Problem>> {
        let _lock = self.lock_shared()?;
        self.problems()
    }

    /// The same, and puts right what can be: what is damaged is taken away, so that a pull or load brings it again.
    ///
    /// # Errors
    /// The failed call.
    pub fn repair(&self) -> Result<Vec<Problem>> {
        let _lock = self.lock_exclusive()?;
        let problems = self.problems()?;
        for problem in &problems {
            if let Repair::Unlink(path) = &problem.repair {
                unlink(path)?;
            }
        }
        Ok(problems)
    }

    fn problems(&self) -> Result<Vec<Problem>> {
        let mut problems = Vec::new();
        let blobs = self.check_blobs(&mut problems)?;
        let mut images = BTreeSet::new();
        for id in self.image_ids()? {
            images.insert(id);
            match self.image(&id) {
                Ok(image) => self.check_image(&image, "", &blobs, &mut problems),
                Err(error) => problems.push(Problem {
                    text: format!("image {}: {error}", id.short()),
                    repair: Repair::Unlink(self.image_path(&id)),
                }),
            }
        }
        self.check_held(&images, &blobs, &mut problems)?;
        for path in self.files_of("refs")? {
            let wrong = match super::read_capped(&path).and_then(|bytes| super::refs::read(&bytes)) {
                Ok((reference, id)) if !images.contains(&id) => Some(format!(
                    "the name {reference} is of the image {}, which is not there",
                    id.short()
                )),
                Ok(_) => None,
                Err(error) => Some(format!("{}: {error}", path.display())),
            };
            let repair = Repair::Unlink(path);
            problems.extend(wrong.map(|text| Problem { text, repair }));
        }
        Ok(problems)
    }

    /// The blobs that are good.
    fn check_blobs(&self, problems: &mut Vec<Problem>) -> Result<BTreeSet<Digest>> {
        let mut good = BTreeSet::new();
        for path in self.files_of("blobs/sha256")? {
            let digest = path.file_name().and_then(|name| Digest::from_hex(name.to_str()?));
            match digest {
                Some(digest) if digest_of(&path)? == Some(digest) => drop(good.insert(digest)),
                _ => problems.push(Problem {
                    text: format!("{} does not have its digest", path.display()),
                    repair: Repair::Unlink(path),
                }),
            }
        }
        Ok(good)
    }

    /// Images that were removed and are there for containers alone. Their records stay in any case: without them nothing
    /// would keep the layers.
    fn check_held(
        &self,
        visible: &BTreeSet<Digest>,
        blobs: &BTreeSet<Digest>,
        problems: &mut Vec<Problem>,
    ) -> Result<()> {
        let users = self.users()?;
        for id in self.held_ids()?.iter().filter(|id| !visible.contains(id)) {
            let Some(container) = users.get(id).and_then(|users| users.first()) else {
                continue;
            };
            let container: String = container.chars().take(12).collect();
            let whose = format!(", kept for container {container}");
            match self.image_of_container(id) {
                Ok(image) => self.check_image(&image, &whose, blobs, problems),
                Err(error) => problems.push(Problem {
                    text: format!("image {}{whose}: {error}: pull or load it again", id.short()),
                    repair: Repair::Pull,
                }),
            }
        }
        Ok(())
    }

    fn check_image(&self, image: &Image, whose: &str, blobs: &BTreeSet<Digest>, problems: &mut Vec<Problem>) {
        let mut lacks = |what: String| {
            let text = format!(
                "image {}{whose}: {what} is missing or damaged: pull or load it again",
                image.id.short()
            );
            problems.push(Problem {
                text,
                repair: Repair::Pull,
            });
        };
        match self.manifest(image) {
            Ok(manifest) => {
                for layer in manifest
                    .layers
                    .iter()
                    .filter(|layer| !blobs.contains(&layer.digest))
                {
                    lacks(format!("the blob {}", layer.digest));
                }
            }
            Err(_) => lacks("its manifest".into()),
        }
        for layer in &image.layers {
            if self.layer(layer).is_err() || !self.layer_files(layer).is_dir() {
                lacks(format!("the layer {layer}"));
            }
        }
    }
}

/// The digest of a file; none if it vanished.
fn digest_of(path: &Path) -> Result<Option<Digest>> {
    let mut file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed_at("open", path, &error)),
    };
    let mut hasher = Hasher::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(Some(hasher.finish())),
            Ok(count) => hasher.update(&buffer[..count]),
            // A disk that cannot be read is damage, too.
            Err(error) if error.raw_os_error() == Some(libc::EIO) => return Ok(None),
            Err(error) => {
                return Err(Error::io(format!("read {}", path.display()), &error).with_kind(Kind::System));
            }
        }
    }
}
