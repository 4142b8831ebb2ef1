//! CVE-2019-19921, CVE-2023-27561, CVE-2023-28642: an image's /proc or /sys is a symbolic link, or a volume's
//! destination leads into /proc, so that what the runtime writes there goes elsewhere.
//! CVE-2025-52881: the same, to redirect the writing of sysctls.

use crate::bundle::Bundle;
use serde_json::json;
use std::fs;
use std::os::unix::fs::symlink;

fn add_mount(bundle: &Bundle, mount: serde_json::Value) {
    bundle.edit(|config| config["mounts"].as_array_mut().unwrap().push(mount));
}

fn refusal(bundle: &Bundle) -> String {
    let output = bundle.call(&["run"]);
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

fn volume(destination: &str) -> serde_json::Value {
    json!({"destination": destination, "type": "tmpfs", "source": "tmpfs"})
}

#[test]
fn proc_and_sys_must_be_ordinary_directories() {
    for name in ["proc", "sys"] {
        let bundle = Bundle::new(&format!("19921-{name}"), "true");
        fs::create_dir(bundle.file("rootfs/elsewhere")).unwrap();
        _ = fs::remove_dir(bundle.file("rootfs").join(name));
        symlink("/elsewhere", bundle.file("rootfs").join(name)).unwrap();
        let error = refusal(&bundle);
        assert!(error.contains("must be mounted on ordinary directory"), "{error}");
    }
}

#[test]
fn nothing_is_mounted_inside_proc() {
    for destination in [
        "/proc/sys",
        "/proc/self/attr",
        "/proc/./sys",
        "//proc//sys",
        "/dev/../proc/sys",
        "proc/sys",
    ] {
        let bundle = Bundle::new("52881", "true");
        add_mount(&bundle, volume(destination));
        let error = refusal(&bundle);
        assert!(error.contains("inside /proc"), "{destination}: {error}");
    }
}

#[test]
fn nothing_is_mounted_inside_proc_by_way_of_the_image() {
    for target in ["/proc/sys", "../proc/self/attr", "/proc/self/fd", "/proc/1/attr"] {
        let bundle = Bundle::new("52881-link", "true");
        symlink(target, bundle.file("rootfs/volume")).unwrap();
        add_mount(&bundle, volume("/volume"));
        let error = refusal(&bundle);
        assert!(error.contains("inside /proc"), "{target}: {error}");
    }
}

#[test]
fn nothing_is_bound_inside_proc() {
    for (source, destination) in [("/tmp", "/proc/sys"), ("/dev/null", "/proc/version")] {
        let bundle = Bundle::new("52881-bind", "true");
        add_mount(
            &bundle,
            json!({"destination": destination, "source": source, "options": ["rbind"]}),
        );
        let error = refusal(&bundle);
        assert!(error.contains("inside /proc"), "{destination}: {error}");
    }
}

/// What lxcfs shows is for single files of /proc; and they are still allowed.
#[test]
fn a_file_of_proc_may_show_the_containers_own_figures() {
    let bundle = Bundle::new("52881-lxcfs", "cat /proc/uptime");
    fs::write(bundle.file("uptime"), "42.00 42.00\n").unwrap();
    let source = bundle.file("uptime");
    add_mount(
        &bundle,
        json!({"destination": "/proc/uptime", "source": source, "options": ["bind"]}),
    );
    assert_eq!(bundle.must(&["run"]), "42.00 42.00\n");
}
