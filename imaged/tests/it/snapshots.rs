//! The contract of snapshots, for each driver: what a container finds, what it changes, and what stays of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use serde_json::Value;

use super::fake_registry::FakeRegistry;
use super::pulls::reference;
use super::sandbox::{HELLO, RUNTIMES, Sandbox, program};
use super::test_image::{TestImage, TestLayer, tar_of};

/// What is promised, and what looks whether it is so.
type Behaviour = (&'static str, fn(&Sandbox));

/// What every driver does, each behaviour in a store of its own.
const CONTRACT: &[Behaviour] = &[
    ("the image's files are there to the last detail", files_are_exact),
    (
        "an image without layers is an empty directory",
        no_layers_are_nothing,
    ),
    ("many layers are one tree", many_layers_are_one_tree),
    ("changes are listed", changes_are_listed),
    ("changes are measured", changes_are_measured),
    (
        "what was committed and exported is the same tree",
        a_commit_is_the_same_tree,
    ),
    (
        "containers do not see each other's changes",
        changes_are_the_containers_own,
    ),
    ("a removal leaves nothing", a_removal_leaves_nothing),
    ("half a container is none", half_a_container_is_none),
    ("runtimes run it", runtimes_run_it),
    (
        "files are copied in and out while it does not run",
        files_are_copied,
    ),
];

#[test]
fn overlay2_keeps_the_contract() {
    keeps_the_contract("overlay2");
}

#[test]
fn vfs_keeps_the_contract() {
    keeps_the_contract("vfs");
}

fn keeps_the_contract(driver: &'static str) {
    for (behaviour, check) in CONTRACT {
        println!("{driver}: {behaviour}");
        let sandbox = Sandbox::new().keeping(driver);
        check(&sandbox);
    }
}

/// Path, kind, mode, owners, target of a link, content.
type Written<'a> = (&'a str, tar::EntryType, u32, (u64, u64), &'a str, &'a [u8]);

/// A layer's archive with everything that layers can have.
fn rich_tar() -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    let entries: &[Written<'_>] = &[
        ("d/", tar::EntryType::Directory, 0o2751, (7, 8), "", b""),
        ("d/kept", tar::EntryType::Regular, 0o640, (0, 0), "", b"kept"),
        ("d/gone", tar::EntryType::Regular, 0o644, (0, 0), "", b"gone"),
        (
            "owned",
            tar::EntryType::Regular,
            0o4750,
            (1000, 70_000),
            "",
            b"owned",
        ),
        ("twin", tar::EntryType::Link, 0o644, (0, 0), "owned", b""),
        (
            "link",
            tar::EntryType::Symlink,
            0o777,
            (12, 13),
            "/etc/no/where",
            b"",
        ),
        ("null", tar::EntryType::Char, 0o666, (0, 5), "", b""),
        ("disk", tar::EntryType::Block, 0o660, (0, 6), "", b""),
        ("pipe", tar::EntryType::Fifo, 0o622, (1, 1), "", b""),
        ("o/below", tar::EntryType::Regular, 0o644, (0, 0), "", b"hidden"),
        ("swap/x", tar::EntryType::Regular, 0o644, (0, 0), "", b"x"),
        ("tmp/", tar::EntryType::Directory, 0o1777, (0, 0), "", b""),
    ];
    for &(path, kind, mode, (uid, gid), link, data) in entries {
        if path == "d/kept" {
            let extended = [
                ("mtime", &b"1000000000.123456789"[..]),
                ("SCHILY.xattr.user.note", b"a note"),
            ];
            builder.append_pax_extensions(extended).unwrap();
        }
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_uid(uid);
        header.set_gid(gid);
        header.set_mtime(1_000_000);
        header.set_size(data.len() as u64);
        if !link.is_empty() {
            header.set_link_name(link).unwrap();
        }
        if matches!(kind, tar::EntryType::Char | tar::EntryType::Block) {
            header.set_device_major(1).unwrap();
            header.set_device_minor(3).unwrap();
        }
        builder.append_data(&mut header, path, data).unwrap();
    }
    builder.into_inner().unwrap()
}

/// What [`image`] shows: path, kind, mode, owners, size, time, names, target; and its extended attributes.
const SHOWN: &[&str] = &[
    "d d 2751 7 8 - 1000000.0000000000 -",
    "d/kept f 640 0 0 4 1000000000.1234567890 1",
    "disk b 660 0 6 0 1000000.0000000000 1",
    "link l 777 12 13 13 1000000.0000000000 1 /etc/no/where",
    "null c 666 0 5 0 1000000.0000000000 1",
    "o/above f 644 0 0 5 1000000.0000000000 1",
    "owned f 4750 1000 70000 5 1000000.0000000000 2",
    "pipe p 622 1 1 0 1000000.0000000000 1",
    "swap f 644 0 0 11 1000000.0000000000 1",
    "tmp d 1777 0 0 - 1000000.0000000000 -",
    "twin f 4750 1000 70000 5 1000000.0000000000 2",
    "user.note=\"a note\"",
];

/// An image of all kinds of files, some of them hidden by whiteouts and opaque directories.
fn image() -> TestImage {
    TestImage::new(vec![
        TestLayer::gzip(&rich_tar()),
        TestLayer::gzip(&tar_of(&[
            ("d/.wh.gone", b""),
            ("o/.wh..wh..opq", b""),
            ("o/above", b"above"),
        ])),
        TestLayer::gzip(&tar_of(&[("swap", b"a file now\n")])),
    ])
}

/// Makes the image known as `base`.
fn load(sandbox: &Sandbox, image: &TestImage) {
    let registry = FakeRegistry::start();
    image.serve(&registry, "1");
    let name = reference(&registry, ":1").to_string();
    sandbox.ok(&["pull", "--quiet", &name]);
    sandbox.ok(&["tag", &name, "base"]);
}

/// Makes a container of `base` and returns its directory.
fn create(sandbox: &Sandbox, name: &str, image: &str) -> PathBuf {
    let id = sandbox.ok(&["create", "--name", name, image]);
    sandbox.root().join("containers").join(id)
}

/// Runs a script in a container's files, which are mounted as its mount list says.
fn inside(directory: &Path, script: &str) -> String {
    let output = Command::new(program("corten-shim"))
        .args([
            "mount",
            "--bundle",
            ".",
            "--mounts",
            "mounts.json",
            "--",
            "sh",
            "-ec",
        ])
        .arg(format!("cd rootfs; {script}"))
        .current_dir(directory)
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script}: {stderr}");
    String::from_utf8(output.stdout).unwrap()
}

/// Everything that can be seen of files but their content and which names are one file's.
const LIST: &str = "find . -mindepth 1 -printf '%P %y %m %U %G %s %T@ %n %l\\n'";

/// The container's files; times of directories that no archive told are now's, and left out with those directories.
fn listing(directory: &Path) -> Vec<String> {
    let text = inside(
        directory,
        &format!(
            "{{ {LIST}; getfattr -dR -m 'user|security.capability' . 2>/dev/null | grep =; }} | LC_ALL=C sort"
        ),
    );
    text.lines().map(plain).collect()
}

/// Lengths and numbers of names are the file system's own business for directories.
fn plain(line: &str) -> String {
    let mut words: Vec<&str> = line.split(' ').collect();
    if words.get(1) == Some(&"d") {
        (words[5], words[7]) = ("-", "-");
    }
    words.join(" ").trim_end().to_owned()
}

fn files_are_exact(sandbox: &Sandbox) {
    load(sandbox, &image());
    let directory = create(sandbox, "box", "base");
    let mut lines = listing(&directory);
    // No archive has it.
    lines.retain(|line| !line.starts_with("o d "));
    assert_eq!(lines, SHOWN);
    assert_eq!(
        inside(
            &directory,
            "cat d/kept o/above swap; stat -c %t:%T null; stat -c %i owned twin | uniq | wc -l"
        ),
        "keptabovea file now\n1:3\n1\n"
    );
}

fn no_layers_are_nothing(sandbox: &Sandbox) {
    load(sandbox, &TestImage::new(vec![]));
    let directory = create(sandbox, "box", "base");
    assert_eq!(
        inside(&directory, "ls -A; echo a > b; cat b"),
        "a\n",
        "it is empty and can be written"
    );
    assert_eq!(sandbox.ok(&["diff", "box"]), "A /b");
}

fn many_layers_are_one_tree(sandbox: &Sandbox) {
    let layer = |number: usize| {
        let (own, gone) = (
            format!("d/{number}"),
            format!("d/.wh.{}", number.saturating_sub(1)),
        );
        TestLayer::plain(&tar_of(&[(&own, b""), (&gone, b""), ("last", own.as_bytes())]))
    };
    load(sandbox, &TestImage::new((1..=500).map(layer).collect()));
    let directory = create(sandbox, "box", "base");
    assert_eq!(inside(&directory, "ls d; cat last"), "500\nd/500");
}

fn changes_are_listed(sandbox: &Sandbox) {
    load(sandbox, &image());
    let directory = create(sandbox, "box", "base");
    assert_eq!(sandbox.ok(&["diff", "box"]), "");
    inside(
        &directory,
        "printf KEPT > d/kept.new; touch -r d/kept d/kept.new; rm d/kept; mv d/kept.new d/kept; mkdir new; \
         ln -s x new/link; ln o/above new/triplet; rm null pipe; mkfifo null; chmod 700 tmp; rm swap; mkdir swap; \
         echo 1 > swap/in; touch o/above",
    );
    assert_eq!(
        sandbox.ok(&["diff", "box"]).lines().collect::<Vec<_>>(),
        [
            "C /d",
            "C /d/kept",
            "A /new",
            "A /new/link",
            "A /new/triplet",
            "C /null",
            "C /o",
            "C /o/above",
            "D /pipe",
            "C /swap",
            "A /swap/in",
            "C /tmp",
        ]
    );
}

fn changes_are_measured(sandbox: &Sandbox) {
    load(sandbox, &image());
    let directory = create(sandbox, "box", "base");
    let sizes = || {
        let shown = sandbox.ok(&["inspect", "--size", "--type", "container", "box"]);
        let value: Value = serde_json::from_str(&shown).unwrap();
        let size = |key: &str| value[0][key].as_u64().unwrap();
        (size("SizeRw"), size("SizeRootFs"))
    };
    let (before, whole) = sizes();
    assert_eq!(before, 0);
    inside(
        &directory,
        "head -c 5000 /dev/zero > new; ln new again; echo more >> d/kept",
    );
    assert_eq!(sizes(), (5009, whole + 5009));
    let details = sandbox.inspect("box");
    let driver = sandbox.driver.unwrap();
    assert_eq!(
        (&details["Driver"], &details["GraphDriver"]["Name"]),
        (&driver.into(), &driver.into())
    );
    let bytes: Vec<Value> = sandbox
        .ok(&["system", "df", "--format", "json"])
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let containers = bytes.iter().find(|row| row["Type"] == "Containers").unwrap();
    assert!(containers["Bytes"].as_u64().unwrap() > 5000, "{containers}");
}

/// All sorts of changes.
const CHANGES: &str = "rm d/kept; echo new > d/gone; rm -r o; mkdir -m 1770 o; echo y > o/other; chown 5:6 owned; \
     ln d/gone triplet; rm link; mkdir link; mknod link/zero c 1 5; mkfifo link/pipe; touch -d '2001-02-03 04:05:06.789 UTC' \
     tmp/old; setfattr -n user.more -v value tmp/old; cp /bin/true tmp/cap; setcap cap_net_raw+ep tmp/cap; rm pipe; \
     truncate -s 100M tmp/long; mkdir -p \"tmp/$(printf 'n%.0s' $(seq 200))/deep\"; ln -s target tmp/link; \
     chown -h 3000000:4 tmp/link; rm twin; cp -p owned twin; ln swap tmp/swapped";

fn a_commit_is_the_same_tree(sandbox: &Sandbox) {
    load(sandbox, &image());
    let directory = create(sandbox, "box", "base");
    inside(&directory, CHANGES);
    let changed = listing(&directory);
    sandbox.ok(&["commit", "box", "made"]);
    let again = create(sandbox, "again", "made");
    assert_eq!(listing(&again), changed);
    assert_eq!(sandbox.ok(&["diff", "again"]), "");
    let (archive, unpacked) = (sandbox.root().join("tmp/x.tar"), sandbox.root().join("tmp/x"));
    sandbox.ok(&["export", "-o", archive.to_str().unwrap(), "box"]);
    fs::create_dir_all(unpacked.join("rootfs")).unwrap();
    fs::write(unpacked.join("mounts.json"), "[]").unwrap();
    let output = Command::new("tar")
        .args(["--numeric-owner", "-p", "--xattrs", "--xattrs-include=*", "-C"])
        .arg(unpacked.join("rootfs"))
        .arg("-xf")
        .arg(&archive)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(listing(&unpacked), changed);
}

fn changes_are_the_containers_own(sandbox: &Sandbox) {
    load(sandbox, &image());
    let [one, other] = ["one", "other"].map(|name| create(sandbox, name, "base"));
    let before = listing(&other);
    inside(&one, CHANGES);
    inside(&one, "echo more >> swap");
    assert_ne!(listing(&one), before);
    assert_eq!(listing(&other), before);
    assert_eq!(listing(&create(sandbox, "third", "base")), before);
    assert_eq!(inside(&other, "cat swap"), "a file now\n");
}

fn a_removal_leaves_nothing(sandbox: &Sandbox) {
    load(sandbox, &image());
    let directory = create(sandbox, "box", "base");
    inside(&directory, CHANGES);
    sandbox.ok(&["rm", "box"]);
    sandbox.assert_empty();
    sandbox.ok(&["rmi", "--force", &sandbox.ok(&["images", "-q", "base"])]);
    for place in ["layers", "tmp", "containers"] {
        let left: Vec<_> = fs::read_dir(sandbox.root().join(place)).unwrap().collect();
        assert!(left.is_empty(), "{place}: {left:?}");
    }
}

fn half_a_container_is_none(sandbox: &Sandbox) {
    load(sandbox, &image());
    let whole = listing(&create(sandbox, "whole", "base"));
    for step in 1.. {
        let output = sandbox
            .command(&["create", "--name", "box", "base"])
            .env("CORTEN_FAULT", step.to_string())
            .output()
            .unwrap();
        for id in sandbox.ok(&["ps", "-aq", "--no-trunc"]).lines() {
            let directory = sandbox.root().join("containers").join(id);
            assert_eq!(listing(&directory), whole, "what is seen is complete");
        }
        sandbox.corten(&["rm", "box"]);
        // Also sweeps what never became visible.
        sandbox.corten(&["rm", "-f", "nobody"]);
        let left = fs::read_dir(sandbox.root().join("containers")).unwrap().count();
        assert_eq!(left, 1, "step {step}: the whole one");
        if output.status.success() {
            assert!(step > 4, "only {step} steps");
            return;
        }
    }
}

fn runtimes_run_it(sandbox: &Sandbox) {
    for runtime in RUNTIMES {
        let sandbox = Sandbox::with(runtime).keeping(sandbox.driver.unwrap());
        // Files are mounted in a directory that the image has.
        let directory = create(&sandbox, "first", HELLO);
        inside(&directory, "mkdir data; echo > data/mine");
        sandbox.ok(&["commit", "first", "base"]);
        sandbox.ok(&["rm", "first"]);
        for options in [&["-v", "/data/volume"][..], &["--read-only"]] {
            let mut words = vec!["run", "--name", "box"];
            words.extend(options);
            words.extend(["base", "bytes", "2"]);
            assert_eq!(sandbox.ok(&words), "ab", "{runtime} {options:?}");
            assert_eq!(sandbox.ok(&["diff", "box"]), "", "made to mount on");
            assert_eq!(sandbox.ok(&["start", "-a", "box"]), "ab", "a second time");
            sandbox.ok(&["rm", "box"]);
        }
        sandbox.ok(&["run", "-d", "--name", "box", HELLO, "wait"]);
        sandbox.ok(&["commit", "box", "made"]);
        assert_eq!(sandbox.ok(&["run", "--rm", "made", "bytes", "2"]), "ab");
        sandbox.ok(&["rm", "-f", "box"]);
        sandbox.assert_empty();
    }
}

fn files_are_copied(sandbox: &Sandbox) {
    load(sandbox, &image());
    let here = tempfile::tempdir().unwrap();
    let path = |name: &str| here.path().join(name).to_string_lossy().into_owned();
    fs::write(path("file"), "text").unwrap();
    create(sandbox, "box", "base");
    sandbox.ok(&["create", "--name", "fixed", "--read-only", "-v", "/data", "base"]);
    sandbox.ok(&["cp", &path("file"), "box:/d/file"]);
    sandbox.ok(&["cp", "box:/d/file", &path("again")]);
    assert_eq!(fs::read(path("again")).unwrap(), b"text");
    assert_eq!(sandbox.ok(&["diff", "box"]), "C /d\nA /d/file");
    sandbox.ok(&["cp", &path("file"), "fixed:/data/file"]);
    let refused = sandbox.corten(&["cp", &path("file"), "fixed:/d/file"]);
    assert!(
        refused.code == Some(1) && refused.stderr.contains("read-only"),
        "{refused:?}"
    );
    assert!(!sandbox.ok(&["diff", "fixed"]).contains("/d/file"));
}

/// The bundle of a copy needs no mount at all.
#[test]
fn a_copy_is_a_bundle_for_anybody() {
    let sandbox = Sandbox::new().keeping("vfs");
    let directory = create(&sandbox, "box", HELLO);
    assert_eq!(fs::read_to_string(directory.join("mounts.json")).unwrap(), "[]");
    let output = Command::new("runc")
        .arg("--root")
        .arg(sandbox.state().join("runc"))
        .args(["run", "--bundle", "."])
        .arg(format!("copy-{}", std::process::id()))
        .current_dir(&directory)
        .output()
        .unwrap();
    assert!(output.status.success() && !output.stdout.is_empty(), "{output:?}");
}

/// Containers of before the drivers say nothing about theirs.
#[test]
fn a_record_without_a_driver_is_an_overlays() {
    let sandbox = Sandbox::new();
    let directory = create(&sandbox, "box", HELLO);
    let file = directory.join("container.json");
    let mut record: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    assert_eq!(
        record.as_object_mut().unwrap().remove("driver"),
        Some("overlay2".into())
    );
    fs::write(&file, record.to_string()).unwrap();
    assert_eq!(sandbox.inspect("box")["Driver"], "overlay2");
    inside(&directory, "echo > new");
    assert_eq!(sandbox.ok(&["diff", "box"]), "A /new");
}

/// An overlayfs takes neither another one's writable layer nor whiteouts.
#[test]
fn a_store_on_an_overlayfs_copies() {
    let mount_at = |root: &Path, below: &Path| {
        let [lower, upper, work] = ["lower", "upper", "work"].map(|name| below.join(name));
        for path in [&lower, &upper, &work] {
            fs::create_dir(path).unwrap();
        }
        let options = format!(
            "lowerdir={},upperdir={},workdir={}",
            lower.display(),
            upper.display(),
            work.display()
        );
        mount_new("overlay", root, Some(&options));
    };
    on_another_file_system(mount_at, works_on_an_overlayfs);
}

/// Its type says nothing, and it keeps none of overlayfs' attributes.
#[test]
fn a_store_on_a_ramfs_copies() {
    on_another_file_system(
        |root, _| mount_new("ramfs", root, None),
        |sandbox| {
            let run = sandbox.corten(&["run", "--rm", HELLO, "bytes", "2"]);
            assert_eq!((run.code, run.stdout.as_str()), (Some(0), "ab"), "{run:?}");
            assert!(run.stderr.contains("overlayfs cannot write below"), "{run:?}");
            let [low, top] = [
                tar_of(&[("o/below", b""), ("gone", b"")]),
                tar_of(&[("o/.wh..wh..opq", b""), ("o/above", b""), (".wh.gone", b"")]),
            ];
            load(
                sandbox,
                &TestImage::new(vec![TestLayer::plain(&low), TestLayer::plain(&top)]),
            );
            let directory = create(sandbox, "box", "base");
            assert_eq!(inside(&directory, "find . | sort"), ".\n./o\n./o/above\n");
        },
    );
}

/// Runs a test with its store on what is mounted first, at the store's root; a directory is there for its needs.
fn on_another_file_system(mount_at: impl FnOnce(&Path, &Path) + Send, test: impl FnOnce(&Sandbox) + Send) {
    let work = || {
        // The mount is this thread's and its children's alone.
        unshare(CloneFlags::CLONE_FS | CloneFlags::CLONE_NEWNS).unwrap();
        let none = None::<&str>;
        mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none).unwrap();
        let (sandbox, below) = (Sandbox::new(), tempfile::tempdir().unwrap());
        fs::create_dir(sandbox.root()).unwrap();
        mount_at(&sandbox.root(), below.path());
        test(&sandbox);
        [sandbox.root(), below.path().to_owned()]
    };
    // What was mounted on could not be removed as long as there were mounts.
    let [root, below] = std::thread::scope(|scope| scope.spawn(work).join()).unwrap();
    for directory in [root.parent().unwrap(), &below] {
        let _ = fs::remove_dir_all(directory);
    }
}

fn mount_new(kind: &str, place: &Path, options: Option<&str>) {
    mount(Some(kind), place, Some(kind), MsFlags::empty(), options).unwrap();
}

fn works_on_an_overlayfs(sandbox: &Sandbox) {
    let run = sandbox.corten(&["run", "--rm", HELLO, "bytes", "2"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), "ab"), "{run:?}");
    let warnings = run.stderr.lines().filter(|line| line.contains("level=warning"));
    assert!(
        warnings.count() == 1 && run.stderr.contains("is on overlayfs"),
        "{run:?}"
    );
    load(sandbox, &image());
    let made = sandbox.corten(&["--storage-driver", "overlay2", "create", "base"]);
    assert!(
        made.code == Some(125) && made.stderr.contains("overlayfs would show files of base"),
        "{made:?}"
    );
    let made = sandbox.corten(&["create", "--storage-driver", "vfs", "--name", "box", "base"]);
    assert_eq!((made.code, made.stderr.as_str()), (Some(0), ""));
    let directory = sandbox.root().join("containers").join(made.stdout.trim());
    let mut lines = listing(&directory);
    lines.retain(|line| !line.starts_with("o d "));
    assert_eq!(lines, SHOWN);
    inside(&directory, CHANGES);
    let changed = listing(&directory);
    sandbox.ok(&["commit", "box", "made"]);
    assert_eq!(listing(&create(sandbox, "again", "made")), changed);
    assert_eq!(sandbox.ok(&["info", "--format", "{{.Driver}}"]), "vfs");
}
