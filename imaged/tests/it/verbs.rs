//! The smaller verbs: pause, unpause, restart, rename, top, attach.

use crate::attach::Session;
use crate::sandbox::{HELLO, RUNTIMES, Sandbox};

#[test]
fn paused_containers_stand_still_and_go_on() {
    for runtime in RUNTIMES {
        let sandbox = Sandbox::with(runtime);
        sandbox.ok(&["run", "-d", "--name", "box", HELLO, "wait"]);
        assert_eq!(sandbox.ok(&["pause", "box"]), "box");
        let state = sandbox.inspect("box")["State"].clone();
        assert_eq!(
            (&state["Status"], &state["Paused"], &state["Running"]),
            (&"paused".into(), &true.into(), &true.into()),
            "{runtime}"
        );
        assert!(sandbox.ok(&["ps"]).contains("(Paused)"));
        assert_eq!(sandbox.ok(&["ps", "-q", "--filter", "status=paused"]).len(), 12);
        for (words, part) in [
            (&["pause", "box"][..], "is already paused"),
            (&["exec", "box", "hello"], "is paused"),
            (&["attach", "box"], "paused container"),
        ] {
            let refused = sandbox.corten(words);
            assert_eq!(refused.code, Some(1), "{runtime}: {refused:?}");
            assert!(refused.stderr.contains(part), "{runtime}: {refused:?}");
        }
        assert_eq!(sandbox.ok(&["unpause", "box"]), "box");
        assert_eq!(sandbox.inspect("box")["State"]["Status"], "running");
        assert!(
            sandbox
                .corten(&["unpause", "box"])
                .stderr
                .contains("is not paused")
        );
        // What is paused can be stopped, killed and removed.
        sandbox.ok(&["pause", "box"]);
        sandbox.ok(&["stop", "-t", "0", "box"]);
        assert_eq!(sandbox.inspect("box")["State"]["ExitCode"], 137, "{runtime}");
        assert!(
            sandbox
                .corten(&["pause", "box"])
                .stderr
                .contains("is not running")
        );
        sandbox.ok(&["start", "box"]);
        sandbox.ok(&["pause", "box"]);
        sandbox.ok(&["kill", "box"]);
        sandbox.ok(&["start", "box"]);
        sandbox.ok(&["pause", "box"]);
        sandbox.ok(&["rm", "-f", "box"]);
        sandbox.assert_empty();
    }
}

#[test]
fn restart_is_another_run() {
    let sandbox = Sandbox::new();
    let id = sandbox.ok(&["run", "-d", "--name", "box", HELLO, "wait"]);
    let first = sandbox.inspect("box")["State"]["Pid"].clone();
    assert_eq!(sandbox.ok(&["restart", "-t", "0", "box"]), "box");
    let state = sandbox.inspect("box")["State"].clone();
    assert_eq!(state["Status"], "running");
    assert_ne!(state["Pid"], first);
    sandbox.ok(&["kill", "box"]);
    assert_eq!(sandbox.ok(&["restart", &id]), id, "what is stopped is started");
    assert_eq!(sandbox.inspect("box")["State"]["Status"], "running");
    sandbox.ok(&["rm", "-f", "box"]);
}

#[test]
fn a_new_name_frees_the_old_one() {
    let sandbox = Sandbox::new();
    sandbox.ok(&["create", "--name", "one", HELLO]);
    sandbox.ok(&["create", "--name", "two", HELLO]);
    let taken = sandbox.corten(&["rename", "one", "two"]);
    assert!(
        taken.code == Some(1) && taken.stderr.contains("already in use"),
        "{taken:?}"
    );
    assert_eq!(sandbox.corten(&["rename", "one", "one"]).code, Some(1));
    assert_eq!(sandbox.corten(&["rename", "one", "no/name"]).code, Some(1));
    assert_eq!(sandbox.ok(&["rename", "one", "three"]), "");
    assert_eq!(sandbox.inspect("three")["Name"], "/three");
    assert_eq!(
        sandbox.corten(&["inspect", "--type", "container", "one"]).code,
        Some(1)
    );
    sandbox.ok(&["create", "--name", "one", HELLO]);
    sandbox.ok(&["rm", "one", "two", "three"]);
    sandbox.assert_empty();
}

#[test]
fn a_rename_that_was_killed_leaves_one_name() {
    let mut points = 0;
    loop {
        points += 1;
        let sandbox = Sandbox::new();
        sandbox.ok(&["create", "--name", "old", HELLO]);
        let mut command = sandbox.command(&["rename", "old", "new"]);
        let killed = !command
            .env("CORTEN_FAULT", points.to_string())
            .status()
            .unwrap()
            .success();
        let found: Vec<&str> = ["old", "new"]
            .into_iter()
            .filter(|name| sandbox.corten(&["inspect", "--type", "container", name]).code == Some(0))
            .collect();
        assert_eq!(found.len(), 1, "killed at {points} ({killed}): {found:?}");
        let free = if found == ["old"] { "new" } else { "old" };
        sandbox.ok(&["create", "--name", free, HELLO]);
        sandbox.ok(&["rm", "old", "new"]);
        sandbox.assert_empty();
        if !killed {
            break;
        }
    }
    assert!(points > 3, "{points} places to be killed at");
}

#[test]
fn top_shows_the_containers_processes_only() {
    for runtime in RUNTIMES {
        let sandbox = Sandbox::with(runtime);
        sandbox.ok(&["run", "-d", "--name", "box", HELLO, "wait"]);
        let table = sandbox.ok(&["top", "box"]);
        let lines: Vec<&str> = table.lines().collect();
        assert!(
            lines[0].starts_with("UID") && lines.len() == 2,
            "{runtime}: {table}"
        );
        assert!(lines[1].ends_with("/hello wait"), "{table}");
        let pid = sandbox.inspect("box")["State"]["Pid"].to_string();
        let table = sandbox.ok(&["top", "box", "-o", "pid,comm"]);
        assert!(
            table.contains(&pid) && !table.contains("UID"),
            "{runtime}: {table}"
        );
        sandbox.ok(&["kill", "box"]);
        assert!(sandbox.corten(&["top", "box"]).stderr.contains("is not running"));
        sandbox.ok(&["rm", "box"]);
    }
}

#[test]
fn attached_later_and_to_the_end() {
    for runtime in RUNTIMES {
        let sandbox = Sandbox::with(runtime);
        sandbox.ok(&["run", "-dit", "--name", "box", HELLO, "cat"]);
        let mut session = Session::new(&sandbox, &["attach", "box"]);
        session.type_in(b"hello\r");
        session.expect("hello\r\nhello\r\n");
        session.type_in(b"\x10\x11");
        assert_eq!(session.code(), Some(0), "{runtime}: detached");
        let mut session = Session::new(&sandbox, &["attach", "box"]);
        session.type_in(b"x\r");
        session.expect("x\r\nx\r\n");
        sandbox.ok(&["kill", "box"]);
        assert_eq!(session.code(), Some(137), "{runtime}");
        let refused = sandbox.corten(&["attach", "box"]);
        assert!(
            refused.code == Some(1) && refused.stderr.contains("stopped container"),
            "{refused:?}"
        );
        sandbox.ok(&["rm", "box"]);
    }
}

#[test]
fn input_is_passed_on_to_its_end() {
    let sandbox = Sandbox::new();
    sandbox.ok(&["create", "-i", "--name", "box", HELLO, "cat"]);
    sandbox.ok(&["start", "box"]);
    let done = sandbox.with_input(&["attach", "box"], b"said later\n");
    assert_eq!((done.code, &done.stdout[..]), (Some(0), "said later\n"));
    sandbox.ok(&["rm", "box"]);
    sandbox.assert_empty();
}
