//! One attach client: what it said it wants, and what is still to be sent to it.

use std::io::{ErrorKind, IoSlice, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::time::Instant;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::contract::frame::{self, Decoder, Dropped, Hello, Overflow};
use crate::stdio::log::Stream;
use crate::sys::epoll::Watch;
use crate::sys::socket::force_send_buffer;

/// How clients are spoken to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Wire {
    /// In frames of the shim's contract.
    #[default]
    Frames,
    /// As conmon does, on a SOCK_SEQPACKET socket: what a client sends is stdin and no more, what it gets is packets of
    /// one byte, [`PACKET_STDOUT`] or [`PACKET_STDERR`], and at most [`MAX_PACKET`] bytes of that stream.
    Packets,
}

/// The first byte of a packet of stdout.
pub const PACKET_STDOUT: u8 = 2;
/// The first byte of a packet of stderr.
pub const PACKET_STDERR: u8 = 3;
/// The most bytes of a stream in a packet: the buffers of conmon's clients have room for one more.
pub const MAX_PACKET: usize = 8192;
/// What is kept of packets has the length of each before it.
const LENGTH: usize = 2;

/// A connection to the attach socket.
pub struct Client {
    socket: UnixStream,
    wire: Wire,
    /// What it waits for in the epoll set.
    watch: Watch,
    /// Its frames.
    pub decoder: Decoder,
    /// Its first frame, once it came.
    pub hello: Option<Hello>,
    /// It has written to stdin.
    pub wrote: bool,
    /// It sends no more, but may still read.
    pub half_closed: bool,
    /// What the socket did not take yet, from `sent` on.
    pending: Vec<u8>,
    sent: usize,
    dropped: u64,
}

/// What a client wants that cannot say it.
const EVERYTHING: Hello = Hello {
    stdin: true,
    stdout: true,
    stderr: true,
    overflow: Overflow::Block,
    replay: false,
};

/// The connection is over.
#[derive(Debug, PartialEq, Eq)]
pub struct Gone;

impl Client {
    /// A client that has said nothing yet. The socket does not block.
    /// One that has no way to say what it wants gets everything, and stdin ends with it even if it never wrote.
    pub fn new(socket: UnixStream, wire: Wire) -> Self {
        let (decoder, hello) = match wire {
            Wire::Frames => (Decoder::default(), None),
            Wire::Packets => (Decoder::raw(), Some(EVERYTHING)),
        };
        Self {
            socket,
            wire,
            watch: Watch::default(),
            decoder,
            hello,
            wrote: wire == Wire::Packets,
            half_closed: false,
            pending: Vec::new(),
            sent: 0,
            dropped: 0,
        }
    }

    /// The connection and its place in the epoll set.
    pub fn watched(&mut self) -> (&UnixStream, &mut Watch) {
        (&self.socket, &mut self.watch)
    }

    /// Something waits for the client to read.
    pub fn is_behind(&self) -> bool {
        self.sent < self.pending.len()
    }

    /// The container must wait for this client.
    pub fn holds_output(&self) -> bool {
        self.is_behind() && self.hello.is_some_and(|hello| hello.overflow == Overflow::Block)
    }

    /// It may send stdin, so that it waits while stdin is full. The others (signals, who waits for the end)
    /// are not held up, nor is a hello.
    pub fn sends_stdin(&self) -> bool {
        self.hello.is_some_and(|hello| hello.stdin)
    }

    /// The client asked for this stream.
    pub fn wants(&self, stream: Stream) -> bool {
        self.hello.is_some_and(|hello| match stream {
            Stream::Stdout => hello.stdout,
            Stream::Stderr => hello.stderr,
        })
    }

    /// Reads what the client sent: `None` if there is nothing now, empty if it sends no more. Nothing behind
    /// the hello is taken with it: it may be stdin, which is read only while there is room for it.
    ///
    /// # Errors
    /// The connection is over.
    pub fn read<'a>(&mut self, buffer: &'a mut [u8]) -> Result<Option<&'a [u8]>, Gone> {
        let room = match self.hello {
            None => self.decoder.missing().min(buffer.len()),
            Some(_) => buffer.len(),
        };
        let buffer = &mut buffer[..room];
        match self.socket.read(buffer) {
            Ok(length) => Ok(Some(&buffer[..length])),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => Ok(None),
            Err(_) => Err(Gone),
        }
    }

    /// Sends a piece of output. What a `block` client's socket does not take is kept: the container
    /// waits meanwhile, so that it is never more than what was on its way. What finds a `drop` client
    /// behind is dropped.
    ///
    /// # Errors
    /// The connection is over.
    pub fn send_output(&mut self, stream: Stream, bytes: &[u8]) -> Result<(), Gone> {
        let kind = match stream {
            Stream::Stdout => frame::STDOUT,
            Stream::Stderr => frame::STDERR,
        };
        let may_drop = self.hello.is_some_and(|hello| hello.overflow == Overflow::Drop);
        if may_drop && self.is_behind() {
            self.dropped += bytes.len() as u64;
            return Ok(());
        }
        self.report_dropped()?;
        self.send(kind, bytes)
    }

    /// Sends a frame, or keeps it.
    ///
    /// # Errors
    /// The connection is over.
    pub fn send(&mut self, kind: u8, payload: &[u8]) -> Result<(), Gone> {
        match (self.wire, kind) {
            (Wire::Frames, _) => self.send_frame(kind, payload),
            (Wire::Packets, frame::STDOUT) => self.send_packets(PACKET_STDOUT, payload),
            (Wire::Packets, frame::STDERR) => self.send_packets(PACKET_STDERR, payload),
            // There is no way to say anything else.
            (Wire::Packets, _) => Ok(()),
        }
    }

    fn send_packets(&mut self, first: u8, payload: &[u8]) -> Result<(), Gone> {
        for piece in payload.chunks(MAX_PACKET) {
            let taken =
                !self.is_behind() && self.write_packet(&[IoSlice::new(&[first]), IoSlice::new(piece)])?;
            if !taken {
                let length = u16::try_from(piece.len() + 1).unwrap_or(u16::MAX);
                self.pending.extend_from_slice(&length.to_ne_bytes());
                self.pending.push(first);
                self.pending.extend_from_slice(piece);
            }
        }
        Ok(())
    }

    /// Says whether the socket took the packet, which it does as a whole or not at all.
    fn write_packet(&mut self, parts: &[IoSlice<'_>]) -> Result<bool, Gone> {
        loop {
            match self.socket.write_vectored(parts) {
                Ok(_) => return Ok(true),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Err(Gone),
            }
        }
    }

    /// Sends the first packet that is kept; says whether the socket took it.
    fn flush_packet(&mut self) -> Result<bool, Gone> {
        let begin = self.sent + LENGTH;
        let length = u16::from_ne_bytes([self.pending[self.sent], self.pending[self.sent + 1]]);
        let pending = std::mem::take(&mut self.pending);
        let end = begin + usize::from(length);
        let taken = self.write_packet(&[IoSlice::new(&pending[begin..end])]);
        self.pending = pending;
        if taken == Ok(true) {
            self.sent = end;
        }
        taken
    }

    fn send_frame(&mut self, kind: u8, payload: &[u8]) -> Result<(), Gone> {
        let header = frame::header(kind, payload.len());
        let written = match self.is_behind() {
            true => 0,
            false => self.write(&header, payload)?,
        };
        self.pending
            .extend_from_slice(header.get(written..).unwrap_or_default());
        self.pending
            .extend_from_slice(&payload[written.saturating_sub(header.len())..]);
        Ok(())
    }

    fn write(&mut self, header: &[u8], payload: &[u8]) -> Result<usize, Gone> {
        let mut written = 0;
        loop {
            let head = header.get(written..).unwrap_or_default();
            let body = &payload[written.saturating_sub(header.len())..];
            match self
                .socket
                .write_vectored(&[IoSlice::new(head), IoSlice::new(body)])
            {
                Ok(length) => written += length,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(written),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Err(Gone),
            }
            if written == header.len() + payload.len() {
                return Ok(written);
            }
        }
    }

    /// Sends on what is kept.
    ///
    /// # Errors
    /// The connection is over.
    pub fn flush(&mut self) -> Result<(), Gone> {
        while self.is_behind() {
            if self.wire == Wire::Packets {
                match self.flush_packet()? {
                    true => continue,
                    false => return Ok(()),
                }
            }
            match self.socket.write(&self.pending[self.sent..]) {
                Ok(length) => self.sent += length,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Err(Gone),
            }
        }
        // The memory goes back: a client is behind rarely, the shim lives long.
        self.pending = Vec::new();
        self.sent = 0;
        self.report_dropped()
    }

    /// Tells the client what it lost, once it reads again.
    fn report_dropped(&mut self) -> Result<(), Gone> {
        if self.dropped == 0 || self.is_behind() {
            return Ok(());
        }
        let bytes = std::mem::take(&mut self.dropped);
        let payload = serde_json::to_vec(&Dropped { bytes }).unwrap_or_default();
        self.send(frame::DROPPED, &payload)
    }

    /// The client is gone for output: nothing is kept for it any more.
    pub fn forget_output(&mut self) {
        self.pending = Vec::new();
        self.sent = 0;
        self.hello = self.hello.map(|hello| Hello {
            stdout: false,
            stderr: false,
            ..hello
        });
    }

    /// Sends the last frame and leaves everything with the kernel, which keeps it for the client after this
    /// process has gone. Says whether nothing is left here.
    ///
    /// # Errors
    /// The connection is over.
    pub fn finish(&mut self, kind: u8, payload: &[u8]) -> Result<bool, Gone> {
        self.send_last(kind, payload)?;
        // Twice, because the kernel counts its own overhead to the buffer.
        if self.is_behind()
            && force_send_buffer(&self.socket, 2 * (self.pending.len() - self.sent) + (1 << 20))
        {
            self.flush()?;
        }
        Ok(!self.is_behind())
    }

    fn send_last(&mut self, kind: u8, last: &[u8]) -> Result<(), Gone> {
        if self.dropped > 0 {
            let bytes = std::mem::take(&mut self.dropped);
            let payload = serde_json::to_vec(&Dropped { bytes }).unwrap_or_default();
            self.send(frame::DROPPED, &payload)?;
        }
        self.send(kind, last)
    }

    /// Waits at most until `deadline` for the client to read what is kept.
    pub fn wait_until_sent(&mut self, deadline: Instant) {
        while self.is_behind() {
            let left = deadline.saturating_duration_since(Instant::now());
            let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
            let mut wait = [PollFd::new(self.socket.as_fd(), PollFlags::POLLOUT)];
            if left.is_zero() || poll(&mut wait, timeout).is_err() || self.flush().is_err() {
                return;
            }
        }
    }
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
