//! The store: blobs, layers, images and their names, as plain files. The file system is the database.
//!
//! ```text
//! ROOT/               0700
//!   version           the format's version
//!   lock              shared while a reference to something is added, exclusive while things are removed
//!   blobs/sha256/HEX  indexes, manifests, configurations and layers as they came, the raw bytes
//!   layers/HEX32/     one unpacked layer, named by the first 32 digits of its chain ID:
//!     fs/             its files, with overlayfs' whiteouts, or sockets where there can be none
//!     layer.json      its description
//!   layers/HEX32.lock held by who is making that layer
//!   images/HEX.json   an image: its manifest and layers; there only when all of them are there
//!   images/HEX.held   one that was removed while containers used it: nobody sees it, and it goes with the last of them
//!   refs/HEX32.json   a tag or digest and the image it means, named by the reference's digest
//!   tmp/NAME/         what is being made or removed; locked by its process as long as that lives
//!   tmp/partial-HEX   the part of a blob that arrived before its pull ended; locked by who adds to it
//!   containers/ID/    containers; the store only looks at their `image` files, and whether they are complete
//! ```
//! Every file appears by a rename of a complete, synced one. Readers take no lock.

mod atomic;
mod blobs;
mod check;
mod fault;
mod images;
mod indexes;
mod layers;
mod lock;
mod partial;
mod refs;
mod remove;
mod scratch;
mod usage;
mod users;

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::error::{Error, Kind, Result};
use crate::oci::Digest;

pub use check::Problem;
pub use fault::point as fault_point;
pub use indexes::{KeptIndex, Member, blobs_of};
pub use layers::{Claim, LayerRecord, Making};
pub use lock::Lock;
pub use partial::Partial;
pub use refs::Name;
pub use remove::Removed;
pub use scratch::Scratch;
pub use usage::{LayerUsage, Usage};

/// The file in a container's directory that names the container's image and keeps it from being removed.
pub const IMAGE_FILE: &str = "image";

/// What the file `version` holds.
const VERSION: &str = "corten store 2\n";
/// What it held when the blobs of layers were not kept. The rest is the same; a pull gets the blobs, too.
const WITHOUT_BLOBS: &str = "corten store 1\n";
/// The directories of a store.
const DIRECTORIES: [&str; 5] = ["blobs/sha256", "layers", "images", "refs", "tmp"];
/// What else may be beside them: containers, a killed command's beginnings, an empty file system's own.
const OWN: [&str; 6] = ["containers", "names", "lock", "tmp.lock", "version", "lost+found"];
/// The most that is read of a manifest, an index, a configuration or one of our own descriptions.
pub const MAX_DOCUMENT: u64 = 8 << 20;
/// The most that the documents have together which come in one archive, or in one index: they are in memory at once.
pub const MAX_DOCUMENTS: u64 = 256 << 20;

/// An open store. Cheap to open and to clone; nothing is kept in memory.
#[derive(Debug, Clone)]
pub struct Store {
    root: PathBuf,
}

impl Store {
    /// Opens the store below `root`, which must be an absolute path, and makes it if there is none.
    ///
    /// # Errors
    /// `Unsupported` for a store of another version; the failed call otherwise.
    pub fn open(root: &Path) -> Result<Self> {
        let store = Self {
            root: root.to_path_buf(),
        };
        let version = store.path("version");
        match fs::read_to_string(&version) {
            Ok(text) if text == VERSION => Ok(store),
            Ok(text) if text == WITHOUT_BLOBS => {
                store.put_file("version", VERSION.as_bytes()).map(|()| store)
            }
            Ok(text) => Err(wrong_version(root, &text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => store.make().map(|()| store),
            Err(error) => Err(failed_at("read", &version, &error)),
        }
    }

    /// Makes what is missing of a store; harmless when another process does the same.
    fn make(&self) -> Result<()> {
        make_dir(&self.root)?;
        self.check_foreign()?;
        let private = fs::Permissions::from_mode(0o700);
        fs::set_permissions(&self.root, private)
            .map_err(|error| failed_at("chmod 0700", &self.root, &error))?;
        for directory in DIRECTORIES {
            make_dir(&self.path(directory))?;
        }
        self.put_file("version", VERSION.as_bytes())
    }

    /// Refuses a directory that has other things in it: `--root /` must not make the root private.
    fn check_foreign(&self) -> Result<()> {
        for path in self.files_of("")? {
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let is_ours = OWN.contains(&name.as_str()) || name.starts_with("init-");
            if !is_ours && !DIRECTORIES.iter().any(|own| own.split('/').next() == Some(&name)) {
                return Err(Error::new(
                    Kind::Conflict,
                    format!(
                        "{} is no store of corten's, and not empty: it has '{name}'",
                        self.root.display()
                    ),
                )
                .hint("choose an empty or a new directory with --root"));
            }
        }
        Ok(())
    }

    /// The store's directory.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The directory with the files of a layer; there only when the layer is complete.
    pub fn layer_files(&self, chain_id: &Digest) -> PathBuf {
        self.layer_dir(chain_id).join("fs")
    }

    /// Whether the layer is there.
    pub fn has_layer(&self, chain_id: &Digest) -> bool {
        self.layer_dir(chain_id).join("layer.json").exists()
    }

    /// Waits for the right to add references (a container, an image, a name) to what is in the store.
    ///
    /// # Errors
    /// The failed call.
    pub fn lock_shared(&self) -> Result<Lock> {
        Lock::shared(&self.path("lock"))
    }

    fn lock_exclusive(&self) -> Result<Lock> {
        Lock::exclusive(&self.path("lock"))
    }

    fn layer_dir(&self, chain_id: &Digest) -> PathBuf {
        self.path("layers").join(&chain_id.hex()[..32])
    }

    fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }
}

fn wrong_version(root: &Path, text: &str) -> Error {
    let shown: String = text.trim().chars().take(40).collect();
    Error::new(
        Kind::Unsupported,
        format!("{} is a store of another format: \"{shown}\"", root.display()),
    )
    .hint("it was made by another version of corten; use that one, or another --root")
}

fn make_dir(path: &Path) -> Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|error| failed_at("mkdir", path, &error))
}

/// A whole file, unless it is longer than any document may be.
fn read_capped(path: &Path) -> Result<Vec<u8>> {
    use std::io::Read;
    let file = fs::File::open(path).map_err(|error| failed_at("open", path, &error))?;
    let mut bytes = Vec::new();
    file.take(MAX_DOCUMENT + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| failed_at("read", path, &error))?;
    match bytes.len() as u64 > MAX_DOCUMENT {
        true => Err(Error::new(
            Kind::Limit,
            format!("{} is longer than {MAX_DOCUMENT} bytes", path.display()),
        )),
        false => Ok(bytes),
    }
}

/// The error of a call on a path of the store.
pub fn failed_at(call: &str, path: &Path, error: &io::Error) -> Error {
    failed(&format!("{call} {}", path.display()), error)
}

/// The error of a call on the store.
pub fn failed(call: &str, error: &io::Error) -> Error {
    let failure = Error::io(call, error);
    match error.raw_os_error().map(nix::errno::Errno::from_raw) {
        Some(nix::errno::Errno::ENOENT) => failure.with_kind(Kind::NotFound),
        Some(nix::errno::Errno::ENOSPC) => {
            failure.hint("the disk is full: `corten system df` shows what the images take")
        }
        Some(nix::errno::Errno::EDQUOT) => {
            failure.hint("a quota of the disk is used up: `corten system df` shows what the images take")
        }
        Some(nix::errno::Errno::EACCES | nix::errno::Errno::EPERM) => {
            failure.hint("the store belongs to root: run corten as root, or choose another --root")
        }
        _ => failure,
    }
}
