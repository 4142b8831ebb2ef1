//! `diff`, `commit`, `export` and `import`: what a container changed, as a list, as an image, as files.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::fake_registry::FakeRegistry;
use super::pulls::reference;
use super::sandbox::{HELLO, Sandbox};
use super::test_image::{TestImage, TestLayer, tar_of};

/// A container named `box` of an image with some files, not started.
fn with_container() -> Sandbox {
    let (registry, sandbox) = (FakeRegistry::start(), Sandbox::new());
    let mut image = TestImage::new(vec![
        TestLayer::gzip(&tar_of(&[
            ("d/kept", b"kept"),
            ("d/gone", b"gone"),
            ("o/below", b"x"),
            ("twin", b"twin"),
        ])),
        TestLayer::gzip(&tar_of(&[("swap/file", b"x")])),
    ]);
    image.config["author"] = json!("somebody");
    image.describe();
    image.serve(&registry, "1");
    let name = reference(&registry, ":1").to_string();
    sandbox.ok(&["create", "--quiet", "--name", "box", "-e", "NEW=1", &name]);
    sandbox
}

/// Changes the container's files through a real overlayfs.
fn change(sandbox: &Sandbox, script: &str) {
    let directory = sandbox
        .root()
        .join("containers")
        .join(sandbox.inspect("box")["Id"].as_str().unwrap());
    let mounts: Value = serde_json::from_slice(&fs::read(directory.join("mounts.json")).unwrap()).unwrap();
    let options: Vec<&str> = mounts[0]["options"]
        .as_array()
        .unwrap()
        .iter()
        .map(|option| option.as_str().unwrap())
        .collect();
    let script = format!(
        "set -e; mount -t overlay overlay -o '{}' rootfs; cd rootfs; {script}",
        options.join(",")
    );
    let output = Command::new("unshare")
        .args(["--mount", "sh", "-c", &script])
        .current_dir(&directory)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{script}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

const CHANGES: &str = "rm d/gone; echo more >> d/kept; rm -r o; mkdir o; echo y > o/above; mkdir -m 1777 new; \
     ln -s /nowhere new/link; ln twin new/twin2; rm -r swap; echo z > swap; touch -d '2001-02-03 04:05:06.789 UTC' \
     new/old; chown 12345:3000000 new/old; mkfifo new/pipe; cp /bin/true new/cap; \
     dd if=/dev/zero of=new/long bs=1 count=0 seek=5000 2>/dev/null; \
     mkdir -p new/$(printf 'n%.0s' $(seq 120))/deep";

#[test]
fn diff_lists_what_was_added_changed_and_deleted() {
    let sandbox = with_container();
    assert_eq!(sandbox.ok(&["diff", "box"]), "");
    change(
        &sandbox,
        "rm d/gone; echo more >> d/kept; rm -r o; mkdir o; echo y > o/above; mkdir new; ln -s x new/link",
    );
    assert_eq!(
        sandbox.ok(&["diff", "box"]).lines().collect::<Vec<_>>(),
        [
            "C /d",
            "D /d/gone",
            "C /d/kept",
            "A /new",
            "A /new/link",
            "C /o",
            "A /o/above"
        ]
    );
}

/// The runtime makes files to mount on: they are not the container's doing.
#[test]
fn a_container_that_changed_nothing_has_no_changes() {
    let sandbox = Sandbox::new();
    sandbox.corten(&["run", "--name", "box", "-v", "/data", HELLO, "bytes", "1"]);
    assert_eq!(sandbox.ok(&["diff", "box"]), "");
}

/// All that tar can say about files: names, kinds, owners, modes, times, links, content.
fn listing(tar: &Path) -> Vec<String> {
    let output = Command::new("tar")
        .args(["--full-time", "--numeric-owner", "--xattrs", "-tvf"])
        .arg(tar)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect()
}

#[test]
fn a_committed_image_has_the_containers_files_to_the_last_detail() {
    let sandbox = with_container();
    change(&sandbox, CHANGES);
    let id = sandbox.ok(&[
        "commit",
        "-m",
        "a remark",
        "-a",
        "me",
        "-c",
        "CMD [\"/y\"]",
        "-c",
        "ENV A=b",
        "box",
        "made:1",
    ]);
    let image: Value = serde_json::from_str(&sandbox.ok(&["inspect", "made:1"])).unwrap();
    let image = &image[0];
    assert_eq!(image["Id"], id.as_str());
    assert_eq!(
        (&image["Comment"], &image["Author"]),
        (&json!("a remark"), &json!("me"))
    );
    assert_eq!(image["Config"]["Cmd"], json!(["/y"]));
    assert_eq!(image["RootFS"]["Layers"].as_array().unwrap().len(), 3);
    let env = image["Config"]["Env"].to_string();
    assert!(env.contains("NEW=1") && env.contains("A=b"), "{env}");

    let dir = tempfile::tempdir().unwrap();
    let [first, second] = ["first.tar", "second.tar"].map(|name| dir.path().join(name));
    sandbox.ok(&["export", "-o", first.to_str().unwrap(), "box"]);
    sandbox.ok(&[
        "save",
        "-o",
        dir.path().join("saved.tar").to_str().unwrap(),
        "made:1",
    ]);
    let other = Sandbox::new();
    other.ok(&["load", "-i", dir.path().join("saved.tar").to_str().unwrap()]);
    other.ok(&["create", "--name", "copy", "made:1"]);
    other.ok(&["export", "-o", second.to_str().unwrap(), "copy"]);
    let files = listing(&first);
    assert_eq!(files, listing(&second));
    assert!(
        fs::read(&first).unwrap() == fs::read(&second).unwrap(),
        "the same bytes"
    );
    let has = |words: &str| files.iter().any(|line| line.contains(words));
    for line in [
        "-rw-r--r-- 12345/3000000 0 2001-02-03 04:05:06.789 new/old",
        "new/link -> /nowhere",
        "twin link to new/twin2",
        "prw-r--r-- 0/0 0",
        "drwxrwxrwt 0/0 0",
        "o/above",
    ] {
        assert!(has(line), "{line}: {files:#?}");
    }
    assert!(
        !has("d/gone") && !has("o/below") && !has("swap/file") && !has(".wh."),
        "{files:#?}"
    );
    assert_eq!(other.ok(&["diff", "copy"]), "");
}

/// With SOURCE_DATE_EPOCH an image of the same changes is the same image.
#[test]
fn a_commit_can_be_repeated_byte_for_byte() {
    let sandbox = with_container();
    change(&sandbox, "echo x > file");
    let commit = || {
        let output = sandbox
            .command(&["commit", "box"])
            .env("SOURCE_DATE_EPOCH", "1700000000")
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let first = commit();
    change(&sandbox, "touch file d");
    change(&sandbox, "touch -d @1600000000 d");
    let changed = commit();
    assert_ne!(first, changed, "d is in it now");
    change(&sandbox, "touch file");
    assert_eq!(commit(), changed);
}

#[test]
fn a_running_container_is_committed_and_runs_on() {
    for runtime in ["corten-runtime", "runc"] {
        let sandbox = Sandbox::with(runtime);
        let id = sandbox.ok(&["run", "-d", "--name", "box", HELLO, "wait"]);
        sandbox.ok(&["commit", "box", "made"]);
        let shown = sandbox.ok(&["history", "--format", "{{.CreatedBy}}", "made"]);
        assert_eq!(shown.lines().next(), Some("/hello wait"));
        assert_eq!(sandbox.inspect(&id)["State"]["Running"], true);
        assert_eq!(sandbox.ok(&["run", "--rm", "made", "bytes", "2"]), "ab");
        sandbox.ok(&["kill", "box"]);
    }
}

#[test]
fn files_become_an_image() {
    let (sandbox, dir) = (with_container(), tempfile::tempdir().unwrap());
    change(&sandbox, CHANGES);
    let file = dir.path().join("files.tar");
    sandbox.ok(&["export", "-o", file.to_str().unwrap(), "box"]);
    let id = sandbox.ok(&[
        "import",
        "-m",
        "from files",
        "-c",
        "CMD /x",
        "-c",
        "EXPOSE 80",
        file.to_str().unwrap(),
        "flat:1",
    ]);
    let shown = sandbox.ok(&[
        "inspect",
        "--format",
        "{{.Id}} {{.Comment}} {{len .RootFS.Layers}} {{json .Config.Cmd}}",
        "flat:1",
    ]);
    assert_eq!(shown, format!("{id} from files 1 [\"/bin/sh\",\"-c\",\"/x\"]"));
    sandbox.ok(&["create", "--name", "flat", "flat:1"]);
    let again = sandbox.command(&["export", "flat"]).output().unwrap();
    assert!(
        again.stdout == fs::read(&file).unwrap(),
        "nothing was lost on the way"
    );
    let gzip = Command::new("gzip").arg("-c").arg(&file).output().unwrap().stdout;
    assert_eq!(sandbox.with_input(&["import", "-"], &gzip).code, Some(0));
    let bad = sandbox.with_input(&["import", "-"], b"no archive");
    assert!(
        bad.code == Some(1) && bad.stderr.contains("malformed tar stream"),
        "{bad:?}"
    );
}

/// What vanishes during a walk counts as not there, so that half an archive once looked whole.
#[test]
fn an_export_of_a_container_that_is_removed_meanwhile_fails() {
    use std::io::Read;
    let sandbox = with_container();
    change(&sandbox, "head -c 8000000 /dev/zero > big");
    let mut export = sandbox.spawn(&["export", "box"]);
    let mut archive = export.stdout.take().unwrap();
    archive.read_exact(&mut [0; 1]).unwrap();
    sandbox.ok(&["rm", "box"]);
    std::io::copy(&mut archive, &mut std::io::sink()).unwrap();
    let done = export.wait_with_output().unwrap();
    assert_eq!(done.status.code(), Some(1));
    let message = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(message.contains("container box was removed while"), "{message}");
}

/// In whatever way `commit` ends, the container does not stay frozen.
#[test]
fn a_commit_that_is_killed_lets_the_container_go_on() {
    for runtime in ["corten-runtime", "runc"] {
        let sandbox = Sandbox::with(runtime);
        let id = sandbox.ok(&["run", "-d", "--name", "box", HELLO, "wait"]);
        // It takes a while to read.
        let upper = sandbox.root().join("containers").join(&id).join("upper");
        let big = fs::File::create(upper.join("big")).unwrap();
        big.set_len(1 << 30).unwrap();
        let mut commit = sandbox.spawn(&["commit", "box", "made"]);
        let is_paused = || sandbox.inspect(&id)["State"]["Paused"] == true;
        while !is_paused() {
            assert_eq!(commit.try_wait().unwrap(), None, "{runtime}");
        }
        commit.kill().unwrap();
        commit.wait().unwrap();
        let begun = std::time::Instant::now();
        while is_paused() {
            assert!(begun.elapsed().as_secs() < 20, "{runtime}");
        }
    }
}

/// Half an archive was left in place of the file that was there.
#[test]
fn an_export_that_fails_leaves_the_file_that_was_there() {
    let (sandbox, dir) = (with_container(), tempfile::tempdir().unwrap());
    let file = dir.path().join("files.tar");
    fs::write(&file, "what was there").unwrap();
    let layers = sandbox.root().join("layers");
    fs::rename(&layers, sandbox.root().join("tmp/gone")).unwrap();
    let done = sandbox.corten(&["export", "-o", file.to_str().unwrap(), "box"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "what was there");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn the_id_of_a_commit_is_written_to_a_file_too() {
    let (sandbox, dir) = (with_container(), tempfile::tempdir().unwrap());
    let file = dir.path().join("id");
    let id = sandbox.ok(&["commit", "-q", "--iidfile", file.to_str().unwrap(), "box"]);
    assert_eq!(fs::read_to_string(&file).unwrap(), id);
}
