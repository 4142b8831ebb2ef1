//! A client of the attach socket, as the contract describes it.

use std::fs::File;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::path::Path;

use serde_json::{Value, json};

use crate::fixture::PATIENCE;

pub const STDIN: u8 = 0;
pub const STDOUT: u8 = 1;
pub const STDERR: u8 = 2;
pub const HELLO: u8 = 16;
pub const WELCOME: u8 = 17;
pub const STDIN_END: u8 = 18;
pub const RESIZE: u8 = 19;
pub const SIGNAL: u8 = 20;
pub const EXITED: u8 = 21;
pub const DROPPED: u8 = 22;
pub const EXEC: u8 = 23;
pub const FAILED: u8 = 24;

pub struct Client {
    pub socket: UnixStream,
}

/// All that a client got until the connection ended.
#[derive(Default)]
pub struct Received {
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    pub dropped: u64,
    pub exited: Option<Value>,
    pub failed: Option<Value>,
}

impl Client {
    /// Connects to `dir/attach.sock`, whatever the length of the path, and says nothing.
    pub fn silent(dir: &Path) -> Self {
        let dir = File::open(dir).unwrap();
        let socket = UnixStream::connect(format!("/proc/self/fd/{}/attach.sock", dir.as_raw_fd())).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket.set_write_timeout(Some(PATIENCE)).unwrap();
        Self { socket }
    }

    /// Connects, and waits to be welcome.
    pub fn connect(dir: &Path, hello: &Value) -> Self {
        let mut client = Self::silent(dir);
        client.send(HELLO, hello.to_string().as_bytes());
        let (kind, payload) = client.receive().expect("a welcome");
        assert_eq!(kind, WELCOME, "{}", String::from_utf8_lossy(&payload));
        client
    }

    /// Connects for everything.
    pub fn all(dir: &Path) -> Self {
        Self::connect(dir, &json!({"stdin": true, "stdout": true, "stderr": true}))
    }

    pub fn send(&mut self, kind: u8, payload: &[u8]) {
        self.socket.write_all(&frame(kind, payload)).unwrap();
    }

    pub fn signal(&mut self, signal: i32) {
        self.send(SIGNAL, json!({"signal": signal}).to_string().as_bytes());
    }

    /// Sends stdin in frames of the largest size.
    pub fn stdin(&mut self, bytes: &[u8]) {
        for piece in bytes.chunks(65_536) {
            self.send(STDIN, piece);
        }
    }

    /// The next frame, or `None` at the end of the connection.
    pub fn receive(&mut self) -> Option<(u8, Vec<u8>)> {
        let mut header = [0; 8];
        let mut have = 0;
        while have < header.len() {
            match self.socket.read(&mut header[have..]).expect("a frame or an end") {
                0 if have == 0 => return None,
                0 => panic!("the connection ended within a header"),
                length => have += length,
            }
        }
        let length = u32::from_be_bytes([header[4], header[5], header[6], header[7]]) as usize;
        assert!(header[1..4] == [0; 3] && length <= 65_536, "{header:?}");
        let mut payload = vec![0; length];
        self.socket.read_exact(&mut payload).unwrap();
        Some((header[0], payload))
    }

    /// Reads output until it holds `wanted`.
    pub fn until(&mut self, wanted: &str) -> String {
        let mut text = String::new();
        loop {
            let before = text.len();
            let (_, payload) = self
                .receive()
                .unwrap_or_else(|| panic!("{wanted:?} never came, only {text:?}"));
            text.push_str(&String::from_utf8_lossy(&payload));
            let new = text.floor_char_boundary(before.saturating_sub(wanted.len()));
            if text[new..].contains(wanted) {
                return text;
            }
        }
    }

    /// Reads everything to the end.
    pub fn rest(&mut self) -> Received {
        let mut received = Received::default();
        while let Some((kind, payload)) = self.receive() {
            assert!(received.exited.is_none(), "a frame after the last");
            match kind {
                STDOUT => received.stdout.extend(payload),
                STDERR => received.stderr.extend(payload),
                DROPPED => {
                    let dropped: Value = serde_json::from_slice(&payload).unwrap();
                    received.dropped += dropped["bytes"].as_u64().unwrap();
                }
                EXITED => received.exited = Some(serde_json::from_slice(&payload).unwrap()),
                FAILED => received.failed = Some(serde_json::from_slice(&payload).unwrap()),
                other => panic!("frame of type {other}"),
            }
        }
        received
    }

    pub fn half_close(&self) {
        self.socket.shutdown(Shutdown::Write).unwrap();
    }
}

pub fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&[kind, 0, 0, 0], &length[..], payload].concat()
}
