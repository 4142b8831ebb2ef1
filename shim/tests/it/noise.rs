//! Clients that do not keep to the protocol harm nobody but themselves.

use std::io::{ErrorKind, Read, Write};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;

use crate::attach::{Client, HELLO, RESIZE, SIGNAL, STDIN, STDOUT, frame};
use crate::fixture::{Bundle, runtimes};

/// The shim must close the connection.
fn is_ended(client: &mut Client) -> bool {
    let mut rest = Vec::new();
    match client.socket.read_to_end(&mut rest) {
        Ok(_) => true,
        Err(error) => error.kind() == ErrorKind::ConnectionReset,
    }
}

#[test]
fn malformed_frames_end_the_connection() {
    let bundle = Bundle::new(&["cat"]);
    let mut shim = bundle.shim(&runtimes()[0]).args(&["--stdin"]).created();
    shim.start();
    let hello = frame(HELLO, b"{}");
    let cases: Vec<Vec<u8>> = vec![
        frame(STDIN, b"before hello"),
        frame(SIGNAL, br#"{"signal":9}"#),
        frame(HELLO, b"not json"),
        frame(HELLO, br#"{"overflow":"sometimes"}"#),
        [hello.clone(), hello.clone()].concat(),
        [hello.clone(), vec![STDIN, 0, 1, 0, 0, 0, 0, 0]].concat(),
        [hello.clone(), vec![STDIN, 0, 0, 0, 0, 1, 0, 1]].concat(),
        [hello.clone(), vec![99, 0, 0, 0, 255, 255, 255, 255]].concat(),
        [hello, frame(RESIZE, b"{}")].concat(),
    ];
    for bytes in cases {
        let mut client = Client::silent(&shim.dir);
        client.socket.write_all(&bytes).unwrap();
        assert!(is_ended(&mut client), "{bytes:?}");
    }
    let mut client = shim.attach();
    client.send(77, b"of a later version");
    // Signals and sizes that do not exist, or not here, are nobody's harm.
    for signal in [0, -1, 65, i32::MAX] {
        client.signal(signal);
    }
    client.send(RESIZE, br#"{"rows":1,"cols":1}"#);
    client.stdin(b"still there\n");
    assert_eq!(client.until("\n"), "still there\n");
    client.signal(9);
    client.rest();
    shim.finish();
}

#[test]
fn noise_of_any_kind_does_not_stop_the_shim() {
    let bundle = Bundle::new(&["cat"]);
    let mut shim = bundle.shim(&runtimes()[0]).args(&["--stdin"]).created();
    shim.start();
    let mut witness = Client::connect(&shim.dir, &json!({"stdin": true, "stdout": true}));
    let any_frame = (0u8..24, proptest::collection::vec(any::<u8>(), 0..200))
        .prop_filter("stdin and signals would reach the container", |(kind, _)| {
            ![STDIN, SIGNAL].contains(kind)
        })
        .prop_map(|(kind, payload)| frame(kind, &payload));
    let any_bytes = proptest::collection::vec(1u8.., 0..300);
    let pieces = proptest::collection::vec(prop_oneof![any_frame, any_bytes], 0..6);
    let mut runner = TestRunner::new(Config {
        cases: 200,
        failure_persistence: None,
        ..Config::default()
    });
    runner
        .run(&(any::<bool>(), pieces), |(polite, pieces)| {
            let mut client = Client::silent(&shim.dir);
            // The shim may hang up in the middle of it.
            if polite {
                let _ = client.socket.write_all(&frame(HELLO, br#"{"stdout":true}"#));
            }
            let _ = client.socket.write_all(&pieces.concat());
            Ok(())
        })
        .unwrap();
    witness.send(STDIN, b"calm\n");
    assert_eq!(witness.receive(), Some((STDOUT, b"calm\n".to_vec())));
    witness.signal(9);
    witness.rest();
    shim.finish();
}

#[test]
fn a_client_that_stalls_in_the_middle_of_a_frame_delays_nobody() {
    let bundle = Bundle::new(&["cat"]);
    let mut shim = bundle.shim(&runtimes()[0]).args(&["--stdin"]).created();
    shim.start();
    let mut half = Client::silent(&shim.dir);
    half.socket
        .write_all(&frame(HELLO, br#"{"stdin":true}"#)[..5])
        .unwrap();
    let mut quarter = shim.attach();
    quarter
        .socket
        .write_all(&[STDIN, 0, 0, 0, 0, 0, 0, 9, b'x'])
        .unwrap();
    assert_eq!(quarter.receive(), Some((STDOUT, b"x".to_vec())));
    let mut client = shim.attach();
    client.stdin(b"y\n");
    assert_eq!(client.until("\n"), "y\n");
    client.signal(9);
    client.rest();
    shim.finish();
    assert!(is_ended(&mut half));
}
