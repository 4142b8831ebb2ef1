//! Real images from a real registry: what `corten` unpacks equals what umoci unpacks, to the nanosecond.

use corten_conformance::Case;
use corten_conformance::debian::{CHANGED_TAGS, Debian, PLAIN_TAGS};
use corten_conformance::engine::{Engine, probe_image, serve};
use corten_conformance::programs;
use serde_json::{Value, json};

/// Mounts the container's root file system as docs/contracts/bundle.md tells a person to, and lists it.
const LISTING: &str = r#"
    cd "$1" &&
    mount -t overlay overlay -o "$(jq -r '.[0].options | join(",")' mounts.json)" rootfs &&
    exec "$2" tree rootfs"#;

#[track_caller]
fn listing(case: &Case, engine: &Engine<'_>, image: &str) -> String {
    let id = engine.id(&["create", image, "/bin/true"]);
    let tree = case
        .cmd("unshare")
        .args(["--mount", "sh", "-c", LISTING, "sh"])
        .arg(engine.bundle(&id))
        .arg(programs::probe())
        .ok()
        .out();
    engine.verb(&["rm", &id]).ok();
    tree
}

#[track_caller]
fn assert_same_tree(tag: &str, found: &str, expected: &str) {
    let only = |a: &str, b: &str| {
        let there: std::collections::HashSet<&str> = b.lines().collect();
        a.lines()
            .filter(|line| !there.contains(line))
            .take(15)
            .map(|l| format!("\n    {l:.300}"))
            .collect::<String>()
    };
    assert!(
        found == expected,
        "{tag}: not what umoci unpacks\n  corten:{}\n  umoci:{}",
        only(found, expected),
        only(expected, found)
    );
}

#[test]
fn debian_pushed_by_skopeo_is_what_umoci_unpacks() {
    let debian = Debian::get();
    for tag in PLAIN_TAGS {
        let case = Case::new();
        let engine = Engine::new(&case);
        engine.pull(&debian.image(tag));
        assert_same_tree(tag, &listing(&case, &engine, &debian.image(tag)), &debian.tree());
    }
}

#[test]
fn debian_changed_and_pushed_by_buildah_is_what_umoci_unpacks() {
    let debian = Debian::get();
    for tag in CHANGED_TAGS {
        let case = Case::new();
        let engine = Engine::new(&case);
        engine.pull(&debian.image(tag));
        assert_same_tree(
            tag,
            &listing(&case, &engine, &debian.image(tag)),
            &debian.changed_tree(),
        );
    }
}

#[test]
fn layers_that_are_there_are_not_fetched_again() {
    let case = Case::new();
    let engine = Engine::new(&case);
    let image = probe_image(&json!({}));
    let layer = image.layer(0);
    let server = serve(image);
    let fetched = || {
        server
            .requests()
            .iter()
            .filter(|r| r.starts_with("GET") && r.contains(&layer))
            .count()
    };
    engine.pull(&server.image());
    assert_eq!(fetched(), 1);
    engine.pull(&server.image());
    assert_eq!(fetched(), 1, "{:?}", server.requests());
}

#[test]
fn an_image_is_listed_inspected_and_removed() {
    let case = Case::new();
    let engine = Engine::new(&case);
    let server = serve(probe_image(&json!({"Labels": {"a": "b"}})));
    let name = server.image();
    engine.pull(&name);
    let listed = engine
        .verb(&["images", "--format", "{{.Repository}}:{{.Tag}}"])
        .ok()
        .out();
    assert!(listed.lines().any(|line| line == name), "{listed}");
    let image = engine.inspect(&name);
    assert_eq!(image["Config"]["Labels"]["a"], "b");
    assert_eq!(image["RepoTags"], json!([name]));
    assert_eq!(image["Os"], "linux");
    engine.verb(&["rmi", &name]).ok();
    engine.verb(&["inspect", &name]).fails().says("no such");
    assert_eq!(engine.verb(&["images", "--quiet"]).ok().out(), "");
}

#[test]
fn an_image_in_use_is_not_removed() {
    let case = Case::new();
    let engine = Engine::new(&case);
    let server = serve(probe_image(&json!({})));
    engine.pull(&server.image());
    let id = engine.id(&["create", &server.image()]);
    engine.verb(&["rmi", &server.image()]).fails().says(&id[..12]);
    engine.verb(&["rm", &id]).ok();
    engine.verb(&["rmi", &server.image()]).ok();
    engine.assert_no_containers();
}

#[test]
fn the_reported_disk_usage_is_what_du_finds() {
    let case = Case::new();
    let engine = Engine::new(&case);
    let debian = Debian::get();
    engine.pull(&debian.image("oci-gzip"));
    let df = engine.verb(&["system", "df", "--format", "json"]).ok();
    let du = case
        .cmd("du")
        .args(["--summarize", "--block-size=1"])
        .arg(case.path("store"))
        .ok()
        .out();
    let found: u64 = du
        .split_whitespace()
        .next()
        .and_then(|n| n.parse().ok())
        .expect("a number");
    let rows: Vec<Value> = df
        .out()
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let bytes = |row: &Value| row["Bytes"].as_u64().expect("a number");
    assert_eq!(rows.iter().map(bytes).sum::<u64>(), found, "{df:?}");
    assert_eq!(rows[0]["Type"], "Images");
    assert!(bytes(&rows[0]) > found / 2, "{df:?}");
}
