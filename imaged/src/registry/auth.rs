//! Authentication: what a registry demands, what a token server gives, and which rights are asked for.

use std::collections::{BTreeMap, BTreeSet};

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
    refresh_token: Option<String>,
}

impl TokenAnswer {
    /// What may be given back for further tokens, in a password's place.
    pub(super) fn identity(&self) -> Option<String> {
        self.refresh_token.clone().filter(|token| !token.is_empty())
    }

    pub(super) fn token(self) -> Result<String> {
        self.token
            .or(self.access_token)
            .filter(|token| !token.is_empty())
            .ok_or_else(|| Error::new(Kind::Denied, "the token server gave no token"))
    }
}

/// The scopes to ask a token for: what the registry named and what we need, each resource once with all its actions.
pub(super) fn scopes(demanded: Option<&str>, ours: &[String]) -> Vec<String> {
    let demanded = demanded.unwrap_or_default().split_ascii_whitespace();
    let mut by_resource: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for scope in demanded.chain(ours.iter().map(String::as_str)) {
        let (resource, actions) = scope.rsplit_once(':').unwrap_or((scope, ""));
        by_resource
            .entry(resource)
            .or_default()
            .extend(actions.split(',').filter(|action| !action.is_empty()));
    }
    by_resource
        .into_iter()
        .map(|(resource, actions)| match actions.is_empty() {
            true => resource.to_owned(),
            false => format!("{resource}:{}", actions.into_iter().collect::<Vec<_>>().join(",")),
        })
        .collect()
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
    fn rights_add_up_by_resource() {
        let ours = [
            "repository:a/b:pull,push".to_owned(),
            "repository:c:pull".to_owned(),
        ];
        assert_eq!(
            scopes(Some("repository:a/b:pull registry:catalog:*"), &ours),
            [
                "registry:catalog:*",
                "repository:a/b:pull,push",
                "repository:c:pull"
            ]
        );
        assert_eq!(scopes(None, &[]), [""; 0]);
        assert_eq!(scopes(Some("odd"), &[]), ["odd"]);
    }
}
