//! Processes beside the container's own.

use std::fs;
use std::io::{ErrorKind, Read};
use std::path::Path;

use serde_json::{Value, json};

use crate::attach::{Client, EXEC, EXITED, FAILED, RESIZE, WELCOME};
use crate::fixture::{Bundle, Shim, pattern, runtimes};
use crate::start_failures::wrapper;

/// A process description for the runtime.
fn process(args: &[&str], tty: bool) -> Value {
    json!({"args": args, "cwd": "/", "env": ["PATH=/bin", "TERM=xterm"], "terminal": tty,
        "user": {"uid": 0, "gid": 0}})
}

/// What the container's init adopts must not be taken for a process that starts meanwhile, nor be kept in mind for ever.
#[test]
fn a_start_that_hangs_is_given_up_and_others_are_seen_meanwhile() {
    let bundle = container();
    let never = bundle.path().join("never");
    nix::unistd::mkfifo(&never, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let hangs = format!(
        "case \"$*\" in *exec-hangs*) read go <>{};; esac; exec crun \"$@\"",
        never.display()
    );
    let mut shim = bundle
        .shim(Path::new("crun"))
        .through(wrapper(&bundle, "exec", &hangs))
        .args(&["--stdin", "--runtime-timeout=2"])
        .created();
    let mut client = shim.attach();
    shim.start();
    client.until("ready\n");
    let mut hanging = ask_for(&shim, "hangs", &["true"]);
    let seen = exec(&shim, "quick", &["sh", "-c", "exit 5"]).rest();
    assert_eq!(seen.exited.unwrap()["exit_code"], 5);
    let (kind, reason) = hanging.receive().unwrap();
    assert_eq!(kind, FAILED);
    assert!(String::from_utf8_lossy(&reason).contains("signal 9"));
    client.stdin(b"\n");
    assert_eq!(shim.finish()["exit_code"], 7);
}

/// Asks for a process of these words, with all its streams.
pub fn ask_for(shim: &Shim<'_>, id: &str, args: &[&str]) -> Client {
    ask(shim, id, &process(args, false), all())
}

/// Asks for a process and returns the connection, whatever comes of it.
fn ask(shim: &Shim<'_>, id: &str, process: &Value, wanted: Value) -> Client {
    fs::write(shim.dir.join(format!("exec-{id}.json")), process.to_string()).unwrap();
    let mut client = Client::silent(&shim.dir);
    let mut wanted = wanted;
    wanted["id"] = id.into();
    client.send(EXEC, wanted.to_string().as_bytes());
    client
}

fn all() -> Value {
    json!({"stdin": true, "stdout": true, "stderr": true})
}

/// Starts a process, which must succeed.
pub fn exec(shim: &Shim<'_>, id: &str, args: &[&str]) -> Client {
    let mut client = ask(shim, id, &process(args, false), all());
    let (kind, payload) = client.receive().expect("an answer");
    assert_eq!(kind, WELCOME, "{}", String::from_utf8_lossy(&payload));
    client
}

/// A container that runs until it is told to end.
fn container() -> Bundle {
    Bundle::sh("echo ready; read line; exit 7")
}

fn started<'a>(bundle: &'a Bundle, runtime: &Path) -> (Shim<'a>, Client) {
    let shim = bundle.shim(runtime).args(&["--stdin"]).created();
    let mut client = shim.attach();
    shim.start();
    client.until("ready\n");
    (shim, client)
}

fn end(mut shim: Shim<'_>, mut client: Client) {
    client.stdin(b"\n");
    assert_eq!(client.rest().stderr, b"", "nothing of the others");
    assert_eq!(shim.finish()["exit_code"], 7);
}

#[test]
fn streams_and_exit_codes_are_its_own() {
    for runtime in runtimes() {
        let bundle = container();
        let (shim, client) = started(&bundle, &runtime);
        let mut one = exec(&shim, "one", &["sh", "-c", "cat; echo err >&2; exit 42"]);
        let mut two = exec(&shim, "two", &["sh", "-c", "kill -9 $$"]);
        let record = two.rest().exited.expect("the record");
        assert_eq!(
            (&record["exit_code"], &record["signal"]),
            (&json!(137), &json!(9))
        );
        one.stdin(b"in and out");
        one.half_close();
        let received = one.rest();
        assert_eq!(
            (&received.stdout[..], &received.stderr[..]),
            (&b"in and out"[..], &b"err\n"[..])
        );
        let record = received.exited.expect("the record");
        assert_eq!(
            (&record["id"], &record["exit_code"]),
            (&json!("one"), &json!(42)),
            "{runtime:?}"
        );
        // Nothing of it is in the container's log, and nothing in the directory.
        assert_eq!(bundle.logged_text("stdout"), "ready\n");
        for entry in fs::read_dir(&shim.dir).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            assert!(!name.starts_with("exec-"), "{name}");
        }
        end(shim, client);
    }
}

#[test]
fn bytes_pass_exactly_both_ways() {
    let bundle = container();
    let (shim, client) = started(&bundle, &runtimes()[0]);
    let bytes = pattern(3_000_001);
    let mut echo = exec(&shim, "echo", &["cat"]);
    let sent = bytes.clone();
    let mut writer = Client {
        socket: echo.socket.try_clone().unwrap(),
    };
    let writing = std::thread::spawn(move || {
        writer.stdin(&sent);
        writer.half_close();
    });
    let received = echo.rest();
    writing.join().unwrap();
    assert!(received.stdout == bytes);
    assert_eq!(received.exited.expect("the record")["exit_code"], 0);
    end(shim, client);
}

#[test]
fn a_terminal_of_its_own() {
    for runtime in runtimes() {
        let bundle = container();
        let (shim, client) = started(&bundle, &runtime);
        let script =
            "trap 'stty size' WINCH; tty; stty size; while :; do read line && echo \"<$line>\"; done";
        let mut wanted = all();
        wanted["tty"] = true.into();
        wanted["size"] = json!({"rows": 30, "cols": 100});
        let mut terminal = ask(&shim, "tty", &process(&["sh", "-c", script], true), wanted);
        assert_eq!(terminal.receive().expect("an answer").0, WELCOME);
        let text = terminal.until("30 100\r\n");
        assert!(text.starts_with("/dev/pts/"), "{runtime:?}: {text:?}");
        terminal.send(RESIZE, br#"{"rows":41,"cols":132}"#);
        terminal.stdin(b"typed\n");
        let text = terminal.until("<typed>\r\n");
        assert!(text.contains("41 132\r\n"), "{text:?}");
        terminal.signal(9);
        assert_eq!(terminal.rest().exited.expect("the record")["signal"], 9);
        end(shim, client);
    }
}

#[test]
fn what_cannot_be_executed_is_told() {
    for runtime in runtimes() {
        let bundle = container();
        let (shim, client) = started(&bundle, &runtime);
        let mut missing = ask(&shim, "missing", &process(&["/no/such/program"], false), all());
        let received = missing.rest();
        let message = received.failed.expect("the reason")["message"].to_string();
        assert!(message.contains("/no/such/program"), "{runtime:?}: {message}");
        assert!(received.exited.is_none() && received.stderr.is_empty());
        let mut nothing = ask(&shim, "nothing", &json!("no process"), all());
        assert!(nothing.rest().failed.is_some());
        for id in ["../x", "", "a/b", "-x"] {
            let mut wrong = Client::silent(&shim.dir);
            wrong.send(EXEC, json!({"id": id}).to_string().as_bytes());
            let message = wrong.rest().failed.expect("the reason")["message"].to_string();
            assert!(message.contains("is not a container id"), "{message}");
        }
        end(shim, client);
    }
}

#[test]
fn a_client_that_goes_leaves_the_process_alone() {
    let bundle = container();
    let (shim, client) = started(&bundle, &runtimes()[0]);
    nix::unistd::mkfifo(&bundle.path().join("upper/done"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let script = "cat; i=0; while [ $i -lt 2000 ]; do i=$((i+1)); echo $i; done; echo written >/done";
    let gone = exec(&shim, "gone", &["sh", "-c", script]);
    drop(gone);
    let mut witness = exec(&shim, "witness", &["cat", "/done"]);
    assert_eq!(witness.until("written\n"), "written\n");
    assert_eq!(witness.rest().exited.expect("the record")["exit_code"], 0);
    end(shim, client);
}

#[test]
fn the_containers_end_ends_them_with_a_record() {
    for runtime in runtimes() {
        let bundle = container();
        let (mut shim, mut client) = started(&bundle, &runtime);
        let mut one = exec(&shim, "one", &["sh", "-c", "echo running; sleep 1000"]);
        one.until("running\n");
        client.stdin(b"\n");
        let record = one.rest().exited.expect("the record");
        assert_eq!(record["exit_code"], 137, "{runtime:?}");
        client.rest();
        assert_eq!(shim.finish()["exit_code"], 7);
    }
}

#[test]
fn a_container_that_is_only_held_runs_no_others() {
    let bundle = container();
    let mut shim = bundle.shim(&runtimes()[0]).created();
    let mut early = ask(&shim, "early", &process(&["true"], false), all());
    let message = early.rest().failed.expect("the reason")["message"].to_string();
    assert!(message.contains("not running"), "{message}");
    shim.control = None;
    shim.wait();
    shim.assert_nothing_left();
}

/// The types of the frames in `bytes`.
pub fn kinds(mut bytes: &[u8]) -> Vec<u8> {
    let mut kinds = Vec::new();
    while let [kind, _, _, _, a, b, c, d, rest @ ..] = bytes {
        kinds.push(*kind);
        bytes = &rest[u32::from_be_bytes([*a, *b, *c, *d]) as usize..];
    }
    kinds
}

#[test]
fn whoever_races_the_end_gets_a_definite_answer() {
    for runtime in runtimes() {
        let bundle = container();
        let (mut shim, mut client) = started(&bundle, &runtime);
        let racers: Vec<Client> = (0..20)
            .map(|number| ask(&shim, &format!("r{number}"), &process(&["true"], false), all()))
            .collect();
        client.stdin(b"\n");
        for mut racer in racers {
            // Who was not let in before the shim left sees that at once, too.
            let mut bytes = Vec::new();
            match racer.socket.read_to_end(&mut bytes) {
                Err(error) if bytes.is_empty() && error.kind() == ErrorKind::ConnectionReset => continue,
                result => drop(result),
            }
            let answers = kinds(&bytes)
                .into_iter()
                .filter(|kind| [EXITED, FAILED].contains(kind));
            assert_eq!(answers.count(), 1, "{runtime:?}: {bytes:?}");
        }
        client.rest();
        assert_eq!(shim.finish()["exit_code"], 7);
    }
}
