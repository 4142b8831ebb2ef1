//! The foreground: terminals, signals, detaching.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::process::Child;

use nix::fcntl::{Flock, FlockArg};
use nix::pty::{Winsize, openpty};
use nix::sys::signal::{Signal, kill};
use nix::sys::termios::tcgetattr;
use nix::unistd::Pid;

use crate::sandbox::{HELLO, RUNTIMES, Sandbox};

/// `corten` with a terminal.
pub(crate) struct Session {
    child: Child,
    screen: File,
    pub(crate) slave: OwnedFd,
    seen: String,
}

impl Session {
    pub(crate) fn new(sandbox: &Sandbox, words: &[&str]) -> Self {
        let size = Winsize {
            ws_row: 30,
            ws_col: 100,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        let pty = openpty(&size, None).unwrap();
        let end = || pty.slave.try_clone().unwrap();
        let child = sandbox
            .command(words)
            .stdin(end())
            .stdout(end())
            .stderr(end())
            .spawn()
            .unwrap();
        Self {
            child,
            screen: File::from(pty.master),
            slave: pty.slave,
            seen: String::new(),
        }
    }

    pub(crate) fn type_in(&mut self, keys: &[u8]) {
        self.screen.write_all(keys).unwrap();
    }

    /// Reads until this has been shown since the last time.
    pub(crate) fn expect(&mut self, text: &str) {
        let mut buffer = [0; 4096];
        while !self.seen.contains(text) {
            let length = self.screen.read(&mut buffer).unwrap();
            self.seen.push_str(&String::from_utf8_lossy(&buffer[..length]));
            assert!(!self.seen.contains("Error: "), "{}", self.seen);
        }
        self.seen.clear();
    }

    pub(crate) fn code(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }
}

#[test]
fn a_terminal_shows_through_and_detaching_leaves_the_container() {
    for runtime in RUNTIMES {
        let sandbox = Sandbox::with(runtime);
        let mut session = Session::new(&sandbox, &["run", "-it", "--name", "box", HELLO, "cat"]);
        session.type_in(b"hello\r");
        // Once as the terminal's echo, once from the program.
        session.expect("hello\r\nhello\r\n");
        session.type_in(b"\x10\x11");
        assert_eq!(session.code(), Some(0), "{runtime}");
        assert!(is_cooked(&session.slave), "{runtime}: the terminal is as it was");
        assert_eq!(sandbox.inspect("box")["State"]["Running"], true, "{runtime}");
        let mut session = Session::new(&sandbox, &["start", "-ai", "box"]);
        session.type_in(b"again\r");
        session.expect("again\r\nagain\r\n");
        session.type_in(b"\x04");
        assert_eq!(session.code(), Some(0), "{runtime}");
    }
}

#[test]
fn signals_reach_the_container() {
    for runtime in RUNTIMES {
        let sandbox = Sandbox::with(runtime);
        let mut child = sandbox.spawn(&["run", "--rm", "--init", "-i", HELLO, "cat"]);
        // An echo proves that the container runs.
        let mut byte = [0];
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(b"a").unwrap();
        child.stdout.as_mut().unwrap().read_exact(&mut byte).unwrap();
        kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), Signal::SIGTERM).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(143), "{runtime}");
        sandbox.assert_empty();
    }
}

/// With a terminal they once were passed on all the same.
#[test]
fn without_sig_proxy_a_signal_ends_the_command_alone() {
    for tty in [&[][..], &["--tty"]] {
        let sandbox = Sandbox::new();
        let words = [
            &["--debug", "run", "--sig-proxy=false", "--name", "box"],
            tty,
            &[HELLO, "wait"],
        ];
        let mut child = sandbox.spawn(&words.concat());
        // Everything is attached before the runtime is called to start the container.
        let mut told = BufReader::new(child.stderr.take().unwrap()).lines();
        assert!(told.any(|line| line.unwrap().contains(" start ")));
        kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), Signal::SIGTERM).unwrap();
        assert_eq!(child.wait().unwrap().signal(), Some(15), "{tty:?}");
        assert_eq!(sandbox.inspect("box")["State"]["Running"], true, "{tty:?}");
        sandbox.ok(&["rm", "-f", "box"]);
        sandbox.assert_empty();
    }
}

/// moby#22502 and its like: a reader that goes away ends the command, as with any other program.
#[test]
fn a_reader_that_goes_away() {
    let sandbox = Sandbox::new();
    let mut child = sandbox.spawn(&["run", "--name", "box", HELLO, "bytes", "100000000"]);
    let mut stdout = child.stdout.take().unwrap();
    let mut some = [0; 100];
    stdout.read_exact(&mut some).unwrap();
    drop(stdout);
    assert_eq!(child.wait().unwrap().code(), Some(141));
    sandbox.ok(&["rm", "-f", "box"]);
    sandbox.assert_empty();
}

pub(crate) fn is_cooked(terminal: &OwnedFd) -> bool {
    tcgetattr(terminal)
        .unwrap()
        .local_flags
        .contains(nix::sys::termios::LocalFlags::ICANON)
}

/// Whoever attaches does not wait for who changes the container, and does not start it when it ends meanwhile.
#[test]
fn attaching_never_starts_a_container() {
    let sandbox = Sandbox::new();
    let id = sandbox.ok(&["run", "-d", HELLO, "wait"]);
    let directory = File::open(sandbox.root().join("containers").join(&id)).unwrap();
    let lock = Flock::lock(directory, FlockArg::LockExclusive).unwrap();
    let attached = sandbox.spawn(&["attach", "--no-stdin", &id]);
    sandbox.ok(&["kill", &id]);
    drop(lock);
    let done = attached.wait_with_output().unwrap();
    assert!(matches!(done.status.code(), Some(1 | 137)), "{done:?}");
    assert_eq!(sandbox.inspect(&id)["State"]["Status"], "exited");
}

#[test]
fn nobody_waits_for_a_shim_that_was_stopped() {
    let sandbox = Sandbox::new();
    let id = sandbox.ok(&["run", "-d", HELLO, "wait"]);
    kill(Pid::from_raw(sandbox.shim(&id)), Signal::SIGSTOP).unwrap();
    // It stops when it next runs.
    let stat = format!("/proc/{}/stat", sandbox.shim(&id));
    while !std::fs::read_to_string(&stat).unwrap().contains(") T ") {
        std::thread::yield_now();
    }
    for words in [&["attach", "--no-stdin"][..], &["start", "-a"]] {
        let done = sandbox.corten(&[words, &[&id]].concat());
        assert_eq!(done.code, Some(1), "{words:?}: {done:?}");
        assert!(
            done.stderr.contains("shim does not respond"),
            "{words:?}: {done:?}"
        );
    }
    kill(Pid::from_raw(sandbox.shim(&id)), Signal::SIGCONT).unwrap();
}

#[test]
fn who_waits_for_another_command_is_told() {
    let sandbox = Sandbox::new();
    let id = sandbox.ok(&["create", HELLO]);
    let directory = File::open(sandbox.root().join("containers").join(&id)).unwrap();
    let lock = Flock::lock(directory, FlockArg::LockExclusive).unwrap();
    let mut waiting = sandbox.spawn(&["rm", &id]);
    let mut line = String::new();
    BufReader::new(waiting.stderr.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert!(line.contains("waiting for another command"), "{line}");
    drop(lock);
    assert!(waiting.wait().unwrap().success());
}

#[test]
fn what_was_written_before_comes_first_and_once() {
    let sandbox = Sandbox::new();
    let mut first = sandbox.spawn(&["run", "-i", "--name", "box", HELLO, "cat"]);
    let (mut input, mut echo) = (first.stdin.take().unwrap(), first.stdout.take().unwrap());
    let mut say = |text: &[u8]| {
        input.write_all(text).unwrap();
        let mut seen = vec![0; text.len()];
        echo.read_exact(&mut seen).unwrap();
        assert_eq!(seen, text);
    };
    say(b"one\ntwo\n> ");
    let mut late = sandbox.spawn(&["attach", "--logs", "--no-stdin", "--sig-proxy=false", "box"]);
    let mut seen = [0; 10];
    let mut output = late.stdout.take().unwrap();
    output.read_exact(&mut seen).unwrap();
    assert_eq!(&seen, b"one\ntwo\n> ");
    say(b"three\nfour");
    drop(input);
    let mut rest = String::new();
    output.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "three\nfour");
    assert!(late.wait().unwrap().success());
    assert!(first.wait().unwrap().success());
    sandbox.ok(&["rm", "box"]);

    sandbox.ok(&[
        "run",
        "-d",
        "--name",
        "quiet",
        "--log-driver",
        "none",
        HELLO,
        "wait",
    ]);
    let refused = sandbox.corten(&["attach", "--logs", "quiet"]);
    assert!(refused.stderr.contains("does not support reading"), "{refused:?}");
    sandbox.ok(&["rm", "-f", "quiet"]);
}

#[test]
fn a_detached_containers_stdin_outlives_its_clients() {
    let sandbox = Sandbox::new();
    let once = |name: &str| sandbox.inspect(name)["Config"]["StdinOnce"].clone();
    sandbox.ok(&["run", "-d", "-i", "--name", "box", HELLO, "cat"]);
    for line in [b"one\n", b"two\n"] {
        let mut client = sandbox.spawn(&["attach", "box"]);
        client.stdin.as_mut().unwrap().write_all(line).unwrap();
        let mut seen = [0; 4];
        client.stdout.take().unwrap().read_exact(&mut seen).unwrap();
        assert_eq!(&seen, line);
        client.kill().unwrap();
        client.wait().unwrap();
    }
    assert_eq!(once("box"), false);
    sandbox.ok(&["rm", "--force", "box"]);
    // Of one that is attached from the start it ends with that client.
    for (words, expected) in [
        (&["-i"][..], true),
        (&["-i", "-a", "stdout"], false),
        (&[], false),
    ] {
        let create = [&["create", "--name", "made"], words, &[HELLO, "cat"]].concat();
        sandbox.ok(&create);
        assert_eq!(once("made"), expected, "{words:?}");
        sandbox.ok(&["rm", "made"]);
    }
}
