//! Signatures of images as cosign makes them: a payload that names a manifest's digest, signed with ECDSA on P-256.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use serde::Deserialize;

use crate::error::{Error, Kind, Result};
use crate::oci::Digest;
use crate::oci::manifest::read_json;

/// What a payload calls itself (containers' docs/signature-protocols.md).
const TYPE: &str = "cosign container image signature";
/// How the DER of a public key on P-256 begins (RFC 5480): its kind, its curve, and that a point follows.
const P256: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
/// The length of a point that is not compressed.
const POINT: usize = 65;

/// A key that signatures are checked with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    point: Vec<u8>,
}

impl PublicKey {
    /// Reads a key as cosign and openssl write it: PEM, `BEGIN PUBLIC KEY`.
    ///
    /// # Errors
    /// `Invalid` for what is no key, `Unsupported` for keys of another kind.
    pub fn from_pem(text: &str) -> Result<Self> {
        let begin = "-----BEGIN PUBLIC KEY-----";
        let body = text
            .split_once(begin)
            .and_then(|(_, rest)| rest.split_once("-----END PUBLIC KEY-----"))
            .map(|(body, _)| body.split_whitespace().collect::<String>());
        let der = body
            .and_then(|body| BASE64_STANDARD.decode(body).ok())
            .ok_or_else(|| {
                Error::new(Kind::Invalid, "this is no public key")
                    .hint(format!("it should begin with {begin}"))
            })?;
        match der.strip_prefix(&P256) {
            Some(point) if point.len() == POINT => Ok(Self {
                point: point.to_vec(),
            }),
            _ => Err(
                Error::new(Kind::Unsupported, "the public key is not one of ECDSA on P-256")
                    .hint("`cosign generate-key-pair` makes such keys"),
            ),
        }
    }
}

/// A signature that came with an image; nothing of it is checked yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// What was signed.
    pub payload: Vec<u8>,
    /// The signature, in base64.
    pub signature: String,
}

/// What a good signature says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The manifest that was signed.
    pub digest: Digest,
    /// The name under which it was.
    pub identity: String,
}

#[derive(Deserialize)]
struct Payload {
    critical: Critical,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Critical {
    #[serde(rename = "type")]
    kind: String,
    identity: Identity,
    image: Image,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Identity {
    #[serde(rename = "docker-reference")]
    reference: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Image {
    #[serde(rename = "docker-manifest-digest")]
    digest: Digest,
}

impl Signature {
    /// Checks the signature, and only then reads what was signed.
    ///
    /// # Errors
    /// `Denied` when it is not by this key; `Invalid` when something else was signed than an image.
    pub fn verify(&self, key: &PublicKey) -> Result<Verified> {
        let signature = BASE64_STANDARD
            .decode(self.signature.trim())
            .map_err(|_| Error::new(Kind::Invalid, "a signature is not base64"))?;
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &key.point)
            .verify(&self.payload, &signature)
            .map_err(|_| Error::new(Kind::Denied, "the signature was not made with this key"))?;
        let payload: Payload = read_json(&self.payload, "payload of the signature")?;
        let Critical {
            kind,
            identity,
            image,
        } = payload.critical;
        match kind == TYPE {
            true => Ok(Verified {
                digest: image.digest,
                identity: identity.reference,
            }),
            false => Err(Error::new(
                Kind::Invalid,
                format!("what was signed is a \"{kind}\", not an image"),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use ring::rand::SystemRandom;
    use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};

    use super::*;

    fn pair() -> (EcdsaKeyPair, PublicKey) {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
        let pair =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8.as_ref(), &random).unwrap();
        let der = [&P256[..], pair.public_key().as_ref()].concat();
        let pem = format!(
            "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
            BASE64_STANDARD.encode(der)
        );
        let key = PublicKey::from_pem(&pem).unwrap();
        (pair, key)
    }

    fn sign(pair: &EcdsaKeyPair, payload: &str) -> Signature {
        let signature = pair.sign(&SystemRandom::new(), payload.as_bytes()).unwrap();
        Signature {
            payload: payload.into(),
            signature: BASE64_STANDARD.encode(signature),
        }
    }

    fn payload(kind: &str) -> String {
        format!(
            r#"{{"critical":{{"identity":{{"docker-reference":"h/x"}},"image":{{"docker-manifest-digest":"{}"}},"type":"{kind}"}},"optional":null}}"#,
            Digest::of(b"manifest")
        )
    }

    #[test]
    fn a_signature_is_its_keys_and_its_payloads() {
        let ((pair, key), (_, other)) = (pair(), pair());
        let good = sign(&pair, &payload(TYPE));
        let verified = good.verify(&key).unwrap();
        assert_eq!(
            (verified.digest, verified.identity.as_str()),
            (Digest::of(b"manifest"), "h/x")
        );
        assert_eq!(good.verify(&other).unwrap_err().kind(), Kind::Denied);
        let mut forged = good.clone();
        forged.payload = payload(TYPE).replace("h/x", "h/y").into();
        assert_eq!(forged.verify(&key).unwrap_err().kind(), Kind::Denied);
        for (bad, kind) in [
            (sign(&pair, &payload("atomic container signature")), Kind::Invalid),
            (sign(&pair, "{}"), Kind::Invalid),
            (
                sign(&pair, &payload(TYPE).replace("\"type\"", "\"more\":1,\"type\"")),
                Kind::Invalid,
            ),
        ] {
            assert_eq!(bad.verify(&key).unwrap_err().kind(), kind);
        }
        for text in ["", "!", "AAAA"] {
            let bad = Signature {
                signature: text.into(),
                ..good.clone()
            };
            assert!(bad.verify(&key).is_err(), "{text}");
        }
    }

    #[test]
    fn keys_of_other_kinds_are_named() {
        assert_eq!(PublicKey::from_pem("x").unwrap_err().kind(), Kind::Invalid);
        let rsa = format!(
            "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----",
            BASE64_STANDARD.encode([0x30; 100])
        );
        assert_eq!(PublicKey::from_pem(&rsa).unwrap_err().kind(), Kind::Unsupported);
    }
}
