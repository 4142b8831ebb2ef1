//! New limits for running containers, as the kernel took them, and what a broken update leaves.

use crate::bundle::Bundle;
use crate::cgroup::{RootControllers, on_pure_v2};
use serde_json::{Value, json};
use std::fs;
use std::io::Write;
use std::process::{Output, Stdio};

/// A running container, its limits below `linux.resources`.
fn limited(name: &str, resources: Value) -> Bundle {
    let bundle = Bundle::new(name, "exec sleep 1000");
    bundle.edit(|config| config["linux"]["resources"] = resources);
    bundle.create();
    bundle.must(&["start"]);
    bundle
}

/// A file of the container's group in a v1 hierarchy.
fn v1(bundle: &Bundle, file: &str) -> String {
    let controller = file.split('.').next().unwrap();
    fs::read_to_string(format!("/sys/fs/cgroup/{controller}/{}/{file}", bundle.id()))
        .unwrap()
        .trim_end()
        .to_owned()
}

fn has_v1() -> bool {
    let found = fs::exists("/sys/fs/cgroup/memory/memory.limit_in_bytes").unwrap();
    if !found {
        crate::skip("this machine has no v1 controllers");
    }
    found
}

fn by_json(bundle: &Bundle, text: &str) -> Output {
    let mut update = bundle.command(&["update", "--resources", "-", bundle.id()]);
    let mut update = update
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    update.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    update.wait_with_output().unwrap()
}

#[test]
fn memory_and_swap_go_up_and_down_on_v1() {
    if !has_v1() {
        return;
    }
    let bundle = limited("memory", json!({"memory": {"limit": 64 << 20, "swap": 96 << 20}}));
    for (memory, swap) in [("256m", "512m"), ("32MiB", "64m"), ("64m", "64m"), ("128m", "-1")] {
        bundle.must(&["update", "--memory", memory, "--memory-swap", swap]);
    }
    assert_eq!(v1(&bundle, "memory.limit_in_bytes"), (128 << 20).to_string());
    assert_eq!(v1(&bundle, "memory.memsw.limit_in_bytes"), "9223372036854771712");
    bundle.must(&["update", "--memory", "-1"]);
    assert_eq!(v1(&bundle, "memory.limit_in_bytes"), "9223372036854771712");
}

#[test]
fn every_option_reaches_its_file_on_v1_and_nothing_else_changes() {
    if !has_v1() {
        return;
    }
    let bundle = limited(
        "options",
        json!({"pids": {"limit": 20}, "memory": {"limit": 64 << 20}}),
    );
    let devices = v1(&bundle, "devices.list");
    for (options, file, value) in [
        (&["--cpu-share", "512"][..], "cpu.shares", "512"),
        (
            &["--cpu-quota", "50000", "--cpu-period", "200000"],
            "cpu.cfs_period_us",
            "200000",
        ),
        (&["--cpu-quota", "70000"], "cpu.cfs_quota_us", "70000"),
        (&["--cpu-burst", "1000"], "cpu.cfs_burst_us", "1000"),
        (&["--cpuset-cpus", "0", "--cpuset-mems", "0"], "cpuset.cpus", "0"),
        (
            &["--memory-reservation", "32m"],
            "memory.soft_limit_in_bytes",
            "33554432",
        ),
        (&["--pids-limit", "-1"], "pids.max", "max"),
        (&["--cpu-idle", "1"], "cpu.idle", "1"),
    ] {
        bundle.must(&[&["update"], options].concat());
        assert_eq!(v1(&bundle, file), value, "{options:?}");
    }
    assert_eq!(v1(&bundle, "cpu.cfs_period_us"), "200000");
    assert_eq!(v1(&bundle, "memory.limit_in_bytes"), (64 << 20).to_string());
    assert_eq!(v1(&bundle, "devices.list"), devices);
    // Later updates start from this one.
    bundle.must(&["update", "--cpu-idle", "0"]);
    assert_eq!(v1(&bundle, "cpu.shares"), "512");
}

#[test]
fn a_device_is_throttled_by_json_on_v1() {
    let Some(device) = fs::read_dir("/sys/block")
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| {
            path.file_name()
                .is_some_and(|name| !name.to_string_lossy().starts_with("loop"))
        })
    else {
        crate::skip("this machine has no disk");
        return;
    };
    if !has_v1() {
        return;
    }
    let device = fs::read_to_string(device.join("dev")).unwrap();
    let (major, minor) = device.trim().split_once(':').unwrap();
    let bundle = limited("throttle", json!({}));
    let limits = |rate: u32| {
        format!(
            r#"{{"blockIO": {{"throttleReadBpsDevice": [{{"major": {major}, "minor": {minor}, "rate": {rate}}}],
            "throttleWriteIOPSDevice": [{{"major": {major}, "minor": {minor}, "rate": {rate}}}]}}}}"#
        )
    };
    for rate in [4096, 8192] {
        let output = by_json(&bundle, &limits(rate));
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let expected = format!("{} {rate}", device.trim());
        assert_eq!(v1(&bundle, "blkio.throttle.read_bps_device"), expected);
        assert_eq!(v1(&bundle, "blkio.throttle.write_iops_device"), expected);
    }
}

#[test]
fn a_paused_container_is_updated_and_stays_paused() {
    let bundle = limited("paused", json!({}));
    bundle.must(&["pause"]);
    bundle.must(&["update", "--pids-limit", "33"]);
    assert_eq!(bundle.status(), "paused");
    if has_v1() {
        assert_eq!(v1(&bundle, "pids.max"), "33");
    }
}

#[test]
fn unified_files_and_huge_pages_are_updated_on_pure_v2() {
    on_pure_v2(|| {
        let _root = RootControllers::keep("/sys/fs/cgroup/cgroup.subtree_control");
        let bundle = limited("unified", json!({"unified": {"cgroup.max.depth": "5"}}));
        let read = |file: &str| fs::read_to_string(format!("/sys/fs/cgroup/{}/{file}", bundle.id())).unwrap();
        let change = r#"{"unified": {"cgroup.max.depth": "3"},
            "hugepageLimits": [{"pageSize": "2MB", "limit": 2097152}]}"#;
        let output = by_json(&bundle, change);
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        assert_eq!(read("cgroup.max.depth"), "3\n");
        assert_eq!(read("hugetlb.2MB.max"), "2097152\n");
        // The third cannot be: the first two are taken back.
        let change = r#"{"unified": {"cgroup.max.depth": "7", "hugetlb.2MB.max": "x"},
            "hugepageLimits": [{"pageSize": "2MB", "limit": 4194304}]}"#;
        let output = by_json(&bundle, change);
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(read("cgroup.max.depth"), "3\n");
        assert_eq!(read("hugetlb.2MB.max"), "2097152\n");
    });
}

#[test]
fn an_update_that_fails_anywhere_changes_nothing() {
    if !has_v1() {
        return;
    }
    let before = json!({"memory": {"limit": 64 << 20, "swap": 96 << 20}, "pids": {"limit": 20},
        "cpu": {"shares": 100, "quota": 50000}});
    let bundle = limited("broken", before);
    let files = [
        "memory.limit_in_bytes",
        "memory.memsw.limit_in_bytes",
        "pids.max",
        "cpu.shares",
        "cpu.cfs_quota_us",
    ];
    let values = || files.map(|file| v1(&bundle, file));
    let old = values();
    let config = || fs::read_to_string(bundle.file(&format!("state/{}/config.json", bundle.id()))).unwrap();
    let old_config = config();
    let options = [
        "--memory",
        "256m",
        "--memory-swap",
        "512m",
        "--pids-limit",
        "7",
        "--cpu-share",
        "300",
        "--cpu-quota",
        "9000",
    ];
    let update = |fault: &str| {
        let mut update = bundle.command(&["update", bundle.id()]);
        update.args(options).env("CORTEN_FAULT", fault).output().unwrap()
    };
    let mut number = 0;
    while !update(&format!("{number}:fail")).status.success() {
        assert_eq!(values(), old, "operation {number}");
        assert_eq!(config(), old_config, "operation {number}");
        number += 1;
    }
    assert!(number >= 4, "only {number} operations");
    assert_eq!(
        values(),
        ["268435456", "536870912", "7", "300", "9000"].map(str::to_owned)
    );
    // Killed half-way, the next update completes it.
    bundle.must(&[
        "update",
        "--memory",
        "64m",
        "--memory-swap",
        "96m",
        "--pids-limit",
        "20",
        "--cpu-share",
        "100",
        "--cpu-quota",
        "50000",
    ]);
    for killed in 0..number {
        assert!(!update(&format!("{killed}:kill")).status.success());
    }
    assert!(update("99:fail").status.success());
    assert_eq!(
        values(),
        ["268435456", "536870912", "7", "300", "9000"].map(str::to_owned)
    );
}

#[test]
fn bad_values_are_named_and_change_nothing() {
    let bundle = limited("bad", json!({}));
    for (options, message) in [
        (
            &["--memory", "lots"][..],
            "invalid value for memory: invalid size: \"lots\"",
        ),
        (
            &["--cpu-share", "-3"],
            "invalid value for cpu-share: \"-3\": invalid digit found in string",
        ),
        (
            &["--blkio-weight", "70000"],
            "invalid value for blkio-weight: \"70000\": number too large to fit in target type",
        ),
        (
            &["--l3-cache-schema", "L3:0=f"],
            "Intel RDT/CAT: l3 cache schema is not enabled",
        ),
    ] {
        let mut options = options.to_vec();
        options.insert(0, "update");
        let (value, rest) = (options.pop().unwrap(), options);
        let option = format!("{}={value}", rest[1]);
        assert_eq!(bundle.refused(&["update", &option]), message);
    }
    let output = by_json(&bundle, r#"{"memory": {"limit": "1"}}"#);
    assert_eq!(
        String::from_utf8_lossy(&output.stderr).lines().next(),
        Some("invalid resources: memory.limit: found string \"1\", expected i64 at line 1 column 24")
    );
    assert!(
        bundle
            .refused(&["update", "--resources", "/no/such/file"])
            .contains("/no/such/file")
    );
}

#[test]
fn only_a_living_container_can_be_updated() {
    let bundle = Bundle::new("dead", "true");
    assert_eq!(
        bundle.refused(&["update", "--pids-limit", "5"]),
        format!("container does not exist: {:?}", bundle.id())
    );
    bundle.create();
    bundle.must(&["update", "--pids-limit", "5"]);
    bundle.must(&["start"]);
    super::wait_for_end(&bundle);
    assert_eq!(
        bundle.refused(&["update", "--pids-limit", "5"]),
        format!("container not running: {:?} is stopped", bundle.id())
    );
}
