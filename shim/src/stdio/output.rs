//! One stream of the container's output: a pipe, or the terminal.

use std::fs::File;
use std::io::{ErrorKind, Read};

use crate::stdio::log::Stream;
use crate::sys::epoll::Watch;
use crate::sys::files::pipe_size;

/// The reading end.
pub struct Output {
    file: File,
    /// What it waits for in the epoll set.
    watch: Watch,
    /// Which stream it is.
    pub stream: Stream,
    is_terminal: bool,
    /// No process has the terminal open: only an edge, never the level, tells when one has it again.
    pub hung_up: bool,
}

/// What a read brought.
#[derive(Debug, PartialEq, Eq)]
pub enum Taken {
    /// So many bytes.
    Bytes(usize),
    /// Nothing now.
    Nothing,
    /// Nothing ever again.
    End,
}

impl Output {
    /// Takes the reading end, which does not block.
    pub fn new(file: File, stream: Stream, is_terminal: bool) -> Self {
        Self {
            file,
            watch: Watch::default(),
            stream,
            is_terminal,
            hung_up: false,
        }
    }

    /// The open end and its place in the epoll set.
    pub fn watched(&mut self) -> (&File, &mut Watch) {
        (&self.file, &mut self.watch)
    }

    /// The open end.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// The most that can be in the pipe.
    pub fn capacity(&self) -> usize {
        pipe_size(&self.file)
    }

    /// Reads what is there.
    pub fn read(&mut self, buffer: &mut [u8]) -> Taken {
        loop {
            match self.file.read(buffer) {
                Ok(0) => return Taken::End,
                Ok(length) => {
                    self.hung_up = false;
                    return Taken::Bytes(length);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Taken::Nothing,
                // A terminal that nobody has open says EIO; somebody may open it again.
                Err(_) if self.is_terminal => {
                    self.hung_up = true;
                    return Taken::Nothing;
                }
                Err(_) => return Taken::End,
            }
        }
    }
}
