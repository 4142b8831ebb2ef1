//! Whole containers: where they are, what their limits do, and that deletion ends all of them.

use super::on_pure_v2;
use crate::bundle::Bundle;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::{chown, lchown};
use std::path::Path;
use std::process::Stdio;

/// A user without privilege.
const NOBODY: u32 = 65_534;

fn said(bundle: &Bundle) -> String {
    bundle.must(&["run"]).trim_end().to_owned()
}

#[test]
fn a_container_is_in_its_group_of_every_hierarchy() {
    let bundle = Bundle::new("in", "cat /proc/self/cgroup");
    bundle.edit(|config| drop_namespace(config, "cgroup"));
    let wanted = format!("/{}", bundle.id());
    let said = said(&bundle);
    assert!(
        said.lines().count() > 0 && said.lines().all(|line| line.ends_with(&wanted)),
        "{said}"
    );
}

#[test]
fn a_container_is_born_in_its_group_on_pure_v2() {
    on_pure_v2(|| {
        let bundle = Bundle::new("born", "cat /proc/self/cgroup; cat /sys/fs/cgroup/cgroup.procs");
        bundle.edit(|config| {
            drop_namespace(config, "cgroup");
            config["linux"]["namespaces"]
                .as_array_mut()
                .unwrap()
                .push(json!({"type": "cgroup"}));
        });
        let said = said(&bundle);
        assert!(
            said.lines().any(|line| line == "0::/"),
            "its group is the root of its cgroup namespace: {said}"
        );
        assert!(
            said.lines().any(|line| line == "1"),
            "it sees itself in the group mounted: {said}"
        );
    });
}

/// config-linux.md, "Cgroup ownership": a program that sees its own group, writable, may divide it.
#[test]
fn a_group_mounted_writable_is_the_containers_users_on_pure_v2() {
    on_pure_v2(|| {
        let script = "cd /sys/fs/cgroup; echo $$ > cgroup.procs; mkdir sub && echo $$ > sub/cgroup.procs && echo divided; \
            busybox stat -c '%n %u' . cgroup.procs cgroup.subtree_control cgroup.threads cgroup.max.depth";
        let bundle = Bundle::new("owner", script);
        chown(bundle.file("rootfs"), Some(100_000), Some(100_000)).unwrap();
        bundle.edit(|config| {
            drop_namespace(config, "cgroup");
            let namespaces = config["linux"]["namespaces"].as_array_mut().unwrap();
            namespaces.extend([json!({"type": "cgroup"}), json!({"type": "user"})]);
            let map = json!([{"containerID": 0, "hostID": 100_000, "size": 65536}]);
            config["linux"]["uidMappings"] = map.clone();
            config["linux"]["gidMappings"] = map;
            let mounts = config["mounts"].as_array_mut().unwrap();
            let cgroup = mounts.iter_mut().find(|mount| mount["type"] == "cgroup").unwrap();
            cgroup["options"] = json!(["nosuid", "noexec", "nodev", "rw"]);
        });
        let nobodys = "65534";
        assert_eq!(
            said(&bundle),
            format!(
                "divided\n. 0\ncgroup.procs 0\ncgroup.subtree_control 0\ncgroup.threads 0\ncgroup.max.depth {nobodys}"
            )
        );
        bundle.edit(|config| {
            let mounts = config["mounts"].as_array_mut().unwrap();
            let cgroup = mounts.iter_mut().find(|mount| mount["type"] == "cgroup").unwrap();
            cgroup["options"] = json!(["nosuid", "noexec", "nodev", "ro"]);
            config["process"]["args"] = json!(["busybox", "stat", "-c", "%u", "/sys/fs/cgroup"]);
        });
        assert_eq!(said(&bundle), nobodys);
    });
}

#[test]
fn a_frozen_group_is_refused_on_pure_v2() {
    on_pure_v2(|| {
        let bundle = Bundle::new("frozen-group", "true");
        let group = format!("/sys/fs/cgroup/{}", bundle.id());
        fs::create_dir(&group).unwrap();
        fs::write(format!("{group}/cgroup.freeze"), "1").unwrap();
        let error = bundle.refused(&["run"]);
        fs::remove_dir(&group).unwrap();
        assert!(
            error.contains("container's cgroup unexpectedly frozen"),
            "{error}"
        );
    });
}

const OPEN: &str =
    "for d in null kmsg; do if (exec 3</dev/$d) 2>/dev/null; then echo $d yes; else echo $d no; fi; done";

fn devices(config: &mut Value) {
    for set in ["bounding", "effective", "permitted"] {
        config["process"]["capabilities"][set]
            .as_array_mut()
            .unwrap()
            .push(json!("CAP_SYSLOG"));
    }
    config["linux"]["devices"] = json!([{"path": "/dev/kmsg", "type": "c", "major": 1, "minor": 11}]);
    config["linux"]["resources"] = json!({"devices": [{"allow": false, "access": "rwm"}]});
}

#[test]
fn a_device_outside_the_rules_cannot_be_opened() {
    let bundle = Bundle::new("devices", OPEN);
    bundle.edit(devices);
    assert_eq!(said(&bundle), "null yes\nkmsg no");
    bundle.edit(|config| {
        let rules = config["linux"]["resources"]["devices"].as_array_mut().unwrap();
        rules.push(json!({"allow": true, "type": "c", "major": 1, "minor": 11, "access": "r"}));
    });
    assert_eq!(said(&bundle), "null yes\nkmsg yes");
}

#[test]
fn a_device_outside_the_rules_cannot_be_opened_on_pure_v2() {
    on_pure_v2(|| {
        let bundle = Bundle::new("devices-v2", OPEN);
        bundle.edit(devices);
        assert_eq!(said(&bundle), "null yes\nkmsg no");
    });
}

#[test]
fn a_process_limit_of_one_lets_the_program_run_alone() {
    let bundle = Bundle::new("alone", "echo here; (true); echo forked");
    bundle.edit(|config| config["linux"]["resources"]["pids"] = json!({"limit": 1}));
    let output = bundle.call(&["run"]);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "here\n");
}

/// Processes that no pid namespace ends, some deep in groups of their own, all frozen if asked.
fn ends_with_all(name: &str, freeze: bool) {
    let bundle = Bundle::new(name, "sleep 1000 & sleep 1000 & exec sleep 1000");
    bundle.edit(|config| drop_namespace(config, "pid"));
    bundle.create();
    bundle.must(&["start"]);
    if freeze {
        let file = ["freezer/ID/freezer.state", "ID/cgroup.freeze"]
            .map(|file| Path::new("/sys/fs/cgroup").join(file.replace("ID", bundle.id())));
        let (state, value) = if file[0].exists() {
            (&file[0], "FROZEN")
        } else {
            (&file[1], "1")
        };
        fs::write(state, value).unwrap();
        assert_eq!(bundle.status(), "paused");
    }
    bundle.must(&["delete", "--force"]);
    assert_eq!(bundle.leftovers(), [""; 0]);
}

#[test]
fn deletion_ends_processes_that_share_the_hosts_pid_namespace() {
    ends_with_all("shared-pid", false);
    on_pure_v2(|| ends_with_all("shared-pid-v2", false));
}

#[test]
fn deletion_ends_frozen_processes() {
    ends_with_all("frozen", true);
    on_pure_v2(|| ends_with_all("frozen-v2", true));
}

#[test]
fn a_used_group_is_refused_and_its_processes_live_on() {
    let first = Bundle::new("first", "exec sleep 1000");
    first.create();
    let second = Bundle::new("second", "true");
    second.edit(|config| config["linux"]["cgroupsPath"] = json!(format!("/{}", first.id())));
    let error = second.refused(&["create"]);
    assert!(error.contains("container's cgroup is not empty"), "{error}");
    assert_eq!(first.status(), "created");
    second.must(&["delete", "--force"]);
    assert_eq!(first.status(), "created");
}

#[test]
fn a_create_that_fails_for_its_group_does_not_kill_who_made_it() {
    for _ in 0..10 {
        let bundles = ["one", "other"].map(|name| Bundle::new(name, "exec sleep 1000"));
        let shared = format!("/{}-shared", bundles[0].id());
        for bundle in &bundles {
            bundle.edit(|config| config["linux"]["cgroupsPath"] = json!(shared));
        }
        let creates = bundles.each_ref().map(|bundle| {
            bundle
                .command(&["create", bundle.id()])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap()
        });
        let succeeded = creates.map(|mut create| create.wait().unwrap().success());
        let winners: Vec<&Bundle> = bundles
            .iter()
            .zip(succeeded)
            .filter(|(_, won)| *won)
            .map(|(b, _)| b)
            .collect();
        // Both may succeed: a group that is there and empty is taken as one left by somebody.
        assert!(!winners.is_empty());
        assert!(winners.iter().all(|bundle| bundle.status() == "created"));
    }
}

/// A bundle for a user without privilege, with himself as the container's root.
fn rootless(name: &str, script: &str) -> Bundle {
    let bundle = Bundle::new(name, script);
    bundle.edit(|config| {
        drop_namespace(config, "network");
        config["linux"]["namespaces"]
            .as_array_mut()
            .unwrap()
            .push(json!({"type": "user"}));
        config["linux"]["uidMappings"] = json!([{"containerID": 0, "hostID": NOBODY, "size": 1}]);
        config["linux"]["gidMappings"] = json!([{"containerID": 0, "hostID": NOBODY, "size": 1}]);
        let mounts = config["mounts"].as_array_mut().unwrap();
        mounts.retain(|mount| mount["destination"] == "/proc");
    });
    given_to_nobody(bundle.path());
    bundle
}

fn given_to_nobody(path: &Path) {
    lchown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    if path.is_dir() && !path.is_symlink() {
        fs::read_dir(path)
            .unwrap()
            .for_each(|entry| given_to_nobody(&entry.unwrap().path()));
    }
}

/// Runs as that user, from a v2 group if given, with a copy of the program that he may reach.
fn run_as_nobody(bundle: &Bundle, group: Option<&Path>) -> (bool, String) {
    crate::bundle::copy_program(crate::bundle::RUNTIME, bundle.file("runtime"));
    let join = group
        .map(|group| format!("echo $$ > {}/cgroup.procs &&", group.display()))
        .unwrap_or_default();
    let user = format!("setpriv --reuid {NOBODY} --regid {NOBODY} --clear-groups");
    let output = std::process::Command::new("sh")
        .args([
            "-c",
            &format!("{join} exec {user} ./runtime --root state run {}", bundle.id()),
        ])
        .current_dir(bundle.path())
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(text).unwrap())
}

#[test]
fn without_permission_a_container_runs_in_the_callers_groups() {
    let bundle = rootless("rootless", "echo ran");
    let (success, text) = run_as_nobody(&bundle, None);
    assert!(success && text.contains("ran\n"), "{text}");
    assert!(text.contains("without a cgroup of its own"), "{text}");
    bundle.edit(|config| {
        config["linux"]["resources"]["hugepageLimits"] = json!([{"pageSize": "2MB", "limit": 0}]);
    });
    let (success, text) = run_as_nobody(&bundle, None);
    assert!(!success && text.contains("permission denied"), "{text}");
}

#[test]
fn a_delegated_group_serves_a_user_without_privilege_who_is_in_it() {
    on_pure_v2(|| {
        let bundle = rootless("delegated", "cat /proc/self/cgroup");
        let name = format!("{}-parent", bundle.id());
        let delegated = Path::new("/sys/fs/cgroup").join(&name);
        fs::create_dir_all(delegated.join("user")).unwrap();
        for file in ["", "cgroup.procs", "cgroup.subtree_control", "cgroup.threads"] {
            chown(delegated.join(file), Some(NOBODY), Some(NOBODY)).unwrap();
        }
        bundle.edit(|config| {
            drop_namespace(config, "cgroup");
            config["linux"]["cgroupsPath"] = json!(format!("/{name}/box"));
        });
        let inside = run_as_nobody(&bundle, Some(&delegated.join("user")));
        let outside = run_as_nobody(&bundle, None);
        fs::remove_dir(delegated.join("user")).unwrap();
        fs::remove_dir(&delegated).unwrap();
        assert!(
            inside.0 && inside.1.contains(&format!("0::/{name}/box\n")),
            "{}",
            inside.1
        );
        // Who is outside may make groups in it, but the kernel lets him put nobody there.
        assert!(
            !outside.0 && outside.1.contains("permission denied"),
            "{}",
            outside.1
        );
    });
}

fn drop_namespace(config: &mut Value, kind: &str) {
    config["linux"]["namespaces"]
        .as_array_mut()
        .unwrap()
        .retain(|namespace| namespace["type"] != kind);
}
