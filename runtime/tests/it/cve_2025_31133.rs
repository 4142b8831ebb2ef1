//! CVE-2025-31133: masks are made of the image's /dev/null, which is a link to something else.
//! CVE-2025-52565: the same with /dev/console. CVE-2026-41579: /dev itself is a link.

use crate::bundle::Bundle;
use crate::race;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::symlink;

/// Without a file system of its own at /dev, so that the image's is used.
fn with_the_images_dev(config: &mut Value) {
    let mounts = config["mounts"].as_array_mut().unwrap();
    mounts.retain(|mount| !mount["destination"].as_str().unwrap().starts_with("/dev"));
}

#[test]
fn an_images_null_device_is_not_used_for_masks() {
    let bundle = Bundle::new("31133", "cat /secret; echo overwritten >/secret");
    fs::create_dir_all(bundle.file("rootfs/dev")).unwrap();
    symlink("/proc/sys/kernel/core_pattern", bundle.file("rootfs/dev/null")).unwrap();
    fs::write(bundle.file("rootfs/secret"), "secret\n").unwrap();
    bundle.edit(|config| {
        with_the_images_dev(config);
        config["linux"]["maskedPaths"] = json!(["/secret"]);
    });
    let before = fs::read("/proc/sys/kernel/core_pattern").unwrap();
    // A node that is none is refused; if it were not, the mask would have to hold all the same.
    let output = bundle.call(&["run"]);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
    assert!(!output.status.success());
    assert_eq!(fs::read("/proc/sys/kernel/core_pattern").unwrap(), before);
    assert_eq!(fs::read(bundle.file("rootfs/secret")).unwrap(), b"secret\n");
}

#[test]
fn a_mask_is_the_machines_null_device() {
    let bundle = Bundle::new("31133-mask", "stat -c %t:%T /secret /proc/keys; ls /hidden");
    symlink("busybox", bundle.file("rootfs/bin/stat")).unwrap();
    symlink("busybox", bundle.file("rootfs/bin/ls")).unwrap();
    fs::write(bundle.file("rootfs/secret"), "secret\n").unwrap();
    fs::create_dir(bundle.file("rootfs/hidden")).unwrap();
    fs::write(bundle.file("rootfs/hidden/file"), "").unwrap();
    bundle.edit(|config| {
        config["linux"]["maskedPaths"] = json!(["/secret", "/proc/keys", "/hidden", "/absent"]);
    });
    assert_eq!(bundle.must(&["run"]), "1:3\n1:3\n");
}

#[test]
fn a_console_that_is_a_link_does_not_cover_its_target() {
    let bundle = Bundle::new("52565", "cat /target");
    fs::create_dir_all(bundle.file("rootfs/dev/pts")).unwrap();
    fs::write(bundle.file("rootfs/target"), "target\n").unwrap();
    symlink("../target", bundle.file("rootfs/dev/console")).unwrap();
    let socket = std::os::unix::net::UnixListener::bind(bundle.file("console.sock")).unwrap();
    bundle.edit(|config| {
        with_the_images_dev(config);
        let devpts = json!({"destination": "/dev/pts", "type": "devpts", "source": "devpts", "options": ["newinstance", "ptmxmode=0666"]});
        config["mounts"].as_array_mut().unwrap().push(devpts);
        config["process"]["terminal"] = json!(true);
    });
    let path = bundle.file("console.sock");
    let output = bundle.call(&["create", "--console-socket", path.to_str().unwrap()]);
    if output.status.success() {
        let pid = bundle.state()["pid"].to_string();
        let target = fs::metadata(format!("/proc/{pid}/root/target")).unwrap();
        assert!(target.is_file(), "the terminal covers the link's target");
    }
    assert_eq!(fs::read(bundle.file("rootfs/target")).unwrap(), b"target\n");
    drop(socket);
}

#[test]
fn a_linked_dev_directory_leads_into_the_image() {
    let outside = tempfile::tempdir().unwrap();
    let up = std::path::Path::new("../../../../../..").join(outside.path().strip_prefix("/").unwrap());
    for target in [outside.path().to_owned(), up] {
        for own in [true, false] {
            let bundle = Bundle::new("41579", "true");
            symlink(&target, bundle.file("rootfs/dev")).unwrap();
            if !own {
                bundle.edit(with_the_images_dev);
            }
            bundle.call(&["run"]);
            assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0, "made outside");
        }
    }
}

/// The image's null device comes and goes while masks are made of it, as the attack had it.
#[test]
fn a_swapped_null_device_unmasks_nothing() {
    let bundle = Bundle::new("31133-race", "cat /secret; echo overwritten >/secret");
    let (null, link) = (bundle.file("rootfs/dev/null"), bundle.file("rootfs/dev/link"));
    fs::create_dir_all(bundle.file("rootfs/dev")).unwrap();
    fs::write(bundle.file("target"), "").unwrap();
    let node = nix::sys::stat::mknod(
        &null,
        nix::sys::stat::SFlag::S_IFCHR,
        nix::sys::stat::Mode::from_bits_truncate(0o666),
        nix::sys::stat::makedev(1, 3),
    );
    node.unwrap();
    symlink("/secret", &link).unwrap();
    fs::write(bundle.file("rootfs/secret"), "secret\n").unwrap();
    bundle.edit(|config| {
        with_the_images_dev(config);
        config["linux"]["maskedPaths"] = json!(["/secret"]);
    });
    race::against(&null, &link, 30, || {
        let output = bundle.call(&["run"]);
        assert_eq!(String::from_utf8_lossy(&output.stdout), "");
        assert_eq!(fs::read(bundle.file("rootfs/secret")).unwrap(), b"secret\n");
    });
}

/// The console's place is exchanged with a link while the terminal is mounted there.
#[test]
fn a_swapped_console_covers_nothing_else() {
    let bundle = Bundle::new("52565-race", "cat /target; exit 0");
    fs::create_dir_all(bundle.file("rootfs/dev/pts")).unwrap();
    fs::write(bundle.file("rootfs/target"), "target\n").unwrap();
    let (console, link) = (bundle.file("rootfs/dev/console"), bundle.file("rootfs/dev/link"));
    fs::write(&console, "").unwrap();
    symlink("../target", &link).unwrap();
    let path = bundle.file("console.sock");
    let _socket = std::os::unix::net::UnixListener::bind(&path).unwrap();
    bundle.edit(|config| {
        with_the_images_dev(config);
        let devpts = json!({"destination": "/dev/pts", "type": "devpts", "source": "devpts", "options": ["newinstance", "ptmxmode=0666"]});
        config["mounts"].as_array_mut().unwrap().push(devpts);
        config["process"]["terminal"] = json!(true);
    });
    race::against(&console, &link, 30, || {
        let mut create = bundle.command(&["create", "--console-socket", path.to_str().unwrap(), bundle.id()]);
        let status = create
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .status();
        if status.unwrap().success() {
            let mounts = fs::read_to_string(format!("/proc/{}/mountinfo", bundle.state()["pid"])).unwrap();
            assert!(
                !mounts
                    .lines()
                    .any(|line| line.split(' ').nth(4) == Some("/target")),
                "{mounts}"
            );
        }
        bundle.must(&["delete", "--force"]);
    });
    assert_eq!(fs::read(bundle.file("rootfs/target")).unwrap(), b"target\n");
}

#[test]
fn a_swapped_dev_directory_leads_into_the_image() {
    let outside = tempfile::tempdir().unwrap();
    let bundle = Bundle::new("41579-race", "true");
    let (dev, link) = (bundle.file("rootfs/dev"), bundle.file("rootfs/link"));
    fs::create_dir(&dev).unwrap();
    symlink(outside.path(), &link).unwrap();
    bundle.edit(with_the_images_dev);
    race::against(&dev, &link, 30, || {
        bundle.call(&["run"]);
        assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0, "made outside");
    });
}

/// The container's /proc is moved away before its files are masked.
#[test]
fn a_swapped_proc_is_masked_where_it_is() {
    let bundle = Bundle::new("31133-proc", "true");
    let (proc, other) = (bundle.file("rootfs/proc"), bundle.file("rootfs/other"));
    fs::create_dir(&proc).unwrap();
    fs::create_dir(&other).unwrap();
    bundle.edit(|config| {
        config["linux"]["maskedPaths"] = json!(["/proc/version", "/proc/keys"]);
        config["linux"]["readonlyPaths"] = json!(["/proc/irq"]);
    });
    let mut created = 0;
    race::against(&proc, &other, 40, || {
        let mut create = bundle.command(&["create", bundle.id()]);
        let status = create
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .status();
        if status.unwrap().success() {
            created += 1;
            let mounts = fs::read_to_string(format!("/proc/{}/mountinfo", bundle.state()["pid"])).unwrap();
            let at = |line: &str| {
                line.split(' ')
                    .nth(4)
                    .unwrap()
                    .rsplit('/')
                    .next()
                    .unwrap()
                    .to_owned()
            };
            let names: Vec<String> = mounts.lines().map(at).collect();
            for name in ["version", "keys", "irq"] {
                assert!(names.iter().any(|found| found == name), "{name}: {mounts}");
            }
        }
        bundle.must(&["delete", "--force"]);
    });
    assert!(created > 0);
}
