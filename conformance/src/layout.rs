//! Images made by hand, byte by byte: layers with any content, and manifests that may lie.

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;

/// How a layer is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// Not at all.
    Plain,
    /// gzip.
    Gzip,
    /// Zstandard.
    Zstd,
}

/// The two families of media types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// application/vnd.oci.image.…
    Oci,
    /// application/vnd.docker.…
    Docker,
}

/// An image in memory.
#[derive(Debug, Clone)]
pub struct Image {
    /// All blobs by their digest.
    pub blobs: BTreeMap<String, Vec<u8>>,
    /// The manifest.
    pub manifest: Value,
    format: Format,
}

impl Packing {
    fn pack(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Plain => bytes.to_vec(),
            Self::Gzip => {
                let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
                encoder
                    .write_all(bytes)
                    .and_then(|()| encoder.finish())
                    .expect("gzip in memory")
            }
            Self::Zstd => zstd::encode_all(bytes, 1).expect("zstd in memory"),
        }
    }

    fn media_type(self, format: Format) -> &'static str {
        match (format, self) {
            (Format::Oci, Self::Plain) => "application/vnd.oci.image.layer.v1.tar",
            (Format::Oci, Self::Gzip) => "application/vnd.oci.image.layer.v1.tar+gzip",
            (Format::Oci, Self::Zstd) => "application/vnd.oci.image.layer.v1.tar+zstd",
            (Format::Docker, Self::Plain) => "application/vnd.docker.image.rootfs.diff.tar",
            (Format::Docker, Self::Gzip) => "application/vnd.docker.image.rootfs.diff.tar.gzip",
            (Format::Docker, Self::Zstd) => "application/vnd.docker.image.rootfs.diff.tar.zstd",
        }
    }
}

impl Format {
    /// The manifest's media type.
    pub fn manifest(self) -> &'static str {
        match self {
            Self::Oci => "application/vnd.oci.image.manifest.v1+json",
            Self::Docker => "application/vnd.docker.distribution.manifest.v2+json",
        }
    }

    fn config(self) -> &'static str {
        match self {
            Self::Oci => "application/vnd.oci.image.config.v1+json",
            Self::Docker => "application/vnd.docker.container.image.v1+json",
        }
    }
}

/// `sha256:…` of the bytes.
pub fn digest(bytes: &[u8]) -> String {
    let sum = Sha256::digest(bytes);
    sum.iter()
        .fold("sha256:".to_owned(), |text, byte| text + &format!("{byte:02x}"))
}

impl Image {
    /// An image of these layers (tar archives) with this `config` object, for this machine's platform.
    pub fn new(format: Format, packing: Packing, layers: &[Vec<u8>], config: Value) -> Self {
        let mut image = Self {
            blobs: BTreeMap::new(),
            manifest: Value::Null,
            format,
        };
        let diff_ids: Vec<String> = layers.iter().map(|tar| digest(tar)).collect();
        let descriptors: Vec<Value> = layers
            .iter()
            .map(|tar| image.add(packing.media_type(format), packing.pack(tar)))
            .collect();
        let config = json!({
            "architecture": architecture(), "os": "linux", "config": config,
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
            "history": layers.iter().map(|_| json!({"created_by": "conformance"})).collect::<Vec<_>>(),
        });
        let config = image.add(format.config(), config.to_string().into_bytes());
        image.manifest = json!({
            "schemaVersion": 2, "mediaType": format.manifest(), "config": config, "layers": descriptors,
        });
        image
    }

    /// Adds a blob and returns its descriptor.
    pub fn add(&mut self, media_type: &str, bytes: Vec<u8>) -> Value {
        let digest = digest(&bytes);
        let descriptor = json!({"mediaType": media_type, "digest": digest, "size": bytes.len()});
        self.blobs.insert(digest, bytes);
        descriptor
    }

    /// The manifest's bytes.
    pub fn manifest_bytes(&self) -> Vec<u8> {
        self.manifest.to_string().into_bytes()
    }

    /// The manifest's media type.
    pub fn media_type(&self) -> &'static str {
        self.format.manifest()
    }

    /// The digest of the n-th layer's blob.
    #[track_caller]
    pub fn layer(&self, n: usize) -> String {
        self.manifest["layers"][n]["digest"]
            .as_str()
            .expect("a digest")
            .to_owned()
    }

    /// The digest of the configuration.
    #[track_caller]
    pub fn config(&self) -> String {
        self.manifest["config"]["digest"]
            .as_str()
            .expect("a digest")
            .to_owned()
    }

    /// Writes the image as an OCI layout with one tag.
    #[track_caller]
    pub fn write_layout(&self, dir: &Path, tag: &str) {
        let blobs = dir.join("blobs/sha256");
        fs::create_dir_all(&blobs).expect("the layout's directory");
        let manifest = self.manifest_bytes();
        let write = |digest: &str, bytes: &[u8]| {
            fs::write(blobs.join(digest.trim_start_matches("sha256:")), bytes).expect("a blob");
        };
        self.blobs.iter().for_each(|(digest, bytes)| write(digest, bytes));
        write(&digest(&manifest), &manifest);
        let index = json!({"schemaVersion": 2, "manifests": [{
            "mediaType": self.media_type(), "digest": digest(&manifest), "size": manifest.len(),
            "annotations": {"org.opencontainers.image.ref.name": tag},
        }]});
        fs::write(dir.join("index.json"), index.to_string()).expect("index.json");
        fs::write(dir.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).expect("oci-layout");
    }
}

/// This machine's architecture in the words of image formats.
pub fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

/// One entry of a hand-made tar archive. Nothing is checked: that is its purpose.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The name, as it stands in the header.
    pub name: String,
    /// The type byte.
    pub kind: tar::EntryType,
    /// The link target.
    pub target: String,
    /// The content.
    pub content: Vec<u8>,
    /// The mode.
    pub mode: u32,
}

impl Entry {
    /// A regular file.
    pub fn file(name: &str, content: impl Into<Vec<u8>>) -> Self {
        Self::new(name, tar::EntryType::Regular, "", content.into(), 0o644)
    }

    /// An executable file.
    pub fn program(name: &str, content: impl Into<Vec<u8>>) -> Self {
        Self::new(name, tar::EntryType::Regular, "", content.into(), 0o755)
    }

    /// A directory.
    pub fn dir(name: &str) -> Self {
        Self::new(name, tar::EntryType::Directory, "", Vec::new(), 0o755)
    }

    /// A symbolic link.
    pub fn symlink(name: &str, target: &str) -> Self {
        Self::new(name, tar::EntryType::Symlink, target, Vec::new(), 0o777)
    }

    /// A hard link.
    pub fn hard_link(name: &str, target: &str) -> Self {
        Self::new(name, tar::EntryType::Link, target, Vec::new(), 0o644)
    }

    /// A file of another type.
    pub fn special(name: &str, kind: tar::EntryType) -> Self {
        Self::new(name, kind, "", Vec::new(), 0o600)
    }

    fn new(name: &str, kind: tar::EntryType, target: &str, content: Vec<u8>, mode: u32) -> Self {
        Self {
            name: name.to_owned(),
            kind,
            target: target.to_owned(),
            content,
            mode,
        }
    }

    fn write(&self, archive: &mut Vec<u8>) {
        let mut header = tar::Header::new_ustar();
        let old = header.as_old_mut();
        put(&mut old.name, &self.name);
        put(&mut old.linkname, &self.target);
        header.set_entry_type(self.kind);
        header.set_mode(self.mode);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(1_700_000_000);
        header.set_size(self.content.len() as u64);
        if matches!(self.kind, tar::EntryType::Char | tar::EntryType::Block) {
            header
                .set_device_major(1)
                .and_then(|()| header.set_device_minor(3))
                .expect("a ustar header");
        }
        header.set_cksum();
        archive.extend_from_slice(header.as_bytes());
        archive.extend_from_slice(&self.content);
        archive.resize(archive.len().next_multiple_of(512), 0);
    }
}

fn put(field: &mut [u8], text: &str) {
    let bytes = text.as_bytes();
    assert!(
        bytes.len() <= field.len(),
        "{text:?} is too long for its header field"
    );
    field[..bytes.len()].copy_from_slice(bytes);
}

/// A tar archive of these entries.
pub fn archive(entries: &[Entry]) -> Vec<u8> {
    let mut archive = Vec::new();
    entries.iter().for_each(|entry| entry.write(&mut archive));
    archive.resize(archive.len() + 1024, 0);
    archive
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_sha256() {
        let empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(digest(b""), empty);
    }

    #[test]
    fn archives_are_read_back_by_others() {
        let bytes = archive(&[
            Entry::dir("d/"),
            Entry::file("d/f", "text"),
            Entry::symlink("l", "../x"),
        ]);
        let mut archive = tar::Archive::new(bytes.as_slice());
        let names: Vec<_> = archive
            .entries()
            .unwrap()
            .map(|e| e.unwrap().path().unwrap().display().to_string())
            .collect();
        assert_eq!(names, ["d/", "d/f", "l"]);
    }
}
