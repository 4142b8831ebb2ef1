//! Signatures as cosign makes them, made here with openssl, and the policy that pulls obey; layers that other tools read
//! in parts are plain layers here.

use std::fs;
use std::path::Path;
use std::process::Command;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use corten_imaged::oci::{Digest, media};
use serde_json::json;

use super::fake_registry::{Answer, FakeRegistry};
use super::pulls::{new_store, pull, reference};
use super::sandbox::{Done, Sandbox};
use super::test_image::{TestImage, TestLayer, blob_path, manifest_path, tar_of, two_layers};

fn openssl(dir: &Path, words: &[&str]) -> Vec<u8> {
    let done = Command::new("openssl")
        .args(words)
        .current_dir(dir)
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    done.stdout
}

/// `NAME.key` and `NAME.pub`.
fn make_key(dir: &Path, name: &str) {
    let (key, public) = (format!("{name}.key"), format!("{name}.pub"));
    openssl(
        dir,
        &[
            "ecparam",
            "-name",
            "prime256v1",
            "-genkey",
            "-noout",
            "-out",
            &key,
        ],
    );
    openssl(dir, &["ec", "-in", &key, "-pubout", "-out", &public]);
}

/// Puts a signature for a digest under a name beside the image.
fn sign(registry: &FakeRegistry, dir: &Path, key: &str, digest: &Digest, signed: &Digest, name: &str) {
    let payload = json!({
        "critical": {
            "identity": {"docker-reference": name},
            "image": {"docker-manifest-digest": signed},
            "type": "cosign container image signature",
        },
        "optional": null,
    })
    .to_string();
    fs::write(dir.join("payload"), &payload).unwrap();
    let key = format!("{key}.key");
    let signature = openssl(dir, &["dgst", "-sha256", "-sign", &key, "payload"]);
    let payload_digest = Digest::of(payload.as_bytes());
    registry.route(
        blob_path(&payload_digest),
        vec![Answer::new(200, payload.clone())],
    );
    let manifest = json!({
        "schemaVersion": 2, "mediaType": media::OCI_MANIFEST,
        "config": {"mediaType": media::OCI_CONFIG, "digest": Digest::of(b"{}"), "size": 2},
        "layers": [{
            "mediaType": "application/vnd.dev.cosign.simplesigning.v1+json",
            "digest": payload_digest, "size": payload.len(),
            "annotations": {"dev.cosignproject.cosign/signature": BASE64_STANDARD.encode(signature)},
        }],
    });
    let answer = Answer::new(200, manifest.to_string()).header("Content-Type", media::OCI_MANIFEST);
    registry.route(
        manifest_path(&format!("sha256-{}.sig", digest.hex())),
        vec![answer],
    );
}

#[test]
fn an_image_is_verified_by_key() {
    let (registry, sandbox, dir) = (
        FakeRegistry::start(),
        Sandbox::new(),
        tempfile::tempdir().unwrap(),
    );
    let image = two_layers();
    image.serve(&registry, "1");
    let name = reference(&registry, ":1").to_string();
    make_key(dir.path(), "ours");
    make_key(dir.path(), "other");
    let verify = |key: &str| {
        let key = dir.path().join(key);
        sandbox.corten(&["verify", "--key", key.to_str().unwrap(), &name])
    };
    let done = verify("ours.pub");
    assert!(
        done.code == Some(1) && done.stderr.contains("no matching signatures"),
        "{done:?}"
    );
    let digest = image.digest();
    sign(&registry, dir.path(), "ours", &digest, &digest, &name);
    let done = verify("ours.pub");
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(
        done.stdout
            .contains(&format!("\"docker-manifest-digest\":\"{digest}\"")),
        "{done:?}"
    );
    let done = verify("other.pub");
    assert!(done.stderr.contains("was not made with this key"), "{done:?}");
    // A signature of something else, put where this image's belongs.
    sign(
        &registry,
        dir.path(),
        "ours",
        &digest,
        &Digest::of(b"other"),
        &name,
    );
    let done = verify("ours.pub");
    assert!(
        done.code == Some(1) && done.stderr.contains("a signature is for sha256:"),
        "{done:?}"
    );
    let done = verify("ours.key");
    assert!(done.stderr.contains("this is no public key"), "{done:?}");
}

#[test]
fn a_pull_obeys_the_policy() {
    let (registry, sandbox, dir) = (
        FakeRegistry::start(),
        Sandbox::new(),
        tempfile::tempdir().unwrap(),
    );
    let (image, path) = (two_layers(), dir.path());
    image.serve(&registry, "1");
    let name = reference(&registry, ":1").to_string();
    make_key(path, "ours");
    make_key(path, "other");
    let file = path.join("policy.json");
    let run = |policy: serde_json::Value, words: &[&str]| -> Done {
        fs::write(&file, policy.to_string()).unwrap();
        let mut command = sandbox.command(words);
        command.env("CORTEN_POLICY", &file).output().unwrap().into()
    };
    let pull = |policy| run(policy, &["pull", "-q", &name]);
    let signed = |key: &str, identity: &str| {
        json!({"default": [{"type": "reject"}], "transports": {"docker": {registry.host(): [{
            "type": "sigstoreSigned", "keyPath": path.join(key), "signedIdentity": {"type": identity},
        }]}}})
    };
    let refused = |done: Done, words: &str| {
        assert!(
            done.code == Some(1) && done.stderr.contains(words),
            "{words}: {done:?}"
        );
        assert_eq!(sandbox.ok(&["images", "-q"]), "");
    };
    refused(
        pull(json!({"default": [{"type": "reject"}]})),
        "is rejected by the policy",
    );
    refused(
        pull(json!({"default": [{"type": "signedBy"}]})),
        "that is not known here",
    );
    refused(
        pull(json!({"default": []})),
        "a list of requirements in the policy is empty",
    );
    refused(pull(signed("ours.pub", "matchRepository")), "it has no signature");
    let digest = image.digest();
    let repository = reference(&registry, "").familiar_name();
    sign(&registry, path, "ours", &digest, &digest, &repository);
    refused(
        pull(signed("other.pub", "matchRepository")),
        "was not made with this key",
    );
    refused(
        pull(signed("ours.pub", "matchExact")),
        "a signature is for the name",
    );
    let copied = run(
        signed("other.pub", "matchRepository"),
        &["copy", &format!("docker://{name}"), "dir:/nowhere/x"],
    );
    refused(copied, "was not made with this key");
    let judged = run(signed("ours.pub", "matchRepository"), &["verify", &name]);
    assert_eq!(judged.stdout, format!("{digest}\n"), "{judged:?}");
    let done = pull(signed("ours.pub", "matchRepository"));
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(
        pull(json!({"default": [{"type": "insecureAcceptAnything"}]})).code,
        Some(0)
    );
    let mut absent = sandbox.command(&["pull", "-q", &name]);
    let absent: Done = absent.env("CORTEN_POLICY", "/no/policy").output().unwrap().into();
    assert!(
        absent.code == Some(1) && absent.stderr.contains("read /no/policy"),
        "{absent:?}"
    );
}

/// The policy was asked for what comes from registries alone: `load` and a copy went past it.
#[test]
fn the_policy_is_asked_for_files_too() {
    let (registry, sandbox, dir) = (
        FakeRegistry::start(),
        Sandbox::new(),
        tempfile::tempdir().unwrap(),
    );
    two_layers().serve(&registry, "1");
    let name = reference(&registry, ":1").to_string();
    let path = |name: &str| dir.path().join(name).display().to_string();
    sandbox.ok(&["pull", "-q", &name]);
    sandbox.ok(&["save", "-o", &path("oci.tar"), &name]);
    // The same without what makes it a layout.
    let mut both = tar::Archive::new(fs::File::open(path("oci.tar")).unwrap());
    let mut docker = tar::Builder::new(fs::File::create(path("docker.tar")).unwrap());
    for entry in both.entries().unwrap() {
        let mut entry = entry.unwrap();
        let (name, mut header) = (entry.path().unwrap().into_owned(), entry.header().clone());
        if name != Path::new("oci-layout") && header.entry_type().is_file() {
            docker.append_data(&mut header, name, &mut entry).unwrap();
        }
    }
    docker.finish().unwrap();
    let layout = format!("oci:{}", path("layout"));
    sandbox.ok(&["copy", "-q", &format!("docker://{name}"), &layout]);
    let policy = path("policy.json");
    let refused = |transports: serde_json::Value, words: &[&str]| {
        let text = json!({"default": [{"type": "insecureAcceptAnything"}], "transports": transports});
        fs::write(&policy, text.to_string()).unwrap();
        let mut command = sandbox.command(words);
        let done: Done = command.env("CORTEN_POLICY", &policy).output().unwrap().into();
        let is_refused = done.code == Some(1) && done.stderr.contains("rejected by the policy");
        assert!(is_refused || done.code == Some(0), "{words:?}: {done:?}");
        is_refused
    };
    let reject = json!([{"type": "reject"}]);
    let target = format!("dir:{}", path("copy"));
    for (transport, file, place) in [
        ("oci-archive", "oci.tar", "oci-archive:"),
        ("oci", "layout", "oci:"),
    ] {
        let (file, place) = (path(file), format!("{place}{}", path(file)));
        for words in [
            ["load", "-i", file.as_str()].as_slice(),
            &["copy", "-q", &place, &target],
        ] {
            assert!(refused(json!({transport: {"": reject}}), words));
            assert!(refused(
                json!({transport: {dir.path().to_str().unwrap(): reject}}),
                words
            ));
            assert!(!refused(json!({transport: {"/elsewhere": reject}}), words));
            assert!(!refused(json!({"docker": {"": reject}}), words));
        }
    }
    let docker = ["load", "-i", &path("docker.tar")];
    assert!(refused(
        json!({"docker-archive": {"": reject}, "oci-archive": {"": reject}}),
        &docker
    ));
    let docker = [
        "copy",
        "-q",
        &format!("docker-archive:{}", path("docker.tar")),
        &target,
    ];
    assert!(refused(json!({"docker-archive": {"": reject}}), &docker));
}

/// zstd:chunked: frames of their own for each file, and skippable ones behind the archive that describe it (falsely, here).
#[test]
fn zstd_chunked_layers_are_plain_layers() {
    let (registry, (_dir, store)) = (FakeRegistry::start(), new_store());
    let tar = tar_of(&[("a", b"first"), ("b", b"second")]);
    let mut blob = Vec::new();
    for part in tar.chunks(700) {
        blob.extend(zstd::encode_all(part, 3).unwrap());
    }
    let claims = br#"{"version":1,"entries":[{"type":"reg","name":"../../etc/evil","size":1}]}"#;
    for content in [&claims[..], &[0; 64]] {
        blob.extend(0x184d_2a50_u32.to_le_bytes());
        blob.extend(u32::try_from(content.len()).unwrap().to_le_bytes());
        blob.extend(content);
    }
    let mut layer = TestLayer::zstd(&tar);
    layer.blob = blob;
    let mut image = TestImage::new(vec![layer]);
    image.manifest["layers"][0]["annotations"] = json!({
        "io.github.containers.zstd-chunked.manifest-position": "99999999999:1:1:1",
        "io.github.containers.zstd-chunked.manifest-checksum": "sha256:0",
    });
    image.serve(&registry, "1");
    let pulled = pull(&store, &registry).unwrap();
    let files = store.layer_files(&pulled.image.layers[0]);
    assert_eq!(fs::read(files.join("b")).unwrap(), b"second");
    assert_eq!(fs::read_dir(&files).unwrap().count(), 2);
}

/// eStargz: members of their own for each file, an index as the last file of the archive, a footer behind it.
#[test]
fn estargz_layers_are_plain_layers() {
    let (registry, (_dir, store)) = (FakeRegistry::start(), new_store());
    let index = br#"{"version":1,"entries":[{"name":"../../etc/evil","type":"reg","size":1}]}"#;
    let tar = tar_of(&[
        ("a", b"first"),
        (".no.prefetch.landmark", b"\x0f"),
        ("stargz.index.json", index),
    ]);
    let member = |bytes: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        std::io::Write::write_all(&mut encoder, bytes).unwrap();
        encoder.finish().unwrap()
    };
    let mut layer = TestLayer::gzip(&tar);
    layer.blob = tar.chunks(600).flat_map(member).collect();
    // The footer is an empty member with an extra field that says where the index is.
    let extra = b"SG\x16\x00ffffffffffffffffSTARGZ";
    layer.blob.extend([0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, 26, 0]);
    layer.blob.extend(extra);
    layer.blob.extend([1, 0, 0, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0]);
    let mut image = TestImage::new(vec![layer]);
    image.manifest["layers"][0]["annotations"] =
        json!({"containerd.io/snapshot/stargz/toc.digest": Digest::of(index)});
    image.serve(&registry, "1");
    let pulled = pull(&store, &registry).unwrap();
    let files = store.layer_files(&pulled.image.layers[0]);
    assert_eq!(fs::read(files.join("a")).unwrap(), b"first");
}
