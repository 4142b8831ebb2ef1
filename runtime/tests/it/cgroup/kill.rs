//! Killing and freezing everything in a container's groups, on the machine's layout and on pure v2.

use super::{Groups, line, on_pure_v2, planned};
use corten_runtime::apply::cgroup;
use corten_runtime::plan::cgroup::Record;
use nix::sys::signal::Signal;
use std::os::unix::process::ExitStatusExt;

/// Forks without end: who lists and then kills is always too late.
const FORKING: &str = "fork() { while :; do (:) & done; }; fork & fork & echo ready; fork";

fn dies_whole(name: &str, only_v1: bool) {
    let plan = planned(name, "{}").unwrap();
    let groups = Groups::make(&plan).unwrap();
    let mut child = groups.start("cat /dev/zero >/dev/null & echo ready; cat");
    line(&mut child);
    let mut record = groups.record.clone();
    if only_v1 {
        record.groups.retain(|group| Some(group) != groups.record.v2());
    }
    assert!(
        !cgroup::pids(&record).unwrap().is_empty(),
        "the test needs processes in {record:?}"
    );
    cgroup::kill_all(&record).unwrap();
    assert_eq!(child.wait().unwrap().signal(), Some(Signal::SIGKILL as i32));
    cgroup::remove(&groups.record, super::PATIENCE).unwrap();
}

#[test]
fn all_die_on_this_machine() {
    dies_whole("die", false);
}

#[test]
fn all_die_by_the_freezer_alone() {
    let plan = planned("die-v1", "{}").unwrap();
    if plan.record.groups.iter().any(|group| group.has("freezer")) {
        dies_whole("die-v1", true);
    } else {
        crate::skip("this machine has no v1 freezer");
    }
}

#[test]
fn all_die_on_pure_v2() {
    on_pure_v2(|| dies_whole("die-v2", false));
}

fn outlives_no_fork(name: &str, without_v2: bool) {
    let groups = Groups::make(&planned(name, "{}").unwrap()).unwrap();
    let mut child = groups.start(FORKING);
    line(&mut child);
    let mut record = groups.record.clone();
    if without_v2 && record.groups.len() > 1 {
        record.groups.retain(|group| Some(group) != groups.record.v2());
    }
    cgroup::kill_all(&record).unwrap();
    child.wait().unwrap();
    cgroup::remove(&groups.record, super::PATIENCE).unwrap();
    assert_eq!(cgroup::pids(&groups.record).unwrap(), Vec::<i32>::new());
}

#[test]
fn nobody_escapes_by_forking() {
    outlives_no_fork("forks-v1", true);
}

#[test]
fn nobody_escapes_by_forking_on_pure_v2() {
    on_pure_v2(|| outlives_no_fork("forks-v2", false));
}

fn freezes_and_thaws(name: &str) {
    let groups = Groups::make(&planned(name, "{}").unwrap()).unwrap();
    let mut child = groups.start("echo ready; read more; echo thawed; cat");
    line(&mut child);
    let record: &Record = &groups.record;
    assert!(!cgroup::is_frozen(record).unwrap());
    cgroup::freeze(record).unwrap();
    assert!(cgroup::is_frozen(record).unwrap());
    assert!(
        planned(name, "{}").unwrap_err().to_string().contains("cgroup"),
        "a frozen group is in use"
    );
    cgroup::thaw(record).unwrap();
    assert!(!cgroup::is_frozen(record).unwrap());
    std::io::Write::write_all(child.stdin.as_mut().unwrap(), b"more\n").unwrap();
    assert_eq!(line(&mut child), "thawed");
    cgroup::freeze(record).unwrap();
    groups.end();
    assert_eq!(child.wait().unwrap().signal(), Some(Signal::SIGKILL as i32));
}

#[test]
fn frozen_processes_can_be_thawed_and_killed() {
    freezes_and_thaws("freeze");
}

#[test]
fn frozen_processes_can_be_thawed_and_killed_on_pure_v2() {
    on_pure_v2(|| freezes_and_thaws("freeze-v2"));
}

#[test]
fn other_signals_reach_all_too() {
    let groups = Groups::make(&planned("term", "{}").unwrap()).unwrap();
    let mut child = groups.start("echo ready; cat");
    line(&mut child);
    cgroup::signal_all(&groups.record, Signal::SIGTERM as i32).unwrap();
    assert_eq!(child.wait().unwrap().signal(), Some(Signal::SIGTERM as i32));
    groups.end();
}
