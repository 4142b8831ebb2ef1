//! What the global options meant: where things are and which runtime to use.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The resolved global options; every command gets them.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// The store and the containers.
    pub(crate) root: PathBuf,
    /// What lives only as long as the machine runs.
    pub(crate) state_dir: PathBuf,
    /// The runtime's name or path, unless a container says otherwise.
    pub(crate) runtime: String,
    /// How files of new containers are kept; none if the store's file system decides.
    pub(crate) storage_driver: Option<StorageDriver>,
}

/// How a container's files are kept, in docker's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StorageDriver {
    /// What a container changes lies on its image's layers, by overlayfs.
    #[default]
    Overlay2,
    /// Each container has a copy of its image's files.
    Vfs,
}

impl StorageDriver {
    /// All of them.
    pub(crate) const ALL: [Self; 2] = [Self::Overlay2, Self::Vfs];

    /// The name that docker knows it by.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Overlay2 => "overlay2",
            Self::Vfs => "vfs",
        }
    }
}
