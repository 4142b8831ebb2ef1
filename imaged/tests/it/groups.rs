//! Docker's groups `container` and `image`, and what listings and `inspect` show.

use serde_json::{Value, json};

use super::fake_registry::FakeRegistry;
use super::pulls::reference;
use super::sandbox::{HELLO, Sandbox};
use super::test_image::two_layers;

#[test]
fn verbs_of_a_group_are_the_same_verbs() {
    let sandbox = Sandbox::new();
    sandbox.ok(&["image", "pull", "--quiet", HELLO]);
    sandbox.ok(&["image", "tag", HELLO, "other:1"]);
    assert_eq!(
        sandbox.ok(&["image", "ls", "--format", "{{.Repository}}", "other"]),
        "other"
    );
    assert_eq!(sandbox.ok(&["image", "list", "-q", "other"]).len(), 12);
    assert_eq!(
        sandbox.ok(&["image", "history", "other:1"]),
        sandbox.ok(&["history", "other:1"])
    );
    let id = sandbox.ok(&["container", "create", "--name", "box", HELLO]);
    for list in ["ls", "ps", "list"] {
        assert_eq!(sandbox.ok(&["container", list, "-aq", "--no-trunc"]), id);
    }
    let inspected: Value = serde_json::from_str(&sandbox.ok(&["container", "inspect", "-s", "box"])).unwrap();
    assert_eq!(inspected[0]["Id"], id.as_str());
    assert_eq!(inspected[0]["SizeRw"], 0);
    assert!(inspected[0]["SizeRootFs"].as_u64().unwrap() > 1000);
    let done = sandbox.corten(&["image", "inspect", "box"]);
    assert!(
        done.code == Some(1) && done.stderr.contains("No such image: box"),
        "{done:?}"
    );
    let done = sandbox.corten(&["container", "inspect", "other:1"]);
    assert!(
        done.code == Some(1) && done.stderr.contains("No such container: other:1"),
        "{done:?}"
    );
    sandbox.ok(&["container", "start", "-a", "box"]);
    let pruned = sandbox.ok(&["container", "prune", "--force", "--filter", "label!=none"]);
    assert!(
        pruned.starts_with(&format!("Deleted Containers:\n{id}\n")),
        "{pruned}"
    );
    assert_eq!(sandbox.ok(&["image", "rm", "other:1"]), "Untagged: other:1");
    let done = sandbox.corten(&["container", "run", "--memory", "1", HELLO]);
    assert_eq!(done.code, Some(125), "{done:?}");
    let done = sandbox.corten(&["container", "fly"]);
    assert!(done.stderr.contains("unknown command: fly"), "{done:?}");
    sandbox.assert_empty();
}

#[test]
fn layers_are_listed_and_drawn() {
    let (registry, sandbox) = (FakeRegistry::start(), Sandbox::new());
    two_layers().serve(&registry, "1");
    let name = reference(&registry, ":1").to_string();
    sandbox.ok(&["pull", "--quiet", &name]);
    sandbox.ok(&["create", "--name", "box", &name]);
    sandbox.ok(&["commit", "box", "made"]);
    let rows = |options: &[&str]| {
        let shown = sandbox.ok(&[&["images", "--format", "{{.Repository}} {{.Size}}"], options].concat());
        shown.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let shown = rows(&["-a"]);
    assert_eq!(rows(&[]).len(), 2);
    assert_eq!(shown.len(), 3, "{shown:?}");
    assert_eq!(
        shown.iter().filter(|row| *row == "<none> 3.15MB").count(),
        1,
        "{shown:?}"
    );
    assert_eq!(
        sandbox.ok(&["images", "-aq"]).lines().count(),
        2,
        "layers have no id that a verb takes"
    );
    let tree = sandbox.ok(&["images", "--tree"]);
    let lines: Vec<&str> = tree.lines().collect();
    assert!(
        lines.len() == 3 && lines[0].starts_with("└─ ") && lines[0].ends_with(" 3.15MB"),
        "{tree}"
    );
    assert!(
        lines[1].starts_with("   └─ ") && lines[1].contains(&format!(" {name} (")),
        "{tree}"
    );
    assert!(
        lines[2].starts_with("      └─ ") && lines[2].contains(" made:latest ("),
        "{tree}"
    );
    assert_eq!(
        sandbox
            .ok(&["images", "-q", "--filter", "until=2026-01-03"])
            .lines()
            .count(),
        1
    );
    assert_eq!(
        sandbox.ok(&["images", "--format", "{{.CreatedAt}}", &name[..name.len() - 2]]),
        "2026-01-02 03:04:05 +0000 UTC"
    );
}

#[test]
fn containers_are_found_by_pattern_mount_network_and_port() {
    let (sandbox, host) = (Sandbox::new(), tempfile::tempdir().unwrap());
    let bind = format!("{}:/data", host.path().display());
    sandbox.ok(&[
        "create",
        "--name",
        "web-1",
        "-v",
        &bind,
        "--expose",
        "80",
        "-l",
        "tier=front",
        HELLO,
    ]);
    sandbox.ok(&["create", "--name", "my-web-1", "--network", "host", HELLO]);
    let names = |filter: &str| {
        let shown = sandbox.ok(&["ps", "-a", "--filter", filter, "--format", "{{.Names}}"]);
        shown.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    for (filter, found) in [
        ("name=web", &["my-web-1", "web-1"][..]),
        ("name=^web", &["web-1"]),
        ("name=^/web-1$", &["web-1"]),
        ("name=^my.*1$", &["my-web-1"]),
        ("volume=/data", &["web-1"]),
        ("volume=/none", &[]),
        ("network=host", &["my-web-1"]),
        ("expose=79-81/tcp", &["web-1"]),
        ("expose=80/udp", &[]),
        ("publish=80", &[]),
    ] {
        assert_eq!(names(filter), found, "{filter}");
    }
    assert_eq!(
        sandbox.ok(&[
            "ps",
            "-a",
            "--filter",
            "name=^web",
            "--format",
            "{{.Label \"tier\"}}:{{.Label \"x\"}}"
        ]),
        "front:"
    );
    let shown = sandbox.ok(&["ps", "-as", "--format", "{{.Size}}"]);
    assert!(
        shown.lines().all(|size| size.starts_with("0B (virtual ")),
        "{shown}"
    );
}

/// The fields of the Engine API's ContainerInspect and ImageInspect that mean something here.
#[test]
fn inspect_has_the_fields_of_the_api() {
    let sandbox = Sandbox::new();
    sandbox.ok(&["create", "--name", "box", HELLO]);
    let container = sandbox.inspect("box");
    let keys = |value: &Value, wanted: &[&str]| {
        let missing: Vec<_> = wanted
            .iter()
            .filter(|key| value.get(**key).is_none())
            .map(|key| (*key).to_owned())
            .collect();
        assert!(missing.is_empty(), "{missing:?}");
    };
    #[rustfmt::skip]
    keys(&container, &[
        "Id", "Created", "Path", "Args", "State", "Image", "ResolvConfPath", "HostnamePath", "HostsPath", "LogPath", "Name",
        "RestartCount", "Driver", "Platform", "ImageManifestDescriptor", "MountLabel", "ProcessLabel", "AppArmorProfile",
        "ExecIDs", "HostConfig", "GraphDriver", "Mounts", "Config", "NetworkSettings",
    ]);
    #[rustfmt::skip]
    keys(&container["HostConfig"], &[
        "CpuShares", "Memory", "CgroupParent", "BlkioWeight", "BlkioWeightDevice", "BlkioDeviceReadBps",
        "BlkioDeviceWriteBps", "BlkioDeviceReadIOps", "BlkioDeviceWriteIOps", "CpuPeriod", "CpuQuota",
        "CpuRealtimePeriod", "CpuRealtimeRuntime", "CpusetCpus", "CpusetMems", "Devices", "DeviceCgroupRules",
        "DeviceRequests", "MemoryReservation", "MemorySwap", "MemorySwappiness", "NanoCpus", "OomKillDisable", "Init",
        "PidsLimit", "Ulimits", "Binds", "ContainerIDFile", "LogConfig", "NetworkMode", "PortBindings", "RestartPolicy",
        "AutoRemove", "VolumeDriver", "VolumesFrom", "Mounts", "ConsoleSize", "Annotations", "CapAdd", "CapDrop",
        "CgroupnsMode", "Dns", "DnsOptions", "DnsSearch", "ExtraHosts", "GroupAdd", "IpcMode", "Cgroup", "Links",
        "OomScoreAdj", "PidMode", "Privileged", "PublishAllPorts", "ReadonlyRootfs", "SecurityOpt", "StorageOpt", "Tmpfs",
        "UTSMode", "UsernsMode", "ShmSize", "Sysctls", "Runtime", "Isolation", "MaskedPaths", "ReadonlyPaths",
    ]);
    #[rustfmt::skip]
    keys(&container["Config"], &[
        "Hostname", "Domainname", "User", "AttachStdin", "AttachStdout", "AttachStderr", "ExposedPorts", "Tty",
        "OpenStdin", "StdinOnce", "Env", "Cmd", "Image", "Volumes", "WorkingDir", "Entrypoint", "OnBuild", "Labels",
        "StopSignal", "StopTimeout", "Shell",
    ]);
    let image: Value = serde_json::from_str(&sandbox.ok(&["image", "inspect", HELLO])).unwrap();
    #[rustfmt::skip]
    keys(&image[0], &[
        "Id", "Descriptor", "RepoTags", "RepoDigests", "Comment", "Created", "Author", "Config", "Architecture",
        "Variant", "Os", "OsVersion", "Size", "GraphDriver", "RootFS", "Metadata",
    ]);
    assert_eq!(image[0]["Descriptor"], container["ImageManifestDescriptor"]);
    assert!(image[0]["Descriptor"]["size"].as_u64().unwrap() > 100);
    sandbox.ok(&["rm", "box"]);
}

#[test]
fn info_counts_and_describes() {
    let sandbox = Sandbox::new();
    sandbox.ok(&["create", "--name", "box", HELLO]);
    let info: Value = serde_json::from_str(&sandbox.ok(&["info", "--format", "json"])).unwrap();
    for (key, value) in [
        ("Containers", json!(1)),
        ("ContainersStopped", json!(1)),
        ("ContainersRunning", json!(0)),
        ("Images", json!(1)),
        ("OSType", json!("linux")),
        ("DockerRootDir", json!(sandbox.root())),
    ] {
        assert_eq!(info[key], value, "{key}");
    }
    assert!(info["MemTotal"].as_u64().unwrap() > 1 << 20);
    let text = sandbox.ok(&["system", "info"]);
    assert!(
        text.contains("\n Containers: 1\n") && text.contains("\n Storage Driver: overlay2\n"),
        "{text}"
    );
    assert_eq!(sandbox.ok(&["port", "box"]), "");
    let done = sandbox.corten(&["port", "box", "80"]);
    assert!(
        done.code == Some(1) && done.stderr.contains("No public port '80/tcp' published for box"),
        "{done:?}"
    );
    sandbox.ok(&["rm", "box"]);
}

/// A privileged container once asked for capabilities that nobody here has, which runc refuses.
#[test]
fn a_privileged_container_asks_for_what_there_is() {
    for runtime in super::sandbox::RUNTIMES {
        let sandbox = Sandbox::with(runtime);
        let mut command = std::process::Command::new("capsh");
        command.args([
            "--drop=cap_wake_alarm,cap_block_suspend",
            "--",
            "-c",
            "exec \"$@\"",
            "sh",
        ]);
        let own = sandbox.command(&["run", "--rm", "--privileged", HELLO]);
        command.arg(own.get_program()).args(own.get_args());
        let output = command.output().unwrap();
        assert!(
            output.status.success(),
            "{runtime}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        sandbox.assert_empty();
    }
}
