//! Which namespaces the process is in: the container's, of every kind and however they came to be.

use super::{detached, outcome, refused, running, says};
use crate::bundle::{Bundle, RUNTIME};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::chown;
use std::process::{Command, Stdio};

const KINDS: [&str; 8] = ["user", "mnt", "pid", "net", "ipc", "uts", "cgroup", "time"];

fn add_namespace(config: &mut Value, kind: &str) {
    let namespaces = config["linux"]["namespaces"].as_array_mut().unwrap();
    namespaces.push(json!({"type": kind}));
}

fn user_namespace(config: &mut Value) {
    add_namespace(config, "user");
    let map = json!([{"containerID": 0, "hostID": 100_000, "size": 1000}, {"containerID": 1000, "hostID": 200_000, "size": 5}]);
    config["linux"]["uidMappings"] = map.clone();
    config["linux"]["gidMappings"] = map;
}

/// Of a detached process, compared with init.
fn shares_all(bundle: &Bundle) {
    detached(bundle, &["--pid-file", "pid"], &["sleep", "1000"]);
    let pid = fs::read_to_string(bundle.file("pid")).unwrap();
    let init = bundle.state()["pid"].to_string();
    for kind in KINDS {
        let link = |pid: &str| fs::read_link(format!("/proc/{pid}/ns/{kind}")).unwrap();
        assert_eq!(link(&pid), link(&init), "{kind}");
    }
    let root = |pid: &str| {
        use std::os::unix::fs::MetadataExt;
        let root = fs::metadata(format!("/proc/{pid}/root/.")).unwrap();
        (root.dev(), root.ino())
    };
    assert_eq!(root(&pid), root(&init));
}

#[test]
fn every_kind_is_shared() {
    let bundle = running("ns-all", |config| {
        user_namespace(config);
        add_namespace(config, "cgroup");
        add_namespace(config, "time");
    });
    shares_all(&bundle);
    assert_eq!(
        says(&bundle, &["--user", "1000:1000"], "id"),
        "uid=1000 gid=1000\n"
    );
    assert_eq!(
        says(&bundle, &[], "id -u; cat /proc/self/uid_map | busybox wc -l"),
        "0\n2\n"
    );
    let message = refused(&bundle, &["--user", "2000"], &["true"]);
    assert!(message.starts_with("become user 2000: "), "{message}");
}

/// Limits above the runtime's reach inside are set from outside.
#[test]
fn limits_hold_in_a_user_namespace() {
    let bundle = running("ns-limits", |config| {
        user_namespace(config);
        config["process"]["rlimits"] = json!([{"type": "RLIMIT_NOFILE", "soft": 123, "hard": 456}]);
        config["process"]["oomScoreAdj"] = json!(17);
    });
    let script = "ulimit -Sn; ulimit -Hn; cat /proc/self/oom_score_adj";
    assert_eq!(says(&bundle, &[], script), "123\n456\n17\n");
}

#[test]
fn a_container_without_a_pid_namespace_of_its_own() {
    let bundle = running("ns-hostpid", |config| {
        let namespaces = config["linux"]["namespaces"].as_array_mut().unwrap();
        namespaces.retain(|namespace| namespace["type"] != "pid");
    });
    shares_all(&bundle);
}

#[test]
fn without_a_mount_namespace_the_root_is_inits() {
    let bundle = running("ns-chroot", |config| {
        let config = config.as_object_mut().unwrap();
        config.remove("hostname");
        config["mounts"] = json!([]);
        config["root"]["readonly"] = json!(false);
        config["linux"] =
            json!({"namespaces": [{"type": "pid"}], "cgroupsPath": config["linux"]["cgroupsPath"]});
    });
    shares_all(&bundle);
    assert_eq!(says(&bundle, &[], "echo /*"), "/bin /dev /proc /sys\n");
}

#[test]
fn a_container_made_with_no_pivot() {
    let bundle = Bundle::new("ns-nopivot", "exec sleep 1000");
    bundle.edit(|config| config["process"]["capabilities"]["ambient"] = json!([]));
    let mut create = bundle.command(&["create", "--no-pivot", bundle.id()]);
    assert!(create.stdout(Stdio::null()).status().unwrap().success());
    bundle.must(&["start"]);
    shares_all(&bundle);
    assert_eq!(says(&bundle, &[], "echo /*"), "/bin /dev /proc /sys\n");
}

#[test]
fn a_working_directory_outside_is_refused() {
    let bundle = running("ns-cwd", |_| {});
    let script = format!(
        "exec 7</ && exec {RUNTIME} --root {} exec --cwd \"$0\" {} pwd",
        bundle.file("state").display(),
        bundle.id()
    );
    for fd in 0..12 {
        let mut leaking = Command::new("/bin/sh");
        leaking.args(["-c", &script, &format!("/proc/self/fd/{fd}")]);
        let output = leaking.stdin(Stdio::null()).output().unwrap();
        assert_eq!(output.status.code(), Some(255), "{fd}: {output:?}");
    }
}

/// Through a symbolic link of the image's /etc/passwd no file of the machine is read.
#[test]
fn the_image_s_passwd_leads_nowhere_else() {
    let bundle = running("ns-passwd", |config| {
        config["process"]["env"] = json!(["PATH=/bin"]);
    });
    let outside = bundle.file("passwd");
    fs::write(&outside, "a:x:0:0::/outside:/bin/sh\n").unwrap();
    fs::create_dir(bundle.file("rootfs/etc")).unwrap();
    std::os::unix::fs::symlink(&outside, bundle.file("rootfs/etc/passwd")).unwrap();
    assert_eq!(says(&bundle, &[], "echo $HOME"), "/\n");
}

const USER: u32 = 1000;

/// A runtime without any privilege has to be in the user namespace before it may enter the others.
#[test]
fn a_user_without_privileges_execs_into_the_rootless_container() {
    let bundle = Bundle::new("ns-rootless", "");
    crate::bundle::copy_program(RUNTIME, bundle.file("runtime"));
    fs::remove_file(bundle.file("config.json")).unwrap();
    for path in [bundle.path().to_owned(), bundle.file("rootfs")] {
        chown(path, Some(USER), Some(USER)).unwrap();
    }
    let as_user = |args: &[&str]| {
        let mut command = Command::new("setpriv");
        command.args(["--reuid", "1000", "--regid", "1000", "--clear-groups"]);
        command.arg(bundle.file("runtime")).arg("--root");
        command.arg(bundle.file("userstate")).args(args);
        command
            .current_dir(bundle.path())
            .stdin(Stdio::null())
            .stderr(Stdio::inherit());
        command
    };
    assert!(as_user(&["spec", "--rootless"]).status().unwrap().success());
    bundle.edit(|config| {
        config["process"]["terminal"] = json!(false);
        config["process"]["args"] = json!(["/bin/busybox", "sleep", "1000"]);
        config["process"]["capabilities"]["ambient"] = json!([]);
    });
    let id = format!("{}-user", bundle.id());
    let mut run = as_user(&["run", "--detach", &id]);
    assert!(
        run.stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap()
            .success()
    );
    let output = as_user(&["exec", &id, "sh", "-c", "id -u; exit 7"])
        .output()
        .unwrap();
    assert_eq!((output.status.code(), &output.stdout[..]), (Some(7), &b"0\n"[..]));
    let missing = as_user(&["exec", &id, "/nope"]).output().unwrap();
    assert_eq!(missing.status.code(), Some(255));
    assert!(as_user(&["delete", "--force", &id]).status().unwrap().success());
    assert_eq!(outcome(&bundle, &[], &["true"]).status.code(), Some(255));
}
