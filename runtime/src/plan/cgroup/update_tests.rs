//! Changes to limits: what is written, and what is remembered.

use super::*;
use crate::oci::Resources;

fn group(version: Version, mount: &str, controllers: &[&str]) -> Group {
    Group {
        version,
        controllers: controllers.iter().map(|name| (*name).to_owned()).collect(),
        mount: mount.to_owned(),
        path: "a/b".to_owned(),
    }
}

fn v2() -> Record {
    let all = ["cpuset", "cpu", "io", "memory", "hugetlb", "pids", "rdma"];
    Record {
        groups: vec![group(Version::V2, "/u", &all)],
        unit: None,
    }
}

fn v1() -> Record {
    Record {
        groups: ["cpu", "cpuset", "memory", "blkio", "pids", "devices"]
            .map(|name| group(Version::V1, &format!("/{name}"), &[name]))
            .into(),
        unit: None,
    }
}

fn json(text: &str) -> Resources<'_> {
    serde_json::from_str(text).unwrap()
}

/// What a change of `before` by `changes` does, and what the limits are afterwards.
fn changed(record: &Record, before: &str, changes: &str) -> (Vec<String>, serde_json::Value) {
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let found = Found {
        existing: 2,
        enabled: vec![words("cpu io memory pids"), words("cpu io memory pids")],
        ..Found::default()
    };
    let found = vec![found; record.groups.len()];
    let update = update(record, &found, &json(before), &json(changes)).unwrap();
    let ops = update.ops.iter().map(Op::to_string).collect();
    (ops, serde_json::to_value(update.resources).unwrap())
}

#[test]
fn what_is_not_given_is_neither_written_nor_forgotten() {
    let before = r#"{"memory": {"limit": 1000}, "pids": {"limit": 5}, "devices": [{"allow": true}],
        "cpu": {"shares": 100, "cpus": "0"}}"#;
    let (ops, after) = changed(
        &v2(),
        before,
        r#"{"pids": {"limit": 9}, "memory": {"limit": 0}, "cpu": {}}"#,
    );
    assert_eq!(ops, [r#"set /u/a/b/pids.max to "9""#]);
    assert_eq!(
        after,
        serde_json::json!({"memory": {"limit": 1000}, "pids": {"limit": 9}, "devices": [{"allow": true}],
            "cpu": {"shares": 100, "cpus": "0"}})
    );
}

#[test]
fn quota_and_period_are_written_together() {
    let (ops, after) = changed(
        &v2(),
        r#"{"cpu": {"period": 20000}}"#,
        r#"{"cpu": {"quota": 5000}}"#,
    );
    assert_eq!(ops, [r#"set /u/a/b/cpu.max to "5000 20000""#]);
    assert_eq!(after["cpu"], serde_json::json!({"period": 20000, "quota": 5000}));
    let (ops, _) = changed(
        &v2(),
        r#"{"cpu": {"quota": 5000, "cpus": "0"}}"#,
        r#"{"cpu": {"period": 30000}}"#,
    );
    assert_eq!(ops, [r#"set /u/a/b/cpu.max to "5000 30000""#]);
    let (ops, _) = changed(
        &v1(),
        r#"{"cpu": {"quota": 5000}}"#,
        r#"{"cpu": {"period": 30000}}"#,
    );
    assert_eq!(
        ops,
        [r#"set /cpu/a/b/cpu.cfs_period_us to "30000" and cpu.cfs_quota_us to "5000""#]
    );
}

#[test]
fn swap_of_v2_follows_from_both_limits() {
    let before = r#"{"memory": {"limit": 1000, "swap": 3000}}"#;
    let (ops, _) = changed(&v2(), before, r#"{"memory": {"limit": 2000}}"#);
    assert_eq!(
        ops,
        [
            r#"set /u/a/b/memory.swap.max to "1000""#,
            r#"set /u/a/b/memory.max to "2000""#
        ]
    );
    let (ops, after) = changed(&v2(), before, r#"{"memory": {"limit": -1}}"#);
    assert_eq!(
        ops,
        [
            r#"set /u/a/b/memory.swap.max to "max", if the kernel has it"#,
            r#"set /u/a/b/memory.max to "max""#
        ]
    );
    assert_eq!(after["memory"], serde_json::json!({"limit": -1, "swap": -1}));
}

#[test]
fn limits_of_v1_memory_go_in_either_order() {
    let (ops, _) = changed(
        &v1(),
        r#"{"memory": {"limit": 1000}}"#,
        r#"{"memory": {"swap": 3000}}"#,
    );
    assert_eq!(
        ops,
        [r#"set /memory/a/b/memory.limit_in_bytes to "1000" and memory.memsw.limit_in_bytes to "3000""#]
    );
}

#[test]
fn usage_is_looked_at_before_a_new_limit_only() {
    let before = r#"{"memory": {"limit": 1000, "checkBeforeUpdate": true}}"#;
    let (ops, _) = changed(&v2(), before, r#"{"memory": {"limit": 500}}"#);
    assert_eq!(ops[0], "see that /u/a/b/memory.current is below 500");
    let (ops, _) = changed(&v2(), before, r#"{"memory": {"reservation": 100}}"#);
    assert!(!ops.iter().any(|op| op.starts_with("see")), "{ops:?}");
}

#[test]
fn devices_are_changed_one_by_one() {
    let before = r#"{"blockIO": {"weight": 100, "throttleReadBpsDevice": [{"major": 8, "minor": 0, "rate": 1},
        {"major": 8, "minor": 16, "rate": 2}]}}"#;
    let change = r#"{"blockIO": {"throttleReadBpsDevice": [{"major": 8, "minor": 16, "rate": 7}]}}"#;
    let (ops, after) = changed(&v2(), before, change);
    assert_eq!(ops, [r#"set /u/a/b/io.max to "8:16 rbps=7""#]);
    assert_eq!(
        after["blockIO"],
        serde_json::json!({"weight": 100, "throttleReadBpsDevice": [{"major": 8, "minor": 0, "rate": 1},
            {"major": 8, "minor": 16, "rate": 7}]})
    );
}

#[test]
fn device_rules_stay_as_they_are() {
    let (ops, after) = changed(&v1(), "{}", r#"{"devices": [{"allow": true}]}"#);
    assert_eq!(ops, [""; 0]);
    assert_eq!(after, serde_json::json!({}));
}

#[test]
fn a_controller_that_was_not_needed_yet_is_handed_down() {
    let (ops, _) = changed(&v2(), "{}", r#"{"cpu": {"cpus": "0"}}"#);
    assert_eq!(
        ops,
        [
            "enable cgroup controllers cpuset below /u",
            "enable cgroup controllers cpuset below /u/a",
            r#"set /u/a/b/cpuset.cpus to "0""#,
        ]
    );
}

#[test]
fn idle_takes_the_weight_away_and_gives_it_back() {
    let before = r#"{"cpu": {"shares": 1024}}"#;
    let (ops, after) = changed(&v2(), before, r#"{"cpu": {"idle": 1}}"#);
    assert_eq!(ops, [r#"set /u/a/b/cpu.idle to "1""#]);
    let (ops, _) = changed(&v2(), &after.to_string(), r#"{"cpu": {"idle": 0}}"#);
    assert_eq!(
        ops,
        [
            r#"set /u/a/b/cpu.idle to "0""#,
            r#"set /u/a/b/cpu.weight to "100""#
        ]
    );
}

#[test]
fn other_lists_are_changed_by_their_keys() {
    let before = r#"{"hugepageLimits": [{"pageSize": "2MB", "limit": 1}], "unified": {"a.b": "1"},
        "rdma": {"x": {"hcaHandles": 1}}, "network": {"priorities": [{"name": "lo", "priority": 1}]}}"#;
    let change = r#"{"hugepageLimits": [{"pageSize": "2MB", "limit": 2}, {"pageSize": "1GB", "limit": 3}],
        "unified": {"memory.high": "7"}, "rdma": {"y": {"hcaObjects": 2}}}"#;
    let (ops, after) = changed(&v2(), before, change);
    assert!(
        ops.contains(&r#"set /u/a/b/memory.high to "7""#.to_owned()),
        "{ops:?}"
    );
    assert!(
        ops.contains(&r#"set /u/a/b/rdma.max to "y hca_object=2""#.to_owned()),
        "{ops:?}"
    );
    assert_eq!(after["hugepageLimits"].as_array().unwrap().len(), 2);
    assert_eq!(
        after["unified"],
        serde_json::json!({"a.b": "1", "memory.high": "7"})
    );
    assert_eq!(after["rdma"].as_object().unwrap().len(), 2);
    assert_eq!(after["network"]["priorities"][0]["name"], "lo");
}

#[test]
fn a_container_without_groups_cannot_be_limited() {
    let error = update(&Record::default(), &[], &json("{}"), &json("{}")).unwrap_err();
    assert!(error.to_string().contains("no cgroup of its own"), "{error}");
}
