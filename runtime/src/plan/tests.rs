//! The order of whole plans: what must come before what, and what must not be there at all.

use super::cgroup;
use super::op::{HostOp, InitOp, Namespace, ProcessOp, RootOp, Sync};
use super::{Facts, Plan, Wish, build};
use crate::host::cgroup::Layout;
use crate::oci::Spec;
use serde_json::{Value, json};

fn config() -> Value {
    json!({
        "ociVersion": "1.3.0",
        "root": {"path": "rootfs", "readonly": true},
        "hostname": "h",
        "process": {"cwd": "/", "user": {"uid": 7, "gid": 8}, "args": ["true"], "env": ["PATH=/bin"], "noNewPrivileges": true,
            "rlimits": [{"type": "RLIMIT_NOFILE", "soft": 1, "hard": 2}]},
        "mounts": [
            {"destination": "/proc", "type": "proc", "source": "proc"},
            {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755"]}],
        "linux": {"namespaces": [{"type": "mount"}, {"type": "pid"}, {"type": "uts"}],
            "maskedPaths": ["/proc/kcore"], "readonlyPaths": ["/proc/sys"],
            "seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mount"], "action": "SCMP_ACT_ERRNO"}]}},
    })
}

fn facts() -> Facts {
    Facts {
        capabilities: u64::MAX,
        uid: 0,
        resctrl: None,
        selinux: false,
        layout: Layout::unified("/sys/fs/cgroup", "0::/", ""),
        cgroup: cgroup::Plan::default(),
    }
}

const WISH: Wish<'static> = Wish {
    id: "c",
    bundle: "/b",
    rootfs: "/b/rootfs",
    no_pivot: false,
    no_new_keyring: false,
    preserve_fds: 0,
    listen_fds: 0,
    listen_env: &[],
    start_socket: true,
};

/// Calls `check` with the plan of a configuration.
fn with_plan(config: &Value, check: impl FnOnce(&Plan<'_>)) {
    with_plan_of(config, &facts(), check);
}

fn with_plan_of(config: &Value, facts: &Facts, check: impl FnOnce(&Plan<'_>)) {
    let text = config.to_string();
    let spec: Spec<'_> = serde_json::from_str(&text).unwrap();
    check(&build(WISH, &spec, facts).unwrap());
}

fn lines(plan: &Plan<'_>) -> Vec<String> {
    plan.init.iter().map(ToString::to_string).collect()
}

/// Where the one operation is whose line begins so.
fn at(lines: &[String], beginning: &str) -> usize {
    let found: Vec<usize> = (0..lines.len())
        .filter(|index| lines[*index].starts_with(beginning))
        .collect();
    assert_eq!(found.len(), 1, "{beginning}: {lines:#?}");
    found[0]
}

#[test]
fn the_whole_order() {
    with_plan(&config(), |plan| {
        let lines = lines(plan);
        let order = [
            "die with the runtime",
            "become non-dumpable",
            "begin a new session",
            "join a new session keyring _ses.c",
            "make / rslave",
            "make the mount that holds /b/rootfs private",
            "make the root file system /b/rootfs a mount",
            "mount proc at /proc",
            "mount tmpfs at /dev mode=755",
            "make the device /dev/null",
            "link /dev/fd",
            "make /proc/sys read-only",
            "mask /proc/kcore",
            "make the root read-only",
            "pivot into the root",
            "wait for the runtime: go on",
            "set the host name h",
            "find the home of user 7",
            "limit the bounding set",
            "set the groups",
            "become group 8",
            "become user 7",
            "find the program",
            "outlive the runtime",
            "tell the runtime: ready to start",
            "wait for start",
            "set RLIMIT_NOFILE",
            "close descriptors from 3 on at exec",
            "set the capabilities",
            "give up new privileges",
            "load a seccomp filter",
            "exec [\"true\"]",
        ];
        let places: Vec<usize> = order.iter().map(|line| at(&lines, line)).collect();
        assert!(places.is_sorted(), "{lines:#?}");
        assert_eq!(places.last(), Some(&(lines.len() - 1)));
    });
}

#[test]
fn a_filter_that_needs_rights_comes_before_they_go() {
    let mut config = config();
    config["process"]["noNewPrivileges"] = json!(false);
    with_plan(&config, |plan| {
        let lines = lines(plan);
        assert!(at(&lines, "load a seccomp filter") < at(&lines, "set the capabilities"));
        assert!(!lines.iter().any(|line| line == "give up new privileges"));
    });
}

#[test]
fn the_runtime_records_before_it_lets_go() {
    with_plan(&config(), |plan| {
        let texts: Vec<String> = plan
            .before
            .iter()
            .chain(&plan.after)
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            texts,
            [
                "clone the container's process, new namespaces: mount pid uts",
                "tell the container: go on",
                "wait for the container: ready to start"
            ]
        );
    });
}

#[test]
fn what_the_runtime_prepares_or_hooks_need_is_waited_for_before() {
    let go = "wait for the runtime: go on";
    let mut config = config();
    config["process"]["oomScoreAdj"] = json!(100);
    with_plan(&config, |plan| {
        let lines = lines(plan);
        assert!(at(&lines, go) < at(&lines, "become non-dumpable"));
    });
    for (kind, first) in [
        ("createRuntime", "tell the runtime: mounts are made"),
        ("createContainer", "run 1 createContainer"),
    ] {
        let mut config = self::config();
        config["hooks"] = json!({kind: [{"path": "/hook"}]});
        with_plan(&config, |plan| {
            let lines = lines(plan);
            assert!(at(&lines, "mount proc at /proc") < at(&lines, go), "{kind}");
            assert!(at(&lines, go) < at(&lines, first), "{kind}");
        });
    }
}

#[test]
fn a_user_namespace_changes_who_does_what() {
    let mut config = config();
    config["linux"]["namespaces"]
        .as_array_mut()
        .unwrap()
        .push(json!({"type": "user"}));
    let map = json!([{"containerID": 0, "hostID": 1000, "size": 10}]);
    config["linux"]["uidMappings"] = map.clone();
    config["linux"]["gidMappings"] = map;
    config["mounts"]
        .as_array_mut()
        .unwrap()
        .push(json!({"destination": "/v", "type": "bind", "source": "v", "options": ["bind"]}));
    with_plan(&config, |plan| {
        let lines = lines(plan);
        assert!(at(&lines, "become root of the user namespace") > at(&lines, "wait for the runtime: go on"));
        let binds = |op: &InitOp<'_>| matches!(op, InitOp::Root(RootOp::Device { bind: true, .. }));
        assert!(plan.init.iter().any(binds));
        assert!(
            plan.before
                .iter()
                .any(|op| matches!(op, HostOp::OpenSource { source, .. } if source == "/b/v"))
        );
        // Only the runtime may raise limits then.
        assert!(!lines.iter().any(|line| line.starts_with("set RLIMIT_NOFILE")));
        assert!(plan.after.iter().any(|op| matches!(op, HostOp::Limit { .. })));
    });
}

#[test]
fn nobody_in_joined_namespaces_looks_into_what_is_born_there() {
    let hides = |joined: &[&str], capabilities: u64| {
        let mut config = config();
        for kind in joined {
            let namespaces = config["linux"]["namespaces"].as_array_mut().unwrap();
            namespaces.retain(|namespace| namespace["type"] != *kind);
            namespaces.push(json!({"type": kind, "path": format!("/proc/1/ns/{kind}")}));
        }
        let facts = Facts {
            capabilities,
            ..facts()
        };
        let mut seen = false;
        with_plan_of(&config, &facts, |plan| {
            let mut first = plan
                .before
                .iter()
                .filter(|op| matches!(op, HostOp::Hide | HostOp::Clone { .. }));
            seen = matches!(first.next(), Some(HostOp::Hide));
        });
        seen
    };
    assert!(hides(&["user", "pid"], u64::MAX));
    assert!(!hides(&["user"], u64::MAX));
    assert!(!hides(&["pid"], u64::MAX));
    assert!(
        !hides(&["user", "pid"], 0),
        "/proc would be closed to the runtime itself"
    );
}

#[test]
fn a_joined_user_namespace_is_entered_before_others_are_made() {
    let mut config = config();
    let joined = json!({"type": "user", "path": "/proc/1/ns/user"});
    config["linux"]["namespaces"].as_array_mut().unwrap().push(joined);
    with_plan(&config, |plan| {
        let first = |op: &HostOp<'_>| {
            matches!(
                op,
                HostOp::Clone {
                    user_namespace: Some(_),
                    ..
                }
            )
        };
        assert!(plan.before.iter().any(first));
        let again = |op: &InitOp<'_>| {
            matches!(
                op,
                InitOp::Process(ProcessOp::JoinNamespace {
                    kind: Namespace::User,
                    ..
                })
            )
        };
        assert!(!plan.init.iter().any(again));
    });
}

#[test]
fn hooks_stand_between_the_mounts_and_the_root() {
    let mut config = config();
    let hook = json!([{"path": "/h"}]);
    config["hooks"] =
        json!({"prestart": hook, "createRuntime": hook, "createContainer": hook, "startContainer": hook});
    with_plan(&config, |plan| {
        let lines = lines(plan);
        let order = [
            "link /dev/ptmx",
            "tell the runtime: mounts are made",
            "wait for the runtime: hooks have run",
            "run 1 createContainer",
            "pivot into the root",
            "wait for start",
            "run 1 startContainer",
            "exec",
        ];
        assert!(order.map(|line| at(&lines, line)).is_sorted(), "{lines:#?}");
        let host: Vec<String> = plan.after.iter().map(ToString::to_string).collect();
        let order = [
            "wait for the container: mounts are made",
            "run 1 prestart",
            "run 1 createRuntime",
            "tell the container: hooks have run",
        ];
        assert!(order.map(|line| at(&host, line)).is_sorted(), "{host:#?}");
    });
}

#[test]
fn equal_id_mappings_of_mounts_share_a_namespace() {
    let mut config = config();
    let map = json!([{"containerID": 0, "hostID": 1000, "size": 10}]);
    let other = json!([{"containerID": 0, "hostID": 2000, "size": 10}]);
    let mount = |map: &Value, option: &str| {
        json!({"destination": "/v", "type": "bind", "source": "v", "options": ["rbind", option],
            "uidMappings": map, "gidMappings": map})
    };
    config["mounts"] = json!([
        mount(&map, "idmap"),
        mount(&map, "ridmap"),
        mount(&other, "nosuid")
    ]);
    with_plan(&config, |plan| {
        let lines: Vec<String> = plan.before.iter().map(ToString::to_string).collect();
        assert_eq!(
            lines[..5],
            [
                "make an id mapping for mounts, users \"0 1000 10\", groups \"0 1000 10\"",
                "open the mount source /b/v with its ids mapped",
                "open the mount source /b/v with its ids mapped",
                "make an id mapping for mounts, users \"0 2000 10\", groups \"0 2000 10\"",
                "open the mount source /b/v with its ids mapped",
            ]
        );
        let deep = |op: &HostOp<'_>| matches!(op, HostOp::OpenSource { map_deep: true, .. });
        assert_eq!(plan.before.iter().filter(|op| deep(op)).count(), 1);
    });
}

#[test]
fn a_joined_user_namespace_maps_the_ids_of_mounts_itself() {
    let mut config = config();
    let joined = json!({"type": "user", "path": "/proc/1/ns/user"});
    config["linux"]["namespaces"].as_array_mut().unwrap().push(joined);
    config["mounts"] =
        json!([{"destination": "/v", "type": "bind", "source": "v", "options": ["bind", "idmap"]}]);
    with_plan(&config, |plan| {
        let opened = plan.before.iter().find_map(|op| match op {
            HostOp::OpenNamespace { slot, .. } => Some(*slot),
            _ => None,
        });
        let map = plan.before.iter().find_map(|op| match op {
            HostOp::OpenSource { map, .. } => *map,
            _ => None,
        });
        assert!(map.is_some());
        assert_eq!(map, opened);
    });
}

#[test]
fn a_plan_is_json_too() {
    with_plan(&config(), |plan| {
        let init = serde_json::to_value(&plan.init).unwrap();
        assert_eq!(init[0], json!({"op": "dieWithRuntime", "on": true}));
        let mount = init
            .as_array()
            .unwrap()
            .iter()
            .find(|op| op["op"] == "mount")
            .unwrap();
        assert_eq!(mount["destination"], "/proc");
        assert_eq!(mount["what"]["fs"], "proc");
    });
}

#[test]
fn treatment_comes_before_the_groups_and_the_filter() {
    let mut config = config();
    config["process"]["scheduler"] = json!({"policy": "SCHED_BATCH", "nice": 1});
    config["process"]["ioPriority"] = json!({"class": "IOPRIO_CLASS_BE", "priority": 1});
    config["linux"]["personality"] = json!({"domain": "LINUX32"});
    config["linux"]["memoryPolicy"] = json!({"mode": "MPOL_LOCAL"});
    with_plan(&config, |plan| {
        let lines = lines(plan);
        let order = [
            "die with the runtime",
            "schedule by policy 3, nice 1",
            "set the I/O priority 0x4001",
            "wait for the runtime: go on",
            "set the personality 0x8",
            "set the memory policy 0x4",
            "load a seccomp filter",
        ];
        assert!(order.map(|line| at(&lines, line)).is_sorted(), "{lines:#?}");
    });
}

#[test]
fn labels_go_to_the_program_its_keys_and_its_file_systems() {
    let mut config = config();
    config["process"]["selinuxLabel"] = json!("p_t");
    config["linux"]["mountLabel"] = json!("m_t");
    let queues = json!({"destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue"});
    config["mounts"].as_array_mut().unwrap().push(queues);
    let text = config.to_string();
    let spec: Spec<'_> = serde_json::from_str(&text).unwrap();
    let mut facts = facts();
    let error = build(WISH, &spec, &facts).unwrap_err();
    assert!(error.to_string().starts_with("process.selinuxLabel: "), "{error}");
    facts.selinux = true;
    let lines = lines(&build(WISH, &spec, &facts).unwrap());
    assert!(at(&lines, "set the SELinux label p_t (keycreate)") < at(&lines, "join a new session keyring"));
    assert!(at(&lines, "set the SELinux label p_t (exec)") < at(&lines, "close what was opened outside"));
    at(&lines, "mount tmpfs at /dev mode=755 context=m_t");
    at(&lines, "mount mqueue at /dev/mqueue with the label m_t");
    assert_eq!(lines[at(&lines, "mount proc at /proc")], "mount proc at /proc");
}

#[test]
fn no_program_runs_before_its_device_rules_are_in_force() {
    let rules = cgroup::Op::AttachDevices {
        path: "/sys/fs/cgroup/c".into(),
        program: Vec::new(),
    };
    let facts = Facts {
        cgroup: cgroup::Plan {
            setup: vec![rules],
            ..cgroup::Plan::default()
        },
        ..facts()
    };
    let go = |op: &HostOp<'_>| matches!(op, HostOp::Send { message: Sync::Go });
    let attach = |op: &HostOp<'_>| matches!(op, HostOp::Cgroup { .. });
    for prepared in [false, true] {
        let mut config = config();
        if prepared {
            config["process"]["oomScoreAdj"] = json!(7);
        }
        let text = config.to_string();
        let spec: Spec<'_> = serde_json::from_str(&text).unwrap();
        for start_socket in [false, true] {
            let wish = Wish { start_socket, ..WISH };
            let plan = build(wish, &spec, &facts).unwrap();
            let at = |wanted: &dyn Fn(&HostOp<'_>) -> bool| plan.after.iter().position(wanted).unwrap();
            assert!(plan.waits || at(&attach) < at(&go), "{:#?}", plan.after);
            // Who waits for go at once does not wait for the rules, too.
            assert_eq!(
                at(&go) < at(&attach),
                prepared && start_socket,
                "{:#?}",
                plan.after
            );
        }
    }
}
