//! Bad input for the image manager: hostile archives, wrong digests, registries that lie, stall or break off. Each gives
//! a clear error, leaves nothing half-made behind, and does not spoil the store for the next pull.

use corten_conformance::engine::{Engine, probe_image};
use corten_conformance::fault::{Fault, Server, Target};
use corten_conformance::layout::{Entry, Format, Image, Packing, archive, digest};
use corten_conformance::{Case, Out};
use serde_json::{Value, json};
use std::fs;
use tar::EntryType;

/// A pull that must fail with one of these words in its message.
#[track_caller]
fn refused(name: &str, image: Image, target: Target, fault: Fault, words: &[&str]) {
    let case = Case::new();
    let engine = Engine::new(&case);
    let server = Server::start(image, target, fault);
    let out = engine.verb(&["pull", &server.image()]).deadline(100).fails();
    println!("{name}: {}", out.err().trim());
    let said = out.err().to_lowercase();
    assert!(
        words.iter().any(|w| said.contains(&w.to_lowercase())),
        "{name}: none of {words:?} in {out:?}"
    );
    nothing_is_left(name, &engine, &case, &out);
}

#[track_caller]
fn nothing_is_left(name: &str, engine: &Engine<'_>, case: &Case, out: &Out) {
    assert_eq!(
        engine.verb(&["images", "--all", "--quiet"]).ok().out(),
        "",
        "{name}: an image after {out:?}"
    );
    let layers = fs::read_dir(case.path("store/layers"))
        .into_iter()
        .flatten()
        .flatten();
    let layers: Vec<_> = layers.map(|e| e.path()).collect();
    assert!(layers.is_empty(), "{name}: layers are left: {layers:?}");
    let good = Server::start(probe_image(&json!({})), Target::Manifest, Fault::None);
    engine.pull(&good.image());
    engine.verb(&["run", "--rm", &good.image()]).ok();
}

fn tiny() -> Image {
    with_layer(archive(&[
        Entry::dir("etc/"),
        Entry::file("etc/file", "x".repeat(5000)),
    ]))
}

fn with_layer(layer: Vec<u8>) -> Image {
    Image::new(Format::Oci, Packing::Gzip, &[layer], json!({"Cmd": ["/x"]}))
}

fn with_manifest(change: impl FnOnce(&mut Value)) -> Image {
    let mut image = tiny();
    change(&mut image.manifest);
    image
}

/// Replaces the configuration.
fn with_config(config: &Value) -> Image {
    let mut image = tiny();
    let kind = image.manifest["config"]["mediaType"]
        .as_str()
        .expect("a media type")
        .to_owned();
    image.manifest["config"] = image.add(&kind, config.to_string().into_bytes());
    image
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn lying_manifests() {
    let zeros = format!("sha256:{}", "0".repeat(64));
    let wrong_type = "application/vnd.oci.image.index.v1+json";
    let table: Vec<(&str, Image, &[&str])> = vec![
        ("no JSON", with_manifest(|m| *m = json!("text")), &["manifest"]),
        (
            "an empty object",
            with_manifest(|m| *m = json!({})),
            &["manifest", "mediatype"],
        ),
        (
            "schema version 1",
            with_manifest(|m| m["schemaVersion"] = json!(1)),
            &["schema"],
        ),
        (
            "media type of an index",
            with_manifest(|m| m["mediaType"] = json!(wrong_type)),
            &["media type", "mediatype", "manifest"],
        ),
        (
            "both manifest and index",
            with_manifest(|m| m["manifests"] = json!([])),
            &["manifest"],
        ),
        (
            "no config",
            with_manifest(|m| _ = m.as_object_mut().expect("an object").remove("config")),
            &["config"],
        ),
        (
            "layers are no list",
            with_manifest(|m| m["layers"] = json!({})),
            &["layers", "manifest"],
        ),
        (
            "a layer that is not there",
            with_manifest(|m| m["layers"][0]["digest"] = json!(zeros)),
            &["404", "not found"],
        ),
        (
            "a config that is not there",
            with_manifest(|m| m["config"]["digest"] = json!(zeros)),
            &["404", "not found"],
        ),
        (
            "a digest that is none",
            with_manifest(|m| m["layers"][0]["digest"] = json!("sha256:../../etc")),
            &["digest"],
        ),
        (
            "a digest of no algorithm",
            with_manifest(|m| m["layers"][0]["digest"] = json!("md5:00")),
            &["digest"],
        ),
        (
            "a negative size",
            with_manifest(|m| m["layers"][0]["size"] = json!(-1)),
            &["size", "manifest"],
        ),
        (
            "a size that is too small",
            with_manifest(|m| m["layers"][0]["size"] = json!(3)),
            &["size", "bytes"],
        ),
        (
            "a size that is too large",
            with_manifest(|m| m["layers"][0]["size"] = json!(999_999)),
            &["size", "bytes"],
        ),
        (
            "an unknown layer type",
            with_manifest(|m| m["layers"][0]["mediaType"] = json!("text/plain")),
            &["text/plain"],
        ),
        (
            "one layer too many",
            with_manifest(|m| m["layers"] = json!([m["layers"][0], m["layers"][0]])),
            &["diff", "layers"],
        ),
    ];
    for (name, image, words) in table {
        refused(name, image, Target::Manifest, Fault::None, words);
    }
}

#[test]
fn lying_configurations() {
    let base =
        |rootfs: Value| json!({"architecture": "amd64", "os": "linux", "config": {}, "rootfs": rootfs});
    let wrong = format!("sha256:{}", "1".repeat(64));
    let table = [
        (
            "a wrong diff ID",
            base(json!({"type": "layers", "diff_ids": [wrong]})),
            "uncompressed layer should be",
        ),
        (
            "no diff IDs",
            base(json!({"type": "layers", "diff_ids": []})),
            "configuration describes",
        ),
        (
            "no rootfs",
            json!({"architecture": "amd64", "os": "linux"}),
            "rootfs",
        ),
        (
            "a list as env",
            json!({"architecture": "amd64", "os": "linux", "config": {"Env": "A=b"},
            "rootfs": {"type": "layers", "diff_ids": [wrong]}}),
            "config",
        ),
    ];
    for (name, config, word) in table {
        refused(name, with_config(&config), Target::Manifest, Fault::None, &[word]);
    }
}

#[test]
fn lying_and_breaking_registries() {
    use Target::{Config, Layer, Manifest};
    let endless: &[&str] = &["size", "bytes", "large", "limit"];
    let table: Vec<(&str, Target, Fault, &[&str])> = vec![
        ("a corrupt layer", Layer, Fault::Corrupt, &["digest", "damaged"]),
        ("a corrupt config", Config, Fault::Corrupt, &["should be sha256"]),
        (
            "another layer",
            Layer,
            Fault::Replace(b"not what was asked for".to_vec()),
            &["digest", "size", "bytes", "damaged"],
        ),
        (
            "a layer cut off for ever",
            Layer,
            Fault::Cut {
                after: 0,
                times: 1000,
            },
            &["bytes", "connection", "body", "broke"],
        ),
        ("a config without end", Config, Fault::Endless, endless),
        ("a manifest without end", Manifest, Fault::Endless, endless),
        (
            "a manifest that is HTML",
            Manifest,
            Fault::Replace(b"<html>log in</html>".to_vec()),
            &["manifest", "json"],
        ),
        (
            "a manifest of another type",
            Manifest,
            Fault::ContentType("text/html"),
            &["text/html", "media type"],
        ),
        (
            "not found",
            Manifest,
            status("404 Not Found"),
            &["not found", "404"],
        ),
        (
            "unauthorized",
            Manifest,
            status("401 Unauthorized"),
            &["unauthorized", "401", "denied"],
        ),
        (
            "forbidden",
            Layer,
            status("403 Forbidden"),
            &["forbidden", "403", "denied"],
        ),
        (
            "server error for ever",
            Manifest,
            status("500 Internal Server Error"),
            &["500"],
        ),
        ("a redirect in circles", Layer, Fault::RedirectLoop, &["redirect"]),
        (
            "a layer shorter than announced",
            Layer,
            Fault::TooLong(1000),
            &["bytes", "size", "body", "connection"],
        ),
    ];
    for (name, target, fault, words) in table {
        refused(name, tiny(), target, fault, words);
    }
}

fn status(line: &'static str) -> Fault {
    Fault::Status {
        line,
        times: u32::MAX,
        headers: "",
    }
}

#[test]
fn a_passing_trouble_is_overcome() {
    use Target::{Layer, Manifest};
    let busy = |line, headers| Fault::Status {
        line,
        times: 1,
        headers,
    };
    let table = [
        ("unavailable once", Manifest, busy("503 Service Unavailable", "")),
        (
            "too many requests once",
            Layer,
            busy("429 Too Many Requests", "Retry-After: 0\r\n"),
        ),
        ("broken off twice", Layer, Fault::Cut { after: 50, times: 2 }),
    ];
    for (name, target, fault) in table {
        let case = Case::new();
        let engine = Engine::new(&case);
        let server = Server::start(tiny(), target, fault);
        engine.pull(&server.image());
        println!("{name}: {:?}", server.requests());
    }
}

/// A layer that must be refused, or unpacked without touching anything outside.
#[track_caller]
fn harmless(name: &str, layer: Vec<u8>) {
    let case = Case::new();
    let engine = Engine::new(&case);
    let server = Server::start(with_layer(layer), Target::Manifest, Fault::None);
    let out = engine.verb(&["pull", &server.image()]).run();
    println!("{name}: {} {}", out.status, out.err().trim());
    assert!(
        out.status.code().is_some_and(|c| c == 0 || c == 1 || c == 125),
        "{name}: {out:?}"
    );
    assert!(!out.err().contains("panicked"), "{name}: {out:?}");
    assert!(!case.path(ESCAPED).exists(), "{name}: escaped");
    let roots = ["/", "/etc", "/tmp", "/root", "/dev"];
    assert!(
        roots
            .iter()
            .all(|dir| !fs::exists(format!("{dir}/{ESCAPED}")).unwrap_or(true)),
        "{name}: escaped"
    );
    if !out.status.success() {
        assert!(!out.stderr.is_empty(), "{name}: a failure without a word");
        nothing_is_left(name, &engine, &case, &out);
    }
}

const ESCAPED: &str = "corten-escaped";

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn archives_that_climb_out() {
    let up = "../".repeat(12);
    let out = |prefix: &str| format!("{prefix}{ESCAPED}");
    let table: Vec<(&str, Vec<Entry>)> = vec![
        ("..", vec![Entry::file(&out("../"), "x")]),
        ("many ..", vec![Entry::file(&out(&up), "x")]),
        (
            ".. in the middle",
            vec![Entry::dir("a/"), Entry::file(&out(&format!("a/{up}tmp/")), "x")],
        ),
        ("absolute", vec![Entry::file(&out("/tmp/"), "x")]),
        (
            "through a symlink",
            vec![Entry::symlink("out", "/tmp"), Entry::file(&out("out/"), "x")],
        ),
        (
            "through a relative symlink",
            vec![Entry::symlink("out", &up), Entry::file(&out("out/tmp/"), "x")],
        ),
        (
            "through two symlinks",
            vec![
                Entry::symlink("one", "/"),
                Entry::symlink("two", "one/tmp"),
                Entry::file(&out("two/"), "x"),
            ],
        ),
        (
            "a directory through a symlink",
            vec![Entry::symlink("out", "/tmp"), Entry::dir(&out("out/"))],
        ),
        (
            "a symlink over a symlink",
            vec![
                Entry::symlink("out", "/tmp"),
                Entry::symlink(&out("out/"), "/etc/passwd"),
            ],
        ),
        ("a hard link out", vec![Entry::hard_link("shadow", "/etc/shadow")]),
        (
            "a hard link up",
            vec![Entry::hard_link("shadow", &format!("{up}etc/shadow"))],
        ),
        (
            "a hard link through a symlink",
            vec![
                Entry::symlink("etc", "/etc"),
                Entry::hard_link("shadow", "etc/shadow"),
            ],
        ),
        (
            "write through a hard link",
            vec![
                Entry::symlink("s", &format!("/tmp/{ESCAPED}")),
                Entry::hard_link("h", "s"),
                Entry::file("h", "x"),
            ],
        ),
        ("a whiteout up", vec![Entry::file("../.wh.file", "")]),
        (
            "a whiteout of everything",
            vec![Entry::file(".wh..", ""), Entry::file(".wh...", "")],
        ),
        ("a whiteout without a name", vec![Entry::file(".wh.", "")]),
        (
            "a whiteout through a symlink",
            vec![Entry::symlink("out", "/tmp"), Entry::file("out/.wh.x", "")],
        ),
        (
            "an opaque marker through a symlink",
            vec![Entry::symlink("out", "/tmp"), Entry::file("out/.wh..wh..opq", "")],
        ),
        (
            "a device through a symlink",
            vec![
                Entry::symlink("out", "/tmp"),
                Entry::special(&out("out/"), EntryType::Char),
            ],
        ),
        (
            "the root as a symlink",
            vec![Entry::symlink("./", "/tmp"), Entry::file(ESCAPED, "x")],
        ),
        ("the root as a file", vec![Entry::file("./", "x")]),
        ("no name", vec![Entry::file("", "x")]),
    ];
    for (name, entries) in table {
        harmless(name, archive(&entries));
    }
}

#[test]
fn a_hard_link_never_reaches_a_file_of_the_host() {
    let case = Case::new();
    let engine = Engine::new(&case);
    let secret = case.file("secret", "secret");
    let target = secret.display().to_string();
    for target in [
        target.clone(),
        format!("{}{target}", "..".to_owned() + &"/..".repeat(12)),
    ] {
        let layer = archive(&[Entry::hard_link("stolen", &target)]);
        let server = Server::start(with_layer(layer), Target::Manifest, Fault::None);
        engine.verb(&["pull", &server.image()]).run();
        let links = std::os::unix::fs::MetadataExt::nlink(&fs::metadata(&secret).expect("the file"));
        assert_eq!(links, 1, "{target}");
    }
}

#[test]
fn broken_archives() {
    let whole = archive(&[Entry::dir("d/"), Entry::file("d/file", "x".repeat(100_000))]);
    let mut bad_checksum = whole.clone();
    bad_checksum[3] ^= 1;
    let mut bad_size = whole.clone();
    bad_size[512 + 124..512 + 135].copy_from_slice(b"77777777777");
    let table: Vec<(&str, Vec<u8>, &[&str])> = vec![
        (
            "cut off in a file",
            whole[..20_000].to_vec(),
            &["archive", "tar", "eof", "end", "truncated"],
        ),
        (
            "cut off in a header",
            whole[..700].to_vec(),
            &["archive", "tar", "eof", "end", "truncated", "header"],
        ),
        (
            "a wrong checksum",
            bad_checksum,
            &["checksum", "cksum", "header", "archive"],
        ),
        (
            "a size beyond the end",
            bad_size,
            &["archive", "tar", "eof", "end", "truncated", "size"],
        ),
        (
            "noise",
            (0..4096_u32).map(|i| (i * 7 % 251).to_le_bytes()[0]).collect(),
            &["archive", "tar", "header", "checksum"],
        ),
    ];
    for (name, layer, words) in table {
        refused(name, with_layer(layer), Target::Manifest, Fault::None, words);
    }
}

#[test]
fn broken_compression() {
    let layer = archive(&[Entry::file("file", "x".repeat(100_000))]);
    for (name, packing) in [("gzip", Packing::Gzip), ("zstd", Packing::Zstd)] {
        let mut image = Image::new(Format::Oci, packing, std::slice::from_ref(&layer), json!({}));
        let blob = image.blobs[&image.layer(0)].clone();
        let kind = image.manifest["layers"][0]["mediaType"]
            .as_str()
            .expect("a media type")
            .to_owned();
        image.manifest["layers"][0] = image.add(&kind, blob[..blob.len() / 2].to_vec());
        refused(
            &format!("{name} cut off"),
            image.clone(),
            Target::Manifest,
            Fault::None,
            &[name, "end", "eof", "diff", "compress"],
        );
        image.manifest["layers"][0] = image.add(&kind, b"neither gzip nor zstd".to_vec());
        refused(
            &format!("no {name}"),
            image,
            Target::Manifest,
            Fault::None,
            &[name, "compress", "header", "archive"],
        );
    }
}

#[test]
fn a_bomb_is_refused() {
    // 40 GiB of zeros behind a few megabytes: the entry claims it, the stream delivers a part.
    let mut header = tar::Header::new_gnu();
    header.set_path("bomb").expect("a name");
    header.set_size(40 << 30);
    header.set_mode(0o644);
    header.set_cksum();
    let mut layer = header.as_bytes().to_vec();
    layer.resize(64 << 20, 0);
    let words: &[&str] = &[
        "limit",
        "large",
        "size",
        "end",
        "eof",
        "ratio",
        "space",
        "truncated",
    ];
    refused("a bomb", with_layer(layer), Target::Manifest, Fault::None, words);
}

#[test]
fn devices_are_unpacked_as_devices_and_harm_nobody() {
    let case = Case::new();
    let engine = Engine::new(&case);
    let entries = [
        Entry::dir("dev/"),
        Entry::special("dev/mem", EntryType::Char),
        Entry::special("fifo", EntryType::Fifo),
    ];
    let server = Server::start(with_layer(archive(&entries)), Target::Manifest, Fault::None);
    engine.pull(&server.image());
}

#[test]
fn bad_references_are_named() {
    let case = Case::new();
    let engine = Engine::new(&case);
    let long = "a".repeat(300);
    for reference in [
        "",
        "docker.io/UPPER/case",
        "a//b",
        ":tag",
        "name:",
        "name@sha256:short",
        "-dash",
        "a b",
        "../up",
        &long,
        "x:y:z",
    ] {
        let out = engine.verb(&["pull", "--", reference]).fails();
        assert!(
            out.err().contains("reference") || out.err().contains("invalid"),
            "{out:?}"
        );
    }
}

#[test]
fn the_manifest_a_digest_names_is_the_manifest_or_none() {
    let case = Case::new();
    let engine = Engine::new(&case);
    let image = tiny();
    let right = digest(&image.manifest_bytes());
    let wrong = digest(b"something else");
    let server = Server::start(image, Target::Manifest, Fault::None);
    let name = server.image().replace(":latest", "");
    engine
        .verb(&["pull", &format!("{name}@{wrong}")])
        .fails()
        .says("should be sha256");
    engine.verb(&["pull", &format!("{name}@{right}")]).ok();
}
