//! CVE-2022-29162: containers began with inheritable capabilities, so that a program with file capabilities got them
//! back. CVE-2022-2995, CVE-2023-25173: the caller's supplementary groups reach the container.

use crate::bundle::{Bundle, RUNTIME};
use serde_json::{Value, json};
use std::process::Command;

#[test]
fn the_default_configuration_inherits_nothing() {
    let bundle = Bundle::new("29162", "busybox grep CapInh /proc/self/status");
    let spec = bundle.file("fresh");
    std::fs::create_dir(&spec).unwrap();
    let made = Command::new(RUNTIME)
        .args(["spec", "--bundle"])
        .arg(&spec)
        .status()
        .unwrap();
    assert!(made.success());
    let config: Value = serde_json::from_slice(&std::fs::read(spec.join("config.json")).unwrap()).unwrap();
    assert_eq!(
        config["process"]["capabilities"]
            .get("inheritable")
            .unwrap_or(&json!([])),
        &json!([])
    );
    assert_eq!(bundle.must(&["run"]), "CapInh:\t0000000000000000\n");
}

#[test]
fn the_callers_groups_stay_outside() {
    let bundle = Bundle::new("2995", "busybox grep Groups /proc/self/status; sleep 1000");
    let call = |args: &[&str]| {
        let mut command = Command::new("setpriv");
        command
            .args(["--groups", "4,5,1234", RUNTIME, "--root"])
            .arg(bundle.file("state"));
        command.args(args).current_dir(bundle.path()).output().unwrap()
    };
    bundle
        .edit(|config| config["process"]["args"] = json!(["busybox", "grep", "Groups", "/proc/self/status"]));
    for (asked, expected) in [
        (json!([]), "Groups:\t \n"),
        (json!([7, 7, 8]), "Groups:\t7 7 8 \n"),
    ] {
        bundle.edit(|config| config["process"]["user"]["additionalGids"] = asked);
        let output = call(&["run", bundle.id()]);
        assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
    }
    bundle.edit(|config| {
        config["process"]["args"] = json!(["sleep", "1000"]);
        config["process"]["user"]["additionalGids"] = json!([]);
    });
    bundle.create();
    bundle.must(&["start"]);
    let output = call(&[
        "exec",
        bundle.id(),
        "busybox",
        "grep",
        "Groups",
        "/proc/self/status",
    ]);
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "Groups:\t \n");
}
