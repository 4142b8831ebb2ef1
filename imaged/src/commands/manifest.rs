//! `corten manifest inspect`.

use std::process::ExitCode;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;

use crate::error::{Error, Kind, Result};
use crate::format::indented;
use crate::image::Reference;
use crate::oci::manifest::read_json;
use crate::oci::{Descriptor, Document, media};
use crate::output;
use crate::registry::{self, Options, Raw};

/// Look at manifests in registries.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Show a manifest, or a list of them, as the registry has it
    Inspect {
        /// Image
        #[arg(value_name = "IMAGE")]
        image: String,
        /// Show each manifest of a list, with its descriptor
        #[arg(short, long)]
        verbose: bool,
    },
}

/// Runs the verb.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let Verb::Inspect { image, verbose } = &args.verb;
    let reference: Reference = image.parse()?;
    let options = Options::default();
    let root = registry::document(&reference, &options)?;
    let text = match (verbose, &root.document) {
        (false, _) => text(&root)?.to_owned(),
        (true, Document::Manifest(manifest)) => {
            let config = registry::small_blob(&reference, &manifest.config, &options)?;
            let mut descriptor = Descriptor::new(&root.media_type, root.digest, root.bytes.len() as u64);
            // Of an image; other artifacts have none.
            descriptor.platform = read_json(&config, "configuration").ok();
            detailed(&reference.to_string(), &descriptor, &root)?
        }
        (true, Document::Index(index)) => {
            let all = registry::documents(&reference, &index.manifests, &options)?;
            let each = all
                .iter()
                .map(|(entry, raw)| detailed(&format!("{reference}@{}", entry.digest), entry, raw))
                .collect::<Result<Vec<_>>>()?;
            format!("[{}]", each.join(","))
        }
    };
    output::line(indented(&text))?;
    Ok(ExitCode::SUCCESS)
}

fn text(raw: &Raw) -> Result<&str> {
    std::str::from_utf8(&raw.bytes).map_err(|_| Error::new(Kind::Invalid, "the manifest is not UTF-8"))
}

/// What docker shows of one manifest; the manifest itself is in its own words.
fn detailed(name: &str, descriptor: &Descriptor, raw: &Raw) -> Result<String> {
    let field = match raw.media_type.as_str() {
        media::DOCKER_MANIFEST => "SchemaV2Manifest",
        _ => "OCIManifest",
    };
    Ok(format!(
        r#"{{"Ref":{},"Descriptor":{},"Raw":"{}","{field}":{}}}"#,
        json!(name),
        serde_json::to_string(descriptor).map_err(|error| Error::new(
            Kind::System,
            format!("the descriptor cannot be written: {error}")
        ))?,
        BASE64_STANDARD.encode(&raw.bytes),
        text(raw)?
    ))
}
