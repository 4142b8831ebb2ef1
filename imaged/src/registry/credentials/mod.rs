//! Names and passwords for registries: found in docker's and podman's files and in credential helpers, kept there by
//! `login`, removed by `logout`.

mod file;
mod helper;

use std::fmt;
use std::path::{Path, PathBuf};

use crate::error::Result;
use crate::image::Reference;

pub use file::{ConfigFile, Kept};

/// Docker's own key for docker.io, from the days of its first registry.
const DOCKER_IO: &str = "https://index.docker.io/v1/";

/// Who somebody is for a registry.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// The name.
    pub username: String,
    /// What proves it.
    pub secret: Secret,
}

/// What proves who somebody is.
#[derive(Clone, PartialEq, Eq)]
pub enum Secret {
    /// A password, or a personal access token in its place.
    Password(String),
    /// What a token server gave for a password, to be given back to it for tokens (OAuth2's refresh token).
    IdentityToken(String),
}

impl fmt::Debug for Login {
    /// Secrets are in no log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Login of {:?}", self.username)
    }
}

impl Login {
    /// With a password.
    pub fn with_password(username: impl Into<String>, password: impl Into<String>) -> Self {
        Self {
            username: username.into(),
            secret: Secret::Password(password.into()),
        }
    }
}

/// The key under which docker keeps the login of a registry.
pub fn key_of(domain: &str) -> &str {
    match domain {
        "docker.io" => DOCKER_IO,
        other => other,
    }
}

/// The registry that a key means: docker has had several forms for one.
fn domain_of(key: &str) -> &str {
    let bare = key
        .strip_prefix("https://")
        .or_else(|| key.strip_prefix("http://"))
        .unwrap_or(key)
        .trim_end_matches('/');
    let bare = bare
        .strip_suffix("/v1")
        .or_else(|| bare.strip_suffix("/v2"))
        .unwrap_or(bare);
    match bare {
        "index.docker.io" | "registry-1.docker.io" => "docker.io",
        other => other,
    }
}

/// The login that docker's configuration, or else podman's, has for a repository's registry.
///
/// # Errors
/// `Invalid` when a file cannot be understood; what a credential helper reports.
pub(super) fn find(domain: &str, path: &str) -> Result<Option<Login>> {
    for file in files() {
        if let Some(config) = ConfigFile::read_if_there(&file)?
            && let Some(login) = config.find(domain, path)?
        {
            return Ok(Some(login));
        }
    }
    Ok(None)
}

/// The login of a registry as a whole.
///
/// # Errors
/// As for the logins that a pull uses.
pub fn of_registry(domain: &str) -> Result<Option<Login>> {
    find(domain, "")
}

/// Where logins are looked for, the first that has one wins.
fn files() -> Vec<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let mut files: Vec<PathBuf> = docker_config().into_iter().collect();
    files.extend(variable("REGISTRY_AUTH_FILE"));
    let runtime = variable("XDG_RUNTIME_DIR");
    let runtime = runtime
        .unwrap_or_else(|| Path::new("/run/containers").join(crate::sys::userns::caller().0.to_string()));
    files.push(match runtime.starts_with("/run/containers") {
        true => runtime.join("auth.json"),
        false => runtime.join("containers/auth.json"),
    });
    let home = variable("HOME").map(|home| home.join(".config"));
    files.extend(
        variable("XDG_CONFIG_HOME")
            .or(home)
            .map(|directory| directory.join("containers/auth.json")),
    );
    files
}

/// The file that docker's `login` writes.
pub fn docker_config() -> Option<PathBuf> {
    let directory = match std::env::var_os("DOCKER_CONFIG").filter(|directory| !directory.is_empty()) {
        Some(directory) => PathBuf::from(directory),
        None => PathBuf::from(std::env::var_os("HOME")?).join(".docker"),
    };
    Some(directory.join("config.json"))
}

/// The registry that `login`'s argument means: a host, an address of one, or docker.io when there is none.
///
/// # Errors
/// `Usage` when it is neither.
pub fn server(typed: Option<&str>) -> Result<String> {
    let Some(typed) = typed else {
        return Ok("docker.io".into());
    };
    let domain = domain_of(typed);
    let host = domain.split('/').next().unwrap_or_default();
    // Only a reference knows what a host looks like.
    match format!("{host}/x").parse::<Reference>() {
        Ok(reference) if reference.domain() == host => Ok(host.to_owned()),
        _ => Err(crate::error::Error::new(
            crate::error::Kind::Usage,
            format!("\"{typed}\" is not a registry"),
        )
        .hint("write HOST or HOST:PORT; docker.io is meant when nothing is given")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_all_ages_mean_their_registry() {
        for (key, domain) in [
            ("https://index.docker.io/v1/", "docker.io"),
            ("docker.io", "docker.io"),
            ("https://quay.io", "quay.io"),
            ("h:5000", "h:5000"),
            ("http://h:5000/v2/", "h:5000"),
            ("quay.io/team/app", "quay.io/team/app"),
        ] {
            assert_eq!(domain_of(key), domain, "{key}");
        }
        assert_eq!(server(None).unwrap(), "docker.io");
        assert_eq!(server(Some("https://h:5000/v2/")).unwrap(), "h:5000");
        assert_eq!(server(Some("localhost")).unwrap(), "localhost");
        assert!(server(Some("not a host")).is_err());
        assert!(server(Some("nodots")).is_err());
    }

    #[test]
    fn a_login_keeps_its_secret_in_logs() {
        let text = format!("{:?}", Login::with_password("me", "hidden"));
        assert_eq!(text, "Login of \"me\"");
    }
}
