//! Bytes on their way from one descriptor to another, at the speed of the slower side.
//!
//! From pipe to pipe they move inside the kernel and need no memory here. A terminal or a regular file wants them
//! copied: then what has been read and not yet been written waits here, at most one buffer of it.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};

use nix::sys::epoll::EpollFlags;

use crate::error::Result;
use crate::sys::epoll::{Set, Watch};
use crate::sys::fifo::{self, Moved};

/// How often one relay goes on before others have their turn.
const TURNS: usize = 16;

/// What a side of a relay is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A pipe or a FIFO.
    Pipe,
    /// A terminal's master.
    Terminal,
    /// A regular file: always ready.
    File,
}

/// A relay.
pub struct Relay {
    from: (File, Watch),
    to: (File, Watch),
    from_kind: Kind,
    to_kind: Kind,
    /// The kernel moves the bytes.
    spliced: bool,
    /// Read and not yet written.
    kept: Vec<u8>,
    /// It waits for room on the other side.
    blocked: bool,
    /// No process has the terminal open: only an edge tells when one has it again.
    hung_up: bool,
    ended: bool,
    is_output: bool,
}

impl Relay {
    /// From one descriptor, which must not block, to the other.
    pub fn new(from: (File, Kind), to: (File, Kind)) -> Self {
        Self {
            spliced: from.1 == Kind::Pipe && to.1 == Kind::Pipe,
            from: (from.0, Watch::default()),
            to: (to.0, Watch::default()),
            from_kind: from.1,
            to_kind: to.1,
            kept: Vec::new(),
            blocked: false,
            hung_up: false,
            ended: false,
            is_output: true,
        }
    }

    /// The same, for what a process reads.
    #[must_use]
    pub fn as_input(mut self) -> Self {
        self.is_output = false;
        self
    }

    /// Whether nothing will ever come through it again.
    pub fn is_over(&self) -> bool {
        self.ended
    }

    /// Whether it brings what a process wrote; the others bring what it reads.
    pub fn is_output(&self) -> bool {
        self.is_output
    }

    /// Ends it: what is still to come is lost.
    pub fn end(&mut self) {
        self.ended = true;
    }

    /// Tells the epoll set what each side waits for; the tokens are `token` and the next.
    ///
    /// # Errors
    /// The epoll set refuses a descriptor.
    pub fn watch(&mut self, set: &Set, token: u64) -> Result<()> {
        let reading = match (self.ended || self.blocked, self.hung_up) {
            (true, _) => None,
            (false, true) => Some(EpollFlags::EPOLLIN | EpollFlags::EPOLLET),
            (false, false) => Some(EpollFlags::EPOLLIN),
        };
        let writing = (self.blocked && !self.ended).then_some(EpollFlags::EPOLLOUT);
        set.update(&mut self.from.1, &self.from.0, token, reading)?;
        match self.to_kind {
            Kind::File => Ok(()),
            _ => set.update(&mut self.to.1, &self.to.0, token + 1, writing),
        }
    }

    /// Goes on as far as possible without waiting. After the process's end (`finished`) a terminal that nobody has open
    /// is over.
    pub fn pump(&mut self, buffer: &mut [u8], finished: bool) {
        self.blocked = false;
        for _ in 0..TURNS {
            if self.ended {
                return;
            }
            let moved = match self.spliced {
                true => fifo::splice(&self.from.0, &self.to.0),
                false => self.copy(buffer, finished),
            };
            match moved {
                Moved::Some => {}
                Moved::Empty => return,
                Moved::Full => {
                    self.blocked = true;
                    return;
                }
                Moved::End => self.ended = true,
                Moved::Impossible if self.spliced => self.spliced = false,
                Moved::Impossible => self.ended = true,
            }
        }
    }

    fn copy(&mut self, buffer: &mut [u8], finished: bool) -> Moved {
        if !self.kept.is_empty() {
            let kept = std::mem::take(&mut self.kept);
            return self.write(&kept);
        }
        match self.from.0.read(buffer) {
            Ok(0) => Moved::End,
            Ok(length) => {
                self.hung_up = false;
                self.write(&buffer[..length])
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => Moved::Some,
            Err(error) if error.kind() == ErrorKind::WouldBlock => Moved::Empty,
            Err(_) if self.from_kind == Kind::Terminal && !finished => {
                self.hung_up = true;
                Moved::Empty
            }
            Err(_) => Moved::End,
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Moved {
        let mut rest = bytes;
        while !rest.is_empty() {
            match self.to.0.write(rest) {
                Ok(length) => rest = &rest[length..],
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.kept = rest.to_vec();
                    return Moved::Full;
                }
                // A full disk: the container goes on without its log.
                Err(_) if self.to_kind == Kind::File => return Moved::Some,
                Err(_) => return Moved::End,
            }
        }
        Moved::Some
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::files::{pipe, set_nonblocking};

    fn pipes() -> (File, File, Relay, File, File) {
        let (from, write) = pipe().expect("a pipe");
        let (read, to) = pipe().expect("a pipe");
        let (from, to) = (File::from(from), File::from(to));
        set_nonblocking(&from).expect("a pipe");
        set_nonblocking(&to).expect("a pipe");
        let spare = to.try_clone().expect("a descriptor");
        let relay = Relay::new((from, Kind::Pipe), (to, Kind::Pipe));
        (
            File::from(write),
            File::from(read),
            relay,
            spare,
            File::open("/dev/null").expect("there"),
        )
    }

    #[test]
    fn bytes_come_through_whole_however_slow_the_reader() {
        let (mut write, mut read, mut relay, spare, _) = pipes();
        drop(spare);
        let sent: Vec<u8> = (0..60_000u32).map(|at| (at % 251) as u8).collect();
        let mut buffer = [0; 4096];
        let mut got = Vec::new();
        for _ in 0..4 {
            write.write_all(&sent).expect("room");
            relay.pump(&mut buffer, false);
            let mut some = [0; 30_000];
            let length = read.read(&mut some).expect("bytes");
            got.extend_from_slice(&some[..length]);
            relay.pump(&mut buffer, false);
            while got.len() % 60_000 != 0 {
                let length = read.read(&mut some).expect("bytes");
                got.extend_from_slice(&some[..length]);
                relay.pump(&mut buffer, false);
            }
        }
        assert!(got.chunks(60_000).all(|part| part == sent));
        assert!(!relay.is_over());
        drop(write);
        relay.pump(&mut buffer, false);
        assert!(relay.is_over());
    }

    #[test]
    fn a_full_side_is_waited_for_and_an_empty_one_is_not() {
        let (mut write, _read, mut relay, mut spare, _) = pipes();
        let mut buffer = [0; 4096];
        relay.pump(&mut buffer, false);
        assert!(!relay.blocked);
        while spare.write(&[0; 4096]).is_ok() {}
        write.write_all(b"x").expect("room");
        relay.pump(&mut buffer, false);
        assert!(relay.blocked);
    }

    #[test]
    fn a_reader_that_has_gone_ends_it() {
        let (mut write, read, mut relay, _spare, _) = pipes();
        drop(read);
        write.write_all(b"x").expect("room");
        relay.pump(&mut [0; 16], false);
        assert!(relay.is_over());
    }

    #[test]
    fn a_file_gets_everything_in_order() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("log");
        std::fs::write(&path, "before ").expect("written");
        let file = File::options().append(true).open(&path).expect("there");
        let (from, write) = pipe().expect("a pipe");
        let from = File::from(from);
        set_nonblocking(&from).expect("a pipe");
        let mut relay = Relay::new((from, Kind::Pipe), (file, Kind::File));
        let mut write = File::from(write);
        write.write_all(b"after").expect("room");
        drop(write);
        relay.pump(&mut [0; 2], false);
        assert!(relay.is_over());
        assert_eq!(std::fs::read(&path).expect("there"), b"before after");
    }
}
