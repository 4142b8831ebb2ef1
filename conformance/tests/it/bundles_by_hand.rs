//! Bundles that others wrote, run by our runtime; bundles that `corten` wrote, run by others.

use corten_conformance::bundle::Runtime;
use corten_conformance::debian::Debian;
use corten_conformance::engine::{Engine, probe_image, serve};
use corten_conformance::{Case, programs, skip};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

#[track_caller]
fn edit(config: &Path, change: impl FnOnce(&mut Value)) {
    let mut value = serde_json::from_slice(&fs::read(config).expect("config.json")).expect("JSON");
    change(&mut value);
    fs::write(config, value.to_string()).expect("config.json");
}

#[test]
fn runc_spec_writes_a_bundle_for_us_and_we_for_runc() {
    let (Some(runc), ours) = (Runtime::peer("runc"), Runtime::ours()) else {
        skip!("runc is not installed");
    };
    for (writer, runner) in [(&runc, &ours), (&ours, &runc), (&ours, &ours)] {
        let case = Case::new();
        let bundle = case.dir("bundle");
        fs::create_dir(bundle.join("rootfs")).expect("a directory");
        programs::copy(&programs::probe(), &bundle.join("rootfs/probe"));
        case.cmd(writer.program()).arg("spec").cwd(&bundle).ok();
        edit(&bundle.join("config.json"), |config| {
            config["process"]["terminal"] = json!(false);
            config["process"]["args"] = json!(["/probe", "exit", "42"]);
        });
        let id = case.id(runner.name);
        runner
            .cmd(&case)
            .args(["run", "--bundle"])
            .arg(&bundle)
            .arg(id)
            .run()
            .code(42);
    }
}

#[test]
fn spec_writes_what_runc_writes() {
    let Some(runc) = Runtime::peer("runc") else {
        skip!("runc is not installed")
    };
    let case = Case::new();
    let written = |runtime: &Runtime| -> Value {
        let dir = case.dir(format!("spec-{}", runtime.name));
        case.cmd(runtime.program()).arg("spec").cwd(&dir).ok();
        let text = fs::read(dir.join("config.json")).expect("config.json");
        let mut config: Value = serde_json::from_slice(&text).expect("JSON");
        for own in ["ociVersion", "hostname"] {
            config[own] = json!("the runtime's own");
        }
        // runc before 1.2 asks for ambient capabilities that it cannot raise.
        config["process"]["capabilities"]
            .as_object_mut()
            .expect("the sets")
            .remove("ambient");
        config
    };
    assert_eq!(written(&Runtime::ours()), written(&runc));
}

#[test]
fn umoci_unpacks_a_bundle_for_us() {
    let case = Case::new();
    let debian = Debian::get();
    let bundle = case.path("bundle");
    let image = format!("{}:debian", debian.layout().display());
    case.cmd("umoci")
        .args(["unpack", "--image", &image])
        .arg(&bundle)
        .ok();
    edit(&bundle.join("config.json"), |config| {
        config["process"]["terminal"] = json!(false);
        config["process"]["args"] = json!(["sh", "-c", "cat /etc/debian_version && exit 7"]);
    });
    let id = case.id("umoci");
    let out = Runtime::ours()
        .cmd(&case)
        .args(["run", "--bundle"])
        .arg(&bundle)
        .arg(id)
        .run()
        .code(7);
    assert!(out.out().starts_with(|c: char| c.is_ascii_digit()), "{out:?}");
}

/// What docs/contracts/bundle.md tells a person to do.
const BY_HAND: &str = r#"
    cd "$1" && runtime=$2 && id=$3 && shift 3 &&
    mount -t overlay overlay -o "$(jq -r '.[0].options | join(",")' mounts.json)" rootfs &&
    exec "$runtime" "$@" run --bundle . "$id""#;

#[test]
fn what_corten_creates_is_a_bundle_for_anybody() {
    let case = Case::new();
    let engine = Engine::new(&case);
    let server = serve(probe_image(&json!({})));
    engine.pull(&server.image());
    let id = engine.id(&["create", &server.image(), "exit", "42"]);
    let peers = ["runc", "crun"].into_iter().filter_map(Runtime::peer);
    for runtime in std::iter::once(Runtime::ours()).chain(peers) {
        case.cmd_v1("sh")
            .args(["-c", BY_HAND, "sh"])
            .arg(engine.bundle(&id))
            .arg(runtime.program())
            .arg(case.id(runtime.name))
            .arg("--root")
            .arg(case.dir(format!("root-{}", runtime.name)))
            .run()
            .code(42);
    }
    engine.verb(&["rm", &id]).ok();
    engine.assert_no_containers();
}

#[test]
fn the_shim_mounts_a_bundle_for_a_command() {
    let case = Case::new();
    let engine = Engine::new(&case);
    let server = serve(probe_image(&json!({})));
    engine.pull(&server.image());
    let id = engine.id(&["create", &server.image()]);
    let bundle = engine.bundle(&id);
    let out = case
        .cmd(programs::ours("corten-shim"))
        .args(["mount", "--bundle"])
        .arg(&bundle)
        .arg("--mounts")
        .arg(bundle.join("mounts.json"))
        .args(["--", "ls", "rootfs/etc"])
        .cwd(&bundle)
        .ok();
    assert!(out.out().contains("passwd"), "{out:?}");
    assert_eq!(
        fs::read_dir(bundle.join("rootfs")).expect("rootfs").count(),
        0,
        "mounted outside too"
    );
    engine.verb(&["rm", &id]).ok();
}
