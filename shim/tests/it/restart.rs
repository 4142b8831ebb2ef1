//! Containers that run again: by policy, after a pause, until they are stopped.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
use serde_json::{Value, json};

use crate::attach::Client;
use crate::fixture::{Bundle, Process, Shim, runtimes};
use crate::hanging::{hanging_at, wait_until_reached};
use crate::start_failures::wrapper;

/// Says which run it is, and fails: the file is on the writable layer, which stays.
const COUNTS: &str = "echo run >> /tmp/runs; wc -l < /tmp/runs; exit 3";

/// The container's runs so far, by the file that `COUNTS` writes.
fn runs(bundle: &Bundle) -> usize {
    let text = fs::read_to_string(bundle.path().join("upper/tmp/runs")).unwrap_or_default();
    text.lines().count()
}

fn order(dir: &Path, order: &Value) {
    fs::write(dir.join(".new"), order.to_string()).unwrap();
    fs::rename(dir.join(".new"), dir.join("restart.json")).unwrap();
}

/// Waits until the shim's state is as wanted.
fn until(dir: &Path, wanted: impl Fn(&Value) -> bool) -> Value {
    let inotify = Inotify::init(InitFlags::IN_CLOEXEC).unwrap();
    inotify.add_watch(dir, AddWatchFlags::IN_MOVED_TO).unwrap();
    loop {
        let text = fs::read(dir.join("shim.json")).unwrap_or_default();
        if let Ok(state) = serde_json::from_slice(&text)
            && wanted(&state)
        {
            return state;
        }
        inotify.read_events().unwrap();
    }
}

fn resting(shim: &Shim<'_>, runs: u64) -> Value {
    until(&shim.dir, |state| {
        state["status"] == "restarting" && state["restart_count"].as_u64() == Some(runs - 1)
    })
}

fn record(shim: &Shim<'_>) -> Value {
    serde_json::from_slice(&fs::read(shim.dir.join("exit.json")).unwrap()).unwrap()
}

#[test]
fn a_failing_container_runs_so_many_times() {
    for runtime in runtimes() {
        let bundle = Bundle::sh(COUNTS);
        let record = bundle.shim(&runtime).args(&["--restart=on-failure:2"]).run();
        assert_eq!(runs(&bundle), 3, "{runtime:?}");
        assert_eq!(record["exit_code"], 3);
        assert_eq!(record["restart_count"], 2);
        assert_eq!(record["restarting"], false);
        assert_eq!(bundle.logged_text("stdout"), "1\n2\n3\n", "one log for all runs");
    }
}

#[test]
fn success_ends_on_failure_but_not_always() {
    let runtime = &runtimes()[0];
    let bundle = Bundle::sh("exit 0");
    let record = bundle.shim(runtime).args(&["--restart=on-failure"]).run();
    assert_eq!(
        (&record["exit_code"], &record["restart_count"]),
        (&json!(0), &json!(0))
    );
    let bundle = Bundle::sh("echo run >> /tmp/runs; [ $(wc -l < /tmp/runs) -lt 3 ] || sleep 1000");
    let mut shim = bundle.shim(runtime).args(&["--restart=always"]).spawn();
    shim.expect_started();
    let state = until(&shim.dir, |state| {
        state["status"] == "running" && state["restart_count"] == 2
    });
    assert!(state["started_at"].is_string());
    order(&shim.dir, &json!({"stopped": true}));
    shim.forward(9, &state);
    let record = shim.finish();
    assert_eq!(
        (&record["exit_code"], &record["stopped"]),
        (&json!(137), &json!(true))
    );
}

#[test]
fn who_is_stopped_in_the_pause_stays_down() {
    for order_text in [json!({"stopped": true}), json!({"policy": "no"})] {
        let bundle = Bundle::sh(COUNTS);
        let mut shim = bundle.shim(&runtimes()[0]).args(&["--restart=always"]).spawn();
        shim.expect_started();
        // By then the pause is a second and a half.
        resting(&shim, 5);
        assert_eq!(record(&shim)["restarting"], true);
        order(&shim.dir, &order_text);
        assert!(
            Process::open(shim.pid().into()).ended(Duration::from_millis(1200)),
            "at once"
        );
        let record = shim.finish();
        assert_eq!(record["exit_code"], 3);
        // Whoever starts containers after a reboot goes by these.
        assert_eq!(record["restarting"], false);
        assert_eq!(record["stopped"], order_text["stopped"] == true);
        assert_eq!(runs(&bundle), 5);
    }
}

/// Nobody watched for orders while the runtime's `create` ran.
#[test]
fn who_is_stopped_while_it_is_created_again_stays_down() {
    let bundle = Bundle::sh(COUNTS);
    let (dir, first) = (bundle.path().join("shim"), bundle.path().join("first"));
    let instead = format!(
        "if [ -e {first} ]; then echo '{{\"stopped\":true}}' >{dir}/restart.json; fi; touch {first}; exec crun \"$@\"",
        first = first.display(),
        dir = dir.display(),
    );
    let mut shim = bundle
        .shim(Path::new("crun"))
        .through(wrapper(&bundle, "create", &instead))
        .args(&["--restart=always"])
        .spawn();
    shim.expect_started();
    let record = shim.finish();
    assert_eq!(
        (&record["exit_code"], &record["restarting"], &record["stopped"]),
        (&json!(3), &json!(false), &json!(true))
    );
    assert_eq!(runs(&bundle), 1);
}

#[test]
fn a_delete_that_hangs_ends_restarts_and_the_record_says_so() {
    let bundle = Bundle::sh(COUNTS);
    let runtime = hanging_at(&bundle, "delete", "crun \"$@\"");
    let mut shim = bundle
        .shim(Path::new("crun"))
        .through(runtime)
        .args(&["--restart=always", "--runtime-timeout=1"])
        .spawn();
    shim.expect_started();
    wait_until_reached(&bundle);
    // Whoever starts containers after a reboot goes by it.
    order(&shim.dir, &json!({"stopped": true}));
    let record = shim.finish();
    assert_eq!(
        (&record["exit_code"], &record["restarting"], &record["stopped"]),
        (&json!(3), &json!(false), &json!(true))
    );
    assert!(record["error"].as_str().unwrap().contains("delete"), "{record}");
    assert_eq!(bundle.logged_text("stdout"), "1\n", "the log of that run stays");
}

#[test]
fn a_signal_in_the_pause_ends_it() {
    let bundle = Bundle::sh(COUNTS);
    let mut shim = bundle.shim(&runtimes()[0]).args(&["--restart=always"]).spawn();
    shim.expect_started();
    resting(&shim, 4);
    nix::sys::signal::kill(
        nix::unistd::Pid::from_raw(shim.pid()),
        nix::sys::signal::Signal::SIGTERM,
    )
    .unwrap();
    assert_eq!(shim.finish()["exit_code"], 3);
}

#[test]
fn who_attaches_in_the_pause_sees_the_next_run() {
    let bundle = Bundle::sh(COUNTS);
    let mut shim = bundle
        .shim(&runtimes()[0])
        .args(&["--restart=on-failure:3"])
        .spawn();
    shim.expect_started();
    resting(&shim, 3);
    let seen = Client::all(&shim.dir).rest();
    assert_eq!(String::from_utf8_lossy(&seen.stdout), "4\n");
    assert_eq!(seen.exited.unwrap()["restart_count"], 3);
    shim.finish();
}

#[test]
fn a_restart_that_fails_leaves_its_reason_in_the_record() {
    let bundle = Bundle::sh(COUNTS);
    let mut shim = bundle.shim(&runtimes()[0]).args(&["--restart=always"]).spawn();
    shim.expect_started();
    resting(&shim, 4);
    fs::write(bundle.path().join("config.json"), "{").unwrap();
    let record = shim.finish();
    assert_eq!(
        (&record["exit_code"], &record["restarting"]),
        (&json!(3), &json!(false))
    );
    assert!(
        record["error"].as_str().unwrap().starts_with("create: "),
        "{record}"
    );
}

#[test]
fn a_shim_killed_in_the_pause_leaves_the_last_record() {
    let bundle = Bundle::sh(COUNTS);
    let mut shim = bundle.shim(&runtimes()[0]).args(&["--restart=always"]).spawn();
    shim.expect_started();
    resting(&shim, 4);
    shim.child.kill().unwrap();
    shim.wait();
    assert_eq!(record(&shim)["exit_code"], 3);
    shim.delete_by_hand();
}

#[test]
fn restarts_leave_no_memory_or_descriptors() {
    let bundle = Bundle::sh("echo run >> /tmp/runs; [ $(wc -l < /tmp/runs) -lt 8 ] || sleep 1000");
    let shim = bundle.shim(&runtimes()[0]).args(&["--restart=always"]).spawn();
    shim.expect_started();
    let descriptors = |shim: &Shim<'_>| {
        let path = PathBuf::from(format!("/proc/{}/fd", shim.pid()));
        fs::read_dir(path).unwrap().count()
    };
    let is_running = |count: u64| {
        move |state: &Value| state["status"] == "running" && state["restart_count"].as_u64() >= Some(count)
    };
    until(&shim.dir, is_running(7));
    let many = descriptors(&shim);
    let once = Bundle::sh("sleep 1000");
    let first = once.shim(&runtimes()[0]).args(&["--restart=always"]).spawn();
    first.expect_started();
    until(&first.dir, is_running(0));
    assert_eq!(many, descriptors(&first));
    for mut shim in [shim, first] {
        let state = shim.state();
        order(&shim.dir, &json!({"stopped": true}));
        shim.forward(9, &state);
        shim.finish();
    }
}
