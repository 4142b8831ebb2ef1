//! Registries that lie, stall, break off or refuse: a clear error each, and nothing of the pull stays.

use corten_imaged::error::Kind;
use corten_imaged::oci::{Digest, media};
use corten_imaged::registry::{self, Silent};
use serde_json::json;

use super::fake_registry::{Answer, Ending, FakeRegistry};
use super::pulls::{names_in, new_store, options, pull, reference};
use super::test_image::{TestImage, TestLayer, blob_path, manifest_path, tar_of, two_layers};

/// One lie: how it is told, and what it must lead to.
struct Lie {
    name: &'static str,
    tell: fn(&FakeRegistry),
    kind: Kind,
    words: &'static str,
}

fn serve(registry: &FakeRegistry, falsify: impl Fn(&mut TestImage)) {
    let mut image = two_layers();
    falsify(&mut image);
    image.serve(registry, "1");
}

/// Serves the image, but another answer for its first layer.
fn serve_layer(registry: &FakeRegistry, answer: impl Fn(&TestLayer) -> Answer) {
    let image = two_layers();
    image.serve(registry, "1");
    registry.route(
        blob_path(&image.layers[0].digest()),
        vec![answer(&image.layers[0])],
    );
}

fn serve_manifest(registry: &FakeRegistry, media_type: &str, bytes: impl Into<Vec<u8>>) {
    registry.route(
        manifest_path("1"),
        vec![Answer::new(200, bytes).header("Content-Type", media_type)],
    );
}

/// An image whose only layer has this blob.
fn serve_blob(registry: &FakeRegistry, media_type: &str, blob: Vec<u8>) {
    let layer = TestLayer {
        diff_id: Digest::of(b"unknown"),
        blob,
        media_type: media_type.into(),
    };
    TestImage::new(vec![layer]).serve(registry, "1");
}

const ZSTD: &str = "application/vnd.oci.image.layer.v1.tar+zstd";

const LIES: &[Lie] = &[
    Lie {
        name: "the header states another digest",
        tell: |registry| {
            let answer = two_layers().manifest_answer();
            let other = Digest::of(b"other").to_string();
            registry.route(
                manifest_path("1"),
                vec![answer.header("Docker-Content-Digest", other)],
            );
        },
        kind: Kind::Integrity,
        words: "the manifest should be",
    },
    Lie {
        name: "the manifest calls itself something else",
        tell: |registry| {
            serve(registry, |image| {
                image.manifest["mediaType"] = media::DOCKER_MANIFEST.into();
            });
        },
        kind: Kind::Integrity,
        words: "calls itself",
    },
    Lie {
        name: "CVE-2021-41190: manifest and index at once",
        tell: |registry| serve(registry, |image| image.manifest["manifests"] = json!([])),
        kind: Kind::Integrity,
        words: "do not fit its media type",
    },
    Lie {
        name: "a manifest announced as an index",
        tell: |registry| {
            let mut image = two_layers();
            image.manifest.as_object_mut().unwrap().remove("mediaType");
            serve_manifest(registry, media::OCI_INDEX, image.manifest_bytes());
        },
        kind: Kind::Integrity,
        words: "do not fit its media type",
    },
    Lie {
        name: "a manifest of no known type",
        tell: |registry| serve_manifest(registry, "text/html", two_layers().manifest_bytes()),
        kind: Kind::Integrity,
        words: "announced as \"text/html\"",
    },
    Lie {
        name: "schema 1",
        tell: |registry| serve_manifest(registry, media::DOCKER_MANIFEST, r#"{"schemaVersion":1}"#),
        kind: Kind::Unsupported,
        words: "schema 1",
    },
    Lie {
        name: "a manifest that is no JSON",
        tell: |registry| serve_manifest(registry, media::OCI_MANIFEST, "<html>"),
        kind: Kind::Invalid,
        words: "the manifest is not valid",
    },
    Lie {
        name: "a manifest without end",
        tell: |registry| serve_manifest(registry, media::OCI_MANIFEST, vec![b' '; 9 << 20]),
        kind: Kind::Limit,
        words: "longer than",
    },
    Lie {
        name: "a manifest with a digest that leads elsewhere",
        tell: |registry| {
            let mut image = two_layers();
            image.manifest["layers"][0]["digest"] = "sha256:../../etc/passwd".into();
            serve_manifest(registry, media::OCI_MANIFEST, image.manifest_bytes());
        },
        kind: Kind::Invalid,
        words: "invalid digest",
    },
    Lie {
        name: "an artifact that is no image",
        tell: |registry| {
            serve(registry, |image| {
                image.manifest["config"]["mediaType"] = "application/vnd.example+json".into();
            });
        },
        kind: Kind::Unsupported,
        words: "no container image",
    },
    Lie {
        name: "another configuration than described",
        tell: |registry| {
            let image = two_layers();
            image.serve(registry, "1");
            let digest = Digest::of(&image.config_bytes());
            let other = vec![b'x'; image.config_bytes().len()];
            registry.route(blob_path(&digest), vec![Answer::new(200, other)]);
        },
        kind: Kind::Integrity,
        words: "the configuration should be",
    },
    Lie {
        name: "a configuration with fewer layers",
        tell: |registry| {
            serve(registry, |image| {
                image.config["rootfs"]["diff_ids"].as_array_mut().unwrap().pop();
                image.describe();
            });
        },
        kind: Kind::Integrity,
        words: "the manifest has 2 layers, but the configuration describes 1",
    },
    Lie {
        name: "an image of another system",
        tell: |registry| {
            serve(registry, |image| {
                image.config["os"] = "windows".into();
                image.describe();
            });
        },
        kind: Kind::Unsupported,
        words: "for \"windows\"",
    },
    Lie {
        name: "a layer of an unknown type",
        tell: |registry| {
            serve(registry, |image| {
                image.layers[1].media_type = "application/x-rar".into();
                image.describe();
            });
        },
        kind: Kind::Unsupported,
        words: "application/x-rar",
    },
    Lie {
        name: "another layer than described",
        tell: |registry| {
            serve_layer(registry, |layer| {
                let other = TestLayer::gzip(&tar_of(&[("evil", b"evil")])).blob;
                let mut blob = layer.blob.clone();
                blob[..other.len()].copy_from_slice(&other);
                Answer::new(200, blob)
            });
        },
        kind: Kind::Integrity,
        words: "layer",
    },
    Lie {
        name: "one bit of a layer",
        tell: |registry| {
            let mut layer = TestLayer::plain(&tar_of(&[("a", b"content")]));
            layer.blob.extend_from_slice(&[0; 512]);
            layer.diff_id = Digest::of(&layer.blob);
            let image = TestImage::new(vec![layer.clone()]);
            image.serve(registry, "1");
            let mut blob = layer.blob.clone();
            blob[512] ^= 1;
            registry.route(blob_path(&layer.digest()), vec![Answer::new(200, blob)]);
        },
        kind: Kind::Integrity,
        words: "the layer should be sha256:",
    },
    Lie {
        name: "a layer that is longer than described",
        tell: |registry| {
            serve_layer(registry, |layer| {
                Answer::new(200, [&layer.blob[..], b"more"].concat())
            });
        },
        kind: Kind::Integrity,
        words: "sent more than",
    },
    Lie {
        name: "a layer that is always shorter than described",
        tell: |registry| {
            serve_layer(registry, |layer| {
                Answer::new(200, &layer.blob[..layer.blob.len() - 1])
            });
        },
        kind: Kind::Network,
        words: "sent less than",
    },
    Lie {
        name: "a layer that always breaks off",
        tell: |registry| {
            serve_layer(registry, |layer| {
                Answer::new(200, layer.blob.clone()).ending(Ending::CutAfter(0))
            });
        },
        kind: Kind::Network,
        words: "get layer",
    },
    Lie {
        name: "a layer that always stalls",
        tell: |registry| {
            serve_layer(registry, |layer| {
                Answer::new(200, layer.blob.clone()).ending(Ending::StallAfter(0))
            });
        },
        kind: Kind::Network,
        words: "said nothing for",
    },
    Lie {
        name: "the wrong range after a break",
        tell: |registry| {
            let image = two_layers();
            image.serve(registry, "1");
            let whole = Answer::new(200, image.layers[0].blob.clone());
            let wrong = whole.clone().header("Content-Range", "bytes 0-9/10");
            registry.route(
                blob_path(&image.layers[0].digest()),
                vec![whole.ending(Ending::CutAfter(100)), wrong],
            );
        },
        kind: Kind::Integrity,
        words: "was asked for the bytes from 100 on",
    },
    Lie {
        name: "another diff ID than described",
        tell: |registry| {
            serve(registry, |image| {
                image.config["rootfs"]["diff_ids"][0] = Digest::of(b"other").to_string().into();
                image.describe();
            });
        },
        kind: Kind::Integrity,
        words: "the uncompressed layer should be",
    },
    Lie {
        name: "zstd announced as gzip",
        tell: |registry| {
            serve_blob(
                registry,
                media::OCI_LAYER_GZIP,
                TestLayer::zstd(&tar_of(&[("a", b"")])).blob,
            );
        },
        kind: Kind::Integrity,
        words: "the compressed data is damaged",
    },
    Lie {
        name: "gzip announced as zstd",
        tell: |registry| serve_blob(registry, ZSTD, TestLayer::gzip(&tar_of(&[("a", b"")])).blob),
        kind: Kind::Integrity,
        words: "the compressed data is damaged",
    },
    Lie {
        name: "gzip announced as plain",
        tell: |registry| {
            let blob = TestLayer::gzip(&tar_of(&[("a", &[7; 2000])])).blob;
            serve_blob(registry, "application/vnd.oci.image.layer.v1.tar", blob);
        },
        kind: Kind::Invalid,
        words: "malformed tar stream",
    },
    Lie {
        name: "gzip that ends early",
        tell: |registry| {
            let blob = two_layers().layers[0].blob.clone();
            serve_blob(registry, media::OCI_LAYER_GZIP, blob[..blob.len() / 2].to_vec());
        },
        kind: Kind::Integrity,
        words: "the compressed data is damaged",
    },
    Lie {
        name: "zstd that ends early",
        tell: |registry| {
            let blob = TestLayer::zstd(&tar_of(&[("a", &[1; 100_000])])).blob;
            serve_blob(registry, ZSTD, blob[..blob.len() - 5].to_vec());
        },
        kind: Kind::Integrity,
        words: "the compressed data is damaged",
    },
    Lie {
        name: "gzip with something behind it",
        tell: |registry| {
            let blob = TestLayer::gzip(&tar_of(&[("a", b"")])).blob;
            serve_blob(registry, media::OCI_LAYER_GZIP, [&blob[..], b"behind"].concat());
        },
        kind: Kind::Integrity,
        words: "the compressed data is damaged",
    },
    Lie {
        name: "a hostile archive",
        tell: |registry| {
            let mut header = tar::Header::new_gnu();
            header.as_mut_bytes()[..9].copy_from_slice(b"../escape");
            header.set_mode(0o644);
            header.set_size(0);
            header.set_entry_type(tar::EntryType::Regular);
            header.set_cksum();
            serve_blob(
                registry,
                "application/vnd.oci.image.layer.v1.tar",
                header.as_bytes().to_vec(),
            );
        },
        kind: Kind::Invalid,
        words: "leads out of the layer",
    },
    Lie {
        name: "no such image",
        tell: |_| {},
        kind: Kind::NotFound,
        words: "not found: manifest unknown",
    },
    Lie {
        name: "no access",
        tell: |registry| registry.route(manifest_path("1"), vec![Answer::new(403, "")]),
        kind: Kind::Denied,
        words: "pull access denied",
    },
    Lie {
        name: "an unknown kind of authentication",
        tell: |registry| registry.guard("never", "Negotiate"),
        kind: Kind::Denied,
        words: "pull access denied",
    },
    Lie {
        name: "a token that is not accepted",
        tell: |registry| {
            registry.guard(
                "Bearer right",
                &format!("Bearer realm=\"http://{}/token\"", registry.host()),
            );
            registry.route("/token", vec![Answer::new(200, r#"{"token":"wrong"}"#)]);
        },
        kind: Kind::Denied,
        words: "pull access denied",
    },
    Lie {
        name: "a token server elsewhere without TLS",
        tell: |registry| registry.guard("never", "Bearer realm=\"http://192.0.2.1/token\""),
        kind: Kind::Invalid,
        words: "token server",
    },
    Lie {
        name: "always busy",
        tell: |registry| {
            registry.route(
                manifest_path("1"),
                vec![Answer::new(429, "").header("Retry-After", "0")],
            );
        },
        kind: Kind::Network,
        words: "429",
    },
    Lie {
        name: "always broken",
        tell: |registry| registry.route(manifest_path("1"), vec![Answer::new(500, "")]),
        kind: Kind::Network,
        words: "500",
    },
    Lie {
        name: "a manifest that stalls",
        tell: |registry| {
            let answer = two_layers().manifest_answer();
            registry.route(manifest_path("1"), vec![answer.ending(Ending::StallAfter(10))]);
        },
        kind: Kind::Network,
        words: "said nothing for",
    },
    Lie {
        name: "redirections in a circle",
        tell: |registry| {
            let to = manifest_path("1");
            registry.route(
                manifest_path("1"),
                vec![Answer::new(307, "").header("Location", to)],
            );
        },
        kind: Kind::Unsupported,
        words: "too many redirections",
    },
];

#[test]
fn every_lie_is_a_clear_error_and_leaves_nothing() {
    // A few at once: most of the time goes by in waiting for what stalls.
    for some in LIES.chunks(4) {
        std::thread::scope(|scope| some.iter().for_each(|lie| drop(scope.spawn(|| check(lie)))));
    }
}

fn check(lie: &Lie) {
    let (registry, (_dir, store)) = (FakeRegistry::start(), new_store());
    (lie.tell)(&registry);
    let error = pull(&store, &registry).expect_err(lie.name);
    assert_eq!(error.kind(), lie.kind, "{}: {error}", lie.name);
    assert!(error.to_string().contains(lie.words), "{}: {error}", lie.name);
    assert!(store.images().unwrap().is_empty(), "{}", lie.name);
    for directory in ["images", "refs", "tmp", "blobs/sha256"] {
        let mut left = names_in(&store, directory);
        // Of a connection that broke, what arrived is kept for the next pull.
        left.retain(|name| lie.kind != Kind::Network || !name.starts_with("partial-"));
        assert_eq!(left, [""; 0], "{}: {directory}", lie.name);
    }
}

#[test]
fn a_digest_that_was_asked_for_is_what_comes() {
    let (registry, (_dir, store)) = (FakeRegistry::start(), new_store());
    let image = two_layers();
    image.serve(&registry, "1");
    let wanted = Digest::of(b"something else");
    registry.route(manifest_path(&wanted.to_string()), vec![image.manifest_answer()]);
    let reference = reference(&registry, &format!("@{wanted}"));
    let error = registry::pull(&store, &reference, &options(), &Silent).unwrap_err();
    assert_eq!(error.kind(), Kind::Integrity, "{error}");
}

#[test]
fn after_a_failure_the_next_pull_succeeds() {
    let (registry, (_dir, store)) = (FakeRegistry::start(), new_store());
    serve_layer(&registry, |_| Answer::new(404, ""));
    assert_eq!(pull(&store, &registry).unwrap_err().kind(), Kind::NotFound);
    two_layers().serve(&registry, "1");
    assert_eq!(pull(&store, &registry).unwrap().image.layers.len(), 2);
}
