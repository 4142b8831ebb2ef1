//! Health checks, as people see them.

use std::fs;

use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
use serde_json::Value;

use crate::sandbox::{HELLO, Sandbox};

fn until(sandbox: &Sandbox, id: &str, status: &str) {
    let directory = sandbox.state().join("shims").join(id);
    let inotify = Inotify::init(InitFlags::IN_CLOEXEC).unwrap();
    inotify.add_watch(&directory, AddWatchFlags::IN_MOVED_TO).unwrap();
    loop {
        let text = fs::read(directory.join("health.json")).unwrap_or_default();
        if serde_json::from_slice::<Value>(&text).is_ok_and(|report| report["status"] == status) {
            return;
        }
        inotify.read_events().unwrap();
    }
}

/// The image has no shell, but its program ends with any code.
fn checked(sandbox: &Sandbox, code: &str) -> String {
    let options = ["--health-interval", "20ms", "--health-retries", "2"];
    sandbox.ok(&["create", "--name", "base", HELLO]);
    let program = sandbox.inspect("base")["Path"].as_str().unwrap().to_owned();
    let change = format!("HEALTHCHECK CMD [\"{program}\", \"exit\", \"{code}\"]");
    sandbox.ok(&["commit", "--change", &change, "base", "checked"]);
    sandbox.ok(&["rm", "base"]);
    sandbox.ok(&[&["run", "-d"][..], &options, &["checked", "wait"]].concat())
}

#[test]
fn a_healthy_container_is_shown_as_such() {
    let sandbox = Sandbox::new();
    let id = checked(&sandbox, "0");
    until(&sandbox, &id, "healthy");
    let health = sandbox.inspect(&id)["State"]["Health"].clone();
    assert_eq!(
        (&health["Status"], &health["FailingStreak"]),
        (&"healthy".into(), &0.into())
    );
    assert_eq!(health["Log"][0]["ExitCode"], 0);
    assert!(
        sandbox
            .ok(&["ps", "--format", "{{.Status}}"])
            .ends_with(" (healthy)")
    );
    assert_eq!(
        sandbox.ok(&["ps", "-q", "--no-trunc", "-f", "health=healthy"]),
        id
    );
    assert_eq!(sandbox.ok(&["ps", "-q", "-f", "health=none"]), "");
    sandbox.ok(&["kill", &id]);
    assert_eq!(sandbox.inspect(&id)["State"]["Health"]["Status"], "unhealthy");
    let unborn = sandbox.ok(&["create", "checked"]);
    assert_eq!(sandbox.inspect(&unborn)["State"]["Health"], Value::Null);
    assert_eq!(
        sandbox.ok(&["ps", "-aq", "--no-trunc", "-f", "health=none"]),
        unborn
    );
    let told = sandbox.ok(&[
        "events",
        "--since",
        "1h",
        "--until",
        "0s",
        "--format",
        "{{.Action}}",
    ]);
    assert!(
        told.lines().any(|line| line == "health_status: healthy"),
        "{told}"
    );
}

#[test]
fn a_container_that_is_not_well_is_unhealthy() {
    let sandbox = Sandbox::new();
    let id = checked(&sandbox, "7");
    assert!(
        sandbox.ok(&["ps"]).contains("(health: starting)") || sandbox.ok(&["ps"]).contains("(unhealthy)")
    );
    until(&sandbox, &id, "unhealthy");
    assert!(
        sandbox
            .ok(&["ps", "--format", "{{.Status}}"])
            .ends_with(" (unhealthy)")
    );
    assert_eq!(sandbox.inspect(&id)["State"]["Health"]["Log"][0]["ExitCode"], 7);
    // Nobody asks a container that was made without.
    let id = sandbox.ok(&["run", "-d", "--no-healthcheck", "checked", "wait"]);
    assert_eq!(sandbox.inspect(&id)["State"]["Health"], Value::Null);
    assert_eq!(sandbox.inspect(&id)["Config"]["Healthcheck"]["Test"][0], "NONE");
}

#[test]
fn options_that_make_no_sense_are_refused() {
    let sandbox = Sandbox::new();
    for (words, part) in [
        (
            &["--no-healthcheck", "--health-cmd", "x"][..],
            "conflicts with --health-*",
        ),
        (&["--health-interval", "5"], "invalid duration"),
        (&["--health-timeout=-1s"], "cannot be negative"),
        (&["--health-retries=-1"], "cannot be negative"),
        (
            &["--health-cmd", "x", "--health-interval", "5us"],
            "less than 1ms",
        ),
    ] {
        let done = sandbox.corten(&[&["run"][..], words, &[HELLO]].concat());
        assert_eq!(done.code, Some(125), "{done:?}");
        assert!(done.stderr.contains(part), "{done:?}");
    }
}
