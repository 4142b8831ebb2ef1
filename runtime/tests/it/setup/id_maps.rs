//! Mounts whose ids are mapped: who owns the files inside, and whom new files belong to outside.

use super::{add_mount, bundle, output, refusal, set_namespace};
use crate::bundle::Bundle;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::{MetadataExt, chown, symlink};

const STAT: &str = "busybox stat -c %u:%g";

fn map(first: u32, on_host: u32, size: u32) -> Value {
    json!({"containerID": first, "hostID": on_host, "size": size})
}

/// A directory with a file of 1:2, beside the bundle's root; tmpfs and ext4 can be mapped, all of overlayfs cannot.
fn with_volume(name: &str, script: &str) -> Bundle {
    let bundle = bundle(name, script);
    fs::create_dir(bundle.file("volume")).unwrap();
    fs::write(bundle.file("volume/f"), "content\n").unwrap();
    chown(bundle.file("volume/f"), Some(1), Some(2)).unwrap();
    bundle.edit(|config| config["root"]["readonly"] = json!(false));
    bundle
}

fn volume(option: &str, uids: &Value, gids: &Value) -> Value {
    json!({"destination": "/volume", "type": "bind", "source": "volume", "options": ["rbind", option],
        "uidMappings": uids, "gidMappings": gids})
}

fn owner(bundle: &Bundle, name: &str) -> (u32, u32) {
    let found = fs::metadata(bundle.file(name)).unwrap();
    (found.uid(), found.gid())
}

#[test]
fn a_mount_has_its_own_mapping() {
    let script = format!("{STAT} /volume/f; echo new > /volume/g; {STAT} /volume/g");
    for option in ["idmap", "ridmap", "rw"] {
        let bundle = with_volume("idmap", &script);
        // The last of several ranges holds the root that writes, and the directory is its.
        chown(bundle.file("volume"), Some(77), Some(88)).unwrap();
        let (uids, gids) = (
            json!([map(1, 4001, 5), map(77, 0, 1)]),
            json!([map(0, 5000, 10), map(88, 0, 1)]),
        );
        bundle.edit(|config| add_mount(config, volume(option, &uids, &gids)));
        assert_eq!(bundle.must(&["run"]), "4001:5002\n0:0\n", "{option}");
        assert_eq!(owner(&bundle, "volume/g"), (77, 88), "{option}");
    }
}

#[test]
fn a_mapping_reaches_the_mounts_below_only_when_asked() {
    for (option, expected) in [
        ("idmap", "1001:1002\n1:2\n"),
        ("ridmap", "1001:1002\n1001:1002\n"),
    ] {
        let script = format!("{STAT} /volume/f /volume/below/f");
        let bundle = with_volume("idmap-deep", &script);
        fs::create_dir(bundle.file("volume/below")).unwrap();
        fs::create_dir(bundle.file("other")).unwrap();
        fs::write(bundle.file("other/f"), "").unwrap();
        chown(bundle.file("other/f"), Some(1), Some(2)).unwrap();
        let (uids, gids) = (json!([map(0, 1000, 10)]), json!([map(0, 1000, 10)]));
        bundle.edit(|config| add_mount(config, volume(option, &uids, &gids)));
        let path = bundle.path().to_str().unwrap().to_owned();
        let run = format!(
            "mount --bind {path}/other {path}/volume/below && exec {} --root {path}/state run -b {path} {}",
            crate::bundle::RUNTIME,
            bundle.id()
        );
        let output = std::process::Command::new("unshare")
            .args(["--mount", "--propagation", "private", "sh", "-c", &run])
            .output()
            .unwrap();
        assert_eq!(
            String::from_utf8_lossy(&output.stdout),
            expected,
            "{option}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

#[test]
fn a_user_namespace_sees_its_own_ids_in_a_mapped_mount() {
    let bundle = with_volume("idmap-userns", &format!("{STAT} /volume/f; echo new > /volume/g"));
    super::namespaces::make_places(&bundle);
    fs::create_dir(bundle.file("rootfs/volume")).unwrap();
    chown(bundle.file("volume"), Some(0), Some(0)).unwrap();
    bundle.edit(|config| {
        super::namespaces::user_namespace(config);
        add_mount(config, volume("idmap", &json!([]), &json!([])));
    });
    assert_eq!(bundle.must(&["run"]), "1:2\n");
    assert_eq!(owner(&bundle, "volume/g"), (0, 0));
}

#[test]
fn a_user_namespace_and_a_mount_may_be_mapped_otherwise() {
    let bundle = with_volume("idmap-other", &format!("{STAT} /volume/f"));
    super::namespaces::make_places(&bundle);
    fs::create_dir(bundle.file("rootfs/volume")).unwrap();
    bundle.edit(|config| {
        super::namespaces::user_namespace(config);
        // File user 1 is the machine's 100007, which is 7 inside.
        let (uids, gids) = (json!([map(1, 100_007, 1)]), json!([map(2, 100_008, 1)]));
        add_mount(config, volume("idmap", &uids, &gids));
    });
    assert_eq!(bundle.must(&["run"]), "7:8\n");
}

#[test]
fn crun_s_words_map_a_mount_too() {
    let seen = |options: &str, userns: bool| {
        let bundle = with_volume("idmap-words", &format!("{STAT} /volume/f"));
        super::namespaces::make_places(&bundle);
        fs::create_dir(bundle.file("rootfs/volume")).unwrap();
        bundle.edit(|config| {
            if userns {
                super::namespaces::user_namespace(config);
            }
            add_mount(config, volume(options, &json!([]), &json!([])));
        });
        bundle.must(&["run"])
    };
    assert_eq!(
        seen("idmap=uids=0-1000-10#10-2000-1;gids=2-7-1", false),
        "1001:7\n"
    );
    assert_eq!(seen("idmap=uids=@0-5-10;gids=@2-9-1", true), "6:9\n");
}

#[test]
fn the_root_file_system_can_be_mapped() {
    let bundle = with_volume("idmap-root", &format!("{STAT} /f; echo new > /g"));
    fs::write(bundle.file("rootfs/f"), "").unwrap();
    chown(bundle.file("rootfs/f"), Some(1), Some(2)).unwrap();
    bundle.edit(|config| {
        let ids = json!([map(0, 0, 1), map(1, 41, 5)]);
        let root = json!({"destination": "/", "type": "bind", "source": "rootfs", "options": ["rbind", "idmap"],
            "uidMappings": ids, "gidMappings": ids});
        config["mounts"].as_array_mut().unwrap().insert(0, root);
    });
    assert_eq!(bundle.must(&["run"]), "41:42\n");
    assert_eq!(owner(&bundle, "rootfs/g"), (0, 0));
}

#[test]
fn an_already_joined_namespace_maps() {
    let holder = std::process::Command::new("unshare")
        .args(["--user", "--map-root-user", "sh", "-c", "echo ready; read -r _"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn();
    let mut holder = holder.unwrap();
    std::io::Read::read_exact(holder.stdout.as_mut().unwrap(), &mut [0; 6]).unwrap();
    let bundle = with_volume("idmap-joined", &format!("{STAT} /volume/f"));
    super::namespaces::make_places(&bundle);
    fs::create_dir(bundle.file("rootfs/volume")).unwrap();
    // Its only id is 0, for root's.
    chown(bundle.file("volume/f"), Some(0), Some(0)).unwrap();
    let path = format!("/proc/{}/ns/user", holder.id());
    bundle.edit(|config| {
        set_namespace(config, json!({"type": "user", "path": path}));
        add_mount(config, volume("idmap", &json!([]), &json!([])));
    });
    let seen = bundle.must(&["run"]);
    drop(holder.stdin.take());
    holder.wait().unwrap();
    assert_eq!(seen, "0:0\n");
}

#[test]
fn what_cannot_be_mapped_says_so() {
    let ids = json!([map(0, 1000, 10)]);
    let error = refusal("idmap-proc", |config| {
        add_mount(
            config,
            json!({"destination": "/p", "type": "bind", "source": "/proc", "options": ["bind", "idmap"],
            "uidMappings": ids, "gidMappings": ids}),
        );
    });
    assert!(
        error.starts_with("open the mount source /proc with its ids mapped: map the ids"),
        "{error}"
    );
    let error = refusal("idmap-bad", |config| {
        add_mount(
            config,
            json!({"destination": "/p", "source": "/tmp", "options": ["bind", "idmap"]}),
        );
    });
    assert!(
        error.contains(".options: found idmap without mappings"),
        "{error}"
    );
    let error = refusal("idmap-missing", |config| {
        add_mount(
            config,
            json!({"destination": "/p", "source": "no-such", "options": ["bind", "idmap"],
            "uidMappings": ids, "gidMappings": ids}),
        );
    });
    assert!(
        error.contains("no-such") && error.contains("no such file or directory"),
        "{error}"
    );
}

#[test]
fn a_link_is_bound_copied_or_followed() {
    let bind =
        |options: Value| json!({"destination": "/to", "type": "bind", "source": "link", "options": options});
    for (option, expected) in [
        ("rw", "followed\n"),
        ("copy-symlink", "target\n"),
        ("src-nofollow", "target\n"),
    ] {
        let bundle = bundle("link", "busybox readlink /to || cat /to");
        fs::write(bundle.file("target"), "followed\n").unwrap();
        symlink("target", bundle.file("link")).unwrap();
        bundle.edit(|config| {
            config["root"]["readonly"] = json!(false);
            add_mount(config, bind(json!(["bind", option])));
        });
        assert_eq!(bundle.must(&["run"]), expected, "{option}");
    }
}

#[test]
fn a_destination_that_is_a_link_is_covered_itself_when_asked() {
    let seen = |options: Value| {
        let bundle = bundle("dest-nofollow", "busybox readlink /to; cat /to /real");
        fs::write(bundle.file("file"), "bound\n").unwrap();
        fs::write(bundle.file("rootfs/real"), "real\n").unwrap();
        symlink("real", bundle.file("rootfs/to")).unwrap();
        bundle.edit(|config| {
            add_mount(
                config,
                json!({"destination": "/to", "type": "bind", "source": "file", "options": options}),
            );
        });
        bundle.must(&["run"])
    };
    assert_eq!(seen(json!(["bind"])), "real\nbound\nbound\n");
    assert_eq!(seen(json!(["bind", "dest-nofollow"])), "bound\nreal\n");
}

#[test]
fn a_link_to_copy_over_something_else_is_refused() {
    let bundle = bundle("copy-link", "true");
    symlink("a", bundle.file("link")).unwrap();
    fs::write(bundle.file("rootfs/to"), "").unwrap();
    bundle.edit(|config| {
        add_mount(config, json!({"destination": "/to", "type": "bind", "source": "link", "options": ["bind", "copy-symlink"]}));
    });
    let error = bundle.refused(&["run"]);
    assert!(error.contains("symlinkat"), "{error}");
    assert_eq!(output("copy-link-none", "echo ran", |_| {}), "ran\n");
}
