//! Reading the journal: every event once, in order, with its number, and those that come.

use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind};
use std::os::fd::AsFd;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
use serde_json::Value;

use super::DIRECTORY;
use super::journal::{Journal, Line, classify};
use crate::error::{Error, Result};

/// A reader at some place of the journal.
#[derive(Debug)]
pub(crate) struct Reader {
    journal: Journal,
    watch: Inotify,
    /// The file that is read; none before the first.
    file: Option<BufReader<File>>,
    /// The number of the next event.
    next: u64,
    /// The number that the file's name says.
    first: u64,
    /// A line so far.
    line: Vec<u8>,
    /// The file was closed: what follows is in the next.
    sealed: bool,
}

impl Reader {
    /// A reader at the oldest event that is kept. What is written from now on wakes [`Reader::wait`].
    ///
    /// # Errors
    /// When the journal's directory cannot be made or watched.
    pub(crate) fn open(root: &Path) -> Result<Self> {
        let directory = root.join(DIRECTORY);
        let failed = |error: &io::Error| Error::io(format!("watch {}", directory.display()), error);
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&directory)
            .map_err(|error| failed(&error))?;
        let watch = Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK)
            .and_then(|watch| {
                watch.add_watch(&directory, AddWatchFlags::IN_MODIFY | AddWatchFlags::IN_CREATE)?;
                Ok(watch)
            })
            .map_err(|errno| failed(&errno.into()))?;
        Ok(Self {
            journal: Journal::new(&directory),
            watch,
            file: None,
            next: 1,
            first: 0,
            line: Vec::new(),
            sealed: false,
        })
    }

    /// The next event with its number, if there is one.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub(crate) fn next(&mut self) -> Result<Option<(u64, Value)>> {
        self.try_next(false)
            .map_err(|error| Error::io("read the journal of events", &error))
    }

    /// With `is_last` the file has a successor: what is in it now is all there will be.
    fn try_next(&mut self, mut is_last: bool) -> io::Result<Option<(u64, Value)>> {
        loop {
            let Some(file) = self.file.as_mut().filter(|_| !self.sealed) else {
                if !self.open_next()? {
                    return Ok(None);
                }
                continue;
            };
            let count = file.read_until(b'\n', &mut self.line)?;
            if self.line.pop_if(|last| *last == b'\n').is_none() {
                if !is_last {
                    // The rest of the line is still to come.
                    if !self.has_successor()? {
                        return Ok(None);
                    }
                    // What was written before we looked is there now.
                    is_last = true;
                } else if count == 0 {
                    // Nobody has closed it: after a power cut its end may be lost, in the middle of a record.
                    self.line.clear();
                    self.sealed = true;
                    is_last = false;
                }
                continue;
            }
            let line = std::mem::take(&mut self.line);
            match classify(&line) {
                Line::Nothing => {}
                Line::Seal => (self.sealed, is_last) = (true, false),
                Line::Record(text) => {
                    let number = self.next;
                    self.next += 1;
                    // It was seen to be JSON.
                    return Ok(Some((number, serde_json::from_slice(text)?)));
                }
            }
        }
    }

    fn has_successor(&self) -> io::Result<bool> {
        Ok(self
            .journal
            .files()?
            .last()
            .is_some_and(|last| *last > self.first))
    }

    /// Goes on to the oldest file after this one; says whether there is one.
    fn open_next(&mut self) -> io::Result<bool> {
        let Some(first) = self
            .journal
            .files()?
            .into_iter()
            .find(|first| *first > self.first)
        else {
            return Ok(false);
        };
        match File::open(self.journal.path(first)) {
            Ok(file) => {
                (self.file, self.first, self.next) = (Some(BufReader::new(file)), first, first);
                self.sealed = false;
                Ok(true)
            }
            // It was the oldest, and was removed just now.
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.first = first;
                self.open_next()
            }
            Err(error) => Err(error),
        }
    }

    /// Waits until something is written, at most so long.
    ///
    /// # Errors
    /// When the kernel does not let us wait.
    pub(crate) fn wait(&self, at_most: Option<Duration>) -> Result<()> {
        // Rounded up, so that the last round does not spin.
        let timeout = at_most.map_or(PollTimeout::NONE, |time| {
            PollTimeout::try_from(time.as_millis() + 1).unwrap_or(PollTimeout::MAX)
        });
        let mut fds = [PollFd::new(self.watch.as_fd(), PollFlags::POLLIN)];
        match poll(&mut fds, timeout) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(Error::syscall("poll(inotify)", errno as i32)),
        }
        // Only the waking matters, not what was said.
        match self.watch.read_events() {
            Ok(_) | Err(Errno::EAGAIN | Errno::EINTR) => Ok(()),
            Err(errno) => Err(Error::syscall("read(inotify)", errno as i32)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_meets_every_event_once_across_files() {
        let root = tempfile::tempdir().unwrap();
        let journal = Journal::new(&root.path().join(DIRECTORY)).with_max_size(200);
        let mut reader = Reader::open(root.path()).unwrap();
        let mut expected = 1;
        for round in 0..50 {
            for number in 0..4 {
                let event = format!(r#"{{"n":{}}}"#, round * 4 + number);
                journal.append(event.as_bytes(), false).unwrap();
            }
            while let Some((number, event)) = reader.next().unwrap() {
                assert_eq!(number, expected);
                assert_eq!(event["n"], expected - 1);
                expected += 1;
            }
            assert_eq!(expected, (round + 1) * 4 + 1);
        }
    }

    #[test]
    fn a_file_that_a_power_cut_left_unclosed_is_left_behind() {
        let root = tempfile::tempdir().unwrap();
        let journal = Journal::new(&root.path().join(DIRECTORY));
        let mut reader = Reader::open(root.path()).unwrap();
        std::fs::write(journal.path(1), b"\n{\"a\":1}\n\n{\"a\":").unwrap();
        assert_eq!(reader.next().unwrap(), Some((1, serde_json::json!({"a": 1}))));
        assert!(reader.next().unwrap().is_none(), "it is still written");
        std::fs::write(journal.path(3), b"\n{\"a\":3}\n").unwrap();
        assert_eq!(reader.next().unwrap(), Some((3, serde_json::json!({"a": 3}))));
    }

    /// The seal and the next file, which is empty at first, may come while a reader looks for more.
    #[test]
    fn an_empty_file_after_a_seal_is_not_left_behind() {
        let root = tempfile::tempdir().unwrap();
        let journal = Journal::new(&root.path().join(DIRECTORY));
        let mut reader = Reader::open(root.path()).unwrap();
        std::fs::write(journal.path(1), b"\n{\"a\":1}\n").unwrap();
        assert!(reader.next().unwrap().is_some());
        std::fs::write(journal.path(1), b"\n{\"a\":1}\n\n#sealed\n").unwrap();
        std::fs::write(journal.path(2), b"").unwrap();
        assert!(reader.try_next(true).unwrap().is_none());
        std::fs::write(journal.path(2), b"\n{\"a\":2}\n").unwrap();
        assert_eq!(reader.next().unwrap(), Some((2, serde_json::json!({"a": 2}))));
    }

    #[test]
    fn the_journal_is_private_whoever_makes_it() {
        use std::os::unix::fs::PermissionsExt;
        let root = tempfile::tempdir().unwrap();
        Reader::open(root.path()).unwrap();
        let mode = root
            .path()
            .join(DIRECTORY)
            .metadata()
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o700);
    }

    #[test]
    fn half_a_record_is_waited_for() {
        use std::io::Write;
        let root = tempfile::tempdir().unwrap();
        let mut reader = Reader::open(root.path()).unwrap();
        let journal = Journal::new(&root.path().join(DIRECTORY));
        let mut file = File::create(journal.path(1)).unwrap();
        file.write_all(b"\n{\"a\"").unwrap();
        assert!(reader.next().unwrap().is_none());
        file.write_all(b":1}\n").unwrap();
        reader.wait(None).unwrap();
        assert_eq!(reader.next().unwrap(), Some((1, serde_json::json!({"a": 1}))));
    }
}
