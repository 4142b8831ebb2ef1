//! The real image: Debian by debootstrap, in a real registry. Made once by `fixtures/make-debian` and kept in the
//! cache directory; see there for what is in it.

use crate::registry::Registry;
use crate::{fixture, programs};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The tags of `debian` whose content is [`Debian::tree`].
pub const PLAIN_TAGS: [&str; 3] = ["oci-gzip", "docker-gzip", "oci-zstd"];
/// The tags of `debian` whose content is [`Debian::changed_tree`].
pub const CHANGED_TAGS: [&str; 2] = ["buildah-docker-gzip", "buildah-oci-zstd"];

/// The image and the registry that serves it, one for all tests of this process.
#[derive(Debug)]
pub struct Debian {
    dir: PathBuf,
    registry: Registry,
}

impl Debian {
    /// The image, made when it is asked for the first time on this machine.
    #[track_caller]
    pub fn get() -> &'static Self {
        static DEBIAN: OnceLock<Debian> = OnceLock::new();
        DEBIAN.get_or_init(|| {
            let dir = fixture::once("debian", |script, dir| {
                script.run(&[dir.as_os_str(), programs::probe().as_os_str()]);
            });
            let registry = Registry::serve(&dir.join("registry"), true);
            Self { dir, registry }
        })
    }

    /// The reference of a tag in the registry.
    pub fn image(&self, tag: &str) -> String {
        self.registry.image(&format!("debian:{tag}"))
    }

    /// The OCI layout, with the tag `debian`.
    pub fn layout(&self) -> PathBuf {
        self.dir.join("layout")
    }

    /// What umoci makes of the image, as the probe lists it.
    #[track_caller]
    pub fn tree(&self) -> String {
        read(&self.dir.join("debian.tree"))
    }

    /// The same for the image that buildah derived.
    #[track_caller]
    pub fn changed_tree(&self) -> String {
        read(&self.dir.join("changed.tree"))
    }
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}
