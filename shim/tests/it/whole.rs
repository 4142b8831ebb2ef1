//! The same promises, many times over. `CORTEN_TEST_WHOLE=1` runs the whole numbers that are promised; without it a
//! small part of them is run. `CORTEN_TEST_SOAK=SECONDS` lets the soak go on for so long.

use std::fs;
use std::io::{ErrorKind, Read};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::attach::{Client, EXITED, FAILED, STDIN_END, WELCOME};
use crate::budget::{anonymous_kib, descriptors};
use crate::exec;
use crate::fixture::{Bundle, PATIENCE, Shim, pattern, runtimes};

fn is_whole() -> bool {
    std::env::var_os("CORTEN_TEST_WHOLE").is_some()
}

/// A shim whose container writes the first `size` bytes of `/tmp/data`.
fn writer(data: &[u8]) -> Bundle {
    let bundle = Bundle::sh("read size; head -c $size /tmp/data");
    fs::create_dir(bundle.path().join("upper/tmp")).unwrap();
    fs::write(bundle.path().join("upper/tmp/data"), data).unwrap();
    bundle
}

/// The bytes that a log of Kubernetes' format holds.
fn logged(bundle: &Bundle) -> Vec<u8> {
    let mut bytes = Vec::new();
    for record in fs::read(bundle.log()).unwrap().split(|byte| *byte == b'\n') {
        let mut fields = record.splitn(4, |byte| *byte == b' ');
        let Some(tag) = fields.nth(2) else { continue };
        bytes.extend_from_slice(fields.next().unwrap());
        if tag == b"F" {
            bytes.push(b'\n');
        }
    }
    bytes
}

/// Reads in one of several manners; `other` was there from the beginning, too.
fn read(manner: usize, mut client: Client, mut other: Client, expected: &[u8]) -> Value {
    let mut seen = Vec::new();
    let mut receive = |client: &mut Client| match client.receive() {
        Some((EXITED, record)) => Some(serde_json::from_slice(&record).unwrap()),
        Some((_, payload)) => {
            seen.extend(payload);
            None
        }
        None => panic!("the connection ended early"),
    };
    let ended: Option<Value> = match manner % 4 {
        // At once.
        0 => None,
        // Not before the other one has seen everything that it was let see.
        1 => {
            let _ = other.socket.set_read_timeout(Some(Duration::from_millis(10)));
            let mut some = [0; 4096];
            while other.socket.read(&mut some).is_ok_and(|length| length > 0) {}
            None
        }
        // In turns with the other one, which then goes.
        2 => (0..3).find_map(|_| {
            other.receive();
            receive(&mut client)
        }),
        // The other one stays and never reads.
        _ => receive(&mut client),
    };
    if manner % 4 != 3 {
        drop(other);
    } else if ended.is_none() {
        // It would hold the output for ever: it goes once this one waits for it.
        std::thread::scope(|scope| {
            scope.spawn(|| drop(other));
        });
    }
    let record = ended.unwrap_or_else(|| {
        let rest = client.rest();
        seen.extend(rest.stdout);
        rest.exited.expect("the record")
    });
    assert!(seen == expected, "{} of {} bytes", seen.len(), expected.len());
    record
}

#[test]
fn outputs_of_all_sizes_are_exact() {
    let data = pattern((1 << 22) + 1);
    let (runs, largest) = if is_whole() { (2000, 22) } else { (52, 16) };
    let sizes: Vec<usize> = (10..=largest)
        .flat_map(|power| [-1, 0, 1].map(|more| (1_isize << power) + more))
        .map(|size| usize::try_from(size).unwrap())
        .collect();
    let begun = Instant::now();
    for run in 0..runs {
        let size = sizes[run % sizes.len()];
        let bundle = writer(&data[..size]);
        let log = bundle.log();
        let log = [
            "--stdin",
            "--log-driver=k8s-file",
            "--log-path",
            log.to_str().unwrap(),
        ];
        let mut shim = bundle.shim(&runtimes()[0]).unlogged().args(&log).created();
        let (mut client, other) = (shim.attach(), shim.attach());
        shim.start();
        client.stdin(format!("{size}\n").as_bytes());
        // Beside the sizes, so that each size meets each manner.
        let told = read(run / sizes.len(), client, other, &data[..size]);
        assert_eq!(told["exit_code"], 0);
        assert_eq!(shim.finish(), told);
        assert!(logged(&bundle) == data[..size], "the log of {size} bytes");
    }
    println!("{runs} outputs in {:?}", begun.elapsed());
}

#[test]
fn outputs_of_128_mib_are_exact() {
    let (runs, power) = if is_whole() { (20, 27) } else { (1, 24) };
    let data = pattern((1 << power) + 1);
    for run in 0..runs {
        let size = (1 << power) - 1 + run % 3;
        let bundle = writer(&data);
        let mut shim = bundle
            .shim(&runtimes()[0])
            .unlogged()
            .args(&["--stdin"])
            .created();
        let mut client = shim.attach();
        shim.start();
        client.stdin(format!("{size}\n").as_bytes());
        let rest = client.rest();
        assert!(
            rest.stdout == data[..size],
            "{} of {size} bytes",
            rest.stdout.len()
        );
        assert!(rest.exited.is_some());
        shim.finish();
    }
}

#[test]
fn a_burst_of_a_gigabyte_leaves_memory_flat() {
    let megabytes = if is_whole() { 1024 } else { 64 };
    let bytes = megabytes << 20;
    let bundle = Bundle::sh(&format!(
        "read x; yes $(seq 100) | head -c {bytes}; echo end >&2; read x"
    ));
    let args = ["--stdin", "--log-max-size=10000000", "--log-max-files=2"];
    let mut shim = bundle.shim(&runtimes()[0]).args(&args).created();
    let mut client = Client::connect(&shim.dir, &json!({"stdin": true, "stderr": true}));
    let mut reader = Client::connect(&shim.dir, &json!({"stdout": true}));
    client.socket.set_read_timeout(Some(10 * PATIENCE)).unwrap();
    shim.start();
    let before = anonymous_kib(shim.pid());
    let length = std::thread::scope(|scope| {
        let reading = scope.spawn(|| {
            let mut length = 0;
            while let Some((kind, payload)) = reader.receive() {
                if kind == EXITED {
                    break;
                }
                length += payload.len();
            }
            length
        });
        client.stdin(b"\n");
        client.until("end\n");
        let after = anonymous_kib(shim.pid());
        println!("own memory: {before} KiB before, {after} KiB after {megabytes} MiB");
        assert!(after <= before + 128, "{before} KiB before, {after} after");
        client.stdin(b"\n");
        reading.join().unwrap()
    });
    assert_eq!(length, bytes);
    shim.finish();
}

#[test]
fn every_exec_that_races_the_end_gets_a_definite_answer_in_time() {
    const RACERS: usize = 20;
    let rounds = if is_whole() { 10_000 / RACERS } else { 2 };
    let runtime = &runtimes()[runtimes().len() - 1];
    let (mut slowest, mut ran) = (Duration::ZERO, 0);
    for round in 0..rounds {
        let bundle = Bundle::sh("read x; exit 7");
        let mut shim = bundle.shim(runtime).args(&["--stdin"]).created();
        let mut client = shim.attach();
        shim.start();
        let begun = Instant::now();
        let mut racers: Vec<Client> = (0..RACERS)
            .map(|number| exec::ask_for(&shim, &format!("r{number}"), &["true"]))
            .collect();
        // The container ends when so many of them have begun.
        for racer in &mut racers[..round % RACERS] {
            racer.receive();
        }
        client.stdin(b"\n");
        for racer in &mut racers {
            let mut bytes = Vec::new();
            match racer.socket.read_to_end(&mut bytes) {
                Err(error) if bytes.is_empty() && error.kind() == ErrorKind::ConnectionReset => {}
                result => drop(result),
            }
            let kinds = exec::kinds(&bytes);
            let answers: Vec<u8> = kinds
                .into_iter()
                .filter(|kind| [EXITED, FAILED].contains(kind))
                .collect();
            assert!(answers.len() <= 1, "{bytes:?}");
            // Who came too late to be let in sees the end of the connection, which is an answer, too.
            assert!(answers.len() == 1 || bytes.is_empty(), "{bytes:?}");
            ran += usize::from(answers == [EXITED]);
            slowest = slowest.max(begun.elapsed());
        }
        client.rest();
        assert_eq!(shim.finish()["exit_code"], 7);
    }
    println!(
        "{} execs, {ran} ran, the slowest answer after {slowest:?}",
        rounds * RACERS
    );
    assert!(ran > 0, "some came before the end");
    // Twenty at a time: a machine that others use is given more time than is promised for one alone.
    assert!(slowest < Duration::from_secs(10), "{slowest:?}");
}

/// Clients come, read, write, start processes, and are killed in the middle of it.
#[test]
fn a_soak_leaves_nothing_behind() {
    let seconds = std::env::var("CORTEN_TEST_SOAK").map_or(2, |text| text.parse().unwrap());
    let bundle = Bundle::sh("while read line; do echo $line; head -c 100000 /dev/zero; done");
    let args = ["--stdin", "--log-max-size=1000000", "--log-max-files=2"];
    let mut shim = bundle.shim(&runtimes()[0]).args(&args).created();
    shim.start();
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move |below: u64| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed % below
    };
    let mut round = |shim: &Shim<'_>, number: u64| match random(6) {
        // Goes with its output unread.
        0 => shim.attach().stdin(b"line\n"),
        1 => {
            let mut client = shim.attach();
            client.stdin(b"line\n");
            client.until("line\n");
        }
        2 => drop(Client::silent(&shim.dir)),
        3 => {
            let hello = json!({"stdout": true, "stderr": true, "overflow": "drop"});
            let mut client = Client::connect(&shim.dir, &hello);
            shim.attach().stdin(b"line\n");
            client.receive();
        }
        4 => drop(exec::ask_for(shim, &format!("x{number}"), &["echo", "gone"])),
        _ => {
            let mut client = exec::ask_for(shim, &format!("x{number}"), &["cat"]);
            let (kind, payload) = client.receive().expect("an answer");
            assert_eq!(
                kind,
                WELCOME,
                "{} in {}, {:?}",
                String::from_utf8_lossy(&payload),
                shim.state(),
                fs::read_to_string(shim.dir.join("exit.json"))
            );
            client.send(STDIN_END, &[]);
            client.rest();
        }
    };
    let mut number = 0;
    let mut rounds_for = |shim: &Shim<'_>, time: Duration| {
        let begun = Instant::now();
        while begun.elapsed() < time {
            round(shim, number);
            number += 1;
        }
        // Two more let everything that went before be noticed.
        let mut last = shim.attach();
        last.stdin(b"settled\n");
        last.until("settled\n");
        (anonymous_kib(shim.pid()), descriptors(shim.pid()), number)
    };
    let first = rounds_for(&shim, Duration::from_millis(1500));
    let last = rounds_for(&shim, Duration::from_secs(seconds));
    println!("KiB, descriptors, rounds: {first:?} at first, {last:?} after {seconds} s");
    assert!(last.0 <= first.0 + 128, "{first:?} {last:?}");
    assert!(last.1 <= first.1 + 16, "{first:?} {last:?}");
    let mut client = shim.attach();
    client.signal(9);
    client.rest();
    shim.finish();
}
