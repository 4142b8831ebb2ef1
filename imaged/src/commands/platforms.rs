//! `--platform` of the verbs about images, and podman's three options in its place.

use crate::error::Result;
use crate::image::{Image, platform};
use crate::oci::Platform;
use crate::store::Store;

/// A platform, in one word or in three.
#[derive(Debug, clap::Args)]
pub(super) struct PlatformOptions {
    /// Platform, such as linux/arm64
    #[arg(long, value_name = "OS/ARCH[/VARIANT]", conflicts_with_all = ["os", "arch", "variant"])]
    platform: Option<String>,
    /// Operating system of the platform
    #[arg(long, value_name = "OS")]
    os: Option<String>,
    /// Architecture of the platform
    #[arg(long, value_name = "ARCH")]
    arch: Option<String>,
    /// Variant of the architecture
    #[arg(long, value_name = "VARIANT")]
    variant: Option<String>,
}

impl PlatformOptions {
    /// The platform that was asked for, if any; what is left of three words is this machine's.
    ///
    /// # Errors
    /// `Usage` when it is malformed.
    pub(super) fn wanted(&self) -> Result<Option<Platform>> {
        let (os, arch, variant) = (&self.os, &self.arch, &self.variant);
        if os.is_none() && arch.is_none() && variant.is_none() {
            return self.platform.as_deref().map(platform::parse).transpose();
        }
        let host = platform::host();
        let os = os.as_ref().unwrap_or(&host.os);
        let mut text = match (arch, variant) {
            (Some(arch), _) => format!("{os}/{arch}"),
            (None, _) => format!("{os}/{}", host.architecture),
        };
        if let Some(variant) = variant {
            text = format!("{text}/{variant}");
        }
        platform::parse(&text).map(Some)
    }
}

/// The image that a name means, which must be for the platform that was asked for.
///
/// # Errors
/// `NotFound` when there is none, or one for another platform; `Usage` when the platform is malformed.
pub(super) fn resolve(store: &Store, name: &str, wanted: Option<&str>) -> Result<Image> {
    let image = store.resolve(name)?;
    if let Some(wanted) = wanted {
        platform::check(&image.config, &platform::parse(wanted)?, name)?;
    }
    Ok(image)
}
