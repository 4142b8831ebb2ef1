//! Terminals of exec processes: the caller's, or one whose master goes to a socket.

use super::{exec, outcome, running};
use crate::bundle::Bundle;
use crate::lifecycle::terminal::Session;
use corten_runtime::sys::console::receive_descriptor;
use serde_json::json;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixListener;
use std::process::Stdio;

fn session(bundle: &Bundle, options: &[&str], script: &str) -> Session {
    Session::of(exec(
        bundle,
        &[&["--tty"], options].concat(),
        &["sh", "-c", script],
    ))
}

#[test]
fn a_session_has_the_callers_size_and_follows_it() {
    let bundle = running("tty", |_| {});
    let script = "trap 'stty size' WINCH; tty; stty size; while true; do read x && break; done; exit 5";
    let mut session = session(&bundle, &[], script);
    session.expect("/dev/pts/0\r\n24 80\r\n");
    session.resize();
    session.expect("50 132\r\n");
    session.type_line("done");
    assert_eq!(session.run.wait().unwrap().code(), Some(5));
}

#[test]
fn keys_reach_the_foreground_of_the_session() {
    let bundle = running("keys", |_| {});
    let mut session = session(
        &bundle,
        &[],
        "trap 'echo stopped; exit 3' INT; echo ready; while true; do read x; done",
    );
    session.expect("ready\r\n");
    session.master.write_all(b"\x03").unwrap();
    session.expect("stopped\r\n");
    assert_eq!(session.run.wait().unwrap().code(), Some(3));
}

#[test]
fn the_terminal_is_the_users_and_init_keeps_its_console() {
    let bundle = running("ttyowner", |_| {});
    let mut session = session(
        &bundle,
        &["--user", "1000:1000"],
        "busybox stat -c %u:%g $(tty); ls /dev/console",
    );
    session.expect("1000:5\r\n");
    assert_ne!(session.run.wait().unwrap().code(), Some(0));
}

/// Sizes and owners are told by the process file; the master arrives before the program runs.
#[test]
fn a_detached_process_sends_its_master_to_the_console_socket() {
    let bundle = running("socket", |_| {});
    let path = bundle.file("console.sock");
    let socket = UnixListener::bind(&path).unwrap();
    let process = json!({
        "args": ["/bin/sh", "-c", "stty size; read line; echo \"got <$line>\"; exec sleep 1000"], "cwd": "/", "env": ["PATH=/bin"],
        "terminal": true, "consoleSize": {"height": 11, "width": 33}
    });
    fs::write(bundle.file("process.json"), process.to_string()).unwrap();
    let options = [
        "--detach",
        "--process",
        "process.json",
        "--console-socket",
        "console.sock",
        "--pid-file",
        "pid",
    ];
    let mut exec = exec(&bundle, &options, &[]);
    let mut exec = exec.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let (connection, _) = socket.accept().unwrap();
    let master = receive_descriptor(connection.as_fd()).unwrap();
    assert!(exec.wait().unwrap().success());
    let mut master = File::from(master);
    let mut seen = String::new();
    let mut expect = |master: &mut File, text: &str| {
        let mut buffer = [0; 256];
        while !seen.contains(text) {
            let count = master.read(&mut buffer).unwrap();
            seen.push_str(&String::from_utf8_lossy(&buffer[..count]));
        }
    };
    expect(&mut master, "11 33\r\n");
    master.write_all(b"hello\n").unwrap();
    expect(&mut master, "got <hello>\r\n");
    let pid = fs::read_to_string(bundle.file("pid")).unwrap();
    let input = fs::metadata(format!("/proc/{pid}/fd/0")).unwrap();
    assert_eq!(nix::sys::stat::major(input.rdev()), 136);
}

#[test]
fn terminals_and_console_sockets_belong_together() {
    let bundle = running("together", |_| {});
    for (options, expected) in [
        (
            &["--tty", "--detach"][..],
            "cannot allocate tty if the runtime will detach without setting console socket",
        ),
        (
            &["--detach", "--console-socket", "s"],
            "cannot use console socket if the runtime will not detach or allocate tty",
        ),
        (
            &["--tty", "--console-socket", "s"],
            "cannot use console socket if the runtime will not detach or allocate tty",
        ),
    ] {
        assert_eq!(super::refused(&bundle, options, &["true"]), expected);
    }
}

/// What the image puts in the multiplexer's place is not opened (a fifo would block, a device act).
#[test]
fn something_else_at_the_multiplexers_place_is_refused() {
    let bundle = running("fakeptmx", |config| {
        let mounts = config["mounts"].as_array_mut().unwrap();
        mounts.retain(|mount| mount["destination"] != "/dev/pts");
    });
    let made = outcome(
        &bundle,
        &[],
        &[
            "sh",
            "-c",
            "busybox mkdir -p /dev/pts && busybox mkfifo /dev/pts/ptmx",
        ],
    );
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let mut session = session(&bundle, &[], "true");
    assert_eq!(session.run.wait().unwrap().code(), Some(255));
    session.expect("/dev/pts/ptmx is not a terminal multiplexer of a devpts");
}

#[test]
fn the_pidfd_socket_receives_the_process() {
    let bundle = running("pidfd", |_| {});
    let socket = UnixListener::bind(bundle.file("pidfd.sock")).unwrap();
    let options = ["--pidfd-socket", "pidfd.sock"];
    let mut exec = exec(&bundle, &options, &["sh", "-c", "echo; read line"]);
    exec.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut exec = exec.spawn().unwrap();
    let (connection, _) = socket.accept().unwrap();
    let pidfd = receive_descriptor(connection.as_fd()).unwrap();
    // The descriptor comes before the program runs: killed then, the process would never have started.
    let mut line = [0];
    exec.stdout.as_mut().unwrap().read_exact(&mut line).unwrap();
    corten_runtime::sys::clone::pidfd_kill(pidfd.as_fd(), libc::SIGTERM).unwrap();
    assert_eq!(exec.wait().unwrap().code(), Some(143));
}
