//! Authentication: what a registry demands, and what docker's configuration has for it.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::error::{Error, Kind, Result};

/// What a `WWW-Authenticate` header demands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Challenge {
    /// A name and a password.
    Basic,
    /// A token, which `realm` gives out.
    Bearer {
        /// Where.
        realm: String,
        /// For which service.
        service: Option<String>,
        /// For which rights.
        scope: Option<String>,
    },
}

impl Challenge {
    /// Reads the header's value; `None` for methods that are not known here.
    pub(super) fn parse(header: &str) -> Option<Self> {
        let header = header.trim();
        let (scheme, rest) = header.split_once(' ').unwrap_or((header, ""));
        if scheme.eq_ignore_ascii_case("basic") {
            return Some(Self::Basic);
        }
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let parameters = parameters(rest);
        let get = |name: &str| {
            parameters
                .iter()
                .find(|(key, _)| key.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.clone())
        };
        Some(Self::Bearer {
            realm: get("realm")?,
            service: get("service"),
            scope: get("scope"),
        })
    }
}

/// `key="value"` or `key=value`, separated by commas; a quoted value may contain commas.
fn parameters(mut text: &str) -> Vec<(String, String)> {
    let mut all = Vec::new();
    while let Some((key, rest)) = text.split_once('=') {
        let (value, rest) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => rest.split_once(',').unwrap_or((rest, "")),
        };
        all.push((key.trim().to_owned(), value.trim().to_owned()));
        text = rest.trim_start_matches([',', ' ']);
    }
    all
}

/// A token server's answer.
#[derive(Deserialize)]
pub(super) struct TokenAnswer {
    token: Option<String>,
    access_token: Option<String>,
}

impl TokenAnswer {
    pub(super) fn token(self) -> Result<String> {
        self.token
            .or(self.access_token)
            .filter(|token| !token.is_empty())
            .ok_or_else(|| Error::new(Kind::Denied, "the token server gave no token"))
    }
}

/// The part of docker's `config.json` that is used.
#[derive(Default, Deserialize)]
struct DockerConfig {
    #[serde(default)]
    auths: std::collections::BTreeMap<String, Login>,
}

#[derive(Default, Deserialize)]
struct Login {
    /// `name:password` in base64, just as a Basic header wants it.
    auth: Option<String>,
}

/// The Basic credentials that docker's configuration has for a registry.
///
/// # Errors
/// `Invalid` when the file is there but cannot be understood.
pub(super) fn docker_login(domain: &str) -> Result<Option<String>> {
    let Some(path) = docker_config_path() else {
        return Ok(None);
    };
    read_login(&path, domain)
}

fn docker_config_path() -> Option<PathBuf> {
    let directory = match std::env::var_os("DOCKER_CONFIG") {
        Some(directory) => PathBuf::from(directory),
        None => PathBuf::from(std::env::var_os("HOME")?).join(".docker"),
    };
    Some(directory.join("config.json"))
}

fn read_login(path: &Path, domain: &str) -> Result<Option<String>> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::io(format!("read {}", path.display()), &error)),
    };
    let mut config: DockerConfig = serde_json::from_slice(&bytes)
        .map_err(|error| Error::new(Kind::Invalid, format!("{} is not valid: {error}", path.display())))?;
    let key = if domain == "docker.io" {
        "https://index.docker.io/v1/"
    } else {
        domain
    };
    Ok(config
        .auths
        .remove(key)
        .and_then(|login| login.auth)
        .filter(|auth| !auth.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_are_read() {
        let bearer = r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push""#;
        assert_eq!(
            Challenge::parse(bearer),
            Some(Challenge::Bearer {
                realm: "https://auth.docker.io/token".into(),
                service: Some("registry.docker.io".into()),
                scope: Some("repository:a/b:pull,push".into()),
            })
        );
        assert_eq!(Challenge::parse("basic realm=x"), Some(Challenge::Basic));
        assert_eq!(Challenge::parse("Basic"), Some(Challenge::Basic));
        assert_eq!(Challenge::parse("Bearer service=x"), None);
        assert_eq!(Challenge::parse("Negotiate"), None);
    }

    #[test]
    fn docker_logins_are_found_by_registry() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.json");
        assert_eq!(read_login(&path, "x").unwrap(), None);
        std::fs::write(
            &path,
            r#"{"auths":{"h:5000":{"auth":"YTpi"},"https://index.docker.io/v1/":{"auth":"Yzpk"}}}"#,
        )
        .unwrap();
        assert_eq!(read_login(&path, "h:5000").unwrap().as_deref(), Some("YTpi"));
        assert_eq!(read_login(&path, "docker.io").unwrap().as_deref(), Some("Yzpk"));
        assert_eq!(read_login(&path, "other").unwrap(), None);
        std::fs::write(&path, "{").unwrap();
        assert_eq!(read_login(&path, "x").unwrap_err().kind(), Kind::Invalid);
    }
}
