//! `corten copy`.

use std::process::ExitCode;

use crate::copy::{self, Place, Witness};
use crate::error::Result;
use crate::format::human;
use crate::image::platform;
use crate::oci::Descriptor;
use crate::output;
use crate::registry::Options;

/// Copy an image between registries, layouts and archives, byte for byte.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Copy the images for all platforms
    #[arg(short, long)]
    all: bool,
    /// Platform to copy of images that have several, such as linux/arm64
    #[arg(long, value_name = "OS/ARCH", conflicts_with = "all")]
    platform: Option<String>,
    /// Say only the digest
    #[arg(short, long)]
    quiet: bool,
    /// From where: docker://NAME, oci:DIRECTORY[:NAME], oci-archive:FILE[:NAME], docker-archive:FILE[:NAME], dir:DIRECTORY
    #[arg(value_name = "SOURCE")]
    source: String,
    /// Where to, in the same words
    #[arg(value_name = "DESTINATION")]
    destination: String,
}

/// Runs the verb.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let (source, destination): (Place, Place) = (args.source.parse()?, args.destination.parse()?);
    let options = Options {
        platform: args.platform.as_deref().map(platform::parse).transpose()?,
        ..Options::default()
    };
    let display = Display { quiet: args.quiet };
    let digest = copy::copy(&source, &destination, args.all, &options, &display)?;
    output::line(digest)?;
    Ok(ExitCode::SUCCESS)
}

struct Display {
    quiet: bool,
}

impl Display {
    fn line(&self, text: impl std::fmt::Display) {
        if !self.quiet {
            // A reader that went away is reported with the last line.
            let _ = output::line(text);
        }
    }
}

impl Witness for Display {
    fn blob(&self, blob: &Descriptor, was_copied: bool) {
        let (digest, size) = (blob.digest, human::size(blob.size));
        match was_copied {
            true => self.line(format_args!("Copied blob {digest} ({size})")),
            false => self.line(format_args!("Blob {digest} is there already")),
        }
    }

    fn manifests(&self) {
        self.line("Writing the manifest");
    }
}
