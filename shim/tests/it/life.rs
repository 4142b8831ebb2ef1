//! Whole lives of containers: exit codes, signals, records, holding, the end of the caller.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::attach::Client;
use crate::fixture::{Bundle, runtimes, script};

#[test]
fn exit_codes_are_recorded() {
    for runtime in runtimes() {
        for code in [0, 1, 42, 255] {
            let bundle = Bundle::sh(&format!("exit {code}"));
            let record = bundle.shim(&runtime).run();
            assert_eq!(
                (&record["exit_code"], &record["signal"]),
                (&json!(code), &Value::Null),
                "{runtime:?}"
            );
            assert_eq!(record["version"], 1);
            assert_eq!(record["id"], bundle.id);
            assert_eq!(record["oom_killed"], false);
            let (started, finished) = (
                record["started_at"].as_str().unwrap(),
                record["finished_at"].as_str().unwrap(),
            );
            assert!(started[..19] <= finished[..19], "{started} {finished}");
        }
    }
}

#[test]
fn death_by_any_signal_is_recorded() {
    for runtime in runtimes() {
        // 37 is a real-time signal, which has no name.
        for signal in [1, 9, 15, 37] {
            let mut bundle = Bundle::new(&["sleep", "1000"]);
            // The init of a pid namespace can only be killed by SIGKILL: here it has none of its own.
            bundle.config["linux"]["namespaces"] = json!([{"type": "mount"}]);
            let mut shim = bundle.shim(&runtime).created();
            let mut client = shim.attach();
            shim.start();
            client.signal(signal);
            let told = client.rest().exited.expect("the record");
            let record = shim.finish();
            assert_eq!(told, record);
            assert_eq!(
                (&record["exit_code"], &record["signal"]),
                (&json!(128 + signal), &json!(signal)),
                "{runtime:?}"
            );
        }
    }
}

#[test]
fn signals_to_the_shim_reach_init() {
    for runtime in runtimes() {
        let bundle =
            Bundle::sh("trap 'echo got it; exit 7' TERM; echo ready; while :; do sleep 1000 & wait; done");
        let mut shim = bundle.shim(&runtime).created();
        let mut client = shim.attach();
        shim.start();
        client.until("ready\n");
        nix::sys::signal::kill(
            nix::unistd::Pid::from_raw(shim.pid()),
            nix::sys::signal::Signal::SIGTERM,
        )
        .unwrap();
        client.until("got it\n");
        assert_eq!(shim.finish()["exit_code"], 7);
    }
}

#[test]
fn state_names_shim_and_init() {
    let bundle = Bundle::new(&["cat"]);
    let shim = bundle.shim(&runtimes()[0]).args(&["--stdin"]).created();
    let state = shim.state();
    assert_eq!(
        (&state["version"], &state["status"]),
        (&json!(1), &json!("created"))
    );
    assert_eq!(state["pid"], shim.pid());
    for (pid, start) in [("pid", "start_time"), ("init_pid", "init_start_time")] {
        let stat = fs::read_to_string(format!("/proc/{}/stat", state[pid])).unwrap();
        assert_eq!(
            state[start].to_string(),
            stat.rsplit(") ").next().unwrap().split(' ').nth(19).unwrap()
        );
    }
    let mut client = shim.attach();
    shim.start();
    assert_eq!(shim.state()["status"], "running");
    client.signal(9);
    client.rest();
    let mut shim = shim;
    shim.finish();
    assert_eq!(shim.state()["status"], "exited");
}

#[test]
fn a_held_container_waits_for_its_start() {
    for runtime in runtimes() {
        let bundle = Bundle::sh("echo started");
        let mut shim = bundle.shim(&runtime).created();
        let mut client = shim.attach();
        assert_eq!(bundle.logged(), Vec::<Value>::new());
        shim.start();
        assert_eq!(client.rest().stdout, b"started\n");
        assert_eq!(shim.finish()["exit_code"], 0);
    }
}

#[test]
fn a_caller_that_goes_while_held_leaves_nothing() {
    for runtime in runtimes() {
        let bundle = Bundle::sh("echo never");
        let mut shim = bundle.shim(&runtime).created();
        let mut client = shim.attach();
        shim.control = None;
        assert_eq!(shim.wait().code(), Some(1));
        assert!(client.rest().exited.is_none());
        shim.assert_nothing_left();
        assert!(!shim.dir.join("exit.json").exists());
        assert_eq!(bundle.logged(), Vec::<Value>::new());
    }
}

#[test]
fn a_caller_that_goes_later_changes_nothing() {
    let bundle = Bundle::sh("exit 5");
    let mut shim = bundle.shim(&runtimes()[0]).spawn();
    shim.control = None;
    assert_eq!(shim.finish()["exit_code"], 5);
}

#[test]
fn a_stale_record_is_gone_before_the_next_run() {
    let bundle = Bundle::sh("exit 3");
    fs::write(bundle.path().join("shim/exit.json"), "{}").unwrap();
    let mut shim = bundle.shim(&runtimes()[0]).created();
    assert!(!shim.dir.join("exit.json").exists());
    shim.start();
    assert_eq!(shim.finish()["exit_code"], 3);
}

#[test]
fn a_second_shim_for_the_directory_is_refused() {
    let bundle = Bundle::new(&["sleep", "1000"]);
    let mut first = bundle.shim(&runtimes()[0]).created();
    let mut second = bundle.shim(&runtimes()[0]).spawn();
    let told = second.message();
    assert_eq!(told["step"], "setup");
    assert!(
        told["message"].as_str().unwrap().contains("another shim holds"),
        "{told}"
    );
    assert_eq!(second.wait().code(), Some(1));
    let mut client = first.attach();
    first.start();
    client.signal(9);
    assert_eq!(first.finish()["exit_code"], 137);
}

#[test]
fn the_exit_command_runs_last_and_without_the_lock() {
    let bundle = Bundle::sh("exit 4");
    let script = "cp \"$1/exit.json\" \"$1/seen\"; flock -n \"$1/shim.lock\" -c \"echo free >>'$1/seen'\"; \
                  grep -c \"$2\" /proc/self/mountinfo >>\"$1/seen\"; exit 0";
    let dir = bundle.path().join("shim").display().to_string();
    let words = ["sh", "-c", script, "sh", &dir, &bundle.id];
    let args: Vec<&str> = words.iter().flat_map(|word| ["--exit-command", word]).collect();
    let mut shim = bundle.shim(&runtimes()[0]).args(&args).spawn();
    assert!(shim.wait().success());
    let seen = fs::read_to_string(shim.dir.join("seen")).unwrap();
    assert!(
        seen.contains("\"exit_code\":4") && seen.ends_with("free\n0\n"),
        "{seen}"
    );
    fs::remove_file(shim.dir.join("seen")).unwrap();
    shim.assert_nothing_left();
}

#[test]
fn paths_may_be_longer_than_a_socket_address() {
    for runtime in runtimes() {
        let mut bundle = Bundle::sh("tty; cat");
        bundle.config["process"]["terminal"] = json!(true);
        let dir = bundle.path().join("d".repeat(120)).join("e".repeat(200));
        fs::create_dir_all(&dir).unwrap();
        let mut shim = bundle
            .shim(&runtime)
            .dir(&dir)
            .args(&["--tty", "--stdin"])
            .created();
        let mut client = Client::all(&dir);
        shim.start();
        client.until("/dev/");
        client.stdin(b"\x04");
        client.rest();
        assert_eq!(shim.finish()["exit_code"], 0);
    }
}

#[test]
fn the_runtime_inherits_no_signal_setting_and_no_descriptor() {
    let bundle = Bundle::sh("exit 0");
    let wrapper = bundle.path().join("wrapper");
    let seen = bundle.path().join("seen");
    // `ls` has the directory itself open, as 3.
    let look = format!(
        "#!/bin/sh\n{{ grep -E '^Sig(Blk|Ign)' /proc/self/status; ls /proc/self/fd; }} >{}\nexec crun \"$@\"\n",
        seen.display()
    );
    script(&wrapper, &look);
    let mut shim = bundle.shim(Path::new("crun")).through(wrapper).spawn();
    shim.expect_started();
    shim.finish();
    // glibc's posix_spawn ignores 32 and 33, its own, in every child.
    let seen = fs::read_to_string(seen)
        .unwrap()
        .replace("SigIgn:\t0000000180000000", "SigIgn:\t0000000000000000");
    assert_eq!(
        seen,
        "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n0\n1\n2\n3\n"
    );
}
