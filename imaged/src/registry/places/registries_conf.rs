//! podman's `registries.conf`, version 2 (containers-registries.conf(5)): which registries are mirrored, blocked or not
//! secure, and what names without a registry mean.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{Capabilities, Host, at, from_environment, invalid, text_of};
use crate::error::{Error, Kind, Result};
use crate::image::Reference;
use crate::registry::http::is_loopback;

/// The system's file.
const SYSTEM: &str = "/etc/containers/registries.conf";

/// What the files say together.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub(super) struct RegistriesConf {
    /// Where names without a registry are looked for.
    pub(super) unqualified_search_registries: Option<Vec<String>>,
    /// Names without a registry that mean a certain repository.
    pub(super) aliases: BTreeMap<String, String>,
    registry: Vec<Registry>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
struct Registry {
    prefix: String,
    location: String,
    insecure: bool,
    blocked: bool,
    mirror_by_digest_only: bool,
    mirror: Vec<Mirror>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
struct Mirror {
    location: String,
    insecure: bool,
    pull_from_mirror: String,
}

impl RegistriesConf {
    /// Reads the file that is in force and the directories of additions to it.
    ///
    /// # Errors
    /// `Invalid` when one cannot be understood.
    pub(super) fn read() -> Result<Self> {
        let mut all = Self::default();
        for path in files() {
            if let Some(text) = text_of(&path)? {
                all.take(Self::parse(&text).map_err(|why| invalid(&path, why))?);
            }
        }
        Ok(all)
    }

    fn parse(text: &str) -> std::result::Result<Self, String> {
        let conf: Self = toml::from_str(text).map_err(|error| error.to_string().trim().to_owned())?;
        match conf.registry.iter().find(|registry| registry.name().is_empty()) {
            Some(_) => Err("a [[registry]] has neither prefix nor location".into()),
            None => Ok(conf),
        }
    }

    /// Additions: what they say of a registry replaces what was said before.
    fn take(&mut self, more: Self) {
        if more.unqualified_search_registries.is_some() {
            self.unqualified_search_registries = more.unqualified_search_registries;
        }
        self.aliases.extend(more.aliases);
        for registry in more.registry {
            self.registry.retain(|known| known.name() != registry.name());
            self.registry.push(registry);
        }
    }

    /// The hosts to ask for a repository; none when nothing is said about it.
    ///
    /// # Errors
    /// `Denied` when it is blocked.
    pub(super) fn hosts(&self, reference: &Reference) -> Result<Option<Vec<Host>>> {
        let (repository, complete) = (reference.repository(), reference.to_string());
        let fitting = self.registry.iter().filter_map(|registry| {
            let rest = registry.rest(&complete)?;
            Some((registry, rest))
        });
        // The longest prefix is the one that leaves the least.
        let Some((registry, rest)) = fitting.min_by_key(|(_, rest)| rest.len()) else {
            return Ok(None);
        };
        if registry.blocked {
            return Err(Error::new(
                Kind::Denied,
                format!("registry {} is blocked in registries.conf", registry.name()),
            )
            .hint(format!("{SYSTEM} and its additions are the administrator's")));
        }
        // A prefix may be longer than the repository's name: nothing is left of that then.
        let suffix = complete.len() - repository.len();
        let rest = &rest[..rest.len().saturating_sub(suffix)];
        let mirrors = registry
            .mirror
            .iter()
            .filter(|mirror| registry.serves(mirror, reference));
        let mut hosts = Vec::new();
        for mirror in mirrors {
            hosts.push(Host {
                is_mirror: true,
                can: Capabilities::READ,
                ..host(&format!("{}{rest}", mirror.location), mirror.insecure)?
            });
        }
        let origin = match registry.location.as_str() {
            "" => repository.clone(),
            location => format!("{location}{rest}"),
        };
        hosts.push(host(&origin, registry.insecure)?);
        Ok(Some(hosts))
    }
}

impl Registry {
    fn name(&self) -> &str {
        match self.prefix.as_str() {
            "" => &self.location,
            prefix => prefix,
        }
    }

    /// What follows the prefix in a complete reference; none when it does not begin so.
    fn rest<'a>(&self, reference: &'a str) -> Option<&'a str> {
        let rest = match self.name().strip_prefix("*.") {
            // Any host below a domain; what is after the host stays.
            Some(domain) => {
                let (host, _) = reference.split_once('/')?;
                let name = host.split(':').next().unwrap_or(host);
                name.strip_suffix(domain)?.strip_suffix('.')?;
                &reference[host.len()..]
            }
            None => reference.strip_prefix(self.name())?,
        };
        // Behind a host a colon begins a port: that is another host.
        let may_end_here: &[char] = match self.name().contains('/') {
            true => &['/', ':', '@'],
            false => &['/'],
        };
        (rest.is_empty() || rest.starts_with(may_end_here)).then_some(rest)
    }

    /// Whether a mirror may be asked for what is wanted.
    fn serves(&self, mirror: &Mirror, reference: &Reference) -> bool {
        let by_digest = reference.digest().is_some();
        match mirror.pull_from_mirror.as_str() {
            "digest-only" => by_digest,
            "tag-only" => !by_digest,
            _ => by_digest || !self.mirror_by_digest_only,
        }
    }
}

/// The host of a location: `HOST[:PORT][/PATH]`.
fn host(location: &str, is_insecure: bool) -> Result<Host> {
    let (domain, path) = location.split_once('/').unwrap_or((location, ""));
    // A location may be that of one tag or digest.
    let path = path.split([':', '@']).next().unwrap_or_default();
    let mut host = at(domain, path)?;
    if is_insecure && !is_loopback(domain) {
        host.is_insecure = true;
        host.trust.is_blind = true;
    }
    Ok(host)
}

/// The file in force, and the additions in their order.
fn files() -> Vec<PathBuf> {
    if let Some(file) = from_environment("CONTAINERS_REGISTRIES_CONF") {
        return vec![file];
    }
    let own = from_environment("XDG_CONFIG_HOME")
        .or_else(|| Some(from_environment("HOME")?.join(".config")))
        .map(|directory| directory.join("containers/registries.conf"));
    let mut files = match &own {
        Some(own) if own.exists() => vec![own.clone()],
        _ => vec![PathBuf::from(SYSTEM)],
    };
    for main in std::iter::once(PathBuf::from(SYSTEM)).chain(own) {
        files.extend(additions(&main.with_extension("conf.d")));
    }
    files
}

fn additions(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "conf"))
        .collect();
    files.sort();
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONF: &str = r#"
        unqualified-search-registries = ["quay.io", "docker.io"]
        short-name-mode = "enforcing"
        [[registry]]
        prefix = "example.com/team"
        location = "internal.example:5000/mirror-of/team"
        [[registry.mirror]]
        location = "near.example/team"
        [[registry.mirror]]
        location = "digests.example/team"
        pull-from-mirror = "digest-only"
        [[registry]]
        location = "example.com"
        insecure = true
        [[registry]]
        prefix = "*.bad.example"
        blocked = true
        [aliases]
        "fedora" = "registry.fedoraproject.org/fedora"
    "#;

    fn places(name: &str) -> Result<Option<Vec<String>>> {
        let hosts = RegistriesConf::parse(CONF)
            .unwrap()
            .hosts(&name.parse().unwrap())?;
        let place = |host: Host| format!("{}{} {}", host.root, host.path, host.is_insecure);
        Ok(hosts.map(|hosts| hosts.into_iter().map(place).collect()))
    }

    #[test]
    fn the_longest_prefix_decides_and_is_replaced() {
        assert_eq!(
            places("example.com/team/app:1").unwrap().unwrap(),
            [
                "https://near.example/v2/team/app false",
                "https://internal.example:5000/v2/mirror-of/team/app false"
            ]
        );
        let digest = format!("example.com/team/app@sha256:{}", "0".repeat(64));
        assert_eq!(places(&digest).unwrap().unwrap().len(), 3);
        assert_eq!(
            places("example.com/teams/app").unwrap().unwrap(),
            ["https://example.com/v2/teams/app true"]
        );
        assert_eq!(places("other.example/x").unwrap(), None);
    }

    #[test]
    fn what_is_blocked_is_refused_by_name() {
        let error = places("a.bad.example/x").unwrap_err();
        assert_eq!(error.kind(), Kind::Denied);
        assert!(error.to_string().contains("*.bad.example is blocked"), "{error}");
        assert_eq!(places("bad.example/x").unwrap(), None);
    }

    /// They fitted nothing, and what they block was pulled.
    #[test]
    fn a_prefix_may_be_that_of_one_tag_or_digest() {
        let digest = format!("sha256:{}", "0".repeat(64));
        let conf = format!(
            "[[registry]]\nprefix = \"e.example/app:1.0-bad\"\nblocked = true\n\
             [[registry]]\nprefix = \"e.example/app@{digest}\"\nblocked = true\n\
             [[registry]]\nlocation = \"e.example/app:2\"\n\
             [[registry.mirror]]\nlocation = \"m.example/two\"\n\
             [[registry]]\nprefix = \"e.example\"\nlocation = \"other.example\"\n"
        );
        let conf = RegistriesConf::parse(&conf).unwrap();
        let place = |host: Host| format!("{}{}", host.root, host.path);
        let places = |name: &str| {
            let hosts = conf.hosts(&name.parse().unwrap())?;
            Ok::<_, Error>(hosts.map(|hosts| hosts.into_iter().map(place).collect::<Vec<_>>()))
        };
        for blocked in ["e.example/app:1.0-bad", &format!("e.example/app@{digest}")] {
            assert_eq!(places(blocked).unwrap_err().kind(), Kind::Denied, "{blocked}");
        }
        for allowed in [
            "e.example/app:1.0-bad2",
            "e.example/app",
            "e.example/app/1.0-bad:3",
        ] {
            let path = allowed
                .trim_start_matches("e.example/")
                .split(':')
                .next()
                .unwrap();
            let wanted = format!("https://other.example/v2/{path}");
            assert_eq!(places(allowed).unwrap().unwrap(), [wanted], "{allowed}");
        }
        assert_eq!(
            places("e.example/app:2").unwrap().unwrap(),
            ["https://m.example/v2/two", "https://e.example/v2/app"]
        );
        assert_eq!(
            places("e.example:5000/app").unwrap(),
            None,
            "that is another host"
        );
    }

    #[test]
    fn additions_replace_what_they_speak_of() {
        let mut conf = RegistriesConf::parse(CONF).unwrap();
        let more =
            "[[registry]]\nlocation = \"example.com\"\nblocked = true\n[aliases]\n\"x\" = \"y.example/x\"";
        conf.take(RegistriesConf::parse(more).unwrap());
        assert!(conf.hosts(&"example.com/x".parse().unwrap()).is_err());
        assert_eq!(conf.aliases.len(), 2);
        assert_eq!(conf.unqualified_search_registries.unwrap().len(), 2);
        assert!(RegistriesConf::parse("[[registry]]").is_err());
        assert!(RegistriesConf::parse("registry = 1").is_err());
    }
}
