//! Limits as operations: what is written where, and what is refused.

use super::*;
use crate::host::cgroup::{Hierarchy, Layout};

fn hierarchy(version: Version, mount: &str, controllers: &[&str]) -> Hierarchy {
    let controllers = controllers.iter().map(|name| (*name).to_owned()).collect();
    Hierarchy {
        version,
        mount: mount.to_owned(),
        controllers,
        own: String::new(),
    }
}

fn v2() -> Layout {
    let controllers = ["cpuset", "cpu", "io", "memory", "hugetlb", "pids", "rdma"];
    Layout {
        hierarchies: vec![hierarchy(Version::V2, "/u", &controllers)],
    }
}

fn hybrid() -> Layout {
    let v1 = [
        "cpu", "cpuset", "memory", "devices", "blkio", "pids", "net_cls", "net_prio",
    ];
    let mut hierarchies: Vec<Hierarchy> = v1
        .iter()
        .map(|name| hierarchy(Version::V1, &format!("/{name}"), &[name]))
        .collect();
    hierarchies.push(hierarchy(Version::V2, "/u", &["hugetlb"]));
    Layout { hierarchies }
}

fn planned(layout: &Layout, json: &str) -> Result<Limits> {
    let groups: Vec<Group> = layout
        .hierarchies
        .iter()
        .map(|h| crate::plan::cgroup::group(h, "g"))
        .collect();
    plan(&groups, Some(&serde_json::from_str(json).unwrap()))
}

/// The limits as lines, without the device rules.
fn lines(layout: &Layout, json: &str) -> Vec<String> {
    let limits = planned(layout, json).unwrap();
    let ops = limits.setup.iter().chain(&limits.finish);
    let line = |op: &Op| match op {
        Op::Set { path, file, value } if !file.starts_with("devices.") => {
            Some(format!("{path}/{file}={value}"))
        }
        Op::SetTogether { path, values } => {
            let values: Vec<String> = values
                .iter()
                .map(|(file, value)| format!("{file}={value}"))
                .collect();
            Some(format!("{path}/{}", values.join("&")))
        }
        Op::RequireLess {
            path, file, limit, ..
        } => Some(format!("{path}/{file}<{limit}")),
        Op::SetFirst {
            path,
            choices,
            required,
        } => {
            let sign = if *required { "" } else { "?" };
            let choices: Vec<String> = choices
                .iter()
                .map(|(file, value)| format!("{file}={value}"))
                .collect();
            Some(format!("{sign}{path}/{}", choices.join("|")))
        }
        _ => None,
    };
    ops.filter_map(line).collect()
}

const MANY: &str = r#"{
    "memory": {"limit": 1000, "swap": 1500, "reservation": 800},
    "cpu": {"shares": 1024, "quota": 50000, "period": 200000, "burst": 1000, "cpus": "0-1", "mems": "0"},
    "pids": {"limit": 0},
    "blockIO": {"weight": 500, "throttleReadBpsDevice": [{"major": 8, "minor": 0, "rate": 99}]},
    "hugepageLimits": [{"pageSize": "2MB", "limit": 4096}]}"#;

#[test]
fn v2_gets_its_own_units() {
    assert_eq!(
        lines(&v2(), MANY),
        [
            "/u/g/memory.swap.max=500",
            "/u/g/memory.max=1000",
            "/u/g/memory.low=800",
            "/u/g/cpu.weight=100",
            "/u/g/cpu.max=50000 200000&cpu.max.burst=1000",
            "/u/g/cpuset.cpus=0-1",
            "/u/g/cpuset.mems=0",
            "/u/g/io.bfq.weight=500|io.weight=4950",
            "/u/g/io.max=8:0 rbps=99",
            "/u/g/hugetlb.2MB.max=4096",
            "?/u/g/hugetlb.2MB.rsvd.max=4096",
            "/u/g/pids.max=0",
        ]
    );
}

#[test]
fn hybrid_asks_each_controllers_owner() {
    assert_eq!(
        lines(&hybrid(), MANY),
        [
            "/memory/g/memory.limit_in_bytes=1000&memory.memsw.limit_in_bytes=1500",
            "/memory/g/memory.soft_limit_in_bytes=800",
            "/cpu/g/cpu.shares=1024",
            "/cpu/g/cpu.cfs_period_us=200000&cpu.cfs_quota_us=50000&cpu.cfs_burst_us=1000",
            "/cpuset/g/cpuset.cpus=0-1",
            "/cpuset/g/cpuset.mems=0",
            "/blkio/g/blkio.weight=500|blkio.bfq.weight=500",
            "/blkio/g/blkio.throttle.read_bps_device=8:0 99",
            "/u/g/hugetlb.2MB.max=4096",
            "?/u/g/hugetlb.2MB.rsvd.max=4096",
            "/pids/g/pids.max=0",
        ]
    );
}

#[test]
fn unlimited_is_max_on_v2_and_absent_is_nothing() {
    let json = r#"{"memory": {"limit": -1}, "cpu": {"quota": -1}, "pids": {"limit": -1}}"#;
    assert_eq!(
        lines(&v2(), json),
        [
            "?/u/g/memory.swap.max=max",
            "/u/g/memory.max=max",
            "/u/g/cpu.max=max 100000",
            "/u/g/pids.max=max"
        ]
    );
    assert_eq!(
        lines(&v2(), r#"{"memory": {"limit": 0}, "cpu": {}, "pids": {}}"#),
        Vec::<String>::new()
    );
    let uncounted = Layout {
        hierarchies: vec![hierarchy(Version::V2, "/u", &["hugetlb"])],
    };
    assert_eq!(
        lines(&uncounted, r#"{"pids": {"limit": -1}}"#),
        Vec::<String>::new()
    );
    assert!(planned(&uncounted, r#"{"pids": {"limit": 9}}"#).is_err());
}

#[test]
fn an_idle_group_has_no_weight() {
    assert_eq!(
        lines(&v2(), r#"{"cpu": {"idle": 1, "shares": 512}}"#),
        ["/u/g/cpu.idle=1"]
    );
}

#[test]
fn unified_files_come_last_and_line_by_line() {
    let json =
        r#"{"memory": {"limit": 5}, "unified": {"memory.max": "9", "io.max": "8:0 rbps=1\n8:16 rbps=2"}}"#;
    assert_eq!(
        lines(&v2(), json),
        [
            "/u/g/memory.max=5",
            "/u/g/io.max=8:0 rbps=1",
            "/u/g/io.max=8:16 rbps=2",
            "/u/g/memory.max=9"
        ]
    );
}

#[test]
fn limits_make_their_controllers_needed() {
    let limits = planned(
        &v2(),
        r#"{"pids": {"limit": 9}, "unified": {"rdma.max": "x hca_handle=1"}}"#,
    )
    .unwrap();
    let names = |needed| {
        let of = limits.controllers.iter().filter(|(_, needs)| *needs == needed);
        of.map(|(name, _)| name.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(names(true), ["pids", "rdma"]);
    assert_eq!(names(false), ["cpu", "io", "memory"]);
}

#[test]
fn a_missing_controller_is_named_with_what_there_is() {
    let error = planned(&hybrid(), r#"{"rdma": {"mlx": {"hcaHandles": 1}}}"#).unwrap_err();
    assert_eq!(
        error.to_string(),
        "linux.resources.rdma needs the cgroup controller rdma, which is not available"
    );
    assert!(
        error.hints()[0].contains("/memory (memory), "),
        "{:?}",
        error.hints()
    );
}

#[test]
fn what_cannot_be_kept_is_refused_by_name() {
    for (layout, json, word) in [
        (
            v2(),
            r#"{"memory": {"swappiness": 1}}"#,
            "memory.swappiness does not exist in cgroup v2",
        ),
        (
            v2(),
            r#"{"memory": {"disableOOMKiller": true}}"#,
            "memory.disableOOMKiller does not exist",
        ),
        (v2(), r#"{"cpu": {"realtimeRuntime": 1}}"#, "cpu.realtimeRuntime"),
        (v2(), r#"{"blockIO": {"leafWeight": 10}}"#, "blockIO.leafWeight"),
        (
            v2(),
            r#"{"network": {"classID": 1}}"#,
            "linux.resources.network.classID needs",
        ),
        (
            v2(),
            r#"{"unified": {"nope.max": "1"}}"#,
            "linux.resources.unified[\"nope.max\"] needs",
        ),
        (
            hybrid(),
            r#"{"unified": {"memory.max": "1"}}"#,
            "linux.resources.unified[\"memory.max\"] needs",
        ),
        (
            hybrid(),
            r#"{"memory": {"swappiness": 101}}"#,
            "between 0 and 100",
        ),
        (
            v2(),
            r#"{"hugepageLimits": [{"pageSize": "../x", "limit": 1}]}"#,
            "not a size such as 2MB",
        ),
        (
            v2(),
            r#"{"rdma": {"a b": {"hcaHandles": 1}}}"#,
            "not the name of a device",
        ),
    ] {
        let error = planned(&layout, json).unwrap_err();
        assert!(error.to_string().contains(word), "{json}: {error}");
    }
}

#[test]
fn limits_that_kernels_have_given_up_are_ignored_with_a_warning() {
    let limits = planned(&v2(), r#"{"memory": {"kernel": 100, "kernelTCP": 100}}"#).unwrap();
    assert_eq!(limits.warnings.len(), 2);
    assert!(limits.warnings[0].starts_with("linux.resources.memory.kernel is ignored"));
}

#[test]
fn v1_gets_what_only_it_has() {
    let json = r#"{"memory": {"useHierarchy": true, "kernelTCP": 7, "swappiness": 60, "disableOOMKiller": true},
        "cpu": {"realtimeRuntime": 950, "realtimePeriod": 1000, "idle": 0},
        "blockIO": {"leafWeight": 20, "weightDevice": [{"major": 8, "minor": 0, "weight": 30, "leafWeight": 40}],
            "throttleWriteIOPSDevice": [{"major": 8, "minor": 0, "rate": 5}]},
        "network": {"classID": 1048577, "priorities": [{"name": "lo", "priority": 3}]}}"#;
    assert_eq!(
        lines(&hybrid(), json),
        [
            "?/memory/g/memory.use_hierarchy=1",
            "?/memory/g/memory.kmem.tcp.limit_in_bytes=7",
            "/memory/g/memory.oom_control=1",
            "/memory/g/memory.swappiness=60",
            "/cpu/g/cpu.idle=0",
            "/cpu/g/cpu.rt_period_us=1000&cpu.rt_runtime_us=950",
            "/blkio/g/blkio.leaf_weight=20",
            "/blkio/g/blkio.weight_device=8:0 30|blkio.bfq.weight_device=8:0 30",
            "/blkio/g/blkio.leaf_weight_device=8:0 40",
            "/blkio/g/blkio.throttle.write_iops_device=8:0 5",
            "/net_cls/g/net_cls.classid=1048577",
            "/net_prio/g/net_prio.ifpriomap=lo 3",
        ]
    );
}

#[test]
fn v1_without_swap_accounting_takes_unlimited_swap() {
    let limit = "/memory/g/memory.limit_in_bytes";
    let unlimited = "?/memory/g/memory.memsw.limit_in_bytes=-1";
    assert_eq!(
        lines(&hybrid(), r#"{"memory": {"limit": 1000, "swap": -1}}"#),
        [unlimited, &format!("{limit}=1000")]
    );
    assert_eq!(
        lines(&hybrid(), r#"{"memory": {"limit": -1}}"#),
        [unlimited, &format!("{limit}=-1")]
    );
}

#[test]
fn a_check_before_an_update_compares_with_what_is_in_use() {
    let json = r#"{"memory": {"limit": 1000, "swap": 1500, "checkBeforeUpdate": true}}"#;
    assert_eq!(
        lines(&v2(), json)[..2],
        ["/u/g/memory.current<1500", "/u/g/memory.current<1000"]
    );
    assert!(
        !lines(&hybrid(), json).iter().any(|line| line.contains('<')),
        "v1's kernel refuses by itself"
    );
}

#[test]
fn a_device_without_rdma_limits_is_left_alone() {
    assert_eq!(
        lines(&v2(), r#"{"rdma": {"x": {}, "y": {"hcaObjects": 2}}}"#),
        ["/u/g/rdma.max=y hca_object=2"]
    );
}
