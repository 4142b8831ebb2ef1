//! `push`, against Debian's docker-registry: what it gets is what was pulled, and only what it lacks.

use std::fs;
use std::process::Command;

use super::fake_registry::{Answer, FakeRegistry};
use super::pulls::{names_in, reference};
use super::real_registry::Registry;
use super::sandbox::{HELLO, Sandbox};
use super::test_image::{TestImage, TestLayer, noise, tar_of, two_layers};
use corten_imaged::oci::Digest;
use corten_imaged::store::Store;

/// A sandbox with the image under this name.
pub(crate) fn with(image: &TestImage, name: &str) -> Sandbox {
    let (source, sandbox) = (FakeRegistry::start(), Sandbox::new());
    image.serve(&source, "1");
    let pulled = reference(&source, ":1").to_string();
    sandbox.ok(&["pull", "--quiet", &pulled]);
    sandbox.ok(&["tag", &pulled, name]);
    sandbox
}

#[test]
fn what_was_pulled_is_pushed_byte_for_byte_and_once() {
    let (registry, image) = (Registry::start(), two_layers());
    let name = registry.image("a/b:1");
    let sandbox = with(&image, &name);
    let said = sandbox.ok(&["push", &name]);
    assert!(
        said.starts_with(&format!(
            "The push refers to repository [{}]",
            registry.image("a/b")
        )),
        "{said}"
    );
    assert_eq!(said.matches(": Pushed").count(), 2, "{said}");
    let length = image.manifest_bytes().len();
    assert!(
        said.ends_with(&format!("1: digest: {} size: {length}", image.digest())),
        "{said}"
    );
    let again = sandbox.ok(&["push", &name]);
    assert_eq!(again.matches(": Layer already exists").count(), 2, "{again}");

    let elsewhere = registry.image("c:2");
    sandbox.ok(&["tag", &name, &elsewhere]);
    let mounted = sandbox.ok(&["push", &elsewhere]);
    assert_eq!(mounted.matches(": Mounted from a/b").count(), 2, "{mounted}");

    let digest = format!("{}@{}", registry.image("c"), image.digest());
    let other = Sandbox::new();
    assert_eq!(other.ok(&["pull", "--quiet", &digest]), digest);
    let digests = sandbox.ok(&["inspect", "--format", "{{json .RepoDigests}}", &name]);
    assert!(digests.contains(&digest), "{digests}");
    let raw = Command::new("skopeo")
        .args([
            "inspect",
            "--raw",
            "--tls-verify=false",
            &format!("docker://{name}"),
        ])
        .output()
        .unwrap();
    assert_eq!(Digest::of(&raw.stdout), image.digest());
}

/// In chunks, of which the last is not whole.
#[test]
fn a_large_layer_is_pushed_in_pieces() {
    let registry = Registry::start();
    let image = TestImage::new(vec![TestLayer::gzip(&tar_of(&[("large", &noise(40 << 20))]))]);
    let name = registry.image("large:latest");
    let sandbox = with(&image, &name);
    sandbox.ok(&["push", "--quiet", &name]);
    let other = Sandbox::new();
    other.ok(&["pull", "--quiet", &name]);
    let store = Store::open(&other.root()).unwrap();
    assert_eq!(store.resolve(&name).unwrap().manifest, image.digest());
}

/// The built-in image came as plain tar: it is compressed once, and has the registry's manifest from then on.
#[test]
fn plain_layers_are_compressed_for_the_registry() {
    let (registry, sandbox) = (Registry::start(), Sandbox::new());
    sandbox.ok(&["create", HELLO]);
    let names = [registry.image("hello:1"), registry.image("hello:2")];
    for name in &names {
        sandbox.ok(&["tag", HELLO, name]);
    }
    let said = sandbox.ok(&["push", "--all-tags", &registry.image("hello")]);
    assert_eq!(said.matches(": Pushed").count(), 1, "{said}");
    assert_eq!(said.matches(": Layer already exists").count(), 1, "{said}");
    let store = Store::open(&sandbox.root()).unwrap();
    let image = store.resolve(&names[0]).unwrap();
    let layer = &store.manifest(&image).unwrap().layers[0];
    assert!(layer.media_type.ends_with("tar+gzip"));
    assert!(names_in(&store, "tmp").is_empty());
    let other = Sandbox::new();
    assert_eq!(
        other.ok(&["run", "--quiet", "--rm", &names[1], "bytes", "3"]),
        "abc"
    );
}

#[test]
fn credentials_are_those_of_dockers_configuration() {
    let dir = tempfile::tempdir().unwrap();
    let registry = Registry::with_passwords();
    let name = registry.image("private:1");
    let sandbox = with(&two_layers(), &name);
    let push = |config: &str| {
        fs::write(dir.path().join("config.json"), config).unwrap();
        sandbox
            .command(&["push", &name])
            .env("DOCKER_CONFIG", dir.path())
            .output()
            .unwrap()
    };
    let refused = push("{}");
    let text = String::from_utf8(refused.stderr).unwrap();
    assert!(
        text.contains("denied: requested access to the resource is denied"),
        "{text}"
    );
    let login = format!(
        "{{\"auths\": {{\"{}\": {{\"auth\": \"bWU6c2VjcmV0\"}}}}}}",
        registry.address
    );
    assert!(push(&login).status.success());
}

#[test]
fn a_registry_that_refuses_is_quoted() {
    let registry = FakeRegistry::start();
    let name = format!("{}/x:1", registry.host());
    let sandbox = with(&two_layers(), &name);
    let uploads = "/v2/x/blobs/uploads/";
    for (answer, words) in [
        (
            Answer::new(
                405,
                r#"{"errors":[{"code":"UNSUPPORTED","message":"this is a mirror"}]}"#,
            ),
            "this is a mirror",
        ),
        (
            Answer::new(202, "").header("Location", "ftp://elsewhere/"),
            "as the place for an upload",
        ),
        (Answer::new(202, ""), "None as the place for an upload"),
    ] {
        registry.route(uploads, vec![answer]);
        let done = sandbox.corten(&["push", &name]);
        assert!(
            done.code == Some(1) && done.stderr.contains(words),
            "{words}: {done:?}"
        );
    }
    let absent = sandbox.corten(&["push", "nothing:1"]);
    assert!(absent.stderr.contains("does not exist locally"), "{absent:?}");
}
