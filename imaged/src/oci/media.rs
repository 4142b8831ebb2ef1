//! The media types that an image may be made of, in OCI's and in Docker's words.

/// An OCI image manifest.
pub const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// An OCI image index.
pub const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// An OCI image configuration.
pub const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
/// An OCI layer, not compressed.
pub const OCI_LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
/// An OCI layer, compressed with zstd.
pub const OCI_LAYER_ZSTD: &str = "application/vnd.oci.image.layer.v1.tar+zstd";
/// An OCI layer, gzip-compressed.
pub const OCI_LAYER_GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
/// Docker's manifest, schema 2.
pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// Docker's manifest list.
pub const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
/// Docker's image configuration.
pub const DOCKER_CONFIG: &str = "application/vnd.docker.container.image.v1+json";

/// What a registry is asked for when a manifest is wanted.
pub const ACCEPT: [&str; 4] = [OCI_INDEX, DOCKER_LIST, OCI_MANIFEST, DOCKER_MANIFEST];

/// How a layer's tar stream is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// A plain tar stream.
    None,
    /// gzip, possibly of several members.
    Gzip,
    /// Zstandard, possibly of several frames.
    Zstd,
}

/// The compression that a layer's media type names; `None` for what is not a layer known here.
pub fn layer_compression(media_type: &str) -> Option<Compression> {
    Some(match media_type {
        OCI_LAYER
        | "application/vnd.oci.image.layer.nondistributable.v1.tar"
        | "application/vnd.docker.image.rootfs.diff.tar" => Compression::None,
        OCI_LAYER_GZIP
        | "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"
        | "application/vnd.docker.image.rootfs.diff.tar.gzip"
        | "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip" => Compression::Gzip,
        OCI_LAYER_ZSTD
        | "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd"
        | "application/vnd.docker.image.rootfs.diff.tar.zstd" => Compression::Zstd,
        _ => return None,
    })
}

/// The media type of a layer, in docker's words or in OCI's; docker has none for zstd.
pub fn layer_type(compression: Compression, is_docker: bool, is_foreign: bool) -> Option<&'static str> {
    Some(match (compression, is_docker, is_foreign) {
        (Compression::None, false, false) => OCI_LAYER,
        (Compression::Gzip, false, false) => OCI_LAYER_GZIP,
        (Compression::Zstd, false, false) => OCI_LAYER_ZSTD,
        (Compression::None, false, true) => "application/vnd.oci.image.layer.nondistributable.v1.tar",
        (Compression::Gzip, false, true) => "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
        (Compression::Zstd, false, true) => "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
        (Compression::None, true, false) => "application/vnd.docker.image.rootfs.diff.tar",
        (Compression::Gzip, true, false) => "application/vnd.docker.image.rootfs.diff.tar.gzip",
        (Compression::Gzip, true, true) => "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
        _ => return None,
    })
}

/// Whether this is the media type of a layer that may not be given away.
pub fn is_foreign(media_type: &str) -> bool {
    media_type.contains(".nondistributable.") || media_type.contains(".foreign.")
}

/// Whether this is the media type of an image configuration.
pub fn is_config(media_type: &str) -> bool {
    matches!(media_type, OCI_CONFIG | DOCKER_CONFIG)
}
