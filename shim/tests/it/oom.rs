//! The kernel's memory killer: told apart from other deaths.

use serde_json::json;

use crate::fixture::Bundle;

/// Needs the memory controller, which on a hybrid machine is not in the unified hierarchy.
fn hungry(script: &str) -> Bundle {
    let mut bundle = Bundle::sh(script);
    bundle.config["linux"]["resources"] = json!({"memory": {"limit": 16 << 20, "swap": 16 << 20}});
    bundle.config["linux"]["namespaces"]
        .as_array_mut()
        .unwrap()
        .push(json!({"type": "cgroup"}));
    bundle
}

#[test]
fn init_killed_for_memory_is_oom_killed() {
    let bundle = hungry("exec tail /dev/zero");
    let mut shim = bundle.shim("runc".as_ref()).machine_cgroups().spawn();
    shim.expect_started();
    let record = shim.finish();
    assert_eq!(
        (&record["exit_code"], &record["oom_killed"]),
        (&json!(137), &json!(true)),
        "{record}"
    );
    assert_eq!(record["oom_kills"], 1);
}

#[test]
fn a_child_killed_for_memory_is_only_counted() {
    let bundle = hungry("tail /dev/zero; exit 3");
    let mut shim = bundle.shim("runc".as_ref()).machine_cgroups().spawn();
    shim.expect_started();
    let record = shim.finish();
    assert_eq!(
        (&record["exit_code"], &record["oom_killed"]),
        (&json!(3), &json!(false)),
        "{record}"
    );
    assert_eq!(record["oom_kills"], 1);
}

#[test]
fn another_kill_is_not() {
    let bundle = hungry("sleep 1000");
    let mut shim = bundle.shim("runc".as_ref()).machine_cgroups().created();
    let mut client = shim.attach();
    shim.start();
    client.signal(9);
    let record = shim.finish();
    assert_eq!(
        (&record["exit_code"], &record["oom_killed"]),
        (&json!(137), &json!(false)),
        "{record}"
    );
}
