//! Registries that are slow, or send to other hosts: what these get, and what they do not.

use std::io::Write;

use corten_imaged::error::{Kind, Result};
use corten_imaged::oci::{Descriptor, Digest};
use corten_imaged::registry::{Content, Repository, Sent, nameless};
use serde_json::json;

use super::fake_registry::{Answer, FakeRegistry};
use super::mirrors::{Machine, certificate};
use super::pulls::{options, reference};
use super::pushes::with;
use super::real_registry::Registry;
use super::test_image::{TestImage, blob_path, manifest_path, noise, two_layers};

/// Serves an image whose layers are at another host, which nobody but the registry knows of.
fn serve_with_layers_at(registry: &FakeRegistry, image: &TestImage, elsewhere: impl Fn(&Digest) -> String) {
    image.serve(registry, "1");
    for layer in &image.layers {
        let place = elsewhere(&layer.digest());
        let answer = Answer::new(307, "").header("Location", place);
        registry.route(blob_path(&layer.digest()), vec![answer]);
    }
}

/// Sends these bytes as a blob.
fn upload(registry: &FakeRegistry, bytes: &[u8]) -> Result<Sent> {
    let mut file = nameless().unwrap();
    file.write_all(bytes).unwrap();
    let descriptor: Descriptor = serde_json::from_value(json!({
        "mediaType": "application/octet-stream", "digest": Digest::of(bytes), "size": bytes.len(),
    }))
    .unwrap();
    let begun = Answer::new(202, "").header("Location", "/upload");
    registry.route("/v2/test/image/blobs/uploads/", vec![begun]);
    let repository = Repository::to_write(&reference(registry, ":1"), None, &options()).unwrap();
    repository.upload(&descriptor, Content { file, offset: 0 })
}

/// The limit of the registry's silence was one of the whole request, which no slow line can keep.
#[test]
fn a_line_may_be_slower_than_silence_is_borne() {
    let registry = FakeRegistry::start();
    registry.route("PUT /upload", vec![Answer::new(201, "")]);
    registry.slow_down(options().stall / 16);
    let sent = upload(&registry, &noise(8 << 20));
    assert_eq!(sent.unwrap(), Sent::Pushed);
    assert_eq!(registry.requests("/upload?").len(), 1, "at once");
}

/// Each attempt brings something: that they are many is no failure.
#[test]
fn a_push_that_gets_on_is_not_given_up() {
    let registry = FakeRegistry::start();
    registry.route("PATCH /upload", vec![Answer::new(503, "")]);
    let arrived = |quarter: usize| {
        let range = format!("0-{}", quarter * (256 << 10) - 1);
        let answer = Answer::new(204, "").header("Location", "/upload");
        answer.header("Range", range)
    };
    registry.route("GET /upload", (1..=4).map(arrived).collect());
    registry.route("PUT /upload", vec![Answer::new(201, "")]);
    assert!(options().attempts < 4);
    // The most that is sent at once, and what arrives in four attempts.
    let sent = upload(&registry, &noise((16 << 20) + (1 << 20)));
    assert_eq!(sent.unwrap(), Sent::Pushed);
    // Without that it ends as it did.
    registry.route("GET /upload", vec![arrived(1)]);
    let sent = upload(&registry, &noise((16 << 20) + (1 << 20)));
    assert_eq!(sent.unwrap_err().kind(), Kind::Network);
}

/// An address without encryption that is no loopback address, and is here all the same.
fn insecure(machine: &Machine, address: &str) -> String {
    let host = format!("0.0.0.0:{}", address.rsplit(':').next().unwrap());
    machine.write(
        "registries.conf",
        &format!("[[registry]]\nlocation = \"{host}\"\ninsecure = true\n"),
    );
    host
}

/// The registry's absolute addresses begin with http, ours began with https.
#[test]
fn a_registry_that_is_called_insecure_is_pushed_to() {
    let (registry, machine) = (Registry::start(), Machine::new());
    let host = insecure(&machine, &registry.address);
    let (name, file) = (format!("{host}/x:1"), machine.path("x.tar"));
    with(&two_layers(), &name).ok(&["save", "-o", file.to_str().unwrap(), &name]);
    machine.ok(&["load", "-i", file.to_str().unwrap()]);
    machine.ok(&["push", "-q", &name]);
    machine.ok(&["rmi", &name]);
    machine.ok(&["pull", "-q", &name]);
}

#[test]
fn the_list_of_a_registry_that_is_called_insecure_is_read_to_its_end() {
    let (registry, machine) = (FakeRegistry::start(), Machine::new());
    let host = insecure(&machine, &registry.host());
    let image = two_layers();
    for tag in ["1", "2"] {
        image.serve(&registry, tag);
    }
    let page = |tag: &str| Answer::new(200, format!("{{\"tags\": [\"{tag}\"]}}"));
    let link = format!("<http://{host}/v2/test/image/tags/list?last=1>; rel=\"next\"");
    registry.route(
        "/v2/test/image/tags/list",
        vec![page("1").header("Link", link), page("2")],
    );
    machine.ok(&["pull", "-q", "--all-tags", &format!("{host}/test/image")]);
    let tags = machine.ok(&["images", "--format", "{{.Tag}}"]);
    let mut tags: Vec<_> = tags.lines().collect();
    tags.sort_unstable();
    assert_eq!(tags, ["1", "2"]);
}

/// What a registry's own headers and logins say is not for the store that it sends to for blobs.
#[test]
fn who_is_sent_to_another_host_takes_no_secret_there() {
    let (registry, store, machine) = (FakeRegistry::start(), FakeRegistry::start(), Machine::new());
    let image = two_layers();
    image.serve(&store, "1");
    serve_with_layers_at(&registry, &image, |digest| {
        format!("http://{}{}", store.host(), blob_path(digest))
    });
    registry.guard("Basic bWU6c2VjcmV0", "Basic realm=\"x\"");
    machine.write(
        "hosts/registry.example/hosts.toml",
        &format!(
            "server = \"http://{}\"\n[header]\nx-api-key = \"KEY\"\n",
            registry.host()
        ),
    );
    let login = json!({"auths": {registry.host(): {"auth": "bWU6c2VjcmV0"}}});
    machine.write(".docker/config.json", &login.to_string());
    machine.ok(&["pull", "-q", "registry.example/test/image:1"]);
    assert!(
        registry
            .requests("/manifests/")
            .iter()
            .all(|request| request.headers["x-api-key"] == "KEY")
    );
    let asked = store.requests("");
    assert_eq!(asked.len(), 2);
    for request in asked {
        let secrets = ["x-api-key", "authorization"];
        assert!(
            secrets.iter().all(|name| !request.headers.contains_key(*name)),
            "{request:?}"
        );
    }
}

/// Anybody who answers in the place of a store could have named himself as the one who knows the password.
#[test]
fn another_hosts_demand_for_the_password_is_not_met() {
    let (registry, store, machine) = (FakeRegistry::start(), FakeRegistry::start(), Machine::new());
    serve_with_layers_at(&registry, &two_layers(), |_| {
        format!("http://{}/v2/blob", store.host())
    });
    store.guard(
        "nothing",
        &format!("Bearer realm=\"http://{}/token\"", store.host()),
    );
    let login = json!({"auths": {registry.host(): {"auth": "bWU6c2VjcmV0"}}});
    machine.write(".docker/config.json", &login.to_string());
    let done = machine.corten(&["pull", "-q", &reference(&registry, ":1").to_string()]);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(!store.requests("/v2/blob").is_empty());
    assert!(store.requests("/token").is_empty(), "{:?}", store.requests(""));
}

/// The client of a registry without encryption trusted nobody, not even for others.
#[test]
fn a_registry_without_encryption_may_have_a_store_with_it() {
    let (registry, machine) = (FakeRegistry::start(), Machine::new());
    let dir = machine.path("");
    certificate(
        &dir,
        "authority",
        &["-addext", "basicConstraints=critical,CA:TRUE"],
    );
    let by = ["-CA", "authority.crt", "-CAkey", "authority.key"];
    let names = ["-addext", "subjectAltName=DNS:localhost", "-addext"];
    let kind = ["basicConstraints=critical,CA:FALSE"];
    certificate(&dir, "server", &[&by[..], &names[..], &kind[..]].concat());
    let secure = Registry::with_tls(&format!(
        "certificate: {0}/server.crt, key: {0}/server.key",
        dir.display()
    ));
    let port = secure.address.rsplit(':').next().unwrap().to_owned();
    let hosts = |name: &str, server: &str| {
        let text = format!("server = \"{server}\"\nca = \"../../authority.crt\"\n");
        machine.write(&format!("hosts/{name}/hosts.toml"), &text);
    };
    hosts("secure.example", &format!("https://localhost:{port}"));
    hosts("plain.example", &format!("http://{}", registry.host()));
    let (image, name) = (two_layers(), "secure.example/x:1");
    let file = machine.path("x.tar");
    with(&image, name).ok(&["save", "-o", file.to_str().unwrap(), name]);
    machine.ok(&["load", "-i", file.to_str().unwrap()]);
    machine.ok(&["push", "-q", name]);
    machine.ok(&["rmi", name]);
    serve_with_layers_at(&registry, &image, |digest| {
        format!("https://localhost:{port}/v2/x/blobs/{digest}")
    });
    machine.ok(&["pull", "-q", "plain.example/test/image:1"]);
    assert_eq!(registry.requests(&manifest_path("1")).len(), 1);
}
