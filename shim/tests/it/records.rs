//! Exit codes that survive full and broken disks, and what init used.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::attach::{Client, HELLO, WELCOME};
use crate::fixture::{Bundle, PATIENCE, runtimes};

/// A small file system of its own, gone with this.
struct Disk(PathBuf);

impl Disk {
    fn new(bundle: &Bundle) -> Self {
        let path = bundle.path().join("disk");
        fs::create_dir(&path).unwrap();
        let disk = Self(path);
        disk.run("mount", &["-t", "tmpfs", "-o", "size=64k", "tmpfs"]);
        disk
    }

    fn run(&self, command: &str, words: &[&str]) {
        let status = Command::new(command).args(words).arg(&self.0).status().unwrap();
        assert!(status.success(), "{command} {words:?}");
    }

    fn fill(&self) {
        let mut block = vec![0; 64 << 10];
        while !block.is_empty() {
            let name = format!("block{}", block.len());
            if fs::write(self.0.join(name), &block).is_err() {
                block.truncate(block.len() / 2);
            }
        }
    }

    fn record(&self) -> Option<Value> {
        let text = fs::read(self.0.join("exit.json")).ok()?;
        serde_json::from_slice(&text).ok()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        self.run("umount", &[]);
    }
}

fn run_on(disk: &Disk, bundle: &Bundle, spoil: impl FnOnce()) -> Value {
    let exit_file = disk.0.join("exit.json");
    let args = ["--stdin", "--exit-file", exit_file.to_str().unwrap()];
    let mut shim = bundle.shim(&runtimes()[0]).args(&args).created();
    let mut client = shim.attach();
    shim.start();
    spoil();
    client.stdin(b"\n");
    let told = client.rest().exited.expect("the record");
    assert!(shim.wait().success());
    told
}

#[test]
fn a_full_disk_takes_the_record_all_the_same() {
    let bundle = Bundle::sh("read x; exit 42");
    let disk = Disk::new(&bundle);
    let told = run_on(&disk, &bundle, || disk.fill());
    assert_eq!(told["exit_code"], 42);
    assert_eq!(disk.record(), Some(told));
}

#[test]
fn a_disk_that_refuses_leaves_the_record_in_memory() {
    let bundle = Bundle::sh("read x; exit 42");
    let disk = Disk::new(&bundle);
    // A move within the directory fails when its name is a directory that is not empty.
    let in_the_way = disk.0.join("exit.json/x");
    let told = run_on(&disk, &bundle, || fs::create_dir_all(in_the_way).unwrap());
    assert_eq!(told["exit_code"], 42);
    let spare: Value =
        serde_json::from_slice(&fs::read(bundle.path().join("shim/exit.json")).unwrap()).unwrap();
    assert_eq!(spare, told);
}

#[test]
fn what_init_used_is_recorded() {
    let bundle = Bundle::sh(
        "i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done; dd if=/dev/zero of=/dev/null bs=20M count=1",
    );
    let record = bundle.shim(&runtimes()[0]).run();
    let usage = &record["usage"];
    assert!(usage["user_usec"].as_u64().unwrap() > 0, "{usage}");
    assert!(usage["max_rss"].as_u64().unwrap() > 20 << 20, "{usage}");
}

/// Processor time of a process, in clock ticks.
fn ticks(pid: i32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let (_, rest) = stat.rsplit_once(')').unwrap();
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

/// The shim spun when it had no descriptor for a client that waited.
#[test]
fn a_client_without_a_descriptor_waits_and_nobody_spins() {
    let bundle = Bundle::sh("read x");
    let mut shim = bundle.shim(&runtimes()[0]).args(&["--stdin"]).created();
    shim.start();
    drop(shim.attach());
    let mut first = shim.attach();
    let limit = |soft: usize| {
        let limit = format!("--nofile={soft}:1024");
        let pid = shim.pid().to_string();
        assert!(
            Command::new("prlimit")
                .args(["--pid", &pid, &limit])
                .status()
                .unwrap()
                .success()
        );
    };
    limit(3);
    let mut waiting = Client::silent(&shim.dir);
    waiting.send(HELLO, json!({"stdin": true}).to_string().as_bytes());
    let before = ticks(shim.pid());
    waiting
        .socket
        .set_read_timeout(Some(Duration::from_millis(1500)))
        .unwrap();
    let mut byte = [0];
    let refused = std::io::Read::read(&mut waiting.socket, &mut byte);
    assert!(refused.is_err(), "there is no descriptor for it");
    assert!(ticks(shim.pid()) - before < 20, "it spins");
    limit(1024);
    waiting.socket.set_read_timeout(Some(PATIENCE)).unwrap();
    assert_eq!(waiting.receive().unwrap().0, WELCOME);
    first.stdin(b"\n");
    first.rest();
    shim.finish();
}

pub fn journal(dir: &Path) -> (UnixDatagram, String) {
    let path = dir.join("journal.sock");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    (socket, path.to_str().unwrap().to_owned())
}

/// The `MESSAGE` of the next record.
pub fn message(socket: &UnixDatagram) -> (String, String) {
    let mut buffer = vec![0; 65_536];
    let length = socket.recv(&mut buffer).unwrap();
    let text = String::from_utf8(buffer[..length].to_vec()).unwrap();
    let message = text
        .lines()
        .find_map(|line| line.strip_prefix("MESSAGE="))
        .unwrap();
    (message.to_owned(), text.clone())
}

#[test]
fn systemds_journal_gets_every_line_however_slow_it_is() {
    let bundle = Bundle::sh("for i in $(seq 2000); do echo line $i; done; echo last >&2");
    let (socket, path) = journal(bundle.path());
    let args = [
        "--log-driver=journald",
        "--log-socket",
        &path,
        "--log-field",
        "CONTAINER_ID=abc",
    ];
    let mut shim = bundle.shim(&runtimes()[0]).unlogged().args(&args).created();
    shim.start();
    for number in 1..=2000 {
        let (message, text) = message(&socket);
        assert_eq!(message, format!("line {number}"));
        assert!(
            text.contains("CONTAINER_ID=abc\n") && text.contains("PRIORITY=6\n"),
            "{text}"
        );
    }
    let (message, text) = message(&socket);
    assert!(message == "last" && text.contains("PRIORITY=3\n"), "{text}");
    shim.finish();
}

#[test]
fn without_a_journal_nothing_is_started() {
    let bundle = Bundle::sh("true");
    let mut shim = bundle
        .shim(&runtimes()[0])
        .unlogged()
        .args(&["--log-driver=journald", "--log-socket=/nowhere/socket"])
        .spawn();
    let told = shim.finish_failed();
    assert_eq!(told["step"], "setup");
    assert!(
        told["message"].as_str().unwrap().contains("/nowhere/socket"),
        "{told}"
    );
}
