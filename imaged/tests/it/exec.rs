//! `exec`: a command beside the container's own.

use std::io::{Read, Write};

use crate::attach::{Session, is_cooked};
use crate::sandbox::{HELLO, RUNTIMES, Sandbox};

/// A container that waits, named `box`.
fn running(runtime: &'static str) -> Sandbox {
    let sandbox = Sandbox::with(runtime);
    sandbox.ok(&["run", "-d", "--name", "box", HELLO, "wait"]);
    sandbox
}

#[test]
fn the_commands_streams_and_exit_code_are_passed_on() {
    for runtime in RUNTIMES {
        let sandbox = running(runtime);
        assert_eq!(
            sandbox.corten(&["exec", "box", "/hello", "exit", "42"]).code,
            Some(42),
            "{runtime}"
        );
        let done = sandbox.corten(&["exec", "box", "hello", "err", "to stderr"]);
        assert_eq!(
            (done.code, &done.stdout[..], &done.stderr[..]),
            (Some(0), "", "to stderr\n")
        );
        let input: Vec<u8> = (b'a'..=b'z').cycle().take(300_000).collect();
        let done = sandbox.with_input(&["exec", "-i", "box", "hello", "cat"], &input);
        assert!(
            done.code == Some(0) && done.stdout.as_bytes() == input,
            "{runtime}"
        );
        // Without -i there is no input to wait for.
        assert_eq!(
            sandbox.with_input(&["exec", "box", "hello", "cat"], b"x").stdout,
            ""
        );
        assert_eq!(
            sandbox.ok(&["exec", "box", "hello", "bytes", "1000000"]).len(),
            1_000_000
        );
        // None of it is the container's own output.
        assert_eq!(sandbox.ok(&["logs", "box"]), "");
        sandbox.ok(&["rm", "-f", "box"]);
        sandbox.assert_empty();
    }
}

#[test]
fn options_change_the_process() {
    for runtime in RUNTIMES {
        let sandbox = running(runtime);
        let env = sandbox.ok(&[
            "exec",
            "-e",
            "A=1",
            "--env",
            "PATH=/other:/",
            "box",
            "hello",
            "env",
        ]);
        let lines: Vec<&str> = env.lines().collect();
        assert!(
            lines.contains(&"A=1") && lines.contains(&"PATH=/other:/"),
            "{runtime}: {env}"
        );
        assert!(lines.iter().any(|line| line.starts_with("HOSTNAME=")), "{env}");
        let greeting = sandbox.ok(&["exec", "-u", "nobody", "box", "hello"]);
        assert!(
            greeting.contains("(user 65534, group 65534)"),
            "{runtime}: {greeting}"
        );
        assert!(greeting.contains("privileges 0000000000000000"), "{greeting}");
        let greeting = sandbox.ok(&["exec", "--user", "5:6", "box", "hello"]);
        assert!(greeting.contains("(user 5, group 6)"), "{greeting}");
        let own = sandbox.ok(&["exec", "box", "hello"]);
        let privileged = sandbox.ok(&["exec", "--privileged", "box", "hello"]);
        let capabilities = |text: &str| text.split("privileges ").nth(1).unwrap()[..16].to_owned();
        assert_eq!(capabilities(&own), "00000000a80425fb", "{runtime}");
        assert!(capabilities(&privileged) > capabilities(&own), "{runtime}");
        sandbox.ok(&["rm", "-f", "box"]);
    }
}

#[test]
fn a_terminal_of_its_own() {
    for runtime in RUNTIMES {
        let sandbox = running(runtime);
        let mut session = Session::new(&sandbox, &["exec", "-it", "box", "hello", "cat"]);
        session.type_in(b"typed\r");
        // Once as the terminal's echo, once from the command.
        session.expect("typed\r\ntyped\r\n");
        session.type_in(b"\x04");
        assert_eq!(session.code(), Some(0), "{runtime}");
        assert!(is_cooked(&session.slave), "{runtime}: the terminal is as it was");
        let mut session = Session::new(&sandbox, &["exec", "-it", "box", "hello", "cat"]);
        session.type_in(b"x\r");
        session.expect("x\r\nx\r\n");
        session.type_in(b"\x10\x11");
        assert_eq!(session.code(), Some(0), "{runtime}: detached");
        assert!(is_cooked(&session.slave));
        sandbox.ok(&["rm", "-f", "box"]);
    }
}

#[test]
fn failures_have_dockers_codes() {
    for runtime in RUNTIMES {
        let sandbox = running(runtime);
        for (words, code, part) in [
            (&["exec", "box", "/nope"][..], 127, "/nope"),
            (&["exec", "box", "nope"], 127, "nope"),
            (&["exec", "box", "/etc/passwd"], 126, "ermission denied"),
            (&["exec", "-w", "relative", "box", "hello"], 126, "absolute"),
            (&["exec", "-u", "stranger", "box", "hello"], 125, "stranger"),
            (&["exec", "nobox", "hello"], 1, "No such container"),
            (&["exec", "-it", "box", "hello"], 1, "TTY"),
        ] {
            let done = sandbox.corten(words);
            assert_eq!(done.code, Some(code), "{runtime}: {words:?}: {done:?}");
            assert!(done.stderr.contains(part), "{runtime}: {words:?}: {done:?}");
        }
        sandbox.ok(&["kill", "box"]);
        let done = sandbox.corten(&["exec", "box", "hello"]);
        assert!(
            done.code == Some(1) && done.stderr.contains("is not running"),
            "{done:?}"
        );
        sandbox.ok(&["rm", "box"]);
    }
}

#[test]
fn a_command_in_the_background_goes_on() {
    let sandbox = running("corten-runtime");
    assert_eq!(sandbox.ok(&["exec", "-d", "box", "hello", "wait"]), "");
    // A command in the same pid namespace sees it: the container's own, that one, and itself.
    let pids = sandbox.ok(&["exec", "box", "hello"]);
    assert!(pids.contains("process    "), "{pids}");
    let id = sandbox.inspect("box")["Id"].as_str().unwrap().to_owned();
    let shim = sandbox.shim(&id);
    let children = std::fs::read_to_string(format!("/proc/{shim}/task/{shim}/children")).unwrap();
    assert_eq!(
        children.split_whitespace().count(),
        2,
        "init and the command: {children}"
    );
    sandbox.ok(&["rm", "-f", "box"]);
    sandbox.assert_empty();
}

#[test]
fn the_containers_end_ends_the_command() {
    for runtime in RUNTIMES {
        let sandbox = running(runtime);
        let mut child = sandbox.spawn(&["exec", "-i", "box", "hello", "cat"]);
        let mut byte = [0];
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(b"a").unwrap();
        child.stdout.as_mut().unwrap().read_exact(&mut byte).unwrap();
        sandbox.ok(&["kill", "box"]);
        assert_eq!(child.wait().unwrap().code(), Some(137), "{runtime}");
        sandbox.ok(&["rm", "box"]);
        sandbox.assert_empty();
    }
}
