//! Descriptors, manifests and indexes, and the check that a document is what its media type says.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::digest::Digest;
use super::media;
use crate::error::{Error, Kind, Result};

/// A pointer to content: what it is, how long, and its digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// What the content is.
    pub media_type: String,
    /// The digest that the content must have.
    pub digest: Digest,
    /// The content's length in bytes.
    pub size: u64,
    /// Other places to fetch the content from; not used.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub urls: Vec<String>,
    /// Free annotations.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// The platform, in the entries of an index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
}

impl Descriptor {
    /// A descriptor of content, and nothing else.
    pub fn new(media_type: &str, digest: Digest, size: u64) -> Self {
        Self {
            media_type: media_type.into(),
            digest,
            size,
            urls: Vec::new(),
            annotations: BTreeMap::new(),
            platform: None,
        }
    }
}

/// The machine and system that an image is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Platform {
    /// The architecture in Go's words: `amd64`, `arm64`.
    pub architecture: String,
    /// The operating system in Go's words: `linux`.
    pub os: String,
    /// The variant of the architecture, such as `v8`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// The version of the operating system.
    #[serde(rename = "os.version", default, skip_serializing_if = "Option::is_none")]
    pub os_version: Option<String>,
}

/// One image: its configuration and its layers, bottom first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// Always 2.
    pub schema_version: u32,
    /// The document's own media type; OCI allows it to be absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// What the artifact is, if it is no image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// The image's configuration.
    pub config: Descriptor,
    /// The layers, bottom first.
    pub layers: Vec<Descriptor>,
}

impl Manifest {
    /// An OCI manifest of these.
    pub fn of(config: Descriptor, layers: Vec<Descriptor>) -> Self {
        Self {
            schema_version: 2,
            media_type: Some(media::OCI_MANIFEST.into()),
            artifact_type: None,
            config,
            layers,
        }
    }
}

/// Several images under one name, one for each platform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Index {
    /// Always 2.
    pub schema_version: u32,
    /// The document's own media type; OCI allows it to be absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// The images.
    pub manifests: Vec<Descriptor>,
}

/// Descriptors without those of a digest that came before: what is hostile may name one a thousand times.
pub fn each_once<'a>(all: impl IntoIterator<Item = &'a Descriptor>) -> impl Iterator<Item = &'a Descriptor> {
    let mut seen = BTreeSet::new();
    all.into_iter().filter(move |entry| seen.insert(entry.digest))
}

/// What a registry keeps under a tag or a manifest's digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Document {
    /// One image.
    Manifest(Box<Manifest>),
    /// One image for each platform.
    Index(Index),
}

/// The fields by which the two kinds of document, and Docker's obsolete schema 1, are told apart.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shape {
    schema_version: Option<u32>,
    media_type: Option<String>,
    config: Option<serde::de::IgnoredAny>,
    layers: Option<serde::de::IgnoredAny>,
    manifests: Option<serde::de::IgnoredAny>,
}

impl Document {
    /// Reads a document that was announced (by a header or a descriptor) under the media type `announced`.
    ///
    /// A document that has the fields of both kinds, or of the other kind than announced, is refused:
    /// two readers could take it for different images (CVE-2021-41190).
    ///
    /// # Errors
    /// `Invalid` when malformed, `Integrity` when it is not what was announced, `Unsupported` for other types.
    pub fn parse(announced: &str, bytes: &[u8]) -> Result<Self> {
        let shape: Shape = read_json(bytes, "manifest")?;
        if shape.schema_version != Some(2) {
            return Err(unsupported_schema(shape.schema_version));
        }
        if let Some(own) = shape.media_type.as_deref().filter(|own| *own != announced) {
            return Err(Error::new(
                Kind::Integrity,
                format!("the manifest calls itself \"{own}\" but was announced as \"{announced}\""),
            ));
        }
        let is_image = shape.config.is_some() || shape.layers.is_some();
        let is_index = shape.manifests.is_some();
        match announced {
            media::OCI_MANIFEST | media::DOCKER_MANIFEST if is_image && !is_index => {
                Ok(Self::Manifest(Box::new(read_json(bytes, "manifest")?)))
            }
            media::OCI_INDEX | media::DOCKER_LIST if is_index && !is_image => {
                Ok(Self::Index(read_json(bytes, "index")?))
            }
            media::OCI_MANIFEST | media::DOCKER_MANIFEST | media::OCI_INDEX | media::DOCKER_LIST => {
                Err(Error::new(
                    Kind::Integrity,
                    format!("the document's fields do not fit its media type \"{announced}\""),
                ))
            }
            other => Err(Error::new(
                Kind::Unsupported,
                format!("media type \"{other}\" is no image manifest"),
            )),
        }
    }
}

fn unsupported_schema(version: Option<u32>) -> Error {
    match version {
        Some(1) => Error::new(
            Kind::Unsupported,
            "the image has a manifest of Docker's obsolete schema 1",
        )
        .hint("push the image again with a current tool"),
        Some(other) => Error::new(
            Kind::Unsupported,
            format!("manifest schema version {other} is not supported"),
        ),
        None => Error::new(Kind::Invalid, "the manifest has no schemaVersion"),
    }
}

/// Parses JSON that came from outside; `what` names the document in the error.
///
/// # Errors
/// `Invalid` with the parser's reason and place.
pub fn read_json<'a, T: Deserialize<'a>>(bytes: &'a [u8], what: &str) -> Result<T> {
    serde_json::from_slice(bytes)
        .map_err(|error| Error::new(Kind::Invalid, format!("the {what} is not valid: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(extra: &str) -> String {
        let d = Digest::of(b"x");
        format!(
            r#"{{"schemaVersion":2{extra},"config":{{"mediaType":"{}","digest":"{d}","size":1}},"layers":[]}}"#,
            media::OCI_CONFIG
        )
    }

    #[test]
    fn a_manifest_without_its_own_media_type_is_read_as_announced() {
        let document = Document::parse(media::OCI_MANIFEST, manifest("").as_bytes()).unwrap();
        assert!(matches!(document, Document::Manifest(_)));
    }

    #[test]
    fn cve_2021_41190_ambiguous_documents_are_refused() {
        let both = manifest(r#","manifests":[]"#);
        for announced in [media::OCI_MANIFEST, media::OCI_INDEX] {
            let error = Document::parse(announced, both.as_bytes()).unwrap_err();
            assert_eq!(error.kind(), Kind::Integrity, "{announced}");
        }
        let other = manifest(&format!(r#","mediaType":"{}""#, media::DOCKER_MANIFEST));
        assert_eq!(
            Document::parse(media::OCI_MANIFEST, other.as_bytes())
                .unwrap_err()
                .kind(),
            Kind::Integrity
        );
    }

    #[test]
    fn schema_1_is_named() {
        let error = Document::parse(media::OCI_MANIFEST, br#"{"schemaVersion":1}"#).unwrap_err();
        assert!(error.to_string().contains("schema 1"), "{error}");
    }
}
