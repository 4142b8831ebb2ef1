//! containerd's `hosts.toml`: `certs.d/HOST/hosts.toml` names those who stand in for a registry, in order, and how the
//! registry itself is spoken to (containerd's docs/hosts.md).

use std::path::Path;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use toml::Table;

use super::{Capabilities, Host, address, at, invalid, text_of};
use crate::error::Result;
use crate::image::Reference;
use crate::registry::certificates::Trust;

/// The file of a registry.
#[derive(Debug, Deserialize)]
pub(super) struct HostsFile {
    /// The registry itself, when it is not where its name says.
    server: Option<String>,
    /// In the order of the file.
    #[serde(default)]
    host: Table,
    /// How the registry itself is spoken to.
    #[serde(flatten)]
    own: Settings,
}

/// How one host is spoken to.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Settings {
    capabilities: Option<Vec<String>>,
    ca: Option<OneOrMore>,
    client: Option<Clients>,
    skip_verify: bool,
    override_path: bool,
    header: std::collections::BTreeMap<String, OneOrMore>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

/// Files with certificate and key, or pairs of them.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Clients {
    One(String),
    More(Vec<OneOrMore>),
}

impl OneOrMore {
    fn all(&self) -> &[String] {
        match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::More(all) => all,
        }
    }
}

impl HostsFile {
    /// Reads the file of a directory; none if there is none.
    pub(super) fn read(directory: &Path) -> Result<Option<Self>> {
        let path = directory.join("hosts.toml");
        let Some(text) = text_of(&path)? else {
            return Ok(None);
        };
        Self::parse(&text).map(Some).map_err(|why| invalid(&path, why))
    }

    fn parse(text: &str) -> std::result::Result<Self, String> {
        toml::from_str(text).map_err(|error| error.to_string().trim().to_owned())
    }

    /// The hosts to ask for a repository, the registry itself last.
    pub(super) fn hosts(&self, reference: &Reference, directory: &Path) -> Result<Vec<Host>> {
        let file = directory.join("hosts.toml");
        let mut hosts = Vec::new();
        for (url, settings) in &self.host {
            let settings: Settings = settings
                .clone()
                .try_into()
                .map_err(|why: toml::de::Error| invalid(&file, why.message()))?;
            let host = settings.host(url, reference, directory);
            hosts.push(Host {
                is_mirror: true,
                can: settings.capabilities().unwrap_or(Capabilities::ALL),
                ..host.map_err(|error| error.context(file.display().to_string()))?
            });
        }
        let mut origin = match &self.server {
            Some(server) => self
                .own
                .host(server, reference, directory)
                .map_err(|error| error.context(file.display().to_string()))?,
            None => {
                let mut origin = at(reference.domain(), reference.path())?;
                self.own.apply(&mut origin, directory)?;
                origin
            }
        };
        origin.trust.add(directory)?;
        hosts.push(origin);
        Ok(hosts)
    }
}

impl Settings {
    /// What the host may be asked for, if that is said.
    fn capabilities(&self) -> Option<Capabilities> {
        let has = |name: &str| {
            let capabilities = self.capabilities.as_ref()?;
            Some(capabilities.iter().any(|capability| capability == name))
        };
        Some(Capabilities {
            pull: has("pull")?,
            resolve: has("resolve")?,
            push: has("push")?,
        })
    }

    fn host(&self, url: &str, reference: &Reference, directory: &Path) -> Result<Host> {
        let has_scheme = url.contains("://");
        let mut root = match has_scheme {
            true => address(url)?,
            false => address(&format!("https://{url}"))?,
        };
        let path = root.path().trim_end_matches('/').to_owned();
        match self.override_path {
            true => root.set_path(&format!("{path}/")),
            // containerd adds it where it is not.
            false => root.set_path(&format!("{}/v2/", path.strip_suffix("/v2").unwrap_or(&path))),
        }
        let name = match (root.host_str().unwrap_or_default(), root.port()) {
            ("registry-1.docker.io", _) => "docker.io".to_owned(),
            (host, Some(port)) => format!("{host}:{port}"),
            (host, None) => host.to_owned(),
        };
        let mut host = Host {
            namespace: (name != reference.domain()).then(|| reference.domain().to_owned()),
            trust: Trust::of(&name)?,
            name,
            root,
            path: reference.path().to_owned(),
            headers: HeaderMap::new(),
            is_mirror: false,
            is_insecure: false,
            can: Capabilities::ALL,
        };
        self.apply(&mut host, directory)?;
        Ok(host)
    }

    fn apply(&self, host: &mut Host, directory: &Path) -> Result<()> {
        let place = |path: &String| directory.join(path);
        let file = directory.join("hosts.toml");
        if let Some(authorities) = &self.ca {
            host.trust.authorities.extend(authorities.all().iter().map(place));
        }
        if let Some((certificate, key)) = self.client() {
            host.trust.identity = Some((place(certificate), place(key)));
        }
        host.trust.is_blind |= self.skip_verify;
        for (name, values) in &self.header {
            let name: HeaderName = name
                .parse()
                .map_err(|_| invalid(&file, format_args!("\"{name}\" is no header")))?;
            for value in values.all() {
                let value: HeaderValue = value
                    .parse()
                    .map_err(|_| invalid(&file, format_args!("\"{value}\" cannot be a header's value")))?;
                host.headers.append(name.clone(), value);
            }
        }
        Ok(())
    }

    /// The first certificate with its key.
    fn client(&self) -> Option<(&String, &String)> {
        let pair = match self.client.as_ref()? {
            Clients::One(file) => return Some((file, file)),
            Clients::More(all) => all.first()?.all(),
        };
        let certificate = pair.first()?;
        Some((
            certificate,
            pair.get(1).filter(|key| !key.is_empty()).unwrap_or(certificate),
        ))
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn hosts(text: &str) -> Vec<Host> {
        let reference = "registry.example/a/b:1".parse().unwrap();
        HostsFile::parse(text)
            .unwrap()
            .hosts(&reference, Path::new("/no/such"))
            .unwrap()
    }

    #[test]
    fn mirrors_come_in_the_files_order_and_the_registry_last() {
        let hosts = hosts(
            r#"
            server = "https://registry.example"
            [host."https://z.example:5000"]
              capabilities = ["pull"]
              ca = ["a.crt", "/b.crt"]
              client = [["c.crt", "c.key"]]
              [host."https://z.example:5000".header]
                x-team = "ours"
            [host."http://a.example/prefix"]
            [host."https://c.example/prefix/v2/"]
            [host."https://b.example/own/v2"]
              override_path = true
              skip_verify = true
            "#,
        );
        let roots: Vec<_> = hosts.iter().map(|host| host.root.as_str()).collect();
        assert_eq!(
            roots,
            [
                "https://z.example:5000/v2/",
                "http://a.example/prefix/v2/",
                "https://c.example/prefix/v2/",
                "https://b.example/own/v2/",
                "https://registry.example/v2/"
            ]
        );
        assert!(hosts[..4].iter().all(|host| host.is_mirror) && !hosts[4].is_mirror);
        let first = &hosts[0];
        assert_eq!(
            (first.can.pull, first.can.resolve, first.can.push),
            (true, false, false)
        );
        assert_eq!(
            first.trust.authorities,
            [PathBuf::from("/no/such/a.crt"), PathBuf::from("/b.crt")]
        );
        assert_eq!(
            first.trust.identity,
            Some(("/no/such/c.crt".into(), "/no/such/c.key".into()))
        );
        assert_eq!(first.headers["x-team"], "ours");
        assert_eq!(first.namespace.as_deref(), Some("registry.example"));
        assert!(hosts[3].trust.is_blind);
        assert_eq!(hosts[4].namespace, None);
        assert_eq!(hosts[1].path, "a/b");
    }

    #[test]
    fn an_empty_file_changes_nothing() {
        let hosts = hosts("");
        assert_eq!(hosts.len(), 1);
        assert_eq!(hosts[0].root.as_str(), "https://registry.example/v2/");
        assert!(HostsFile::parse("server = 1").is_err());
        assert!(HostsFile::parse("[host").is_err());
    }
}
