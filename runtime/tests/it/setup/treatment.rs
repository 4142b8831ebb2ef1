//! How the kernel treats the process: scheduling, I/O priority, personality, memory policy, labels.

use super::{bundle, output, refusal, set_namespace};
use serde_json::{Value, json};
use std::path::Path;

/// Policy, nice and real-time priority of the shell, by proc_pid_stat(5).
const SCHEDULING: &str = "set -- $(cat /proc/$$/stat); echo policy ${41} nice ${19} priority ${40}";

fn scheduling(name: &str, scheduler: Value) -> String {
    output(name, SCHEDULING, |config| {
        config["process"]["scheduler"] = scheduler;
    })
}

#[test]
fn nice_and_policy_are_set() {
    let seen = scheduling("sched-other", json!({"policy": "SCHED_OTHER", "nice": 7}));
    assert_eq!(seen, "policy 0 nice 7 priority 0\n");
    let seen = scheduling("sched-batch", json!({"policy": "SCHED_BATCH", "nice": -3}));
    assert_eq!(seen, "policy 3 nice -3 priority 0\n");
    let seen = scheduling("sched-idle", json!({"policy": "SCHED_IDLE"}));
    assert_eq!(seen, "policy 5 nice 0 priority 0\n");
}

#[test]
fn real_time_and_deadline_are_set_or_the_kernels_reason_is_told() {
    let deadline = json!({"policy": "SCHED_DEADLINE", "flags": ["SCHED_FLAG_RESET_ON_FORK"],
        "runtime": 1_000_000, "deadline": 10_000_000, "period": 20_000_000});
    for (scheduler, expected) in [
        (
            json!({"policy": "SCHED_FIFO", "priority": 5}),
            "policy 1 nice 0 priority 5\n",
        ),
        (
            json!({"policy": "SCHED_RR", "priority": 99}),
            "policy 2 nice 0 priority 99\n",
        ),
        (deadline, "policy 6 nice 0 priority 0\n"),
    ] {
        let bundle = bundle("sched-real-time", SCHEDULING);
        bundle.edit(|config| {
            config["process"]["scheduler"] = scheduler.clone();
            if Path::new("/sys/fs/cgroup/cpu/cpu.rt_runtime_us").exists() {
                let budget = json!({"realtimeRuntime": 20_000, "realtimePeriod": 1_000_000});
                config["linux"]["resources"]["cpu"] = budget;
            }
        });
        let output = bundle.call(&["run"]);
        let errors = String::from_utf8(output.stderr).unwrap();
        if output.status.success() {
            assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
        } else {
            // The machine's groups may have no real-time budget.
            assert!(errors.starts_with("schedule by policy "), "{errors}");
            assert!(errors.contains("hint: it needs CAP_SYS_NICE"), "{errors}");
        }
    }
}

#[test]
fn a_user_namespace_gets_a_better_nice_too() {
    let bundle = bundle("sched-userns", &format!("{SCHEDULING}; busybox ionice -p $$"));
    super::namespaces::make_places(&bundle);
    bundle.edit(|config| {
        super::namespaces::user_namespace(config);
        config["process"]["scheduler"] = json!({"policy": "SCHED_OTHER", "nice": -5});
        config["process"]["ioPriority"] = json!({"class": "IOPRIO_CLASS_RT", "priority": 2});
    });
    assert_eq!(
        bundle.must(&["run"]),
        "policy 0 nice -5 priority 0\nrealtime: prio 2\n"
    );
}

#[test]
fn bad_schedulers_are_refused_by_name() {
    for (scheduler, expected) in [
        (
            json!({"policy": "SCHED_FAST"}),
            "process.scheduler.policy: found \"SCHED_FAST\"",
        ),
        (
            json!({"policy": "SCHED_OTHER", "nice": 20}),
            "process.scheduler.nice: found 20",
        ),
        (
            json!({"policy": "SCHED_OTHER", "priority": 1}),
            "process.scheduler.priority: found 1",
        ),
        (
            json!({"policy": "SCHED_FIFO"}),
            "process.scheduler.priority: found 0",
        ),
        (
            json!({"policy": "SCHED_RR", "priority": 1, "period": 9}),
            "process.scheduler.period: found 9",
        ),
        (
            json!({"policy": "SCHED_IDLE", "flags": ["X"]}),
            "process.scheduler.flags[0]: found \"X\"",
        ),
    ] {
        let error = refusal("sched-bad", |config| config["process"]["scheduler"] = scheduler);
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn the_io_priority_is_set() {
    let class = |class: &str, priority: i32| {
        output("ioprio", "busybox ionice -p $$", |config| {
            config["process"]["ioPriority"] = json!({"class": class, "priority": priority});
        })
    };
    assert_eq!(class("IOPRIO_CLASS_BE", 3), "best-effort: prio 3\n");
    assert_eq!(class("IOPRIO_CLASS_RT", 0), "realtime: prio 0\n");
    assert!(class("IOPRIO_CLASS_IDLE", 0).starts_with("idle"));
    for (class, priority, expected) in [
        ("IOPRIO_CLASS_BE", 8, "process.ioPriority.priority: found 8"),
        ("IOPRIO_CLASS_X", 0, "process.ioPriority.class: found"),
    ] {
        let error = refusal("ioprio-bad", |config| {
            config["process"]["ioPriority"] = json!({"class": class, "priority": priority});
        });
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn the_personality_outlives_filter_and_exec() {
    let seen = output("personality", "busybox uname -m", |config| {
        config["linux"]["personality"] = json!({"domain": "LINUX32"});
        config["linux"]["seccomp"] = json!({"defaultAction": "SCMP_ACT_ALLOW",
            "syscalls": [{"names": ["personality"], "action": "SCMP_ACT_ERRNO"}]});
    });
    assert_eq!(seen, "i686\n");
    let error = refusal("personality-bad", |config| {
        config["linux"]["personality"] = json!({"domain": "SVR4", "flags": ["ADDR_NO_RANDOMIZE"]});
    });
    assert!(
        error.contains("linux.personality.domain: found \"SVR4\""),
        "{error}"
    );
    assert!(error.contains("linux.personality.flags[0]: found"), "{error}");
}

#[test]
fn memory_comes_by_the_policy() {
    if !Path::new("/proc/self/numa_maps").exists() {
        crate::skip("this kernel has no NUMA memory policies");
        return;
    }
    let seen = output("mempolicy", "cat /proc/self/numa_maps", |config| {
        config["linux"]["memoryPolicy"] =
            json!({"mode": "MPOL_BIND", "nodes": "0", "flags": ["MPOL_F_STATIC_NODES"]});
    });
    assert!(seen.contains("bind=static:0"), "{seen}");
    let error = refusal("mempolicy-node", |config| {
        config["linux"]["memoryPolicy"] = json!({"mode": "MPOL_BIND", "nodes": "900"});
    });
    assert!(error.starts_with("set the memory policy"), "{error}");
}

#[test]
fn bad_memory_policies_are_refused_by_name() {
    for (policy, expected) in [
        (json!({"mode": "MPOL_X"}), "linux.memoryPolicy.mode: found"),
        (
            json!({"mode": "MPOL_BIND"}),
            "linux.memoryPolicy.nodes: found \"\", expected at least one",
        ),
        (
            json!({"mode": "MPOL_LOCAL", "nodes": "0"}),
            "linux.memoryPolicy.nodes: found \"0\", expected nothing",
        ),
        (
            json!({"mode": "MPOL_BIND", "nodes": "1-0"}),
            "linux.memoryPolicy.nodes: found \"1-0\"",
        ),
        (
            json!({"mode": "MPOL_DEFAULT", "flags": ["Y"]}),
            "linux.memoryPolicy.flags[0]: found \"Y\"",
        ),
    ] {
        let error = refusal("mempolicy-bad", |config| config["linux"]["memoryPolicy"] = policy);
        assert!(error.contains(expected), "{error}");
    }
}

/// Less protection than was asked for is an error.
#[test]
fn labels_without_selinux_are_refused() {
    if Path::new("/sys/fs/selinux/enforce").exists() {
        crate::skip("this machine has SELinux");
        return;
    }
    for (part, property) in [("process", "selinuxLabel"), ("linux", "mountLabel")] {
        let error = refusal("selinux", |config| {
            config[part][property] = json!("system_u:system_r:container_t:s0");
        });
        let expected =
            format!("{part}.{property}: selinux label is specified in config, but selinux is disabled");
        assert!(error.starts_with(&expected), "{error}");
    }
    let seen = output("selinux-empty", "echo ran", |config| {
        set_namespace(config, json!({"type": "uts"}));
        config["process"]["selinuxLabel"] = json!("");
        config["linux"]["mountLabel"] = json!("");
    });
    assert_eq!(seen, "ran\n");
}

#[test]
fn without_resctrl_a_class_of_service_is_refused() {
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap();
    if mounts.contains(" - resctrl ") {
        crate::skip("this machine has resctrl");
        return;
    }
    let error = refusal("rdt", |config| {
        config["linux"]["intelRdt"] = json!({"schemata": ["MB:0=50"]});
    });
    assert!(
        error.starts_with("linux.intelRdt: no resctrl file system is mounted"),
        "{error}"
    );
}
