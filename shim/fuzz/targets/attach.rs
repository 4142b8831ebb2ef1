//! Any bytes from a client of the attach socket: what is read of them does not depend on the pieces in which they come.
#![no_main]

use corten_shim::contract::frame::{Decoder, Input, Malformed};
use libfuzzer_sys::fuzz_target;

/// What a client said, its stdin in one piece.
fn said(bytes: &[u8], length: usize) -> (Vec<String>, Vec<u8>, bool) {
    let (mut others, mut stdin, mut decoder) = (Vec::new(), Vec::new(), Decoder::default());
    for mut piece in bytes.chunks(length) {
        loop {
            match decoder.next(&mut piece) {
                Ok(Some(Input::Stdin(bytes))) => stdin.extend_from_slice(bytes),
                Ok(Some(other)) => others.push(format!("{other:?}")),
                Ok(None) => break,
                Err(Malformed) => return (others, stdin, false),
            }
        }
    }
    (others, stdin, true)
}

fuzz_target!(|bytes: &[u8]| {
    let whole = said(bytes, bytes.len().max(1));
    for length in [1, 3, 64] {
        assert_eq!(said(bytes, length), whole, "in pieces of {length}");
    }
});
