//! Statistics and events, in the machine's own layout and on pure v2.

use crate::bundle::Bundle;
use crate::cgroup::on_pure_v2;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

fn running(name: &str, script: &str) -> Bundle {
    let bundle = Bundle::new(name, script);
    bundle.create();
    bundle.must(&["start"]);
    bundle
}

fn stats(bundle: &Bundle) -> Value {
    let text = bundle.must(&["events", "--stats"]);
    assert_eq!(text.lines().count(), 1, "{text}");
    let event: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(event["type"], "stats");
    assert_eq!(event["id"], bundle.id());
    event["data"].clone()
}

/// Follows a container; the reader has its lines.
fn follow(bundle: &Bundle, interval: &str) -> (Child, impl Iterator<Item = Value> + use<>) {
    let mut events = bundle.command(&["events", "--interval", interval, bundle.id()]);
    let mut events = events.stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(events.stdout.take().unwrap()).lines();
    let events_of_lines = lines.map(|line| serde_json::from_str(&line.unwrap()).unwrap());
    (events, events_of_lines)
}

#[test]
fn statistics_tell_what_is_used_and_what_is_limited() {
    let bundle = Bundle::new("stats", "exec sleep 1000");
    bundle.edit(|config| {
        config["linux"]["resources"] = json!({"pids": {"limit": 17}, "memory": {"limit": 64 << 20}});
    });
    if !std::fs::exists("/sys/fs/cgroup/pids").unwrap() {
        crate::skip("this machine has no v1 controllers");
        return;
    }
    bundle.create();
    bundle.must(&["start"]);
    let stats = stats(&bundle);
    assert_eq!(stats["pids"], json!({"current": 1, "limit": 17}));
    assert_eq!(stats["memory"]["usage"]["limit"], 64 << 20);
    assert!(stats["memory"]["usage"]["usage"].as_u64().unwrap() > 0, "{stats}");
    assert_eq!(stats["memory"]["raw"]["hierarchical_memory_limit"], 64 << 20);
    assert!(stats["cpu"]["usage"]["total"].as_u64().unwrap() > 0, "{stats}");
    assert_eq!(stats["network_interfaces"], Value::Null);
}

#[test]
fn statistics_of_pure_v2_have_pressure_and_count_tasks() {
    on_pure_v2(|| {
        let bundle = running("stats-v2", "sleep 1000 & exec sleep 1000");
        let stats = stats(&bundle);
        assert!(stats["pids"]["current"].as_u64().unwrap() >= 1, "{stats}");
        assert!(stats["cpu"]["usage"]["total"].as_u64().unwrap() > 0, "{stats}");
        if std::fs::exists("/proc/pressure/cpu").unwrap() {
            assert!(stats["cpu"]["psi"]["some"]["total"].is_u64(), "{stats}");
            assert!(stats["memory"]["psi"]["full"]["avg10"].is_number(), "{stats}");
        }
    });
}

#[test]
fn following_tells_at_intervals_and_ends_with_the_container() {
    let bundle = running("follow", "exec sleep 1000");
    let (mut following, mut events) = follow(&bundle, "20ms");
    for _ in 0..3 {
        assert_eq!(events.next().unwrap()["type"], "stats");
    }
    bundle.must(&["delete", "--force"]);
    assert!(events.all(|event| event["type"] == "stats"));
    assert!(following.wait().unwrap().success());
}

#[test]
fn lack_of_memory_is_told_before_the_end() {
    if !std::fs::exists("/sys/fs/cgroup/memory/memory.oom_control").unwrap() {
        crate::skip("this machine has no v1 memory controller");
        return;
    }
    let bundle = Bundle::new(
        "oom",
        "read go </go; exec busybox dd if=/dev/zero of=/dev/null bs=128M count=1",
    );
    nix::unistd::mkfifo(&bundle.file("rootfs/go"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    bundle.edit(|config| {
        config["linux"]["resources"] = json!({"memory": {"limit": 32 << 20, "swap": 32 << 20}});
    });
    bundle.create();
    bundle.must(&["start"]);
    let (mut following, mut events) = follow(&bundle, "10ms");
    // It watches before it tells anything.
    assert_eq!(events.next().unwrap()["type"], "stats");
    std::fs::write(bundle.file("rootfs/go"), "go\n").unwrap();
    let ooms: Vec<Value> = events.filter(|event| event["type"] == "oom").collect();
    assert!(!ooms.is_empty());
    assert_eq!(ooms[0], json!({"type": "oom", "id": bundle.id()}));
    assert!(following.wait().unwrap().success());
    assert_eq!(bundle.status(), "stopped");
}

#[test]
fn only_a_container_that_is_not_stopped_has_events() {
    let bundle = Bundle::new("no-events", "true");
    bundle.create();
    assert_eq!(
        bundle.refused(&["events", "--interval", "0"]),
        "duration interval must be greater than 0"
    );
    assert!(bundle.refused(&["events", "--interval", "5"]).contains("\"5\""));
    bundle.must(&["start"]);
    super::wait_for_end(&bundle);
    let expected = format!("container with id {} is not running", bundle.id());
    assert_eq!(bundle.refused(&["events"]), expected);
    assert_eq!(bundle.refused(&["events", "--stats"]), expected);
}
