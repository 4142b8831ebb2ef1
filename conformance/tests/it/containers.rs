//! `corten run` and its relatives with the real Debian image and with the probe.

use corten_conformance::debian::Debian;
use corten_conformance::engine::{Engine, probe_image, serve};
use corten_conformance::probe::{self, Facts, capabilities};
use corten_conformance::pty::Session;
use corten_conformance::{Case, cgroups, wait};
use serde_json::json;
use std::io::{Read, Write};
use std::sync::Mutex;

/// An engine with the probe image; the case must be declared before, the image's name is handed to the test.
#[track_caller]
fn with_probe(test: impl FnOnce(&Case, &Engine<'_>, &str)) {
    let case = Case::new();
    let server = serve(probe_image(&json!({})));
    let engine = Engine::new(&case);
    engine.pull(&server.image());
    test(&case, &engine, &server.image());
    engine.assert_no_containers();
}

#[test]
fn debian_tells_its_version() {
    let case = Case::new();
    let debian = Debian::get();
    let engine = Engine::new(&case);
    let out = engine
        .verb(&[
            "run",
            "--rm",
            &debian.image("oci-zstd"),
            "cat",
            "/etc/debian_version",
        ])
        .ok();
    assert!(out.out().starts_with(|c: char| c.is_ascii_digit()), "{out:?}");
    assert_eq!(out.out().lines().count(), 1, "{out:?}");
    for (command, code) in [("true", 0), ("false", 1), ("exit 42", 42)] {
        engine
            .verb(&["run", "--rm", &debian.image("oci-zstd"), "sh", "-c", command])
            .run()
            .code(code);
    }
    let script = "tr a-z A-Z; echo to-stderr >&2";
    let image = debian.image("oci-zstd");
    let out = engine
        .verb(&["run", "--rm", "-i", &image, "sh", "-c", script])
        .stdin("piped\n")
        .ok();
    assert_eq!(
        (out.out().as_str(), out.err().as_str()),
        ("PIPED\n", "to-stderr\n")
    );
    engine.assert_no_containers();
}

#[test]
fn exit_codes_are_dockers() {
    with_probe(|_, engine, image| {
        for code in ["0", "1", "42", "255"] {
            engine
                .verb(&["run", "--rm", image, "exit", code])
                .run()
                .code(code.parse().expect("a number"));
        }
        engine.verb(&["run", "--rm", image, "crash"]).run().code(139);
        engine
            .verb(&["run", "--rm", "--entrypoint", "/not/there", image])
            .run()
            .code(127);
        engine
            .verb(&["run", "--rm", "--entrypoint", "/etc", image])
            .run()
            .code(126);
        engine
            .verb(&["run", "--rm", "--entrypoint", "/etc/passwd", image])
            .run()
            .code(126);
        engine.verb(&["run", "--no-such-option", image]).run().code(125);
    });
}

#[test]
fn death_by_a_signal_is_128_and_the_signal() {
    with_probe(|_, engine, image| {
        let mut run = engine.verb(&["run", "--name", "victim", image, "block"]).spawn();
        run.line_with("ready");
        engine.verb(&["kill", "victim"]).ok();
        assert_eq!(run.wait().code(), Some(137));
        let state = &engine.inspect("victim")["State"];
        assert_eq!(
            (&state["ExitCode"], &state["Status"]),
            (&json!(137), &json!("exited"))
        );
        engine.verb(&["rm", "victim"]).ok();
    });
}

#[test]
fn stdin_is_piped_through() {
    with_probe(|_, engine, image| {
        let input: Vec<u8> = probe::bytes(3_000_000);
        let out = engine
            .verb(&["run", "--rm", "-i", image, "cat"])
            .stdin(input.clone())
            .ok();
        assert!(
            out.stdout == input,
            "{} of {} bytes came back",
            out.stdout.len(),
            input.len()
        );
        // Without -i there is nothing to read.
        let out = engine.verb(&["run", "--rm", image, "cat"]).stdin("lost").ok();
        assert_eq!(out.out(), "");
    });
}

#[test]
fn output_is_byte_exact_with_a_slow_reader() {
    const COUNT: u64 = 64 << 20;
    with_probe(|_, engine, image| {
        let mut run = engine
            .verb(&["run", "--rm", image, "bytes", &COUNT.to_string()])
            .spawn();
        let mut stdout = run.child.stdout.take().expect("a pipe");
        let mut output = Vec::new();
        // Slow: in small reads at first, so that every buffer on the way fills up.
        let mut small = [0; 1000];
        while output.len() < 2 << 20 {
            let length = stdout.read(&mut small).expect("the pipe");
            assert_ne!(length, 0, "the output ended after {} bytes", output.len());
            output.extend_from_slice(&small[..length]);
        }
        stdout.read_to_end(&mut output).expect("the pipe");
        assert_eq!(run.wait().code(), Some(0));
        assert_eq!(output.len() as u64, COUNT);
        assert!(output == probe::bytes(COUNT), "the bytes differ");
    });
}

#[test]
fn a_terminal_has_its_size_and_is_resized() {
    with_probe(|_, engine, image| {
        let mut session = Session::start(engine.verb(&["run", "--rm", "-it", image, "winsize"]), 33, 77);
        session.shows("size 33 77");
        session.resize(44, 99);
        // The size is passed on by a signal, at its own pace: ask until it is there.
        let mut seen = String::new();
        while !seen.contains("size 44 99") {
            session.type_in("\r");
            seen = session.shows("size ") + &session.shows("\n");
        }
        session.type_in("end\r");
        let (status, _) = session.ends();
        assert_eq!(status.code(), Some(0));
    });
}

#[test]
fn a_terminal_session_takes_input_and_control_characters() {
    let case = Case::new();
    let debian = Debian::get();
    let engine = Engine::new(&case);
    engine.pull(&debian.image("oci-gzip"));
    let command = engine.verb(&["run", "--rm", "-it", &debian.image("oci-gzip"), "bash", "--norc"]);
    let mut session = Session::start(command, 24, 80);
    session.type_in("tty && echo shown-$((40+2))\r");
    session.shows("/dev/pts/0");
    session.shows("shown-42");
    // Said by the job itself, once the terminal is its own: what bash says before it may come before bash has forked, and a
    // ^C between the two interrupts bash, which then waits for the job all the same.
    session.type_in("sh -c 'echo going-$((1+1)); exec sleep 1000'\r");
    session.shows("going-2");
    session.type_in("\x03");
    session.shows("^C");
    session.shows("# "); // the shell drops what is typed before its prompt
    session.type_in("echo after-$((1+1)); exit 7\r");
    session.shows("after-2");
    let (status, _) = session.ends();
    assert_eq!(status.code(), Some(7));
    engine.assert_no_containers();
}

/// SIGTERM is passed on, and whoever sent it finds the terminal as it was, whether the container takes it or not.
#[test]
fn a_terminal_that_is_attached_outlives_a_signal_and_is_restored() {
    with_probe(|_, engine, image| {
        // The first process of a pid namespace takes no signal that it does not ask for.
        engine
            .verb(&["run", "-d", "-it", "--name", "kept", image, "cat"])
            .ok();
        let mut session = Session::start(engine.verb(&["attach", "kept"]), 24, 80);
        // What is typed before keys go to the container as they are is typed for another program.
        while session.is_as_before() {}
        session.type_in("one\r");
        session.shows("one\r\none\r\n");
        session.signal(libc::SIGTERM);
        session.type_in("two\r");
        session.shows("two\r\ntwo\r\n");
        session.type_in("\x10\x11");
        assert_eq!(session.ends_restored().code(), Some(0));
        assert_eq!(engine.inspect("kept")["State"]["Status"], "running");
        engine.verb(&["rm", "-f", "kept"]).ok();

        let block = engine.verb(&["run", "--rm", "-it", "--init", image, "block"]);
        let mut session = Session::start(block, 24, 80);
        session.shows("ready");
        session.signal(libc::SIGTERM);
        assert_eq!(session.ends_restored().code(), Some(143));
    });
}

#[test]
fn a_container_has_dockers_surroundings() {
    with_probe(|_, engine, image| {
        let out = engine
            .verb(&[
                "run",
                "--rm",
                "--hostname",
                "named",
                "-e",
                "A=b",
                "-w",
                "/tmp",
                image,
                "facts",
            ])
            .ok();
        let facts = Facts(out.json());
        assert_eq!(facts.text("/hostname"), "named");
        assert_eq!(facts.text("/cwd"), "/tmp");
        let env = facts.at("/env").to_string();
        assert!(env.contains("\"A=b\"") && env.contains("\"IMAGE=yes\""), "{env}");
        // docker's 14 capabilities.
        assert_eq!(capabilities(facts.status("CapEff")), 0xa804_25fb);
        assert_eq!(capabilities(facts.status("CapBnd")), 0xa804_25fb);
        assert_eq!(facts.status("Seccomp"), "2");
        assert_eq!(facts.at("/pid"), 1);
        assert!(facts.mount("/sys").expect("sysfs").has("ro"));
        for masked in ["/proc/kcore", "/proc/keys", "/proc/timer_list"] {
            let there = std::path::Path::new(masked).exists();
            assert!(!there || facts.mount(masked).is_some(), "{masked} is not masked");
        }
        let open: Vec<&String> = facts.at("/fds").as_object().expect("an object").keys().collect();
        assert_eq!(open, ["0", "1", "2"]);
    });
}

#[test]
fn options_change_the_surroundings() {
    with_probe(|case, engine, image| {
        let shared = case.dir("shared");
        case.file("shared/file", "content");
        let volume = format!("{}:/volume:ro", shared.display());
        let args = [
            "run",
            "--rm",
            "-u",
            "user",
            "--cap-drop",
            "ALL",
            "--read-only",
            "-v",
            &volume,
            "--tmpfs",
            "/ram",
        ];
        let facts = Facts(engine.cmd().args(args).args([image, "facts"]).ok().json());
        assert_eq!(facts.status("Uid"), "1000 1000 1000 1000");
        assert_eq!(facts.status("Gid"), "2000 2000 2000 2000");
        assert_eq!(
            facts.status("Groups"),
            "2000 3000",
            "the own group and those of /etc/group"
        );
        assert_eq!(capabilities(facts.status("CapBnd")), 0);
        assert!(facts.mount("/").expect("the root").has("ro"));
        assert!(facts.mount("/volume").expect("the volume").has("ro"));
        assert_eq!(facts.mount("/ram").expect("the tmpfs").kind, "tmpfs");
        let args = ["run", "--rm", "--cap-add", "SYS_ADMIN", "--network", "host"];
        let facts = Facts(engine.cmd().args(args).args([image, "facts"]).ok().json());
        assert_ne!(capabilities(facts.status("CapEff")) & 1 << 21, 0);
        let hosts = std::fs::read_link("/proc/self/ns/net").expect("a namespace");
        assert_eq!(facts.text("/namespaces/net"), hosts.display().to_string());
    });
}

#[test]
fn a_detached_container_lives_is_listed_logged_stopped_and_removed() {
    with_probe(|_, engine, image| {
        let id = engine.id(&[
            "run",
            "-d",
            "--name",
            "long",
            "--stop-signal",
            "KILL",
            image,
            "block",
        ]);
        assert_eq!(id.len(), 64, "{id}");
        assert_eq!(engine.verb(&["ps", "-q", "--no-trunc"]).ok().out().trim(), id);
        let pid = engine.pid("long");
        assert!(wait::exists(pid));
        let mut follow = engine.verb(&["logs", "-f", "long"]).spawn();
        follow.line_with("ready");
        engine.verb(&["rm", "long"]).fails().says("running");
        engine.verb(&["stop", "long"]).ok();
        assert!(!wait::exists(pid));
        assert_eq!(follow.wait().code(), Some(0), "logs -f ends with the container");
        assert_eq!(engine.verb(&["wait", "long"]).ok().out().trim(), "137");
        assert_eq!(engine.verb(&["logs", "long"]).ok().out(), "ready\n");
        assert_eq!(engine.verb(&["ps", "-q"]).ok().out(), "");
        engine.verb(&["start", "long"]).ok();
        assert_eq!(engine.inspect("long")["State"]["Status"], "running");
        engine.verb(&["rm", "-f", "long"]).ok();
    });
}

#[test]
fn init_forwards_signals_and_reaps() {
    with_probe(|_, engine, image| {
        let mut run = engine
            .verb(&["run", "--rm", "--init", "--name", "tame", image, "block"])
            .spawn();
        run.line_with("ready");
        engine.verb(&["kill", "-s", "TERM", "tame"]).ok();
        assert_eq!(run.wait().code(), Some(143));
    });
}

#[test]
fn signals_to_the_client_reach_the_container() {
    with_probe(|_, engine, image| {
        let mut run = engine.verb(&["run", "--rm", "--init", image, "block"]).spawn();
        run.line_with("ready");
        run.signal(libc::SIGTERM);
        assert_eq!(run.wait().code(), Some(143));
    });
}

#[test]
fn what_a_container_wrote_lives_as_long_as_it_does() {
    let case = Case::new();
    let debian = Debian::get();
    let engine = Engine::new(&case);
    let image = debian.image("oci-zstd");
    let script = "cat /note; echo again >>/note";
    let id = engine.id(&["create", &image, "sh", "-c", script]);
    let run = || engine.verb(&["start", "-a", &id]).run().out();
    assert_eq!(run(), "");
    assert_eq!(run(), "again\n");
    engine.verb(&["rm", &id]).ok();
    engine.assert_no_containers();
}

#[test]
fn a_slow_writer_to_stdin_is_waited_for() {
    with_probe(|_, engine, image| {
        let mut run = engine.verb(&["run", "--rm", "-i", image, "cat"]).spawn();
        let mut stdin = run.child.stdin.take().expect("a pipe");
        for word in ["one", "two", "three"] {
            stdin.write_all(format!("{word}\n").as_bytes()).expect("the pipe");
            run.line_with(word); // came back before the next is sent
        }
        drop(stdin);
        assert_eq!(run.wait().code(), Some(0));
    });
}

#[test]
fn names_are_unique_and_prefixes_are_enough() {
    with_probe(|_, engine, image| {
        let id = engine.id(&["create", "--name", "only", image]);
        engine
            .verb(&["create", "--name", "only", image])
            .run()
            .code(125)
            .says("only");
        assert_eq!(engine.inspect(&id[..6])["Id"], id.as_str());
        engine.verb(&["rm", "nobody"]).fails().says("no such container");
        engine.verb(&["rm", &id[..10]]).ok();
    });
}

#[test]
fn the_built_in_image_needs_no_network() {
    let case = Case::new();
    let engine = Engine::new(&case);
    let out = engine.verb(&["run", "--rm", "corten/hello"]).ok();
    assert!(out.out().lines().count() >= 2, "{out:?}");
    engine
        .verb(&["run", "--rm", "corten/hello", "exit", "42"])
        .run()
        .code(42);
    let out = engine
        .verb(&["run", "--rm", "-i", "corten/hello", "cat"])
        .stdin("through")
        .ok();
    assert_eq!(out.out(), "through");
    engine.assert_no_containers();
}

#[test]
fn a_test_that_fails_leaves_no_container() {
    let id = Mutex::new(String::new());
    let failed = std::thread::scope(|scope| {
        let test = scope.spawn(|| {
            with_probe(|_, engine, image| {
                *id.lock().expect("one user") = engine.id(&["run", "--detach", image, "block"]);
                panic!("on purpose, while the container runs");
            });
        });
        test.join().is_err()
    });
    let id = id.into_inner().expect("one user");
    assert!(failed && !id.is_empty(), "the container was not started");
    let left = cgroups::named_like(&id);
    assert!(left.is_empty(), "left behind: {left:?}");
}
