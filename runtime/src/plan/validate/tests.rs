//! Bad configurations, each with the sentence it must be refused with.

use super::parse;
use crate::error::Kind;
use serde_json::{Value, json};

/// A configuration without problems that has every kind of namespace but user and time.
fn good() -> Value {
    json!({
        "ociVersion": "1.3.0",
        "process": {"cwd": "/", "args": ["sh"], "env": ["A=b"], "user": {"uid": 0, "gid": 0}},
        "root": {"path": "rootfs"},
        "linux": {"namespaces": [
            {"type": "pid"}, {"type": "mount"}, {"type": "uts"}, {"type": "ipc"}, {"type": "network"}
        ]}
    })
}

/// `good`, changed: a dotted path and the value to put there; `null` removes.
fn edited(path: &str, value: Value) -> Value {
    let mut config = good();
    let mut place = &mut config;
    for key in path.split('.') {
        place = match key.parse::<usize>() {
            Ok(index) => &mut place.as_array_mut().unwrap()[index],
            Err(_) => &mut place[key],
        };
    }
    *place = value;
    config
}

fn refusal(config: &Value) -> String {
    let text = config.to_string();
    match parse(text.as_bytes()) {
        Ok(_) => panic!("accepted: {text}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn the_good_configuration_is_accepted() {
    let text = good().to_string();
    parse(text.as_bytes()).unwrap();
}

#[test]
fn the_specs_own_start_file_is_accepted() {
    parse(include_bytes!("../../commands/spec.json")).unwrap();
}

#[test]
fn each_bad_value_is_named_with_its_place() {
    for (path, value, expected) in bad_values().into_iter().chain(bad_devices_and_classes()) {
        let found = refusal(&edited(path, value));
        assert_eq!(found, format!("invalid configuration: {expected}"), "{path}");
    }
}

#[rustfmt::skip]
fn bad_values() -> Vec<(&'static str, Value, &'static str)> {
    let namespaces = |extra: Value| {
        let mut list = good()["linux"]["namespaces"].as_array().unwrap().clone();
        list.extend(extra.as_array().unwrap().clone());
        Value::from(list)
    };
    vec![
        ("ociVersion", json!("2.0.0"), "ociVersion: found \"2.0.0\", expected a semantic version 1.x.y"),
        ("ociVersion", json!("latest"), "ociVersion: found \"latest\", expected a semantic version 1.x.y"),
        ("ociVersion", json!(""), "ociVersion: found \"\", expected a semantic version 1.x.y"),
        ("root", json!(null), "root: found nothing, expected an object with the path of the root file system"),
        ("root.path", json!(""), "root.path: found \"\", expected the path of a directory"),
        ("root.path", json!("a\0b"), "root.path: found \"a\\0b\", expected text without a NUL character"),
        ("process", json!(null), "process: found nothing, expected an object with the program to run"),
        ("process.args", json!([]), "process.args: found nothing, expected at least the program's name"),
        ("process.args", json!(null), "process.args: found nothing, expected at least the program's name"),
        ("process.args", json!([""]), "process.args[0]: found \"\", expected the program's name"),
        ("process.args", json!(["sh", "x\0"]), "process.args[1]: found \"x\\0\", expected text without a NUL character"),
        ("process.cwd", json!(""), "process.cwd: found \"\", expected an absolute path"),
        ("process.cwd", json!("work"), "process.cwd: found \"work\", expected an absolute path"),
        ("process.cwd", json!("/a\0"), "process.cwd: found \"/a\\0\", expected text without a NUL character"),
        ("process.env", json!(["NAME"]), "process.env[0]: found \"NAME\", expected NAME=value"),
        ("process.env", json!(["A=1", "=x"]), "process.env[1]: found \"=x\", expected NAME=value"),
        ("process.env", json!(["A=\0"]), "process.env[0]: found \"A=\\0\", expected text without a NUL character"),
        ("process.user.uid", json!(4_294_967_295_u32), "process.user.uid: found 4294967295, expected a number below it, which means no id"),
        ("process.user.gid", json!(4_294_967_295_u32), "process.user.gid: found 4294967295, expected a number below it, which means no id"),
        ("process.user.additionalGids", json!([1, 4_294_967_295_u32]), "process.user.additionalGids: found 4294967295, expected numbers below it, which means no id"),
        ("process.user.umask", json!(512), "process.user.umask: found 512, expected 0 to 511 (octal 777)"),
        ("process.oomScoreAdj", json!(1001), "process.oomScoreAdj: found 1001, expected -1000 to 1000"),
        ("process.oomScoreAdj", json!(-1001), "process.oomScoreAdj: found -1001, expected -1000 to 1000"),
        ("process.rlimits", json!([{"type": "RLIMIT_NOFILE", "soft": 2, "hard": 1}]), "process.rlimits[0].soft: found 2, expected at most hard, 1"),
        ("process.rlimits", json!([{"type": "RLIMIT_CPU", "soft": 1, "hard": 1}, {"type": "RLIMIT_CPU", "soft": 1, "hard": 1}]), "process.rlimits[1].type: found \"RLIMIT_CPU\" again, expected each limit once"),
        ("process.rlimits", json!([{"type": "NOFILE", "soft": 1, "hard": 1}]), "process.rlimits[0].type: found \"NOFILE\", expected one of RLIMIT_AS, RLIMIT_CORE, RLIMIT_CPU, RLIMIT_DATA, RLIMIT_FSIZE, RLIMIT_LOCKS, RLIMIT_MEMLOCK, RLIMIT_MSGQUEUE, RLIMIT_NICE, RLIMIT_NOFILE, RLIMIT_NPROC, RLIMIT_RSS, RLIMIT_RTPRIO, RLIMIT_RTTIME, RLIMIT_SIGPENDING, RLIMIT_STACK"),
        ("process.scheduler", json!({"policy": "SCHED_FIFO"}), "process.scheduler.priority: found 0, expected 1 to 99"),
        ("process.ioPriority", json!({"class": "IOPRIO_CLASS_RT", "priority": -1}), "process.ioPriority.priority: found -1, expected 0 to 7"),
        ("process.execCPUAffinity", json!({"initial": "x"}), "process.execCPUAffinity.initial: found \"x\", expected a list of CPUs such as 0-3,7"),
        ("process.commandLine", json!("sh"), "process.commandLine: not supported yet"),
        ("annotations", json!({"run.oci.handler": "krun", "run.oci.other": "x"}), "annotations.run.oci.handler: not supported yet"),
        ("vm", json!({}), "vm: not supported yet"),
        ("windows", json!({}), "windows: not supported yet"),
        ("solaris", json!({}), "solaris: not supported yet"),
        ("zos", json!({}), "zos: not supported yet"),
        ("freebsd", json!({}), "freebsd: not supported yet"),
        ("hostname", json!("x".repeat(65)), "hostname: found 65 bytes, expected at most 64 bytes"),
        ("domainname", json!("a\0"), "domainname: found \"a\\0\", expected text without a NUL character"),
        ("mounts", json!([{"destination": "", "type": "tmpfs"}]), "mounts[0].destination: found \"\", expected a path in the container"),
        ("mounts", json!([{"destination": "/a"}]), "mounts[0].type: found nothing, expected a file system, or bind or rbind among the options"),
        ("mounts", json!([{"destination": "/a", "options": ["rbind"]}]), "mounts[0].source: found nothing, expected the path to bind"),
        ("mounts", json!([{"destination": "/a", "type": "bind"}]), "mounts[0].source: found nothing, expected the path to bind"),
        ("mounts", json!([{"destination": "/a", "type": "tmpfs", "options": ["mode=\0"]}]), "mounts[0].options[0]: found \"mode=\\0\", expected text without a NUL character"),
        ("mounts", json!([{"destination": "/a", "source": "/b", "options": ["bind", "idmap"]}]), "mounts[0].options: found idmap without mappings, expected uidMappings and gidMappings, or a user namespace of the container"),
        ("mounts", json!([{"destination": "/a", "source": "/b", "options": ["bind"], "uidMappings": [{"containerID": 0, "hostID": 0, "size": 1}]}]), "mounts[0].gidMappings: found nothing, expected mappings of users and of groups together"),
        ("mounts", json!([{"destination": "/a", "source": "t", "type": "tmpfs", "options": ["ridmap=uids=0-0-1;gids=0-0-1"]}]), "mounts[0].options: found an id mapping, expected bind or rbind as well: only bind mounts can be id-mapped"),
        ("mounts", json!([{"destination": "/a", "source": "/b", "options": ["bind", "idmap=uids=0-1"]}]), "mounts[0].options: found \"uids=0-1\", expected ranges of the form FIRST-ONHOST-COUNT, with # between them"),
        ("mounts", json!([{"destination": "/a", "source": "/b", "options": ["bind"], "uidMappings": [{"containerID": 0, "hostID": 0, "size": 0}], "gidMappings": [{"containerID": 0, "hostID": 0, "size": 1}]}]), "mounts[0].uidMappings[0].size: found 0, expected at least one id"),
        ("hooks", json!({"poststop": [{"path": "hook"}]}), "hooks.poststop[0].path: found \"hook\", expected an absolute path"),
        ("hooks", json!({"prestart": [{"path": "/h", "timeout": 0}]}), "hooks.prestart[0].timeout: found 0, expected a number of seconds above 0"),
        ("hooks", json!({"createRuntime": [{"path": "/h"}, {"path": "/h", "env": ["A=\0"]}]}), "hooks.createRuntime[1].env[0]: found \"A=\\0\", expected text without a NUL character"),
        ("linux.namespaces", namespaces(json!([{"type": "pid"}])), "linux.namespaces[5].type: found \"pid\" again, expected each namespace once"),
        ("linux.namespaces", namespaces(json!([{"type": "net"}])), "linux.namespaces[5].type: found \"net\", expected one of cgroup, ipc, mount, network, pid, time, user, uts"),
        ("linux.namespaces", namespaces(json!([{"type": "cgroup", "path": "proc/1/ns/cgroup"}])), "linux.namespaces[5].path: found \"proc/1/ns/cgroup\", expected an absolute path"),
        ("linux.namespaces", namespaces(json!([{"type": "user"}])), "linux.uidMappings: found nothing, expected at least one mapping for the new user namespace; linux.gidMappings: found nothing, expected at least one mapping for the new user namespace"),
        ("linux.uidMappings", json!([{"containerID": 0, "hostID": 0, "size": 1}]), "linux.uidMappings: found no user namespace, expected a user namespace in linux.namespaces"),
        ("linux.timeOffsets", json!({"monotonic": {"secs": 1}}), "linux.timeOffsets: found no time namespace, expected a new time namespace in linux.namespaces"),
        ("linux.sysctl", json!({"vm.swappiness": "1"}), "linux.sysctl.vm.swappiness: found a parameter of the whole host, expected one that a namespace holds (net.*, ipc, uts)"),
        ("linux.sysctl", json!({"kernel.hostname": "x"}), "linux.sysctl.kernel.hostname: found a sysctl, expected the property hostname"),
        ("linux.sysctl", json!({"net..x": "1"}), "linux.sysctl.net..x: found \"net..x\", expected a name such as net.ipv4.ip_forward"),
        ("linux.sysctl", json!({"net/../../vm/swappiness": "1"}), "linux.sysctl.net/../../vm/swappiness: found \"net/../../vm/swappiness\", expected a name such as net.ipv4.ip_forward"),
        ("linux.devices", json!([{"type": "x", "path": "/dev/x", "major": 1, "minor": 1}]), "linux.devices[0].type: found \"x\", expected one of b, c, p, u"),
        ("linux.devices", json!([{"type": "c", "path": "dev/x", "major": 1, "minor": 1}]), "linux.devices[0].path: found \"dev/x\", expected an absolute path"),
        ("linux.devices", json!([{"type": "c", "path": "/dev/x", "major": 1}]), "linux.devices[0].minor: found nothing, expected a number: only a FIFO has none"),
        ("linux.devices", json!([{"type": "b", "path": "/dev/x", "major": -1, "minor": 1}]), "linux.devices[0].major: found -1, expected a device number"),
        ("linux.devices", json!([{"type": "p", "path": "/dev/x"}, {"type": "p", "path": "/dev/x"}]), "linux.devices[1].path: found \"/dev/x\" again, expected each path once"),
        ("linux.devices", json!([{"type": "p", "path": "/dev/x", "fileMode": 1_000_000}]), "linux.devices[0].fileMode: found 1000000, expected a file mode, such as 438 (octal 666)"),
        ("linux.maskedPaths", json!(["/proc/kcore", "proc/keys"]), "linux.maskedPaths[1]: found \"proc/keys\", expected an absolute path"),
        ("linux.readonlyPaths", json!(["proc/sys"]), "linux.readonlyPaths[0]: found \"proc/sys\", expected an absolute path"),
        ("linux.rootfsPropagation", json!("open"), "linux.rootfsPropagation: found \"open\", expected one of private, rprivate, rshared, rslave, runbindable, shared, slave, unbindable"),
    ]
}

#[rustfmt::skip]
fn bad_devices_and_classes() -> Vec<(&'static str, Value, &'static str)> {
    vec![
        ("linux.intelRdt", json!({"closID": "a/b"}), "linux.intelRdt.closID: found \"a/b\", expected a directory's name, or /"),
        ("linux.intelRdt", json!({"memBwSchema": "L3:0=1"}), "linux.intelRdt.memBwSchema: found \"L3:0=1\", expected a line that begins with MB:"),
        ("linux.intelRdt", json!({"schemata": ["a\nb"]}), "linux.intelRdt.schemata[0]: found \"a\\nb\", expected one line"),
        ("linux.netDevices", json!({"a/b": {}}), "linux.netDevices.a/b: found \"a/b\", expected a network device's name"),
        ("linux.netDevices", json!({"a": {"name": "%d%d"}}), "linux.netDevices.a.name: found \"%d%d\", expected a name of at most 15 characters, or one with %d"),
        ("linux.netDevices", json!({"a": {"name": "c"}, "b": {"name": "c"}}), "linux.netDevices.b.name: found \"c\" again, expected each name once"),
    ]
}

#[test]
fn wrong_types_are_named_with_their_place() {
    for (path, value, expected) in [
        (
            "ociVersion",
            json!(1),
            "ociVersion: found integer `1`, expected a string at line 1",
        ),
        (
            "process.args",
            json!("sh"),
            "process.args: found string \"sh\", expected a sequence at line 1",
        ),
        (
            "process.args",
            json!([1]),
            "process.args[0]: found integer `1`, expected a string at line 1",
        ),
        (
            "process.user.uid",
            json!(-1),
            "process.user.uid: found integer `-1`, expected u32 at line 1",
        ),
        (
            "process.terminal",
            json!("yes"),
            "process.terminal: found string \"yes\", expected a boolean at line 1",
        ),
        (
            "root.readonly",
            json!(1),
            "root.readonly: found integer `1`, expected a boolean at line 1",
        ),
        (
            "mounts",
            json!({}),
            "mounts: found map, expected a sequence at line 1",
        ),
        (
            "mounts",
            json!([{"type": "tmpfs"}]),
            "mounts[0]: found no destination, expected one at line 1",
        ),
        (
            "linux.devices",
            json!([{"type": "p"}]),
            "linux.devices[0]: found no path, expected one at line 1",
        ),
        (
            "linux.uidMappings",
            json!([{"containerID": 0}]),
            "linux.uidMappings[0]: found no hostID, expected one at line 1",
        ),
        (
            "linux.resources",
            json!({"pids": {"limit": "many"}}),
            "linux.resources.pids.limit: found string \"many\", expected i64 at line 1",
        ),
        (
            "annotations",
            json!({"a": 1}),
            "annotations.a: found integer `1`, expected a string at line 1",
        ),
    ] {
        let found = refusal(&edited(path, value));
        assert!(
            found.starts_with(&format!("invalid configuration: {expected}")),
            "{path}: {found}"
        );
    }
}

#[test]
fn what_is_no_json_is_refused_with_line_and_column() {
    for (text, expected) in [
        ("", "EOF while parsing a value at line 1 column 0"),
        ("{", "EOF while parsing an object at line 1 column 1"),
        ("[]", "found a list, expected an object"),
        ("{}", "found no ociVersion, expected one at line 1 column 2"),
        (
            "{\"ociVersion\": \"1.0.0\",}",
            "trailing comma at line 1 column 24",
        ),
        (
            "{\"ociVersion\": \"1.0.0\"} x",
            "trailing characters at line 1 column 25",
        ),
    ] {
        let error = parse(text.as_bytes()).unwrap_err();
        assert_eq!(error.kind(), Kind::Config);
        let found = error.to_string();
        assert!(
            found.starts_with(&format!("invalid configuration: {expected}")),
            "{text}: {found}"
        );
    }
}

#[test]
fn all_problems_are_told_at_once() {
    let mut config = edited("process.cwd", json!("x"));
    config["ociVersion"] = json!("9");
    config["solaris"] = json!({});
    assert_eq!(
        refusal(&config),
        "invalid configuration: ociVersion: found \"9\", expected a semantic version 1.x.y; \
         process.cwd: found \"x\", expected an absolute path; solaris: not supported yet"
    );
}

#[test]
fn namespaced_names_need_their_namespace() {
    let without = |kind: &str| {
        let mut config = good();
        let list = config["linux"]["namespaces"].as_array_mut().unwrap();
        list.retain(|namespace| namespace["type"] != kind);
        config
    };
    for (kind, path, value, expected) in [
        (
            "uts",
            "hostname",
            json!("h"),
            "hostname: found \"h\" without a uts namespace, expected a uts namespace in linux.namespaces",
        ),
        (
            "uts",
            "domainname",
            json!("d"),
            "domainname: found \"d\" without a uts namespace, expected a uts namespace in linux.namespaces",
        ),
        (
            "network",
            "linux",
            json!({"net.core.somaxconn": "1"}),
            "linux.sysctl.net.core.somaxconn: found no network namespace, expected a network namespace in linux.namespaces",
        ),
        (
            "ipc",
            "linux",
            json!({"kernel.msgmax": "1"}),
            "linux.sysctl.kernel.msgmax: found no ipc namespace, expected a ipc namespace in linux.namespaces",
        ),
        (
            "ipc",
            "linux",
            json!({"fs.mqueue.msg_max": "1"}),
            "linux.sysctl.fs.mqueue.msg_max: found no ipc namespace, expected a ipc namespace in linux.namespaces",
        ),
    ] {
        let mut config = without(kind);
        match path {
            "linux" => config["linux"]["sysctl"] = value,
            name => config[name] = value,
        }
        assert_eq!(refusal(&config), format!("invalid configuration: {expected}"));
    }
}

#[test]
fn mappings_must_fit_the_kernels_rules() {
    let with = |uids: Value| {
        let mut config = edited(
            "linux.gidMappings",
            json!([{"containerID": 0, "hostID": 0, "size": 1}]),
        );
        config["linux"]["namespaces"]
            .as_array_mut()
            .unwrap()
            .push(json!({"type": "user"}));
        config["linux"]["uidMappings"] = uids;
        config
    };
    for (uids, expected) in [
        (
            json!([{"containerID": 0, "hostID": 0, "size": 0}]),
            "linux.uidMappings[0].size: found 0, expected at least one id",
        ),
        (
            json!([{"containerID": 0, "hostID": 0, "size": 2}, {"containerID": 1, "hostID": 5, "size": 1}]),
            "linux.uidMappings[1].containerID: found ids mapped already, expected each id once",
        ),
        (
            json!([{"containerID": 0, "hostID": 0, "size": 2}, {"containerID": 7, "hostID": 1, "size": 1}]),
            "linux.uidMappings[1].hostID: found ids used already, expected each id once",
        ),
        (
            json!([{"containerID": 0, "hostID": 4_294_967_295_u32, "size": 1}]),
            "linux.uidMappings[0].hostID: found 4294967295 and 1 ids from it, expected ids below 4294967295",
        ),
    ] {
        assert_eq!(refusal(&with(uids)), format!("invalid configuration: {expected}"));
    }
    let lines = (0..341)
        .map(|id| json!({"containerID": id, "hostID": id, "size": 1}))
        .collect::<Vec<_>>();
    assert_eq!(
        refusal(&with(Value::from(lines))),
        "invalid configuration: linux.uidMappings: found 341 mappings, expected at most 340"
    );
}

#[test]
fn a_joined_time_namespace_has_its_offsets_already() {
    let mut config = edited("linux.timeOffsets", json!({"monotonic": {"secs": 1}}));
    let namespaces = config["linux"]["namespaces"].as_array_mut().unwrap();
    namespaces.push(json!({"type": "time", "path": "/proc/1/ns/time"}));
    assert_eq!(
        refusal(&config),
        "invalid configuration: linux.timeOffsets: found a joined time namespace, expected a new one, without a path"
    );
}

#[test]
fn time_offsets_have_two_clocks_and_whole_nanoseconds() {
    let mut config = edited(
        "linux.timeOffsets",
        json!({"realtime": {"nanosecs": 1_000_000_000}}),
    );
    config["linux"]["namespaces"]
        .as_array_mut()
        .unwrap()
        .push(json!({"type": "time"}));
    assert_eq!(
        refusal(&config),
        "invalid configuration: linux.timeOffsets.realtime: found \"realtime\", expected one of boottime, monotonic; \
         linux.timeOffsets.realtime.nanosecs: found 1000000000, expected less than a second"
    );
}

#[test]
fn unknown_properties_annotations_and_capabilities_are_ignored() {
    let mut config = good();
    config["futureProperty"] = json!({"a": [1]});
    config["linux"]["futureProperty"] = json!(7);
    config["annotations"] = json!({"org.example.x": "y"});
    config["process"]["capabilities"] = json!({"bounding": ["CAP_FROM_THE_FUTURE"]});
    config["process"]["apparmorProfile"] = json!("");
    parse(config.to_string().as_bytes()).unwrap();
}

#[test]
fn only_unsupported_properties_make_an_unsupported_error() {
    let text = edited("vm", json!({})).to_string();
    assert_eq!(parse(text.as_bytes()).unwrap_err().kind(), Kind::Unsupported);
}
