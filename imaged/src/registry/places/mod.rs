//! Where a repository is: the registry itself and whoever stands in for it, as containerd's `hosts.toml` and podman's
//! `registries.conf` say it. Without a word of theirs it is where its name says.

mod hosts_toml;
mod registries_conf;
mod short_names;

use std::path::{Path, PathBuf};

use reqwest::Url;
use reqwest::header::HeaderMap;

use super::certificates::{self, Trust};
use super::http::is_loopback;
use crate::error::{Error, Kind, Result};
use crate::image::Reference;
use crate::log;
use hosts_toml::HostsFile;
use registries_conf::RegistriesConf;

pub use short_names::candidates;

/// A place where a repository can be reached.
#[derive(Debug, Clone)]
pub(super) struct Host {
    /// Host and port, as logins are kept under; `docker.io` for that.
    pub(super) name: String,
    /// Where its interface begins: `https://HOST/v2/`.
    pub(super) root: Url,
    /// The repository's name there.
    pub(super) path: String,
    /// Whom to trust, and who we are to it.
    pub(super) trust: Trust,
    /// Headers that it wants with each request.
    pub(super) headers: HeaderMap,
    /// Whether it stands in for the registry.
    pub(super) is_mirror: bool,
    /// Whether it may be spoken to without encryption, if it does not know any.
    pub(super) is_insecure: bool,
    /// The registry that is meant, for a mirror of several (containerd's parameter `ns`).
    pub(super) namespace: Option<String>,
    /// What it may be asked for.
    pub(super) can: Capabilities,
}

/// What a host may be asked for (containerd's `capabilities`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Capabilities {
    /// Blobs, and manifests by digest.
    pub(super) pull: bool,
    /// What a tag means.
    pub(super) resolve: bool,
    /// Uploads.
    pub(super) push: bool,
}

impl Capabilities {
    pub(super) const ALL: Self = Self {
        pull: true,
        resolve: true,
        push: true,
    };
    /// What stands in for a registry.
    pub(super) const READ: Self = Self {
        push: false,
        ..Self::ALL
    };
}

/// The hosts to ask for a repository, in order; the registry itself is the last.
///
/// # Errors
/// `Denied` when the registry is blocked, `Invalid` when a file cannot be understood.
pub(super) fn of(reference: &Reference) -> Result<Vec<Host>> {
    if let Some(hosts) = RegistriesConf::read()?.hosts(reference)? {
        return Ok(hosts);
    }
    let domain = reference.domain();
    let mut names = vec![domain.to_owned()];
    if domain.contains(':') {
        // A colon in a directory's name is no problem here, but it is elsewhere.
        names.push(domain.replace(':', "_") + "_");
    }
    names.push("_default".to_owned());
    for directory in certificates::directories() {
        for name in &names {
            let directory = directory.join(name);
            if let Some(file) = HostsFile::read(&directory)? {
                log::debug(format_args!(
                    "asking the hosts of {}",
                    directory.join("hosts.toml").display()
                ));
                return file.hosts(reference, &directory);
            }
        }
    }
    Ok(vec![origin(reference)?])
}

/// The registry itself, without any configuration's word about it.
pub(super) fn origin(reference: &Reference) -> Result<Host> {
    at(reference.domain(), reference.path())
}

/// A repository where its name says.
fn at(domain: &str, path: &str) -> Result<Host> {
    let host = match domain {
        "docker.io" => "registry-1.docker.io",
        other => other,
    };
    let scheme = if is_loopback(host) { "http" } else { "https" };
    Ok(Host {
        name: domain.to_owned(),
        root: address(&format!("{scheme}://{host}/v2/"))?,
        path: path.to_owned(),
        trust: Trust::of(host)?,
        headers: HeaderMap::new(),
        is_mirror: false,
        is_insecure: false,
        namespace: None,
        can: Capabilities::ALL,
    })
}

/// An address that we made or were told.
pub(super) fn address(text: &str) -> Result<Url> {
    text.parse()
        .map_err(|error| Error::new(Kind::Invalid, format!("\"{text}\" is no address: {error}")))
}

/// The text of a file; none if it is not there.
fn text_of(path: &Path) -> Result<Option<String>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error)
            if matches!(
                error.kind(),
                std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory
            ) =>
        {
            Ok(None)
        }
        Err(error) => Err(Error::io(format!("read {}", path.display()), &error)),
    }
}

/// The error of a file that cannot be understood.
fn invalid(path: &Path, why: impl std::fmt::Display) -> Error {
    Error::new(Kind::Invalid, format!("{} is not valid: {why}", path.display()))
}

/// A directory or file that the environment names, if it does.
fn from_environment(name: &str) -> Option<PathBuf> {
    std::env::var_os(name)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}
