//! The journal of events: files of JSON lines that any number of processes append to without a lock.
//!
//! `docs/contracts/events.md` is the format. What makes it work without a lock: a record is one write with O_APPEND,
//! which the kernel does not mix with others; it begins with a newline, so that what a killed writer left is a line of
//! its own, which is no record; and a file that is full is closed by a line that says so: what comes after it does not
//! count, and whoever wrote it there sees that and writes it to the next file.
// twin: shim/src/journal.rs, imaged/src/events/journal.rs

use std::fs::{self, DirBuilder, File};
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::de::IgnoredAny;

/// A file of so many bytes is full.
const MAX_SIZE: u64 = 2 << 20;
/// How many files are kept, the newest included.
const KEPT: usize = 16;
/// The line that closes a file.
const SEAL: &[u8] = b"#sealed";
/// What a file's name ends with; before it stands the number of its first record.
const ENDING: &str = ".jsonl";

/// The journal in a directory.
#[derive(Debug, Clone)]
pub(crate) struct Journal {
    dir: PathBuf,
    max_size: u64,
}

/// What a whole line of the journal is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    /// An event: a JSON object.
    Record(&'a [u8]),
    /// The file's end.
    Seal,
    /// Empty, or what a killed writer left.
    Nothing,
}

/// Says what a line is, without its newline.
pub(crate) fn classify(line: &[u8]) -> Line<'_> {
    match line {
        SEAL => Line::Seal,
        [b'{', ..] if serde_json::from_slice::<IgnoredAny>(line).is_ok() => Line::Record(line),
        _ => Line::Nothing,
    }
}

impl Journal {
    /// The journal in this directory, which the first record makes.
    pub(crate) fn new(dir: &Path) -> Self {
        Self {
            dir: dir.to_owned(),
            max_size: MAX_SIZE,
        }
    }

    /// The same with files of another size.
    #[cfg(test)]
    #[must_use]
    pub(crate) fn with_max_size(mut self, bytes: u64) -> Self {
        self.max_size = bytes;
        self
    }

    /// Appends an event, the text of a JSON object. With `durable` it is on the disk before this returns.
    ///
    /// # Errors
    /// The event is not in the journal.
    pub(crate) fn append(&self, event: &[u8], durable: bool) -> io::Result<()> {
        let record = [b"\n", event, b"\n"].concat();
        loop {
            let first = self.newest()?;
            let mut file = self.open(first)?;
            let end = write_once(&mut file, &record)?;
            if durable {
                file.sync_data()?;
            }
            if end < self.max_size {
                return Ok(());
            }
            // Before the size was reached nobody closed it.
            let seal = self.find_seal(&mut file)?;
            if seal.is_none() {
                write_once(&mut file, &[b"\n", SEAL, b"\n"].concat())?;
            }
            self.advance(first, &mut file)?;
            if seal.is_none_or(|seal| end <= seal) {
                return Ok(());
            }
        }
    }

    /// The numbers that the files begin with, in order.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub(crate) fn files(&self) -> io::Result<Vec<u64>> {
        let mut numbers = Vec::new();
        for entry in fs::read_dir(&self.dir)? {
            let name = entry?.file_name();
            let number = name
                .to_str()
                .and_then(|name| name.strip_suffix(ENDING)?.parse::<u64>().ok());
            numbers.extend(number);
        }
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// The file that begins with this number.
    pub(crate) fn path(&self, first: u64) -> PathBuf {
        self.dir.join(format!("{first:020}{ENDING}"))
    }

    fn newest(&self) -> io::Result<u64> {
        match self.files() {
            Ok(files) => Ok(files.last().copied().unwrap_or(1)),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                DirBuilder::new().recursive(true).mode(0o700).create(&self.dir)?;
                Ok(1)
            }
            Err(error) => Err(error),
        }
    }

    fn open(&self, first: u64) -> io::Result<File> {
        let mut options = File::options();
        options.create(true).append(true).read(true).mode(0o600);
        options.open(self.path(first))
    }

    /// Where the line that closes the file begins.
    fn find_seal(&self, file: &mut File) -> io::Result<Option<u64>> {
        let mut tail = Vec::new();
        file.seek(SeekFrom::Start(self.max_size))?;
        file.read_to_end(&mut tail)?;
        let seal = [b"\n", SEAL, b"\n"].concat();
        let at = tail.windows(seal.len()).position(|window| window == seal);
        Ok(at.map(|at| self.max_size + at as u64))
    }

    /// Makes the file after one that was closed. It is empty at first, and its name is the same whoever makes it.
    fn advance(&self, first: u64, closed: &mut File) -> io::Result<()> {
        closed.seek(SeekFrom::Start(0))?;
        let mut count = 0;
        let mut reader = BufReader::new(closed);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line)? > 0 {
            match classify(line.strip_suffix(b"\n").unwrap_or(&line)) {
                Line::Record(_) => count += 1,
                Line::Nothing => {}
                Line::Seal => break,
            }
            line.clear();
        }
        let next = first + count.max(1);
        if self.newest()? < next {
            // After a power cut nobody looks any more whether the end of a file with a successor comes.
            reader.into_inner().sync_data()?;
            self.open(next)?;
            File::open(&self.dir)?.sync_all()?;
        }
        let files = self.files()?;
        for old in &files[..files.len().saturating_sub(KEPT)] {
            // Somebody else may have been faster.
            let _ = fs::remove_file(self.path(*old));
        }
        Ok(())
    }
}

/// Appends all bytes in one write and returns where they end.
fn write_once(file: &mut File, bytes: &[u8]) -> io::Result<u64> {
    loop {
        match file.write(bytes) {
            Ok(length) if length == bytes.len() => return file.stream_position(),
            Ok(_) => return Err(ErrorKind::StorageFull.into()),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers and texts of all records, as a reader counts them.
    fn records(journal: &Journal) -> Vec<(u64, String)> {
        let mut found = Vec::new();
        for first in journal.files().unwrap() {
            let text = fs::read(journal.path(first)).unwrap();
            let mut number = first;
            for line in text.split(|byte| *byte == b'\n') {
                match classify(line) {
                    Line::Record(text) => {
                        found.push((number, String::from_utf8(text.to_vec()).unwrap()));
                        number += 1;
                    }
                    Line::Nothing => {}
                    Line::Seal => break,
                }
            }
        }
        found
    }

    fn event(number: usize) -> String {
        format!(r#"{{"event":{number}}}"#)
    }

    #[test]
    fn records_are_numbered_across_files_and_old_files_go() {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::new(&dir.path().join("events")).with_max_size(100);
        for number in 1..=500 {
            journal
                .append(event(number).as_bytes(), number % 100 == 0)
                .unwrap();
        }
        let found = records(&journal);
        assert_eq!(journal.files().unwrap().len(), KEPT);
        let (first, last) = (found[0].0, found.last().unwrap().0);
        assert_eq!(last, 500);
        let expected: Vec<_> = (first..=last)
            .map(|number| (number, event(usize::try_from(number).unwrap())))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn what_a_killed_writer_left_is_no_record_and_hides_none() {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::new(dir.path());
        journal.append(event(1).as_bytes(), false).unwrap();
        let mut torn = journal.open(1).unwrap();
        torn.write_all(b"\n{\"event\":2,\"Actor\":{}").unwrap();
        journal.append(event(3).as_bytes(), false).unwrap();
        assert_eq!(records(&journal), [(1, event(1)), (2, event(3))]);
    }

    #[test]
    fn a_late_writer_finds_the_file_closed() {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::new(dir.path()).with_max_size(20);
        journal.append(event(1).as_bytes(), false).unwrap();
        // It was opened before the file was closed, and is written now.
        let mut late = journal.open(1).unwrap();
        journal.append(event(2).as_bytes(), false).unwrap();
        assert_eq!(journal.files().unwrap(), [1, 3]);
        write_once(&mut late, b"\n{\"event\":9}\n").unwrap();
        assert_eq!(records(&journal), [(1, event(1)), (2, event(2))]);
        // Whoever comes now goes on in the next.
        journal.append(event(3).as_bytes(), false).unwrap();
        assert_eq!(records(&journal).last(), Some(&(3, event(3))));
    }

    #[test]
    fn many_writers_at_once_lose_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::new(dir.path()).with_max_size(4000);
        std::thread::scope(|scope| {
            for writer in 0..4 {
                let journal = &journal;
                scope.spawn(move || {
                    for number in 0..250 {
                        journal
                            .append(event(writer * 1000 + number).as_bytes(), false)
                            .unwrap();
                    }
                });
            }
        });
        let found = records(&journal);
        let numbers: Vec<u64> = found.iter().map(|(number, _)| *number).collect();
        assert_eq!(numbers, (1..=1000).collect::<Vec<_>>());
        let mut texts: Vec<String> = found.into_iter().map(|(_, text)| text).collect();
        let mut expected: Vec<String> = (0..4)
            .flat_map(|writer| (0..250).map(move |number| event(writer * 1000 + number)))
            .collect();
        texts.sort();
        expected.sort();
        assert_eq!(texts, expected);
    }
}
