//! Where an image is copied from or to, in skopeo's words: `docker://`, `oci:`, `oci-archive:`, `docker-archive:`, `dir:`.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::error::{Error, Kind, Result};
use crate::image::Reference;

/// A place of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// A repository of a registry.
    Registry(Reference),
    /// An OCI layout that is a directory, and the name in it.
    Layout(PathBuf, Option<String>),
    /// An OCI layout in a tar archive, and the name in it.
    LayoutArchive(PathBuf, Option<String>),
    /// Docker's archive, and the name in it.
    DockerArchive(PathBuf, Option<Reference>),
    /// A directory with the manifest and the blobs beside each other.
    Directory(PathBuf),
}

impl Place {
    /// The kind and the path of what is in files, in containers' words.
    pub(super) fn files(&self) -> Option<(&'static str, &Path)> {
        Some(match self {
            Self::Registry(_) => return None,
            Self::Layout(path, _) => ("oci", path),
            Self::LayoutArchive(path, _) => ("oci-archive", path),
            Self::DockerArchive(path, _) => ("docker-archive", path),
            Self::Directory(path) => ("dir", path),
        })
    }
}

impl FromStr for Place {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (transport, rest) = text.split_once(':').ok_or_else(|| unknown(text))?;
        if let ("docker", Some(name)) = (transport, rest.strip_prefix("//")) {
            return Ok(Self::Registry(name.parse()?));
        }
        let (path, name) = split(rest);
        if path.is_empty() {
            return Err(unknown(text));
        }
        let (path, named) = (PathBuf::from(path), name.map(str::to_owned));
        match transport {
            "oci" => Ok(Self::Layout(path, named)),
            "oci-archive" => Ok(Self::LayoutArchive(path, named)),
            "docker-archive" => Ok(Self::DockerArchive(path, name.map(str::parse).transpose()?)),
            "dir" => Ok(Self::Directory(rest.into())),
            _ => Err(unknown(text)),
        }
    }
}

/// A path, and the name behind its first colon, which may have colons of its own.
fn split(text: &str) -> (&str, Option<&str>) {
    match text.split_once(':') {
        Some((path, name)) => (path, (!name.is_empty()).then_some(name)),
        None => (text, None),
    }
}

fn unknown(text: &str) -> Error {
    Error::new(Kind::Usage, format!("\"{text}\" is no place for images")).hint(
        "write docker://NAME, oci:DIRECTORY[:NAME], oci-archive:FILE[:NAME], docker-archive:FILE[:NAME] or dir:DIRECTORY",
    )
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = |f: &mut fmt::Formatter<'_>, transport: &str, path: &PathBuf, name: Option<String>| {
            write!(f, "{transport}:{}", path.display())?;
            name.map_or(Ok(()), |name| write!(f, ":{name}"))
        };
        match self {
            Self::Registry(reference) => write!(f, "docker://{reference}"),
            Self::Layout(path, name) => named(f, "oci", path, name.clone()),
            Self::LayoutArchive(path, name) => named(f, "oci-archive", path, name.clone()),
            Self::DockerArchive(path, name) => {
                named(f, "docker-archive", path, name.as_ref().map(ToString::to_string))
            }
            Self::Directory(path) => named(f, "dir", path, None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_skopeos() {
        let place = |text: &str| text.parse::<Place>().unwrap();
        assert_eq!(
            place("docker://debian"),
            Place::Registry("debian".parse().unwrap())
        );
        assert_eq!(place("oci:/a/b"), Place::Layout("/a/b".into(), None));
        assert_eq!(
            place("oci:/a/b:1.0"),
            Place::Layout("/a/b".into(), Some("1.0".into()))
        );
        assert_eq!(
            place("oci-archive:x.tar:h:1/a:2"),
            Place::LayoutArchive("x.tar".into(), Some("h:1/a:2".into()))
        );
        assert_eq!(
            place("docker-archive:x.tar:a/b:2"),
            Place::DockerArchive("x.tar".into(), Some("a/b:2".parse().unwrap()))
        );
        assert_eq!(place("dir:x:y"), Place::Directory("x:y".into()));
        for bad in [
            "debian",
            "oci:",
            "docker:debian",
            "containers-storage:x",
            "docker-archive:x:A B",
        ] {
            assert!(bad.parse::<Place>().is_err(), "{bad}");
        }
    }
}
