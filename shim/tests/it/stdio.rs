//! Every byte, in order, once: to the log, to many clients, slow or stalled, and into stdin.

use std::fs;
use std::io::Read;
use std::thread;

use serde_json::{Value, json};

use crate::attach::{Client, HELLO, STDIN_END, STDOUT, WELCOME};
use crate::fixture::{Bundle, pattern, runtimes};

/// A script that first proves to run and then sends a file of the bundle.
fn sender(bytes: &[u8]) -> Bundle {
    let mut bundle = Bundle::sh("cat /data");
    fs::write(bundle.path().join("data"), bytes).unwrap();
    fs::write(bundle.path().join("upper/data"), b"").unwrap();
    let data = bundle.path().join("data");
    bundle.config["mounts"].as_array_mut().unwrap().push(json!(
        {"destination": "/data", "type": "bind", "source": data, "options": ["bind", "ro"]}
    ));
    bundle
}

#[test]
fn output_is_exact_around_every_buffer_size() {
    let runtime = &runtimes()[0];
    for exponent in [10, 12, 14, 16, 17, 20] {
        for length in [(1 << exponent) - 1, 1 << exponent, (1 << exponent) + 1] {
            let bytes = pattern(length);
            let bundle = sender(&bytes);
            let mut shim = bundle.shim(runtime).created();
            let mut client = shim.attach();
            shim.start();
            let received = client.rest();
            assert!(received.stdout == bytes, "{length}");
            assert_eq!(shim.finish(), received.exited.unwrap());
        }
    }
}

#[test]
fn a_slow_reader_gets_64_mib_and_the_log_too() {
    for runtime in runtimes() {
        // Text, so that the log can be compared with it as well.
        let line = "0123456789abcdef".repeat(8) + "\n";
        let bytes = line.repeat((64 << 20) / line.len()).into_bytes();
        let bundle = sender(&bytes);
        let mut shim = bundle.shim(&runtime).created();
        let mut client = Client::connect(&shim.dir, &json!({"stdout": true}));
        shim.start();
        // Small pieces: the shim is always faster than this.
        let mut received = Vec::with_capacity(bytes.len() + (1 << 20));
        let mut piece = [0; 3000];
        loop {
            let length = client.socket.read(&mut piece).unwrap();
            if length == 0 {
                break;
            }
            received.extend_from_slice(&piece[..length]);
        }
        let (output, last) = unframe(&received);
        assert!(
            output == bytes,
            "{runtime:?}: {} of {}",
            output.len(),
            bytes.len()
        );
        assert_eq!(shim.finish(), last);
        assert!(bundle.logged_text("stdout").as_bytes() == bytes);
    }
}

/// stdout and the exit record of a client's bytes.
fn unframe(mut bytes: &[u8]) -> (Vec<u8>, Value) {
    let (mut output, mut last) = (Vec::new(), Value::Null);
    while let [kind, _, _, _, a, b, c, d, rest @ ..] = bytes {
        let (payload, rest) = rest.split_at(u32::from_be_bytes([*a, *b, *c, *d]) as usize);
        match *kind {
            STDOUT => output.extend_from_slice(payload),
            _ => last = serde_json::from_slice(payload).unwrap(),
        }
        bytes = rest;
    }
    (output, last)
}

#[test]
fn a_stalled_client_stops_the_container_until_it_reads() {
    for runtime in runtimes() {
        let bytes = "text\n".repeat(1 << 20).into_bytes();
        let bundle = sender(&bytes);
        let mut shim = bundle.shim(&runtime).created();
        let mut stalled = shim.attach();
        let mut other = shim.attach();
        shim.start();
        // What the stalled client's socket and the pipe hold comes through; then the container waits.
        let mut seen = 0;
        while seen < 128 << 10 {
            seen += other.receive().unwrap().1.len();
        }
        let reading = thread::spawn(move || drop(other.rest()));
        let logged = fs::metadata(bundle.log()).unwrap().len();
        assert!(logged > 0, "the log does not wait for clients");
        assert!(shim.child.try_wait().unwrap().is_none());
        assert_eq!(shim.state()["status"], "running");
        let received = stalled.rest();
        assert!(received.stdout == bytes);
        reading.join().unwrap();
        assert_eq!(shim.finish(), received.exited.unwrap());
    }
}

#[test]
fn a_client_that_never_reads_delays_no_exit_record() {
    let bytes = pattern(300 << 10);
    let bundle = sender(&bytes);
    let mut shim = bundle.shim(&runtimes()[0]).created();
    let mut stalled = shim.attach();
    shim.start();
    let record = shim.finish();
    assert_eq!(record["exit_code"], 0);
    // Everything is still there to be read, after the shim has gone.
    let received = stalled.rest();
    assert!(received.stdout == bytes);
    assert_eq!(received.exited.unwrap(), record);
}

#[test]
fn a_dropping_client_stops_nobody_and_learns_its_loss() {
    let bytes = pattern(8 << 20);
    let bundle = sender(&bytes);
    let mut shim = bundle.shim(&runtimes()[0]).created();
    let mut slow = Client::connect(&shim.dir, &json!({"stdout": true, "overflow": "drop"}));
    let mut other = shim.attach();
    shim.start();
    assert!(other.rest().stdout == bytes);
    shim.finish();
    let received = slow.rest();
    assert_eq!(
        received.stdout.len() as u64 + received.dropped,
        bytes.len() as u64
    );
    assert!(received.dropped > 0 && received.exited.is_some());
}

#[test]
fn streams_are_apart() {
    for runtime in runtimes() {
        let bundle = Bundle::sh("echo out; echo err >&2; printf tail");
        let mut shim = bundle.shim(&runtime).created();
        let mut both = shim.attach();
        let mut errors = Client::connect(&shim.dir, &json!({"stderr": true}));
        let mut neither = Client::connect(&shim.dir, &json!({}));
        shim.start();
        let received = both.rest();
        assert_eq!(
            (&received.stdout[..], &received.stderr[..]),
            (&b"out\ntail"[..], &b"err\n"[..])
        );
        let received = errors.rest();
        assert_eq!(
            (&received.stdout[..], &received.stderr[..]),
            (&b""[..], &b"err\n"[..])
        );
        let record = shim.finish();
        let received = neither.rest();
        assert!(received.stdout.is_empty() && received.exited == Some(record));
        assert_eq!(
            (bundle.logged_text("stdout"), bundle.logged_text("stderr")),
            ("out\ntail".to_owned(), "err\n".to_owned())
        );
    }
}

#[test]
fn stdin_arrives_whole_and_ends() {
    for runtime in runtimes() {
        let bytes = pattern(3 << 20);
        let bundle = Bundle::new(&["cat"]);
        let mut shim = bundle.shim(&runtime).args(&["--stdin", "--stdin-once"]).created();
        let mut client = shim.attach();
        shim.start();
        let mut writer = Client {
            socket: client.socket.try_clone().unwrap(),
        };
        let sent = bytes.clone();
        let writing = thread::spawn(move || {
            writer.stdin(&sent);
            writer.send(STDIN_END, b"");
        });
        let received = client.rest();
        writing.join().unwrap();
        assert!(received.stdout == bytes);
        assert_eq!(shim.finish()["exit_code"], 0);
    }
}

#[test]
fn stdin_of_a_client_that_goes_at_once_is_not_lost() {
    for runtime in runtimes() {
        let bytes = pattern(200 << 10);
        let bundle = Bundle::sh("read go </go; md5sum");
        nix::unistd::mkfifo(&bundle.path().join("upper/go"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        let mut shim = bundle.shim(&runtime).args(&["--stdin", "--stdin-once"]).created();
        let mut output = Client::connect(&shim.dir, &json!({"stdout": true}));
        let mut client = Client::connect(&shim.dir, &json!({"stdin": true}));
        shim.start();
        // More than a pipe holds, so that some of it is still in the socket when the client goes.
        client.stdin(&bytes);
        drop(client);
        let root = format!("/proc/{}/root", shim.state()["init_pid"]);
        fs::write(format!("{root}/go"), "\n").unwrap();
        let expected = format!("{}  -\n", md5(&bytes));
        assert_eq!(output.until("\n"), expected);
        assert_eq!(shim.finish()["exit_code"], 0);
    }
}

#[test]
fn output_for_a_client_that_has_gone_costs_none_of_its_stdin() {
    for runtime in runtimes() {
        let bundle = Bundle::sh("read go </go; echo first; wc -c");
        nix::unistd::mkfifo(&bundle.path().join("upper/go"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        let mut shim = bundle.shim(&runtime).args(&["--stdin", "--stdin-once"]).created();
        let mut output = Client::connect(&shim.dir, &json!({"stdout": true}));
        let client = shim.attach();
        shim.start();
        let sent = fill(&client.socket);
        drop(client);
        let root = format!("/proc/{}/root", shim.state()["init_pid"]);
        fs::write(format!("{root}/go"), "\n").unwrap();
        assert_eq!(output.rest().stdout, format!("first\n{sent}\n").as_bytes());
        assert_eq!(shim.finish()["exit_code"], 0);
    }
}

#[test]
fn stdin_of_a_client_that_goes_before_its_welcome_is_not_lost() {
    let bundle = Bundle::new(&["md5sum"]);
    let mut shim = bundle
        .shim(&runtimes()[0])
        .args(&["--stdin", "--stdin-once"])
        .created();
    let mut output = Client::connect(&shim.dir, &json!({"stdout": true}));
    shim.start();
    let pid = nix::unistd::Pid::from_raw(shim.pid());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGSTOP).unwrap();
    let mut client = Client::silent(&shim.dir);
    client.send(HELLO, br#"{"stdin":true,"stdout":true}"#);
    client.stdin(b"from somebody in a hurry");
    drop(client);
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGCONT).unwrap();
    let expected = format!("{}  -\n", md5(b"from somebody in a hurry"));
    assert_eq!(output.until("\n"), expected);
    assert_eq!(shim.finish()["exit_code"], 0);
}

#[test]
fn full_stdin_holds_up_neither_signals_nor_new_clients() {
    for runtime in runtimes() {
        let bundle = Bundle::new(&["sleep", "1000"]);
        let mut shim = bundle.shim(&runtime).args(&["--stdin"]).created();
        let mut early = Client::connect(&shim.dir, &json!({}));
        let writer = shim.attach();
        shim.start();
        fill(&writer.socket);
        // It waits to be welcome.
        drop(Client::connect(&shim.dir, &json!({})));
        early.signal(9);
        assert_eq!(early.rest().exited.unwrap()["exit_code"], 137);
        shim.finish();
    }
}

/// Sends stdin until nobody has taken any for a while; says how much that was, without the frames' headers.
fn fill(mut socket: &std::os::unix::net::UnixStream) -> usize {
    use std::io::Write;
    let frame = crate::attach::frame(crate::attach::STDIN, &[0; 65_536]);
    let moment = std::time::Duration::from_millis(300);
    socket.set_write_timeout(Some(moment)).unwrap();
    let (mut sent, mut at) = (0, 0);
    while let Ok(length) = socket.write(&frame[at..]) {
        sent += (at + length).max(8) - at.max(8);
        at = (at + length) % frame.len();
    }
    sent
}

fn md5(bytes: &[u8]) -> String {
    use std::io::Write;
    let mut sum = std::process::Command::new("md5sum");
    let mut sum = sum
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    sum.stdin.take().unwrap().write_all(bytes).unwrap();
    String::from_utf8(sum.wait_with_output().unwrap().stdout).unwrap()[..32].to_owned()
}

#[test]
fn stdin_stays_open_for_the_next_client_unless_once() {
    let bundle = Bundle::new(&["cat"]);
    let mut shim = bundle.shim(&runtimes()[0]).args(&["--stdin"]).created();
    let mut watcher = Client::connect(&shim.dir, &json!({"stdout": true}));
    shim.start();
    for text in ["one\n", "two\n", "three\n"] {
        let mut client = Client::connect(&shim.dir, &json!({"stdin": true, "stdout": true}));
        client.stdin(text.as_bytes());
        client.send(STDIN_END, b"");
        assert_eq!(client.until(text), text);
        drop(client);
        assert_eq!(watcher.until(text), text);
    }
    watcher.signal(9);
    assert_eq!(shim.finish()["exit_code"], 137);
}

#[test]
fn without_stdin_the_container_reads_an_end() {
    for runtime in runtimes() {
        let bundle = Bundle::sh("cat; echo end; readlink /proc/self/fd/0");
        let mut shim = bundle.shim(&runtime).created();
        let mut client = shim.attach();
        client.stdin(b"for nobody");
        shim.start();
        assert_eq!(client.rest().stdout, b"end\n/dev/null\n");
        shim.finish();
    }
}

#[test]
fn a_half_closed_client_still_gets_all() {
    let bundle = Bundle::sh("cat; echo done");
    let mut shim = bundle
        .shim(&runtimes()[0])
        .args(&["--stdin", "--stdin-once"])
        .created();
    let mut client = shim.attach();
    shim.start();
    client.stdin(b"text\n");
    client.half_close();
    let received = client.rest();
    assert_eq!(received.stdout, b"text\ndone\n");
    assert!(received.exited.is_some());
    shim.finish();
}

#[test]
fn a_hundred_clients_get_the_same() {
    let bytes = pattern(1 << 20);
    let bundle = sender(&bytes);
    let mut shim = bundle.shim(&runtimes()[0]).created();
    let clients: Vec<Client> = (0..100).map(|_| shim.attach()).collect();
    shim.start();
    let reading: Vec<_> = clients
        .into_iter()
        .map(|mut client| thread::spawn(move || client.rest()))
        .collect();
    for thread in reading {
        let received = thread.join().unwrap();
        assert!(received.stdout == bytes && received.exited.is_some());
    }
    shim.finish();
}

#[test]
fn more_clients_than_places_wait_their_turn() {
    let bundle = Bundle::new(&["cat"]);
    let mut shim = bundle.shim(&runtimes()[0]).args(&["--stdin"]).created();
    shim.start();
    let mut first: Vec<Client> = (0..256).map(|_| shim.attach()).collect();
    let mut late = Client::silent(&shim.dir);
    late.send(HELLO, br#"{"stdout":true}"#);
    drop(first.pop());
    assert_eq!(late.receive().unwrap().0, WELCOME);
    first[0].signal(9);
    assert!(late.rest().exited.is_some());
    shim.finish();
}

#[test]
fn clients_come_and_go_while_it_runs() {
    let bundle = Bundle::sh("while read line; do echo \"$line\"; done");
    let mut shim = bundle.shim(&runtimes()[0]).args(&["--stdin"]).created();
    shim.start();
    for round in 0..50 {
        let mut client = shim.attach();
        let text = format!("round {round}\n");
        client.stdin(text.as_bytes());
        assert_eq!(client.until(&text), text);
    }
    let mut last = shim.attach();
    last.signal(9);
    last.rest();
    assert_eq!(shim.finish()["exit_code"], 137);
    assert_eq!(bundle.logged().len(), 50);
}

#[test]
fn what_grandchildren_wrote_before_they_were_killed_is_there() {
    for runtime in runtimes() {
        // The grandchild says so when it has filled the pipe; init ends without waiting for it.
        let bundle =
            Bundle::sh("(head -c 50000 /dev/zero | tr '\\0' x; echo; sleep 1000) & read line </go; exit 6");
        nix::unistd::mkfifo(&bundle.path().join("upper/go"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        let mut shim = bundle.shim(&runtime).created();
        let mut client = shim.attach();
        shim.start();
        let mut text = client.until("\n");
        let root = format!("/proc/{}/root", shim.state()["init_pid"]);
        fs::write(format!("{root}/go"), "\n").unwrap();
        text.push_str(&String::from_utf8(client.rest().stdout).unwrap());
        assert_eq!(text, "x".repeat(50_000) + "\n");
        assert_eq!(shim.finish()["exit_code"], 6);
    }
}

#[test]
fn a_writer_that_outlives_init_does_not_hold_the_record() {
    for runtime in runtimes() {
        // Without a pid namespace nobody kills the child when init ends: it writes as fast as it can.
        let mut bundle = Bundle::sh("yes & exec 1>&-; sleep 0.1; exit 9");
        bundle.config["linux"]["namespaces"] = json!([{"type": "mount"}]);
        let mut shim = bundle.shim(&runtime).created();
        let mut client = shim.attach();
        shim.start();
        let received = client.rest();
        assert!(
            received
                .stdout
                .chunks(2)
                .all(|line| line == b"y\n" || line == b"y")
        );
        assert_eq!(received.exited.unwrap()["exit_code"], 9);
        assert_eq!(shim.finish()["exit_code"], 9);
    }
}

#[test]
fn no_log_is_written_for_the_driver_none() {
    let bundle = Bundle::sh("echo unheard");
    bundle
        .shim(&runtimes()[0])
        .unlogged()
        .args(&["--log-driver=none"])
        .run();
    assert!(!bundle.log().exists());
}

#[test]
fn who_asks_for_it_gets_the_line_that_has_begun_and_the_log_has_the_rest() {
    let bundle = Bundle::sh("echo one; echo two >&2; printf three; printf four >&2; read x; echo five");
    let log = bundle.log();
    let mut shim = bundle.shim(&runtimes()[0]).args(&["--stdin"]).created();
    let mut early = shim.attach();
    shim.start();
    let mut seen = String::new();
    while !["one\n", "two\n", "three", "four"]
        .iter()
        .all(|text| seen.contains(text))
    {
        seen.push_str(&String::from_utf8(early.receive().unwrap().1).unwrap());
    }
    let hello = |replay: bool| json!({"stdout": true, "stderr": true, "replay": replay});
    let mut plain = Client::connect(&shim.dir, &hello(false));
    let mut late = Client::silent(&shim.dir);
    late.send(HELLO, hello(true).to_string().as_bytes());
    let (kind, welcome) = late.receive().unwrap();
    assert_eq!(kind, WELCOME);
    let at = serde_json::from_slice::<Value>(&welcome).unwrap()["at"]
        .as_str()
        .unwrap()
        .to_owned();
    early.stdin(b"\n");
    let (late, plain) = (late.rest(), plain.rest());
    assert_eq!(
        (late.stdout, late.stderr),
        (b"threefive\n".to_vec(), b"four".to_vec())
    );
    assert_eq!((plain.stdout, plain.stderr), (b"five\n".to_vec(), Vec::new()));
    shim.finish();
    let text = fs::read_to_string(log).unwrap();
    let records = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let (before, after): (Vec<Value>, Vec<Value>) =
        records.partition(|record| is_not_after(&record["time"], &at));
    let texts = |records: &[Value]| {
        let mut texts: Vec<String> = records
            .iter()
            .map(|record| record["log"].as_str().unwrap().to_owned())
            .collect();
        texts.sort();
        texts
    };
    assert_eq!(texts(&before), ["one\n", "two\n"]);
    assert_eq!(texts(&after), ["four", "threefive\n"]);
}

/// Times are without the zeros at their ends.
fn is_not_after(time: &Value, at: &str) -> bool {
    let whole = |time: &str| format!("{:0<29}", time.trim_end_matches('Z'));
    whole(time.as_str().unwrap()) <= whole(at)
}
