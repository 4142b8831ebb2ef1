//! The frames of the attach socket: one byte type, three zero bytes, four bytes length, payload.
//!
//! The decoder takes input in pieces of any size and keeps no stdin bytes: they are handed on as they come.

use serde::{Deserialize, Serialize};

use super::time::Timestamp;
use crate::cli::Size;

/// Bytes for stdin, client to shim.
pub const STDIN: u8 = 0;
/// Bytes of stdout, and of the terminal.
pub const STDOUT: u8 = 1;
/// Bytes of stderr.
pub const STDERR: u8 = 2;
/// A client's first frame.
pub const HELLO: u8 = 16;
/// The shim's answer to it.
pub const WELCOME: u8 = 17;
/// The client has no more input.
pub const STDIN_END: u8 = 18;
/// The client's terminal has another size.
pub const RESIZE: u8 = 19;
/// A signal for init.
pub const SIGNAL: u8 = 20;
/// The exit record: the last frame.
pub const EXITED: u8 = 21;
/// Output was lost to this client.
pub const DROPPED: u8 = 22;
/// A client's first frame, in place of a hello: a process beside the container's own.
pub const EXEC: u8 = 23;
/// It could not be started: the last frame.
pub const FAILED: u8 = 24;

/// The length of a frame's header.
pub const HEADER: usize = 8;
/// The longest payload.
pub const MAX_PAYLOAD: usize = 65_536;
/// The longest payload of a frame that is JSON.
const MAX_JSON: usize = 4096;

/// The header of a frame. Payloads of the shim are never longer than [`MAX_PAYLOAD`].
pub fn header(kind: u8, length: usize) -> [u8; HEADER] {
    let length = u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
    [kind, 0, 0, 0, length[0], length[1], length[2], length[3]]
}

/// What becomes of output that a client is too slow for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Overflow {
    /// The container waits.
    #[default]
    Block,
    /// It is dropped, for this client, and counted.
    Drop,
}

/// What a client wants.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Hello {
    /// It may send stdin.
    pub stdin: bool,
    /// It wants stdout.
    pub stdout: bool,
    /// It wants stderr.
    pub stderr: bool,
    /// What happens when it is slow.
    pub overflow: Overflow,
    /// It wants what the log does not have yet of lines that have begun.
    pub replay: bool,
}

/// A process to run in the container.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Exec {
    /// The name of this run; the process is described in `exec-ID.json` in the shim's directory.
    pub id: String,
    /// It has a terminal, as the description says.
    #[serde(default)]
    pub tty: bool,
    /// The terminal's first size.
    #[serde(default)]
    pub size: Option<Size>,
    /// What the client wants; without `stdin` it is /dev/null.
    #[serde(flatten)]
    pub hello: Hello,
}

/// The payload of [`WELCOME`].
#[derive(Debug, Serialize)]
pub struct Welcome {
    /// The container has a terminal.
    pub tty: bool,
    /// The container's init.
    pub pid: i32,
    /// What was read before has an earlier time in the log, or this one.
    pub at: Timestamp,
}

/// The payload of [`DROPPED`].
#[derive(Debug, Serialize)]
pub struct Dropped {
    /// How much was lost.
    pub bytes: u64,
}

#[derive(Deserialize)]
struct Signal {
    signal: i32,
}

/// One thing that a client said.
#[derive(Debug, PartialEq, Eq)]
pub enum Input<'a> {
    /// The first frame.
    Hello(Hello),
    /// A piece of stdin.
    Stdin(&'a [u8]),
    /// No more stdin.
    StdinEnd,
    /// Another size of the terminal.
    Resize(Size),
    /// A signal for the process.
    Signal(i32),
    /// The first frame, in place of a hello.
    Exec(Exec),
}

/// The bytes are not frames of this protocol: the connection ends.
#[derive(Debug, PartialEq, Eq)]
pub struct Malformed;

/// Turns a client's bytes into [`Input`]s.
#[derive(Debug, Default)]
pub struct Decoder {
    header: [u8; HEADER],
    /// How much of the header is there.
    have: usize,
    /// How much of the payload is still to come, once the header is whole.
    left: usize,
    /// The payload so far of a frame that is JSON.
    json: Vec<u8>,
    /// There are no frames: everything is stdin.
    raw: bool,
}

impl Decoder {
    /// A decoder for clients that send nothing but stdin, without frames.
    pub fn raw() -> Self {
        Self {
            raw: true,
            ..Self::default()
        }
    }

    /// Takes bytes from the front of `input` until there is something to report or nothing left.
    ///
    /// # Errors
    /// [`Malformed`], after which the decoder is of no more use.
    pub fn next<'a>(&mut self, input: &mut &'a [u8]) -> Result<Option<Input<'a>>, Malformed> {
        if self.raw {
            let bytes = std::mem::take(input);
            return Ok((!bytes.is_empty()).then_some(Input::Stdin(bytes)));
        }
        loop {
            if self.have < HEADER {
                if !self.take_header(input)? {
                    return Ok(None);
                }
            } else if input.is_empty() {
                return Ok(None);
            }
            let taken = self.left.min(input.len());
            let (piece, rest) = input.split_at(taken);
            *input = rest;
            self.left -= taken;
            let kind = self.header[0];
            let is_json = is_json(kind);
            if is_json {
                self.json.extend_from_slice(piece);
            }
            let whole = self.left == 0;
            if whole {
                self.have = 0;
            }
            match kind {
                STDIN if !piece.is_empty() => return Ok(Some(Input::Stdin(piece))),
                STDIN_END if whole => return Ok(Some(Input::StdinEnd)),
                _ if is_json && whole => return self.take_json(kind).map(Some),
                _ => {}
            }
        }
    }

    /// How many bytes the frame at hand needs at least before there is more to say about it.
    pub fn missing(&self) -> usize {
        match self.have {
            HEADER => self.left,
            have => HEADER - have,
        }
    }

    /// Completes the header if the input allows; says whether it is whole.
    fn take_header(&mut self, input: &mut &[u8]) -> Result<bool, Malformed> {
        let taken = (HEADER - self.have).min(input.len());
        self.header[self.have..self.have + taken].copy_from_slice(&input[..taken]);
        *input = &input[taken..];
        self.have += taken;
        if self.have < HEADER {
            return Ok(false);
        }
        let [kind, zeros @ .., a, b, c, d] = self.header;
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        let limit = match kind {
            kind if is_json(kind) => MAX_JSON,
            STDIN_END => 0,
            _ => MAX_PAYLOAD,
        };
        if zeros != [0; 3] || length > limit {
            return Err(Malformed);
        }
        self.left = length;
        Ok(true)
    }

    fn take_json(&mut self, kind: u8) -> Result<Input<'static>, Malformed> {
        let json = std::mem::take(&mut self.json);
        let parsed = match kind {
            HELLO => serde_json::from_slice(&json).map(Input::Hello),
            RESIZE => serde_json::from_slice(&json).map(Input::Resize),
            EXEC => serde_json::from_slice(&json).map(Input::Exec),
            _ => serde_json::from_slice::<Signal>(&json).map(|frame| Input::Signal(frame.signal)),
        };
        parsed.map_err(|_| Malformed)
    }
}

fn is_json(kind: u8) -> bool {
    matches!(kind, HELLO | RESIZE | SIGNAL | EXEC)
}

#[cfg(test)]
#[path = "frame_tests.rs"]
mod tests;
