//! `unpack` and `repack`: an image as a bundle of anybody's, and what was changed there as an image.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, lchown, symlink};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::fake_registry::FakeRegistry;
use super::pulls::reference;
use super::sandbox::{HELLO, Sandbox};
use super::test_image::{TestImage, TestLayer, tar_of};

/// A sandbox with an image `base` whose files are of several owners and kinds.
fn with_image() -> Sandbox {
    let (registry, sandbox) = (FakeRegistry::start(), Sandbox::new());
    let mut builder = tar::Builder::new(tar_of(&[
        ("d/kept", b"kept"),
        ("d/gone", b"gone"),
        ("swap/x", b"x"),
    ]));
    let bytes = builder.get_mut();
    bytes.truncate(bytes.len() - 1024);
    let mut add = |path: &str, kind, mode, ids: (u64, u64), link: &str, data: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_uid(ids.0);
        header.set_gid(ids.1);
        header.set_mtime(1_000_000);
        header.set_size(data.len() as u64);
        if !link.is_empty() {
            header.set_link_name(link).unwrap();
        }
        if kind == tar::EntryType::Char {
            header.set_device_major(1).unwrap();
            header.set_device_minor(3).unwrap();
        }
        builder.append_data(&mut header, path, data).unwrap();
    };
    add(
        "owned",
        tar::EntryType::Regular,
        0o4750,
        (1000, 2000),
        "",
        b"owned",
    );
    add("twin", tar::EntryType::Link, 0o644, (1000, 2000), "owned", b"");
    add("link", tar::EntryType::Symlink, 0o777, (0, 0), "d/kept", b"");
    add("null", tar::EntryType::Char, 0o666, (0, 0), "", b"");
    let tar = builder.into_inner().unwrap();
    let whiteout = tar_of(&[("d/.wh.gone", b"")]);
    TestImage::new(vec![TestLayer::gzip(&tar), TestLayer::gzip(&whiteout)]).serve(&registry, "1");
    let name = reference(&registry, ":1").to_string();
    sandbox.ok(&["pull", "--quiet", &name]);
    sandbox.ok(&["tag", &name, "base"]);
    sandbox
}

fn unpack(sandbox: &Sandbox, options: &[&str], image: &str, directory: &Path) -> Value {
    let mut words = vec!["unpack"];
    words.extend(options);
    words.extend([image, directory.to_str().unwrap()]);
    sandbox.ok(&words);
    serde_json::from_slice(&fs::read(directory.join("config.json")).unwrap()).unwrap()
}

fn facts(path: &Path) -> (u32, u32, u32, i64) {
    let data = fs::symlink_metadata(path).unwrap();
    (data.uid(), data.gid(), data.mode() & 0o7777, data.mtime())
}

#[test]
fn an_unpacked_image_is_a_bundle_with_all_that_shows() {
    let (sandbox, here) = (with_image(), tempfile::tempdir().unwrap());
    let bundle = here.path().join("bundle");
    let config = unpack(&sandbox, &[], "base", &bundle);
    let file = |name: &str| bundle.join("rootfs").join(name);
    assert_eq!(fs::read(file("d/kept")).unwrap(), b"kept");
    assert!(!file("d/gone").exists());
    assert_eq!(facts(&file("owned")), (1000, 2000, 0o4750, 1_000_000));
    assert_eq!(
        fs::metadata(file("owned")).unwrap().ino(),
        fs::metadata(file("twin")).unwrap().ino()
    );
    assert_eq!(fs::read_link(file("link")).unwrap(), Path::new("d/kept"));
    assert_eq!(
        fs::metadata(file("null")).unwrap().rdev(),
        nix::sys::stat::makedev(1, 3)
    );
    assert_eq!(config["root"]["path"], "rootfs");
    assert_eq!(config["annotations"]["a"], "b", "a label");
    let again = sandbox.corten(&["unpack", "base", bundle.to_str().unwrap()]);
    assert!(
        again.code == Some(1) && again.stderr.contains("not empty"),
        "{again:?}"
    );
    let nothing = sandbox.corten(&["unpack", "none", here.path().join("x").to_str().unwrap()]);
    assert!(
        nothing.stderr.contains("No such image: none") && !here.path().join("x").exists(),
        "{nothing:?}"
    );
}

#[test]
fn any_runtime_runs_it() {
    let (sandbox, here) = (Sandbox::new(), tempfile::tempdir().unwrap());
    sandbox.ok(&["pull", "--quiet", HELLO]);
    for (options, name) in [
        (&[][..], "plain"),
        (&["--uid-map", "0:100000:65536"], "mapped"),
        (&["--rootless"], "user"),
    ] {
        let bundle = here.path().join(name);
        unpack(&sandbox, options, HELLO, &bundle);
        for runtime in super::sandbox::RUNTIMES {
            let program = match runtime {
                "corten-runtime" => super::sandbox::program(runtime),
                other => other.into(),
            };
            let id = format!("standalone-{name}-{}", std::process::id());
            let output = Command::new(program)
                .arg("--root")
                .arg(here.path().join("state"))
                .args(["run", "--bundle"])
                .arg(&bundle)
                .arg(&id)
                .output()
                .unwrap();
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{runtime} {name}: {stderr}");
            assert!(!output.stdout.is_empty(), "{runtime} {name}");
        }
    }
}

#[test]
fn owners_are_mapped_or_noted() {
    let (sandbox, here) = (with_image(), tempfile::tempdir().unwrap());
    let mapped = here.path().join("mapped");
    let config = unpack(&sandbox, &["--uid-map", "0:100000:65536"], "base", &mapped);
    assert_eq!(
        facts(&mapped.join("rootfs/owned")),
        (101_000, 102_000, 0o4750, 1_000_000)
    );
    assert_eq!(facts(&mapped.join("rootfs")).0, 100_000);
    assert_eq!(config["linux"]["uidMappings"][0]["hostID"], 100_000);
    assert_eq!(config["linux"]["gidMappings"][0]["size"], 65_536);
    let user = here.path().join("user");
    unpack(&sandbox, &["--rootless"], "base", &user);
    assert_eq!(facts(&user.join("rootfs/owned")), (0, 0, 0o4750, 1_000_000));
    assert!(
        fs::metadata(user.join("rootfs/null")).unwrap().is_file(),
        "a device is an empty file"
    );
    let shown = Command::new("getfattr")
        .args(["--only-values", "-n", "user.rootlesscontainers"])
        .arg(user.join("rootfs/owned"))
        .output()
        .unwrap();
    assert_eq!(
        shown.stdout,
        [0x08, 0xe8, 0x07, 0x10, 0xd0, 0x0f],
        "umoci's protobuf"
    );
    let none = here.path().join("none");
    let done = sandbox.corten(&["unpack", "--uid-map", "0:5:1", "base", none.to_str().unwrap()]);
    assert!(
        done.code == Some(1) && done.stderr.contains("is not mapped"),
        "{done:?}"
    );
    assert!(!none.exists(), "what was begun is gone");
}

/// A bundle that nobody changed has no new layer; one that was changed has exactly that.
#[test]
fn changes_of_a_bundle_become_a_layer() {
    let (sandbox, here) = (with_image(), tempfile::tempdir().unwrap());
    for (name, options) in [
        ("plain", &[][..]),
        ("mapped", &["--uid-map", "0:100000:65536"]),
        ("user", &["--rootless"]),
    ] {
        let bundle = here.path().join(name);
        unpack(&sandbox, options, "base", &bundle);
        // What a runtime leaves to mount on is no change.
        for left in ["proc", "sys", "dev/pts"] {
            fs::create_dir_all(bundle.join("rootfs").join(left)).unwrap();
        }
        let path = bundle.to_str().unwrap();
        sandbox.ok(&["repack", path, "same"]);
        let layers = |image: &str| sandbox.ok(&["inspect", "--format", "{{len .RootFS.Layers}}", image]);
        assert_eq!(layers("same"), "2", "{name}");
        let root = bundle.join("rootfs");
        fs::write(root.join("d/kept"), "KEPT").unwrap();
        fs::write(root.join("d/new"), "new").unwrap();
        fs::remove_file(root.join("link")).unwrap();
        symlink("elsewhere", root.join("link")).unwrap();
        fs::remove_dir_all(root.join("swap")).unwrap();
        fs::write(root.join("swap"), "a file now").unwrap();
        fs::remove_file(root.join("null")).unwrap();
        fs::set_permissions(root.join("owned"), fs::Permissions::from_mode(0o640)).unwrap();
        if name == "mapped" {
            let done = sandbox.corten(&["repack", path, "x"]);
            assert!(
                done.stderr.contains("its owner 0:0 has no id in the image"),
                "{done:?}"
            );
            for (file, uid, gid) in [
                ("link", 100_000, 100_000),
                ("swap", 100_000, 100_000),
                ("d/new", 100_007, 100_008),
            ] {
                lchown(root.join(file), Some(uid), Some(gid)).unwrap();
            }
        }
        sandbox.ok(&["repack", "-m", "changed", "-c", "CMD /y", path, "changed"]);
        assert_eq!(layers("changed"), "3", "{name}");
        let history = sandbox.ok(&["history", "--format", "{{.CreatedBy}} {{.Comment}}", "changed"]);
        assert_eq!(history.lines().next(), Some("corten repack changed"));
        sandbox.ok(&["create", "--quiet", "--name", name, "changed"]);
        let files = here.path().join(format!("{name}.tar"));
        sandbox.ok(&["export", "-o", files.to_str().unwrap(), name]);
        let listing = Command::new("tar")
            .args(["--numeric-owner", "-tvf"])
            .arg(&files)
            .output()
            .unwrap()
            .stdout;
        let listing = String::from_utf8(listing).unwrap();
        let owner = if name == "mapped" { "7/8" } else { "0/0" };
        for line in ["rw-r----- 1000/2000", "link -> elsewhere", "twin link to owned"] {
            assert!(listing.contains(line), "{name}: {line}: {listing}");
        }
        let line = |path: &str| {
            listing
                .lines()
                .find(|line| line.ends_with(path))
                .unwrap_or_default()
                .to_owned()
        };
        assert!(line(" d/new").contains(owner), "{name}: {listing}");
        assert!(
            line(" swap").starts_with('-') && line(" null").is_empty(),
            "{name}: {listing}"
        );
    }
    let done = sandbox.corten(&["repack", here.path().to_str().unwrap(), "x"]);
    assert!(
        done.code == Some(1) && done.stderr.contains("only a bundle that `corten unpack` wrote"),
        "{done:?}"
    );
}

/// Size and times are the same, but not what is in it.
#[test]
fn a_file_that_only_seems_the_same_is_a_change() {
    let (sandbox, here) = (with_image(), tempfile::tempdir().unwrap());
    let bundle = here.path().join("bundle");
    unpack(&sandbox, &[], "base", &bundle);
    let file = bundle.join("rootfs/d/kept");
    let before = fs::metadata(&file).unwrap().modified().unwrap();
    fs::write(&file, "KEPT").unwrap();
    fs::File::open(&file).unwrap().set_modified(before).unwrap();
    sandbox.ok(&["repack", bundle.to_str().unwrap(), "sly"]);
    assert_eq!(
        sandbox.ok(&["inspect", "--format", "{{len .RootFS.Layers}}", "sly"]),
        "3"
    );
}
