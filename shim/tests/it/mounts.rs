//! The mount list: what it can do, and what it must not.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use serde_json::{Value, json};

use crate::fixture::{Bundle, runtimes};

/// The list must be refused; returns why.
fn refused(bundle: &Bundle) -> String {
    let mut shim = bundle.shim(&runtimes()[0]).spawn();
    let told = shim.finish_failed();
    assert_eq!(told["step"], "mount", "{told}");
    told["message"].as_str().unwrap().to_owned()
}

#[test]
fn targets_do_not_escape_the_bundle() {
    for target in ["../outside", "/outside", "rootfs/../../outside", "..", ""] {
        let mut bundle = Bundle::sh("true");
        bundle.mounts = json!([{"type": "tmpfs", "source": "tmpfs", "target": target}]);
        assert!(
            refused(&bundle).contains("must be a path below the bundle"),
            "{target}"
        );
    }
}

#[test]
fn targets_are_not_reached_through_links() {
    for (link, target) in [("link", "link"), ("link", "link/tmp"), ("absolute", "absolute")] {
        let mut bundle = Bundle::sh("true");
        let outside = bundle.path().join("outside");
        fs::create_dir_all(outside.join("tmp")).unwrap();
        let to = if link == "absolute" {
            outside.display().to_string()
        } else {
            "outside".to_owned()
        };
        symlink(to, bundle.path().join(link)).unwrap();
        bundle.mounts = json!([{"type": "tmpfs", "source": "tmpfs", "target": target}]);
        assert!(refused(&bundle).contains("RESOLVE_NO_SYMLINKS"), "{target}");
    }
}

#[test]
fn wrong_lists_are_refused_with_the_reason() {
    let cases: [(Value, &str); 7] = [
        (json!({}), "mount list"),
        (json!([{"type": "tmpfs", "target": 3}]), "mount list"),
        (json!([{"target": "rootfs"}]), "the type is missing"),
        (
            json!([{"type": "no-such-fs", "source": "x", "target": "rootfs"}]),
            "fsopen(no-such-fs)",
        ),
        (
            json!([{"type": "tmpfs", "source": "x", "target": "missing"}]),
            "openat2(missing",
        ),
        (
            json!([{"type": "tmpfs", "source": "x", "target": "rootfs", "options": ["nonsense=1"]}]),
            "nonsense",
        ),
        (
            json!([{"source": "/no/such", "target": "rootfs", "options": ["bind"]}]),
            "open_tree(/no/such",
        ),
    ];
    for (list, reason) in cases {
        let mut bundle = Bundle::sh("true");
        bundle.mounts = list;
        let message = refused(&bundle);
        assert!(message.contains(reason), "{message}");
    }
}

#[test]
fn an_entry_that_fails_undoes_those_before_it() {
    let mut bundle = Bundle::sh("true");
    let first = bundle.mounts[0].clone();
    bundle.mounts = json!([first, {"type": "tmpfs", "source": "x", "target": "missing"}]);
    refused(&bundle);
}

#[test]
fn an_overlay_may_have_more_layers_than_a_page_names() {
    let mut bundle = Bundle::sh("cat /layer-*");
    // Each path is longer than a value of fsconfig(2) may be: such layers go by descriptor.
    let deep = bundle.path().join("layers").join("x".repeat(230));
    let options = bundle.mounts[0]["options"][0].as_str().unwrap().to_owned();
    let mut lowers = Vec::new();
    for number in 0..120 {
        let layer = deep.join(format!("{number:03}"));
        fs::create_dir_all(&layer).unwrap();
        fs::write(layer.join(format!("layer-{number:03}")), format!("{number}\n")).unwrap();
        lowers.push(layer.display().to_string());
    }
    lowers.push(options.strip_prefix("lowerdir=").unwrap().to_owned());
    bundle.mounts[0]["options"][0] = json!(format!("lowerdir={}", lowers.join(":")));
    bundle.shim(&runtimes()[0]).run();
    assert_eq!(
        bundle.logged_text("stdout"),
        (0..120).map(|number| format!("{number}\n")).collect::<String>()
    );
}

#[test]
fn binds_file_systems_and_attributes_are_made() {
    let mut bundle = Bundle::sh(
        "cat /tmp/a/file; touch /tmp/a/new 2>/dev/null || echo read-only; grep -c ' /tmp/b tmpfs.*size=64k' /proc/mounts",
    );
    fs::create_dir(bundle.path().join("volume")).unwrap();
    fs::write(bundle.path().join("volume/file"), "from the volume\n").unwrap();
    for dir in ["upper/tmp/a", "upper/tmp/b"] {
        fs::create_dir_all(bundle.path().join(dir)).unwrap();
    }
    let list = bundle.mounts.as_array_mut().unwrap();
    list.push(json!({"source": "volume", "target": "rootfs/tmp/a", "options": ["rbind", "ro", "nosuid", "rprivate"]}));
    list.push(json!({"type": "tmpfs", "source": "tmpfs", "target": "rootfs/tmp/b", "options": ["size=64k", "noexec"]}));
    bundle.shim(&runtimes()[0]).run();
    assert_eq!(bundle.logged_text("stdout"), "from the volume\nread-only\n1\n");
}

#[test]
fn mount_runs_a_command_where_the_list_is_mounted() {
    let bundle = Bundle::sh("true");
    bundle.write();
    let shim = |mounts: &str, command: &[&str]| {
        let mut shim = Command::new(env!("CARGO_BIN_EXE_corten-shim"));
        shim.current_dir(bundle.path())
            .args(["mount", "--bundle", ".", "--mounts", mounts, "--"]);
        shim.args(command).output().unwrap()
    };
    let output = shim(
        "mounts.json",
        &["sh", "-c", "ls rootfs/bin/busybox; pwd; exit 12"],
    );
    let expected = format!("rootfs/bin/busybox\n{}\n", bundle.path().display());
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
    assert_eq!(output.status.code(), Some(12));
    assert!(
        fs::read_dir(bundle.path().join("rootfs"))
            .unwrap()
            .next()
            .is_none()
    );
    let output = shim("mounts.json", &["no-such-command"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("execve(no-such-command)")
    );
    assert_eq!(shim("missing.json", &["true"]).status.code(), Some(1));
}

/// As containerd 2 asks for it when a pod has a user namespace.
#[test]
fn layers_get_the_owners_that_were_asked_for_and_nothing_is_left() {
    let bundle = Bundle::sh("true");
    let [layer, volume] = ["layer", "volume"].map(|name| bundle.path().join(name));
    for (dir, owner) in [(&layer, 0), (&volume, 3)] {
        fs::create_dir(dir).unwrap();
        fs::write(dir.join("file"), "").unwrap();
        std::os::unix::fs::chown(dir.join("file"), Some(owner), Some(owner)).unwrap();
    }
    fs::create_dir(bundle.path().join("second")).unwrap();
    let maps = ["uidmap=0:65536:100", "gidmap=0:7:1,1:200:50"];
    let layers = format!(
        "lowerdir={}:{}",
        layer.display(),
        bundle.path().join("second").display()
    );
    let overlay = [&maps[..], &[&layers, "upperdir=upper", "workdir=work"]].concat();
    let bind = ["rbind", maps[0], maps[1]];
    let list = json!([
        {"type": "overlay", "source": "overlay", "target": "rootfs", "options": overlay},
        {"source": "volume", "target": "runtime", "options": bind},
    ]);
    fs::write(bundle.path().join("mounts.json"), list.to_string()).unwrap();
    let temporary = bundle.path().join("temporary");
    fs::create_dir(&temporary).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_corten-shim"))
        .current_dir(bundle.path())
        .env("TMPDIR", &temporary)
        .args([
            "mount",
            "--bundle",
            ".",
            "--mounts",
            "mounts.json",
            "--",
            "sh",
            "-c",
        ])
        .arg("stat -c %u:%g rootfs/file runtime/file; grep -c temporary /proc/mounts")
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        "65536:7\n65539:202\n0\n",
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(fs::read_dir(&temporary).unwrap().count(), 0);
}
