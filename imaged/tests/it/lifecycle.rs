//! The verbs around a container's life, and what they refuse.

use std::fs;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, poll};
use nix::sys::signal::{Signal, kill};
use nix::sys::stat::Mode;
use nix::unistd::{Pid, mkfifo};

use crate::sandbox::{HELLO, RUNTIMES, Sandbox, program};

#[test]
fn from_created_to_gone() {
    for runtime in RUNTIMES {
        let sandbox = Sandbox::with(runtime);
        let id = sandbox.ok(&["create", "--name", "one", "-l", "kind=test", HELLO, "exit", "3"]);
        assert_eq!(id.len(), 64);
        assert_eq!(sandbox.inspect("one")["State"]["Status"], "created");
        assert_eq!(sandbox.ok(&["start", "one"]), "one");
        assert_eq!(sandbox.ok(&["wait", "one"]), "3");
        let details = sandbox.inspect(&id[..12]);
        assert_eq!(details["State"]["Status"], "exited", "{runtime}");
        assert_eq!(details["State"]["ExitCode"], 3);
        assert_ne!(details["State"]["FinishedAt"], "0001-01-01T00:00:00Z");
        // It can run again, and is a new run then.
        assert_eq!(sandbox.corten(&["start", "--attach", "one"]).code, Some(3));
        assert_eq!(sandbox.ok(&["rm", "one"]), "one");
        sandbox.assert_empty();
    }
}

#[test]
fn running_containers_are_stopped_and_killed() {
    for runtime in RUNTIMES {
        let sandbox = Sandbox::with(runtime);
        let ids: Vec<String> = (0..3)
            .map(|_| sandbox.ok(&["run", "-d", HELLO, "wait"]))
            .collect();
        let refused = sandbox.corten(&["rm", &ids[0]]);
        assert!(refused.stderr.contains("container is running"), "{refused:?}");
        assert_eq!(
            sandbox.ok(&["start", &ids[0]]),
            ids[0],
            "starting what runs does nothing"
        );
        // The program is process 1 and ignores SIGTERM: only SIGKILL ends it.
        assert_eq!(sandbox.ok(&["stop", "-t", "0", &ids[0]]), ids[0]);
        assert_eq!(sandbox.inspect(&ids[0])["State"]["ExitCode"], 137);
        assert_eq!(
            sandbox.ok(&["stop", &ids[0]]),
            ids[0],
            "stopping what is stopped does nothing"
        );
        assert_eq!(sandbox.ok(&["kill", &ids[1]]), ids[1]);
        assert_eq!(sandbox.inspect(&ids[1])["State"]["Running"], false);
        let refused = sandbox.corten(&["kill", &ids[1]]);
        assert!(refused.stderr.contains("is not running"), "{refused:?}");
        assert_eq!(
            sandbox.corten(&["rm", "-f", &ids[0], &ids[1], &ids[2]]).code,
            Some(0)
        );
        sandbox.assert_empty();
    }
}

#[test]
fn with_an_init_the_stop_signal_is_enough() {
    let sandbox = Sandbox::new();
    let id = sandbox.ok(&["run", "-d", "--init", HELLO, "wait"]);
    sandbox.ok(&["stop", "-t", "-1", &id]);
    assert_eq!(sandbox.inspect(&id)["State"]["ExitCode"], 143);
    let id = sandbox.ok(&["run", "-d", "--init", "--stop-signal", "USR1", HELLO, "wait"]);
    sandbox.ok(&["stop", "-t", "-1", &id]);
    assert_eq!(sandbox.inspect(&id)["State"]["ExitCode"], 128 + 10);
}

#[test]
fn a_detached_container_with_rm_removes_itself() {
    for runtime in RUNTIMES {
        let sandbox = Sandbox::with(runtime);
        let id = sandbox.ok(&["run", "-d", "--rm", HELLO, "wait"]);
        sandbox.ok(&["kill", &id]);
        sandbox.wait_removed(&id);
        sandbox.assert_empty();
    }
}

#[test]
fn a_running_container_with_rm_is_force_removed_at_once() {
    let sandbox = Sandbox::new();
    let id = sandbox.ok(&["run", "-d", "--rm", HELLO, "wait"]);
    let begun = Instant::now();
    sandbox.ok(&["rm", "-f", &id]);
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "it waited for its own lock"
    );
    sandbox.assert_empty();
}

#[test]
fn with_rm_nothing_stays_when_the_shim_is_killed() {
    let sandbox = Sandbox::new();
    let mut run = sandbox.spawn(&["run", "--rm", "-i", HELLO, "cat"]);
    // An echo proves that the container runs.
    run.stdin.as_mut().unwrap().write_all(b"a").unwrap();
    run.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
    let id = sandbox.ok(&["ps", "--quiet", "--no-trunc"]);
    kill(Pid::from_raw(sandbox.shim(&id)), Signal::SIGKILL).unwrap();
    let done = run.wait_with_output().unwrap();
    assert_eq!(done.status.code(), Some(1), "{done:?}");
    assert!(
        String::from_utf8_lossy(&done.stderr).contains("is unknown"),
        "{done:?}"
    );
    sandbox.assert_empty();
}

/// A command killed while the runtime creates: `rm` must not overtake the runtime.
#[test]
fn force_removal_waits_for_a_create_that_goes_on() {
    let place = tempfile::tempdir().unwrap();
    let (begun, done) = (place.path().join("begun"), place.path().join("done"));
    mkfifo(&begun, Mode::S_IRWXU).unwrap();
    let runtime = place.path().join("slow-runtime");
    let real = program("corten-runtime");
    let (real, begun_at, done_at) = (real.display(), begun.display(), done.display());
    let script = format!(
        "#!/bin/sh\n\
         case \" $* \" in *' create '*) ;; *) exec {real} \"$@\";; esac\n\
         echo >{begun_at}; sleep 0.5; {real} \"$@\"; code=$?; echo >{done_at}; exit $code\n"
    );
    fs::write(&runtime, script).unwrap();
    fs::set_permissions(&runtime, fs::Permissions::from_mode(0o755)).unwrap();
    let sandbox = Sandbox::new();
    let id = sandbox.ok(&["create", "--runtime", runtime.to_str().unwrap(), HELLO, "wait"]);
    let mut start = sandbox.spawn(&["start", &id]);
    fs::read(&begun).unwrap();
    start.kill().unwrap();
    start.wait().unwrap();
    sandbox.ok(&["rm", "-f", &id]);
    assert!(done.exists(), "the runtime was still creating");
    sandbox.assert_empty();
}

#[test]
fn stop_waits_for_the_record_of_a_process_that_has_just_ended() {
    let sandbox = Sandbox::new();
    let id = sandbox.ok(&["run", "-d", HELLO, "wait"]);
    let init = sandbox.inspect(&id)["State"]["Pid"].as_i64().unwrap();
    let shim = Pid::from_raw(sandbox.shim(&id));
    kill(shim, Signal::SIGSTOP).unwrap();
    kill(Pid::from_raw(i32::try_from(init).unwrap()), Signal::SIGKILL).unwrap();
    let mut stop = sandbox.spawn(&["stop", &id]);
    let mut stdout = stop.stdout.take().unwrap();
    let mut said = [PollFd::new(stdout.as_fd(), PollFlags::POLLIN)];
    let too_early = poll(&mut said, 500_u16).unwrap() != 0;
    kill(shim, Signal::SIGCONT).unwrap();
    let mut text = String::new();
    stdout.read_to_string(&mut text).unwrap();
    assert!(stop.wait().unwrap().success() && text.trim() == id);
    assert!(!too_early, "nothing was recorded yet");
    sandbox.ok(&["rm", &id]);
    sandbox.assert_empty();
}

#[test]
fn names_are_unique_and_free_again_after_removal() {
    let sandbox = Sandbox::new();
    let id = sandbox.ok(&["create", "--name", "web", HELLO]);
    let taken = sandbox.corten(&["create", "--name", "web", HELLO]);
    assert_eq!(taken.code, Some(125));
    assert!(
        taken
            .stderr
            .contains(&format!("\"/web\" is already in use by container \"{id}\"")),
        "{taken:?}"
    );
    assert_eq!(
        sandbox.ok(&["ps", "-aq"]).lines().count(),
        1,
        "nothing is left of the refused one"
    );
    sandbox.ok(&["rm", "web"]);
    sandbox.ok(&["create", "--name", "web", HELLO]);
}

#[test]
fn what_is_not_there_is_named_and_the_rest_is_done() {
    let sandbox = Sandbox::new();
    let id = sandbox.ok(&["create", HELLO]);
    for verb in ["start", "stop", "kill", "wait", "logs", "rm"] {
        let done = sandbox.corten(&[verb, "nobody"]);
        assert_eq!(
            (done.code, done.stderr.as_str()),
            (Some(1), "Error: No such container: nobody\n"),
            "{verb}"
        );
    }
    let done = sandbox.corten(&["rm", "nobody", &id]);
    assert_eq!((done.code, done.stdout.trim()), (Some(1), id.as_str()));
    assert_eq!(
        sandbox.corten(&["rm", "-f", "nobody"]).code,
        Some(0),
        "with --force this is no error"
    );
    let done = sandbox.corten(&["build", "."]);
    assert!(done.stderr.contains("build is not supported yet"), "{done:?}");
}

#[test]
fn an_image_in_use_stays() {
    let sandbox = Sandbox::new();
    sandbox.ok(&["create", "--name", "user", HELLO]);
    let refused = sandbox.corten(&["rmi", HELLO]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert_eq!(sandbox.corten(&["start", "-a", "user"]).code, Some(0));
    sandbox.ok(&["rm", "user"]);
    sandbox.ok(&["rmi", HELLO]);
}

#[test]
fn many_at_once() {
    let sandbox = Sandbox::new();
    sandbox.ok(&["pull", "-q", HELLO]);
    let children: Vec<_> = (0..8)
        .map(|code| sandbox.spawn(&["run", "--rm", HELLO, "exit", &code.to_string()]))
        .collect();
    for (code, child) in children.into_iter().enumerate() {
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), i32::try_from(code).ok(), "{output:?}");
    }
    sandbox.assert_empty();
}
