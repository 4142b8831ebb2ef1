//! The log's formats, byte for byte, and what becomes of its files.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;

use super::*;

fn at(seconds: u64) -> Timestamp {
    Timestamp::new(Duration::from_secs(seconds))
}

fn records(log: &mut Log) -> &mut Records {
    match &mut log.target {
        Target::File(records) => records,
        Target::Journald(_) => unreachable!("it is a file"),
    }
}

fn file(log: &mut Log) -> &mut LogFile {
    match &mut records(log).writer {
        Writer::Direct(file) => file,
        Writer::Queued(_) => unreachable!("it is written directly"),
    }
}

/// Logs pieces of stdout, one a second, and returns the file.
fn logged(pieces: &[&[u8]]) -> Vec<u8> {
    logged_as(Format::Json, pieces)
}

fn logged_as(format: Format, pieces: &[&[u8]]) -> Vec<u8> {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("log");
    let mut log = open(&path, Limits::default(), format, None).expect("opened");
    for (second, piece) in pieces.iter().enumerate() {
        log.write(Stream::Stdout, piece, at(second as u64));
    }
    log.end(Stream::Stdout, at(pieces.len() as u64));
    std::fs::read(&path).expect("written")
}

/// The `log` fields of the records.
fn texts(log: &[u8]) -> Vec<String> {
    let text = std::str::from_utf8(log).expect("always valid");
    text.lines()
        .map(|line| {
            let record: serde_json::Value = serde_json::from_str(line).expect("a record a line");
            record["log"].as_str().expect("text").to_owned()
        })
        .collect()
}

#[test]
fn lines_are_records() {
    let log = logged(&[b"one\ntw", b"o\n\nend"]);
    let expected = r#"{"log":"one\n","stream":"stdout","time":"1970-01-01T00:00:00Z"}
{"log":"two\n","stream":"stdout","time":"1970-01-01T00:00:01Z"}
{"log":"\n","stream":"stdout","time":"1970-01-01T00:00:01Z"}
{"log":"end","stream":"stdout","time":"1970-01-01T00:00:02Z"}
"#;
    assert_eq!(String::from_utf8_lossy(&log), expected);
}

#[test]
fn each_record_carries_the_attributes() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("log");
    let attributes = [("b", "1"), ("A", "<\"x\">\n")].map(|(name, value)| (name.into(), value.into()));
    let mut log = open(&path, Limits::default(), Format::Json, None)
        .expect("opened")
        .carrying(&Attributes::from(attributes));
    log.write(Stream::Stderr, b"one\ntwo\n", at(0));
    let rest =
        r#""stream":"stderr","attrs":{"A":"\u003c\"x\"\u003e\n","b":"1"},"time":"1970-01-01T00:00:00Z"}"#;
    let expected = [r#"{"log":"one\n","#, rest, "\n", r#"{"log":"two\n","#, rest, "\n"].concat();
    assert_eq!(std::fs::read_to_string(&path).expect("written"), expected);
}

#[test]
fn a_torn_record_does_not_take_the_next_one_with_it() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("log");
    std::fs::write(&path, "{\"log\":\"whole\\n\"}\n{\"log\":\"to").expect("written");
    for text in ["one\n", "two\n"] {
        let mut log = open(&path, Limits::default(), Format::Json, None).expect("opened");
        log.write(Stream::Stdout, text.as_bytes(), at(0));
    }
    let log = std::fs::read_to_string(&path).expect("written");
    let lines: Vec<&str> = log.lines().collect();
    assert_eq!(lines.len(), 4, "{log}");
    assert_eq!(texts(lines[2..].join("\n").as_bytes()), ["one\n", "two\n"]);
}

#[test]
fn characters_are_escaped_as_docker_does() {
    let log = logged(&[
        "\t\r\u{1}\u{7f}\"\\<>&é€\u{2028}\u{2029}\u{2030}".as_bytes(),
        b"\x80\xe2\x82A\xed\xa0\x80\n",
    ]);
    let expected = concat!(
        r#"{"log":"\u0009\r\u0001"#,
        "\u{7f}",
        r#"\"\\\u003c\u003e\u0026é€\u2028\u2029"#,
        "\u{2030}",
        r#"\ufffd\ufffd\ufffdA\ufffd\ufffd\ufffd\n","stream":"stdout","time":"1970-01-01T00:00:01Z"}"#,
        "\n"
    );
    assert_eq!(String::from_utf8_lossy(&log), expected);
}

#[test]
fn a_character_cut_by_reads_is_whole_in_the_log() {
    assert_eq!(texts(&logged(&[b"\xe2\x82", b"\xac\n"])), ["€\n"]);
}

#[test]
fn long_lines_are_cut_at_16_kib_and_keep_the_first_time() {
    let line = [vec![b'a'; MAX_LINE], vec![b'b'; 10], b"\nnext\n".to_vec()].concat();
    let (first, rest) = line.split_at(MAX_LINE + 1);
    let log = logged(&[first, rest]);
    assert_eq!(
        texts(&log),
        ["a".repeat(MAX_LINE), "b".repeat(10) + "\n", "next\n".to_owned()]
    );
    let log = String::from_utf8_lossy(&log);
    let times: Vec<_> = log.lines().map(|line| &line[line.len() - 4..]).collect();
    assert_eq!(times, ["00Z\"}", "00Z\"}", "01Z\"}"].map(|time| &time[1..]));
}

#[test]
fn a_line_of_exactly_16_kib_ends_in_an_empty_record() {
    let line = [vec![b'a'; MAX_LINE], b"\n".to_vec()].concat();
    assert_eq!(texts(&logged(&[&line])), ["a".repeat(MAX_LINE), "\n".to_owned()]);
}

#[test]
fn streams_do_not_mix() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("log");
    let mut log = open(&path, Limits::default(), Format::Json, None).expect("opened");
    log.write(Stream::Stdout, b"out", at(0));
    log.write(Stream::Stderr, b"err\n", at(1));
    log.write(Stream::Stdout, b"put\n", at(2));
    assert_eq!(
        texts(&std::fs::read(&path).expect("written")),
        ["err\n", "output\n"]
    );
}

#[test]
fn a_full_disk_loses_records_not_lines() {
    let mut log = open(Path::new("/dev/full"), Limits::default(), Format::Json, None).expect("a device");
    log.write(Stream::Stdout, b"a\nb\n", at(0));
    assert_eq!(records(&mut log).lost, 2);
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("log");
    file(&mut log).file = File::options()
        .append(true)
        .create(true)
        .open(&path)
        .expect("opened");
    log.write(Stream::Stdout, b"c\n", at(1));
    let notice = "[corten-shim: 2 log records could not be written]\n";
    assert_eq!(texts(&std::fs::read(&path).expect("written")), [notice, "c\n"]);
}

#[test]
fn cri_records_are_bytes_with_a_tag() {
    let long = [vec![b'a'; MAX_LINE], b"b\n".to_vec()].concat();
    let log = logged_as(Format::Cri, &[b"one\n\xff\"\x00\n", &long, b"end"]);
    let expected = [
        &b"1970-01-01T00:00:00.000000000Z stdout F one\n1970-01-01T00:00:00.000000000Z stdout F \xff\"\x00\n"
            [..],
        b"1970-01-01T00:00:01.000000000Z stdout P ",
        &[b'a'; MAX_LINE],
        b"\n1970-01-01T00:00:01.000000000Z stdout F b\n1970-01-01T00:00:03.000000000Z stdout P end\n",
    ]
    .concat();
    assert_eq!(String::from_utf8_lossy(&log), String::from_utf8_lossy(&expected));
}

#[test]
fn parts_of_lines_may_be_recorded_at_once() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("log");
    let mut log = open(&path, Limits::default(), Format::Cri, None).expect("a log");
    log.set_partial(Partial::AtOnce);
    let mut write =
        |text: &[u8], second| log.write(Stream::Stdout, text, Timestamp::new(Duration::from_secs(second)));
    write(b"one\npart", 1);
    let so_far = std::fs::read_to_string(&path).expect("a file");
    write(b"ial\nlast", 2);
    log.end(Stream::Stdout, Timestamp::new(Duration::from_secs(3)));
    let all = std::fs::read_to_string(&path).expect("a file");
    let first = "1970-01-01T00:00:01.000000000Z stdout F one\n1970-01-01T00:00:01.000000000Z stdout P part\n";
    assert_eq!(so_far, first);
    let second =
        "1970-01-01T00:00:02.000000000Z stdout F ial\n1970-01-01T00:00:02.000000000Z stdout P last\n";
    assert_eq!(all, format!("{first}{second}"));
}

#[test]
fn a_log_that_was_moved_away_goes_on_in_a_new_file() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("log");
    let mut log = open(&path, Limits::default(), Format::Cri, None).expect("a log");
    let now = Timestamp::new(Duration::ZERO);
    log.write(Stream::Stdout, b"one\n", now);
    std::fs::rename(&path, dir.path().join("old")).expect("moved");
    log.reopen();
    log.write(Stream::Stdout, b"two\n", now);
    let text = |name| std::fs::read_to_string(dir.path().join(name)).expect("a file");
    assert!(text("old").ends_with("F one\n") && text("log").ends_with("F two\n"));
    assert_eq!(text("log").lines().count(), 1);
}

#[test]
fn a_log_that_is_a_link_is_not_followed() {
    let dir = tempfile::tempdir().expect("a directory");
    std::os::unix::fs::symlink(dir.path().join("elsewhere"), dir.path().join("log")).expect("a link");
    let error = open(&dir.path().join("log"), Limits::default(), Format::Cri, None).expect_err("a link");
    assert_eq!(error.errno(), Some(libc::ELOOP));
    assert!(!dir.path().join("elsewhere").exists());
}

/// The names in a directory, and of each the numbers that its records carry.
fn numbers(dir: &Path) -> Vec<(String, Vec<u32>)> {
    let mut found: Vec<_> = std::fs::read_dir(dir)
        .expect("there")
        .map(|entry| {
            let entry = entry.expect("an entry");
            let content = std::fs::read(entry.path()).expect("a file");
            let numbers = texts(&content)
                .into_iter()
                .map(|text| text.trim().parse().expect("a number"));
            (
                entry.file_name().into_string().expect("a name"),
                numbers.collect(),
            )
        })
        .collect();
    found.sort();
    found
}

/// Logs a number a line, each in a write of its own: a record has 56 bytes.
fn log_numbers(log: &mut Log, numbers: std::ops::Range<u32>) {
    for number in numbers {
        log.write(Stream::Stdout, format!("{number}\n").as_bytes(), at(0));
    }
}

#[test]
fn full_files_move_on_and_the_oldest_goes() {
    let dir = tempfile::tempdir().expect("a directory");
    let limits = Limits {
        max_size: Some(150),
        max_files: 3,
        compress: false,
    };
    let path = dir.path().join("log");
    log_numbers(
        &mut open(&path, limits, Format::Json, None).expect("opened"),
        0..6,
    );
    // The next run goes on where the last ended.
    log_numbers(
        &mut open(&path, limits, Format::Json, None).expect("opened"),
        6..10,
    );
    assert_eq!(
        numbers(dir.path()),
        [
            ("log".to_owned(), vec![9]),
            ("log.1".to_owned(), vec![6, 7, 8]),
            ("log.2".to_owned(), vec![3, 4, 5]),
        ]
    );
}

#[test]
fn what_comes_in_one_piece_is_divided_as_well() {
    let dir = tempfile::tempdir().expect("a directory");
    let limits = Limits {
        max_size: Some(150),
        max_files: 2,
        compress: false,
    };
    let mut log = open(&dir.path().join("log"), limits, Format::Json, None).expect("opened");
    log.write(Stream::Stdout, b"1\n2\n3\n4\n5\n6\n7\n", at(0));
    assert_eq!(
        numbers(dir.path()),
        [("log".to_owned(), vec![7]), ("log.1".to_owned(), vec![4, 5, 6])]
    );
}

#[test]
fn one_file_alone_begins_anew() {
    let dir = tempfile::tempdir().expect("a directory");
    let limits = Limits {
        max_size: Some(150),
        max_files: 1,
        compress: false,
    };
    log_numbers(
        &mut open(&dir.path().join("log"), limits, Format::Json, None).expect("opened"),
        0..5,
    );
    assert_eq!(numbers(dir.path()), [("log".to_owned(), vec![3, 4])]);
}

#[test]
fn a_directory_that_takes_no_new_file_loses_no_record() {
    let dir = tempfile::tempdir().expect("a directory");
    let limits = Limits {
        max_size: Some(60),
        max_files: 2,
        compress: false,
    };
    let mut log = open(&dir.path().join("log"), limits, Format::Json, None).expect("opened");
    // No file can be made of that name.
    std::fs::create_dir(dir.path().join("log.new")).expect("made");
    log_numbers(&mut log, 0..5);
    std::fs::remove_dir(dir.path().join("log.new")).expect("removed");
    assert_eq!(numbers(dir.path()), [("log".to_owned(), vec![0, 1, 2, 3, 4])]);
    assert_eq!(records(&mut log).lost, 0);
}

#[test]
fn a_compressed_file_says_what_it_was() {
    use std::os::unix::fs::MetadataExt;
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("log.1");
    std::fs::write(&path, "text\n").expect("written");
    let before = std::fs::metadata(&path).expect("there");
    compress::compress_file(&path).expect("compressed");
    assert!(!path.exists());
    let mut gzip = flate2::read::GzDecoder::new(File::open(dir.path().join("log.1.gz")).expect("there"));
    let mut text = String::new();
    std::io::Read::read_to_string(&mut gzip, &mut text).expect("whole");
    assert_eq!(text, "text\n");
    let comment = gzip
        .header()
        .and_then(|header| header.comment())
        .expect("a comment");
    let expected = format!("{} 5 {}.{:09}", before.ino(), before.mtime(), before.mtime_nsec());
    assert_eq!(String::from_utf8_lossy(comment), expected);
    assert!(compress::compress_file(&path).is_err(), "it is gone");
    assert_eq!(std::fs::read_dir(dir.path()).expect("there").count(), 1);
}

#[test]
fn only_this_runs_records_are_taken_back() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("log");
    let open = || open(&path, Limits::default(), Format::Json, None).expect("opened");
    open().write(Stream::Stdout, b"kept\n", at(0));
    let mut this_run = open();
    this_run.write(Stream::Stderr, b"the runtime's\n", at(1));
    this_run.take_back();
    assert_eq!(texts(&std::fs::read(&path).expect("written")), ["kept\n"]);
}

proptest! {
    /// Whatever the bytes and however they arrive: the same records, valid JSON, nothing lost.
    #[test]
    fn pieces_do_not_matter(bytes in proptest::collection::vec(prop_oneof![any::<u8>(), Just(b'\n')], 0..400), step in 1usize..60) {
        let pieces: Vec<&[u8]> = bytes.chunks(step).collect();
        let joined: String = texts(&logged(&pieces)).concat();
        prop_assert_eq!(&joined, &texts(&logged(&[&bytes])).concat());
        if let Ok(text) = std::str::from_utf8(&bytes) {
            prop_assert_eq!(joined, text);
        }
    }
}

/// The messages of a log that a thread writes into a pipe that nobody reads until `write` is done.
fn through_a_stalled_disk(buffer: usize, write: impl FnOnce(&mut Log)) -> Vec<String> {
    use std::io::Read;
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("log");
    let mut log = open(&path, Limits::default(), Format::Cri, Some(buffer)).expect("opened");
    let (reader, writer) = crate::sys::files::pipe().expect("a pipe");
    let Writer::Queued(queue) = &mut records(&mut log).writer else {
        unreachable!("a buffer was asked for")
    };
    queue.unstarted().expect("nothing was written").file = File::from(writer);
    write(&mut log);
    let reading = std::thread::spawn(move || {
        let mut text = String::new();
        File::from(reader).read_to_string(&mut text).expect("text");
        text
    });
    log.settle();
    drop(log);
    let text = reading.join().expect("read");
    text.lines()
        .map(|line| line.splitn(4, ' ').last().unwrap_or_default().to_owned())
        .collect()
}

#[test]
fn what_a_stalled_disk_has_no_room_for_is_dropped_and_counted() {
    let line = "x".repeat(1000) + "\n";
    let messages = through_a_stalled_disk(200_000, |log| {
        for second in 0..1000 {
            log.write(Stream::Stdout, line.as_bytes(), at(second));
        }
    });
    let kept = messages.iter().filter(|message| message.len() == 1000).count();
    assert!(
        (150..400).contains(&kept),
        "the pipe's 64 KiB and the buffer: {kept}"
    );
    let dropped = messages.iter().filter_map(|message| {
        let count = message
            .strip_prefix("[corten-shim: ")?
            .strip_suffix(" log records were dropped]")?;
        count.parse::<usize>().ok()
    });
    assert_eq!(dropped.sum::<usize>(), 1000 - kept);
    assert!(
        messages
            .last()
            .is_some_and(|last| last.starts_with("[corten-shim: "))
    );
}

#[test]
fn a_disk_that_keeps_up_gets_everything() {
    let messages = through_a_stalled_disk(200_000, |log| {
        for second in 0..100 {
            log.write(Stream::Stdout, format!("{second}\n").as_bytes(), at(second));
        }
    });
    assert_eq!(
        messages,
        (0..100).map(|second| second.to_string()).collect::<Vec<_>>()
    );
}

#[test]
fn after_so_many_bytes_in_all_nothing_more_is_recorded() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("log");
    let record = "1970-01-01T00:00:00.000000000Z stdout F 0123456789\n".len() as u64;
    // Files of one record each, so that what counts is not the size of one.
    let limits = Limits {
        max_size: Some(record),
        max_files: 9,
        compress: false,
    };
    let mut log = open(&path, limits, Format::Cri, None).expect("opened");
    log.end_after(4 * record - 1);
    for _ in 0..5 {
        log.write(Stream::Stdout, b"0123456789\n", at(0));
    }
    // It would have room, but a log with holes is none.
    log.write(Stream::Stdout, b"\n", at(0));
    assert_eq!(records(&mut log).lost, 0, "this is no failure to tell of");
    let sizes = std::fs::read_dir(dir.path())
        .expect("there")
        .map(|entry| entry.and_then(|entry| entry.metadata()).expect("a file").len());
    assert_eq!(sizes.sum::<u64>(), 3 * record);
}
