//! Any output of a container, in any pieces: the log has all of it once, in order, and each record is a line of its format.
#![no_main]

use corten_shim::contract::time::Timestamp;
use corten_shim::stdio::log::file::Limits;
use corten_shim::stdio::log::{self, Format, Sink, Stream};
use libfuzzer_sys::fuzz_target;
use std::fs;
use std::path::Path;
use std::time::Duration;

/// The first byte says how long pieces are.
fn logged(bytes: &[u8], format: Format, path: &Path) -> Vec<u8> {
    let (length, output) = bytes.split_first().expect("not empty");
    let mut log = log::open(path, Limits::default(), format, None).expect("opened");
    for (at, piece) in output.chunks(usize::from(*length) * 64 + 1).enumerate() {
        log.write(
            Stream::Stdout,
            piece,
            Timestamp::new(Duration::from_millis(at as u64)),
        );
    }
    log.end(Stream::Stdout, Timestamp::new(Duration::ZERO));
    let records = fs::read(path).expect("written");
    fs::remove_file(path).expect("removed");
    records
}

fuzz_target!(|bytes: &[u8]| {
    let Some((_, output)) = bytes.split_first() else {
        return;
    };
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("log");

    let mut text = Vec::new();
    for line in logged(bytes, Format::Cri, &path).split_inclusive(|byte| *byte == b'\n') {
        let mut words = line.splitn(4, |byte| *byte == b' ').skip(2);
        let (tag, rest) = (words.next().expect("a tag"), words.next().expect("a text"));
        text.extend_from_slice(rest.strip_suffix(b"\n").expect("whole records"));
        match tag {
            b"F" => text.push(b'\n'),
            _ => assert_eq!(tag, b"P"),
        }
    }
    assert_eq!(text, output);

    let mut text = String::new();
    for line in logged(bytes, Format::Json, &path).split_inclusive(|byte| *byte == b'\n') {
        let record: serde_json::Value = serde_json::from_slice(line).expect("a record");
        text.push_str(record["log"].as_str().expect("its text"));
    }
    // Where a long line is cut within a character, both halves are no text.
    if output
        .split(|byte| *byte == b'\n')
        .all(|line| line.len() < 16 << 10)
    {
        assert!(same_text(&text, output));
    }
});

/// Each byte that is no text became one U+FFFD.
fn same_text(text: &str, output: &[u8]) -> bool {
    let mut expected = String::new();
    for chunk in output.utf8_chunks() {
        expected.push_str(chunk.valid());
        chunk
            .invalid()
            .iter()
            .for_each(|_| expected.push(char::REPLACEMENT_CHARACTER));
    }
    text == expected
}
