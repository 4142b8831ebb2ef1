//! `run` with the caller's terminal: what is typed arrives, what is written is seen, sizes follow.

use crate::bundle::Bundle;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::pty::{Winsize, openpty};
use serde_json::json;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A session: a command on a terminal of 24 by 80 characters.
pub(crate) struct Session {
    pub(crate) master: File,
    pub(crate) seen: String,
    pub(crate) run: Child,
}

impl Session {
    fn start(bundle: &Bundle) -> Self {
        Self::of(bundle.command(&["run", bundle.id()]))
    }

    pub(crate) fn of(mut command: Command) -> Self {
        let size = Winsize {
            ws_row: 24,
            ws_col: 80,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        let terminal = openpty(Some(&size), None).unwrap();
        let stream = || Stdio::from(terminal.slave.try_clone().unwrap());
        let run = command
            .stdin(stream())
            .stdout(stream())
            .stderr(stream())
            .spawn()
            .unwrap();
        Self {
            master: File::from(terminal.master),
            seen: String::new(),
            run,
        }
    }

    /// Reads until `text` was seen, for a minute at most.
    pub(crate) fn expect(&mut self, text: &str) {
        let mut buffer = [0; 1024];
        let limit = Instant::now() + Duration::from_secs(60);
        while !self.seen.contains(text) {
            self.await_output(limit);
            let count = self.master.read(&mut buffer).unwrap_or(0);
            assert!(count > 0, "the session ended with {:?}", self.seen);
            self.seen.push_str(&String::from_utf8_lossy(&buffer[..count]));
        }
    }

    /// Waits until there is something to read, or the other side is closed.
    fn await_output(&self, limit: Instant) {
        let left = limit.saturating_duration_since(Instant::now());
        let timeout = PollTimeout::try_from(left).unwrap();
        let mut master = [PollFd::new(self.master.as_fd(), PollFlags::POLLIN)];
        let ready = poll(&mut master, timeout).unwrap();
        assert!(ready > 0, "nothing more came after {:?}", self.seen);
    }

    /// Makes the terminal 50 by 132 characters, and tells the command.
    pub(crate) fn resize(&self) {
        let pid = self.run.id().to_string();
        let resized = Command::new("stty")
            .args(["rows", "50", "cols", "132"])
            .stdin(self.master.try_clone().unwrap())
            .status();
        assert!(resized.unwrap().success());
        let told = Command::new("kill").args(["-WINCH", &pid]).status();
        assert!(told.unwrap().success());
    }

    pub(crate) fn type_line(&mut self, line: &str) {
        self.master.write_all(format!("{line}\r").as_bytes()).unwrap();
    }
}

fn interactive(name: &str, script: &str) -> Bundle {
    let bundle = Bundle::new(name, script);
    bundle.edit(|config| config["process"]["terminal"] = json!(true));
    bundle
}

#[test]
fn a_session_has_the_callers_size_and_follows_it() {
    let bundle = interactive(
        "resize",
        "trap 'stty size' WINCH; stty size; while true; do read x && break; done; stty size; exit 5",
    );
    let mut session = Session::start(&bundle);
    session.expect("24 80\r\n");
    session.resize();
    session.expect("50 132\r\n");
    session.type_line("done");
    assert_eq!(session.run.wait().unwrap().code(), Some(5));
    assert_eq!(bundle.leftovers(), [""; 0]);
}

#[test]
fn what_is_typed_arrives_and_is_answered() {
    let bundle = interactive("typed", "read line; echo \"got <$line>\"");
    let mut session = Session::start(&bundle);
    session.type_line("hello");
    session.expect("got <hello>\r\n");
    assert_eq!(session.run.wait().unwrap().code(), Some(0));
}

#[test]
fn all_output_is_written_before_run_returns() {
    let bundle = interactive(
        "drained",
        "i=0; while [ $i -lt 2000 ]; do echo \"line $i\"; i=$((i+1)); done",
    );
    let mut session = Session::start(&bundle);
    session.expect("line 1999\r\n");
    assert_eq!(session.run.wait().unwrap().code(), Some(0));
    assert_eq!(session.seen.matches("line ").count(), 2000);
}

#[test]
fn without_any_terminal_the_error_says_so() {
    let bundle = interactive("notty", "true");
    let output = Command::new("setsid")
        .arg("--wait")
        .arg(crate::bundle::RUNTIME)
        .arg("--root")
        .arg(bundle.file("state"))
        .args(["run", bundle.id()])
        .current_dir(bundle.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(
        errors.starts_with("find the caller's terminal: open /dev/tty: "),
        "{errors}"
    );
}

#[test]
fn signals_to_run_reach_the_program() {
    let bundle = Bundle::new(
        "forward",
        "trap 'echo caught; exit 9' TERM; echo ready; while true; do sleep 1000 & wait $!; done",
    );
    let mut run = bundle
        .command(&["run", bundle.id()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = run.stdout.take().unwrap();
    let mut ready = [0; 6];
    output.read_exact(&mut ready).unwrap();
    assert!(
        Command::new("kill")
            .args(["-TERM", &run.id().to_string()])
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(run.wait().unwrap().code(), Some(9));
    let mut rest = String::new();
    output.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "caught\n");
}

#[test]
fn a_program_that_dies_by_a_signal_makes_run_exit_with_128_and_its_number() {
    let bundle = Bundle::new("signalled", "echo ready; exec sleep 1000");
    let mut run = bundle
        .command(&["run", bundle.id()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut ready = [0; 6];
    run.stdout.take().unwrap().read_exact(&mut ready).unwrap();
    assert!(
        bundle
            .command(&["kill", bundle.id(), "KILL"])
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(run.wait().unwrap().code(), Some(137));
    assert_eq!(bundle.leftovers(), [""; 0]);
}
