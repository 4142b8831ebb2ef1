//! kill -9 of corten and of the shim at every step: what is left is told honestly, and `rm -f` cleans it all.

use std::fs;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::sandbox::{HELLO, RUNTIMES, Sandbox};

/// Runs `words` with a kill at the first step, the second and so on, until it gets through; `check` looks at
/// what each killed command left.
fn killed_everywhere(sandbox: &Sandbox, words: &[&str], mut check: impl FnMut(&Sandbox)) {
    for step in 1.. {
        let output = sandbox
            .command(words)
            .env("CORTEN_FAULT", step.to_string())
            .output()
            .unwrap();
        check(sandbox);
        if output.status.code().is_some() {
            assert!(output.status.success(), "{words:?}: {output:?}");
            assert!(step > 3, "{words:?} has only {step} steps");
            return;
        }
    }
}

/// Everything that is visible is removed, and then nothing is there.
fn remove_all(sandbox: &Sandbox) {
    for id in sandbox.ok(&["ps", "-aq", "--no-trunc"]).lines() {
        sandbox.ok(&["rm", "-f", id]);
    }
    // Also sweeps what never became visible.
    sandbox.ok(&["rm", "-f", "nobody"]);
    sandbox.assert_empty();
}

#[test]
fn corten_killed_in_run() {
    for runtime in RUNTIMES {
        let sandbox = Sandbox::with(runtime);
        sandbox.ok(&["pull", "-q", HELLO]);
        killed_everywhere(
            &sandbox,
            &["run", "-d", "--name", "box", HELLO, "wait"],
            |sandbox| {
                for id in sandbox.ok(&["ps", "-aq"]).lines() {
                    let state = sandbox.inspect(id)["State"].clone();
                    assert!(
                        ["created", "running", "exited"].contains(&state["Status"].as_str().unwrap()),
                        "{state}"
                    );
                }
                remove_all(sandbox);
            },
        );
    }
}

#[test]
fn corten_killed_in_rm() {
    let sandbox = Sandbox::new();
    sandbox.ok(&["create", "--name", "box", HELLO]);
    for step in 1.. {
        let output = sandbox
            .command(&["rm", "box"])
            .env("CORTEN_FAULT", step.to_string())
            .output()
            .unwrap();
        // The name is free or still the old container's, never lost.
        sandbox.ok(&["rm", "-f", "box"]);
        sandbox.ok(&["create", "--name", "box", HELLO]);
        if output.status.code().is_some() {
            assert!(step > 3);
            return;
        }
    }
}

#[test]
fn without_its_shim_a_container_lives_on_and_its_end_is_unknown() {
    for runtime in RUNTIMES {
        let sandbox = Sandbox::with(runtime);
        let id = sandbox.ok(&["run", "-d", HELLO, "wait"]);
        let init = pid_of(&sandbox, &id);
        kill(Pid::from_raw(sandbox.shim(&id)), Signal::SIGKILL).unwrap();
        let state = sandbox.inspect(&id)["State"].clone();
        assert_eq!(state["Status"], "running", "{runtime}: {state}");
        assert!(lives(init), "{runtime}");
        sandbox.ok(&["kill", &id]);
        let state = sandbox.inspect(&id)["State"].clone();
        assert_eq!(
            (&state["Status"], &state["ExitCode"]),
            (&"exited".into(), &(-1).into()),
            "{runtime}: {state}"
        );
        let waited = sandbox.corten(&["wait", &id]);
        assert_eq!(waited.code, Some(1));
        assert!(
            waited.stderr.contains("exit code") && waited.stderr.contains("unknown"),
            "{waited:?}"
        );
        assert!(sandbox.ok(&["ps", "-a"]).contains("Exited (unknown)"));
        // It can be started again, or removed.
        sandbox.ok(&["start", &id]);
        kill(Pid::from_raw(sandbox.shim(&id)), Signal::SIGKILL).unwrap();
        let init = pid_of(&sandbox, &id);
        sandbox.ok(&["rm", "-f", &id]);
        assert!(!lives(init), "{runtime}");
        sandbox.assert_empty();
    }
}

#[test]
fn the_foreground_killed_leaves_a_container_that_can_be_removed() {
    let sandbox = Sandbox::new();
    let mut child = sandbox.spawn(&["run", "-i", "--name", "box", HELLO, "cat"]);
    // An echo proves that the container runs.
    let mut byte = [0];
    std::io::Write::write_all(child.stdin.as_mut().unwrap(), b"a").unwrap();
    std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut byte).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    sandbox.ok(&["rm", "-f", "box"]);
    sandbox.assert_empty();
}

/// Whether a process is there and no zombie: who reaps it is not ours to say.
fn lives(pid: i64) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')')
        .is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z'))
}

fn pid_of(sandbox: &Sandbox, id: &str) -> i64 {
    sandbox.inspect(id)["State"]["Pid"].as_i64().unwrap()
}
