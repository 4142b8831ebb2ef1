//! Limits as the kernel took them.

use super::{Groups, RootControllers, line, planned};
use std::fs;

#[test]
fn limits_of_this_machines_controllers_are_set() {
    let resources = r#"{"pids": {"limit": 17}, "memory": {"limit": 67108864}, "cpu": {"shares": 512, "quota": 50000},
        "devices": [{"allow": false, "access": "rwm"}, {"allow": true, "type": "b", "major": 7, "access": "r"}]}"#;
    let groups = Groups::make(&planned("limits", resources).unwrap()).unwrap();
    assert_eq!(groups.read("pids", "pids.max"), "17");
    let v1 = groups.record.groups.iter().any(|group| group.has("devices"));
    if v1 {
        assert_eq!(groups.read("memory", "memory.limit_in_bytes"), "67108864");
        assert_eq!(groups.read("cpu", "cpu.shares"), "512");
        assert_eq!(groups.read("cpu", "cpu.cfs_quota_us"), "50000");
        let devices = groups.read("devices", "devices.list");
        assert!(devices.lines().any(|line| line == "b 7:* r"), "{devices}");
        assert!(devices.lines().any(|line| line == "c 1:3 rwm"), "{devices}");
        assert!(!devices.contains("a *:*"), "{devices}");
    } else {
        assert_eq!(groups.read("memory", "memory.max"), "67108864");
        assert_eq!(groups.read("cpu", "cpu.max"), "50000 100000");
    }
    groups.end();
}

#[test]
fn a_process_limit_of_zero_forbids_forks() {
    let groups = Groups::make(&planned("pids-0", r#"{"pids": {"limit": 0}}"#).unwrap()).unwrap();
    assert_eq!(groups.read("pids", "pids.max"), "0");
    let mut child = groups.start("(true) 2>/dev/null; echo forked");
    assert_eq!(line(&mut child), "", "the shell ends when it cannot fork");
    child.wait().unwrap();
    groups.end();
}

#[test]
fn a_value_that_the_kernel_refuses_is_shown() {
    let error = Groups::make(&planned("cpuset", r#"{"cpu": {"cpus": "99999"}}"#).unwrap())
        .err()
        .unwrap();
    assert!(error.to_string().contains("cpuset.cpus\", \"99999\")"), "{error}");
}

#[test]
fn huge_pages_are_limited_where_v2_owns_them_in_a_hybrid() {
    let found = fs::read_to_string("/sys/fs/cgroup/unified/cgroup.controllers").unwrap_or_default();
    let _root = RootControllers::keep("/sys/fs/cgroup/unified/cgroup.subtree_control");
    let plan = planned(
        "huge",
        r#"{"hugepageLimits": [{"pageSize": "2MB", "limit": 4194304}]}"#,
    );
    if !found.contains("hugetlb") {
        crate::skip("no hybrid layout with hugetlb on v2");
        return;
    }
    let groups = Groups::make(&plan.unwrap()).unwrap();
    assert_eq!(groups.read("hugetlb", "hugetlb.2MB.max"), "4194304");
    groups.end();
}
