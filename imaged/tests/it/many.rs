//! Many containers, and one of them stuck.

use std::fs;
use std::time::Instant;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::sandbox::{HELLO, Sandbox};

/// `CORTEN_TEST_SHIMS=200` runs as many as were promised to be listed within 50 ms by the installed program.
#[test]
fn a_shim_that_somebody_stopped_is_named_and_holds_up_no_listing() {
    let count: usize = std::env::var("CORTEN_TEST_SHIMS").map_or(12, |text| text.parse().unwrap());
    let sandbox = Sandbox::new();
    let ids: Vec<String> = (0..count)
        .map(|_| sandbox.ok(&["run", "-d", HELLO, "wait"]))
        .collect();
    let stuck = Pid::from_raw(sandbox.shim(&ids[count / 2]));
    kill(stuck, Signal::SIGSTOP).unwrap();
    // It stops when it is scheduled next.
    while !fs::read_to_string(format!("/proc/{stuck}/stat"))
        .unwrap()
        .contains(") T ")
    {
        std::thread::yield_now();
    }
    let begun = Instant::now();
    let listed = sandbox.ok(&["ps", "--no-trunc", "--format", "{{.ID}} {{.Status}}"]);
    let took = begun.elapsed();
    let state = sandbox.inspect(&ids[count / 2])["State"].clone();
    // Whatever is asserted: nobody may stay stopped.
    kill(stuck, Signal::SIGCONT).unwrap();
    println!("{count} containers listed in {took:?}");
    assert_eq!(listed.lines().count(), count);
    let named: Vec<&str> = listed
        .lines()
        .filter(|line| line.ends_with("(shim not responding)"))
        .collect();
    assert_eq!(named.len(), 1, "{listed}");
    assert!(named[0].starts_with(&ids[count / 2]));
    assert!(
        state["Error"].as_str().unwrap().contains("the shim is stopped"),
        "{state}"
    );
    assert!(
        took.as_millis() < 50 * 40,
        "{took:?}, on a machine that others use"
    );
}
