//! `cp`: docker's rules of where things arrive, what is kept, and that nothing of a container leads out of it.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::fake_registry::FakeRegistry;
use super::pulls::reference;
use super::sandbox::{Done, HELLO, Sandbox};
use super::test_image::{TestImage, TestLayer, tar_of};

/// A sandbox with a container `box` that does not run, and a directory to copy from and to.
struct Copies {
    sandbox: Sandbox,
    here: tempfile::TempDir,
}

impl Copies {
    fn new(files: &[(&str, &[u8])], options: &[&str]) -> Self {
        let (registry, sandbox) = (FakeRegistry::start(), Sandbox::new());
        TestImage::new(vec![TestLayer::gzip(&tar_of(files))]).serve(&registry, "1");
        let name = reference(&registry, ":1").to_string();
        let mut words = vec!["create", "--quiet", "--name", "box"];
        words.extend(options);
        words.push(&name);
        sandbox.ok(&words);
        let here = tempfile::tempdir().unwrap();
        Self { sandbox, here }
    }

    /// `corten cp` with these words, in the directory.
    fn cp(&self, words: &[&str]) -> Done {
        let mut command = self.sandbox.command(&["cp"]);
        command.args(words).current_dir(self.here.path());
        command.output().unwrap().into()
    }

    fn ok(&self, words: &[&str]) {
        let done = self.cp(words);
        assert_eq!(done.code, Some(0), "cp {words:?}: {done:?}");
    }

    /// The copy fails with this text, and nothing else happens.
    fn fails(&self, words: &[&str], text: &str) {
        let done = self.cp(words);
        assert_eq!(done.code, Some(1), "cp {words:?}: {done:?}");
        assert!(done.stderr.contains(text), "cp {words:?}: {done:?}");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.here.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// What is at a path of the container, by a copy out of it.
    fn inside(&self, path: &str) -> String {
        let output = self.tar(&[&format!("box:{path}"), "-"]);
        String::from_utf8_lossy(&untar_to_stdout(&output)).into_owned()
    }

    /// The tar stream of a copy to standard output.
    fn tar(&self, words: &[&str]) -> Vec<u8> {
        let output = self.sandbox.command(&["cp"]).args(words).output().unwrap();
        assert!(
            output.status.success(),
            "{words:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        output.stdout
    }

    fn upper(&self) -> PathBuf {
        let id = self.sandbox.inspect("box")["Id"].as_str().unwrap().to_owned();
        self.sandbox.root().join("containers").join(id).join("upper")
    }
}

fn untar_to_stdout(archive: &[u8]) -> Vec<u8> {
    tar_with(archive, &["-xO"])
}

fn list(archive: &[u8]) -> String {
    String::from_utf8(tar_with(archive, &["-t"])).unwrap()
}

fn tar_with(archive: &[u8], options: &[&str]) -> Vec<u8> {
    use std::io::Write;
    let mut child = Command::new("tar")
        .args(options)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let archive = archive.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&archive));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "tar {options:?}");
    output.stdout
}

const FILES: [(&str, &[u8]); 3] = [("d/a", b"A"), ("d/sub/b", b"B"), ("f", b"F")];

#[test]
fn files_and_directories_come_out_where_docker_puts_them() {
    let copies = Copies::new(&FILES, &[]);
    copies.ok(&["box:/f", "new"]);
    assert_eq!(copies.read("new"), "F");
    copies.write("old", "old");
    copies.ok(&["box:f", "old"]);
    assert_eq!(copies.read("old"), "F", "a path without a slash is from the root");
    copies.write("t/kept", "kept");
    copies.ok(&["box:/f", "t"]);
    copies.ok(&["box:/d", "t/"]);
    copies.ok(&["box:/d/.", "t"]);
    copies.ok(&["box:/d", "fresh"]);
    copies.ok(&["box:/d/.", "dotted"]);
    for (path, text) in [
        ("t/f", "F"),
        ("t/d/sub/b", "B"),
        ("t/sub/b", "B"),
        ("t/a", "A"),
        ("t/kept", "kept"),
        ("fresh/a", "A"),
        ("dotted/sub/b", "B"),
    ] {
        assert_eq!(copies.read(path), text, "{path}");
    }
    copies.fails(&["box:/f", "missing/"], "no such directory");
    copies.fails(&["box:/f", "none/f"], "does not exist");
    copies.fails(&["box:/d", "new"], "cannot copy directory");
    copies.fails(&["box:/f", "new/"], "not a directory");
    copies.fails(
        &["box:/none", "x"],
        "Could not find the file /none in container box",
    );
    copies.fails(&["nobody:/f", "x"], "No such container: nobody");
    copies.fails(
        &["box:/f", "box:/x"],
        "copying between containers is not supported",
    );
    copies.fails(&["new", "old"], "must specify at least one container source");
    copies.fails(&["", "box:/"], "source can not be empty");
    copies.write("clash/f/x", "");
    copies.fails(
        &["box:/f", "clash"],
        "cannot overwrite directory \"f\" with non-directory",
    );
    copies.write("clash2/d", "");
    copies.fails(
        &["box:/d", "clash2"],
        "cannot overwrite non-directory \"d\" with directory",
    );
}

#[test]
fn files_and_directories_go_in_where_docker_puts_them() {
    let copies = Copies::new(&FILES, &[]);
    copies.write("s/x", "X");
    copies.write("s/deep/y", "Y");
    copies.write("file", "new");
    copies.ok(&["file", "box:/f"]);
    copies.ok(&["file", "box:/d"]);
    copies.ok(&["file", "box:/d/named"]);
    copies.ok(&["s", "box:/d"]);
    copies.ok(&["s/.", "box:/d"]);
    copies.ok(&["./s", "box:/fresh"]);
    for (path, text) in [
        ("/f", "new"),
        ("/d/file", "new"),
        ("/d/named", "new"),
        ("/d/s/x", "X"),
        ("/d/deep/y", "Y"),
        ("/fresh/x", "X"),
        ("/d/a", "A"),
    ] {
        assert_eq!(copies.inside(path), text, "{path}");
    }
    copies.fails(&["file", "box:/none/"], "no such directory");
    copies.fails(
        &["file", "box:/none/x"],
        "Could not find the file /none in container box",
    );
    copies.fails(&["s", "box:/f"], "cannot copy directory");
    copies.fails(&["none", "box:/d"], "none");
    // A time without a fraction needs no PAX header.
    let whole = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000);
    fs::File::open(copies.path("file"))
        .unwrap()
        .set_modified(whole)
        .unwrap();
    let said = copies.cp(&["file", "box:/f"]).stderr;
    assert_eq!(said, "Successfully copied 2.05kB to box:/f\n");
    let said = copies.cp(&["box:/f", "out"]).stderr;
    assert_eq!(
        said,
        format!("Successfully copied 2.05kB to {}\n", copies.path("out").display())
    );
    assert_eq!(copies.cp(&["-q", "file", "box:/f"]).stderr, "");
    assert_eq!(
        copies
            .sandbox
            .ok(&["diff", "box"])
            .lines()
            .filter(|line| line.starts_with('C'))
            .count(),
        2
    );
}

#[test]
fn streams_are_tar_archives() {
    let copies = Copies::new(&FILES, &[]);
    assert_eq!(list(&copies.tar(&["box:/d", "-"])), "d/\nd/a\nd/sub/\nd/sub/b\n");
    assert_eq!(list(&copies.tar(&["box:/d/.", "-"])), "./\na\nsub/\nsub/b\n");
    assert_eq!(list(&copies.tar(&["box:/f", "-"])), "f\n");
    let archive = tar_of(&[("in/one", b"1"), ("two", b"2")]);
    for (input, to) in [
        (archive.clone(), "/d"),
        (zstd::encode_all(&archive[..], 1).unwrap(), "/d/sub"),
    ] {
        let done = copies
            .sandbox
            .with_input(&["cp", "-", &format!("box:{to}")], &input);
        assert_eq!(done.code, Some(0), "{done:?}");
        assert_eq!(copies.inside(&format!("{to}/in/one")), "1");
    }
    let done = copies.sandbox.with_input(&["cp", "-", "box:/f"], &archive);
    assert_eq!(done.code, Some(1));
    assert!(
        done.stderr.contains("destination \"box:/f\" must be a directory"),
        "{done:?}"
    );
    let done = copies
        .sandbox
        .with_input(&["cp", "-", "box:/d"], b"no archive at all");
    assert!(
        done.code == Some(1) && done.stderr.contains("malformed tar stream"),
        "{done:?}"
    );
}

#[test]
fn links_are_copied_as_links_unless_they_are_to_be_followed() {
    let copies = Copies::new(&FILES, &[]);
    symlink("f", copies.upper().join("link")).unwrap();
    symlink("/d", copies.upper().join("dirlink")).unwrap();
    copies.ok(&["box:/link", "out"]);
    assert_eq!(fs::read_link(copies.path("out")).unwrap(), Path::new("f"));
    copies.ok(&["-L", "box:/link", "followed"]);
    assert_eq!(copies.read("followed"), "F");
    copies.ok(&["-L", "box:/dirlink", "dir"]);
    copies.ok(&["box:/dirlink/", "slash"]);
    assert_eq!(
        (copies.read("dir/a"), copies.read("slash/a")),
        ("A".into(), "A".into())
    );
    fs::create_dir(copies.path("t")).unwrap();
    copies.ok(&["-L", "box:/dirlink", "t"]);
    assert_eq!(copies.read("t/dirlink/a"), "A", "the name is the link's");
    copies.write("file", "new");
    copies.ok(&["file", "box:/link"]);
    assert_eq!(copies.inside("/f"), "new", "a target is always followed");
    copies.ok(&["file", "box:/dirlink"]);
    assert_eq!(copies.inside("/d/file"), "new");
    symlink("file", copies.path("here")).unwrap();
    copies.ok(&["here", "box:/here"]);
    copies.ok(&["-L", "here", "box:/there"]);
    assert_eq!(
        fs::read_link(copies.upper().join("here")).unwrap(),
        Path::new("file")
    );
    assert_eq!(copies.inside("/there"), "new");
}

#[test]
fn owners_modes_times_and_attributes() {
    let copies = Copies::new(&FILES, &[]);
    copies.write("file", "x");
    let file = copies.path("file");
    chown(&file, Some(1234), Some(2345)).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o4711)).unwrap();
    let attribute = ["-n", "user.note", "-v", "kept"];
    assert!(
        Command::new("setfattr")
            .args(attribute)
            .arg(&file)
            .status()
            .unwrap()
            .success()
    );
    assert!(
        Command::new("touch")
            .args(["-d", "2001-02-03 04:05:06.789"])
            .arg(&file)
            .status()
            .unwrap()
            .success()
    );
    fs::hard_link(&file, copies.path("twin")).unwrap();
    copies.ok(&["file", "box:/plain"]);
    copies.ok(&["-a", "file", "box:/archived"]);
    let of = |path: &Path| {
        let data = fs::symlink_metadata(path).unwrap();
        (
            data.uid(),
            data.gid(),
            data.mode() & 0o7777,
            data.mtime(),
            data.mtime_nsec(),
        )
    };
    let time = (fs::metadata(&file).unwrap().mtime(), 789_000_000);
    assert_eq!(of(&copies.upper().join("plain")), (0, 0, 0o4711, time.0, time.1));
    assert_eq!(
        of(&copies.upper().join("archived")),
        (1234, 2345, 0o4711, time.0, time.1)
    );
    // Out of a container nothing comes with privileges unless it is asked for.
    copies.ok(&["box:/archived", "out"]);
    assert_eq!(of(&copies.path("out")), (0, 0, 0o711, time.0, time.1));
    copies.ok(&["-a", "box:/archived", "kept"]);
    assert_eq!(of(&copies.path("kept")), (1234, 2345, 0o4711, time.0, time.1));
    for path in [
        copies.upper().join("plain"),
        copies.path("out"),
        copies.path("kept"),
    ] {
        let shown = Command::new("getfattr")
            .args(["--only-values", "-n", "user.note"])
            .arg(&path)
            .output()
            .unwrap();
        assert_eq!(shown.stdout, b"kept", "{}", path.display());
    }
    // Files with several names stay one.
    copies.write("links/one", "x");
    fs::hard_link(copies.path("links/one"), copies.path("links/two")).unwrap();
    copies.ok(&["links", "box:/links"]);
    copies.ok(&["box:/links", "back"]);
    let inode = |name: &str| fs::metadata(copies.path(name)).unwrap().ino();
    assert_eq!(inode("back/one"), inode("back/two"));
    assert_ne!(inode("back/one"), inode("links/one"));
}

#[test]
fn a_containers_devices_are_not_made_here() {
    let copies = Copies::new(&FILES, &[]);
    let device = nix::sys::stat::makedev(1, 3);
    let kind = nix::sys::stat::SFlag::S_IFBLK;
    fs::create_dir_all(copies.upper().join("d")).unwrap();
    nix::sys::stat::mknod(
        &copies.upper().join("d/disk"),
        kind,
        nix::sys::stat::Mode::S_IRWXO,
        device,
    )
    .unwrap();
    let done = copies.cp(&["box:/d", "out"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(
        done.stderr
            .contains("out/disk is a device of the container and was left out"),
        "{done:?}"
    );
    assert!(!copies.path("out/disk").exists());
    copies.ok(&["-a", "box:/d", "archived"]);
    assert_eq!(fs::metadata(copies.path("archived/disk")).unwrap().rdev(), device);
}

#[test]
fn volumes_and_bind_mounts_are_seen_in_a_container_that_does_not_run() {
    let host = tempfile::tempdir().unwrap();
    fs::write(host.path().join("of-host"), "H").unwrap();
    let bind = format!("{}:/bound", host.path().display());
    let read_only = format!("{}:/link/locked:ro", host.path().display());
    let copies = Copies::new(&FILES, &["-v", &bind, "-v", "/volume", "-v", &read_only]);
    // A link of the image on the way to a mount stays inside.
    symlink("../../../../d", copies.upper().join("link")).unwrap();
    copies.write("file", "new");
    copies.ok(&["file", "box:/bound/file"]);
    copies.ok(&["file", "box:/volume/file"]);
    assert_eq!(fs::read_to_string(host.path().join("file")).unwrap(), "new");
    assert!(copies.upper().parent().unwrap().join("volumes/0/file").exists());
    assert!(!copies.upper().join("volume/file").exists());
    assert_eq!(copies.inside("/bound/of-host"), "H");
    assert_eq!(copies.inside("/d/locked/of-host"), "H");
    copies.fails(&["file", "box:/d/locked/x"], "read-only file system");
    copies.ok(&["box:/etc/hostname", "name"]);
    assert_eq!(
        copies.read("name").trim(),
        copies.sandbox.inspect("box")["Config"]["Hostname"]
            .as_str()
            .unwrap()
    );
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    assert!(
        !mounts.contains(copies.sandbox.root().to_str().unwrap()),
        "nothing is mounted out here"
    );
}

#[test]
fn a_root_that_is_read_only_stays_so() {
    let copies = Copies::new(&FILES, &["--read-only", "-v", "/volume"]);
    copies.write("file", "new");
    copies.fails(&["file", "box:/f"], "read-only file system");
    copies.ok(&["file", "box:/volume"]);
    copies.ok(&["box:/f", "out"]);
}

#[test]
fn a_running_container_is_copied_from_and_to() {
    for runtime in super::sandbox::RUNTIMES {
        let sandbox = Sandbox::with(runtime);
        let words = [
            "run", "-d", "--name", "box", "--tmpfs", "/memory", "-v", "/volume", HELLO, "wait",
        ];
        sandbox.ok(&words);
        let copies = Copies {
            sandbox,
            here: tempfile::tempdir().unwrap(),
        };
        copies.write("file", "new");
        for place in ["/top", "/memory/file", "/volume/file"] {
            copies.ok(&["file", &format!("box:{place}")]);
            assert_eq!(copies.inside(place), "new", "{place}");
        }
        copies.fails(&["box:/proc/1/status", "x"], "the kernel's interface");
        copies.fails(&["box:/sys/kernel", "x"], "the kernel's interface");
        copies.fails(&["file", "box:/proc/file"], "the kernel's interface");
        assert_eq!(
            list(&copies.tar(&["box:/", "-"]))
                .lines()
                .filter(|line| line.starts_with("proc/"))
                .count(),
            1
        );
        copies.sandbox.ok(&["pause", "box"]);
        copies.ok(&["box:/top", "paused"]);
        copies.sandbox.ok(&["unpause", "box"]);
        copies.sandbox.ok(&["kill", "box"]);
    }
}

/// CVE-2026-41567: docker once looked for the decompressor in the container.
#[test]
fn no_program_of_the_container_is_run() {
    let trap: &[u8] = b"#!/bin/sh\ntouch /tmp/corten-trap-sprung\n";
    let names = ["gzip", "unpigz", "xz", "zstd", "tar", "cat"];
    let files: Vec<(String, &[u8])> = names.iter().map(|name| (format!("bin/{name}"), trap)).collect();
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, text)| (name.as_str(), *text)).collect();
    let copies = Copies::new(&files, &[]);
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut encoder, &tar_of(&[("x", b"X")])).unwrap();
    let done = copies
        .sandbox
        .with_input(&["cp", "-", "box:/"], &encoder.finish().unwrap());
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(copies.inside("/x"), "X");
    assert!(!Path::new("/tmp/corten-trap-sprung").exists());
}

/// Links of a container that point at the host's files lead into the container.
#[test]
fn links_of_a_container_stay_inside() {
    let copies = Copies::new(&FILES, &[]);
    let secret = tempfile::tempdir().unwrap();
    fs::write(secret.path().join("key"), "secret").unwrap();
    for (name, target) in [
        ("absolute", secret.path().to_path_buf()),
        (
            "climbing",
            Path::new("../../../../../../..").join(secret.path().strip_prefix("/").unwrap()),
        ),
        ("magic", PathBuf::from("/proc/self/root")),
    ] {
        symlink(target, copies.upper().join(name)).unwrap();
        copies.write("file", "new");
        for follow in [&["-L"][..], &[]] {
            let done = copies.cp(&[follow, &[&format!("box:/{name}/key"), "stolen"]].concat());
            assert_eq!(done.code, Some(1), "{name}: {done:?}");
            assert!(!copies.path("stolen").exists(), "{name}");
        }
        let done = copies.cp(&["file", &format!("box:/{name}/planted")]);
        assert_eq!(done.code, Some(1), "{name}: {done:?}");
        assert!(!secret.path().join("planted").exists(), "{name}");
    }
    // An archive cannot do it by links of its own, either.
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Symlink);
    header.set_size(0);
    builder.append_link(&mut header, "out", secret.path()).unwrap();
    let mut header = tar::Header::new_gnu();
    header.set_size(3);
    header.set_mode(0o644);
    builder
        .append_data(&mut header, "out/planted", &b"bad"[..])
        .unwrap();
    let archive = builder.into_inner().unwrap();
    copies.sandbox.with_input(&["cp", "-", "box:/d"], &archive);
    assert!(!secret.path().join("planted").exists());
    let mut climbing = tar_of(&[("aa/planted", b"bad")]);
    climbing[..2].copy_from_slice(b"..");
    let sum: u32 = climbing[..512]
        .iter()
        .enumerate()
        .map(|(at, byte)| {
            if (148..156).contains(&at) {
                32
            } else {
                u32::from(*byte)
            }
        })
        .sum();
    climbing[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    let done = copies.sandbox.with_input(&["cp", "-", "box:/d"], &climbing);
    assert!(done.code == Some(1) && done.stderr.contains("'..'"), "{done:?}");
}

/// CVE-2018-15664, CVE-2026-41568, CVE-2026-42306: a process that exchanges a directory for a link to the host's while
/// files are copied. What is copied out is never the host's, and what is copied in never lands there.
#[test]
fn a_racing_process_leads_nowhere() {
    let secret = tempfile::tempdir().unwrap();
    fs::write(secret.path().join("key"), "secret").unwrap();
    let volume = tempfile::tempdir().unwrap();
    let bind = format!("{}:/shared", volume.path().display());
    let copies = Copies::new(&FILES, &["-v", &bind]);
    fs::create_dir(volume.path().join("swap")).unwrap();
    fs::write(volume.path().join("swap/key"), "open").unwrap();
    symlink(secret.path(), volume.path().join("other")).unwrap();
    copies.write("file", "planted");
    // Another container that has the directory, too, would do this.
    let racer = Racer::start(&volume.path().join("swap"), &volume.path().join("other"));
    for round in 0..40 {
        let out = format!("out{round}");
        let _ = copies.cp(&["box:/shared/swap/key", &out]);
        if let Ok(text) = fs::read_to_string(copies.path(&out)) {
            assert_eq!(text, "open");
        }
        let out = format!("dir{round}");
        let _ = copies.cp(&["-L", "box:/shared/swap", &out]);
        // The link itself is a fair copy of what was there just then; what it is here is another matter.
        let is_link = copies.path(&out).is_symlink();
        if let (Ok(text), false) = (fs::read_to_string(copies.path(&out).join("key")), is_link) {
            assert_eq!(text, "open");
        }
        let _ = copies.cp(&["file", "box:/shared/swap/planted"]);
        let _ = copies.cp(&["file", "box:/shared/swap"]);
        let there: Vec<_> = fs::read_dir(secret.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(there, [OsStr::new("key")]);
    }
    assert!(racer.stop() > 100, "the racer raced");
}

/// A thread that exchanges two names as fast as it can.
struct Racer {
    stop: std::sync::Arc<std::sync::atomic::AtomicBool>,
    thread: std::thread::JoinHandle<u64>,
}

impl Racer {
    fn start(one: &Path, other: &Path) -> Self {
        use nix::fcntl::{RenameFlags, renameat2};
        use std::sync::atomic::Ordering;
        let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        let (one, other, told) = (one.to_path_buf(), other.to_path_buf(), stop.clone());
        let thread = std::thread::spawn(move || {
            let mut swaps = 0;
            while !told.load(Ordering::Relaxed) {
                let cwd = nix::fcntl::AT_FDCWD;
                renameat2(cwd, &one, cwd, &other, RenameFlags::RENAME_EXCHANGE).unwrap();
                swaps += 1;
            }
            swaps
        });
        Self { stop, thread }
    }

    fn stop(self) -> u64 {
        self.stop.store(true, std::sync::atomic::Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}
