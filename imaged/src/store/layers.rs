//! Layers: who makes one, and how it becomes visible.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::atomic::sync_dir;
use super::lock::Passing;
use super::scratch::{Scratch, remove_tree};
use super::{Store, failed_at, fault_point, read_capped};
use crate::error::{Error, Kind, Result};
use crate::oci::Digest;
use crate::oci::manifest::read_json;

/// What `layer.json` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerRecord {
    /// The chain ID: this layer on exactly these others.
    pub chain_id: Digest,
    /// The digest of the layer's tar stream.
    pub diff_id: Digest,
    /// The digest of the blob that it came from.
    pub blob: Digest,
    /// That blob's media type.
    pub media_type: String,
    /// That blob's length.
    pub blob_size: u64,
    /// The bytes of the layer's regular files.
    pub size: u64,
    /// Whether overlayfs would not understand what the layer hides.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub needs_copies: bool,
}

/// The answer to a wish to make a layer.
#[derive(Debug)]
pub enum Claim {
    /// It is there.
    Present,
    /// Another process, or another thread, is making it.
    Busy,
    /// It is ours to make.
    Ours(Making),
}

/// The right to make one layer; dropped without [`Making::publish`], nothing of it remains.
#[derive(Debug)]
pub struct Making {
    store: Store,
    chain_id: Digest,
    scratch: Scratch,
    _lock: Passing,
}

impl Store {
    /// Asks to make a layer; with `wait`, waits until nobody else makes it.
    ///
    /// Layers must be waited for from the bottom up, and published as soon as those below are there:
    /// then two pulls never wait for each other in a circle.
    ///
    /// # Errors
    /// The failed call.
    pub fn claim_layer(&self, chain_id: &Digest, wait: bool) -> Result<Claim> {
        if self.has_layer(chain_id) {
            return Ok(Claim::Present);
        }
        let Some(lock) = Passing::take(&self.layer_dir(chain_id).with_extension("lock"), wait)? else {
            return Ok(Claim::Busy);
        };
        if self.has_layer(chain_id) {
            return Ok(Claim::Present);
        }
        let scratch = self.scratch()?;
        fault_point();
        let making = Making {
            store: self.clone(),
            chain_id: *chain_id,
            scratch,
            _lock: lock,
        };
        making.begin()?;
        Ok(Claim::Ours(making))
    }

    /// The description of a layer.
    ///
    /// # Errors
    /// `NotFound` when there is no such layer, `Integrity` when another has its place.
    pub fn layer(&self, chain_id: &Digest) -> Result<LayerRecord> {
        let path = self.layer_dir(chain_id).join("layer.json");
        let record: LayerRecord = read_json(&read_capped(&path)?, "layer's description")?;
        match record.chain_id == *chain_id {
            true => Ok(record),
            false => Err(Error::new(
                Kind::Integrity,
                format!("{} describes another layer", path.display()),
            )),
        }
    }
}

impl Making {
    /// Makes an empty directory for the layer's files; what was there before goes.
    ///
    /// # Errors
    /// The failed call.
    pub fn begin(&self) -> Result<()> {
        let files = self.files();
        remove_tree(&files)?;
        fs::create_dir(&files).map_err(|error| failed_at("mkdir", &files, &error))?;
        // Whatever the umask: an archive need not say what the root of its files is like.
        fs::set_permissions(&files, fs::Permissions::from_mode(0o755))
            .map_err(|error| failed_at("chmod", &files, &error))
    }

    /// Where the layer's files go.
    pub fn files(&self) -> PathBuf {
        self.scratch.path().join("fs")
    }

    /// Where the layer's blob goes.
    pub fn blob(&self) -> PathBuf {
        self.scratch.path().join("blob")
    }

    /// Makes the layer and its blob visible, complete and durable.
    ///
    /// # Errors
    /// The failed call.
    pub fn publish(self, record: &LayerRecord) -> Result<()> {
        debug_assert_eq!(record.chain_id, self.chain_id);
        let from = self.scratch.path().join("layer");
        fs::DirBuilder::new()
            .mode(0o700)
            .create(&from)
            .map_err(|error| failed_at("mkdir", &from, &error))?;
        let files = from.join("fs");
        fs::rename(self.files(), &files).map_err(|error| failed_at("rename to", &files, &error))?;
        write_record(&from.join("layer.json"), record)?;
        fault_point();
        sync_file_system(&from)?;
        fault_point();
        self.store.move_blob(&self.blob(), &record.blob)?;
        fault_point();
        let place = self.store.layer_dir(&self.chain_id);
        // Only something damaged can be here: a complete layer would have been present.
        remove_tree(&place)?;
        fs::rename(&from, &place).map_err(|error| failed_at("rename to", &place, &error))?;
        fault_point();
        sync_dir(&self.store.path("layers"))
    }
}

fn write_record(path: &Path, record: &LayerRecord) -> Result<()> {
    let text = serde_json::to_vec(record).map_err(|error| {
        Error::new(
            Kind::System,
            format!("the layer's description cannot be written: {error}"),
        )
    })?;
    File::create(path)
        .and_then(|mut file| file.write_all(&text))
        .map_err(|error| failed_at("write", path, &error))
}

/// One syncfs for all the files of a layer, instead of one fsync for each.
fn sync_file_system(path: &Path) -> Result<()> {
    let dir = File::open(path).map_err(|error| failed_at("open", path, &error))?;
    nix::unistd::syncfs(&dir)
        .map_err(|errno| Error::syscall(format!("syncfs {}", path.display()), errno as i32))
}
