//! `corten verify`.

use std::process::ExitCode;

use serde_json::json;

use super::environment::read;
use crate::error::{Context, Result};
use crate::image::Reference;
use crate::output;
use crate::registry::{self, Options};
use crate::trust::PublicKey;

/// Check the signatures of an image in a registry.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// File with a public key; without one, the image is judged by policy.json
    #[arg(short, long, value_name = "FILE")]
    key: Vec<String>,
    /// Say only the digest
    #[arg(short, long)]
    quiet: bool,
    /// Image
    #[arg(value_name = "IMAGE")]
    image: String,
}

/// Runs the verb.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let reference: Reference = args.image.parse()?;
    let options = Options::default();
    if args.key.is_empty() {
        let digest = registry::check_policy(&reference, &options)?;
        if !args.quiet {
            output::note(format_args!("{reference} is accepted by the policy"));
        }
        output::line(digest)?;
        return Ok(ExitCode::SUCCESS);
    }
    let key = |file: &String| PublicKey::from_pem(&read(file)?).context(|| file.clone());
    let keys = args.key.iter().map(key).collect::<Result<Vec<_>>>()?;
    let (digest, good) = registry::verify(&reference, &keys, &options)?;
    if args.quiet {
        output::line(digest)?;
        return Ok(ExitCode::SUCCESS);
    }
    output::note(format_args!(
        "Verification for {reference} --\n\
         The following checks were performed on each of these signatures:\n  \
         - The claims were validated\n  \
         - The signatures were verified against the specified public key"
    ));
    // The form of cosign's output, which scripts read.
    let all: Vec<_> = good
        .iter()
        .map(|verified| {
            json!({"critical": {
                "identity": {"docker-reference": verified.identity},
                "image": {"docker-manifest-digest": verified.digest},
                "type": "cosign container image signature",
            }, "optional": null})
        })
        .collect();
    output::line(json!(all))?;
    Ok(ExitCode::SUCCESS)
}
