//! Writing images to one archive that is both an OCI layout and docker's format, the same bytes each time.

use std::collections::BTreeSet;
use std::io::{Read, Write};

use serde_json::{Value, json};
use tar::{Builder, EntryType, Header};

use super::compressed::Checked;
use super::{CONTAINERD_NAME, DockerEntry, OCI_NAME};
use crate::error::{Context, Error, Kind, Result};
use crate::oci::manifest::read_json;
use crate::oci::{Digest, Hasher, Manifest, media};
use crate::store::{Member, Name, Store};

/// The size of the pieces in which blobs are checked and written.
const PIECE: usize = 256 << 10;

/// An image to save, under these names.
#[derive(Debug, Clone)]
pub struct Selected {
    /// The image's manifest.
    pub manifest: Digest,
    /// Its names with tags, sorted.
    pub names: Vec<Name>,
}

/// Writes the images with all their blobs; with `indexes`, of a name that stands for an index, all that the store has in
/// full.
///
/// # Errors
/// `NotFound` and `Integrity` for blobs that are missing or damaged; the failed call.
pub fn save(store: &Store, images: &[Selected], indexes: bool, out: &mut dyn Write) -> Result<()> {
    let mut blobs = BTreeSet::new();
    let mut descriptors = Vec::new();
    let mut entries = Vec::new();
    for selected in images {
        let bytes = store.blob(&selected.manifest)?;
        let manifest: Manifest = read_json(&bytes, "manifest")?;
        blobs.extend([selected.manifest, manifest.config.digest]);
        blobs.extend(manifest.layers.iter().map(|layer| layer.digest));
        let media_type = manifest.media_type.as_deref().unwrap_or(media::OCI_MANIFEST);
        let alone = described(media_type, &selected.manifest, &bytes);
        if selected.names.is_empty() {
            descriptors.push(alone.clone());
        }
        for name in &selected.names {
            let index = match indexes {
                true => whole(store, name, &mut blobs)?,
                false => None,
            };
            descriptors.push(named(name, index.as_ref().unwrap_or(&alone)));
        }
        entries.push(entry(selected, &manifest));
    }
    let mut archive = Builder::new(out);
    for directory in ["blobs/", "blobs/sha256/"] {
        let header = header(EntryType::Directory, 0o755, 0);
        append(&mut archive, header, directory, &mut std::io::empty())?;
    }
    for blob in &blobs {
        append_blob(&mut archive, store, blob)?;
    }
    let index = json!({"schemaVersion": 2, "mediaType": media::OCI_INDEX, "manifests": descriptors});
    for (name, document) in [
        ("index.json", index),
        ("manifest.json", json!(entries)),
        ("oci-layout", json!({"imageLayoutVersion": "1.0.0"})),
    ] {
        let text = document.to_string();
        let header = header(EntryType::Regular, 0o644, text.len() as u64);
        append(&mut archive, header, name, &mut text.as_bytes())?;
    }
    archive.finish().map_err(|error| failed(&error))
}

/// The descriptor of a document.
fn described(media_type: &str, digest: &Digest, bytes: &[u8]) -> Value {
    json!({"mediaType": media_type, "digest": digest, "size": bytes.len()})
}

/// The descriptor of an index that is there in full; its blobs are added to those to be written.
fn whole(store: &Store, name: &Name, blobs: &mut BTreeSet<Digest>) -> Result<Option<Value>> {
    let index = store.kept_index(&name.digest)?;
    let Some(index) = index.filter(|index| index.is_whole) else {
        return Ok(None);
    };
    blobs.insert(index.digest);
    blobs.extend(index.members.iter().map(|member| member.descriptor.digest));
    blobs.extend(
        index
            .members
            .iter()
            .flat_map(Member::blobs)
            .map(|blob| blob.digest),
    );
    let media_type = index.index.media_type.as_deref().unwrap_or(media::OCI_INDEX);
    Ok(Some(described(media_type, &index.digest, &index.bytes)))
}

/// The descriptor under a name.
fn named(Name { reference, .. }: &Name, descriptor: &Value) -> Value {
    let mut descriptor = descriptor.clone();
    descriptor["annotations"] =
        json!({CONTAINERD_NAME: reference.to_string(), OCI_NAME: reference.tag().unwrap_or_default()});
    descriptor
}

fn entry(selected: &Selected, manifest: &Manifest) -> DockerEntry {
    let path = |digest: &Digest| format!("blobs/sha256/{}", digest.hex());
    let names = selected.names.iter();
    let names = names.map(|name| name.reference.familiar()).collect();
    DockerEntry {
        config: path(&manifest.config.digest),
        repo_tags: Some(names),
        layers: Some(manifest.layers.iter().map(|layer| path(&layer.digest)).collect()),
    }
}

fn append_blob(archive: &mut Builder<&mut dyn Write>, store: &Store, digest: &Digest) -> Result<()> {
    let file = store.open_blob(digest).map_err(|error| match error.kind() {
        Kind::NotFound => error.hint("the image was pulled when blobs were not kept: pull it again"),
        _ => error,
    })?;
    let size = file
        .metadata()
        .map_err(|error| Error::io(format!("stat the blob {digest}"), &error))?
        .len();
    let mut checked = Checked {
        file,
        hasher: Hasher::new(),
    };
    let path = format!("blobs/sha256/{}", digest.hex());
    let header = header(EntryType::Regular, 0o644, size);
    append(archive, header, &path, &mut checked)?;
    checked.check(digest)
}

/// Always the same bytes: no times, root's files.
fn header(kind: EntryType, mode: u32, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(size);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    header
}

fn append(
    archive: &mut Builder<&mut dyn Write>,
    mut header: Header,
    path: &str,
    content: &mut dyn Read,
) -> Result<()> {
    header
        .set_path(path)
        .map_err(|error| failed(&error))
        .context(|| format!("the path {path}"))?;
    header.set_cksum();
    let out = archive.get_mut();
    out.write_all(header.as_bytes()).map_err(|error| failed(&error))?;
    let mut left = header.size().unwrap_or_default();
    let mut buffer = vec![0; PIECE];
    while left > 0 {
        let wanted = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let count = content
            .read(&mut buffer[..wanted])
            .map_err(|error| Error::io(format!("read {path}"), &error))?;
        if count == 0 {
            return Err(Error::new(Kind::Integrity, format!("{path} was cut off")));
        }
        out.write_all(&buffer[..count]).map_err(|error| failed(&error))?;
        left -= count as u64;
    }
    let padding = (512 - header.size().unwrap_or_default() % 512) % 512;
    let padding = usize::try_from(padding).unwrap_or_default();
    out.write_all(&[0; 512][..padding])
        .map_err(|error| failed(&error))
}

fn failed(error: &std::io::Error) -> Error {
    let failed = Error::io("write the archive", error);
    match error.kind() {
        std::io::ErrorKind::BrokenPipe => failed.with_kind(Kind::Closed),
        _ => failed,
    }
}
