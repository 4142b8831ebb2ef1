//! What was saved goes on where it stopped.

use super::{Saved, make_fifos, succeeded};
use crate::cgroup::on_pure_v2;
use crate::lifecycle::wait_for_end;
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::{MetadataExt, symlink};
use std::os::unix::net::UnixListener;
use std::process::{Command, Stdio};

/// Counts what it hears.
const COUNTER: &str = "n=0; while :; do read line </in || continue; n=$((n+1)); echo $n >/out; done";

/// Makes the container count on; returns where it is.
fn count(saved: &Saved) -> String {
    fs::write(saved.bundle.file("rootfs/in"), "more\n").unwrap();
    fs::read_to_string(saved.bundle.file("rootfs/out"))
        .unwrap()
        .trim_end()
        .to_owned()
}

/// With `options` for both verbs.
fn counts_on(name: &str, options: &[&str]) {
    let Some(saved) = Saved::new(name, COUNTER) else {
        return;
    };
    make_fifos(&saved.bundle, &["in", "out"]);
    saved
        .bundle
        .edit(|config| config["annotations"] = json!({"org.example.key": "value"}));
    saved.start();
    assert_eq!([count(&saved), count(&saved)], ["1", "2"]);
    let before = saved.bundle.state();
    saved.checkpoint(options);
    assert_eq!(
        saved.bundle.leftovers(),
        [""; 0],
        "it is deleted once it is saved"
    );
    let pid_file = saved.bundle.file("pid");
    saved.restore(&[&["--pid-file", pid_file.to_str().unwrap()], options].concat());
    let after = saved.bundle.state();
    for key in [
        "id",
        "bundle",
        "rootfs",
        "status",
        "annotations",
        "owner",
        "ociVersion",
    ] {
        assert_eq!(before[key], after[key], "{key}");
    }
    assert_eq!(fs::read_to_string(pid_file).unwrap(), after["pid"].to_string());
    assert_eq!(count(&saved), "3");
    assert_eq!(saved.exec("cat /proc/1/comm"), "sh\n");
    let groups = fs::read_to_string(format!("/proc/{}/cgroup", after["pid"])).unwrap();
    assert!(groups.contains(saved.bundle.id()), "{groups}");
    // Once more: what was restored can be saved, too.
    saved.checkpoint(options);
    saved.restore(options);
    assert_eq!(count(&saved), "4");
}

#[test]
fn a_restored_container_goes_on() {
    counts_on("restored", &[]);
}

#[test]
fn a_restored_container_goes_on_on_pure_v2() {
    // The machine's other hierarchies are none of this container's: CRIU would save and restore all of them.
    on_pure_v2(|| counts_on("restored-v2", &["--manage-cgroups-mode", "ignore"]));
}

#[test]
fn a_paused_container_is_saved_and_limits_are_set_again() {
    let Some(saved) = Saved::new("limited", "exec sleep 1000") else {
        return;
    };
    saved.bundle.edit(|config| {
        config["linux"]["resources"]["pids"] = json!({"limit": 50});
    });
    saved.start();
    saved.bundle.must(&["pause"]);
    saved.checkpoint(&[]);
    saved.restore(&[]);
    let pids = saved.bundle.must(&["events", "--stats"]);
    assert!(pids.contains("\"pids\":{\"current\":1,\"limit\":50}"), "{pids}");
}

#[test]
fn mounts_from_outside_are_mounted_again() {
    let Some(saved) = Saved::new("mounts", "exec sleep 1000") else {
        return;
    };
    let outside = saved.bundle.file("outside");
    fs::create_dir_all(outside.join("inner")).unwrap();
    fs::write(outside.join("file"), "of a directory").unwrap();
    fs::write(saved.bundle.file("single"), "single file").unwrap();
    fs::create_dir(saved.bundle.file("rootfs/target")).unwrap();
    symlink("/target", saved.bundle.file("rootfs/link")).unwrap();
    let bind = |source: &str, destination: &str| json!({"source": saved.bundle.file(source), "destination": destination, "options": ["bind"]});
    saved.bundle.edit(|config| {
        config["mounts"].as_array_mut().unwrap().extend([
            bind("outside", "/plain"),
            bind("outside", "/link/made"),
            bind("single", "/etc/single"),
            bind("single", "/plain/inner/nested"),
        ]);
        config["linux"]["maskedPaths"] = json!(["/proc/keys", "/proc/scsi", "/sys/firmware"]);
    });
    saved.start();
    let look =
        "cat /plain/file /target/made/file /etc/single /plain/inner/nested /proc/keys; ls /sys/firmware";
    let seen = saved.exec(look);
    assert_eq!(seen, "of a directoryof a directorysingle filesingle file");
    saved.checkpoint(&[]);
    // Another root file system of the same image: its mount points must be made again.
    fs::remove_dir_all(saved.bundle.file("rootfs/target")).unwrap();
    fs::create_dir(saved.bundle.file("rootfs/target")).unwrap();
    fs::write(outside.join("file"), "of a DIRECTORY").unwrap();
    saved.restore(&[]);
    assert_eq!(saved.exec(look), seen.replace("directory", "DIRECTORY"));
}

#[test]
fn a_restored_container_owns_its_group_again() {
    on_pure_v2(|| {
        let Some(saved) = Saved::new("owner", "exec sleep 1000") else {
            return;
        };
        saved.bundle.edit(|config| {
            let namespaces = config["linux"]["namespaces"].as_array_mut().unwrap();
            namespaces.retain(|namespace| namespace["type"] != "cgroup");
            namespaces.push(json!({"type": "cgroup"}));
            let mounts = config["mounts"].as_array_mut().unwrap();
            let cgroup = mounts.iter_mut().find(|mount| mount["type"] == "cgroup").unwrap();
            cgroup["options"] = json!(["nosuid", "noexec", "nodev", "rw"]);
        });
        let owner = || {
            let group = format!("/sys/fs/cgroup/{}", saved.bundle.id());
            fs::metadata(group).unwrap().uid()
        };
        saved.start();
        let options = ["--manage-cgroups-mode", "ignore"];
        saved.checkpoint(&options);
        // Not before: only with CAP_SYS_RESOURCE does CRIU save what is another user's.
        let user = |config: &mut Value| config["process"]["user"]["uid"] = json!(1000);
        saved.bundle.edit(user);
        saved.restore(&options);
        assert_eq!(owner(), 1000);
    });
}

/// Its mount is not in its configuration.
#[test]
fn a_container_of_a_service_manager_is_saved_with_its_sockets_directory() {
    let Some(saved) = Saved::new("notify", "exec sleep 1000") else {
        return;
    };
    let mut create = saved.bundle.command(&["create", saved.bundle.id()]);
    let create = create.env("NOTIFY_SOCKET", "@nobody");
    let create = create.stdout(Stdio::null()).stderr(Stdio::null());
    assert!(create.status().unwrap().success());
    saved.bundle.must(&["start"]);
    for _ in 0..2 {
        saved.checkpoint(&[]);
        saved.restore(&[]);
        let own = saved.bundle.file("state").join(saved.bundle.id()).join("notify");
        fs::write(own.join("said"), "here\n").unwrap();
        assert_eq!(
            saved.exec("cat /run/notify/said; echo no >/run/notify/x || echo cannot"),
            "here\ncannot\n"
        );
    }
}

#[test]
fn the_streams_of_a_run_are_pipes_again_after_a_restore() {
    let Some(saved) = Saved::new("streams", COUNTER.replace(">/out", "").as_str()) else {
        return;
    };
    make_fifos(&saved.bundle, &["in"]);
    let mut run = saved.bundle.command(&["run", saved.bundle.id()]);
    let mut run = run.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut output = BufReader::new(run.stdout.take().unwrap());
    let mut line = String::new();
    fs::write(saved.bundle.file("rootfs/in"), "one\n").unwrap();
    output.read_line(&mut line).unwrap();
    assert_eq!(line, "1\n");
    saved.checkpoint(&[]);
    assert_eq!(
        run.wait().unwrap().code(),
        Some(137),
        "for who ran it, it was killed"
    );
    let mut restore = saved.criu(&["restore"]);
    let mut restore = restore
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(restore.stdout.take().unwrap());
    fs::write(saved.bundle.file("rootfs/in"), "two\n").unwrap();
    line.clear();
    output.read_line(&mut line).unwrap();
    assert_eq!(line, "2\n");
    // What runs in the foreground takes signals, too.
    let killed = saved
        .bundle
        .command(&["kill", saved.bundle.id(), "KILL"])
        .status()
        .unwrap();
    assert!(killed.success());
    assert_eq!(restore.wait().unwrap().code(), Some(137));
    assert_eq!(saved.bundle.leftovers(), [""; 0]);
}

#[test]
fn a_terminal_comes_back_through_the_console_socket() {
    let Some(saved) = Saved::new("terminal", "read line; echo heard $line; exec sleep 1000") else {
        return;
    };
    saved
        .bundle
        .edit(|config| config["process"]["terminal"] = json!(true));
    let socket = saved.bundle.file("console");
    let listener = UnixListener::bind(&socket).unwrap();
    let with_console = ["--console-socket", socket.to_str().unwrap()];
    let mut run = saved.bundle.command(&["run", "--detach"]);
    assert!(
        run.args(with_console)
            .arg(saved.bundle.id())
            .status()
            .unwrap()
            .success()
    );
    // A terminal lives as long as its master.
    let first = receive(&listener);
    saved.checkpoint(&[]);
    drop(first);
    saved.restore(&with_console);
    let mut master = receive(&listener);
    master.write_all(b"me\n").unwrap();
    let mut text = String::new();
    while !text.contains("heard me") {
        let mut bytes = [0; 256];
        let length = master.read(&mut bytes).unwrap();
        text += &String::from_utf8_lossy(&bytes[..length]);
    }
}

fn receive(listener: &UnixListener) -> fs::File {
    use std::os::fd::AsFd;
    let (connection, _) = listener.accept().unwrap();
    corten_runtime::sys::console::receive_descriptor(connection.as_fd())
        .unwrap()
        .into()
}

#[test]
fn a_network_of_somebody_else_is_joined_again() {
    let Some(saved) = Saved::new("netns", "exec sleep 1000") else {
        return;
    };
    let mut other = Command::new("unshare");
    let other = other.args(["--net", "sh", "-c", "echo ready; exec cat"]);
    let mut other = other
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut ready = String::new();
    BufReader::new(other.stdout.take().unwrap())
        .read_line(&mut ready)
        .unwrap();
    let path = format!("/proc/{}/ns/net", other.id());
    saved.bundle.edit(|config| {
        let all = config["linux"]["namespaces"].as_array_mut().unwrap();
        all.retain(|namespace| namespace["type"] != "network");
        all.push(json!({"type": "network", "path": path}));
    });
    saved.start();
    saved.checkpoint(&[]);
    saved.restore(&[]);
    let pid = saved.bundle.state()["pid"].to_string();
    let name = |pid: &str| fs::read_link(format!("/proc/{pid}/ns/net")).unwrap();
    assert_eq!(name(&pid), name(&other.id().to_string()));
    saved.bundle.must(&["delete", "--force"]);
    drop(other.stdin.take());
    other.wait().unwrap();
}

#[test]
fn left_running_it_runs_on() {
    let Some(saved) = Saved::new("left", COUNTER) else {
        return;
    };
    make_fifos(&saved.bundle, &["in", "out"]);
    saved.start();
    assert_eq!(count(&saved), "1");
    // podman says it twice.
    saved.checkpoint(&["--leave-running", "--leave-running"]);
    assert_eq!(saved.bundle.status(), "running");
    assert_eq!(count(&saved), "2");
    // The saved one is still where it was.
    saved.bundle.must(&["delete", "--force"]);
    saved.restore(&[]);
    assert_eq!(count(&saved), "2");
}

#[test]
fn a_restored_container_ends_and_is_deleted_like_any_other() {
    let Some(saved) = Saved::new("ends", "read line </in; exit 3") else {
        return;
    };
    make_fifos(&saved.bundle, &["in"]);
    saved.start();
    saved.checkpoint(&[]);
    saved.restore(&[]);
    fs::write(saved.bundle.file("rootfs/in"), "go\n").unwrap();
    wait_for_end(&saved.bundle);
    assert_eq!(saved.bundle.status(), "stopped");
    saved.bundle.must(&["delete"]);
    assert_eq!(saved.bundle.leftovers(), [""; 0]);
    succeeded(&saved.bundle.command(&["list"]).output().unwrap());
}
