//! What a shim costs while its container runs.

use std::fs;

use serde_json::json;

use crate::attach::Client;
use crate::fixture::{Bundle, pattern, runtimes};

/// Private memory of a process in KiB.
fn private_kib(pid: i32) -> u64 {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap();
    let fields = rollup.lines().filter(|line| line.starts_with("Private_"));
    fields
        .map(|line| {
            line.split_ascii_whitespace()
                .nth(1)
                .unwrap()
                .parse::<u64>()
                .unwrap()
        })
        .sum()
}

/// The file descriptors of a process.
pub fn descriptors(pid: i32) -> usize {
    fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count()
}

/// Memory of the process's own, not its files': what one more container costs. (Pages of a program that was just built
/// count as private and dirty until they reach the disk.)
pub fn anonymous_kib(pid: i32) -> u64 {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap();
    let line = rollup
        .lines()
        .find(|line| line.starts_with("Anonymous:"))
        .unwrap();
    line.split_ascii_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn memory_is_small_at_first_and_after_much_output() {
    let bundle = Bundle::sh("while read size; do yes $(seq 100) | head -c $size; echo end >&2; done");
    let mut shim = bundle.shim(&runtimes()[0]).args(&["--stdin"]).created();
    let mut client = shim.attach();
    shim.start();
    client.stdin(b"1\n");
    client.until("end\n");
    let first = anonymous_kib(shim.pid());
    assert!(first <= 1024, "{first} KiB");
    for _ in 0..4 {
        client.stdin(b"20000000\n");
        client.until("end\n");
    }
    let later = anonymous_kib(shim.pid());
    assert!(later <= 1024, "{later} KiB");
    println!(
        "private: {} KiB, own at first {first} KiB, after 80 MB {later} KiB",
        private_kib(shim.pid())
    );
    client.signal(9);
    client.rest();
    shim.finish();
}

#[test]
fn nothing_grows_with_clients_that_came_and_went() {
    let bundle = Bundle::new(&["cat"]);
    let mut shim = bundle.shim(&runtimes()[0]).args(&["--stdin"]).created();
    shim.start();
    let round = |shim: &crate::fixture::Shim<'_>| {
        let mut one = shim.attach();
        let _other = Client::silent(&shim.dir);
        let dropping = Client::connect(&shim.dir, &json!({"stdout": true, "overflow": "drop"}));
        one.stdin(&[&pattern(30_000)[..], b"\nend\n"].concat());
        one.until("end\n");
        drop(dropping);
    };
    for _ in 0..5 {
        round(&shim);
    }
    drop(shim.attach());
    let (memory, open) = (anonymous_kib(shim.pid()), descriptors(shim.pid()));
    for _ in 0..200 {
        round(&shim);
    }
    let mut last = shim.attach();
    assert!(anonymous_kib(shim.pid()) <= memory + 64, "{memory} KiB before");
    assert!(descriptors(shim.pid()) <= open + 8, "{open} descriptors before");
    last.signal(9);
    last.rest();
    shim.finish();
}
