//! Where a copy goes: a registry, a layout, an archive, a directory. What is half-written is not seen.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{BufWriter, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use nix::fcntl::{Flock, FlockArg};
use serde_json::{Value, json};

use super::files::{CONTAINERD_NAME, OCI_NAME};
use super::place::Place;
use super::tarball::{self, Extent, PIECE, Section};
use crate::assemble::wrong_digest;
use crate::error::{Error, Kind, Result};
use crate::image::Reference;
use crate::oci::{Descriptor, Digest, Document, Hasher, media};
use crate::registry::{Content, Options, Raw, Repository};

/// Where an image is copied to.
pub(super) enum Target {
    Registry {
        repository: Repository,
        /// Another repository of the same registry, when that is the source.
        origin: Option<String>,
    },
    Layout {
        directory: PathBuf,
        name: Option<String>,
    },
    Directory(PathBuf),
    Archive(Mutex<Archive>),
}

/// An archive that is being written, under another name until it is whole.
pub(super) struct Archive {
    path: PathBuf,
    temporary: PathBuf,
    out: BufWriter<File>,
    written: BTreeSet<Digest>,
    name: Option<String>,
    reference: Option<Reference>,
    root: Option<Raw>,
    is_done: bool,
}

impl Target {
    pub(super) fn open(place: &Place, source: &Place, all: bool, options: &Options) -> Result<Self> {
        match place {
            Place::Registry(reference) => {
                let origin = match source {
                    Place::Registry(other)
                        if other.domain() == reference.domain() && other.path() != reference.path() =>
                    {
                        Some(other.path().to_owned())
                    }
                    _ => None,
                };
                let repository = Repository::to_write(reference, origin.as_deref(), options)?;
                Ok(Self::Registry { repository, origin })
            }
            Place::Layout(directory, name) => {
                make_directory(&directory.join("blobs/sha256"))?;
                Ok(Self::Layout {
                    directory: directory.clone(),
                    name: name.clone(),
                })
            }
            Place::Directory(directory) => {
                make_directory(directory)?;
                Ok(Self::Directory(directory.clone()))
            }
            Place::LayoutArchive(path, name) => Archive::create(path, name.clone(), None),
            Place::DockerArchive(..) if all => Err(Error::new(
                Kind::Usage,
                "docker's archive has room for one platform: --all is for the others",
            )),
            Place::DockerArchive(path, reference) => {
                let reference = match (reference, source) {
                    (Some(reference), _) | (None, Place::Registry(reference)) => Some(reference.clone()),
                    _ => None,
                };
                Archive::create(path, reference.as_ref().map(ToString::to_string), reference)
            }
        }
    }

    /// Whether it has the blob, or gets it without our sending it.
    pub(super) fn has(&self, digest: &Digest) -> Result<bool> {
        match self {
            Self::Registry { repository, origin } => {
                Ok(repository.offer(digest, origin.as_deref())?.is_some())
            }
            Self::Layout { directory, .. } => Ok(directory.join(blob(digest)).exists()),
            Self::Directory(directory) => Ok(directory.join(digest.hex()).exists()),
            Self::Archive(archive) => Ok(lock(archive).written.contains(digest)),
        }
    }

    /// Takes a blob.
    pub(super) fn blob(&self, descriptor: &Descriptor, content: Content) -> Result<()> {
        let extent = Extent {
            offset: content.offset,
            size: descriptor.size,
        };
        let mut checked = Checked {
            section: Section {
                file: &content.file,
                extent,
            },
            hasher: Hasher::new(),
        };
        match self {
            Self::Registry { repository, .. } => repository.upload(descriptor, content).map(drop),
            Self::Layout { directory, .. } => write_file(&directory.join(blob(&descriptor.digest)), |file| {
                copy(&mut checked, file, &descriptor.digest)
            }),
            Self::Directory(directory) => write_file(&directory.join(descriptor.digest.hex()), |file| {
                copy(&mut checked, file, &descriptor.digest)
            }),
            Self::Archive(archive) => {
                let mut archive = lock(archive);
                let name = blob(&descriptor.digest);
                tarball::append(&mut archive.out, &name, descriptor.size, &mut checked)?;
                checked.check(&descriptor.digest)?;
                archive.written.insert(descriptor.digest);
                Ok(())
            }
        }
    }

    /// Takes a manifest or an index; the root comes last.
    pub(super) fn put(&mut self, raw: &Raw, is_root: bool) -> Result<()> {
        match self {
            Self::Registry { repository, .. } => repository.put(raw, is_root),
            Self::Layout { directory, name } => {
                write_bytes(&directory.join(blob(&raw.digest)), &raw.bytes)?;
                if !is_root {
                    return Ok(());
                }
                // What the index names must be there whenever the index is.
                sync(&directory.join("blobs/sha256"))?;
                enter(directory, raw, name.as_deref())
            }
            Self::Directory(directory) if is_root => {
                write_bytes(&directory.join("version"), b"Directory Transport Version: 1.1\n")?;
                sync(directory)?;
                write_bytes(&directory.join("manifest.json"), &raw.bytes)?;
                sync(directory)
            }
            Self::Directory(directory) => write_bytes(
                &directory.join(format!("{}.manifest.json", raw.digest.hex())),
                &raw.bytes,
            ),
            Self::Archive(archive) => {
                let mut archive = lock(archive);
                if archive.written.insert(raw.digest) {
                    archive.document(&blob(&raw.digest), &raw.bytes)?;
                }
                if is_root {
                    archive.root = Some(raw.clone());
                }
                Ok(())
            }
        }
    }

    /// Makes a file visible that was not.
    pub(super) fn finish(self) -> Result<()> {
        match self {
            Self::Archive(archive) => archive
                .into_inner()
                .unwrap_or_else(PoisonError::into_inner)
                .finish(),
            _ => Ok(()),
        }
    }
}

fn lock(archive: &Mutex<Archive>) -> std::sync::MutexGuard<'_, Archive> {
    archive.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where a layout has a blob.
fn blob(digest: &Digest) -> String {
    format!("blobs/sha256/{}", digest.hex())
}

/// Reads a blob and computes its digest.
struct Checked<'a> {
    section: Section<'a>,
    hasher: Hasher,
}

impl Read for Checked<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.section.read(buffer)?;
        self.hasher.update(&buffer[..count]);
        Ok(count)
    }
}

impl Checked<'_> {
    /// After all was read: was it what it should be?
    fn check(&mut self, digest: &Digest) -> Result<()> {
        match std::mem::take(&mut self.hasher).finish() {
            found if found == *digest => Ok(()),
            found => Err(wrong_digest("blob", digest, &found)),
        }
    }
}

fn copy(checked: &mut Checked<'_>, file: &mut File, digest: &Digest) -> Result<()> {
    let mut buffer = vec![0; PIECE];
    loop {
        let count = checked
            .read(&mut buffer)
            .map_err(|error| Error::io("read the blob", &error))?;
        if count == 0 {
            return checked.check(digest);
        }
        file.write_all(&buffer[..count])
            .map_err(|error| Error::io("write the blob", &error))?;
    }
}

/// Makes a directory with those above it, to stay.
fn make_directory(path: &Path) -> Result<()> {
    let missing = path.ancestors().take_while(|above| !above.exists());
    let missing: Vec<&Path> = missing.filter(|above| *above != Path::new("")).collect();
    DirBuilder::new()
        .recursive(true)
        .create(path)
        .map_err(|error| Error::io(format!("mkdir {}", path.display()), &error))?;
    missing.into_iter().try_for_each(sync_above)
}

/// Makes what was renamed or made in a directory last.
fn sync(directory: &Path) -> Result<()> {
    File::open(directory)
        .and_then(|directory| directory.sync_all())
        .map_err(|error| Error::io(format!("fsync {}", directory.display()), &error))
}

/// Makes a name last in its directory.
fn sync_above(path: &Path) -> Result<()> {
    match path.parent() {
        Some(above) if above != Path::new("") => sync(above),
        _ => sync(Path::new(".")),
    }
}

/// Another name for a file until it is whole.
fn temporary(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}", std::process::id()))
}

fn create(path: &Path) -> Result<File> {
    // Left by a process that had our number and was killed.
    let _ = fs::remove_file(path);
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o644)
        .open(path)
        .map_err(|error| Error::io(format!("create {}", path.display()), &error))
}

/// Writes a file that appears whole or not at all.
fn write_file(path: &Path, fill: impl FnOnce(&mut File) -> Result<()>) -> Result<()> {
    let temporary = temporary(path);
    let mut file = create(&temporary)?;
    let written = fill(&mut file).and_then(|()| {
        file.sync_all()
            .and_then(|()| fs::rename(&temporary, path))
            .map_err(|error| Error::io(format!("write {}", path.display()), &error))
    });
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written
}

fn write_bytes(path: &Path, bytes: &[u8]) -> Result<()> {
    write_file(path, |file| {
        file.write_all(bytes)
            .map_err(|error| Error::io(format!("write {}", path.display()), &error))
    })
}

/// Enters an image into a layout's index, in the place of another of the same name; alone, if others do so too.
fn enter(directory: &Path, raw: &Raw, name: Option<&str>) -> Result<()> {
    let failed =
        |call: &str, error: &std::io::Error| Error::io(format!("{call} {}", directory.display()), error);
    let lock = File::open(directory).map_err(|error| failed("open", &error))?;
    let _alone = Flock::lock(lock, FlockArg::LockExclusive)
        .map_err(|(_, errno)| failed("flock", &std::io::Error::from(errno)))?;
    let path = directory.join("index.json");
    let before = match fs::read(&path) {
        Ok(bytes) => Some(bytes),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        // What is there and cannot be read must not be replaced.
        Err(error) => return Err(Error::io(format!("read {}", path.display()), &error)),
    };
    let index = with_entry(before.as_deref(), entry(raw, name), name)
        .map_err(|error| error.context(format!("{} is not valid", path.display())))?;
    write_bytes(
        &directory.join("oci-layout"),
        br#"{"imageLayoutVersion":"1.0.0"}"#,
    )?;
    write_bytes(&path, index.to_string().as_bytes())?;
    sync(directory)
}

/// A layout's index with one more entry.
fn with_entry(index: Option<&[u8]>, entry: Value, name: Option<&str>) -> Result<Value> {
    let mut index = match index {
        Some(bytes) => {
            serde_json::from_slice(bytes).map_err(|error| Error::new(Kind::Invalid, error.to_string()))?
        }
        None => json!({"schemaVersion": 2, "mediaType": media::OCI_INDEX, "manifests": []}),
    };
    let entries = index.get_mut("manifests").and_then(Value::as_array_mut);
    let entries = entries.ok_or_else(|| Error::new(Kind::Invalid, "it has no manifests"))?;
    entries.retain(|known| {
        let known_name = known["annotations"][OCI_NAME].as_str();
        known_name != name || name.is_none() && known["digest"] != entry["digest"]
    });
    entries.push(entry);
    Ok(index)
}

fn entry(raw: &Raw, name: Option<&str>) -> Value {
    let mut entry = json!({"mediaType": raw.media_type, "digest": raw.digest, "size": raw.bytes.len()});
    if let Some(name) = name {
        entry["annotations"] = json!({OCI_NAME: name});
    }
    entry
}

impl Archive {
    fn create(path: &Path, name: Option<String>, reference: Option<Reference>) -> Result<Target> {
        if path.exists() {
            return Err(
                Error::new(Kind::Exists, format!("{} exists already", path.display()))
                    .hint("an archive is written whole: remove it, or take another name"),
            );
        }
        let temporary = temporary(path);
        Ok(Target::Archive(Mutex::new(Self {
            out: BufWriter::with_capacity(1 << 20, create(&temporary)?),
            path: path.to_path_buf(),
            temporary,
            written: BTreeSet::new(),
            name,
            reference,
            root: None,
            is_done: false,
        })))
    }

    fn document(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        tarball::append(&mut self.out, name, bytes.len() as u64, &mut &bytes[..])
    }

    fn finish(mut self) -> Result<()> {
        let Some(root) = self.root.take() else {
            return Err(Error::new(Kind::System, "no manifest was written"));
        };
        let mut named = entry(&root, self.name.as_deref());
        if let Some(reference) = &self.reference {
            named["annotations"] = json!({
                CONTAINERD_NAME: reference.to_string(),
                OCI_NAME: reference.tag().unwrap_or_default(),
            });
        }
        let index = json!({"schemaVersion": 2, "mediaType": media::OCI_INDEX, "manifests": [named]});
        self.document("index.json", index.to_string().as_bytes())?;
        // An image for one platform is docker's archive, too.
        if let Document::Manifest(manifest) = &root.document {
            let tags: Vec<String> = self
                .reference
                .iter()
                .filter(|reference| reference.tag().is_some())
                .map(Reference::familiar)
                .collect();
            let layers: Vec<String> = manifest.layers.iter().map(|layer| blob(&layer.digest)).collect();
            let list = json!([{"Config": blob(&manifest.config.digest), "RepoTags": tags, "Layers": layers}]);
            self.document("manifest.json", list.to_string().as_bytes())?;
        }
        self.document("oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#)?;
        tarball::finish(&mut self.out)?;
        let failed = |error: std::io::Error| Error::io(format!("write {}", self.path.display()), &error);
        self.out.get_ref().sync_all().map_err(failed)?;
        fs::rename(&self.temporary, &self.path).map_err(failed)?;
        self.is_done = true;
        sync_above(&self.path)
    }
}

impl Drop for Archive {
    fn drop(&mut self) {
        if !self.is_done {
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An index that is no object was a panic.
    #[test]
    fn an_index_that_is_none_is_refused() {
        let add = |index: &str| with_entry(Some(index.as_bytes()), json!({"digest": "b"}), None);
        for index in ["[]", "1", "\"x\"", "{", "{}", r#"{"manifests": {}}"#] {
            assert_eq!(add(index).unwrap_err().kind(), Kind::Invalid, "{index}");
        }
        let index = add(r#"{"manifests": [{"digest": "a"}], "more": 1}"#).unwrap();
        assert_eq!(
            index,
            json!({"manifests": [{"digest": "a"}, {"digest": "b"}], "more": 1})
        );
    }

    fn raw(text: &str) -> Raw {
        let bytes =
            format!("{{\"schemaVersion\": 2, \"manifests\": [], \"annotations\": {{\"x\": \"{text}\"}}}}");
        Raw {
            document: Document::parse(media::OCI_INDEX, bytes.as_bytes()).unwrap(),
            media_type: media::OCI_INDEX.into(),
            digest: Digest::of(bytes.as_bytes()),
            bytes: bytes.into(),
        }
    }

    /// Of two at once one was lost; and all when the index could not be read.
    #[test]
    fn no_entry_of_a_layout_is_lost() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("new/layout");
        make_directory(&path).unwrap();
        std::thread::scope(|scope| {
            for number in 0..8 {
                let path = &path;
                scope.spawn(move || {
                    let name = number.to_string();
                    enter(path, &raw(&name), Some(&name)).unwrap();
                });
            }
        });
        let index: Value = serde_json::from_slice(&fs::read(path.join("index.json")).unwrap()).unwrap();
        assert_eq!(index["manifests"].as_array().unwrap().len(), 8);
        fs::remove_file(path.join("index.json")).unwrap();
        fs::create_dir(path.join("index.json")).unwrap();
        let error = enter(&path, &raw("x"), None).unwrap_err();
        assert!(error.to_string().contains("read "), "{error}");
    }
}
