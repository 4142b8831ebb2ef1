//! Real images from a real registry: what `corten` unpacks equals what umoci unpacks, to the nanosecond.

use corten_conformance::Case;
use corten_conformance::debian::{CHANGED_TAGS, Debian, PLAIN_TAGS};
use corten_conformance::engine::{Engine, probe_image, serve};
use corten_conformance::programs;
use corten_conformance::registry::Registry;
use serde_json::{Value, json};
use std::path::Path;

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
    assert_same(&format!("{tag}: not what umoci unpacks"), found, expected);
}

#[track_caller]
fn assert_same(what: &str, found: &str, expected: &str) {
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
        "{what}\n  found:{}\n  expected:{}",
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

/// Everything that a file can have, in a container's root file system; then lists that.
const EVERYTHING: &str = r#"
    cd "$1" &&
    mount -t overlay overlay -o "$(jq -r '.[0].options | join(",")' mounts.json)" rootfs &&
    cd rootfs && mkdir -p all/dir all/empty && cd all &&
    echo content >file && ln file dir/twin && ln file third && chown 12345:3000000000 file && chmod 6751 file &&
    ln -s ../nowhere link && mkfifo pipe && mknod null c 1 3 && mknod disk b 259 70000 && chmod 640 pipe null disk &&
    cp /bin/true program && setcap cap_net_raw+ep program && setfattr -n trusted.note -v "$(printf 'a\001b')" dir &&
    truncate -s 3M sparse && echo end >>sparse && echo x >"$(printf 'a name\nof two lines')" && echo x >"ünïcödé" &&
    mkdir -p "$(printf 'n%.0s' $(seq 200))/$(printf 'm%.0s' $(seq 200))" && chmod 1777 dir &&
    touch -d '1961-02-03 04:05:06.000000007 UTC' third && touch -h -d '2001-02-03 04:05:06.123456789 UTC' link pipe null &&
    touch -d '2033-01-01 00:00:00.999999999 UTC' dir . && cd .. && rm probe etc/group && echo other >etc/passwd &&
    exec "$2" tree ."#;

#[test]
fn a_chain_of_verbs_keeps_everything_about_files() {
    let (maker, carrier, taker) = (Case::new(), Case::new(), Case::new());
    let registry = Registry::start(&carrier);
    let (first, second, third) = (Engine::new(&maker), Engine::new(&carrier), Engine::new(&taker));
    let server = serve(probe_image(&json!({})));
    first.pull(&server.image());
    let id = first.id(&["create", "--name", "box", &server.image()]);
    let script = |case: &Case, directory: &Path| {
        let script = case
            .cmd("unshare")
            .args(["--mount", "sh", "-c", EVERYTHING, "sh"]);
        script.arg(directory).arg(programs::probe()).ok().out()
    };
    let made = script(&maker, &first.bundle(&id));
    for detail in [
        "all/file 106751 12345:3000000000 -281130894.000000007",
        "link to all/dir/twin",
        "all/link 120777 0:0 981173106.123456789 -> ../nowhere",
        "all/disk 60640 0:0",
        "dev 259:70000",
        "security.capability=",
        "trusted.note=a\\x01b",
        "all/dir 41777 0:0 1988150400.999999999",
    ] {
        assert!(made.contains(detail), "{detail}: {made}");
    }
    let archive = maker.path("archive.tar.zst").display().to_string();
    let name = registry.image("made:1");
    first.verb(&["commit", "box", &name]).ok();
    first.verb(&["save", "--output", &archive, &name]).ok();
    second.verb(&["load", "--input", &archive]).ok();
    second.verb(&["push", "--quiet", &name]).ok();
    third.pull(&name);
    assert_same(
        "commit, save, load, push, pull",
        &listing(&taker, &third, &name),
        &made,
    );
    let files = taker.path("files.tar").display().to_string();
    third.verb(&["create", "--name", "copy", &name]).ok();
    third.verb(&["export", "--output", &files, "copy"]).ok();
    let extracted = taker.dir("extracted");
    let options = [
        "--numeric-owner",
        "--same-owner",
        "--xattrs",
        "--xattrs-include=*",
        "-xpf",
        &files,
        "-C",
    ];
    taker.cmd("tar").args(options).arg(&extracted).ok();
    let found = taker
        .cmd(programs::probe())
        .arg("tree")
        .arg(&extracted)
        .ok()
        .out();
    assert_same("export, tar", &found, &made);
    third.verb(&["rm", "copy"]).ok();
    first.verb(&["rm", "box"]).ok();
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
