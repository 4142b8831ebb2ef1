//! The large image of the comparisons, in a real registry: some 600 MB and 20,000 files in two layers. Made once by
//! `fixtures/make-large`; see there for what is in it.

use crate::fixture;
use crate::registry::Registry;
use serde_json::Value;
use std::fs;
use std::path::PathBuf;

/// The image and the registry that serves it.
#[derive(Debug)]
pub struct Large {
    dir: PathBuf,
    registry: Registry,
}

impl Large {
    /// The image, made when it is asked for the first time on this machine.
    #[track_caller]
    pub fn get() -> Self {
        let dir = fixture::once("large", |script, dir| {
            let storage = dir.join("registry");
            fs::create_dir(&storage).expect("a directory in the cache");
            let registry = Registry::serve(&storage, false);
            script.run(&[dir.as_os_str(), registry.address().as_ref()]);
        });
        let registry = Registry::serve(&dir.join("registry"), true);
        Self { dir, registry }
    }

    /// The reference of a tag in the registry: `gzip` or `zstd`.
    pub fn image(&self, tag: &str) -> String {
        self.registry.image(&format!("large:{tag}"))
    }

    /// The OCI layout, with the tag `large`, its layers compressed with gzip.
    pub fn layout(&self) -> PathBuf {
        self.dir.join("layout")
    }

    /// The files in which the registry keeps the layers of a tag, bottom first.
    #[track_caller]
    pub fn layers(&self, tag: &str) -> Vec<PathBuf> {
        let link =
            format!("registry/docker/registry/v2/repositories/large/_manifests/tags/{tag}/current/link");
        let digest = fs::read_to_string(self.dir.join(link)).expect("the registry's link of the tag");
        let manifest = fs::read(self.blob(&digest)).expect("the manifest in the registry's storage");
        let manifest: Value = serde_json::from_slice(&manifest).expect("a manifest");
        let layers = manifest["layers"].as_array().expect("layers");
        layers
            .iter()
            .map(|layer| self.blob(layer["digest"].as_str().expect("a digest")))
            .collect()
    }

    fn blob(&self, digest: &str) -> PathBuf {
        let hex = digest.trim().trim_start_matches("sha256:");
        self.dir
            .join("registry/docker/registry/v2/blobs/sha256")
            .join(&hex[..2])
            .join(hex)
            .join("data")
    }
}
