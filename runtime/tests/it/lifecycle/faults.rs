//! Creation that breaks off at any operation: after a failure nothing is left, after a SIGKILL nothing is
//! left that `delete --force` does not remove.

use crate::bundle::Bundle;
use serde_json::json;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};

/// More operations than any plan of these tests has.
const TOO_MANY: usize = 500;

#[test]
fn an_operation_that_fails_leaves_nothing_and_a_killed_one_nothing_that_stays() {
    let bundle = elaborate("faults");
    let operations = walk(|number| fails_nothing(&bundle, number));
    assert!(operations > 50, "only {operations} operations");
    let killed = (0..operations)
        .filter(|number| kills_create(&bundle, *number))
        .count();
    assert!(killed > 50, "only {killed} kills were felt by create");
}

#[test]
fn a_run_that_fails_at_any_operation_leaves_nothing() {
    let bundle = elaborate("run");
    bundle.edit(|config| config["process"]["args"] = json!(["/bin/true"]));
    walk(|number| {
        let (status, errors) = with_fault(&bundle, "run", &format!("{number}:fail"));
        assert!(
            status.success() || errors.contains("CORTEN_FAULT"),
            "operation {number}: {errors}"
        );
        assert_eq!(bundle.leftovers(), [""; 0], "operation {number}");
        status.success()
    });
}

/// Whether the operation of that number is none of the plan's: then the container runs.
fn fails_nothing(bundle: &Bundle, number: usize) -> bool {
    let (created, errors) = with_fault(bundle, "create", &format!("{number}:fail"));
    if !created.success() {
        assert!(errors.contains("CORTEN_FAULT"), "operation {number}: {errors}");
        assert_eq!(bundle.leftovers(), [""; 0], "operation {number}");
        return false;
    }
    let started = bundle.call(&["start"]).status;
    if !started.success() {
        assert_eq!(started.code(), Some(1), "operation {number}");
        super::wait_for_end(bundle);
        assert_eq!(bundle.status(), "stopped", "operation {number}");
    }
    bundle.must(&["delete", "--force"]);
    assert_eq!(bundle.leftovers(), [""; 0], "operation {number}");
    started.success()
}

/// Kills whoever runs that operation, the runtime or the container's process; whether that ended create.
fn kills_create(bundle: &Bundle, number: usize) -> bool {
    let (created, _) = with_fault(bundle, "create", &format!("{number}:kill"));
    if created.success() {
        bundle.call(&["start"]);
    } else if created.signal().is_none() {
        // The container's process was killed: create has seen it and cleaned up.
        assert_eq!(bundle.leftovers(), [""; 0], "operation {number}");
    }
    bundle.must(&["delete", "--force"]);
    assert_eq!(bundle.leftovers(), [""; 0], "operation {number}");
    !created.success()
}

/// A bundle whose plan has operations of every kind.
fn elaborate(name: &str) -> Bundle {
    let bundle = Bundle::new(name, "exec sleep 1000");
    bundle.edit(|config| {
        config["process"]["user"] = json!({"uid": 1000, "gid": 1000, "additionalGids": [5], "umask": 18});
        config["process"]["oomScoreAdj"] = json!(500);
        config["linux"]["namespaces"]
            .as_array_mut()
            .unwrap()
            .push(json!({"type": "cgroup"}));
        config["linux"]["resources"]["pids"] = json!({"limit": 100});
        config["linux"]["sysctl"] = json!({"net.ipv4.ip_forward": "1"});
        config["linux"]["seccomp"] = json!({
            "defaultAction": "SCMP_ACT_ALLOW",
            "syscalls": [{"names": ["mknod"], "action": "SCMP_ACT_ERRNO"}]
        });
        config["mounts"].as_array_mut().unwrap().push(json!({
            "destination": "/copy", "type": "tmpfs", "source": "tmpfs", "options": ["tmpcopyup"]
        }));
        config["mounts"].as_array_mut().unwrap().push(json!({
            "destination": "/bind", "source": "/bin", "options": ["rbind", "ro"]
        }));
    });
    bundle
}

/// The number of operations: the first number whose fault `is_harmless`.
fn walk(mut is_harmless: impl FnMut(usize) -> bool) -> usize {
    let found = (0..TOO_MANY).find(|number| is_harmless(*number));
    found.expect("a plan ends somewhere")
}

fn with_fault(bundle: &Bundle, verb: &str, fault: &str) -> (ExitStatus, String) {
    let log = bundle.file("errors");
    let errors = std::fs::File::create(&log).unwrap();
    let mut create = bundle.command(&[verb, bundle.id()]);
    create
        .env("CORTEN_FAULT", fault)
        .stdout(Stdio::null())
        .stderr(errors);
    let status = create.status().unwrap();
    (status, std::fs::read_to_string(&log).unwrap())
}
