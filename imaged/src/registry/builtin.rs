//! The built-in image `corten/hello`: a program that Corten carries, made into an image without a network.

use super::Pulled;
use super::pull::names;
use crate::assemble::{Progress, Step};
use crate::error::{Error, Kind, Result};
use crate::image::{Reference, platform};
use crate::layer::{self, Limits};
use crate::oci::{Config, Descriptor, Digest, History, ImageConfig, Manifest, RootFs, media};
use crate::store::{Claim, LayerRecord, Store, failed_at};

/// The static program.
const PROGRAM: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/hello"));
/// The repository that is not looked for in any registry.
const REPOSITORY: &str = "docker.io/corten/hello";

/// Whether the reference means the built-in image.
pub fn is_meant(reference: &Reference) -> bool {
    reference.repository() == REPOSITORY && reference.tag() == Some("latest") && reference.digest().is_none()
}

/// Puts the image into the store, through the same steps as one from a registry.
pub(super) fn install(store: &Store, reference: &Reference, progress: &dyn Progress) -> Result<Pulled> {
    progress.begin(reference);
    let archive = archive()?;
    let diff_id = Digest::of(&archive);
    let config = json(&config(diff_id))?;
    let manifest = json(&manifest(&config, &archive))?;
    let digest = Digest::of(&manifest);
    let was_current = store
        .known_as(reference)?
        .is_some_and(|(_, known)| known == digest);
    let step = if store.has_layer(&diff_id) {
        Step::Present
    } else {
        Step::Complete
    };
    // Until the image is there, nobody takes its layer for one that nothing needs.
    let _no_removal = store.lock_shared()?;
    make_layer(store, &archive, diff_id)?;
    progress.layer(&diff_id, step);
    let image = store
        .put_image(&config, &manifest, &names(reference, digest))?
        .ok_or_else(|| Error::new(Kind::Integrity, "the store has lost the built-in image's layer"))?;
    Ok(Pulled {
        image,
        digest,
        was_current,
    })
}

/// Puts the layer into the store, unless it is there.
fn make_layer(store: &Store, archive: &[u8], diff_id: Digest) -> Result<()> {
    if let Claim::Ours(making) = store.claim_layer(&diff_id, true)? {
        let files = making.files();
        let size = in_own_thread(|| {
            layer::own_umask()?;
            layer::unpack(&mut &archive[..], &files, Limits::default())?.settle(&files, &[])
        })?;
        std::fs::write(making.blob(), archive).map_err(|error| failed_at("write", &making.blob(), &error))?;
        making.publish(&LayerRecord {
            chain_id: diff_id,
            diff_id,
            blob: diff_id,
            media_type: media::OCI_LAYER.into(),
            blob_size: archive.len() as u64,
            size,
            needs_copies: false,
        })?;
    }
    // A store of before has the layer without its blob.
    store.put_blob(archive)?;
    Ok(())
}

/// The umask is a thread's own only in a thread that nobody else uses.
fn in_own_thread<T: Send>(work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    std::thread::scope(|scope| {
        let done = scope.spawn(work).join();
        done.unwrap_or_else(|_| Err(Error::new(Kind::System, "the unpacking thread died")))
    })
}

/// The layer: the program, and the directories that every runtime wants to find.
fn archive() -> Result<Vec<u8>> {
    let mut builder = tar::Builder::new(Vec::new());
    let failed = |error: std::io::Error| Error::io("make the built-in layer", &error);
    for directory in ["dev/", "etc/", "proc/", "sys/", "tmp/"] {
        let mode = if directory == "tmp/" { 0o1777 } else { 0o755 };
        let mut header = header(tar::EntryType::Directory, mode, 0);
        builder
            .append_data(&mut header, directory, &[][..])
            .map_err(failed)?;
    }
    for (path, mode, content) in [
        (
            "etc/passwd",
            0o644,
            &b"root:x:0:0:root:/:/hello\nnobody:x:65534:65534:nobody:/:/hello\n"[..],
        ),
        ("etc/group", 0o644, b"root:x:0:\nnogroup:x:65534:\n"),
        ("hello", 0o755, PROGRAM),
    ] {
        let mut header = header(tar::EntryType::Regular, mode, content.len() as u64);
        builder.append_data(&mut header, path, content).map_err(failed)?;
    }
    builder.into_inner().map_err(failed)
}

/// Always the same bytes: no times, root's files.
fn header(kind: tar::EntryType, mode: u32, size: u64) -> tar::Header {
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(size);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    header
}

fn config(diff_id: Digest) -> ImageConfig {
    let host = platform::host();
    ImageConfig {
        created: Some("1970-01-01T00:00:00Z".into()),
        architecture: host.architecture,
        variant: host.variant,
        os: host.os,
        config: Config {
            env: vec!["PATH=/".into()],
            entrypoint: vec!["/hello".into()],
            ..Config::default()
        },
        rootfs: RootFs {
            kind: "layers".into(),
            diff_ids: vec![diff_id],
        },
        history: vec![History {
            created: Some("1970-01-01T00:00:00Z".into()),
            created_by: Some("corten: the built-in program".into()),
            ..History::default()
        }],
        ..ImageConfig::default()
    }
}

fn manifest(config: &[u8], archive: &[u8]) -> Manifest {
    let describe =
        |media_type, content: &[u8]| Descriptor::new(media_type, Digest::of(content), content.len() as u64);
    Manifest::of(
        describe(media::OCI_CONFIG, config),
        vec![describe(media::OCI_LAYER, archive)],
    )
}

fn json(value: &impl serde::Serialize) -> Result<Vec<u8>> {
    serde_json::to_vec(value)
        .map_err(|error| Error::new(Kind::System, format!("the built-in image: {error}")))
}
