//! What the global options meant: where things are and which runtime to use.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Kind, Result};

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

/// Who runs this, and where that user's things are (the XDG base directory specification).
#[derive(Debug, Clone, Default)]
pub(crate) struct Surroundings {
    pub(crate) uid: u32,
    pub(crate) home: Option<PathBuf>,
    /// XDG_DATA_HOME.
    pub(crate) data: Option<PathBuf>,
    /// XDG_RUNTIME_DIR.
    pub(crate) runtime: Option<PathBuf>,
}

impl Surroundings {
    /// The store's place if nobody says.
    ///
    /// # Errors
    /// When the user has no home.
    pub(crate) fn root(&self) -> Result<PathBuf> {
        if self.uid == 0 {
            return Ok(PathBuf::from("/var/lib/corten"));
        }
        let absolute = |path: &&PathBuf| path.is_absolute();
        let data = self.data.clone().filter(|path| path.is_absolute());
        let home = self.home.as_ref().filter(absolute);
        data.or_else(|| home.map(|home| home.join(".local/share")))
            .map(|data| data.join("corten"))
            .ok_or_else(|| {
                Error::new(Kind::Usage, "there is no home for the store: HOME is not set")
                    .hint("set it, or XDG_DATA_HOME, or name a directory with --root")
            })
    }

    /// The state's place if nobody says. Without a session it is in /tmp, where it is taken only if it is the user's own.
    pub(crate) fn state_dir(&self) -> PathBuf {
        if self.uid == 0 {
            return PathBuf::from("/run/corten");
        }
        match self.runtime.as_ref().filter(|path| path.is_absolute()) {
            Some(runtime) => runtime.join("corten"),
            None => PathBuf::from(format!("/tmp/corten-run-{}", self.uid)),
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_and_users_have_places() {
        let root = Surroundings {
            data: Some("/ignored".into()),
            ..Surroundings::default()
        };
        assert_eq!(root.root().unwrap(), PathBuf::from("/var/lib/corten"));
        assert_eq!(root.state_dir(), PathBuf::from("/run/corten"));
        let mut user = Surroundings {
            uid: 1000,
            home: Some("/home/u".into()),
            ..Surroundings::default()
        };
        assert_eq!(user.root().unwrap(), PathBuf::from("/home/u/.local/share/corten"));
        assert_eq!(user.state_dir(), PathBuf::from("/tmp/corten-run-1000"));
        (user.data, user.runtime) = (Some("/data".into()), Some("/run/user/1000".into()));
        assert_eq!(user.root().unwrap(), PathBuf::from("/data/corten"));
        assert_eq!(user.state_dir(), PathBuf::from("/run/user/1000/corten"));
        (user.data, user.home) = (Some("relative".into()), None);
        assert!(user.root().unwrap_err().to_string().contains("HOME is not set"));
    }
}
