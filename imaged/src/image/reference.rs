//! Image references as docker reads them: `debian`, `localhost:5000/a/b:tag`, `name@sha256:…`.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Kind, Result};
use crate::oci::Digest;

/// The registry of names that do not say one.
const DEFAULT_DOMAIN: &str = "docker.io";
/// The longest repository name, registry included.
const MAX_NAME: usize = 255;
/// The longest tag.
const MAX_TAG: usize = 128;

/// A complete reference: registry, repository, and a tag or a digest (or both, when both were given).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reference {
    domain: String,
    path: String,
    tag: Option<String>,
    digest: Option<Digest>,
    tag_was_given: bool,
}

impl Reference {
    /// The registry: a host with an optional port, `docker.io` by default.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The repository in its registry: `library/debian`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The tag; `latest` when neither tag nor digest was given.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest of the manifest that is meant.
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// Whether the tag is only the default.
    pub fn has_default_tag(&self) -> bool {
        self.tag.is_some() && !self.tag_was_given
    }

    /// The repository in its complete form: `docker.io/library/debian`.
    pub fn repository(&self) -> String {
        format!("{}/{}", self.domain, self.path)
    }

    /// The repository as people write it: `debian`.
    pub fn familiar_name(&self) -> String {
        // Without the default registry, a part that looks like a host would be taken for one.
        let misleads = self.path.split_once('/').is_some_and(|(first, _)| is_host(first));
        if self.domain != DEFAULT_DOMAIN || misleads {
            return self.repository();
        }
        self.path
            .strip_prefix("library/")
            .filter(|rest| !rest.contains('/'))
            .unwrap_or(&self.path)
            .to_owned()
    }

    /// The reference as people write it: `debian:latest`.
    pub fn familiar(&self) -> String {
        self.familiar_name() + &self.suffix()
    }

    /// The same repository under this digest alone.
    #[must_use]
    pub fn with_digest(&self, digest: Digest) -> Self {
        Self {
            tag: None,
            digest: Some(digest),
            tag_was_given: false,
            ..self.clone()
        }
    }

    /// The same repository under this tag alone.
    ///
    /// # Errors
    /// `Usage` for what cannot be a tag.
    pub fn with_tag(&self, tag: &str) -> Result<Self> {
        format!("{}:{tag}", self.repository()).parse()
    }

    fn suffix(&self) -> String {
        let tag = self.tag.as_ref().map(|tag| format!(":{tag}")).unwrap_or_default();
        let digest = self
            .digest
            .as_ref()
            .map(|digest| format!("@{digest}"))
            .unwrap_or_default();
        tag + &digest
    }
}

impl fmt::Display for Reference {
    /// The complete form, which parses back to the same reference.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}{}", self.domain, self.path, self.suffix())
    }
}

impl FromStr for Reference {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        parse(text).map_err(|reason| {
            let error = Error::new(Kind::Usage, format!("invalid reference \"{text}\": {reason}"));
            match reason {
                "the repository name must be lower case" => {
                    error.hint(format!("try {}", text.to_lowercase()))
                }
                _ => error,
            }
        })
    }
}

fn parse(text: &str) -> Result<Reference, &'static str> {
    if text.is_empty() {
        return Err("it is empty");
    }
    let (rest, digest) = match text.split_once('@') {
        Some((rest, digest)) => (rest, Some(digest.parse::<Digest>().map_err(|_| BAD_DIGEST)?)),
        None => (text, None),
    };
    // A colon after the last slash starts the tag; before it, it is a registry's port.
    let (name, given) = match rest.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
        _ => (rest, None),
    };
    if given.is_some_and(|tag| !is_tag(tag)) {
        return Err(
            "the tag must be up to 128 of letters, digits, '_', '.' and '-', not starting with '.' or '-'",
        );
    }
    let (domain, path) = split_domain(name);
    check_path(&path)?;
    if !is_domain(&domain) {
        return Err("the registry is not a host name with an optional port");
    }
    if domain.len() + 1 + path.len() > MAX_NAME {
        return Err("the repository name is longer than 255 characters");
    }
    if given.is_none() && digest.is_none() && Digest::from_hex(name).is_some() {
        return Err("64 hex digits are an image id, not a name");
    }
    let tag = given
        .or_else(|| digest.is_none().then_some("latest"))
        .map(str::to_owned);
    Ok(Reference {
        domain,
        path,
        tag,
        digest,
        tag_was_given: given.is_some(),
    })
}

const BAD_DIGEST: &str = "the digest must be sha256: and 64 lower-case hex digits";

fn is_host(part: &str) -> bool {
    part == "localhost" || part.contains(['.', ':']) || part.bytes().any(|byte| byte.is_ascii_uppercase())
}

/// The first part is a registry if it looks like a host; otherwise the name belongs to the default registry.
fn split_domain(name: &str) -> (String, String) {
    match name.split_once('/') {
        Some((first, rest)) if is_host(first) => {
            let domain = if first == "index.docker.io" {
                DEFAULT_DOMAIN
            } else {
                first
            };
            let path = match rest.contains('/') || domain != DEFAULT_DOMAIN {
                true => rest.to_owned(),
                false => format!("library/{rest}"),
            };
            (domain.to_owned(), path)
        }
        Some(_) => (DEFAULT_DOMAIN.to_owned(), name.to_owned()),
        None => (DEFAULT_DOMAIN.to_owned(), format!("library/{name}")),
    }
}

fn check_path(path: &str) -> Result<(), &'static str> {
    if path.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err("the repository name must be lower case");
    }
    match path.split('/').all(is_component) {
        true => Ok(()),
        false => Err(
            "a part of the repository name must be lower-case letters and digits, \
                      separated by one '.', one or two '_', or any number of '-'",
        ),
    }
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`
fn is_component(part: &str) -> bool {
    let alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let mut separators = part
        .split(|c: char| c.is_ascii() && alphanumeric(c as u8))
        .filter(|run| !run.is_empty());
    part.bytes().next().is_some_and(alphanumeric)
        && part.bytes().next_back().is_some_and(alphanumeric)
        && separators.all(|run| matches!(run, "." | "_" | "__") || run.bytes().all(|byte| byte == b'-'))
}

fn is_tag(tag: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    tag.len() <= MAX_TAG
        && tag.bytes().next().is_some_and(word)
        && tag.bytes().all(|byte| word(byte) || byte == b'.' || byte == b'-')
}

/// A DNS name, an IPv4 address or a bracketed IPv6 address, with an optional port.
fn is_domain(domain: &str) -> bool {
    let (host, port) = match domain.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((address, port)) if address.parse::<std::net::Ipv6Addr>().is_ok() => {
                ("v6", port.strip_prefix(':'))
            }
            _ => return false,
        },
        None => match domain.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (domain, None),
        },
    };
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    host.split('.').all(label) && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn names_are_completed_as_docker_does() {
        let digest = format!("debian@sha256:{HEX}");
        for (typed, complete, familiar) in [
            ("debian", "docker.io/library/debian:latest", "debian:latest"),
            ("debian:12", "docker.io/library/debian:12", "debian:12"),
            ("a/b", "docker.io/a/b:latest", "a/b:latest"),
            (
                "docker.io/debian",
                "docker.io/library/debian:latest",
                "debian:latest",
            ),
            (
                "index.docker.io/library/debian",
                "docker.io/library/debian:latest",
                "debian:latest",
            ),
            ("localhost/x", "localhost/x:latest", "localhost/x:latest"),
            (
                "docker.io/host.io/x",
                "docker.io/host.io/x:latest",
                "docker.io/host.io/x:latest",
            ),
            ("localhost:5000/x:1", "localhost:5000/x:1", "localhost:5000/x:1"),
            ("[::1]:5000/x", "[::1]:5000/x:latest", "[::1]:5000/x:latest"),
            (
                "quay.io/a/b/c:v1.0-rc_1",
                "quay.io/a/b/c:v1.0-rc_1",
                "quay.io/a/b/c:v1.0-rc_1",
            ),
            (
                "a__b/c-----d.e",
                "docker.io/a__b/c-----d.e:latest",
                "a__b/c-----d.e:latest",
            ),
            (
                &digest,
                &format!("docker.io/library/debian@sha256:{HEX}"),
                &digest,
            ),
        ] {
            let reference: Reference = typed.parse().unwrap();
            assert_eq!(reference.to_string(), complete);
            assert_eq!(reference.familiar(), familiar);
        }
    }

    #[test]
    fn malformed_references_are_refused() {
        let long = format!("a/{}", "b".repeat(260));
        let long_tag = format!("a:{}", "t".repeat(129));
        for bad in [
            "",
            ":",
            "@",
            "/",
            "a//b",
            "/a",
            "a/",
            "Debian",
            "a:",
            "a:-x",
            "a:.x",
            "a b",
            "a___b",
            "a._b",
            "-a",
            "a-",
            "a@sha256:00",
            "a@md5:00",
            "https://a/b",
            "host:port/x",
            "host:0/x",
            "host:99999/x",
            "é",
            "a:é",
            "a\0b",
            "[::1/x",
            "-h.com/x",
            "../a",
            "a/../b",
            HEX,
            &long,
            &long_tag,
        ] {
            let error = bad.parse::<Reference>().expect_err(bad);
            assert_eq!(error.kind(), Kind::Usage);
        }
    }

    #[test]
    fn the_default_tag_is_known_as_such() {
        assert!("debian".parse::<Reference>().unwrap().has_default_tag());
        assert!(!"debian:latest".parse::<Reference>().unwrap().has_default_tag());
    }

    proptest! {
        #[test]
        fn parsing_never_panics(text in "\\PC{0,80}") {
            let _ = text.parse::<Reference>();
        }

        #[test]
        fn the_complete_form_parses_back(text in "([a-z0-9]{1,5}[./:_-]){0,4}[a-z0-9]{1,5}") {
            if let Ok(reference) = text.parse::<Reference>() {
                let again: Reference = reference.to_string().parse().unwrap();
                prop_assert_eq!(again.to_string(), reference.to_string());
            }
        }
    }
}
