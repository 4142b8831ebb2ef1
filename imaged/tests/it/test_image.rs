//! Images for the tests, with everything about them replaceable by something wrong.

use std::io::Write;

use corten_imaged::oci::{Digest, media};
use serde_json::{Value, json};

use super::fake_registry::{Answer, FakeRegistry};

pub(crate) const REPOSITORY: &str = "test/image";

/// A layer: its tar stream, and its blob.
#[derive(Debug, Clone)]
pub(crate) struct TestLayer {
    pub(crate) diff_id: Digest,
    pub(crate) blob: Vec<u8>,
    pub(crate) media_type: String,
}

impl TestLayer {
    pub(crate) fn digest(&self) -> Digest {
        Digest::of(&self.blob)
    }

    pub(crate) fn plain(tar: &[u8]) -> Self {
        let media_type = "application/vnd.oci.image.layer.v1.tar".into();
        Self {
            diff_id: Digest::of(tar),
            blob: tar.to_vec(),
            media_type,
        }
    }

    pub(crate) fn gzip(tar: &[u8]) -> Self {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(tar).unwrap();
        let blob = encoder.finish().unwrap();
        Self {
            diff_id: Digest::of(tar),
            blob,
            media_type: media::OCI_LAYER_GZIP.into(),
        }
    }

    pub(crate) fn zstd(tar: &[u8]) -> Self {
        let media_type = "application/vnd.oci.image.layer.v1.tar+zstd".into();
        Self {
            diff_id: Digest::of(tar),
            blob: zstd::encode_all(tar, 1).unwrap(),
            media_type,
        }
    }
}

/// An image as values that a test can falsify before it is served.
#[derive(Debug, Clone)]
pub(crate) struct TestImage {
    pub(crate) layers: Vec<TestLayer>,
    pub(crate) config: Value,
    pub(crate) manifest: Value,
    pub(crate) manifest_type: String,
}

impl TestImage {
    pub(crate) fn new(layers: Vec<TestLayer>) -> Self {
        let diff_ids: Vec<_> = layers.iter().map(|layer| layer.diff_id).collect();
        let config = json!({
            "architecture": corten_imaged::image::platform::host().architecture, "os": "linux",
            "created": "2026-01-02T03:04:05Z",
            "config": {"Cmd": ["/x"], "Labels": {"a": "b"}},
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
        });
        let mut image = Self {
            layers,
            config,
            manifest: Value::Null,
            manifest_type: media::OCI_MANIFEST.into(),
        };
        image.describe();
        image
    }

    /// Makes the manifest fit the configuration and layers.
    pub(crate) fn describe(&mut self) {
        let config = self.config_bytes();
        let layers: Vec<_> = self
            .layers
            .iter()
            .map(|layer| json!({"mediaType": layer.media_type, "digest": layer.digest(), "size": layer.blob.len()}))
            .collect();
        self.manifest = json!({
            "schemaVersion": 2,
            "mediaType": self.manifest_type,
            "config": {"mediaType": media::OCI_CONFIG, "digest": Digest::of(&config), "size": config.len()},
            "layers": layers,
        });
    }

    pub(crate) fn config_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(&self.config).unwrap()
    }

    pub(crate) fn manifest_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(&self.manifest).unwrap()
    }

    pub(crate) fn digest(&self) -> Digest {
        Digest::of(&self.manifest_bytes())
    }

    pub(crate) fn manifest_answer(&self) -> Answer {
        Answer::new(200, self.manifest_bytes()).header("Content-Type", &self.manifest_type)
    }

    /// Serves the image under a tag and by digest.
    pub(crate) fn serve(&self, registry: &FakeRegistry, tag: &str) {
        for name in [tag.to_owned(), self.digest().to_string()] {
            registry.route(manifest_path(&name), vec![self.manifest_answer()]);
        }
        let described: Digest = self.manifest["config"]["digest"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap();
        registry.route(blob_path(&described), vec![Answer::new(200, self.config_bytes())]);
        for layer in &self.layers {
            registry.route(
                blob_path(&layer.digest()),
                vec![Answer::new(200, layer.blob.clone())],
            );
        }
    }
}

pub(crate) fn manifest_path(name: &str) -> String {
    format!("/v2/{REPOSITORY}/manifests/{name}")
}

pub(crate) fn blob_path(digest: &Digest) -> String {
    format!("/v2/{REPOSITORY}/blobs/{digest}")
}

/// A tar stream of regular files, whiteouts among them.
pub(crate) fn tar_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(1_000_000);
        builder.append_data(&mut header, path, *content).unwrap();
    }
    builder.into_inner().unwrap()
}

/// Bytes that do not compress, the same each time.
pub(crate) fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    })
    .take(length)
    .collect()
}

/// Two layers: two files, one of them large, and then one of them gone.
pub(crate) fn two_layers() -> TestImage {
    let large = noise(3 << 20);
    TestImage::new(vec![
        TestLayer::gzip(&tar_of(&[
            ("etc/kept", b"kept"),
            ("etc/gone", b"gone"),
            ("large", &large),
        ])),
        TestLayer::zstd(&tar_of(&[("etc/.wh.gone", b""), ("etc/new", b"new")])),
    ])
}
