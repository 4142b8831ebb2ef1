//! Images in files as the source of a copy: layouts, archives, directories.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::place::Place;
use super::tarball::{self, Extent, Section};
use crate::error::{Context, Error, Kind, Result};
use crate::image::Reference;
use crate::oci::manifest::read_json;
use crate::oci::{Descriptor, Digest, Document, Hasher, Manifest, media};
use crate::registry::{Content, Raw};
use crate::store::MAX_DOCUMENT;

/// The annotations that name an image in a layout.
pub(super) const OCI_NAME: &str = "org.opencontainers.image.ref.name";
pub(super) const CONTAINERD_NAME: &str = "io.containerd.image.name";

/// An image in files.
pub(super) struct Files {
    container: Container,
    /// What is not in the files: the manifest of docker's archive.
    root: Raw,
    /// Where blobs are that have no file with their digest's name.
    blobs: HashMap<Digest, String>,
    /// How the name of a blob's file begins.
    prefix: &'static str,
}

/// What holds files.
enum Container {
    Directory(PathBuf),
    Archive(File, HashMap<String, Extent>),
}

impl Container {
    fn open(&self, name: &str) -> Result<(Content, u64)> {
        let absent = || Error::new(Kind::NotFound, format!("there is no file {name}"));
        match self {
            Self::Directory(directory) => {
                let path = directory.join(name);
                let failed = |error: &std::io::Error| match error.kind() {
                    std::io::ErrorKind::NotFound => absent(),
                    _ => Error::io(format!("open {}", path.display()), error),
                };
                // What is there may be anybody's: no link is followed, and nobody is waited for.
                let file = OpenOptions::new()
                    .read(true)
                    .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
                    .open(&path)
                    .map_err(|error| failed(&error))?;
                let meta = file.metadata().map_err(|error| failed(&error))?;
                match meta.is_file() {
                    true => Ok((Content { file, offset: 0 }, meta.len())),
                    false => Err(Error::new(
                        Kind::Invalid,
                        format!("{} is no file", path.display()),
                    )),
                }
            }
            Self::Archive(file, files) => {
                let extent = files.get(name).ok_or_else(absent)?;
                let file = file
                    .try_clone()
                    .map_err(|error| Error::io("dup the archive", &error))?;
                let offset = extent.offset;
                Ok((Content { file, offset }, extent.size))
            }
        }
    }

    /// The bytes of a file that must fit into memory.
    fn document(&self, name: &str) -> Result<Vec<u8>> {
        let (content, size) = self.open(name)?;
        if size > MAX_DOCUMENT {
            return Err(Error::new(
                Kind::Limit,
                format!("{name} is longer than {MAX_DOCUMENT} bytes"),
            ));
        }
        let extent = Extent {
            offset: content.offset,
            size,
        };
        let mut bytes = Vec::new();
        Section {
            file: &content.file,
            extent,
        }
        .read_to_end(&mut bytes)
        .map_err(|error| Error::io(format!("read {name}"), &error))?;
        Ok(bytes)
    }
}

impl Files {
    pub(super) fn open(place: &Place) -> Result<Self> {
        let opened = match place {
            Place::Layout(path, name) => Self::layout(Container::Directory(path.clone()), name.as_deref()),
            Place::LayoutArchive(path, name) => Self::layout(archive(path)?, name.as_deref()),
            Place::DockerArchive(path, name) => Self::docker(archive(path)?, name.as_ref()),
            Place::Directory(path) => Self::directory(path),
            Place::Registry(_) => Err(Error::new(Kind::Usage, "a registry is no file")),
        };
        opened.context(|| format!("read {place}"))
    }

    fn layout(container: Container, name: Option<&str>) -> Result<Self> {
        #[derive(Deserialize)]
        struct Index {
            manifests: Vec<Descriptor>,
        }
        let index: Index = read_json(&container.document("index.json")?, "layout's index.json")?;
        let descriptor = choose(&index.manifests, name)?.clone();
        let bytes = container.document(&format!("blobs/sha256/{}", descriptor.digest.hex()))?;
        let root = checked(&descriptor, bytes)?;
        Ok(Self {
            container,
            root,
            blobs: HashMap::new(),
            prefix: "blobs/sha256/",
        })
    }

    fn directory(path: &Path) -> Result<Self> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Typed {
            media_type: Option<String>,
            manifests: Option<serde::de::IgnoredAny>,
        }
        let container = Container::Directory(path.to_path_buf());
        let bytes = container.document("manifest.json")?;
        let typed: Typed = read_json(&bytes, "manifest")?;
        let media_type = typed.media_type.unwrap_or_else(|| match typed.manifests {
            Some(_) => media::OCI_INDEX.into(),
            None => media::OCI_MANIFEST.into(),
        });
        let root = Raw {
            document: Document::parse(&media_type, &bytes)?,
            digest: Digest::of(&bytes),
            media_type,
            bytes,
        };
        Ok(Self {
            container,
            root,
            blobs: HashMap::new(),
            prefix: "",
        })
    }

    /// Docker's archive has no manifest: the one that a registry needs is made, in docker's words.
    fn docker(container: Container, name: Option<&Reference>) -> Result<Self> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Entry {
            config: String,
            #[serde(default)]
            repo_tags: Option<Vec<String>>,
            #[serde(default)]
            layers: Vec<String>,
        }
        let list: Vec<Entry> = read_json(&container.document("manifest.json")?, "archive's manifest.json")?;
        let is_it = |entry: &&Entry| {
            let mut tags = entry.repo_tags.iter().flatten();
            name.is_none_or(|name| tags.any(|tag| tag.parse::<Reference>().ok().as_ref() == Some(name)))
        };
        let mut fitting = list.iter().filter(is_it);
        let entry = match (fitting.next(), fitting.next()) {
            (Some(entry), None) => entry,
            (None, _) => return Err(Error::new(Kind::NotFound, "the archive has no such image")),
            (Some(_), Some(_)) => {
                return Err(Error::new(Kind::Usage, "the archive has several images")
                    .hint("say which: docker-archive:FILE:NAME"));
            }
        };
        let config = container.document(&entry.config)?;
        let mut blobs = HashMap::from([(Digest::of(&config), entry.config.clone())]);
        let mut layers = Vec::new();
        for path in &entry.layers {
            let layer = layer_of(&container, path)?;
            blobs.insert(layer.digest, path.clone());
            layers.push(layer);
        }
        let config = Descriptor::new(media::DOCKER_CONFIG, Digest::of(&config), config.len() as u64);
        let manifest = Manifest {
            media_type: Some(media::DOCKER_MANIFEST.into()),
            ..Manifest::of(config, layers)
        };
        let bytes = serde_json::to_vec(&manifest)
            .map_err(|error| Error::new(Kind::System, format!("the manifest cannot be written: {error}")))?;
        let root = Raw {
            media_type: media::DOCKER_MANIFEST.into(),
            digest: Digest::of(&bytes),
            bytes,
            document: Document::Manifest(Box::new(manifest)),
        };
        Ok(Self {
            container,
            root,
            blobs,
            prefix: "",
        })
    }

    pub(super) fn root(&self) -> Result<Raw> {
        Ok(self.root.clone())
    }

    pub(super) fn document(&self, descriptor: &Descriptor) -> Result<Raw> {
        let hex = descriptor.digest.hex();
        let name = match self.prefix {
            // skopeo's directories keep the manifests of an index so.
            "" => format!("{hex}.manifest.json"),
            prefix => format!("{prefix}{hex}"),
        };
        checked(descriptor, self.container.document(&name)?)
    }

    pub(super) fn blob(&self, descriptor: &Descriptor) -> Result<Content> {
        let name = match self.blobs.get(&descriptor.digest) {
            Some(name) => name.clone(),
            None => format!("{}{}", self.prefix, descriptor.digest.hex()),
        };
        let (content, size) = self.container.open(&name)?;
        match size == descriptor.size {
            true => Ok(content),
            false => Err(Error::new(
                Kind::Integrity,
                format!("{name} has {size} bytes, but {} were promised", descriptor.size),
            )),
        }
    }
}

fn archive(path: &Path) -> Result<Container> {
    let (file, files) = tarball::index(path)?;
    Ok(Container::Archive(file, files))
}

/// The entry with this name, or the only one.
fn choose<'a>(entries: &'a [Descriptor], name: Option<&str>) -> Result<&'a Descriptor> {
    let names = |entry: &Descriptor| -> Vec<String> {
        let names = [OCI_NAME, CONTAINERD_NAME];
        names
            .iter()
            .filter_map(|name| entry.annotations.get(*name).cloned())
            .collect()
    };
    let mut fitting = entries
        .iter()
        .filter(|entry| name.is_none_or(|name| names(entry).iter().any(|known| known == name)));
    match (fitting.next(), fitting.next()) {
        (Some(entry), None) => Ok(entry),
        // The same image under several names.
        (Some(entry), Some(other)) if entry.digest == other.digest && entries.len() == 2 => Ok(entry),
        (found, _) => {
            let what = match found {
                Some(_) => "the layout has several images",
                None => "the layout has no such image",
            };
            let known: Vec<String> = entries.iter().flat_map(names).collect();
            let kind = if found.is_some() {
                Kind::Usage
            } else {
                Kind::NotFound
            };
            Err(Error::new(kind, what).hint(format!("there is: {}", known.join(", "))))
        }
    }
}

fn checked(descriptor: &Descriptor, bytes: Vec<u8>) -> Result<Raw> {
    let digest = Digest::of(&bytes);
    if digest != descriptor.digest {
        return Err(crate::assemble::wrong_digest(
            "manifest",
            &descriptor.digest,
            &digest,
        ));
    }
    Ok(Raw {
        media_type: descriptor.media_type.clone(),
        document: Document::parse(&descriptor.media_type, &bytes)?,
        digest,
        bytes,
    })
}

/// The descriptor of a layer of docker's archive.
fn layer_of(container: &Container, path: &str) -> Result<Descriptor> {
    let (content, size) = container.open(path)?;
    let extent = Extent {
        offset: content.offset,
        size,
    };
    let mut section = Section {
        file: &content.file,
        extent,
    };
    let failed = |error: &std::io::Error| Error::io(format!("read {path}"), error);
    let mut start = Vec::new();
    let (mut hasher, mut buffer) = (Hasher::new(), vec![0; tarball::PIECE]);
    loop {
        let count = section.read(&mut buffer).map_err(|error| failed(&error))?;
        if count == 0 {
            break;
        }
        if start.is_empty() {
            start = buffer[..count.min(4)].to_vec();
        }
        hasher.update(&buffer[..count]);
    }
    let media_type = match start.as_slice() {
        [0x1f, 0x8b, ..] => "application/vnd.docker.image.rootfs.diff.tar.gzip",
        [0x28, 0xb5, 0x2f, 0xfd] => media::OCI_LAYER_ZSTD,
        _ => "application/vnd.docker.image.rootfs.diff.tar",
    };
    Ok(Descriptor::new(media_type, hasher.finish(), size))
}
