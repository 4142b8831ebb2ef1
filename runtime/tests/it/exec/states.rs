//! In which states of a container `exec` works, and what it exits with.

use super::{detached, exec, outcome, refused, running, says};
use crate::bundle::Bundle;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;
use std::io::Read;
use std::process::Stdio;

#[test]
fn the_exit_code_is_the_processes_own() {
    let bundle = running("codes", |_| {});
    for (script, code) in [
        ("exit 0", 0),
        ("exit 42", 42),
        ("exit 255", 255),
        ("kill -9 $$", 137),
    ] {
        assert_eq!(
            outcome(&bundle, &[], &["sh", "-c", script]).status.code(),
            Some(code),
            "{script}"
        );
    }
}

#[test]
fn every_failure_of_the_runtime_is_255() {
    let bundle = running("failures", |_| {});
    let message = refused(&bundle, &[], &["nope"]);
    assert_eq!(message, "exec: \"nope\": executable file not found in $PATH");
    let message = refused(&bundle, &[], &["/nope"]);
    assert_eq!(message, "exec /nope: no such file or directory");
    assert_eq!(refused(&bundle, &[], &["/bin"]), "exec /bin: is a directory");
    let message = refused(&bundle, &["--pid-file", "/no/such/dir/pid"], &["true"]);
    assert!(message.starts_with("write the pid file: "), "{message}");
    assert_eq!(
        refused(&bundle, &[], &[]),
        "invalid configuration: process.args: found nothing, expected at least the program's name"
    );
    assert!(refused(&bundle, &["--cwd", "relative"], &["true"]).contains("process.cwd"));
    assert!(refused(&bundle, &["--cwd", "/nowhere"], &["true"]).contains("chdir to cwd (\"/nowhere\")"));
    assert!(refused(&bundle, &["--user", "root"], &["true"]).contains("expected UID or UID:GID"));
    let mut absent = bundle.command(&["exec", "absent", "true"]);
    let output = absent.output().unwrap();
    assert_eq!(output.status.code(), Some(255));
    assert!(output.stderr.starts_with(b"container does not exist: \"absent\""));
}

#[test]
fn a_created_container_takes_a_process_and_stays_created() {
    let bundle = Bundle::new("increated", "exec sleep 1000");
    bundle.create();
    let output = outcome(&bundle, &[], &["sh", "-c", "exit 3"]);
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(bundle.status(), "created");
    bundle.must(&["start"]);
    assert_eq!(bundle.status(), "running");
}

#[test]
fn a_stopped_container_takes_none() {
    let bundle = Bundle::new("instopped", "true");
    assert_eq!(bundle.call(&["run", "--keep"]).status.code(), Some(0));
    let message = refused(&bundle, &[], &["true"]);
    assert_eq!(
        message,
        format!("cannot exec in a stopped container: {:?}", bundle.id())
    );
}

#[test]
fn a_paused_container_takes_one_only_when_asked_to() {
    let bundle = running("inpaused", |_| {});
    bundle.must(&["pause"]);
    let message = refused(&bundle, &[], &["true"]);
    assert!(
        message.starts_with("cannot exec in a paused container"),
        "{message}"
    );
    let mut exec = exec(&bundle, &["--ignore-paused"], &["sh", "-c", "exit 9"]);
    let mut exec = exec.spawn().unwrap();
    // Whether it is frozen by then or not yet there: it runs once the container is resumed.
    bundle.must(&["resume"]);
    assert_eq!(exec.wait().unwrap().code(), Some(9));
}

#[test]
fn the_pid_file_names_a_process_that_outlives_a_detached_exec() {
    let bundle = running("pidfile", |_| {});
    detached(&bundle, &["--pid-file", "pid"], &["sleep", "1000"]);
    let pid = fs::read_to_string(bundle.file("pid")).unwrap();
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap();
    assert_eq!(line, b"sleep\x001000\0");
    let listed: Vec<i32> = serde_json::from_str(&bundle.must(&["ps", "--format", "json"])).unwrap();
    assert!(listed.contains(&pid.parse().unwrap()), "{listed:?}");
}

#[test]
fn the_end_of_the_container_ends_its_processes_with_a_definite_code() {
    let bundle = running("ending", |_| {});
    let mut exec = exec(&bundle, &[], &["sh", "-c", "echo ready; exec sleep 1000"]);
    let mut exec = exec.stdout(Stdio::piped()).spawn().unwrap();
    exec.stdout.take().unwrap().read_exact(&mut [0; 6]).unwrap();
    bundle.must(&["delete", "--force"]);
    assert_eq!(exec.wait().unwrap().code(), Some(137));
}

#[test]
fn signals_to_exec_reach_the_process() {
    let bundle = running("signals", |_| {});
    let script = "trap 'exit 7' TERM; echo ready; while true; do sleep 1000 & wait $!; done";
    let mut exec = exec(&bundle, &[], &["sh", "-c", script]);
    let mut exec = exec.stdout(Stdio::piped()).spawn().unwrap();
    let mut output = exec.stdout.take().unwrap();
    output.read_exact(&mut [0; 6]).unwrap();
    kill(Pid::from_raw(exec.id().cast_signed()), Signal::SIGTERM).unwrap();
    assert_eq!(exec.wait().unwrap().code(), Some(7));
}

/// Each of many processes that race the end of their container gets a definite answer.
#[test]
fn races_with_the_end_of_the_container_are_decided() {
    let bundle = Bundle::new("race", "read go");
    for _ in 0..8 {
        let mut run = bundle.command(&["run", bundle.id()]);
        let mut run = run
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut execs: Vec<_> = (0..4).map(|_| spawn_true(&bundle)).collect();
        drop(run.stdin.take());
        execs.extend((0..4).map(|_| spawn_true(&bundle)));
        for mut exec in execs {
            let code = exec.wait().unwrap().code();
            assert!(matches!(code, Some(0 | 137 | 255)), "{code:?}");
        }
        run.wait().unwrap();
    }
}

fn spawn_true(bundle: &Bundle) -> std::process::Child {
    let mut exec = exec(bundle, &[], &["true"]);
    exec.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

#[test]
fn options_after_the_id_are_the_commands() {
    let bundle = running("words", |_| {});
    let output = outcome(&bundle, &[], &["echo", "-t", "--user", "--", "-u"]);
    assert_eq!(output.stdout, b"-t --user -- -u\n");
    assert_eq!(says(&bundle, &[], "echo out"), "out\n");
}
