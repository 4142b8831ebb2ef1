//! Creation that breaks off at any operation: after a failure nothing is left, after a SIGKILL nothing is
//! left that `delete --force` does not remove.

use crate::bundle::Bundle;
use serde_json::json;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};

/// More operations than any plan of these tests has.
const TOO_MANY: usize = 500;

#[test]
fn a_create_that_fails_at_any_operation_leaves_nothing() {
    let bundle = elaborate("fail");
    let last = first_harmless(|number| {
        let (status, errors) = create_with_fault(&bundle, &format!("{number}:fail"));
        if status.success() {
            return true;
        }
        assert_eq!(status.code(), Some(1), "operation {number}");
        assert!(errors.contains("CORTEN_FAULT"), "operation {number}: {errors}");
        assert_eq!(bundle.leftovers(), [""; 0], "operation {number}");
        false
    });
    assert!(last > 20, "only {last} operations");
}

#[test]
fn delete_by_force_cleans_up_after_a_create_killed_at_any_operation() {
    let bundle = elaborate("kill");
    first_harmless(|number| {
        let (status, _) = create_with_fault(&bundle, &format!("{number}:kill"));
        if status.success() {
            return true;
        }
        // The operations of the container's own process kill that one: create sees it and cleans up.
        if status.signal().is_some() {
            bundle.must(&["delete", "--force"]);
        }
        assert_eq!(bundle.leftovers(), [""; 0], "operation {number}");
        false
    });
}

#[test]
fn a_start_that_breaks_off_at_any_operation_leaves_a_stopped_container() {
    for fault in ["fail", "kill"] {
        let bundle = elaborate(&format!("start-{fault}"));
        let first = first_harmless(|number| {
            create_with_fault(&bundle, &format!("{number}:{fault}"))
                .0
                .success()
        });
        bundle.must(&["delete", "--force"]);
        let steps = first_harmless(|number| {
            let (created, errors) = create_with_fault(&bundle, &format!("{}:{fault}", first + number));
            assert!(created.success(), "{errors}");
            let started = bundle.call(&["start"]).status;
            if !started.success() {
                assert_eq!(started.code(), Some(1), "operation {}", first + number);
                super::wait_for_end(&bundle);
                assert_eq!(bundle.status(), "stopped", "operation {}", first + number);
            }
            bundle.must(&["delete", "--force"]);
            assert_eq!(bundle.leftovers(), [""; 0], "operation {}", first + number);
            started.success()
        });
        assert!(steps > 0, "nothing is done at start");
    }
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

/// The first number for which `is_harmless`.
fn first_harmless(mut is_harmless: impl FnMut(usize) -> bool) -> usize {
    let found = (0..TOO_MANY).find(|number| is_harmless(*number));
    found.expect("a plan ends somewhere")
}

fn create_with_fault(bundle: &Bundle, fault: &str) -> (ExitStatus, String) {
    let log = bundle.file("create.err");
    let errors = std::fs::File::create(&log).unwrap();
    let mut create = bundle.command(&["create", bundle.id()]);
    create
        .env("CORTEN_FAULT", fault)
        .stdout(Stdio::null())
        .stderr(errors);
    let status = create.status().unwrap();
    (status, std::fs::read_to_string(&log).unwrap())
}
