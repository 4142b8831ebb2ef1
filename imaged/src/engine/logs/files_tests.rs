//! The files of a log move on while they are read.

use std::io::Write;

use flate2::{Compression, GzBuilder};

use super::*;

/// A log that is written and moved on as the shim does it.
struct Writer {
    directory: tempfile::TempDir,
    count: u32,
}

impl Writer {
    fn new() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
            count: 0,
        }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("log")
    }

    /// Writes so many more records: their texts are numbers.
    fn write(&mut self, records: u32) {
        let mut file = File::options()
            .create(true)
            .append(true)
            .open(self.path())
            .unwrap();
        for _ in 0..records {
            self.count += 1;
            writeln!(
                file,
                "2026-01-02T03:04:05.{:09}Z stdout F {}",
                self.count, self.count
            )
            .unwrap();
        }
    }

    fn rotate(&self, files: u32) {
        for number in (1..files).rev() {
            for ending in ["", ".gz"] {
                let (from, to) = (
                    numbered(&self.path(), number, ending),
                    numbered(&self.path(), number + 1, ending),
                );
                let _ = fs::rename(from, to);
            }
        }
        for ending in ["", ".gz"] {
            let _ = fs::remove_file(numbered(&self.path(), files, ending));
        }
        fs::rename(self.path(), numbered(&self.path(), 1, "")).unwrap();
        File::create(self.path()).unwrap();
    }

    fn compress(&self, number: u32) {
        let path = numbered(&self.path(), number, "");
        let was = Piece::plain(&path).unwrap().unwrap().identity().unwrap();
        let file = File::create(numbered(&self.path(), number, ".gz")).unwrap();
        let mut gzip = GzBuilder::new().comment(was).write(file, Compression::fast());
        gzip.write_all(&fs::read(&path).unwrap()).unwrap();
        gzip.finish().unwrap();
        fs::remove_file(path).unwrap();
    }
}

/// The numbers that can be read now.
fn read(log: &mut Log) -> Vec<u32> {
    std::iter::from_fn(|| log.next().unwrap())
        .map(|entry| String::from_utf8(entry.text).unwrap().trim().parse().unwrap())
        .collect()
}

#[test]
fn all_files_are_read_in_order() {
    let mut writer = Writer::new();
    assert_eq!(read(&mut Log::open(&writer.path()).unwrap()), [0; 0]);
    for _ in 0..4 {
        writer.write(2);
        writer.rotate(5);
    }
    writer.compress(3);
    writer.compress(1);
    writer.write(1);
    assert_eq!(
        read(&mut Log::open(&writer.path()).unwrap()),
        (1..=9).collect::<Vec<_>>()
    );
}

#[test]
fn a_file_that_has_two_names_is_read_once() {
    let mut writer = Writer::new();
    writer.write(3);
    fs::hard_link(writer.path(), numbered(&writer.path(), 1, "")).unwrap();
    assert_eq!(read(&mut Log::open(&writer.path()).unwrap()), [1, 2, 3]);
    // And one that is compressed, but not removed yet.
    writer.rotate(5);
    let plain = fs::read(numbered(&writer.path(), 1, "")).unwrap();
    fs::remove_file(numbered(&writer.path(), 2, "")).unwrap();
    writer.compress(1);
    fs::write(numbered(&writer.path(), 1, ""), plain).unwrap();
    assert_eq!(read(&mut Log::open(&writer.path()).unwrap()), [1, 2, 3]);
}

#[test]
fn a_follower_meets_every_record_once_however_far_the_files_moved() {
    for compressed in [false, true] {
        for rotations in 1..4 {
            let mut writer = Writer::new();
            writer.write(3);
            let mut log = Log::open(&writer.path()).unwrap();
            assert_eq!(read(&mut log), [1, 2, 3]);
            // Written to the file that the follower has open, after it looked.
            writer.write(1);
            for _ in 0..rotations {
                writer.rotate(9);
                if compressed {
                    writer.compress(1);
                }
                writer.write(2);
            }
            let expected: Vec<u32> = (4..=4 + 2 * rotations).collect();
            assert_eq!(read(&mut log), expected, "compressed: {compressed}");
            writer.write(1);
            assert_eq!(read(&mut log), [5 + 2 * rotations]);
        }
    }
}

#[test]
fn a_follower_that_slept_too_long_goes_on_with_what_is_left() {
    let mut writer = Writer::new();
    writer.write(1);
    let mut log = Log::open(&writer.path()).unwrap();
    assert_eq!(read(&mut log), [1]);
    for _ in 0..4 {
        writer.rotate(2);
        writer.write(1);
    }
    assert_eq!(read(&mut log), [4, 5]);
}

#[test]
fn an_emptied_file_is_read_from_its_beginning() {
    let mut writer = Writer::new();
    writer.write(5);
    let mut log = Log::open(&writer.path()).unwrap();
    assert_eq!(read(&mut log).len(), 5);
    File::create(writer.path()).unwrap();
    writer.write(2);
    assert_eq!(read(&mut log), [6, 7]);
    // But what a full disk made the shim take back is not shown again.
    let before = fs::metadata(writer.path()).unwrap().len();
    writer.write(1);
    assert_eq!(read(&mut log), [8]);
    File::options()
        .write(true)
        .open(writer.path())
        .unwrap()
        .set_len(before)
        .unwrap();
    assert_eq!(read(&mut log), [0; 0]);
    writer.write(1);
    assert_eq!(read(&mut log), [9]);
}

#[test]
fn half_a_line_waits_for_its_other_half() {
    let writer = Writer::new();
    let mut file = File::create(writer.path()).unwrap();
    write!(file, "2026-01-02T03:04:05Z stdout F 4").unwrap();
    let mut log = Log::open(&writer.path()).unwrap();
    assert_eq!(read(&mut log), [0; 0]);
    writeln!(file, "2").unwrap();
    assert_eq!(read(&mut log), [42]);
}
