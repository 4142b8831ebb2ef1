//! The scripts that run cases and test machines: what they are told to run is run or has failed, and they can be ended.

use corten_conformance::{Case, programs, wait};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// `cases/run` with an area of our own.
fn run(case: &Case, area: &str) -> Command {
    let cases = programs::top().join("conformance/cases");
    let own = case.dir("cases");
    for name in ["run", "library.sh"] {
        fs::copy(cases.join(name), own.join(name)).expect("a copy");
    }
    case.file("cases/own.sh", area);
    let mut run = Command::new("bash");
    run.arg(own.join("run"));
    run.env("RUNTIME", "true")
        .env("TMPDIR", case.dir("tmp"))
        .env_remove("CASE");
    run
}

#[test]
fn an_area_or_a_pattern_without_a_case_has_failed() {
    let case = Case::new();
    let run = |areas: &[&str], only: &str| {
        let mut run = run(&case, "case_one() { :; }");
        let output = run.args(areas).env("CASE", only).output().expect("bash");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        (
            output.status.code(),
            said.lines().last().unwrap_or_default().to_owned(),
        )
    };
    let (good, bad) = (
        "1 passed, 0 failed, 0 skipped".to_owned(),
        "1 passed, 1 failed, 0 skipped".to_owned(),
    );
    assert_eq!(run(&["own:one"], ""), (Some(0), good));
    assert_eq!(run(&["owm", "own"], ""), (Some(1), bad.clone()));
    assert_eq!(run(&["own:two", "own"], ""), (Some(1), bad));
    let none = "0 passed, 0 failed, 0 skipped".to_owned();
    assert_eq!(
        run(&["own"], "two"),
        (Some(0), none),
        "it was narrowed to nothing"
    );
}

/// The script `child`, which has started the process that wrote its id to `fifo`, ends with it by SIGTERM.
fn ends_with_what_it_runs(mut child: Child, fifo: &Path) {
    let started: u32 = wait::for_line_in(fifo).parse().expect("a pid");
    let pid = nix::unistd::Pid::from_raw(child.id().cast_signed());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).expect("it runs");
    let ended = wait::ends_within(child.id(), Duration::from_secs(20));
    let (all, left) = (
        wait::ends_within(started, Duration::from_secs(20)),
        started.cast_signed(),
    );
    if !all {
        _ = nix::sys::signal::kill(
            nix::unistd::Pid::from_raw(left),
            nix::sys::signal::Signal::SIGKILL,
        );
    }
    _ = child.kill();
    let status = child.wait().expect("a status");
    assert!(ended && all, "ended: {ended}, what it runs: {all}");
    assert_eq!(status.code(), Some(130));
}

#[test]
fn a_run_that_is_ended_ends_its_case() {
    let case = Case::new();
    let fifo = case.path("started");
    wait::fifo(&fifo);
    let area = format!("case_long() {{ echo $$ >{}; exec sleep 1000; }}", fifo.display());
    let mut run = run(&case, &area);
    let run = run.arg("own").stdout(Stdio::null()).spawn().expect("bash");
    ends_with_what_it_runs(run, &fifo);
}

#[test]
fn a_machine_that_is_ended_is_gone() {
    let case = Case::new();
    let fifo = case.path("started");
    wait::fifo(&fifo);
    let qemu = format!("#!/bin/sh\necho $$ >{}\nexec sleep 1000\n", fifo.display());
    let qemu = case.file("bin/qemu-system-x86_64", qemu);
    fs::set_permissions(qemu, fs::Permissions::from_mode(0o755)).expect("chmod");
    case.file("vm/disk.img", "");
    let path = std::env::var("PATH").unwrap_or_default();
    let mut machine = Command::new("bash");
    machine.arg(programs::top().join("conformance/vm/machine"));
    machine.arg("run").arg(case.dir("job")).stdout(Stdio::null());
    machine.env("PATH", format!("{}:{path}", case.path("bin").display()));
    machine
        .env("VM_CACHE", case.path("vm"))
        .env("TMPDIR", case.dir("tmp"));
    ends_with_what_it_runs(machine.spawn().expect("bash"), &fifo);
    case.assert_empty("tmp");
}
