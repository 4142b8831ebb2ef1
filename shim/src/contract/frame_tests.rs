//! The frame decoder against inputs cut anywhere, and against noise.

use proptest::prelude::*;

use super::*;

fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
    [&header(kind, payload.len())[..], payload].concat()
}

/// Everything that `bytes`, given in pieces of `step`, say: stdin joined, the rest printed.
fn decode(bytes: &[u8], step: usize) -> Result<(Vec<u8>, Vec<String>), Malformed> {
    let mut decoder = Decoder::default();
    let (mut stdin, mut others) = (Vec::new(), Vec::new());
    for mut piece in bytes.chunks(step) {
        while let Some(input) = decoder.next(&mut piece)? {
            match input {
                Input::Stdin(bytes) => stdin.extend_from_slice(bytes),
                other => others.push(format!("{other:?}")),
            }
        }
        assert!(piece.is_empty(), "None means that everything was taken");
    }
    Ok((stdin, others))
}

#[test]
fn frames_are_read_whatever_their_pieces() {
    let bytes = [
        frame(
            HELLO,
            br#"{"stdin":true,"stdout":true,"overflow":"drop","later":1}"#,
        ),
        frame(STDIN, b"hello "),
        frame(STDIN, b""),
        frame(99, b"from the future"),
        frame(STDIN, b"world"),
        frame(RESIZE, br#"{"rows":24,"cols":80}"#),
        frame(SIGNAL, br#"{"signal":15}"#),
        frame(STDIN_END, b""),
    ]
    .concat();
    for step in 1..bytes.len() {
        let (stdin, others) = decode(&bytes, step).expect("well formed");
        assert_eq!(stdin, b"hello world");
        assert_eq!(
            others,
            [
                "Hello(Hello { stdin: true, stdout: true, stderr: false, overflow: Drop, replay: false })",
                "Resize(Size { rows: 24, cols: 80 })",
                "Signal(15)",
                "StdinEnd",
            ]
        );
    }
}

#[test]
fn malformed_frames_are_refused() {
    let mut dirty = header(STDIN, 0);
    dirty[2] = 1;
    for bytes in [
        dirty.to_vec(),
        header(STDIN, MAX_PAYLOAD + 1).to_vec(),
        header(99, MAX_PAYLOAD + 1).to_vec(),
        header(HELLO, MAX_JSON + 1).to_vec(),
        header(STDIN_END, 1).to_vec(),
        frame(HELLO, b"[]x"),
        frame(HELLO, b""),
        frame(RESIZE, br#"{"rows":-1,"cols":80}"#),
        frame(RESIZE, br#"{"rows":70000,"cols":80}"#),
        frame(SIGNAL, br#"{"signal":"TERM"}"#),
    ] {
        assert_eq!(decode(&bytes, 3), Err(Malformed), "{bytes:?}");
    }
}

proptest! {
    #[test]
    fn any_bytes_decode_alike_in_any_pieces(bytes in proptest::collection::vec(any::<u8>(), 0..600), step in 1usize..50) {
        prop_assert_eq!(decode(&bytes, step), decode(&bytes, 600));
    }

    #[test]
    fn likely_frames_decode_alike_in_any_pieces(
        frames in proptest::collection::vec((0u8..24, proptest::collection::vec(any::<u8>(), 0..40)), 0..12),
        step in 1usize..50,
    ) {
        let bytes: Vec<u8> = frames.iter().flat_map(|(kind, payload)| frame(*kind, payload)).collect();
        let whole = decode(&bytes, bytes.len().max(1));
        prop_assert_eq!(&decode(&bytes, step), &whole);
        if let Ok((stdin, _)) = whole {
            let sent: Vec<u8> = frames.iter().filter(|(kind, _)| *kind == STDIN).flat_map(|(_, p)| p.clone()).collect();
            prop_assert_eq!(stdin, sent);
        }
    }
}
