//! The policy: what is asked of an image before it is taken, in the form of containers' `policy.json`
//! (containers-policy.json(5)). What is not understood is refused, never passed over.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use super::identity::Identity;
use super::signature::{PublicKey, Signature};
use crate::error::{Error, Kind, Result};
use crate::image::Reference;
use crate::oci::Digest;
use crate::oci::manifest::read_json;

/// What is asked of which images.
#[derive(Debug, Clone)]
pub struct Policy {
    default: Vec<Requirement>,
    /// By transport, and there by the beginning of a name or path.
    transports: BTreeMap<String, BTreeMap<String, Vec<Requirement>>>,
}

/// The file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    default: Vec<Value>,
    /// By transport, and there by the beginning of a name.
    #[serde(default)]
    transports: BTreeMap<String, BTreeMap<String, Vec<Value>>>,
}

/// One thing that is asked.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
pub enum Requirement {
    /// Nothing. (In braces, since only then serde refuses fields that are not known.)
    InsecureAcceptAnything {},
    /// What cannot be.
    Reject {},
    /// A signature by one of these keys.
    SigstoreSigned {
        /// A file with a key.
        #[serde(default)]
        key_path: Option<String>,
        /// Files with keys.
        #[serde(default)]
        key_paths: Vec<String>,
        /// A key, in base64 once more.
        #[serde(default)]
        key_data: Option<String>,
        /// Keys, in base64 once more.
        #[serde(default)]
        key_datas: Vec<String>,
        /// Which name the signature must have.
        #[serde(default)]
        #[allow(private_interfaces, reason = "only this module compares names")]
        signed_identity: Option<Identity>,
    },
    /// Something that is not known here: no image meets it.
    #[serde(skip)]
    NotUnderstood(String),
}

impl Policy {
    /// Reads a policy. What it asks for that is not known here concerns only the images of which it is asked.
    ///
    /// # Errors
    /// `Invalid` for what is no policy.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let document: Document = read_json(bytes, "policy")?;
        let scopes = |scopes: BTreeMap<String, Vec<Value>>| {
            let scopes = scopes.into_iter();
            scopes
                .map(|(scope, list)| Ok((scope, all_of(list)?)))
                .collect::<Result<_>>()
        };
        let transports = document.transports.into_iter();
        Ok(Self {
            default: all_of(document.default)?,
            transports: transports
                .map(|(transport, list)| Ok((transport, scopes(list)?)))
                .collect::<Result<_>>()?,
        })
    }

    /// What is asked of an image in a registry.
    pub fn of(&self, reference: &Reference) -> &[Requirement] {
        self.find("docker", &scopes_of(reference))
    }

    /// What is asked of an image in files: by the name of the transport, and for some by the path, which must be absolute
    /// and without links.
    pub fn of_files(&self, transport: &str, path: Option<&Path>) -> &[Requirement] {
        let root = Path::new("/");
        let directories = path.into_iter().flat_map(Path::ancestors);
        let scopes: Vec<String> = directories
            .filter(|directory| *directory != root)
            .map(|directory| directory.display().to_string())
            .collect();
        self.find(transport, &scopes)
    }

    fn find(&self, transport: &str, scopes: &[String]) -> &[Requirement] {
        let Some(lists) = self.transports.get(transport) else {
            return &self.default;
        };
        let found = scopes.iter().find_map(|scope| lists.get(scope));
        found.or_else(|| lists.get("")).unwrap_or(&self.default)
    }
}

fn all_of(list: Vec<Value>) -> Result<Vec<Requirement>> {
    if list.is_empty() {
        return Err(Error::new(
            Kind::Invalid,
            "a list of requirements in the policy is empty",
        ));
    }
    let one = |value: Value| {
        let text = value.to_string();
        serde_json::from_value(value)
            .unwrap_or_else(|error| Requirement::NotUnderstood(format!("{text} ({error})")))
    };
    Ok(list.into_iter().map(one).collect())
}

/// The names that a policy may have for a reference, the most exact first.
fn scopes_of(reference: &Reference) -> Vec<String> {
    let mut scopes = vec![reference.to_string()];
    let mut name = reference.repository();
    loop {
        scopes.push(name.clone());
        match name.rfind('/') {
            Some(at) => name.truncate(at),
            None => break,
        }
    }
    // `*.example.com` for any host below.
    let mut host = name.split(':').next().unwrap_or_default();
    while let Some((_, domain)) = host.split_once('.') {
        scopes.push(format!("*.{domain}"));
        host = domain;
    }
    scopes
}

impl Requirement {
    /// The keys, read by `read` from files.
    ///
    /// # Errors
    /// `Invalid` when there is none or one is none; what `read` returns.
    pub fn keys(&self, read: impl Fn(&str) -> Result<String>) -> Result<Vec<PublicKey>> {
        let Self::SigstoreSigned {
            key_path,
            key_paths,
            key_data,
            key_datas,
            ..
        } = self
        else {
            return Ok(Vec::new());
        };
        let mut keys = Vec::new();
        for path in key_path.iter().chain(key_paths) {
            keys.push(PublicKey::from_pem(&read(path)?).map_err(|error| error.context(path.clone()))?);
        }
        for data in key_data.iter().chain(key_datas) {
            use base64::Engine;
            let text = base64::prelude::BASE64_STANDARD.decode(data).ok();
            let text = text
                .and_then(|bytes| String::from_utf8(bytes).ok())
                .unwrap_or_default();
            keys.push(PublicKey::from_pem(&text).map_err(|error| error.context("the policy's keyData"))?);
        }
        match keys.is_empty() {
            true => Err(Error::new(
                Kind::Invalid,
                "the policy asks for a signature and names no key",
            )),
            false => Ok(keys),
        }
    }

    /// Whether one of the signatures is by one of the keys, for one of the digests and under a name that suits.
    ///
    /// # Errors
    /// `Denied` with what was wrong with each signature.
    pub fn check(
        &self,
        reference: &Reference,
        digests: &[Digest],
        keys: &[PublicKey],
        signatures: &[Signature],
    ) -> Result<()> {
        let Self::SigstoreSigned { signed_identity, .. } = self else {
            return self.check_unsigned(&reference.to_string());
        };
        let identity = signed_identity
            .as_ref()
            .unwrap_or(&Identity::MatchRepoDigestOrExact);
        let mut reasons = Vec::new();
        for signature in signatures {
            match suits(signature, reference, digests, keys, identity) {
                Ok(()) => return Ok(()),
                Err(error) => reasons.push(error.to_string()),
            }
        }
        reasons.dedup();
        let why = match reasons.is_empty() {
            true => "it has no signature".to_owned(),
            false => reasons.join("; "),
        };
        Err(unsigned(&reference.to_string(), why))
    }

    /// Whether an image is allowed that can have no signature, as those in files.
    ///
    /// # Errors
    /// `Denied` when it is not.
    pub fn check_unsigned(&self, name: &str) -> Result<()> {
        match self {
            Self::InsecureAcceptAnything {} => Ok(()),
            Self::Reject {} => Err(Error::new(
                Kind::Denied,
                format!("{name} is rejected by the policy"),
            )
            .hint("policy.json says `reject` for it: ~/.config/containers/policy.json, else /etc/containers/policy.json")),
            Self::NotUnderstood(what) => Err(Error::new(
                Kind::Denied,
                format!("the policy asks for something of {name} that is not known here: {what}"),
            )
            .hint("known are insecureAcceptAnything, reject, and sigstoreSigned by key")),
            Self::SigstoreSigned { .. } => Err(unsigned(name, "only registries keep signatures".to_owned())),
        }
    }
}

fn unsigned(name: &str, why: String) -> Error {
    Error::new(Kind::Denied, why)
        .context(format!("the policy asks for a signature of {name}"))
        .hint("policy.json says by which key images of this name must be signed")
}

fn suits(
    signature: &Signature,
    reference: &Reference,
    digests: &[Digest],
    keys: &[PublicKey],
    identity: &Identity,
) -> Result<()> {
    let mut last = Error::new(Kind::Denied, "there is no key");
    for key in keys {
        match signature.verify(key) {
            Err(error) => last = error,
            Ok(verified) if !digests.contains(&verified.digest) => {
                last = Error::new(Kind::Denied, format!("a signature is for {}", verified.digest));
            }
            Ok(verified) if !identity.suits(&verified.identity, reference)? => {
                last = Error::new(
                    Kind::Denied,
                    format!("a signature is for the name \"{}\"", verified.identity),
                );
            }
            Ok(_) => return Ok(()),
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &str = r#"{
        "default": [{"type": "reject"}],
        "transports": {"docker": {
            "h.example": [{"type": "insecureAcceptAnything"}],
            "h.example/team": [{"type": "sigstoreSigned", "keyPath": "/k", "signedIdentity": {"type": "matchRepository"}}],
            "h.example/team/app:1": [{"type": "reject"}],
            "*.wild.example": [{"type": "insecureAcceptAnything"}]
        }, "docker-daemon": {"": [{"type": "insecureAcceptAnything"}]}}
    }"#;

    /// It was asked for registries alone, and a file went through.
    #[test]
    fn files_are_asked_for_by_transport_and_path() {
        let policy = br#"{
            "default": [{"type": "reject"}],
            "transports": {
                "docker": {"": [{"type": "insecureAcceptAnything"}]},
                "docker-archive": {"": [{"type": "insecureAcceptAnything"}]},
                "oci": {
                    "/srv/good": [{"type": "insecureAcceptAnything"}],
                    "/srv/good/not": [{"type": "reject"}],
                    "/srv/signed": [{"type": "sigstoreSigned", "keyPath": "/k"}],
                    "/srv/other": [{"type": "signedBy"}]
                }
            }
        }"#;
        let policy = Policy::parse(policy).unwrap();
        for (transport, path, is_allowed) in [
            ("docker-archive", None, true),
            ("oci", Some("/srv/good"), true),
            ("oci", Some("/srv/good/x/y"), true),
            ("oci", Some("/srv/good/not/x"), false),
            ("oci", Some("/srv/goods"), false),
            ("oci", Some("/srv/signed"), false),
            ("oci", Some("/srv/other"), false),
            ("oci", None, false),
            ("dir", Some("/srv/good"), false),
        ] {
            let asked = policy.of_files(transport, path.map(Path::new));
            let allowed = asked[0].check_unsigned("x");
            assert_eq!(allowed.is_ok(), is_allowed, "{transport} {path:?}");
            assert!(allowed.err().is_none_or(|error| error.kind() == Kind::Denied));
        }
        let empty = br#"{"default": [{"type": "reject"}], "transports": {"oci": {"": []}}}"#;
        assert!(Policy::parse(empty).is_err());
    }

    #[test]
    fn the_most_exact_name_decides() {
        let policy = Policy::parse(POLICY.as_bytes()).unwrap();
        let of = |name: &str| match policy.of(&name.parse().unwrap()) {
            [Requirement::InsecureAcceptAnything {}] => "accept",
            [Requirement::Reject {}] => "reject",
            _ => "signed",
        };
        for (name, verdict) in [
            ("h.example/x", "accept"),
            ("h.example/team/app:2", "signed"),
            ("h.example/team/app:1", "reject"),
            ("h.example/teams/app", "accept"),
            ("a.b.wild.example:5000/x", "accept"),
            ("wild.example/x", "reject"),
            ("debian", "reject"),
        ] {
            assert_eq!(of(name), verdict, "{name}");
        }
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for bad in [
            "",
            "{}",
            r#"{"default": []}"#,
            r#"{"default": [{"type": "reject"}], "more": 1}"#,
        ] {
            assert_eq!(
                Policy::parse(bad.as_bytes()).unwrap_err().kind(),
                Kind::Invalid,
                "{bad}"
            );
        }
        for unknown in [
            r#"{"type": "signedBy", "keyType": "GPGKeys", "keyPath": "/k"}"#,
            r#"{"type": "sigstoreSigned", "keyPath": "/k", "rekorPublicKeyPath": "/r"}"#,
            r#"{"type": "insecureAcceptAnything", "more": 1}"#,
            r#"{"type": "sigstoreSigned", "keyPath": "/k", "signedIdentity": {"type": "matchAny"}}"#,
            "{}",
        ] {
            let policy = Policy::parse(format!(r#"{{"default": [{unknown}]}}"#).as_bytes()).unwrap();
            let image = "x".parse().unwrap();
            let error = policy.of(&image)[0].check(&image, &[], &[], &[]).unwrap_err();
            assert!(error.to_string().contains("not known here"), "{unknown}: {error}");
        }
        let policy = Policy::parse(br#"{"default": [{"type": "sigstoreSigned"}]}"#).unwrap();
        let requirement = &policy.of(&"x".parse().unwrap())[0];
        assert!(requirement.keys(|_| Ok(String::new())).is_err(), "no key");
        assert!(requirement.check(&"x".parse().unwrap(), &[], &[], &[]).is_err());
    }
}
