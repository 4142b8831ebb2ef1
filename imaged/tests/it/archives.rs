//! `tag`, `history`, `save` and `load`: what went into an archive comes out of it, ours and others'.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::fake_registry::{Answer, Ending, FakeRegistry};
use super::pulls::{names_in, reference};
use super::sandbox::{HELLO, Sandbox};
use super::test_image::{TestImage, TestLayer, tar_of, two_layers};
use super::transfers::run;
use corten_imaged::image::platform;
use corten_imaged::oci::Digest;
use corten_imaged::store::Store;

/// A sandbox with the test image under `a/b:1`.
fn with_image() -> (Sandbox, TestImage) {
    with(two_layers())
}

fn with(image: TestImage) -> (Sandbox, TestImage) {
    let (registry, sandbox) = (FakeRegistry::start(), Sandbox::new());
    image.serve(&registry, "1");
    let name = reference(&registry, ":1").to_string();
    sandbox.ok(&["pull", "--quiet", &name]);
    sandbox.ok(&["tag", &name, "a/b:1"]);
    sandbox.ok(&["rmi", &name]);
    (sandbox, image)
}

fn skopeo(words: &[&str]) -> String {
    let output = Command::new("skopeo")
        .args(["--insecure-policy"])
        .args(words)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "skopeo {words:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_tag_is_one_more_name_and_can_move() {
    let (sandbox, _) = with_image();
    sandbox.ok(&["tag", "a/b:1", "c"]);
    let id = |name: &str| sandbox.ok(&["images", "--quiet", "--no-trunc", name]);
    assert_eq!(id("c"), id("a/b"));
    sandbox.ok(&["create", HELLO]);
    sandbox.ok(&["tag", HELLO, "c:latest"]);
    assert_eq!(id("c"), id(HELLO));
    let wrong = sandbox.corten(&["tag", "nothing", "x"]);
    assert_eq!(
        (wrong.code, wrong.stderr.contains("No such image: nothing")),
        (Some(1), true)
    );
}

#[test]
fn history_walks_from_the_image_to_its_beginning() {
    let registry = FakeRegistry::start();
    let mut image = TestImage::new(vec![
        TestLayer::gzip(&tar_of(&[("a", b"12345")])),
        TestLayer::gzip(&tar_of(&[("b", b"123")])),
        TestLayer::gzip(&tar_of(&[("c", b"1")])),
    ]);
    let long = "x".repeat(60);
    image.config["history"] = json!([
        {"created": "2026-01-02T03:04:05Z", "created_by": "ADD\tfile"},
        {"created": "2026-01-02T03:04:06Z", "created_by": "CMD [\"/x\"]", "empty_layer": true, "comment": "c"},
        {"created": "2026-01-02T03:04:07Z", "created_by": long},
    ]);
    image.describe();
    image.serve(&registry, "1");
    let sandbox = Sandbox::new();
    let name = reference(&registry, ":1").to_string();
    sandbox.ok(&["pull", "--quiet", &name]);
    let format = "{{.ID}}|{{.CreatedBy}}|{{.Size}}|{{.Comment}}";
    let shown = sandbox.ok(&["history", "--format", format, &name]);
    let id = Digest::of(&image.config_bytes()).short();
    let cut = format!("{}…", "x".repeat(44));
    assert_eq!(
        shown.lines().collect::<Vec<_>>(),
        [
            format!("{id}||1B|"),
            format!("<missing>|{cut}|3B|"),
            "<missing>|CMD [\"/x\"]|0B|c".into(),
            "<missing>|ADD file|5B|".into(),
        ]
    );
    let full = sandbox.ok(&["history", "--no-trunc", "-H=false", &name]);
    assert!(
        full.contains(&long) && full.contains("2026-01-02T03:04:07Z"),
        "{full}"
    );
    assert_eq!(
        sandbox.ok(&["history", "-q", &name]).lines().next(),
        Some(id.as_str())
    );
}

#[test]
fn what_is_saved_is_loaded_byte_for_byte() {
    let (sandbox, image) = with_image();
    sandbox.ok(&["tag", "a/b:1", "a/b:2"]);
    let dir = tempfile::tempdir().unwrap();
    for name in ["one.tar", "two.tar", "three.tar.gz", "four.tar.zst"] {
        let file = dir.path().join(name);
        sandbox.ok(&["save", "-o", path(&file), "a/b"]);
        let other = Sandbox::new();
        let loaded = other.ok(&["load", "-i", path(&file)]);
        assert_eq!(loaded, "Loaded image: a/b:1\nLoaded image: a/b:2");
        let store = Store::open(&other.root()).unwrap();
        let found = store.resolve("a/b:2").unwrap();
        assert_eq!(
            found.manifest,
            image.digest(),
            "the manifest is the one that was pulled"
        );
        assert!(
            image
                .layers
                .iter()
                .all(|layer| store.blob(&layer.digest()).unwrap() == layer.blob)
        );
        assert_eq!(
            fs::read(store.layer_files(&found.layers[1]).join("etc/new")).unwrap(),
            b"new"
        );
    }
    let [one, two] = ["one.tar", "two.tar"].map(|name| fs::read(dir.path().join(name)).unwrap());
    assert!(one == two, "the same bytes each time");
    let output = sandbox.command(&["save", "a/b"]).output().unwrap();
    assert!(output.stdout == one, "the same on standard output");
}

/// As with `-i <(…)`, and with a policy, which asks for the path of an archive.
#[test]
fn an_archive_that_comes_through_a_pipe_is_loaded() {
    let (sandbox, _) = with_image();
    let dir = tempfile::tempdir().unwrap();
    let policy = dir.path().join("policy.json");
    let text = json!({"default": [{"type": "insecureAcceptAnything"}]});
    fs::write(&policy, text.to_string()).unwrap();
    let other = Sandbox::new();
    let mut save = sandbox.command(&["save", "a/b"]);
    let mut save = save.stdout(Stdio::piped()).spawn().unwrap();
    let mut load = other.command(&["load", "-i", "/dev/stdin"]);
    load.env("CORTEN_POLICY", &policy)
        .stdin(save.stdout.take().unwrap());
    let output = load.output().unwrap();
    assert_eq!(output.stdout, b"Loaded image: a/b:1\n", "{output:?}");
    save.wait().unwrap();
}

#[test]
fn skopeo_reads_what_is_saved_in_both_of_its_formats() {
    let (sandbox, image) = with_image();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("saved.tar");
    sandbox.ok(&["save", "-o", path(&file), "a/b:1"]);
    for format in ["oci-archive", "docker-archive"] {
        let config = skopeo(&[
            "inspect",
            "--config",
            "--raw",
            &format!("{format}:{}", path(&file)),
        ]);
        let config: Value = serde_json::from_str(&config).unwrap();
        assert_eq!(config["config"]["Labels"]["a"], "b", "{format}");
    }
    let raw = skopeo(&["inspect", "--raw", &format!("oci-archive:{}", path(&file))]);
    assert_eq!(Digest::of(raw.as_bytes()), image.digest());
}

#[test]
fn archives_of_skopeo_are_loaded() {
    // skopeo of Debian 12 cannot make docker's archives of zstd layers.
    let layers = [tar_of(&[("a", b"1")]), tar_of(&[("b", b"2")])];
    let (sandbox, _) = with(TestImage::new(
        layers.iter().map(|tar| TestLayer::gzip(tar)).collect(),
    ));
    let dir = tempfile::tempdir().unwrap();
    let place = |name: &str| path(&dir.path().join(name)).to_owned();
    let saved = place("saved.tar");
    sandbox.ok(&["save", "-o", &saved, "a/b:1"]);
    let from = format!("oci-archive:{saved}");
    for (to, input, said) in [
        (
            format!("docker-archive:{}:c/d:2", place("docker.tar")),
            "docker.tar",
            "Loaded image: c/d:2",
        ),
        (
            format!("oci-archive:{}:e/f:3", place("oci.tar")),
            "oci.tar",
            "Loaded image: e/f:3",
        ),
        (
            format!("oci:{}:g/h:4", place("layout")),
            "layout",
            "Loaded image: g/h:4",
        ),
    ] {
        skopeo(&["copy", "--quiet", &from, &to]);
        let other = Sandbox::new();
        assert_eq!(other.ok(&["load", "-i", &place(input)]), said);
        let name = said.rsplit(' ').next().unwrap();
        let label = other.ok(&[
            "inspect",
            "--format",
            "{{.Config.Labels.a}} {{len .RootFS.Layers}}",
            name,
        ]);
        assert_eq!(label, "b 2");
    }
}

#[test]
fn umoci_reads_what_is_saved_and_the_other_way_round() {
    let layers = [tar_of(&[("a", b"1")]), tar_of(&[("b", b"2")])];
    let (sandbox, image) = with(TestImage::new(
        layers.iter().map(|tar| TestLayer::gzip(tar)).collect(),
    ));
    let dir = tempfile::tempdir().unwrap();
    let place = |name: &str| path(&dir.path().join(name)).to_owned();
    sandbox.ok(&["save", "-o", &place("saved.tar"), "a/b:1"]);
    fs::create_dir(place("layout")).unwrap();
    run("tar", &["-C", &place("layout"), "-xf", &place("saved.tar")]);
    let source = format!("{}:1", place("layout"));
    run("umoci", &["unpack", "--image", &source, &place("bundle")]);
    assert_eq!(fs::read(place("bundle/rootfs/a")).unwrap(), b"1");
    fs::write(place("bundle/rootfs/c"), "3").unwrap();
    run(
        "umoci",
        &[
            "repack",
            "--image",
            &format!("{}:2", place("layout")),
            &place("bundle"),
        ],
    );
    let other = Sandbox::new();
    let loaded = other.ok(&["load", "-i", &place("layout")]);
    assert_eq!(loaded, "Loaded image: a/b:1\nLoaded image: a/b:2");
    let store = Store::open(&other.root()).unwrap();
    assert_eq!(store.resolve("a/b:1").unwrap().manifest, image.digest());
    let changed = store.resolve("a/b:2").unwrap();
    assert_eq!(
        fs::read(store.layer_files(&changed.layers[2]).join("c")).unwrap(),
        b"3"
    );
}

/// Docker's first format, by hand: nobody writes it any more.
#[test]
fn the_format_before_manifest_json_is_loaded() {
    let mut files = Vec::new();
    for (id, parent, tar) in [
        ("aaaa", "", tar_of(&[("below", b"1")])),
        ("bbbb", "aaaa", tar_of(&[("top", b"2")])),
    ] {
        let description = json!({
            "id": id, "parent": parent, "created": "2015-01-01T00:00:00Z", "architecture": "amd64", "os": "linux",
            "container_config": {"Cmd": ["/bin/sh", "-c", format!("made {id}")]},
            "config": {"Cmd": ["/top"]},
        });
        files.push((format!("{id}/VERSION"), b"1.0".to_vec()));
        files.push((format!("{id}/json"), description.to_string().into_bytes()));
        files.push((format!("{id}/layer.tar"), tar));
    }
    files.push(("repositories".into(), br#"{"old":{"1":"bbbb"}}"#.to_vec()));
    let files: Vec<_> = files
        .iter()
        .map(|(path, bytes)| (path.as_str(), bytes.as_slice()))
        .collect();
    let sandbox = Sandbox::new();
    let loaded = sandbox.with_input(&["load"], &tar_of(&files));
    assert_eq!(loaded.stdout, "Loaded image: old:1\n", "{loaded:?}");
    let history = sandbox.ok(&["history", "--format", "{{.CreatedBy}}", "old:1"]);
    assert_eq!(history, "/bin/sh -c made bbbb\n/bin/sh -c made aaaa");
    assert_eq!(
        sandbox.ok(&["inspect", "--format", "{{index .Config.Cmd 0}}", "old:1"]),
        "/top"
    );
}

#[test]
fn archives_that_lie_are_refused_and_leave_nothing() {
    let config = json!({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [Digest::of(b"x")]}});
    let list = |config: &str, layer: &str| {
        json!([{"Config": config, "RepoTags": ["x:1"], "Layers": [layer]}]).to_string()
    };
    let layer = tar_of(&[("f", b"")]);
    let docker = |list: String| {
        tar_of(&[
            ("c.json", config.to_string().as_bytes()),
            ("l.tar", &layer),
            ("manifest.json", list.as_bytes()),
        ])
    };
    let wrong_blob = {
        let digest = Digest::of(b"other");
        let index = json!({"schemaVersion": 2, "manifests": [
            {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest, "size": 5}]});
        let name = format!("blobs/sha256/{}", digest.hex());
        tar_of(&[
            ("oci-layout", b"{}"),
            ("index.json", index.to_string().as_bytes()),
            (&name, b"wrong"),
        ])
    };
    for (archive, words) in [
        (b"no archive".to_vec(), "ends inside a header"),
        (tar_of(&[("readme", b"")]), "neither an OCI layout nor docker's"),
        (docker(list("c.json", "l.tar")), "uncompressed layer should be"),
        (docker(list("c.json", "m.tar")), "no file \"m.tar\""),
        (docker(list("../c.json", "l.tar")), "no file \"../c.json\""),
        (docker("[".into()), "manifest.json is not valid"),
        (wrong_blob, "the blob should be"),
        (b"\xfd7zXZ\0".to_vec(), "is damaged"),
    ] {
        let sandbox = Sandbox::new();
        let done = sandbox.with_input(&["load"], &archive);
        assert_eq!(done.code, Some(1), "{words}");
        assert!(done.stderr.contains(words), "{words}: {}", done.stderr);
        let store = Store::open(&sandbox.root()).unwrap();
        for directory in ["images", "layers", "blobs/sha256", "tmp"] {
            assert!(names_in(&store, directory).is_empty(), "{words}: {directory}");
        }
    }
}

#[test]
fn nothing_is_saved_to_a_file_that_cannot_be_completed() {
    let (sandbox, image) = with_image();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("out.tar");
    fs::write(&file, "what was there").unwrap();
    let blob = sandbox
        .root()
        .join("blobs/sha256")
        .join(image.layers[0].digest().hex());
    let mut bytes = fs::read(&blob).unwrap();
    bytes[100] ^= 1;
    fs::write(&blob, bytes).unwrap();
    let done = sandbox.corten(&["save", "-o", path(&file), "a/b:1"]);
    assert!(
        done.code == Some(1) && done.stderr.contains("is damaged"),
        "{done:?}"
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), "what was there");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    let closed = sandbox
        .command(&["save", "a/b:1"])
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert_eq!(closed.code(), Some(1));
}

/// Tar lets a path come again, and the last one counts; what comes after it is another file.
#[test]
fn a_path_that_comes_again_in_an_archive_replaces_the_first() {
    let layer = tar_of(&[("f", b"right")]);
    let config = json!({"architecture": "amd64", "os": "linux",
                        "rootfs": {"type": "layers", "diff_ids": [Digest::of(&layer)]}});
    let list = json!([{"Config": "c.json", "RepoTags": ["x:1"], "Layers": ["l.tar"]}]);
    let archive = tar_of(&[
        ("l.tar", b"junk"),
        ("l.tar", &layer),
        ("c.json", config.to_string().as_bytes()),
        ("manifest.json", list.to_string().as_bytes()),
    ]);
    let sandbox = Sandbox::new();
    let done = sandbox.with_input(&["load"], &archive);
    assert_eq!(done.code, Some(0), "{done:?}");
    sandbox.ok(&["system", "check"]);
    let store = Store::open(&sandbox.root()).unwrap();
    assert!(fs::read(store.root().join("blobs/sha256").join(Digest::of(&layer).hex())).unwrap() == layer);
}

/// Root's `save -o /dev/null` once left a file in place of the device.
#[test]
fn a_device_is_written_to_and_not_replaced() {
    let (sandbox, _) = with_image();
    let device = sandbox.root().with_file_name("null");
    let kind = nix::sys::stat::SFlag::S_IFCHR;
    let number = nix::sys::stat::makedev(1, 3);
    nix::sys::stat::mknod(
        &device,
        kind,
        nix::sys::stat::Mode::from_bits_truncate(0o666),
        number,
    )
    .unwrap();
    sandbox.ok(&["save", "-o", path(&device), "a/b:1"]);
    let kept = std::os::unix::fs::MetadataExt::rdev(&fs::symlink_metadata(&device).unwrap());
    assert_eq!(kept, number);
}

/// What a program writes about a file.
fn piped(program: &str, file: &str) -> Vec<u8> {
    Command::new(program).args(["-c", file]).output().unwrap().stdout
}

#[test]
fn every_compression_of_dockers_is_loaded_and_imported() {
    let (sandbox, image) = with_image();
    let dir = tempfile::tempdir().unwrap();
    let plain = path(&dir.path().join("plain.tar")).to_owned();
    sandbox.ok(&["save", "-o", &plain, "a/b"]);
    let files = path(&dir.path().join("files.tar")).to_owned();
    fs::write(&files, tar_of(&[("file", b"content")])).unwrap();
    let mut imported = Vec::new();
    for program in ["cat", "gzip", "zstd", "xz", "bzip2"] {
        let packed = match program {
            "cat" => fs::read(&plain).unwrap(),
            program => piped(program, &plain),
        };
        let other = Sandbox::new();
        let loaded = other.with_input(&["load"], &packed);
        assert_eq!(loaded.stdout, "Loaded image: a/b:1\n", "{program}: {loaded:?}");
        let store = Store::open(&other.root()).unwrap();
        assert_eq!(
            store.resolve("a/b:1").unwrap().manifest,
            image.digest(),
            "{program}"
        );
        let packed = match program {
            "cat" => fs::read(&files).unwrap(),
            program => piped(program, &files),
        };
        assert_eq!(
            other.with_input(&["import", "-", "flat"], &packed).code,
            Some(0),
            "{program}"
        );
        imported.push(other.ok(&["inspect", "--format", "{{.RootFS.Layers}}", "flat"]));
    }
    imported.dedup();
    assert_eq!(imported.len(), 1, "the same files each time: {imported:?}");
}

#[test]
fn archives_are_not_written_in_what_takes_long() {
    let (sandbox, _) = with_image();
    let dir = tempfile::tempdir().unwrap();
    for name in ["x.tar.xz", "x.txz", "x.tar.bz2", "x.tbz2"] {
        let done = sandbox.corten(&["save", "-o", path(&dir.path().join(name)), "a/b"]);
        assert!(
            done.code == Some(1) && done.stderr.contains("are not written as"),
            "{done:?}"
        );
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

/// An image is for one platform: who asks for another gets an error, and nothing happens.
#[test]
fn what_is_asked_for_a_platform_is_for_that() {
    let (sandbox, _) = with_image();
    let host = platform::display(&platform::host());
    let dir = tempfile::tempdir().unwrap();
    let file = path(&dir.path().join("x.tar")).to_owned();
    for words in [
        &["save", "-o", &file, "a/b:1"][..],
        &["history", "a/b:1"],
        &["push", "a/b:1"],
        &["rmi", "a/b:1"],
    ] {
        let with = [&[words[0], "--platform", "linux/s390x"], &words[1..]].concat();
        let done = sandbox.corten(&with);
        assert!(
            done.code == Some(1) && done.stderr.contains("wanted linux/s390x, actual"),
            "{done:?}"
        );
    }
    assert!(!Path::new(&file).exists());
    sandbox.ok(&["history", "--platform", &host, "a/b:1"]);
    sandbox.ok(&[
        "save",
        "--platform",
        &host,
        "-q",
        "-m",
        "--format",
        "oci-archive",
        "-o",
        &file,
        "a/b:1",
    ]);
    let other = Sandbox::new();
    let done = other.corten(&["load", "--platform", "linux/s390x", "-i", &file]);
    assert!(
        done.code == Some(1) && done.stderr.contains("no image for linux/s390x"),
        "{done:?}"
    );
    assert!(Store::open(&other.root()).unwrap().images().unwrap().is_empty());
    assert_eq!(
        other.ok(&["load", "-q", "--platform", &host, "-i", &file]),
        "Loaded image: a/b:1"
    );
    other.ok(&["rmi", "--no-prune", "--platform", &host, "a/b:1"]);
}

#[test]
fn names_are_given_and_taken_as_podman_does_too() {
    let (sandbox, _) = with_image();
    sandbox.ok(&["tag", "a/b:1", "c", "d:2"]);
    let ids = ["a/b:1", "c", "d:2"].map(|name| sandbox.ok(&["images", "-q", name]));
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    sandbox.with_input(&["import", "-"], &tar_of(&[("file", b"content")]));
    let absent = sandbox.corten(&["rmi", "none:1"]);
    assert_eq!(absent.code, Some(1), "{absent:?}");
    assert_eq!(sandbox.ok(&["rmi", "--ignore", "none:1", "d:2"]), "Untagged: d:2");
    sandbox.ok(&["rmi", "--all"]);
    assert_eq!(sandbox.ok(&["images", "-q"]), "");
}

#[test]
fn files_are_imported_from_a_web_server() {
    let (server, sandbox) = (FakeRegistry::start(), Sandbox::new());
    let files = tar_of(&[("file", b"content")]);
    let cut = Answer::new(200, files.clone()).ending(Ending::CutAfter(700));
    server.route("/files.tar", vec![Answer::new(200, files)]);
    server.route(
        "/moved",
        vec![Answer::new(302, "").header("Location", "/files.tar")],
    );
    server.route("/cut", vec![cut]);
    server.route(
        "/circle",
        vec![Answer::new(302, "").header("Location", "/circle")],
    );
    let address = |path: &str| format!("http://me:secret@{}/{path}", server.host());
    let id = sandbox.ok(&[
        "import",
        "--os",
        "linux",
        "--arch",
        "s390x",
        &address("files.tar"),
        "flat:1",
    ]);
    let format = "{{.Id}} {{.Architecture}} {{.Comment}}";
    let shown = sandbox.ok(&["inspect", "--format", format, "flat:1"]);
    assert_eq!(
        shown,
        format!("{id} s390x Imported from http://{}/files.tar", server.host())
    );
    let request = &server.requests("/files.tar")[0];
    assert_eq!(request.headers["authorization"], "Basic bWU6c2VjcmV0");
    sandbox.ok(&["import", &address("moved")]);
    for (path, said) in [
        ("none", "404"),
        ("cut", "get "),
        ("circle", "too many redirections"),
    ] {
        let done = sandbox.corten(&["import", &address(path), "bad:1"]);
        assert!(
            done.code == Some(1) && done.stderr.contains(said),
            "{path}: {done:?}"
        );
        assert!(!done.stderr.contains("secret"), "{path}: {done:?}");
    }
    assert_eq!(sandbox.ok(&["images", "-q", "bad"]), "");
    sandbox.ok(&["system", "check"]);
}

#[test]
fn archives_neither_go_to_a_terminal_nor_come_from_one() {
    let (sandbox, _) = with_image();
    sandbox.ok(&["create", "--name", "box", "a/b:1"]);
    let terminal = || nix::pty::openpty(None, None).unwrap();
    for words in [["save", "a/b:1"], ["export", "box"]] {
        let pty = terminal();
        let done = sandbox.command(&words).stdout(pty.slave).output().unwrap();
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(
            done.status.code() == Some(1) && said.contains("cowardly refusing to save to a terminal"),
            "{done:?}"
        );
    }
    let pty = terminal();
    let done = sandbox.command(&["load"]).stdin(pty.slave).output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(
        done.status.code() == Some(1) && said.contains("requested load from stdin, but stdin is empty"),
        "{done:?}"
    );
}
