//! Device nodes and links.

use super::{add_mount, bundle, output, refusal};

use serde_json::json;
use std::fs;
use std::os::unix::fs::symlink;

#[test]
fn the_default_nodes_and_links_are_there() {
    let script = "cd /dev; for d in null zero full random urandom tty; do busybox stat -c '%n %t:%T %a' $d; done; \
        for l in fd stdin stdout stderr ptmx; do echo $l $(busybox readlink $l); done";
    let seen = output("nodes", script, |_| {});
    assert_eq!(
        seen,
        "null 1:3 666\nzero 1:5 666\nfull 1:7 666\nrandom 1:8 666\nurandom 1:9 666\ntty 5:0 666\n\
         fd /proc/self/fd\nstdin /proc/self/fd/0\nstdout /proc/self/fd/1\nstderr /proc/self/fd/2\nptmx pts/ptmx\n"
    );
}

#[test]
fn configured_nodes_have_their_mode_and_owner() {
    let script = "cd /dev; busybox stat -c '%F %t:%T %a %u:%g' fuse sub/pipe tty";
    let seen = output("own-nodes", script, |config| {
        config["linux"]["devices"] = json!([
            {"type": "c", "path": "/dev/fuse", "major": 10, "minor": 229, "fileMode": 0o622, "uid": 3, "gid": 4},
            {"type": "p", "path": "/dev/sub/pipe", "fileMode": 0o600},
            {"type": "c", "path": "/dev/tty/", "major": 5, "minor": 0, "fileMode": 0o640}]);
    });
    assert_eq!(
        seen,
        "character special file a:e5 622 3:4\nfifo 0:0 600 0:0\ncharacter special file 5:0 640 0:0\n"
    );
}

/// podman's pods have it so.
#[test]
fn a_read_only_dev_has_its_nodes_and_mounts() {
    let script = "cd /dev; test -c null && test -L stdout && test -d pts && echo x >/dev/null && echo there; \
        busybox touch new 2>&1; true";
    let seen = output("dev-ro", script, |config| {
        let mounts = config["mounts"].as_array_mut().unwrap();
        let dev = mounts
            .iter_mut()
            .find(|mount| mount["destination"] == "/dev")
            .unwrap();
        dev["options"].as_array_mut().unwrap().push(json!("ro"));
    });
    assert_eq!(seen, "there\ntouch: new: Read-only file system\n");
}

#[test]
fn a_bound_dev_is_left_alone() {
    let bundle = bundle("bound-dev", "echo /dev/*");
    fs::create_dir(bundle.file("mydev")).unwrap();
    fs::write(bundle.file("mydev/only"), "").unwrap();
    bundle.edit(|config| {
        config["mounts"] = json!([]);
        config["root"]["readonly"] = json!(false);
        add_mount(
            config,
            json!({"destination": "/dev", "type": "bind", "source": "mydev", "options": ["bind"]}),
        );
    });
    assert_eq!(bundle.must(&["run"]), "/dev/only\n");
}

#[test]
fn an_images_own_node_must_be_the_device() {
    let bundle = bundle("own-null", "true");
    fs::create_dir(bundle.file("rootfs/dev")).unwrap();
    fs::write(bundle.file("rootfs/dev/null"), "").unwrap();
    bundle.edit(|config| {
        let mounts = config["mounts"].as_array_mut().unwrap();
        mounts.retain(|mount| !mount["destination"].as_str().unwrap().starts_with("/dev"));
    });
    let error = bundle.refused(&["run"]);
    assert!(
        error.contains("/dev/null exists in the root file system, but is not that device"),
        "{error}"
    );
}

#[test]
fn a_dev_that_is_a_link_stays_inside() {
    let bundle = bundle("dev-link", "true");
    let outside = bundle.file("outside");
    fs::create_dir(&outside).unwrap();
    symlink(&outside, bundle.file("rootfs/dev")).unwrap();
    bundle.edit(|config| {
        config["root"]["readonly"] = json!(false);
        let mounts = config["mounts"].as_array_mut().unwrap();
        mounts.retain(|mount| !mount["destination"].as_str().unwrap().starts_with("/dev"));
    });
    bundle.must(&["run"]);
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
}

#[test]
fn a_terminal_needs_a_devpts() {
    let error = refusal("unknown-device", |config| {
        config["linux"]["devices"] = json!([{"type": "x", "path": "/dev/x", "major": 1, "minor": 1}]);
    });
    assert!(error.contains("linux.devices[0].type"), "{error}");
}
