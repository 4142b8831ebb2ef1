//! Signatures that a registry keeps beside an image, and the policy that a pull obeys.

use super::client::Client;
use super::{Options, Raw, pull};
use crate::error::{Error, Kind, Result};
use crate::image::{Reference, platform};
use crate::log;
use crate::oci::{Digest, Document};
use crate::trust::{self, PublicKey, Requirement, Signature, Verified};

/// What a signature's payload is (cosign's SIGNATURE_SPEC).
const PAYLOAD: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
/// The annotation that holds the signature itself.
const SIGNATURE: &str = "dev.cosignproject.cosign/signature";
/// More signatures than anybody gives one image.
const MAX_SIGNATURES: usize = 64;

/// Whether the policy allows to take an image that has these digests: its own, and its index'.
///
/// # Errors
/// `Denied` when it does not; what reading the policy, its keys and the signatures reports.
pub(super) async fn obey(client: &Client, reference: &Reference, digests: &[Digest]) -> Result<()> {
    let Some(policy) = trust::in_force()? else {
        return Ok(());
    };
    let requirements = policy.of(reference);
    let needs = |requirement: &Requirement| matches!(requirement, Requirement::SigstoreSigned { .. });
    let signatures = match requirements.iter().any(needs) {
        true => of(client, reference, digests).await?,
        false => Vec::new(),
    };
    for requirement in requirements {
        let keys = requirement.keys(key_file)?;
        requirement.check(reference, digests, &keys, &signatures)?;
    }
    log::debug(format_args!("{reference}: the policy is satisfied"));
    Ok(())
}

fn key_file(path: &str) -> Result<String> {
    std::fs::read_to_string(path).map_err(|error| Error::io(format!("read the key {path}"), &error))
}

/// The signatures of an image: the layers of what is tagged `sha256-HEX.sig`.
async fn of(client: &Client, reference: &Reference, digests: &[Digest]) -> Result<Vec<Signature>> {
    let mut all = Vec::new();
    for digest in digests {
        let tag = reference.with_tag(&format!("sha256-{}.sig", digest.hex()))?;
        let manifest = match client.root_document(&tag).await.map(|fetched| fetched.document) {
            Ok(Document::Manifest(manifest)) => manifest,
            Ok(Document::Index(_)) => continue,
            Err(error) if error.kind() == Kind::NotFound => continue,
            Err(error) => return Err(error.context("get the signatures")),
        };
        let layers = manifest.layers.iter().filter(|layer| layer.media_type == PAYLOAD);
        for layer in layers.take(MAX_SIGNATURES) {
            if let Some(signature) = layer.annotations.get(SIGNATURE) {
                all.push(Signature {
                    payload: client.small_blob(layer, "signature").await?,
                    signature: signature.clone(),
                });
            }
        }
    }
    Ok(all)
}

/// What the signatures of an image say that are by one of the keys, for what it is now.
///
/// # Errors
/// `Denied` when there is none; what getting it reports.
pub fn verify(
    reference: &Reference,
    keys: &[PublicKey],
    options: &Options,
) -> Result<(Digest, Vec<Verified>)> {
    let client = Client::new(reference, options)?;
    let runtime = pull::runtime()?;
    let root = runtime.block_on(client.root_document(reference))?;
    let signatures = runtime.block_on(of(&client, reference, &[root.digest]))?;
    let mut reasons = Vec::new();
    let mut good = Vec::new();
    for signature in &signatures {
        let verdicts = keys.iter().map(|key| signature.verify(key));
        match verdicts.collect::<Vec<_>>().into_iter().reduce(Result::or) {
            Some(Ok(verified)) if verified.digest == root.digest => good.push(verified),
            Some(Ok(verified)) => reasons.push(format!("a signature is for {}", verified.digest)),
            Some(Err(error)) => reasons.push(error.to_string()),
            None => {}
        }
    }
    if !good.is_empty() {
        return Ok((root.digest, good));
    }
    let why = match signatures.is_empty() {
        true => "it has no signature".to_owned(),
        false => reasons.join("; "),
    };
    Err(Error::new(Kind::Denied, why)
        .context(format!("no matching signatures for {reference}@{}", root.digest)))
}

/// Whether the policy allows to take an image; returns its digest.
///
/// # Errors
/// `Denied` when it does not; what getting the image's manifest and signatures reports.
pub fn check_policy(reference: &Reference, options: &Options) -> Result<Digest> {
    let client = Client::new(reference, options)?;
    let check = async {
        let root: Raw = client.root_document(reference).await?.into();
        let mut digests = vec![root.digest];
        if let Document::Index(index) = &root.document {
            let wanted = options.platform.clone().unwrap_or_else(platform::host);
            digests.push(platform::choose(&wanted, &index.manifests)?.digest);
        }
        obey(&client, reference, &digests).await.map(|()| root.digest)
    };
    pull::runtime()?.block_on(check)
}
