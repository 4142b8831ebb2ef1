//! Containers with ids of their own (`--userns`): who is who inside and on the disk, and that nobody is anybody else.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::sandbox::{Done, Sandbox, program, with_own_etc};

const DRIVERS: [&str; 2] = ["overlay2", "vfs"];
const MAP: &str = "--uidmap=0:100000:2000";
const APPLETS: [&str; 13] = [
    "sh", "cat", "chmod", "chown", "echo", "id", "ln", "mkdir", "mknod", "mount", "rm", "sleep", "stat",
];

/// An image with a shell, and files of several owners, as `box`.
fn load(sandbox: &Sandbox) {
    load_with(sandbox, |_| {});
}

fn load_with(sandbox: &Sandbox, more: impl FnOnce(&mut tar::Builder<Vec<u8>>)) {
    let busybox = fs::read("/usr/bin/busybox").expect("busybox-static (scripts/packages) is installed");
    let mut builder = tar::Builder::new(Vec::new());
    add(&mut builder, "bin/busybox", 0o755, (0, 0), &busybox);
    for applet in APPLETS {
        let mut header = header(tar::EntryType::Symlink, 0o777, (0, 0), 0);
        builder
            .append_link(&mut header, format!("bin/{applet}"), "busybox")
            .unwrap();
    }
    let passwd = b"root:x:0:0::/:/bin/sh\napp:x:1000:1000::/:/bin/sh\nnobody:x:65534:65534::/:\n";
    add(&mut builder, "etc/passwd", 0o644, (0, 0), passwd);
    add(
        &mut builder,
        "etc/group",
        0o644,
        (0, 0),
        b"root:x:0:\napp:x:1000:\n",
    );
    add(&mut builder, "home/mine", 0o600, (1000, 1000), b"mine\n");
    add(&mut builder, "home/suid", 0o4755, (1000, 0), b"");
    add(&mut builder, "data/mine", 0o640, (1000, 1000), b"data\n");
    // cap_net_raw+ep, as setcap writes it.
    let capability = [1, 0, 0, 2, 0, 32, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    builder
        .append_pax_extensions([("SCHILY.xattr.security.capability", &capability[..])])
        .unwrap();
    add(&mut builder, "bin/busybox-capable", 0o755, (0, 0), &busybox);
    more(&mut builder);
    let import = sandbox.with_input(
        &["import", "-c", "CMD sh", "-", "box"],
        &builder.into_inner().unwrap(),
    );
    assert_eq!(import.code, Some(0), "{import:?}");
}

fn header(kind: tar::EntryType, mode: u32, (uid, gid): (u64, u64), size: usize) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_uid(uid);
    header.set_gid(gid);
    header.set_mtime(1_000_000);
    header.set_size(size as u64);
    header
}

fn add(builder: &mut tar::Builder<Vec<u8>>, path: &str, mode: u32, owner: (u64, u64), data: &[u8]) {
    let mut header = header(tar::EntryType::Regular, mode, owner, data.len());
    builder.append_data(&mut header, path, data).unwrap();
}

fn on_each_driver(test: impl Fn(&Sandbox)) {
    for driver in DRIVERS {
        println!("{driver}");
        let sandbox = Sandbox::new().keeping(driver);
        load(&sandbox);
        test(&sandbox);
    }
}

/// The directory of a container.
fn directory(sandbox: &Sandbox, name: &str) -> PathBuf {
    let id = sandbox.inspect(name)["Id"].as_str().unwrap().to_owned();
    sandbox.root().join("containers").join(id)
}

/// Where a path of a container that was changed is on the disk.
fn on_disk(sandbox: &Sandbox, name: &str, path: &str) -> PathBuf {
    let own = match sandbox.driver {
        Some("vfs") => "rootfs",
        _ => "upper",
    };
    directory(sandbox, name).join(own).join(path)
}

fn owner(path: &Path) -> (u32, u32) {
    let data = fs::symlink_metadata(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    (data.uid(), data.gid())
}

fn config(sandbox: &Sandbox, name: &str) -> Value {
    let text = fs::read(directory(sandbox, name).join("config.json")).unwrap();
    serde_json::from_slice(&text).unwrap()
}

/// The only range of a container's users: its first on the host, and how many.
fn range(sandbox: &Sandbox, name: &str) -> (u64, u64) {
    let map = &config(sandbox, name)["linux"]["uidMappings"][0];
    (map["hostID"].as_u64().unwrap(), map["size"].as_u64().unwrap())
}

fn sh<'a>(first: &[&'a str], script: &'a str) -> Vec<&'a str> {
    [first, &["sh", "-ec", script]].concat()
}

const OWNERS: &str = "stat -c '%n %u:%g %a' /home/mine /home/suid /etc/passwd";
const SHOWN: &str = "/home/mine 1000:1000 600\n/home/suid 1000:0 4755\n/etc/passwd 0:0 644";

#[test]
fn ids_inside_are_others_on_the_host() {
    on_each_driver(|sandbox| {
        sandbox.ok(&["run", "-d", "--name", "one", MAP, "box", "sleep", "1000"]);
        let details = sandbox.inspect("one");
        let process = PathBuf::from(format!("/proc/{}", details["State"]["Pid"]));
        assert_eq!(owner(&process), (100_000, 100_000));
        let map = fs::read_to_string(process.join("uid_map")).unwrap();
        assert_eq!(
            map.split_whitespace().collect::<Vec<_>>(),
            ["0", "100000", "2000"]
        );
        assert_eq!(details["HostConfig"]["UsernsMode"], "private");
        assert_eq!(sandbox.ok(&["exec", "one", "id", "-u"]), "0");
        assert_eq!(sandbox.ok(&sh(&["exec", "one"], OWNERS)), SHOWN);
        assert_eq!(
            sandbox
                .ok(&["exec", "-u", "app", "one", "id"])
                .replace("(app)", ""),
            "uid=1000 gid=1000 groups=1000"
        );
        sandbox.ok(&["exec", "-u", "app", "one", "sh", "-c", "echo more >> /home/mine"]);
        sandbox.ok(&sh(
            &["exec", "one"],
            "echo > /new; echo > /apps; chown app:app /apps; mkdir /d; chown 7:8 /d",
        ));
        for (path, expected) in [
            ("new", (100_000, 100_000)),
            ("apps", (101_000, 101_000)),
            ("d", (100_007, 100_008)),
            ("home/mine", (101_000, 101_000)),
            ("", (100_000, 100_000)),
        ] {
            assert_eq!(owner(&on_disk(sandbox, "one", path)), expected, "{path}");
        }
        let refused = sandbox.corten(&["exec", "-u", "2000", "one", "id"]);
        assert!(
            refused.code != Some(0) && refused.stderr.contains("the user 2000 has no id of the host"),
            "{refused:?}"
        );
    });
}

#[test]
fn file_capabilities_are_good_inside() {
    on_each_driver(|sandbox| {
        let words = [
            "run",
            "--rm",
            "-u",
            "app",
            MAP,
            "box",
            "/bin/busybox-capable",
            "cat",
            "/proc/self/status",
        ];
        let status = sandbox.ok(&words);
        assert!(status.contains("CapEff:\t0000000000002000"), "{status}");
    });
}

/// Everything about the layers' files: nothing is copied, nothing given to anybody.
fn layers(sandbox: &Sandbox) -> String {
    let output = Command::new("find")
        .arg(sandbox.root().join("layers"))
        .args(["-printf", "%p %i %m %U %G %s %b %T@ %C@\n"])
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn layers_stay_as_they_are() {
    let sandbox = Sandbox::new();
    load(&sandbox);
    let before = layers(&sandbox);
    assert!(before.lines().count() > 10, "{before}");
    sandbox.ok(&sh(&["run", "--name", "one", MAP, "box"], OWNERS));
    assert_eq!(layers(&sandbox), before);
    let upper = directory(&sandbox, "one").join("upper");
    let own: Vec<_> = fs::read_dir(&upper)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert!(!own.iter().any(|name| name == "bin" || name == "home"), "{own:?}");
}

#[test]
fn a_commit_has_the_containers_owners() {
    on_each_driver(|sandbox| {
        let script = "echo > /new; echo > /apps; chown app:app /apps; chmod 4711 /apps; mkdir /d; chown 7:8 /d; \
                      ln -s x /link; chown -h 9:9 /link; rm /data/mine; echo more >> /home/mine; chmod 4755 /home/suid";
        sandbox.ok(&sh(&["run", "--name", "one", MAP, "box"], script));
        let changes = sandbox.ok(&["diff", "one"]);
        let changes: Vec<&str> = changes.lines().collect();
        for change in [
            "A /new",
            "A /apps",
            "A /d",
            "A /link",
            "D /data/mine",
            "C /home/mine",
        ] {
            assert!(changes.contains(&change), "{change}: {changes:?}");
        }
        assert!(
            !changes.iter().any(|change| change.contains("/bin")),
            "{changes:?}"
        );
        sandbox.ok(&["commit", "one", "made"]);
        let look = "stat -c '%n %u:%g %a' /new /apps /d /link /home/mine /home/suid";
        let expected = "/new 0:0 644\n/apps 1000:1000 4711\n/d 7:8 755\n/link 9:9 777\n/home/mine 1000:1000 600\n\
                        /home/suid 1000:0 4755";
        assert_eq!(sandbox.ok(&sh(&["run", "--rm", "made"], look)), expected);
        let other = "--uidmap=0:300000:1500";
        assert_eq!(sandbox.ok(&sh(&["run", "--rm", other, "made"], look)), expected);
        let archive = sandbox.root().join("tmp/export.tar");
        sandbox.ok(&["export", "-o", archive.to_str().unwrap(), "one"]);
        let mut owners = HashSet::new();
        for entry in tar::Archive::new(fs::File::open(&archive).unwrap())
            .entries()
            .unwrap()
        {
            let entry = entry.unwrap();
            owners.insert((entry.header().uid().unwrap(), entry.header().gid().unwrap()));
        }
        let all = [(0, 0), (1000, 1000), (1000, 0), (7, 8), (9, 9)];
        assert_eq!(owners, HashSet::from(all));
    });
}

#[test]
fn capabilities_and_access_lists_are_committed() {
    on_each_driver(|sandbox| {
        sandbox.ok(&["create", "--name", "one", MAP, "box"]);
        // As the container's root would; busybox has no program for it.
        let inside = |name: &str, script: &str| {
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
                .current_dir(directory(sandbox, name))
                .output()
                .unwrap();
            let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success(), "{script}: {stderr}");
            String::from_utf8(output.stdout).unwrap()
        };
        let seen = inside(
            "one",
            "stat -c %u:%g home/mine bin/busybox-capable; getfattr --only-values -n security.capability bin/busybox-capable | od -An -tu4 -w24",
        );
        let words: Vec<&str> = seen.split_whitespace().collect();
        assert_eq!(&words[..2], ["101000:101000", "100000:100000"]);
        assert_eq!(words.last(), Some(&"100000"), "the root of the namespace: {seen}");
        // A user of the container may read the file of another one: 1000, which is 101000 here, in the words of the kernel.
        let list = |id: &str| {
            format!("0200000001000600ffffffff02000600{id}04000400ffffffff10000600ffffffff20000400ffffffff")
        };
        inside(
            "one",
            &format!(
                "touch bin/busybox-capable; setfattr -n system.posix_acl_access -v 0x{} home/suid",
                list("888a0100")
            ),
        );
        sandbox.ok(&["commit", "one", "made"]);
        sandbox.ok(&["create", "--name", "two", "made"]);
        let text = inside(
            "two",
            "getcap bin/busybox-capable; getfattr -e hex -n system.posix_acl_access home/suid",
        );
        assert!(text.contains("cap_net_raw") && !text.contains("rootid"), "{text}");
        assert!(text.contains(&list("e8030000")), "{text}");
    });
}

#[test]
fn it_runs_again_after_a_stop() {
    on_each_driver(|sandbox| {
        sandbox.ok(&["run", "-d", "--name", "one", MAP, "box", "sleep", "1000"]);
        sandbox.ok(&sh(&["exec", "one"], "echo kept > /new; chown app /new"));
        for verb in [&["stop", "-t", "0"][..], &["start"], &["restart", "-t", "0"]] {
            sandbox.ok(&[verb, &["one"]].concat());
        }
        assert_eq!(
            sandbox.ok(&sh(&["exec", "one"], "cat /new; stat -c %u /new; id -u")),
            "kept\n1000\n0"
        );
        assert!(sandbox.ok(&["ps"]).contains("one"));
        sandbox.ok(&["rm", "-f", "one"]);
        sandbox.assert_empty();
    });
}

#[test]
fn files_are_copied_in_and_out() {
    on_each_driver(|sandbox| {
        let here = tempfile::tempdir().unwrap();
        let path = |name: &str| here.path().join(name).to_string_lossy().into_owned();
        fs::write(path("file"), "text").unwrap();
        fs::create_dir(path("tree")).unwrap();
        fs::write(path("tree/in"), "in").unwrap();
        std::os::unix::fs::chown(path("tree/in"), Some(1000), Some(1000)).unwrap();
        sandbox.ok(&["create", "--name", "one", MAP, "box", "sleep", "1000"]);
        for state in ["created", "running"] {
            if state == "running" {
                sandbox.ok(&["start", "one"]);
            }
            let target = |name: &str| format!("one:/home/{state}-{name}");
            sandbox.ok(&["cp", &path("file"), &target("file")]);
            sandbox.ok(&["cp", &path("tree"), &target("tree")]);
            sandbox.ok(&["cp", "-a", &path("tree"), &target("kept")]);
            let disk = |name: &str| owner(&on_disk(sandbox, "one", &format!("home/{state}-{name}")));
            assert_eq!(disk("file"), (100_000, 100_000));
            assert_eq!(disk("tree"), (100_000, 100_000));
            assert_eq!(disk("tree/in"), (100_000, 100_000));
            assert_eq!(disk("kept/in"), (101_000, 101_000));
            let (out, kept) = (path(&format!("{state}-out")), path(&format!("{state}-kept")));
            sandbox.ok(&["cp", "one:/home/mine", &out]);
            sandbox.ok(&["cp", "-a", "one:/home/suid", &kept]);
            assert_eq!(fs::read(&out).unwrap(), b"mine\n");
            assert_eq!(owner(Path::new(&out)), (0, 0));
            assert_eq!(owner(Path::new(&kept)), (1000, 0));
            assert_eq!(fs::metadata(&kept).unwrap().permissions().mode() & 0o7777, 0o4755);
        }
        // A directory that is there keeps its owner.
        sandbox.ok(&["cp", &format!("{}/.", path("tree")), "one:/home"]);
        let seen = sandbox.ok(&sh(
            &["exec", "one"],
            "stat -c %u /home /home/running-kept/in /home/in",
        ));
        assert_eq!(seen, "0\n1000\n0");
        let stream = sandbox.command(&["cp", "one:/home/mine", "-"]).output().unwrap();
        let mut archive = tar::Archive::new(stream.stdout.as_slice());
        let first = archive.entries().unwrap().next().unwrap().unwrap();
        assert_eq!(first.header().uid().unwrap(), 1000);
        std::os::unix::fs::chown(path("tree/in"), Some(5000), Some(0)).unwrap();
        let refused = sandbox.corten(&["cp", "-a", &path("tree"), "one:/home/far"]);
        assert!(
            refused.code == Some(1) && refused.stderr.contains("the user 5000 has no id of the host"),
            "{refused:?}"
        );
    });
}

#[test]
fn volumes_and_memory_belong_to_those_inside() {
    on_each_driver(|sandbox| {
        let here = tempfile::tempdir().unwrap();
        let made = here.path().join("made");
        let bind = format!("{}:/made", made.display());
        let script = "stat -c '%n %u:%g' /data /data/mine /empty /made /memory /etc/hosts /dev/shm; echo > /data/new; \
                      echo > /empty/new; echo > /made/new; echo > /memory/new; echo more >> /etc/hosts; echo > /dev/null";
        let words = [
            "run", "--name", "one", MAP, "-v", "/data", "-v", "/empty", "-v", &bind, "--tmpfs", "/memory",
            "box",
        ];
        assert_eq!(
            sandbox.ok(&sh(&words, script)),
            "/data 0:0\n/data/mine 1000:1000\n/empty 0:0\n/made 0:0\n/memory 0:0\n/etc/hosts 0:0\n/dev/shm 0:0"
        );
        let volume = directory(sandbox, "one").join("volumes/0");
        assert_eq!(owner(&volume.join("mine")), (101_000, 101_000));
        assert_eq!(owner(&volume.join("new")), (100_000, 100_000));
        assert_eq!(owner(&made.join("new")), (100_000, 100_000));
    });
}

#[test]
fn the_hosts_namespaces_are_shared_as_far_as_they_can_be() {
    let sandbox = Sandbox::new();
    load(&sandbox);
    for options in [
        &["--network", "host"][..],
        &["--pid", "host"],
        &["--ipc", "host"],
        &["--uts", "host"],
        &["--cgroupns", "host"],
        &["--cgroupns", "private"],
        &["--privileged"],
        &["--read-only", "--tmpfs", "/tmp"],
        &["--init"],
        &["--device", "/dev/zero:/dev/other"],
        &["-t"],
    ] {
        let mut words = vec!["run", "--rm", MAP];
        words.extend(options);
        words.push("box");
        let seen = sandbox.ok(&sh(
            &words,
            "id -u; cat /proc/self/uid_map; stat -c %F /sys/class /proc/self",
        ));
        let seen: Vec<&str> = seen.split_whitespace().collect();
        assert_eq!(seen[..4], ["0", "0", "100000", "2000"], "{options:?}");
    }
}

/// Runs a test where these are the machine's subordinate ids.
fn with_subordinate_ids(text: &str, test: impl FnOnce(&Sandbox) + Send) {
    with_own_etc(|| {
        for place in ["/etc/subuid", "/etc/subgid"] {
            fs::write(place, text).unwrap();
        }
        let sandbox = Sandbox::new();
        load(&sandbox);
        test(&sandbox);
    });
}

#[test]
fn ids_of_auto_are_nobody_elses() {
    with_subordinate_ids("root:1:5\ncontainers:500000:10240\n", |sandbox| {
        let children: Vec<_> = (0..8)
            .map(|number| {
                sandbox.spawn(&[
                    "create",
                    "--name",
                    &format!("c{number}"),
                    "--userns",
                    "auto",
                    "box",
                ])
            })
            .collect();
        for child in children {
            let output = child.wait_with_output().unwrap();
            assert!(
                output.status.success(),
                "{}",
                String::from_utf8_lossy(&output.stderr)
            );
        }
        let mut firsts: Vec<u64> = (0..8)
            .map(|number| {
                let (first, size) = range(sandbox, &format!("c{number}"));
                assert_eq!(size, 1024, "as the image's accounts need, at least 1024");
                first
            })
            .collect();
        firsts.sort_unstable();
        assert_eq!(
            firsts,
            (0..8).map(|number| 500_000 + number * 1024).collect::<Vec<_>>()
        );
        sandbox.ok(&["create", "--name", "small", "--userns", "auto:size=2048", "box"]);
        assert_eq!(range(sandbox, "small"), (508_192, 2048));
        let full = sandbox.corten(&["create", "--userns", "auto", "box"]);
        assert_eq!(full.code, Some(125), "{full:?}");
        assert!(full.stderr.contains("no 1024 ids in a row"), "{full:?}");
        let free = range(sandbox, "c3").0.to_string();
        sandbox.ok(&["rm", "c3"]);
        let seen = sandbox.ok(&[
            "run",
            "--name",
            "again",
            "--userns",
            "auto",
            "box",
            "cat",
            "/proc/self/uid_map",
        ]);
        assert_eq!(seen.split_whitespace().collect::<Vec<_>>(), ["0", &free, "1024"]);
        assert_eq!(sandbox.inspect("again")["HostConfig"]["UsernsMode"], "auto");
        // Who was killed before its container was one has no ids.
        let free = range(sandbox, "c4");
        sandbox.ok(&["rm", "c4"]);
        let create = ["create", "--name", "killed", "--userns", "auto", "box"];
        let killed = |step: u32| {
            // It may have become one just before it was killed.
            sandbox.corten(&["rm", "killed"]);
            let mut command = sandbox.command(&create);
            let output = command.env("CORTEN_FAULT", step.to_string()).output().unwrap();
            !output.status.success()
        };
        let steps = (1..100).take_while(|step| killed(*step)).count();
        assert!((4..99).contains(&steps), "{steps}");
        assert_eq!(range(sandbox, "killed"), free);
    });
}

#[test]
fn without_subordinate_ids_there_is_no_auto() {
    with_subordinate_ids("root:1:5\n", |sandbox| {
        let none = sandbox.corten(&["run", "--userns", "auto", "box", "id"]);
        assert_eq!(none.code, Some(125));
        assert!(
            none.stderr
                .contains("/etc/subuid has none of the user \"containers\""),
            "{none:?}"
        );
        assert!(
            none.stderr.contains("containers:2147483647:2147483648"),
            "{none:?}"
        );
        sandbox.assert_empty();
    });
}

#[test]
fn what_cannot_be_is_refused() {
    let sandbox = Sandbox::new();
    load(&sandbox);
    for (words, said) in [
        (&["--userns", "keep-id"][..], "invalid user namespace: keep-id"),
        (&["--userns", "host", MAP], "exclude --userns host"),
        (&["--userns", "private"], "needs --uidmap"),
        (&["--uidmap", "1:100000:5"], "0 is not mapped"),
        (
            &["--uidmap", "0:100000:5", "-u", "1000"],
            "the user 1000 has no id of the host",
        ),
        (
            &["--uidmap", "0:100000:5", "--group-add", "7"],
            "the group 7 has no id of the host",
        ),
        (
            &["--uidmap", "0:100000:5", "--storage-driver", "vfs"],
            "the user 1000 has no id of the host",
        ),
    ] {
        let done = sandbox.corten(&[&["create"], words, &["box"]].concat());
        assert_eq!(done.code, Some(125), "{words:?}: {done:?}");
        assert!(done.stderr.contains(said), "{words:?}: {done:?}");
    }
    sandbox.assert_empty();
}

#[test]
fn a_runtime_that_cannot_reach_the_files_is_told_from_one_that_can() {
    let sandbox = Sandbox::with("runc");
    load(&sandbox);
    let refused = sandbox.corten(&["run", "--rm", MAP, "box", "id"]);
    assert_eq!(refused.code, Some(125), "{refused:?}");
    assert!(
        refused.stderr.contains("corten-runtime does without"),
        "{refused:?}"
    );
    assert_eq!(sandbox.ok(&["run", "--rm", "box", "id", "-u"]), "0");
}

/// A shim that cannot map stands for a kernel or a file system that cannot.
#[test]
fn where_layers_cannot_be_mapped_their_files_are_copied() {
    let sandbox = Sandbox::new();
    load(&sandbox);
    let programs = tempfile::tempdir().unwrap();
    let path = |name: &str| programs.path().join(name);
    fs::copy(program("corten"), path("corten")).unwrap();
    std::os::unix::fs::symlink(program("corten-runtime"), path("corten-runtime")).unwrap();
    let script = format!(
        "#!/bin/sh\nif [ \"$1\" = mount ] && grep -q uidmap \"$5\"; then exit 1; fi\nexec {} \"$@\"\n",
        program("corten-shim").display()
    );
    fs::write(path("corten-shim"), script).unwrap();
    fs::set_permissions(path("corten-shim"), fs::Permissions::from_mode(0o755)).unwrap();
    let run = |options: &[&str]| {
        let words = [
            &["run", "--rm"],
            options,
            &[MAP, "box", "stat", "-c", "%u", "/home/mine"],
        ]
        .concat();
        let mut command = Command::new(path("corten"));
        let done = command.args(sandbox.command(&words).get_args()).output().unwrap();
        Done::from(done)
    };
    let copied = run(&[]);
    assert_eq!(
        (copied.code, copied.stdout.as_str()),
        (Some(0), "1000\n"),
        "{copied:?}"
    );
    assert!(
        copied.stderr.contains("cannot be mounted with other owners") && copied.stderr.contains("are copied"),
        "{copied:?}"
    );
    let refused = run(&["--storage-driver", "overlay2"]);
    assert_eq!(refused.code, Some(125), "{refused:?}");
    assert!(refused.stderr.contains("they need Linux 5.19"), "{refused:?}");
}

/// What an image says about owners, and what its processes try, reaches nobody of the host.
#[test]
fn an_image_gets_at_no_ids_beyond_its_own() {
    let sandbox = Sandbox::new().keeping("overlay2");
    load_with(&sandbox, |builder| {
        let busybox = fs::read("/usr/bin/busybox").unwrap();
        // Ids that are the host's: one that the container has on the host, one of the host's users.
        add(builder, "bin/busybox-other", 0o4755, (100_000, 100_000), &busybox);
        add(builder, "bin/busybox-far", 0o6755, (5000, 5000), &busybox);
        let mut device = header(tar::EntryType::Char, 0o666, (0, 0), 0);
        device.set_device_major(1).unwrap();
        device.set_device_minor(3).unwrap();
        builder.append_data(&mut device, "null", &b""[..]).unwrap();
    });
    let here = tempfile::tempdir().unwrap();
    fs::write(here.path().join("secret"), "secret").unwrap();
    fs::set_permissions(here.path().join("secret"), fs::Permissions::from_mode(0o600)).unwrap();
    fs::set_permissions(here.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let bind = format!("{}:/host", here.path().display());
    let script = "stat -c '%n %u:%g' /bin/busybox-other /bin/busybox-far /host/secret; /bin/busybox-other id -u; /bin/busybox-far id -u
        refused() { if \"$@\" 2>/dev/null; then echo \"$* did it\"; fi; }
        echo > /mine
        refused chown 5000 /mine
        refused chown 100000 /mine
        refused chown 0 /bin/busybox-far
        refused chmod 777 /bin/busybox-far
        refused cat /host/secret
        refused chmod 644 /host/secret
        refused chown 0 /host/secret
        refused mknod /zero c 1 5
        refused mount -o remount,bind,dev /
        refused cat /null
        refused sh -c 'echo > /host/new'
        chmod 4777 /mine; mount -o remount,bind,ro,nodev /; echo 'may mount'";
    let words = ["run", "--privileged", "--name", "one", MAP, "-v", &bind, "box"];
    assert_eq!(
        sandbox.ok(&sh(&words, script)),
        "/bin/busybox-other 65534:65534\n/bin/busybox-far 65534:65534\n/host/secret 65534:65534\n0\n0\nmay mount"
    );
    let mine = on_disk(&sandbox, "one", "mine");
    assert_eq!(owner(&mine), (100_000, 100_000), "set-id bits are its own root's");
    assert_eq!(fs::read_dir(here.path()).unwrap().count(), 1);
    // Nobody of the machine gets there.
    let closed = fs::metadata(directory(&sandbox, "one")).unwrap();
    assert_eq!(closed.permissions().mode() & 0o077, 0);
    // The image stays as it was: the ids that nobody had inside are those of its files.
    sandbox.ok(&["commit", "one", "made"]);
    let seen = sandbox.ok(&sh(
        &["run", "--rm", "made"],
        "stat -c '%n %u:%g %a' /bin/busybox-other /bin/busybox-far /mine",
    ));
    assert_eq!(
        seen,
        "/bin/busybox-other 100000:100000 4755\n/bin/busybox-far 5000:5000 6755\n/mine 0:0 4777"
    );
}
