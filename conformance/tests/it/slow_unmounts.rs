//! File systems that take long to be let go: what holds them is waited for, and nobody else waits.
//!
//! `CORTEN_TEST_WHOLE=1` lets them take the minute that is promised to do no harm.

use corten_conformance::engine::Engine;
use corten_conformance::slow::Slow;
use corten_conformance::{Case, wait};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

const HELLO: &str = "corten/hello";

fn delay() -> Duration {
    let is_whole = std::env::var_os("CORTEN_TEST_WHOLE").is_some();
    Duration::from_secs(if is_whole { 60 } else { 5 })
}

/// A directory with a mount of its own, gone with this value.
struct Place(PathBuf);

impl Place {
    fn new(case: &Case, propagation: MsFlags) -> Self {
        let at = case.dir("slow");
        mount(Some(&at), &at, None::<&str>, MsFlags::MS_BIND, None::<&str>).expect("a bind mount");
        mount(None::<&str>, &at, None::<&str>, propagation, None::<&str>).expect("its propagation");
        fs::create_dir_all(at.join("fs")).expect("a directory");
        Self(at)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        _ = umount2(&self.0, MntFlags::MNT_DETACH);
    }
}

fn shim_pid(case: &Case, id: &str) -> u32 {
    let path = case.path("state/shims").join(id).join("shim.json");
    let state: Value = serde_json::from_slice(&fs::read(path).expect("the shim's file")).expect("JSON");
    state["pid"]
        .as_u64()
        .and_then(|pid| pid.try_into().ok())
        .expect("a pid")
}

/// The shim follows the host's unmount: the container's own process is the last that lets go.
#[test]
fn a_slow_unmount_by_the_container_holds_up_nobody_else() {
    let_go_slowly(MsFlags::MS_SHARED);
}

/// The shim does not: it is the last.
#[test]
fn a_slow_unmount_by_the_shim_holds_up_nobody_else() {
    let_go_slowly(MsFlags::MS_PRIVATE);
}

#[track_caller]
fn let_go_slowly(propagation: MsFlags) {
    let case = Case::new();
    let engine = Engine::new(&case);
    // Before there is anything that its shim could hold.
    engine.id(&["run", "-d", "--name", "other", HELLO, "wait"]);
    let place = Place::new(&case, propagation);
    let at = place.0.join("fs");
    let slow = Slow::mount(&case.path("device"), &at, delay());
    let volume = format!("{}:/data", at.display());
    let id = engine.id(&["run", "-d", "--name", "slow", "--volume", &volume, HELLO, "wait"]);
    let shim = shim_pid(&case, &id);
    umount2(&at, MntFlags::MNT_DETACH).expect("an unmount");

    let begun = Instant::now();
    let mut killing = engine.verb(&["kill", "slow"]).spawn();
    slow.wait_until_let_go();
    let slowest = commands_beside(&engine);
    assert!(!slow.is_gone(), "the unmount is still awaited");
    slow.release();

    assert!(killing.wait().success());
    assert!(
        wait::ends_within(shim, delay() + Duration::from_secs(30)),
        "the shim is left"
    );
    println!(
        "the unmount took {:?}, the slowest command meanwhile {slowest:?}",
        begun.elapsed()
    );
    let state = engine.inspect("slow")["State"].clone();
    assert_eq!(
        (&state["Status"], &state["ExitCode"]),
        (&"exited".into(), &137.into()),
        "{state}"
    );
    engine.verb(&["rm", "slow"]).ok();
    engine.verb(&["rm", "--force", "other"]).ok();
    engine.assert_no_containers();
}

/// What people do meanwhile, each with success; returns how long the slowest took.
#[track_caller]
fn commands_beside(engine: &Engine<'_>) -> Duration {
    let commands: [&[&str]; 7] = [
        &["ps", "--all"],
        &["inspect", "slow"],
        &["logs", "slow"],
        &["events", "--since", "0", "--until", "0s"],
        &["run", "--rm", HELLO],
        &["exec", "other", "/hello", "exit", "0"],
        &["restart", "--time", "0", "other"],
    ];
    let took = |words: &[&str]| {
        let begun = Instant::now();
        engine.verb(words).ok();
        begun.elapsed()
    };
    commands.into_iter().map(took).max().unwrap_or_default()
}
