//! Hooks: which, when, where, with what, and what their failure does.

use super::bundle;
use crate::bundle::Bundle;
use corten_runtime::sys::clone::{pidfd_kill, pidfd_open};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use serde_json::{Value, json};
use std::fs;
use std::os::fd::AsFd;

/// A hook that appends a line to a file outside: its kind, its status from the state, and what `more` prints.
fn hook(bundle: &Bundle, kind: &str, more: &str) -> Value {
    let log = bundle.file("log");
    let script = format!(
        "read -r state; s=${{state#*\\\"status\\\":\\\"}}; echo {kind} ${{s%%\\\"*}} {more} >> {}",
        log.display()
    );
    json!([{"path": "/bin/sh", "args": ["sh", "-c", script]}])
}

#[test]
fn all_kinds_run_in_order() {
    let bundle = bundle("hooks", "true");
    let kinds = [
        "prestart",
        "createRuntime",
        "createContainer",
        "poststart",
        "poststop",
    ];
    let hooks: serde_json::Map<String, Value> = kinds
        .iter()
        .map(|kind| ((*kind).to_owned(), hook(&bundle, kind, "")))
        .collect();
    bundle.edit(|config| {
        config["hooks"] = Value::Object(hooks);
        // In the container, whose shell has no way to the file outside: its error is what shows.
        config["hooks"]["startContainer"] = json!([{"path": "/bin/echo", "args": ["echo", "x"]}]);
    });
    bundle.create();
    let log = || fs::read_to_string(bundle.file("log")).unwrap();
    assert_eq!(
        log(),
        "prestart created \ncreateRuntime created \ncreateContainer created \n".replace(" \n", "\n")
    );
    bundle.must(&["start"]);
    assert!(log().ends_with("poststart running\n"), "{}", log());
    bundle.must(&["delete", "--force"]);
    assert!(log().ends_with("poststop stopped\n"), "{}", log());
}

#[test]
fn hooks_run_in_the_right_namespaces() {
    let bundle = bundle("hook-ns", "true");
    let link = "$(readlink /proc/self/ns/net)";
    let (outer, inner) = (
        hook(&bundle, "createRuntime", link),
        hook(&bundle, "createContainer", link),
    );
    bundle.edit(|config| config["hooks"] = json!({"createRuntime": outer, "createContainer": inner}));
    bundle.must(&["run"]);
    let log = fs::read_to_string(bundle.file("log")).unwrap();
    let own = fs::read_link("/proc/self/ns/net").unwrap();
    let lines: Vec<&str> = log.lines().collect();
    assert!(lines[0].ends_with(own.to_str().unwrap()), "{log}");
    assert!(!lines[1].ends_with(own.to_str().unwrap()), "{log}");
}

#[test]
fn a_hooks_environment_is_exact_and_its_directory_the_bundle() {
    let bundle = bundle("hook-env", "true");
    let script = "/usr/bin/env > log; pwd >> log";
    bundle.edit(|config| {
        config["hooks"] = json!({"createRuntime": [{"path": "/bin/sh", "args": ["renamed", "-c", script], "env": ["ONLY=this"]}]});
    });
    bundle.must(&["run"]);
    let log = fs::read_to_string(bundle.file("log")).unwrap();
    assert!(log.contains("ONLY=this\n") && !log.contains("PATH="), "{log}");
    assert!(log.ends_with(&format!("{}\n", bundle.path().display())), "{log}");
}

/// As in runc: it runs where the program will, with what the program gets.
#[test]
fn a_start_container_hook_without_an_environment_has_the_programs() {
    let bundle = bundle("hook-start-env", "cat /log");
    bundle.edit(|config| {
        config["root"]["readonly"] = json!(false);
        config["process"]["env"] = json!(["PATH=/bin", "MINE=1"]);
        let hook = |more: Value| json!({"path": "/bin/sh", "args": ["sh", "-c", "busybox env >> /log"], "env": more});
        config["hooks"] = json!({"startContainer": [hook(json!(null)), hook(json!(["PATH=/bin", "OWN=2"]))]});
    });
    let seen = bundle.must(&["run"]);
    let lines: Vec<&str> = seen
        .lines()
        .filter(|line| line.contains("MINE") || line.contains("OWN"))
        .collect();
    assert_eq!(lines, ["MINE=1", "OWN=2"]);
}

#[test]
fn a_failing_hook_is_named_and_nothing_is_left() {
    for kind in ["prestart", "createRuntime", "createContainer", "startContainer"] {
        let bundle = bundle("hook-fails", "echo ran");
        bundle.edit(|config| {
            config["hooks"] = json!({kind: [{"path": "/bin/true"}, {"path": "/bin/sh", "args": ["sh", "-c", "echo why >&2; exit 3"]}]});
        });
        let error = bundle.refused(&["run"]);
        assert_eq!(
            error,
            format!("error running {kind} hook #1: /bin/sh: exit status 3, it said: why")
        );
        assert_eq!(bundle.leftovers(), [""; 0], "{kind}");
    }
}

/// As in runc: what runs cannot be taken back, but its start failed.
#[test]
fn a_failing_poststart_hook_fails_the_start_and_ends_the_container() {
    let bundle = bundle("hook-poststart", "exec sleep 1000");
    bundle.edit(|config| config["hooks"] = json!({"poststart": [{"path": "/bin/false"}]}));
    bundle.create();
    let error = bundle.refused(&["start"]);
    assert!(
        error.starts_with("error running poststart hook #0: /bin/false"),
        "{error}"
    );
    assert_eq!(bundle.status(), "stopped");
}

#[test]
fn a_failing_poststop_hook_is_a_warning() {
    let bundle = bundle("hook-poststop", "true");
    bundle.edit(|config| config["hooks"] = json!({"poststop": [{"path": "/bin/false"}]}));
    let output = bundle.call(&["run"]);
    assert!(output.status.success());
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(
        errors.contains("level=warning") && errors.contains("poststop hook #0"),
        "{errors}"
    );
}

#[test]
fn a_hook_that_takes_too_long_is_ended() {
    let bundle = bundle("hook-slow", "echo ran");
    bundle.edit(|config| {
        config["hooks"] =
            json!({"createRuntime": [{"path": "/bin/sleep", "args": ["sleep", "60"], "timeout": 1}]});
    });
    let error = bundle.refused(&["run"]);
    assert!(
        error.contains("it did not end within its timeout of 1 s"),
        "{error}"
    );
}

#[test]
fn what_a_hook_leaves_running_holds_nobody_up() {
    let bundle = bundle("hook-daemon", "echo ran");
    let pid = bundle.file("pid");
    let script = format!("sleep 60 & echo $! > {}", pid.display());
    bundle.edit(|config| {
        config["hooks"] = json!({"createRuntime": [{"path": "/bin/sh", "args": ["sh", "-c", script], "env": ["PATH=/bin:/usr/bin"]}]});
    });
    assert_eq!(bundle.must(&["run"]), "ran\n");
    let pid: i32 = fs::read_to_string(pid).unwrap().trim().parse().unwrap();
    end(pid);
}

/// Kills a process and returns when it has ended.
fn end(pid: i32) {
    let process = pidfd_open(pid).unwrap();
    pidfd_kill(process.as_fd(), libc::SIGKILL).unwrap();
    poll(
        &mut [PollFd::new(process.as_fd(), PollFlags::POLLIN)],
        PollTimeout::NONE,
    )
    .unwrap();
}

#[test]
fn a_missing_hook_is_named() {
    let bundle = bundle("hook-missing", "true");
    bundle.edit(|config| config["hooks"] = json!({"createRuntime": [{"path": "/no/such/hook"}]}));
    let error = bundle.refused(&["run"]);
    assert!(
        error.starts_with("error running createRuntime hook #0: /no/such/hook"),
        "{error}"
    );
    assert!(error.ends_with("no such file or directory"), "{error}");
}

/// A state longer than a pipe takes would wait for ever for a hook that does not read it.
#[test]
fn a_long_state_waits_for_no_hook() {
    let bundle = bundle("long-state", "true");
    bundle.edit(|config| {
        config["annotations"] = json!({"long": "x".repeat(200_000)});
        config["hooks"] = json!({"createRuntime": [{"path": "/bin/true"}],
            "prestart": [{"path": "/bin/sh", "args": ["sh", "-c", "test $(wc -c) -gt 200000"]}]});
    });
    bundle.must(&["run"]);
}
