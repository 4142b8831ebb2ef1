//! Mounts of every type and option.

use super::{add_mount, bundle, output, refusal, set_namespace};

use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

/// The options of the mount at a path, as /proc/self/mountinfo has them: the mount's own, sorted.
const OPTIONS: &str = r#"o() { while read -r _ _ _ _ at options rest; do
    [ "$at" = "$1" ] && echo "$options ${rest%% -*}"; done < /proc/self/mountinfo; true; }; "#;

fn bind(source: &str, to: &str, options: &[&str]) -> Value {
    json!({"destination": to, "type": "bind", "source": source, "options": options})
}

fn writable(config: &mut Value) {
    config["root"]["readonly"] = json!(false);
}

#[test]
fn the_default_mounts_are_there() {
    let seen = output(
        "default-mounts",
        "while read -r _ _ _ _ at _; do echo $at; done < /proc/self/mountinfo",
        |_| {},
    );
    for at in [
        "/",
        "/proc",
        "/dev",
        "/dev/pts",
        "/dev/shm",
        "/dev/mqueue",
        "/sys",
        "/sys/fs/cgroup",
    ] {
        assert!(
            seen.lines().any(|line| line == at),
            "{at} is not mounted:\n{seen}"
        );
    }
}

#[test]
fn nothing_of_the_host_stays_mounted() {
    let seen = output("no-host-mounts", "cat /proc/self/mountinfo", |_| {});
    let own = std::env::temp_dir();
    let outside = seen
        .lines()
        .filter(|line| line.split(' ').nth(4).unwrap().starts_with(own.to_str().unwrap()));
    assert_eq!(outside.count(), 0, "{seen}");
}

#[test]
fn bind_mounts_follow_their_options() {
    let bundle = bundle(
        "bind",
        &format!("{OPTIONS} cat /a/f; o /a; o /b; o /c; echo x > /b/g; echo no > /a/g"),
    );
    fs::create_dir(bundle.file("source")).unwrap();
    fs::write(bundle.file("source/f"), "content\n").unwrap();
    bundle.edit(|config| {
        writable(config);
        add_mount(config, bind("source", "/a", &["bind", "ro"]));
        add_mount(
            config,
            bind("source", "/b", &["rbind", "nosuid", "noexec", "noatime"]),
        );
        add_mount(config, bind("source", "/c", &["rbind", "rshared"]));
    });
    let output = bundle.call(&["run"]);
    let seen = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = seen.lines().collect();
    assert_eq!(lines[0], "content");
    assert!(lines[1].starts_with("ro,relatime"), "{seen}");
    assert!(lines[2].starts_with("rw,nosuid,noexec,noatime"), "{seen}");
    assert!(lines[3].contains("shared:"), "{seen}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("Read-only file system"));
    assert_eq!(fs::read_to_string(bundle.file("source/g")).unwrap(), "x\n");
}

#[test]
fn a_file_is_bound_over_a_missing_file() {
    let bundle = bundle("bind-file", "cat /etc/deep/name");
    fs::write(bundle.file("file"), "yes\n").unwrap();
    bundle.edit(|config| {
        writable(config);
        add_mount(config, bind("file", "/etc/deep/name", &["bind"]));
    });
    assert_eq!(bundle.must(&["run"]), "yes\n");
    assert!(bundle.file("rootfs/etc/deep/name").is_file());
}

#[test]
fn a_file_over_a_directory_is_refused_with_both_names() {
    let bundle = bundle("bind-kinds", "true");
    fs::write(bundle.file("file"), "").unwrap();
    fs::create_dir(bundle.file("rootfs/place")).unwrap();
    bundle.edit(|config| add_mount(config, bind("file", "/place", &["bind"])));
    let output = bundle.call(&["run"]);
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(
        errors.contains("is a file, but /place in the root file system is a directory"),
        "{errors}"
    );
}

#[test]
fn a_missing_source_is_named() {
    let error = refusal("bind-missing", |config| {
        add_mount(config, bind("/no/such/source", "/a", &["bind"]));
    });
    assert!(error.contains("bind /no/such/source at /a"), "{error}");
    assert!(error.contains("no such file or directory"), "{error}");
}

#[test]
fn recursive_options_reach_the_mounts_below() {
    let script = format!("{OPTIONS} o /a; o /a/sub; o /b; o /b/sub");
    let bundle = bundle("recursive", &script);
    bundle.edit(|config| {
        writable(config);
        // The source is what an earlier mount of the same list made: inside, a tree with a mount below.
        add_mount(config, json!({"destination": "/a", "type": "tmpfs", "source": "t", "options": ["rro"]}));
        add_mount(config, json!({"destination": "/b", "type": "bind", "source": "/proc", "options": ["rbind", "rro", "rnosuid"]}));
    });
    let seen = bundle.must(&["run"]);
    assert!(seen.lines().next().unwrap().starts_with("ro,"), "{seen}");
    assert!(seen.lines().nth(1).unwrap().starts_with("ro,nosuid"), "{seen}");
}

#[test]
fn tmpfs_takes_the_mode_of_what_it_covers() {
    let script = "stat() { busybox stat -c %a $1; }; stat /kept; stat /made; stat /asked";
    let bundle = bundle("tmpfs-mode", script);
    fs::create_dir(bundle.file("rootfs/kept")).unwrap();
    fs::set_permissions(bundle.file("rootfs/kept"), fs::Permissions::from_mode(0o1751)).unwrap();
    bundle.edit(|config| {
        writable(config);
        for (at, options) in [
            ("/kept", json!([])),
            ("/made", json!([])),
            ("/asked", json!(["mode=711"])),
        ] {
            add_mount(
                config,
                json!({"destination": at, "type": "tmpfs", "source": "tmpfs", "options": options}),
            );
        }
    });
    assert_eq!(bundle.must(&["run"]), "1751\n1777\n711\n");
}

#[test]
fn tmpcopyup_brings_the_content_along() {
    let bundle = bundle(
        "copyup",
        "cd /data; cat d/f; busybox stat -c '%a %u' d/f; busybox readlink l; echo more > d/f",
    );
    fs::create_dir_all(bundle.file("rootfs/data/d")).unwrap();
    fs::write(bundle.file("rootfs/data/d/f"), "kept\n").unwrap();
    fs::set_permissions(bundle.file("rootfs/data/d/f"), fs::Permissions::from_mode(0o4640)).unwrap();
    std::os::unix::fs::chown(bundle.file("rootfs/data/d/f"), Some(7), Some(8)).unwrap();
    fs::set_permissions(bundle.file("rootfs/data/d/f"), fs::Permissions::from_mode(0o4640)).unwrap();
    symlink("/nowhere", bundle.file("rootfs/data/l")).unwrap();
    bundle.edit(|config| {
        config["process"]["capabilities"]["effective"] = json!(["CAP_DAC_OVERRIDE"]);
        config["process"]["capabilities"]["permitted"] = json!(["CAP_DAC_OVERRIDE"]);
        config["process"]["capabilities"]["bounding"] = json!(["CAP_DAC_OVERRIDE"]);
        add_mount(
            config,
            json!({"destination": "/data", "type": "tmpfs", "source": "tmpfs", "options": ["tmpcopyup"]}),
        );
    });
    assert_eq!(bundle.must(&["run"]), "kept\n4640 7\n/nowhere\n");
    assert_eq!(
        fs::read_to_string(bundle.file("rootfs/data/d/f")).unwrap(),
        "kept\n"
    );
}

#[test]
fn destinations_are_made_inside_whatever_links_say() {
    let bundle = bundle("links", "cat /abs/new/f; cat /real/new/f; cat /outside/f");
    fs::create_dir(bundle.file("source")).unwrap();
    fs::write(bundle.file("source/f"), "in\n").unwrap();
    symlink("/real", bundle.file("rootfs/abs")).unwrap();
    symlink("../../../../outside", bundle.file("rootfs/dangling")).unwrap();
    bundle.edit(|config| {
        writable(config);
        add_mount(config, bind("source", "/abs/new", &["bind"]));
        add_mount(config, bind("source", "/dangling", &["bind"]));
    });
    assert_eq!(bundle.must(&["run"]), "in\nin\nin\n");
    assert!(bundle.file("rootfs/real/new").is_dir() && bundle.file("rootfs/outside").is_dir());
}

/// A directory for each of the machine's hierarchies, in which the container's own group is the top.
#[test]
fn the_containers_groups_are_mounted_with_a_cgroup_namespace_and_without() {
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    let points = mounts
        .lines()
        .filter(|line| line.contains(" - cgroup"))
        .filter_map(|line| line.split(' ').nth(4)?.strip_prefix("/sys/fs/cgroup"));
    let places: Vec<String> = points.map(|point| format!(".{point}")).collect();
    let script = format!(
        "cd /sys/fs/cgroup; for d in {}; do busybox grep -qx 1 $d/cgroup.procs && echo $d; done; \
         busybox mkdir $d/below 2>&1; true",
        places.join(" ")
    );
    for own in [true, false] {
        let seen = output("cgroup-mounts", &script, |config| {
            let namespaces = config["linux"]["namespaces"].as_array_mut().unwrap();
            namespaces.retain(|namespace| namespace["type"] != "cgroup");
            if own {
                set_namespace(config, json!({"type": "cgroup"}));
            }
        });
        let lines: Vec<&str> = seen.lines().collect();
        let (refusal, seen) = lines.split_last().unwrap();
        assert_eq!(seen, places, "{own}");
        assert!(refusal.contains("Read-only file system"), "{own}: {refusal}");
    }
}

/// The source is looked up when it is mounted: what an earlier entry mounted is there.
#[test]
fn a_source_may_be_what_an_earlier_mount_made() {
    let bundle = bundle("mount-order", "echo seen > /a/f; cat /b/f");
    fs::create_dir(bundle.file("rootfs/a")).unwrap();
    bundle.edit(|config| {
        writable(config);
        add_mount(
            config,
            json!({"destination": "/a", "type": "tmpfs", "source": "tmpfs"}),
        );
        add_mount(config, bind("rootfs/a", "/b", &["bind"]));
    });
    assert_eq!(bundle.must(&["run"]), "seen\n");
}

/// mkdir(2) hands the bit on, so that the mode is not quite what was asked for.
#[test]
fn directories_are_made_in_a_setgid_root() {
    let bundle = bundle("setgid", "busybox stat -c %a /new /new/deep");
    fs::set_permissions(bundle.file("rootfs"), fs::Permissions::from_mode(0o2755)).unwrap();
    fs::create_dir(bundle.file("source")).unwrap();
    bundle.edit(|config| {
        writable(config);
        add_mount(config, bind("source", "/new/deep/place", &["bind"]));
    });
    let seen = bundle.must(&["run"]);
    assert_eq!(seen, "2755\n2755\n");
}

#[test]
fn an_unknown_option_is_refused_in_the_kernels_words() {
    let error = refusal("bad-option", |config| {
        add_mount(
            config,
            json!({"destination": "/t", "type": "tmpfs", "source": "tmpfs", "options": ["colour=red"]}),
        );
        writable(config);
    });
    assert!(
        error.contains("mount tmpfs at /t colour=red: fsconfig(colour=red): invalid argument"),
        "{error}"
    );
}

#[test]
fn an_unknown_file_system_is_refused_by_name() {
    let error = refusal("bad-type", |config| {
        add_mount(
            config,
            json!({"destination": "/t", "type": "nosuchfs", "source": "x"}),
        );
    });
    assert!(error.contains("fsopen(\"nosuchfs\"): no such device"), "{error}");
}

#[test]
fn a_mount_inside_proc_is_refused() {
    let error = refusal("inside-proc", |config| {
        add_mount(
            config,
            json!({"destination": "/proc/sys", "type": "tmpfs", "source": "tmpfs"}),
        );
    });
    assert!(
        error.contains("cannot be mounted because it is inside /proc"),
        "{error}"
    );
}

#[test]
fn every_rootfs_propagation_is_taken() {
    for word in [
        "private",
        "rprivate",
        "shared",
        "rshared",
        "slave",
        "rslave",
        "unbindable",
        "runbindable",
    ] {
        let seen = output("propagation", &format!("{OPTIONS} o /"), |config| {
            config["linux"]["rootfsPropagation"] = json!(word);
        });
        assert_eq!(
            seen.contains("shared:"),
            word.ends_with("shared"),
            "{word}: {seen}"
        );
        assert_eq!(
            seen.contains("unbindable"),
            word.ends_with("unbindable"),
            "{word}: {seen}"
        );
    }
}

#[test]
fn the_root_is_read_only_or_not() {
    let script = "echo x > /f && echo written";
    assert_eq!(output("root-rw", script, writable), "written\n");
    let bundle = bundle("root-ro", script);
    let output = bundle.call(&["run"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("Read-only file system"));
}

#[test]
fn masked_and_read_only_paths() {
    let bundle = bundle(
        "masked",
        "cat /secret; busybox ls /hidden; echo end; echo x > /locked/f",
    );
    fs::write(bundle.file("rootfs/secret"), "secret").unwrap();
    fs::create_dir(bundle.file("rootfs/hidden")).unwrap();
    fs::write(bundle.file("rootfs/hidden/f"), "").unwrap();
    fs::create_dir(bundle.file("rootfs/locked")).unwrap();
    bundle.edit(|config| {
        writable(config);
        config["linux"]["maskedPaths"] = json!(["/secret", "/hidden", "/absent"]);
        config["linux"]["readonlyPaths"] = json!(["/locked", "/absent"]);
    });
    let output = bundle.call(&["run"]);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "end\n");
    assert!(String::from_utf8_lossy(&output.stderr).contains("Read-only file system"));
}

#[test]
fn devices_are_masked_too_also_in_a_read_only_root() {
    let script = "busybox wc -c < /dev/zero; echo x > /hidden/f; busybox stat -c %t:%T /dev/zero";
    let bundle = bundle("masked-device", script);
    fs::create_dir(bundle.file("rootfs/hidden")).unwrap();
    bundle.edit(|config| {
        config["linux"]["maskedPaths"] = json!(["/dev/zero", "/hidden"]);
    });
    let output = bundle.call(&["run"]);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "0\n1:3\n");
    assert!(String::from_utf8_lossy(&output.stderr).contains("Read-only file system"));
}

#[test]
fn without_pivot_the_root_is_the_same() {
    let bundle = bundle(
        "no-pivot",
        "echo /*; cat /proc/self/mountinfo | while read -r _ _ _ _ at _; do echo $at; done",
    );
    let seen = bundle.must(&["run", "--no-pivot"]);
    assert!(seen.starts_with("/bin /dev /proc /sys\n"), "{seen}");
}

#[test]
fn a_bundle_behind_a_link_and_a_root_named_dot_work() {
    let bundle = bundle("dot-root", "echo fine");
    symlink(bundle.file("rootfs"), bundle.file("link")).unwrap();
    bundle.edit(|config| config["root"]["path"] = json!("link/."));
    assert_eq!(bundle.must(&["run"]), "fine\n");
}
