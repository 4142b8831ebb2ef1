//! Which name in a signature suits the name that was asked for (containers-policy.json(5), `signedIdentity`).

use serde::Deserialize;

use crate::error::{Error, Kind, Result};
use crate::image::Reference;

/// How the two names are compared.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(super) enum Identity {
    /// The same name and tag or digest.
    MatchExact,
    /// The same, or the same repository when a digest was asked for.
    MatchRepoDigestOrExact,
    /// The same repository.
    MatchRepository,
    /// This name, whatever was asked for.
    ExactReference {
        /// The name.
        docker_reference: String,
    },
    /// This repository, whatever was asked for.
    ExactRepository {
        /// The repository.
        docker_repository: String,
    },
    /// As `MatchRepoDigestOrExact`, for a mirror of what was signed.
    #[serde(rename = "remapIdentity")]
    Remap {
        /// How names begin that are asked for.
        prefix: String,
        /// How they began when they were signed.
        signed_prefix: String,
    },
}

impl Identity {
    /// Whether `signed`, the name in a signature, suits what was asked for.
    pub(super) fn suits(&self, signed: &str, asked: &Reference) -> Result<bool> {
        let Ok(signed) = parse(signed) else {
            return Ok(false);
        };
        match self {
            Self::MatchExact => Ok(signed == *asked && !signed.has_default_tag()),
            Self::MatchRepoDigestOrExact => Ok(repo_digest_or_exact(&signed, asked)),
            Self::MatchRepository => Ok(signed.repository() == asked.repository()),
            Self::ExactReference { docker_reference } => Ok(signed == parse(docker_reference)?),
            Self::ExactRepository { docker_repository } => {
                Ok(signed.repository() == parse(docker_repository)?.repository())
            }
            Self::Remap {
                prefix,
                signed_prefix,
            } => {
                let (name, complete) = (asked.repository(), asked.to_string());
                match name.strip_prefix(prefix.as_str()) {
                    // Not a colon: that begins a port, and another host.
                    Some(rest) if rest.is_empty() || rest.starts_with('/') => {
                        let remapped = format!("{signed_prefix}{}", &complete[prefix.len()..]);
                        Ok(repo_digest_or_exact(&signed, &parse(&remapped)?))
                    }
                    _ => Ok(repo_digest_or_exact(&signed, asked)),
                }
            }
        }
    }
}

fn repo_digest_or_exact(signed: &Reference, asked: &Reference) -> bool {
    match asked.digest() {
        Some(_) => signed.repository() == asked.repository(),
        // A tag that nobody wrote was not signed.
        None => signed == asked && !signed.has_default_tag(),
    }
}

fn parse(name: &str) -> Result<Reference> {
    name.parse()
        .map_err(|error: Error| error.with_kind(Kind::Invalid))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_as_they_should_be() {
        let asked = |name: &str| name.parse::<Reference>().unwrap();
        let digest = format!("h.example/a/b@sha256:{}", "0".repeat(64));
        let hosts = Identity::Remap {
            prefix: "m.example".into(),
            signed_prefix: "h.example".into(),
        };
        let remap = Identity::Remap {
            prefix: "m.example/mirror".into(),
            signed_prefix: "h.example".into(),
        };
        for (identity, signed, name, suits) in [
            (&Identity::MatchExact, "h.example/a/b:1", "h.example/a/b:1", true),
            (&Identity::MatchExact, "h.example/a/b:1", "h.example/a/b:2", false),
            (
                &Identity::MatchExact,
                "h.example/a/b",
                "h.example/a/b:latest",
                false,
            ),
            (
                &Identity::MatchRepoDigestOrExact,
                "h.example/a/b:1",
                digest.as_str(),
                true,
            ),
            (
                &Identity::MatchRepoDigestOrExact,
                "h.example/a/b:1",
                "h.example/a/b:2",
                false,
            ),
            (
                &Identity::MatchRepository,
                "h.example/a/b",
                "h.example/a/b:2",
                true,
            ),
            (
                &Identity::MatchRepository,
                "h.example/a/c",
                "h.example/a/b:2",
                false,
            ),
            (&remap, "h.example/a/b:1", "m.example/mirror/a/b:1", true),
            (&remap, "h.example/a/b:1", "m.example/mirrors/a/b:1", false),
            (&hosts, "h.example/a/b:1", "m.example/a/b:1", true),
            (&hosts, "h.example:6666/a/b:1", "m.example:6666/a/b:1", false),
            (&hosts, "m.example:6666/a/b:1", "m.example:6666/a/b:1", true),
            (&Identity::MatchRepository, "NOT A NAME", "h.example/a/b:2", false),
        ] {
            assert_eq!(
                identity.suits(signed, &asked(name)).unwrap(),
                suits,
                "{identity:?} {signed} {name}"
            );
        }
        let exact = Identity::ExactRepository {
            docker_repository: "h.example/a/b".into(),
        };
        assert!(exact.suits("h.example/a/b:7", &asked("other.example/x")).unwrap());
    }
}
