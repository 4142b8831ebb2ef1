//! New, joined and shared namespaces.

use super::{add_mount, bundle, output, refusal, set_namespace};

use crate::bundle::Bundle;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::{Child, Command, Stdio};

fn own(kind: &str) -> String {
    fs::read_link(format!("/proc/self/ns/{kind}"))
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned()
}

/// The container's namespace of a kind, as its link reads.
fn seen(name: &str, kind: &str, change: impl FnOnce(&mut Value)) -> String {
    output(name, &format!("busybox readlink /proc/self/ns/{kind}"), change)
        .trim()
        .to_owned()
}

/// A process in new namespaces, alive until its input is closed.
struct Holder(Child);

impl Holder {
    fn new(flags: &[&str]) -> Self {
        let mut child = Command::new("unshare")
            .args(flags)
            .args(["sh", "-c", "echo ready; read -r _"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut ready = [0; 6];
        std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut ready).unwrap();
        Self(child)
    }

    fn path(&self, kind: &str) -> String {
        format!("/proc/{}/ns/{kind}", self.0.id())
    }

    fn link(&self, kind: &str) -> String {
        fs::read_link(self.path(kind))
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned()
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        self.0.wait().unwrap();
    }
}

pub(super) fn user_namespace(config: &mut Value) {
    set_namespace(config, json!({"type": "user"}));
    let map = json!([{"containerID": 0, "hostID": 100_000, "size": 1000}, {"containerID": 1000, "hostID": 200_000, "size": 5}]);
    config["linux"]["uidMappings"] = map.clone();
    config["linux"]["gidMappings"] = map;
}

/// What the root of a user namespace cannot make itself, and the way there.
pub(crate) fn make_places(bundle: &Bundle) {
    fs::set_permissions(bundle.path(), fs::Permissions::from_mode(0o755)).unwrap();
    for place in ["dev", "proc", "sys"] {
        fs::create_dir(bundle.file("rootfs").join(place)).unwrap();
    }
}

#[test]
fn each_kind_can_be_new() {
    for kind in ["mount", "pid", "network", "ipc", "uts", "cgroup", "time"] {
        let link = match kind {
            "mount" => "mnt",
            "network" => "net",
            other => other,
        };
        let inside = seen("ns-new", link, |config| {
            set_namespace(config, json!({"type": kind}));
        });
        assert_ne!(inside, own(link), "{kind}");
    }
}

#[test]
fn each_kind_can_be_joined() {
    let holder = Holder::new(&["--net", "--ipc", "--uts", "--time", "--cgroup"]);
    for (kind, link) in [
        ("network", "net"),
        ("ipc", "ipc"),
        ("uts", "uts"),
        ("time", "time"),
        ("cgroup", "cgroup"),
    ] {
        let inside = seen("ns-join", link, |config| {
            set_namespace(config, json!({"type": kind, "path": holder.path(link)}));
            config.as_object_mut().unwrap().remove("hostname");
        });
        assert_eq!(inside, holder.link(link), "{kind}");
    }
}

#[test]
fn a_mount_namespace_can_be_joined() {
    let holder = Holder::new(&["--mount", "--propagation", "private"]);
    let inside = seen("ns-join-mount", "mnt", |config| {
        set_namespace(config, json!({"type": "mount", "path": holder.path("mnt")}));
    });
    assert_eq!(inside, holder.link("mnt"));
}

#[test]
fn a_pid_namespace_can_be_joined() {
    let holder = Holder::new(&["--pid", "--fork", "--kill-child"]);
    let children = fs::read_to_string(format!("/proc/{0}/task/{0}/children", holder.0.id())).unwrap();
    let path = format!("/proc/{}/ns/pid", children.trim());
    let bundle = bundle("pid-join", "echo $$");
    bundle.edit(|config| set_namespace(config, json!({"type": "pid", "path": path})));
    let pid: u32 = bundle.must(&["run"]).trim().parse().unwrap();
    assert!((2..50).contains(&pid), "{pid}");
}

#[test]
fn a_namespace_of_another_kind_is_refused() {
    let error = refusal("ns-kind", |config| {
        set_namespace(config, json!({"type": "network", "path": "/proc/self/ns/uts"}));
    });
    assert!(error.starts_with("join the network namespace: setns"), "{error}");
}

#[test]
fn a_user_namespace_maps_several_ranges() {
    let bundle = bundle(
        "userns",
        "cat /proc/self/uid_map; id; echo x > /dev/null && echo works",
    );
    make_places(&bundle);
    bundle.edit(|config| {
        user_namespace(config);
        config["process"]["user"] = json!({"uid": 1001, "gid": 1002, "additionalGids": [3]});
    });
    let seen = bundle.must(&["run"]);
    let words: Vec<&str> = seen.split_whitespace().collect();
    assert_eq!(words[..6], ["0", "100000", "1000", "1000", "200000", "5"]);
    assert!(seen.ends_with("uid=1001 gid=1002 groups=3\nworks\n"), "{seen}");
}

#[test]
fn a_user_namespace_enters_a_root_that_its_root_cannot_reach() {
    let bundle = bundle("userns-closed", "id -u; echo x > /dev/null && echo works");
    make_places(&bundle);
    bundle.edit(user_namespace);
    fs::set_permissions(bundle.path(), fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(bundle.must(&["run"]), "0\nworks\n");
}

#[test]
fn a_user_namespace_reaches_sources_that_its_root_cannot() {
    let bundle = bundle("userns-source", "cat /secret/f");
    fs::create_dir_all(bundle.file("closed/deep")).unwrap();
    fs::write(bundle.file("closed/deep/f"), "reached\n").unwrap();
    fs::set_permissions(bundle.file("closed"), fs::Permissions::from_mode(0o700)).unwrap();
    make_places(&bundle);
    bundle.edit(|config| {
        user_namespace(config);
        config["root"]["readonly"] = json!(false);
        add_mount(config, json!({"destination": "/secret", "type": "bind", "source": "closed/deep", "options": ["rbind", "ro"]}));
    });
    fs::create_dir(bundle.file("rootfs/secret")).unwrap();
    assert_eq!(bundle.must(&["run"]), "reached\n");
}

#[test]
fn a_joined_user_namespace_owns_the_new_ones() {
    let holder = Holder::new(&["--user", "--map-root-user"]);
    let bundle = bundle(
        "userns-join",
        "busybox readlink /proc/self/ns/user; busybox readlink /proc/self/ns/uts; id -u",
    );
    make_places(&bundle);
    bundle.edit(|config| set_namespace(config, json!({"type": "user", "path": holder.path("user")})));
    let seen = bundle.must(&["run"]);
    let lines: Vec<&str> = seen.lines().collect();
    assert_eq!(lines[0], holder.link("user"));
    assert_ne!(lines[1], own("uts"));
    assert_eq!(lines[2], "0");
}

#[test]
fn joined_user_and_pid_namespaces_work_together() {
    let holder = Holder::new(&["--user", "--map-root-user", "--pid", "--fork"]);
    let bundle = bundle(
        "userns-pidns",
        "busybox readlink /proc/self/ns/user; id -u; test $$ -gt 1 && echo beside",
    );
    make_places(&bundle);
    bundle.edit(|config| {
        set_namespace(config, json!({"type": "user", "path": holder.path("user")}));
        set_namespace(
            config,
            json!({"type": "pid", "path": holder.path("pid_for_children")}),
        );
    });
    assert_eq!(
        bundle.must(&["run"]),
        format!("{}\n0\nbeside\n", holder.link("user"))
    );
}

#[test]
fn names_and_kernel_parameters() {
    let script = "busybox hostname; cat /proc/sys/kernel/domainname /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shmmni";
    let seen = output("names", script, |config| {
        config["hostname"] = json!("inside");
        config["domainname"] = json!("domain.test");
        config["linux"]["sysctl"] = json!({"net.ipv4.ip_forward": "1", "kernel.shmmni": "99"});
    });
    assert_eq!(seen, "inside\ndomain.test\n1\n99\n");
    assert_ne!(nix::unistd::gethostname().unwrap(), "inside");
}

#[test]
fn time_offsets_move_the_clock() {
    let script = "read -r up _ < /proc/uptime; echo ${up%.*}";
    let seen = output("timens", script, |config| {
        set_namespace(config, json!({"type": "time"}));
        config["linux"]["timeOffsets"] = json!({"boottime": {"secs": 1_000_000}});
    });
    let uptime: u64 = seen.trim().parse().unwrap();
    assert!(uptime > 1_000_000, "{uptime}");
    assert_eq!(own("time"), own("time_for_children"));
}

#[test]
fn the_container_has_a_group_of_its_own_to_see() {
    let seen = output("cgroupns", "cat /proc/self/cgroup", |config| {
        set_namespace(config, json!({"type": "cgroup"}));
    });
    assert!(seen.lines().all(|line| line.ends_with(":/")), "{seen}");
}

fn mounted_below(bundle: &Bundle) -> bool {
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    mounts.contains(bundle.path().to_str().unwrap())
}

#[test]
fn without_a_mount_namespace_the_mounts_are_the_machines_until_delete() {
    let bundle = bundle("no-mount-ns", "ls -d /proc/1 && readlink /proc/self/ns/mnt");
    bundle.edit(|config| {
        config["linux"]["namespaces"] = json!([{"type": "pid"}]);
        config.as_object_mut().unwrap().remove("hostname");
    });
    assert_eq!(bundle.must(&["run"]), format!("/proc/1\n{}\n", own("mnt")));
    assert!(!mounted_below(&bundle), "a mount is left");
}

#[test]
fn without_a_mount_namespace_the_root_is_changed_alone() {
    let bundle = bundle("chroot", "echo /*");
    bundle.edit(|config| {
        let config = config.as_object_mut().unwrap();
        config.remove("hostname");
        config["mounts"] = json!([]);
        config["root"]["readonly"] = json!(false);
        config["linux"] =
            json!({"namespaces": [{"type": "pid"}], "cgroupsPath": config["linux"]["cgroupsPath"]});
    });
    assert_eq!(bundle.must(&["run"]), "/bin\n");
    assert!(!mounted_below(&bundle), "a mount is left");
}

#[test]
fn the_runtimes_own_namespaces_stay() {
    let before = fs::metadata("/proc/self/ns/pid").unwrap().ino();
    output("own-ns", "true", |_| {});
    assert_eq!(fs::metadata("/proc/self/ns/pid").unwrap().ino(), before);
}

/// Allowed by the specification: such a container shares everything but its root directory.
#[test]
fn a_configuration_may_say_nothing_of_linux() {
    let seen = output("no-linux", "echo ran", |config| {
        let config = config.as_object_mut().unwrap();
        for property in ["linux", "mounts", "hostname"] {
            config.remove(property);
        }
        config["root"]["readonly"] = json!(false);
    });
    assert_eq!(seen, "ran\n");
}
