//! The properties of config.json, one by one: the probe reports what it finds inside, for our runtime and, to keep the
//! expectations honest, for runc and crun.

use corten_conformance::bundle::{Bundle, Runtime};
use corten_conformance::probe::{Facts, capabilities};
use corten_conformance::{Case, programs};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

/// Runs one bundle under every runtime and hands the facts to a check.
#[track_caller]
fn under_each(change: impl Fn(Bundle) -> Bundle, check: impl Fn(&Facts)) {
    under(&["corten-runtime", "runc", "crun"], change, check);
}

#[track_caller]
fn under(runtimes: &[&str], change: impl Fn(Bundle) -> Bundle, check: impl Fn(&Facts)) {
    let case = Case::new();
    let chosen = |r: &&Runtime| r.kind == "judged" || runtimes.contains(&r.kind);
    for runtime in Runtime::all().iter().filter(chosen) {
        let bundle = change(Bundle::new(
            &case,
            runtime.name,
            &["facts", "net.ipv4.ip_forward", "kernel.shmmax"],
        ))
        .write();
        println!("under {}", runtime.name);
        check(&runtime.facts(&case, &bundle));
        case.assert_empty(format!("root-{}", runtime.name));
    }
}

fn same(bundle: Bundle) -> Bundle {
    bundle
}

fn host_namespace(kind: &str) -> String {
    let link = fs::read_link(format!("/proc/self/ns/{kind}")).expect("a namespace");
    link.display().to_string()
}

#[test]
fn every_namespace_that_is_asked_for_is_new() {
    under_each(same, |facts| {
        for kind in ["pid", "net", "ipc", "uts", "mnt", "cgroup"] {
            assert_ne!(
                facts.text(&format!("/namespaces/{kind}")),
                host_namespace(kind),
                "{kind}"
            );
        }
        assert_eq!(facts.text("/namespaces/user"), host_namespace("user"));
        assert_eq!(facts.at("/pid"), 1);
    });
}

#[test]
fn a_namespace_that_is_not_asked_for_is_the_hosts() {
    let change = |b: Bundle| {
        let b = b
            .without_namespace("network")
            .without_namespace("ipc")
            .without_namespace("cgroup");
        // mqueue and sysfs belong to the namespaces that are not there.
        let mounts = b.config["mounts"].as_array().expect("mounts").clone();
        let kept =
            |m: &&Value| !["mqueue", "sysfs", "cgroup"].contains(&m["type"].as_str().unwrap_or_default());
        let kept: Vec<Value> = mounts.iter().filter(kept).cloned().collect();
        b.set("/mounts", kept)
    };
    under_each(change, |facts| {
        for kind in ["net", "ipc", "cgroup"] {
            assert_eq!(
                facts.text(&format!("/namespaces/{kind}")),
                host_namespace(kind),
                "{kind}"
            );
        }
    });
}

#[test]
fn a_namespace_by_path_is_joined() {
    let case = Case::new();
    let mut holder = case
        .cmd("unshare")
        .args(["--net", "--uts", "--ipc", "sh", "-c", "echo ready; exec cat"])
        .spawn();
    holder.line_with("ready");
    let pid = holder.child.id();
    for runtime in Runtime::all() {
        let mut bundle = Bundle::new(&case, runtime.name, &["facts"]).without_namespace("network");
        bundle = bundle.without_namespace("uts").without_namespace("ipc");
        for (kind, file) in [("network", "net"), ("uts", "uts"), ("ipc", "ipc")] {
            let path = format!("/proc/{pid}/ns/{file}");
            bundle = bundle.push("/linux/namespaces", json!({"type": kind, "path": path}));
        }
        bundle
            .config
            .as_object_mut()
            .expect("an object")
            .remove("hostname");
        let facts = runtime.facts(&case, &bundle.write());
        for file in ["net", "uts", "ipc"] {
            let theirs = fs::read_link(format!("/proc/{pid}/ns/{file}")).expect("a namespace");
            assert_eq!(
                facts.text(&format!("/namespaces/{file}")),
                theirs.display().to_string(),
                "{}",
                runtime.name
            );
        }
    }
    holder.wait();
}

#[test]
fn a_user_namespace_maps_ids() {
    let change = |b: Bundle| {
        b.push("/linux/namespaces", json!({"type": "user"}))
            .set(
                "/linux/uidMappings",
                json!([{"containerID": 0, "hostID": 100_000, "size": 1000}]),
            )
            .set(
                "/linux/gidMappings",
                json!([{"containerID": 0, "hostID": 200_000, "size": 500}]),
            )
    };
    under_each(change, |facts| {
        assert_ne!(facts.text("/namespaces/user"), host_namespace("user"));
        let words = |pointer: &str| {
            facts
                .text(pointer)
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(words("/uid_map/0"), "0 100000 1000");
        assert_eq!(words("/gid_map/0"), "0 200000 500");
        assert_eq!(facts.status("Uid"), "0 0 0 0");
    });
}

#[test]
fn the_root_file_system_is_the_bundles_and_can_be_read_only() {
    under_each(same, |facts| {
        assert_eq!(facts.at("/root/probe/type"), "file");
        assert!(!facts.mount("/").expect("a root mount").has("ro"));
    });
    under_each(
        |b| b.set("/root/readonly", true),
        |facts| assert!(facts.mount("/").expect("a root mount").has("ro")),
    );
}

#[test]
fn nothing_of_the_host_is_mounted_inside() {
    let expected = [
        "/",
        "/proc",
        "/dev",
        "/dev/pts",
        "/dev/shm",
        "/dev/mqueue",
        "/sys",
        "/sys/fs/cgroup",
    ];
    under_each(same, |facts| {
        for line in facts.at("/mounts").as_array().expect("a list") {
            let point = line
                .as_str()
                .and_then(|l| l.split(' ').nth(4))
                .unwrap_or_default();
            let known = expected.contains(&point)
                || ["/proc/", "/sys/firmware", "/sys/fs/cgroup/", "/dev/"]
                    .iter()
                    .any(|p| point.starts_with(p));
            assert!(known, "unexpected mount: {line}");
        }
    });
}

#[test]
fn process_has_its_arguments_environment_and_directory() {
    let change = |b: Bundle| {
        fs::create_dir_all(b.root("work/here")).expect("a directory");
        b.set("/process/cwd", "/work/here")
            .set("/process/env", json!(["A=1", "B=two words", "EMPTY=", "HOME=/h"]))
    };
    under_each(change, |facts| {
        assert_eq!(
            facts.at("/args"),
            &json!(["/probe", "facts", "net.ipv4.ip_forward", "kernel.shmmax"])
        );
        assert_eq!(facts.text("/cwd"), "/work/here");
        let env: Vec<&str> = facts
            .at("/env")
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(Value::as_str)
            .collect();
        for expected in ["A=1", "B=two words", "EMPTY=", "HOME=/h"] {
            assert!(env.contains(&expected), "{expected} in {env:?}");
        }
        assert_eq!(env.len(), 4, "{env:?}");
    });
}

#[test]
fn process_runs_as_user_with_groups_and_umask() {
    let change = |b: Bundle| {
        b.set(
            "/process/user",
            json!({"uid": 1000, "gid": 2000, "additionalGids": [3000, 4000], "umask": 0o027}),
        )
    };
    under_each(change, |facts| {
        assert_eq!(facts.status("Uid"), "1000 1000 1000 1000");
        assert_eq!(facts.status("Gid"), "2000 2000 2000 2000");
        assert_eq!(facts.status("Groups"), "3000 4000");
        assert_eq!(facts.status("Umask"), "0027");
    });
}

#[test]
fn capabilities_are_exactly_the_configured_sets() {
    let change = |b: Bundle| {
        let few = json!(["CAP_CHOWN", "CAP_KILL"]);
        b.set("/process/capabilities", json!({
            "bounding": ["CAP_CHOWN", "CAP_KILL", "CAP_NET_RAW"], "permitted": few, "effective": ["CAP_CHOWN"],
            "inheritable": few, "ambient": ["CAP_KILL"],
        }))
        .set("/process/user", json!({"uid": 1000, "gid": 1000}))
    };
    // After execve as a user other than root only the ambient set stays: P' = ambient.
    under_each(change, |facts| {
        assert_eq!(capabilities(facts.status("CapBnd")), 1 | 1 << 5 | 1 << 13);
        assert_eq!(capabilities(facts.status("CapInh")), 1 | 1 << 5);
        assert_eq!(capabilities(facts.status("CapAmb")), 1 << 5);
        assert_eq!(capabilities(facts.status("CapPrm")), 1 << 5);
        assert_eq!(capabilities(facts.status("CapEff")), 1 << 5);
    });
}

#[test]
fn no_capabilities_are_left_to_root_when_none_are_given() {
    let change = |b: Bundle| b.set("/process/capabilities", json!({}));
    under_each(change, |facts| {
        for set in ["CapBnd", "CapInh", "CapAmb", "CapPrm", "CapEff"] {
            assert_eq!(capabilities(facts.status(set)), 0, "{set}");
        }
    });
}

#[test]
fn limits_are_set() {
    let limits = json!([
        {"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200}, {"type": "RLIMIT_CORE", "soft": 0, "hard": 0},
        {"type": "RLIMIT_STACK", "soft": 4_194_304, "hard": 8_388_608},
    ]);
    under_each(
        |b| b.set("/process/rlimits", limits.clone()),
        |facts| {
            assert_eq!(facts.at("/limits/Max open files"), &json!(["100", "200"]));
            assert_eq!(facts.at("/limits/Max core file size"), &json!(["0", "0"]));
            assert_eq!(facts.at("/limits/Max stack size"), &json!(["4194304", "8388608"]));
        },
    );
}

#[test]
fn no_new_privileges_is_as_configured() {
    under_each(same, |facts| assert_eq!(facts.status("NoNewPrivs"), "1"));
    under_each(
        |b| b.set("/process/noNewPrivileges", false),
        |facts| assert_eq!(facts.status("NoNewPrivs"), "0"),
    );
}

#[test]
fn oom_score_is_adjusted() {
    under_each(
        |b| b.set("/process/oomScoreAdj", 321),
        |facts| assert_eq!(facts.text("/oom_score_adj"), "321"),
    );
}

#[test]
fn host_and_domain_names_are_set() {
    under_each(
        |b| b.set("/hostname", "some-host"),
        |facts| assert_eq!(facts.text("/hostname"), "some-host"),
    );
    under(
        &["corten-runtime", "crun"],
        |b| b.set("/ociVersion", "1.1.0").set("/domainname", "some.domain"),
        |facts| assert_eq!(facts.text("/domainname"), "some.domain"),
    );
}

#[test]
fn sysctls_of_own_namespaces_are_set() {
    let change = |b: Bundle| {
        b.set(
            "/linux/sysctl",
            json!({"net.ipv4.ip_forward": "1", "kernel.shmmax": "123456789"}),
        )
    };
    under_each(change, |facts| {
        assert_eq!(facts.at("/sysctl/net.ipv4.ip_forward"), "1");
        assert_eq!(facts.at("/sysctl/kernel.shmmax"), "123456789");
    });
}

#[test]
fn default_devices_and_links_are_there() {
    let devices = [
        ("null", "1:3"),
        ("zero", "1:5"),
        ("full", "1:7"),
        ("random", "1:8"),
        ("urandom", "1:9"),
        ("tty", "5:0"),
    ];
    let links = [
        ("fd", "/proc/self/fd"),
        ("stdin", "/proc/self/fd/0"),
        ("stdout", "/proc/self/fd/1"),
        ("stderr", "/proc/self/fd/2"),
    ];
    under_each(same, |facts| {
        for (name, rdev) in devices {
            assert_eq!(facts.at(&format!("/dev/{name}/type")), "char", "{name}");
            assert_eq!(facts.at(&format!("/dev/{name}/rdev")), rdev, "{name}");
            assert_eq!(facts.at(&format!("/dev/{name}/mode")), "666", "{name}");
        }
        for (name, target) in links {
            assert_eq!(facts.at(&format!("/dev/{name}/target")), target, "{name}");
        }
        assert!(facts.text("/dev/ptmx/target").ends_with("pts/ptmx"));
    });
}

#[test]
fn device_rules_allow_and_deny() {
    let case = Case::new();
    for runtime in [Runtime::ours(), Runtime::ours_on_v2()] {
        let bundle = Bundle::new(
            &case,
            runtime.name,
            &["try", "/dev/null", "/dev/allowed", "/dev/denied"],
        )
        .set(
            "/linux/devices",
            json!([
                {"path": "/dev/allowed", "type": "c", "major": 1, "minor": 11, "fileMode": 0o666},
                {"path": "/dev/denied", "type": "c", "major": 10, "minor": 229, "fileMode": 0o666},
            ]),
        )
        .set(
            "/linux/resources",
            json!({"devices": [
                {"allow": false, "access": "rwm"},
                {"allow": true, "type": "c", "major": 1, "minor": 11, "access": "rw"},
            ]}),
        )
        .write();
        let out = runtime.run(&case, &bundle).code(0).json();
        println!("{}: {out}", runtime.name);
        assert_eq!(out["/dev/null"]["write"], 0);
        assert_eq!(out["/dev/allowed"]["write"], 0);
        assert_eq!(
            out["/dev/denied"],
            json!({"read": libc::EPERM, "write": libc::EPERM})
        );
    }
}

#[test]
fn configured_devices_are_made() {
    let devices = json!([
        {"path": "/dev/extra", "type": "c", "major": 1, "minor": 3, "fileMode": 0o640, "uid": 5, "gid": 6},
        {"path": "/dev/disk", "type": "b", "major": 7, "minor": 0, "fileMode": 0o600},
        {"path": "/dev/queue", "type": "p", "fileMode": 0o622},
    ]);
    under_each(
        |b| b.set("/linux/devices", devices.clone()),
        |facts| {
            assert_eq!(
                facts.at("/dev/extra"),
                &json!({"type": "char", "mode": "640", "uid": 5, "gid": 6, "rdev": "1:3"})
            );
            assert_eq!(facts.at("/dev/disk/rdev"), "7:0");
            assert_eq!(facts.at("/dev/disk/type"), "block");
            assert_eq!(facts.at("/dev/queue/type"), "fifo");
        },
    );
}

#[test]
fn mounts_have_their_options() {
    let change = |b: Bundle| {
        let source = b.dir.join("source");
        fs::create_dir_all(&source).expect("a directory");
        fs::write(source.join("file"), "content").expect("a file");
        let source = source.display().to_string();
        b.push("/mounts", json!({"destination": "/bound", "type": "bind", "source": source, "options": ["bind", "ro", "nosuid", "nodev"]}))
            .push("/mounts", json!({"destination": "/one/file", "source": format!("{source}/file"), "options": ["bind", "noexec"]}))
            .push("/mounts", json!({"destination": "/ram", "type": "tmpfs", "source": "tmpfs", "options": ["size=64k", "mode=700", "noatime", "noexec"]}))
    };
    under_each(change, |facts| {
        let bound = facts.mount("/bound").expect("the bind mount");
        assert!(
            bound.has("ro") && bound.has("nosuid") && bound.has("nodev") && !bound.has("noexec"),
            "{bound:?}"
        );
        let file = facts.mount("/one/file").expect("the file's mount");
        assert!(file.has("noexec") && file.has("rw"), "{file:?}");
        let ram = facts.mount("/ram").expect("the tmpfs");
        assert_eq!(ram.kind, "tmpfs");
        assert!(
            ram.has("noatime") && ram.has("noexec") && !ram.has("nosuid"),
            "{ram:?}"
        );
        assert!(ram.super_options.contains(&"size=64k".to_owned()), "{ram:?}");
        assert_eq!(facts.at("/root/ram/mode"), "700");
    });
}

#[test]
fn mounts_have_their_propagation() {
    let change = |b: Bundle| {
        let tmpfs = |place: &str, option: &str| json!({"destination": place, "type": "tmpfs", "source": "tmpfs", "options": [option]});
        b.push("/mounts", tmpfs("/m-shared", "shared"))
            .push("/mounts", tmpfs("/m-private", "private"))
            .push("/mounts", tmpfs("/m-unbindable", "unbindable"))
    };
    // crun 1.8 leaves a tmpfs private whatever is asked for.
    under(&["corten-runtime", "runc"], change, |facts| {
        let propagation = |point: &str| facts.mount(point).expect("the mount").propagation;
        assert_eq!(propagation("/m-shared"), ["shared"]);
        assert!(propagation("/m-private").is_empty());
        assert_eq!(propagation("/m-unbindable"), ["unbindable"]);
    });
}

#[test]
fn masked_paths_are_empty_and_read_only_paths_are_read_only() {
    let case = Case::new();
    for runtime in Runtime::all() {
        let paths = [
            "/secret/file",
            "/secret-dir",
            "/fixed/file",
            "/proc/sys/kernel/hostname",
        ];
        let mut args = vec!["try"];
        args.extend(paths);
        let bundle = Bundle::new(&case, runtime.name, &args)
            .set(
                "/linux/maskedPaths",
                json!(["/secret/file", "/secret-dir", "/does/not/exist"]),
            )
            .set(
                "/linux/readonlyPaths",
                json!(["/fixed", "/proc/sys", "/nor/this"]),
            )
            .write();
        for dir in ["secret", "secret-dir", "fixed"] {
            fs::create_dir_all(bundle.root(dir)).expect("a directory");
            fs::write(bundle.root(dir).join("file"), "x").expect("a file");
        }
        let out = runtime.run(&case, &bundle).code(0).json();
        println!("{}: {out}", runtime.name);
        // A masked file is /dev/null: it takes writes, and they go nowhere.
        assert_eq!(out["/secret/file"]["read"], 0);
        assert_eq!(out["/secret-dir"]["write"], libc::EROFS);
        assert_eq!(out["/fixed/file"], json!({"read": 0, "write": libc::EROFS}));
        assert_eq!(out["/proc/sys/kernel/hostname"]["write"], libc::EROFS);
        assert_eq!(
            fs::read(bundle.root("secret/file")).expect("the file below the mask"),
            b"x"
        );
    }
}

#[test]
fn only_the_three_standard_descriptors_are_open() {
    under_each(same, |facts| {
        let open: Vec<&String> = facts.at("/fds").as_object().expect("an object").keys().collect();
        assert_eq!(open, ["0", "1", "2"]);
    });
}

#[test]
fn a_seccomp_filter_is_loaded_and_answers() {
    let filter = json!({
        "defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"],
        "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 95},
                     {"names": ["no_such_call_at_all"], "action": "SCMP_ACT_KILL"}],
    });
    under_each(
        |b| b.set("/linux/seccomp", filter.clone()),
        |facts| assert_eq!(facts.status("Seccomp"), "2"),
    );
}

#[test]
fn a_cgroup_is_made_where_the_configuration_says_and_removed() {
    let case = Case::new();
    for runtime in Runtime::all() {
        let path = format!("/{}/{}", case.tag(), runtime.name);
        let bundle = Bundle::new(&case, runtime.name, &["facts"])
            .set("/linux/cgroupsPath", path.clone())
            .without_namespace("cgroup")
            .write();
        let facts = runtime.facts(&case, &bundle);
        let groups = facts.at("/cgroup").to_string();
        assert!(groups.contains(&path), "{}: {groups}", runtime.name);
        let left = corten_conformance::cgroups::named_like(case.tag());
        let left: Vec<_> = left.iter().filter(|p| p.ends_with(runtime.name)).collect();
        assert!(left.is_empty(), "{}: {left:?}", runtime.name);
        // Parents are nobody's: runc and crun leave them, and so may we.
        corten_conformance::cgroups::named_like(case.tag())
            .iter()
            .for_each(|p| corten_conformance::cgroups::remove(p));
    }
}

#[test]
fn hooks_run_at_their_moments_with_the_state() {
    let case = Case::new();
    let note = r#"echo "$1 $(tr -d '\n')" >>"$2""#;
    for runtime in Runtime::all() {
        let log = case.path(format!("hooks-{}", runtime.name));
        let hook = |kind: &str| json!([{"path": "/bin/sh", "args": ["sh", "-c", note, "sh", kind, log]}]);
        let bundle = Bundle::new(&case, runtime.name, &["say", "hello"])
            .set(
                "/hooks",
                json!({
                    "prestart": hook("prestart"), "createRuntime": hook("createRuntime"),
                    "poststart": hook("poststart"), "poststop": hook("poststop"),
                }),
            )
            .write();
        let out = runtime.run(&case, &bundle).code(0);
        assert_eq!(out.out(), "hello\n", "{}", runtime.name);
        let text = fs::read_to_string(&log).expect("the hooks' notes");
        let kinds: Vec<&str> = text.lines().filter_map(|l| l.split(' ').next()).collect();
        assert_eq!(
            kinds,
            ["prestart", "createRuntime", "poststart", "poststop"],
            "{}",
            runtime.name
        );
        for line in text.lines() {
            let (_, state) = line.split_once(' ').expect("a state");
            let state: Value = serde_json::from_str(state).expect("the state is JSON");
            assert_eq!(state["id"], case.id(runtime.name));
            assert_eq!(state["bundle"], bundle.dir.display().to_string());
        }
    }
}

#[test]
fn a_failing_hook_stops_the_start_and_leaves_nothing() {
    let case = Case::new();
    for runtime in Runtime::all() {
        let bundle = Bundle::new(&case, runtime.name, &["say", "never"])
            .set("/hooks", json!({"createRuntime": [{"path": "/bin/false"}]}))
            .write();
        let out = runtime.run(&case, &bundle);
        assert!(!out.status.success() && out.stdout.is_empty(), "{out:?}");
        assert!(out.err().contains("hook"), "{out:?}");
        case.assert_empty(format!("root-{}", runtime.name));
    }
}

#[test]
fn exit_codes_and_deaths_are_passed_on() {
    let case = Case::new();
    for runtime in Runtime::all() {
        for (args, code) in [
            (&["exit", "0"][..], 0),
            (&["exit", "1"], 1),
            (&["exit", "42"], 42),
            (&["crash"], 139),
        ] {
            let bundle = Bundle::new(&case, runtime.name, args).write();
            runtime.run(&case, &bundle).code(code);
        }
    }
}

#[test]
fn a_destination_behind_a_symlink_stays_inside() {
    let case = Case::new();
    let outside = case.dir("outside");
    fs::set_permissions(&outside, fs::Permissions::from_mode(0o755)).expect("permissions");
    for runtime in Runtime::all() {
        let bundle = Bundle::new(&case, runtime.name, &["facts"])
            .push(
                "/mounts",
                json!({"destination": "/trap/made", "type": "tmpfs", "source": "tmpfs"}),
            )
            .write();
        symlink(&outside, bundle.root("trap")).expect("a symlink");
        runtime.run(&case, &bundle); // may be refused, or confined to the root file system
        assert_eq!(
            fs::read_dir(&outside).expect("the directory").count(),
            0,
            "{}",
            runtime.name
        );
    }
    assert!(fs::metadata(programs::probe()).expect("the probe").nlink() >= 1);
}
