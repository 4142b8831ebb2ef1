//! Restart policies, as people use them.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
use serde_json::Value;

use crate::sandbox::{HELLO, RUNTIMES, Sandbox};

/// Waits until the shim's state is as wanted.
fn until(sandbox: &Sandbox, id: &str, wanted: impl Fn(&Value) -> bool) {
    let directory = sandbox.state().join("shims").join(id);
    let inotify = Inotify::init(InitFlags::IN_CLOEXEC).unwrap();
    inotify.add_watch(&directory, AddWatchFlags::IN_MOVED_TO).unwrap();
    loop {
        let text = fs::read(directory.join("shim.json")).unwrap_or_default();
        if serde_json::from_slice(&text).is_ok_and(|state| wanted(&state)) {
            return;
        }
        inotify.read_events().unwrap();
    }
}

/// A container that fails at once, in a pause of at least 800 ms.
fn resting(sandbox: &Sandbox, policy: &str) -> String {
    let id = sandbox.ok(&["run", "-d", "--restart", policy, HELLO, "exit", "3"]);
    until(sandbox, &id, |state| {
        state["status"] == "restarting" && state["restart_count"] == 3
    });
    id
}

#[test]
fn a_container_that_fails_is_restarted_so_many_times() {
    for runtime in RUNTIMES {
        let sandbox = Sandbox::with(runtime);
        let id = sandbox.ok(&["run", "-d", "--restart", "on-failure:2", HELLO, "exit", "3"]);
        until(&sandbox, &id, |state| state["status"] == "exited");
        sandbox.ok(&["stop", &id]);
        let details = sandbox.inspect(&id);
        assert_eq!(details["RestartCount"], 2, "{runtime}");
        assert_eq!(details["State"]["Status"], "exited");
        assert_eq!(details["State"]["ExitCode"], 3);
        assert_eq!(details["HostConfig"]["RestartPolicy"]["Name"], "on-failure");
        assert_eq!(details["HostConfig"]["RestartPolicy"]["MaximumRetryCount"], 2);
        // A person's start counts anew.
        sandbox.ok(&["start", &id]);
        until(&sandbox, &id, |state| state["status"] == "exited");
        assert_eq!(sandbox.inspect(&id)["RestartCount"], 2);
    }
}

#[test]
fn between_two_runs_it_is_restarting() {
    let sandbox = Sandbox::new();
    let id = resting(&sandbox, "always");
    let state = sandbox.inspect(&id)["State"].clone();
    assert_eq!(state["Status"], "restarting");
    assert_eq!(
        (&state["Running"], &state["Restarting"]),
        (&true.into(), &true.into())
    );
    assert_eq!((&state["ExitCode"], &state["Pid"]), (&3.into(), &0.into()));
    let shown = sandbox.ok(&["ps", "--format", "{{.State}}|{{.Status}}"]);
    assert!(shown.starts_with("restarting|Restarting (3) "), "{shown}");
    assert_eq!(
        sandbox.ok(&["ps", "-q", "--no-trunc", "--filter", "status=restarting"]),
        id
    );
    let source = format!("{id}:/hello");
    for words in [
        &["exec", &id, "true"][..],
        &["pause", &id],
        &["attach", &id],
        &["start", "-a", &id],
        &["cp", &source, "-"],
    ] {
        let done = sandbox.corten(words);
        assert_ne!(done.code, Some(0));
        assert!(done.stderr.contains("restarting"), "{words:?}: {done:?}");
    }
    let refused = sandbox.corten(&["rm", &id]);
    assert!(refused.stderr.contains("container is restarting"), "{refused:?}");
    sandbox.ok(&["rm", "-f", &id]);
    sandbox.assert_empty();
}

#[test]
fn whoever_is_stopped_or_killed_stays_down() {
    let sandbox = Sandbox::new();
    for words in [&["stop"][..], &["kill"], &["kill", "-s", "USR1"]] {
        let id = resting(&sandbox, "always");
        let begun = Instant::now();
        sandbox.ok(&[words, &[&id]].concat());
        assert!(
            begun.elapsed() < Duration::from_secs(5),
            "{words:?}: the pause does not count"
        );
        let state = sandbox.inspect(&id)["State"].clone();
        assert_eq!(
            (&state["Status"], &state["ExitCode"]),
            (&"exited".into(), &3.into()),
            "{words:?}"
        );
    }
    for words in [&["stop", "-t", "0"][..], &["kill"]] {
        let id = sandbox.ok(&["run", "-d", "--restart", "unless-stopped", HELLO, "wait"]);
        sandbox.ok(&[words, &[&id]].concat());
        let details = sandbox.inspect(&id);
        assert_eq!(details["State"]["Status"], "exited", "{words:?}");
        assert_eq!(details["RestartCount"], 0);
    }
}

#[test]
fn who_waits_in_the_pause_waits_for_the_next_end() {
    let sandbox = Sandbox::new();
    let id = resting(&sandbox, "on-failure:4");
    assert_eq!(sandbox.ok(&["wait", &id]), "3");
    until(&sandbox, &id, |state| state["restart_count"] == 4);
}

#[test]
fn in_the_foreground_the_first_end_is_the_end() {
    let sandbox = Sandbox::new();
    let done = sandbox.corten(&["run", "--name", "one", "--restart", "always", HELLO, "exit", "3"]);
    assert_eq!(done.code, Some(3), "{done:?}");
    assert_eq!(sandbox.inspect("one")["State"]["Running"], true);
}

#[test]
fn another_policy_holds_at_once() {
    let sandbox = Sandbox::new();
    let id = resting(&sandbox, "always");
    sandbox.ok(&["update", "--restart", "no", &id]);
    assert_eq!(sandbox.ok(&["wait", &id]), "3");
    assert_eq!(sandbox.inspect(&id)["State"]["Status"], "exited");
    // And the other way round: who never was to be restarted is.
    let id = sandbox.ok(&["run", "-d", "--init", HELLO, "wait"]);
    sandbox.ok(&["update", "--restart", "on-failure:1", &id]);
    sandbox.ok(&["kill", "-s", "HUP", &id]);
    until(&sandbox, &id, |state| {
        state["restart_count"] == 1 && state["status"] == "running"
    });
    let policy = sandbox.inspect(&id)["HostConfig"]["RestartPolicy"].clone();
    assert_eq!(
        (&policy["Name"], &policy["MaximumRetryCount"]),
        (&"on-failure".into(), &1.into())
    );
    let id = sandbox.ok(&["run", "-d", "--rm", HELLO, "wait"]);
    let refused = sandbox.corten(&["update", "--restart", "always", &id]);
    assert!(refused.stderr.contains("AutoRemove is enabled"), "{refused:?}");
}

#[test]
fn policies_that_make_no_sense_are_refused() {
    let sandbox = Sandbox::new();
    for (policy, more, part) in [
        ("always", &["--rm"][..], "cannot specify both --restart and --rm"),
        ("on-failure:x", &[], "maximum retry count must be an integer"),
        ("never", &[], "unknown policy 'never'"),
    ] {
        let done = sandbox.corten(&[&["run", "--restart", policy], more, &[HELLO]].concat());
        assert_eq!(done.code, Some(125), "{done:?}");
        assert!(done.stderr.contains(part), "{done:?}");
    }
    assert_eq!(
        sandbox.corten(&["run", "--rm", "--restart", "no", HELLO]).code,
        Some(0)
    );
}

#[test]
fn after_a_reboot_those_are_started_that_should_run() {
    let sandbox = Sandbox::new();
    let run = |name: &str, policy: &str| {
        sandbox.ok(&["run", "-d", "--name", name, "--restart", policy, HELLO, "wait"]);
    };
    for (name, policy) in [
        ("lost", "unless-stopped"),
        ("stopped", "unless-stopped"),
        ("always", "always"),
        ("no", "no"),
    ] {
        run(name, policy);
    }
    sandbox.ok(&["stop", "-t", "0", "stopped", "always", "no"]);
    // What a power cut does to it: nobody records its end.
    sandbox.kill_shim_and_init("lost");
    let start = |policy: &str| sandbox.ok(&["start", "--filter", &format!("restart-policy={policy}")]);
    let id = |name: &str| sandbox.inspect(name)["Id"].as_str().unwrap().to_owned();
    assert_eq!(start("unless-stopped"), id("lost"));
    assert_eq!(start("always"), id("always"));
    assert_eq!(start("on-failure"), "");
    let running = sandbox.ok(&["ps", "--format", "{{.Names}}"]);
    assert_eq!(running, "always\nlost");
}

/// What its shim becomes at its end removes it; not while it is restarted.
#[test]
fn a_restart_of_a_container_with_rm_keeps_it() {
    for runtime in RUNTIMES {
        let sandbox = Sandbox::with(runtime);
        let id = sandbox.ok(&["run", "-d", "--rm", HELLO, "wait"]);
        for _ in 0..2 {
            let pid = sandbox.inspect(&id)["State"]["Pid"].clone();
            sandbox.ok(&["restart", "-t", "0", &id]);
            let state = sandbox.inspect(&id)["State"].clone();
            assert_eq!(state["Status"], "running", "{runtime}");
            assert_ne!(state["Pid"], pid, "{runtime}");
        }
        sandbox.ok(&["kill", &id]);
        if sandbox.root().join("containers").join(&id).exists() {
            sandbox.wait_removed(&id);
        }
        sandbox.assert_empty();
    }
}

#[test]
fn a_foreground_leaves_a_container_with_rm_alone_that_was_restarted() {
    let sandbox = Sandbox::new();
    let mut foreground = sandbox.spawn(&["run", "--rm", "--name", "one", HELLO, "wait"]);
    while sandbox.ok(&["ps", "-q"]).is_empty() {
        assert_eq!(foreground.try_wait().unwrap(), None);
    }
    sandbox.ok(&["restart", "-t", "0", "one"]);
    let done = foreground.wait_with_output().unwrap();
    assert_eq!(done.status.code(), Some(137), "{done:?}");
    assert_eq!(sandbox.inspect("one")["RestartCount"], 0);
}

/// Whoever waits for the container's end without a limit must not keep it from being removed by force.
#[test]
fn a_restart_that_waits_for_ever_is_ended_by_a_removal() {
    let sandbox = Sandbox::new();
    let id = sandbox.ok(&["run", "-d", "--rm", "--stop-signal", "URG", HELLO, "wait"]);
    let restart = sandbox.spawn(&["restart", "-t", "-1", &id]);
    // It has the lock when it orders this.
    until_exists(&sandbox.state().join("shims").join(&id).join("restart.json"));
    sandbox.ok(&["rm", "-f", &id]);
    restart.wait_with_output().unwrap();
    sandbox.assert_empty();
}

fn until_exists(path: &Path) {
    let inotify = Inotify::init(InitFlags::IN_CLOEXEC).unwrap();
    inotify
        .add_watch(path.parent().unwrap(), AddWatchFlags::IN_MOVED_TO)
        .unwrap();
    while !path.exists() {
        inotify.read_events().unwrap();
    }
}

/// The policy is the one that holds when the container is started, not when its name was looked up.
#[test]
fn an_update_during_a_stop_holds_for_the_start_after_it() {
    let sandbox = Sandbox::new();
    let id = sandbox.ok(&["run", "-d", HELLO, "wait"]);
    let restart = sandbox.spawn(&["restart", "-t", "1", &id]);
    // The first thing that it does is to say that the container stays down.
    let orders = sandbox.state().join("shims").join(&id).join("restart.json");
    until_exists(&orders);
    sandbox.ok(&["update", "--restart", "always", &id]);
    assert!(restart.wait_with_output().unwrap().status.success());
    let shim = format!("/proc/{}/cmdline", sandbox.shim(&id));
    assert!(fs::read_to_string(shim).unwrap().contains("--restart\0always"));
}
