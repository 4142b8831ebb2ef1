//! How much of the disk the store takes.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::{Store, failed_at};
use crate::error::{Error, Result};
use crate::oci::Digest;
use crate::sys::tree;

/// What one layer takes, and how many images need it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LayerUsage {
    /// The layer.
    pub chain_id: Digest,
    /// Bytes on disk.
    pub bytes: u64,
    /// Images that it is part of.
    pub images: u64,
}

/// What the store takes, in bytes on disk as du(1) counts them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Usage {
    /// Layers that images are made of.
    pub layers: Vec<LayerUsage>,
    /// Blobs of layers, as they came.
    pub blobs: u64,
    /// Manifests, configurations, names and other small files, and work in progress.
    pub other: u64,
    /// Each container's directory: its name and its bytes.
    pub containers: Vec<(String, u64)>,
}

impl Usage {
    /// All of it.
    pub fn total(&self) -> u64 {
        let layers: u64 = self.layers.iter().map(|layer| layer.bytes).sum();
        let containers: u64 = self.containers.iter().map(|(_, bytes)| bytes).sum();
        layers + containers + self.blobs + self.other
    }
}

impl Store {
    /// Measures the store.
    ///
    /// # Errors
    /// The failed call.
    pub fn usage(&self) -> Result<Usage> {
        let mut usage = Usage::default();
        let mut known = HashMap::new();
        let kept = self.kept_by_indexes()?;
        let mut blobs: HashSet<_> = kept.iter().map(|blob| self.blob_path(blob)).collect();
        for (image, _) in self.images()? {
            blobs.extend(
                self.manifest(&image)?
                    .layers
                    .iter()
                    .map(|layer| self.blob_path(&layer.digest)),
            );
            for chain_id in image.layers {
                known.entry(self.layer_dir(&chain_id)).or_insert((chain_id, 0)).1 += 1;
            }
        }
        for path in self.files_of("layers")? {
            let bytes = disk_bytes(&path)?;
            match known.get(&path) {
                Some(&(chain_id, images)) => usage.layers.push(LayerUsage {
                    chain_id,
                    bytes,
                    images,
                }),
                None => usage.other += bytes,
            }
        }
        for path in self.files_of("")? {
            match path.file_name().and_then(|name| name.to_str()) {
                Some("layers") => usage.other += own_bytes(&path)?,
                Some("containers") => {
                    usage.other += own_bytes(&path)?;
                    usage.containers = containers(&path)?;
                }
                _ => usage.other += disk_bytes(&path)?,
            }
        }
        usage.other += own_bytes(&self.root)?;
        for path in blobs {
            usage.blobs += own_bytes(&path)?;
        }
        usage.other = usage.other.saturating_sub(usage.blobs);
        Ok(usage)
    }
}

fn containers(path: &Path) -> Result<Vec<(String, u64)>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(path).map_err(|error| failed_at("read", path, &error))? {
        let entry = entry.map_err(|error| failed_at("read", path, &error))?;
        all.push((
            entry.file_name().to_string_lossy().into_owned(),
            disk_bytes(&entry.path())?,
        ));
    }
    Ok(all)
}

/// The blocks of a file, or of a directory itself.
fn own_bytes(path: &Path) -> Result<u64> {
    Ok(unless_gone(fs::symlink_metadata(path), path)?.map_or(0, |meta| meta.blocks() * 512))
}

/// The blocks of a file or a tree, each inode once. What vanishes meanwhile counts nothing.
pub(super) fn disk_bytes(path: &Path) -> Result<u64> {
    tree::size(path)
        .map(|size| size.on_disk)
        .map_err(|errno| failed_at("measure", path, &errno.into()))
}

fn unless_gone<T>(result: io::Result<T>, path: &Path) -> Result<Option<T>, Error> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed_at("stat", path, &error)),
    }
}
