//! Pausing and resuming, in the machine's own layout and on pure v2.

use super::wait_for_end;
use crate::bundle::Bundle;
use crate::cgroup::on_pure_v2;
use std::fs;
use std::path::PathBuf;

/// Says `ready`, then repeats what it hears; nothing is heard when a writer closes after the line was read.
const ECHO: &str = "echo ready >/out; while :; do read line </in && echo $line >/out; done";

/// A running container that repeats what it hears, and its two FIFOs.
fn echoing(name: &str) -> (Bundle, PathBuf, PathBuf) {
    let bundle = Bundle::new(name, ECHO);
    let fifos = ["rootfs/in", "rootfs/out"].map(|name| bundle.file(name));
    for fifo in &fifos {
        nix::unistd::mkfifo(fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
    }
    bundle.create();
    bundle.must(&["start"]);
    assert_eq!(fs::read_to_string(&fifos[1]).unwrap(), "ready\n");
    let [into, out] = fifos;
    (bundle, into, out)
}

fn pauses_and_resumes(name: &str) {
    let (bundle, into, out) = echoing(name);
    bundle.must(&["pause"]);
    assert_eq!(bundle.status(), "paused");
    let id = bundle.id();
    assert_eq!(
        bundle.refused(&["pause"]),
        format!("container is already paused: {id:?} is paused")
    );
    assert_eq!(
        bundle.refused(&["delete"]),
        format!("cannot delete container {id} that is not stopped: paused")
    );
    let asking = std::thread::spawn(move || fs::write(into, "hello\n").unwrap());
    bundle.must(&["resume"]);
    assert_eq!(bundle.status(), "running");
    assert_eq!(fs::read_to_string(out).unwrap(), "hello\n");
    asking.join().unwrap();
    assert_eq!(
        bundle.refused(&["resume"]),
        format!("container not paused: {id:?} is running")
    );
}

#[test]
fn a_paused_container_stands_still_until_it_is_resumed() {
    pauses_and_resumes("pause");
}

#[test]
fn a_paused_container_stands_still_until_it_is_resumed_on_pure_v2() {
    on_pure_v2(|| pauses_and_resumes("pause-v2"));
}

/// On v1 the signal waits for the thaw, v2 lets a frozen process die.
fn is_killed_when_resumed(name: &str) {
    let (bundle, ..) = echoing(name);
    bundle.must(&["pause"]);
    let killed = bundle.command(&["kill", bundle.id(), "KILL"]).status().unwrap();
    assert!(killed.success());
    if bundle.status() == "paused" {
        // It may have died just now, by v2's rules.
        bundle.call(&["resume"]);
    }
    wait_for_end(&bundle);
    assert_eq!(bundle.status(), "stopped");
    bundle.must(&["delete"]);
}

#[test]
fn kill_9_of_a_paused_container_takes_effect_when_it_is_resumed() {
    is_killed_when_resumed("kill-paused");
    on_pure_v2(|| is_killed_when_resumed("kill-paused-v2"));
}

#[test]
fn delete_force_ends_a_paused_container() {
    for all in [false, true] {
        let test = move || {
            let (bundle, ..) = echoing(if all { "force-v2" } else { "force" });
            bundle.must(&["pause"]);
            bundle.must(&["delete", "--force"]);
            assert_eq!(bundle.leftovers(), [""; 0]);
        };
        if all { on_pure_v2(test) } else { test() }
    }
}

#[test]
fn a_container_paused_before_its_start_starts_after_it() {
    let bundle = Bundle::new("early", "exec sleep 1000");
    bundle.create();
    bundle.must(&["pause"]);
    assert_eq!(bundle.status(), "paused");
    bundle.refused(&["start"]);
    bundle.must(&["resume"]);
    assert_eq!(bundle.status(), "created");
    bundle.must(&["start"]);
    assert_eq!(bundle.status(), "running");
}

#[test]
fn what_has_no_process_can_be_neither_paused_nor_resumed() {
    let bundle = Bundle::new("unpausable", "true");
    for verb in ["pause", "resume"] {
        assert_eq!(
            bundle.refused(&[verb]),
            format!("container does not exist: {:?}", bundle.id())
        );
    }
    bundle.create();
    bundle.must(&["start"]);
    wait_for_end(&bundle);
    let id = bundle.id();
    assert_eq!(
        bundle.refused(&["pause"]),
        format!("container not running: {id:?} is stopped")
    );
    assert_eq!(
        bundle.refused(&["resume"]),
        format!("container not paused: {id:?} is stopped")
    );
}
