//! The order of operations, which is what keeps the machine out of a container's reach.

use super::*;
use crate::host::cgroup::Layout;
use crate::plan::cgroup::{Group, Record};

const ALL: u64 = (1 << 41) - 1;

fn facts(capabilities: u64, uid: u32) -> Facts {
    Facts {
        capabilities,
        uid,
        selinux: false,
        resctrl: None,
        layout: Layout::default(),
        cgroup: cgroup::Plan::default(),
    }
}

/// The plan as lines: the runtime's before, the process's, the runtime's after.
fn lines(config: &str, facts: &Facts) -> [Vec<String>; 3] {
    let spec = crate::oci::parse(config.as_bytes()).unwrap();
    let process = spec.process.clone().unwrap_or_default();
    let group = |version, mount: &str| Group {
        version,
        controllers: vec!["pids".to_owned()],
        mount: mount.to_owned(),
        path: "box".to_owned(),
    };
    let target = Target {
        id: "box",
        init: 7,
        cgroups: Record {
            groups: vec![group(Version::V1, "/v1"), group(Version::V2, "/v2")],
            ..Record::default()
        },
        no_new_keyring: false,
        preserve_fds: 2,
    };
    let plan = build(target, &spec, &process, facts).unwrap();
    [
        plan.before.iter().map(ToString::to_string).collect(),
        plan.init.iter().map(ToString::to_string).collect(),
        plan.after.iter().map(ToString::to_string).collect(),
    ]
}

fn config(namespaces: &[&str], capabilities: &str) -> String {
    let namespaces: Vec<String> = namespaces
        .iter()
        .map(|kind| format!(r#"{{"type": "{kind}"}}"#))
        .collect();
    format!(
        r#"{{"ociVersion": "1.3.0", "root": {{"path": "r"}},
            "process": {{"args": ["a"], "cwd": "/", "env": ["PATH=/bin", "HOME=/h"], "oomScoreAdj": 5,
                "noNewPrivileges": true, "capabilities": {{"bounding": [{capabilities}]}},
                "rlimits": [{{"type": "RLIMIT_CORE", "soft": 1, "hard": 2}}]}},
            "linux": {{"namespaces": [{}], "seccomp": {{"defaultAction": "SCMP_ACT_ALLOW"}}}}}}"#,
        namespaces.join(",")
    )
}

/// The place of the first line that begins so.
#[track_caller]
fn at(lines: &[String], start: &str) -> usize {
    let found = lines.iter().position(|line| line.starts_with(start));
    found.unwrap_or_else(|| panic!("no {start:?} in {lines:#?}"))
}

fn in_order(lines: &[String], starts: &[&str]) {
    let places: Vec<usize> = starts.iter().map(|start| at(lines, start)).collect();
    assert!(places.is_sorted(), "{starts:?} are at {places:?} of {lines:#?}");
}

#[test]
fn a_privileged_runtime_makes_one_process() {
    let config = config(&["pid", "mount", "network", "cgroup"], "");
    let [before, init, after] = lines(&config, &facts(ALL, 0));
    assert_eq!(
        before,
        [
            "become non-dumpable",
            "enter the pid namespace for children",
            "clone the container's process into its cgroup"
        ]
    );
    in_order(
        &init,
        &[
            "die with the runtime",
            "set oom_score_adj to 5",
            "join cgroup /v1/box",
            "run on all CPUs",
            "join the namespaces mount, network, cgroup of process 7",
            "begin a new session",
            "close what was opened outside",
            "change to the working directory /",
            "limit the bounding set to 0x0",
            "become user 0",
            "find the program \"a\"",
            "outlive the runtime",
            "tell the runtime: ready to start",
            "wait for start",
            "set RLIMIT_CORE to 1",
            "close descriptors from 5 on",
            "set the capabilities",
            "give up new privileges",
            "load a seccomp filter",
            "exec [\"a\"]",
        ],
    );
    assert_eq!(after, ["wait for the container: ready to start"]);
}

#[test]
fn who_may_trace_sees_nothing_that_leads_outside() {
    let config = config(&["pid", "mount"], r#""CAP_SYS_PTRACE""#);
    let [before, init, after] = lines(&config, &facts(ALL, 0));
    assert_eq!(before, ["clone the container's process into its cgroup"]);
    in_order(
        &init,
        &[
            "become non-dumpable",
            "join the namespaces mount, pid of process 7",
            "go on as a child in the pid namespace",
            "begin a new session",
        ],
    );
    assert_eq!(
        after,
        [
            "adopt the process made in the pid namespace",
            "wait for the container: ready to start"
        ]
    );
}

/// In a user namespace of the container's own, tracing reaches nothing of the machine's.
#[test]
fn the_user_namespace_comes_first_and_limits_come_from_outside() {
    let config = config(&["pid", "user", "mount"], r#""CAP_SYS_PTRACE""#);
    let [_, init, after] = lines(&config, &facts(ALL, 0));
    in_order(
        &init,
        &[
            "set oom_score_adj",
            "join the namespaces user, mount of process 7",
            "become root of the user namespace",
            "begin a new session",
        ],
    );
    assert!(
        !init.iter().any(|line| line.starts_with("set RLIMIT_CORE")),
        "{init:#?}"
    );
    assert_eq!(after.last().unwrap(), "set RLIMIT_CORE to 1 (soft), 2 (hard)");
    let [before, init, _] = lines(&config, &facts(0, 1000));
    assert_eq!(before, ["clone the container's process into its cgroup"]);
    in_order(
        &init,
        &[
            "join the namespaces user, mount, pid",
            "become root",
            "go on as a child",
        ],
    );
}

#[test]
fn without_a_mount_namespace_the_root_is_inits() {
    let [_, init, _] = lines(&config(&["pid"], ""), &facts(ALL, 0));
    in_order(
        &init,
        &[
            "open the root file system /proc/7/root",
            "chroot",
            "change to the working directory",
        ],
    );
    assert!(
        !init.iter().any(|line| line.starts_with("join the namespaces")),
        "{init:#?}"
    );
}
