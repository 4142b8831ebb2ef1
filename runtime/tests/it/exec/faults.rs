//! `exec` that breaks off at any operation: nothing of it is left, and the container goes on.

use super::{exec, outcome, running};
use crate::bundle::Bundle;
use serde_json::{Value, json};
use std::process::{ExitStatus, Stdio};

/// More operations than any plan of these tests has.
const TOO_MANY: usize = 200;

#[test]
fn an_operation_that_fails_leaves_nothing() {
    let bundle = running("exec-fails", elaborate);
    let operations = walk(|number| {
        let (status, errors) = with_fault(&bundle, &format!("{number}:fail"));
        assert!(
            status.success() || (status.code() == Some(255) && errors.contains("CORTEN_FAULT")),
            "operation {number}: {status} {errors}"
        );
        has_init_alone(&bundle, number);
        status.success()
    });
    assert!(operations > 25, "only {operations} operations");
}

/// Whoever runs the operation dies there: the runtime, or the process that it makes.
#[test]
fn an_operation_that_is_killed_leaves_nothing() {
    killed_anywhere(&running("exec-killed", elaborate));
}

/// The same where the process is born in the pid namespace only after all else.
#[test]
fn an_operation_that_is_killed_leaves_nothing_where_others_may_trace() {
    killed_anywhere(&running("exec-traced", |config| {
        elaborate(config);
        let own = json!(["CAP_SYS_PTRACE", "CAP_KILL"]);
        config["process"]["capabilities"] = json!({"bounding": own, "effective": own, "permitted": own});
    }));
}

fn killed_anywhere(bundle: &Bundle) {
    let operations = walk(|number| {
        let (status, errors) = with_fault(bundle, &format!("{number}:kill"));
        has_init_alone(bundle, number);
        assert!(
            status.success() || status.code().is_none_or(|code| code == 255 || code == 137),
            "operation {number}: {status} {errors}"
        );
        status.success()
    });
    assert!(operations > 25, "only {operations} operations");
}

/// Once `exec` has ended, its process may still be ending, but only that: the kernel has been told.
fn has_init_alone(bundle: &Bundle, number: usize) {
    let init = bundle.state()["pid"].as_i64().unwrap();
    let listed: Vec<i64> = serde_json::from_str(&bundle.must(&["ps", "--format", "json"])).unwrap();
    for pid in listed.into_iter().filter(|pid| *pid != init) {
        super::super::lifecycle::wait_for_process(pid, &format!("operation {number}"));
    }
    assert_eq!(bundle.status(), "running", "operation {number}");
    let next = outcome(bundle, &[], &["true"]);
    let errors = String::from_utf8_lossy(&next.stderr);
    assert_eq!(next.status.code(), Some(0), "after operation {number}: {errors}");
}

fn elaborate(config: &mut Value) {
    config["process"]["user"] = json!({"uid": 1000, "gid": 1000, "additionalGids": [5], "umask": 18});
    config["process"]["oomScoreAdj"] = json!(500);
    config["process"]["execCPUAffinity"] = json!({"initial": "0", "final": "0"});
    config["linux"]["seccomp"] = json!({
        "defaultAction": "SCMP_ACT_ALLOW",
        "syscalls": [{"names": ["mknod"], "action": "SCMP_ACT_ERRNO"}]
    });
}

/// The number of operations: the first number whose fault `is_harmless`.
fn walk(mut is_harmless: impl FnMut(usize) -> bool) -> usize {
    let found = (0..TOO_MANY).find(|number| is_harmless(*number));
    found.expect("a plan ends somewhere")
}

fn with_fault(bundle: &Bundle, fault: &str) -> (ExitStatus, String) {
    let log = bundle.file("errors");
    let errors = std::fs::File::create(&log).unwrap();
    let mut exec = exec(bundle, &["--pid-file", "pid"], &["true"]);
    exec.env("CORTEN_FAULT", fault)
        .stdout(Stdio::null())
        .stderr(errors);
    let status = exec.status().unwrap();
    (status, std::fs::read_to_string(&log).unwrap())
}
