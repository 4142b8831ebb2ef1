//! The container's stdin: what clients sent and the container has not read yet, and when it ends.

use std::fs::File;
use std::io::{ErrorKind, Write};

use crate::sys::epoll::Watch;

/// The end of a pipe, or the terminal, that becomes the container's stdin.
pub struct Stdin {
    file: Option<File>,
    /// What it waits for in the epoll set.
    watch: Watch,
    /// What it did not take yet, from `written` on: never more than was read at one time.
    pending: Vec<u8>,
    written: usize,
    /// Close once `pending` is written.
    ending: bool,
    is_terminal: bool,
}

impl Stdin {
    /// Takes the writing end, which does not block.
    pub fn new(file: Option<File>, is_terminal: bool) -> Self {
        Self {
            file,
            watch: Watch::default(),
            pending: Vec::new(),
            written: 0,
            ending: false,
            is_terminal,
        }
    }

    /// The open end and its place in the epoll set.
    pub fn watched(&mut self) -> Option<(&File, &mut Watch)> {
        self.file.as_ref().map(|file| (file, &mut self.watch))
    }

    /// The container has yet to read what was sent: nobody may send more.
    pub fn is_full(&self) -> bool {
        self.written < self.pending.len()
    }

    /// It is a terminal.
    pub fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    /// Passes bytes on; what is not taken is kept. After the end they go nowhere.
    pub fn write(&mut self, bytes: &[u8]) {
        if self.file.is_some() && !self.ending {
            self.pending.extend_from_slice(bytes);
            self.flush();
        }
    }

    /// Passes on what is kept.
    pub fn flush(&mut self) {
        while let Some(file) = &mut self.file
            && self.written < self.pending.len()
        {
            match file.write(&self.pending[self.written..]) {
                Ok(length) => self.written += length,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // Nobody reads it any more.
                Err(_) => return self.close(),
            }
        }
        self.pending = Vec::new();
        self.written = 0;
        if self.ending {
            self.close();
        }
    }

    /// Ends it once everything is written. A terminal has no end.
    pub fn end(&mut self) {
        if !self.is_terminal {
            self.ending = true;
            self.flush();
        }
    }

    /// Ends it now.
    pub fn close(&mut self) {
        self.file = None;
        self.watch = Watch::default();
        self.pending = Vec::new();
        self.written = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    fn pipe() -> (File, Stdin) {
        let (read, write) = crate::sys::files::pipe().expect("a pipe");
        let write = File::from(write);
        crate::sys::files::set_nonblocking(&write).expect("set");
        (File::from(read), Stdin::new(Some(write), false))
    }

    #[test]
    fn everything_arrives_before_the_end() {
        let (mut read, mut stdin) = pipe();
        let sent: Vec<u8> = (0..200_000_u32).flat_map(u32::to_le_bytes).collect();
        stdin.write(&sent);
        assert!(stdin.is_full());
        stdin.end();
        stdin.write(b"after the end");
        let mut received = Vec::new();
        let mut buffer = [0; 4096];
        loop {
            let length = read.read(&mut buffer).expect("read");
            if length == 0 {
                break;
            }
            received.extend_from_slice(&buffer[..length]);
            stdin.flush();
        }
        assert!(received == sent);
    }

    #[test]
    fn a_reader_that_goes_ends_it() {
        let (read, mut stdin) = pipe();
        drop(read);
        stdin.write(b"x");
        assert!(stdin.watched().is_none() && !stdin.is_full());
    }
}
