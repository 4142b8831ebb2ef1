//! What the global options meant: where things are and which runtime to use.

use std::path::PathBuf;

/// The resolved global options; every command gets them.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// The store and the containers.
    pub(crate) root: PathBuf,
    /// What lives only as long as the machine runs.
    pub(crate) state_dir: PathBuf,
    /// The runtime's name or path, unless a container says otherwise.
    pub(crate) runtime: String,
}
