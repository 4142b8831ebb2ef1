//! Limits of containers: options of `create`, `update` while they run, `stats`.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::sandbox::{HELLO, Sandbox};

#[rustfmt::skip]
const ALL: [&str; 34] = [
    "--memory", "64m", "--memory-swap", "-1", "--memory-reservation", "32m", "--memory-swappiness", "0",
    "--cpu-shares", "512", "--cpu-period", "50000", "--cpu-quota", "25000", "--cpuset-cpus", "0", "--cpuset-mems", "0",
    "--pids-limit", "50", "--blkio-weight", "300", "--device-cgroup-rule", "c 10:229 rw", "--cgroup-parent", "limited",
    "--annotation", "a.b=c", "--expose", "80-81/udp", "--dns-search", "example.org", "--dns-opt", "ndots:2",
];

#[test]
fn every_option_is_in_the_bundle_and_in_inspect() {
    let sandbox = Sandbox::new();
    sandbox.ok(&[&["create", "--name", "box"][..], &ALL, &[HELLO]].concat());
    let shown = sandbox.inspect("box");
    let host = &shown["HostConfig"];
    for (key, value) in [
        ("Memory", json!(64 << 20)),
        ("MemorySwap", json!(-1)),
        ("MemoryReservation", json!(32 << 20)),
        ("MemorySwappiness", json!(0)),
        ("CpuShares", json!(512)),
        ("CpuPeriod", json!(50_000)),
        ("CpuQuota", json!(25_000)),
        ("CpusetCpus", json!("0")),
        ("PidsLimit", json!(50)),
        ("BlkioWeight", json!(300)),
        ("DeviceCgroupRules", json!(["c 10:229 rw"])),
        ("CgroupParent", json!("/limited")),
        ("Annotations", json!({"a.b": "c"})),
        ("DnsSearch", json!(["example.org"])),
        ("DnsOptions", json!(["ndots:2"])),
    ] {
        assert_eq!(host[key], value, "{key}");
    }
    assert_eq!(
        shown["Config"]["ExposedPorts"],
        json!({"80/udp": {}, "81/udp": {}})
    );
    let bundle = PathBuf::from(shown["Bundle"].as_str().unwrap());
    let config: Value = serde_json::from_slice(&fs::read(bundle.join("config.json")).unwrap()).unwrap();
    let linux = &config["linux"];
    assert_eq!(
        linux["cgroupsPath"],
        format!("/limited/{}", shown["Id"].as_str().unwrap())
    );
    assert_eq!(
        linux["resources"]["cpu"],
        json!({"shares": 512, "period": 50_000, "quota": 25_000, "cpus": "0", "mems": "0"})
    );
    assert_eq!(linux["resources"]["pids"], json!({"limit": 50}));
    assert_eq!(config["annotations"], json!({"a.b": "c"}));
    let names = fs::read_to_string(bundle.join("etc/resolv.conf")).unwrap();
    assert!(names.contains("search example.org\noptions ndots:2\n"), "{names}");
}

#[test]
fn wrong_limits_are_refused_in_dockers_words() {
    let sandbox = Sandbox::new();
    for (words, text) in [
        (&["--memory", "1m"][..], "Minimum memory limit allowed is 6MB"),
        (
            &["--cpus", "1", "--cpu-quota", "5000"],
            "Nano CPUs and CPU Quota cannot both be set",
        ),
        (&["--device-cgroup-rule", "x"], "invalid device cgroup format 'x'"),
        (&["--device-read-bps", "sda:1mb"], "bad format for device path"),
        (&["--device-write-bps", "/dev/none:1mb"], "/dev/none"),
        (
            &["--device-write-iops", "/dev/zero:many"],
            "invalid rate for device",
        ),
        (&["--cpuset-cpus", "a"], "Invalid value a for cpuset cpus"),
        (&["--expose", "0"], "invalid range format for --expose"),
        (&["--cgroup-parent", "../x"], "invalid cgroup parent"),
        (&["--volumes-from", "nobody"], "No such container: nobody"),
        (
            &["-d", "-a", "stdout"],
            "cannot specify both --attach and --detach",
        ),
    ] {
        let done = sandbox.corten(&[&["run", "--rm"][..], words, &[HELLO]].concat());
        assert!(
            done.code == Some(125) && done.stderr.contains(text),
            "{words:?}: {done:?}"
        );
    }
    sandbox.assert_empty();
}

#[test]
fn only_what_is_attached_is_shown() {
    let sandbox = Sandbox::new();
    let done = sandbox.corten(&["run", "--rm", "-a", "stderr", HELLO, "bytes", "3"]);
    assert_eq!((done.code, done.stdout.as_str()), (Some(0), ""), "{done:?}");
    let done = sandbox.corten(&["run", "--rm", "-a", "STDOUT", HELLO, "bytes", "3"]);
    assert_eq!((done.code, done.stdout.as_str()), (Some(0), "abc"), "{done:?}");
    sandbox.assert_empty();
}

#[test]
fn volumes_come_from_other_containers() {
    let (sandbox, host) = (Sandbox::new(), tempfile::tempdir().unwrap());
    let bind = format!("{}:/bound", host.path().display());
    sandbox.ok(&[
        "create", "--name", "one", "-v", &bind, "-v", "/own", "--tmpfs", "/memory", HELLO,
    ]);
    sandbox.ok(&[
        "create",
        "--name",
        "two",
        "--volumes-from",
        "one:ro",
        "-v",
        "/own/deeper",
        HELLO,
    ]);
    let mounts = sandbox.inspect("two")["Mounts"].clone();
    let at = |target: &str| {
        let mounts = mounts.as_array().unwrap();
        mounts
            .iter()
            .find(|mount| mount["Destination"] == target)
            .cloned()
            .unwrap_or_default()
    };
    assert_eq!(
        (&at("/bound")["Source"], &at("/bound")["RW"]),
        (&json!(host.path()), &json!(false))
    );
    let own = sandbox.inspect("one")["Mounts"][1]["Source"].clone();
    assert_eq!(at("/own")["Source"], own);
    assert_eq!(
        (&at("/own/deeper")["RW"], &at("/memory")),
        (&json!(true), &Value::Null)
    );
    let done = sandbox.corten(&["create", "--volumes-from", "one:sideways", HELLO]);
    assert!(done.stderr.contains("invalid mode for volumes-from"), "{done:?}");
}

/// The pids controller is everywhere, on v1 and v2.
fn pids_limit(sandbox: &Sandbox, name: &str) -> String {
    let pid = sandbox.inspect(name)["State"]["Pid"].as_i64().unwrap();
    let groups = fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap();
    let path = |line: &str| {
        let (controllers, path) = line.split_once(':')?.1.split_once(':')?;
        match controllers {
            "pids" => Some(format!("/sys/fs/cgroup/pids{path}/pids.max")),
            "" => Some(format!("/sys/fs/cgroup{path}/pids.max")),
            _ => None,
        }
    };
    let found = groups
        .lines()
        .filter_map(path)
        .find_map(|path| fs::read_to_string(path).ok());
    found.unwrap_or_else(|| panic!("{groups}")).trim().to_owned()
}

#[test]
fn limits_change_while_a_container_runs_and_stay_changed() {
    for runtime in super::sandbox::RUNTIMES {
        let sandbox = Sandbox::with(runtime);
        sandbox.ok(&[
            "run",
            "-d",
            "--name",
            "box",
            "--pids-limit",
            "40",
            "-m",
            "64m",
            HELLO,
            "wait",
        ]);
        assert_eq!(pids_limit(&sandbox, "box"), "40");
        assert_eq!(sandbox.ok(&["update", "--pids-limit", "70", "box"]), "box");
        assert_eq!(pids_limit(&sandbox, "box"), "70", "{runtime}");
        let done = sandbox.corten(&["update", "--memory-reservation", "1g", "box"]);
        assert!(
            done.code == Some(1) && done.stderr.contains("reservation"),
            "{done:?}"
        );
        assert_eq!(sandbox.inspect("box")["HostConfig"]["MemoryReservation"], 0);
        sandbox.ok(&["kill", "box"]);
        sandbox.ok(&["wait", "box"]);
        sandbox.ok(&["update", "--pids-limit", "80", "--cpu-shares", "100", "box"]);
        sandbox.ok(&["start", "box"]);
        assert_eq!(pids_limit(&sandbox, "box"), "80", "{runtime}");
        let host = &sandbox.inspect("box")["HostConfig"];
        assert_eq!(
            (&host["PidsLimit"], &host["Memory"]),
            (&json!(80), &json!(64 << 20))
        );
        let done = sandbox.corten(&["update", "box"]);
        assert!(
            done.stderr.contains("you must provide one or more flags"),
            "{done:?}"
        );
        sandbox.ok(&["kill", "box"]);
    }
}

#[test]
fn what_containers_use_is_shown() {
    let sandbox = Sandbox::new();
    sandbox.ok(&["run", "-d", "--name", "box", "-m", "64m", HELLO, "wait"]);
    sandbox.ok(&["create", "--name", "other", HELLO]);
    let shown = sandbox.ok(&["stats", "--no-stream"]);
    let lines: Vec<&str> = shown.lines().collect();
    assert!(lines[0].starts_with("CONTAINER ID   NAME      CPU %"), "{shown}");
    assert!(
        lines.len() == 2 && lines[1].contains("box") && lines[1].contains("/ 64MiB"),
        "{shown}"
    );
    let shown = sandbox.ok(&[
        "container",
        "stats",
        "--all",
        "--no-stream",
        "--format",
        "{{.Name}} {{.PIDs}} {{.MemPerc}}",
    ]);
    assert!(
        shown.contains("other 0 0.00%") && shown.contains("box 1 "),
        "{shown}"
    );
    let json: Value =
        serde_json::from_str(&sandbox.ok(&["stats", "--no-stream", "--format", "json", "box"])).unwrap();
    assert_eq!(json["Name"], "box");
    // Again and again, until nobody reads.
    let mut child = sandbox.spawn(&["stats", "--format", "{{.Name}}", "box"]);
    let mut out = std::io::BufReader::new(child.stdout.take().unwrap());
    for _ in 0..2 {
        let mut line = String::new();
        std::io::BufRead::read_line(&mut out, &mut line).unwrap();
        assert_eq!(line, "box\n");
    }
    drop(out);
    assert!(child.wait().unwrap().success());
    assert_eq!(sandbox.corten(&["stats", "--no-stream", "nobody"]).code, Some(1));
    sandbox.ok(&["kill", "box"]);
}

#[test]
fn limits_that_the_runtime_refuses_are_not_kept() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let script = directory.path().join("refuses");
    let real = crate::sandbox::program("corten-runtime");
    let text = format!(
        "#!/bin/sh\ncase \" $* \" in *\" update \"*) echo refused >&2; exit 1 ;; esac\nexec {} \"$@\"\n",
        real.display()
    );
    fs::write(&script, text).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let sandbox = Sandbox::with(Box::leak(script.display().to_string().into_boxed_str()));
    let id = sandbox.ok(&["run", "-d", "--pids-limit", "50", HELLO, "wait"]);
    let files =
        ["config.json", "container.json"].map(|name| sandbox.root().join("containers").join(&id).join(name));
    let before = files.clone().map(|file| fs::read(file).unwrap());
    let done = sandbox.corten(&["update", "--pids-limit", "60", &id]);
    assert_eq!(done.code, Some(1));
    assert!(done.stderr.contains("refused"), "{done:?}");
    assert_eq!(files.map(|file| fs::read(file).unwrap()), before);
}
