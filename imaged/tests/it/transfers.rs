//! `copy` between registries, layouts and archives, `search` and `manifest inspect`; other tools read and write the
//! same things.

use std::fs;
use std::path::Path;
use std::process::Command;

use corten_imaged::image::platform;
use corten_imaged::oci::{Digest, media};
use serde_json::{Value, json};

use super::fake_registry::{Answer, FakeRegistry};
use super::pushes::with;
use super::real_registry::Registry;
use super::sandbox::Sandbox;
use super::test_image::{TestImage, TestLayer, tar_of, two_layers};

pub(crate) fn run(program: &str, words: &[&str]) -> Vec<u8> {
    let done = Command::new(program).args(words).output().unwrap();
    assert!(
        done.status.success(),
        "{program} {words:?}: {}",
        String::from_utf8_lossy(&done.stderr)
    );
    done.stdout
}

pub(crate) fn raw(image: &str) -> Vec<u8> {
    let image = format!("docker://{image}");
    run("skopeo", &["inspect", "--raw", "--tls-verify=false", &image])
}

/// A layout with an index of two platforms, named `two`; returns the index' digest.
pub(crate) fn layout_of_two(directory: &Path) -> Digest {
    let blobs = directory.join("blobs/sha256");
    fs::create_dir_all(&blobs).unwrap();
    let put = |bytes: &[u8]| {
        let digest = Digest::of(bytes);
        fs::write(blobs.join(digest.hex()), bytes).unwrap();
        (digest, bytes.len())
    };
    let mut entries = Vec::new();
    for architecture in [platform::host().architecture, "s390x".to_owned()] {
        let text = format!("for {architecture}");
        let mut image = TestImage::new(vec![TestLayer::gzip(&tar_of(&[("what", text.as_bytes())]))]);
        image.config["architecture"] = architecture.clone().into();
        image.describe();
        put(&image.layers[0].blob);
        put(&image.config_bytes());
        let (digest, size) = put(&image.manifest_bytes());
        entries.push(json!({
            "mediaType": media::OCI_MANIFEST, "digest": digest, "size": size,
            "platform": {"os": "linux", "architecture": architecture},
        }));
    }
    let index = json!({"schemaVersion": 2, "mediaType": media::OCI_INDEX, "manifests": entries});
    let (digest, size) = put(index.to_string().as_bytes());
    let named = json!({
        "mediaType": media::OCI_INDEX, "digest": digest, "size": size,
        "annotations": {"org.opencontainers.image.ref.name": "two"},
    });
    let index = json!({"schemaVersion": 2, "manifests": [named]});
    fs::write(directory.join("index.json"), index.to_string()).unwrap();
    fs::write(directory.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
    digest
}

/// What is another image was put under its own digest, and that was called a success.
#[test]
fn a_digest_as_the_target_is_the_images_own() {
    let (registry, sandbox, dir) = (Registry::start(), Sandbox::new(), tempfile::tempdir().unwrap());
    let digest = layout_of_two(dir.path());
    let from = format!("oci:{}:two", dir.path().display());
    let copy = |name: &str| {
        let to = format!("docker://{}", registry.image(name));
        sandbox.corten(&["copy", "--all", &from, &to])
    };
    for name in ["a@", "a:1@"] {
        let refused = copy(&format!("{name}{}", Digest::of(b"other")));
        assert_eq!(refused.code, Some(1), "{refused:?}");
        assert!(refused.stderr.contains("the manifest should be"), "{refused:?}");
        let done = copy(&format!("{name}{digest}"));
        assert_eq!(done.code, Some(0), "{done:?}");
    }
}

#[test]
fn an_index_goes_round_through_everything_byte_for_byte() {
    let (registry, sandbox, dir) = (Registry::start(), Sandbox::new(), tempfile::tempdir().unwrap());
    let place = |transport: &str, name: &str| format!("{transport}:{}", dir.path().join(name).display());
    let digest = layout_of_two(&dir.path().join("first")).to_string();
    let docker = |name: &str| format!("docker://{}", registry.image(name));
    let steps = [
        place("oci", "first:two"),
        docker("a:1"),
        docker("b/c:2"),
        place("oci-archive", "x.tar:again"),
        place("oci", "second:1"),
        place("dir", "plain"),
        docker("d:1"),
    ];
    for pair in steps.windows(2) {
        let said = sandbox.ok(&["copy", "--all", &pair[0], &pair[1]]);
        assert!(said.ends_with(&digest), "{pair:?}: {said}");
    }
    assert_eq!(raw(&registry.image("d:1")), raw(&registry.image("a:1")));
    assert!(!sandbox.root().exists(), "the store is not touched");
    // The blobs of the second repository were not sent.
    let again = sandbox.ok(&["copy", "--all", &docker("a:1"), &docker("e:1")]);
    assert_eq!(again.matches("is there already").count(), 4, "{again}");

    // skopeo reads each of them.
    let copied = format!("{}:s", place("oci", "skopeo"));
    for source in [
        &steps[2],
        &place("oci-archive", "x.tar:again"),
        &place("oci", "second:1"),
        &steps[5],
    ] {
        fs::remove_dir_all(dir.path().join("skopeo")).ok();
        let words = ["copy", "--all", "--src-tls-verify=false", source, &copied];
        run("skopeo", &words);
        let index: Value =
            serde_json::from_slice(&fs::read(dir.path().join("skopeo/index.json")).unwrap()).unwrap();
        assert_eq!(index["manifests"][0]["digest"], digest.as_str(), "{source}");
    }
    // Only this machine's part of it.
    let said = sandbox.ok(&["copy", &docker("a:1"), &docker("one:1")]);
    assert!(!said.contains(&digest), "{said}");
    let one: Value = serde_json::from_slice(&raw(&registry.image("one:1"))).unwrap();
    assert_eq!(one["mediaType"], media::OCI_MANIFEST);
    let other = sandbox.ok(&[
        "copy",
        "-q",
        "--platform",
        "linux/s390x",
        &docker("a:1"),
        &docker("one:2"),
    ]);
    assert_ne!(said.lines().last().unwrap(), other);

    let manifest = sandbox.ok(&["manifest", "inspect", &registry.image("a:1")]);
    let theirs: Value = serde_json::from_slice(&raw(&registry.image("a:1"))).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&manifest).unwrap(), theirs);
    assert!(manifest.starts_with("{\n\t\""), "{manifest}");
    let all: Value =
        serde_json::from_str(&sandbox.ok(&["manifest", "inspect", "-v", &registry.image("a:1")])).unwrap();
    assert_eq!(all[1]["Descriptor"]["platform"]["architecture"], "s390x");
    assert_eq!(all[1]["OCIManifest"]["schemaVersion"], 2);
    let one: Value =
        serde_json::from_str(&sandbox.ok(&["manifest", "inspect", "-v", &registry.image("one:1")])).unwrap();
    assert_eq!(one["Ref"], registry.image("one:1"));
    assert_eq!(one["Descriptor"]["platform"]["os"], "linux");
    let absent = sandbox.corten(&["manifest", "inspect", &registry.image("none:1")]);
    let words = format!("Error: no such manifest: {}\n", registry.image("none:1"));
    assert!(
        absent.code == Some(1) && absent.stderr.starts_with(&words),
        "{absent:?}"
    );
}

/// What docker's own format needs: written for `docker load` and `podman load`, read from `podman save`'s and ours.
#[test]
fn dockers_archives_are_written_and_read() {
    let (registry, dir) = (Registry::start(), tempfile::tempdir().unwrap());
    let name = registry.image("x:1");
    let layers = ["one", "two"].map(|name| TestLayer::gzip(&tar_of(&[(name, name.as_bytes())])));
    let sandbox = with(&TestImage::new(layers.to_vec()), &name);
    sandbox.ok(&["push", "-q", &name]);
    let file = dir.path().join("x.tar");
    let archive = format!("docker-archive:{}", file.display());
    let docker = format!("docker://{name}");
    sandbox.ok(&["copy", &docker, &archive]);
    let taken = sandbox.corten(&["copy", &docker, &archive]);
    assert!(taken.stderr.contains("exists already"), "{taken:?}");
    let other = Sandbox::new();
    let loaded = other.ok(&["load", "-i", file.to_str().unwrap()]);
    assert!(loaded.contains(&format!("Loaded image: {name}")), "{loaded}");
    let ours: Value = serde_json::from_slice(&run("skopeo", &["inspect", &archive])).unwrap();
    assert_eq!(ours["Layers"].as_array().unwrap().len(), 2);

    // One that skopeo wrote, and the same compressed.
    let theirs = dir.path().join("skopeo.tar");
    let target = format!("docker-archive:{}:t.example/x:2", theirs.display());
    run("skopeo", &["copy", "--src-tls-verify=false", &docker, &target]);
    run("gzip", &["--keep", theirs.to_str().unwrap()]);
    let from = |name: &str| format!("docker-archive:{}", dir.path().join(name).display());
    let first = sandbox.ok(&[
        "copy",
        "-q",
        &from("skopeo.tar"),
        &format!("docker://{}", registry.image("y:1")),
    ]);
    let second = sandbox.ok(&[
        "copy",
        "-q",
        &from("skopeo.tar.gz"),
        &format!("docker://{}", registry.image("y:2")),
    ]);
    assert_eq!(first, second);
    other.ok(&["pull", "-q", &registry.image("y:1")]);
    let id = |name: &str| other.ok(&["inspect", "--format", "{{.Id}}", name]);
    assert_eq!(id(&registry.image("y:1")), id(&name), "the configuration stays");
    assert_eq!(
        fs::read_dir(dir.path()).unwrap().count(),
        3,
        "nothing half-made stays"
    );
}

/// A blob that is not what it should be ends a copy; nothing under the target's name is there.
#[test]
fn what_is_damaged_or_hostile_is_not_copied() {
    let (sandbox, dir) = (Sandbox::new(), tempfile::tempdir().unwrap());
    let layout = dir.path().join("layout");
    layout_of_two(&layout);
    let source = format!("oci:{}:two", layout.display());
    let target = dir.path().join("out.tar");
    let copy = || {
        sandbox.corten(&[
            "copy",
            "--all",
            &source,
            &format!("oci-archive:{}", target.display()),
        ])
    };
    let absent = sandbox.corten(&["copy", &format!("oci:{}:three", layout.display()), "dir:/none/x"]);
    assert!(
        absent.stderr.contains("no such image") && absent.stderr.contains("there is: two"),
        "{absent:?}"
    );

    let some = fs::read_dir(layout.join("blobs/sha256")).unwrap();
    let gzip = some
        .map(|entry| entry.unwrap().path())
        .find(|path| fs::read(path).unwrap().starts_with(&[0x1f, 0x8b]))
        .unwrap();
    let good = fs::read(&gzip).unwrap();
    let mut wrong = good.clone();
    wrong[20] ^= 1;
    fs::write(&gzip, wrong).unwrap();
    let done = copy();
    assert!(
        done.code == Some(1) && done.stderr.contains("the blob should be sha256:"),
        "{done:?}"
    );
    // A link that leads out, with the right content behind it.
    let outside = dir.path().join("outside");
    fs::write(&outside, &good).unwrap();
    fs::remove_file(&gzip).unwrap();
    std::os::unix::fs::symlink(&outside, &gzip).unwrap();
    let done = copy();
    assert!(
        done.code == Some(1) && done.stderr.contains("too many symbolic links"),
        "{done:?}"
    );
    assert_eq!(
        fs::read_dir(dir.path()).unwrap().count(),
        2,
        "nothing half-made stays"
    );
    fs::remove_file(&gzip).unwrap();
    fs::rename(&outside, &gzip).unwrap();
    assert_eq!(copy().code, Some(0));
}

#[test]
fn search_asks_the_search_or_reads_the_catalog() {
    let (registry, sandbox) = (Registry::start(), Sandbox::new());
    let name = registry.image("team/tool:1");
    with(&two_layers(), &name).ok(&["push", "-q", &name]);
    let found = sandbox.ok(&["search", &registry.image("tool")]);
    let mut lines = found.lines();
    assert!(lines.next().unwrap().starts_with("NAME"), "{found}");
    assert!(
        lines.next().unwrap().starts_with(&registry.image("team/tool")),
        "{found}"
    );
    assert_eq!(
        sandbox.ok(&["search", "--format", "{{.Name}}", &registry.image("absent")]),
        ""
    );

    let fake = FakeRegistry::start();
    let results = json!({"results": [
        {"name": "one", "description": "the first of\ntwo, with a description that goes on and on", "star_count": 7,
         "is_official": true, "is_automated": false},
        {"name": "two", "description": null, "star_count": 3, "is_official": false, "is_automated": false},
    ]});
    fake.route("/v1/search", vec![Answer::new(200, results.to_string())]);
    let term = format!("{}/o", fake.host());
    let found = sandbox.ok(&["search", "--limit", "5", &term]);
    let row = found.lines().nth(1).unwrap();
    for cell in ["one   ", "   the first of two, with", "…   7   ", "[OK]"] {
        assert!(row.contains(cell), "{cell}: {row}");
    }
    assert!(fake.requests("/v1/search?q=o&n=5").len() == 1);
    assert_eq!(
        sandbox.ok(&["search", "-f", "stars=5", "--format", "{{.Name}}", &term]),
        "one"
    );
    assert_eq!(
        sandbox.ok(&[
            "search",
            "-f",
            "is-official=false",
            "--format",
            "{{.Name}}",
            &term
        ]),
        "two"
    );
    let wrong = sandbox.corten(&["search", "--limit", "101", &term]);
    assert!(
        wrong
            .stderr
            .contains("limit 101 is outside the range of [1, 100]"),
        "{wrong:?}"
    );
}
