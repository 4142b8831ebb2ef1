//! The parts of an index beside the image that is unpacked: their manifests and blobs, kept as they are.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::sync::Arc;

use tokio::runtime::Runtime;

use super::blob::receive;
use super::client::Client;
use crate::assemble::at_once;
use crate::error::{Context, Error, Kind, Result};
use crate::oci::manifest::each_once;
use crate::oci::{Descriptor, Digest, Document, Index, Manifest};
use crate::store::{MAX_DOCUMENTS, Scratch, Store, blobs_of, failed, failed_at};

/// Keeps all that an index points at, as far as the store does not have it, and but for the blobs of the image that is about
/// to be unpacked.
///
/// # Errors
/// `Unsupported` for an index of indexes, `Limit` for one of too much; `Network`, `Integrity`; the failed call.
pub(super) fn keep(
    store: &Store,
    client: &Arc<Client>,
    runtime: &Runtime,
    index: &Index,
    unpacked: &Manifest,
) -> Result<()> {
    let sizes = each_once(&index.manifests).map(|entry| entry.size);
    if sizes.fold(0, u64::saturating_add) > MAX_DOCUMENTS {
        return Err(Error::new(
            Kind::Limit,
            format!("the manifests of the index are longer than {MAX_DOCUMENTS} bytes together"),
        ));
    }
    let mut seen: BTreeSet<Digest> = blobs_of(unpacked).map(|blob| blob.digest).collect();
    let mut blobs = Vec::new();
    for entry in each_once(&index.manifests) {
        let found = runtime.block_on(client.described_document(entry))?;
        let Document::Manifest(manifest) = &found.document else {
            return Err(Error::new(Kind::Unsupported, "an index points at another index"));
        };
        blobs.extend(
            blobs_of(manifest)
                .filter(|blob| seen.insert(blob.digest))
                .cloned(),
        );
        store.put_blob(&found.bytes)?;
    }
    blobs.retain(|blob| !store.has_blob(&blob.digest));
    let scratch = store.scratch()?;
    at_once(client.options.parallel.clamp(1, 16), &blobs, |_, blob| {
        keep_blob(store, client, runtime, &scratch, blob)
            .context(|| format!("get the blob {}", blob.digest.short()))
    })
    .map(drop)
}

fn keep_blob(
    store: &Store,
    client: &Arc<Client>,
    runtime: &Runtime,
    scratch: &Scratch,
    blob: &Descriptor,
) -> Result<()> {
    let place = scratch.path().join(blob.digest.hex());
    let receive = || {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let mut file = options
            .open(&place)
            .map_err(|error| failed_at("create", &place, &error))?;
        let failed = |error: &io::Error| failed("keep the blob", error);
        receive(client, runtime, blob, &mut file, failed)
    };
    match receive() {
        Err(error) if error.kind() == Kind::Integrity && client.distrust(&blob.digest) => receive()?,
        received => received?,
    }
    store.adopt_blob(&place, &blob.digest)
}
