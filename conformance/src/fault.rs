//! A registry that lies, stalls or breaks off: a small HTTP server that serves an image from memory and does to one
//! kind of request what a fault says.

use crate::layout::Image;
use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// What goes wrong.
#[derive(Debug, Clone)]
pub enum Fault {
    /// Nothing.
    None,
    /// This status instead of an answer, the first `times` times.
    Status {
        /// The HTTP status line's rest, such as `503 Service Unavailable`.
        line: &'static str,
        /// How often, before all is well.
        times: u32,
        /// Further header lines, each with its CRLF.
        headers: &'static str,
    },
    /// The connection is closed after so many bytes of the body, the first `times` times.
    Cut {
        /// The number of bytes.
        after: usize,
        /// How often, before all is well.
        times: u32,
    },
    /// Nothing more is sent after so many bytes of the body, and the connection stays open.
    Stall {
        /// The number of bytes.
        after: usize,
    },
    /// Other bytes of the same length.
    Corrupt,
    /// Other bytes altogether.
    Replace(Vec<u8>),
    /// The right bytes under a wrong media type.
    ContentType(&'static str),
    /// A Content-Length that is too long by so many bytes; then the connection is closed.
    TooLong(usize),
    /// A body without end.
    Endless,
    /// Sent in circles.
    RedirectLoop,
}

/// Which requests the fault is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// `/v2/…/manifests/…`
    Manifest,
    /// The configuration's blob.
    Config,
    /// The blobs of layers.
    Layer,
}

/// The server; it ends when it is dropped.
#[derive(Debug)]
pub struct Server {
    address: String,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    image: Image,
    target: Target,
    fault: Fault,
    served: AtomicU32,
    requests: Mutex<Vec<String>>,
    connections: Mutex<Vec<TcpStream>>,
    over: AtomicBool,
}

struct Answer {
    status: String,
    headers: String,
    body: Vec<u8>,
}

impl Server {
    /// Serves the image under every name and tag, with a fault for one kind of request.
    pub fn start(image: Image, target: Target, fault: Fault) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("its address").to_string();
        let state = Arc::new(State {
            image,
            target,
            fault,
            served: AtomicU32::new(0),
            requests: Mutex::default(),
            connections: Mutex::default(),
            over: AtomicBool::new(false),
        });
        let shared = Arc::clone(&state);
        thread::spawn(move || accept(&listener, &shared));
        Self { address, state }
    }

    /// A reference to the image.
    pub fn image(&self) -> String {
        format!("{}/faulty/image:latest", self.address)
    }

    /// The request lines so far.
    pub fn requests(&self) -> Vec<String> {
        self.state.requests.lock().expect("no thread panicked").clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.state.over.store(true, Ordering::Release);
        for connection in self
            .state
            .connections
            .lock()
            .expect("no thread panicked")
            .drain(..)
        {
            _ = connection.shutdown(Shutdown::Both);
        }
        _ = TcpStream::connect(&self.address); // wakes `accept`
    }
}

fn accept(listener: &TcpListener, state: &Arc<State>) {
    for connection in listener.incoming().flatten() {
        if state.over.load(Ordering::Acquire) {
            return;
        }
        if let Ok(copy) = connection.try_clone() {
            state.connections.lock().expect("no thread panicked").push(copy);
        }
        let shared = Arc::clone(state);
        thread::spawn(move || {
            // A client that goes away in the middle is part of the game.
            _ = serve(&connection, &shared);
            _ = connection.shutdown(Shutdown::Both);
        });
    }
}

fn serve(connection: &TcpStream, state: &State) -> std::io::Result<()> {
    let mut reader = BufReader::new(connection);
    loop {
        let mut request = String::new();
        if reader.read_line(&mut request)? == 0 {
            return Ok(());
        }
        let mut range = None;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let lower = line.to_ascii_lowercase();
            if let Some(value) = lower.strip_prefix("range: bytes=") {
                range = value.trim().trim_end_matches('-').parse::<usize>().ok();
            }
            if line.trim().is_empty() {
                break;
            }
        }
        let seen = format!(
            "{}{}",
            request.trim(),
            range.map_or(String::new(), |r| format!(" from {r}"))
        );
        state.requests.lock().expect("no thread panicked").push(seen);
        if !state.answer(connection, &request, range)? {
            return Ok(());
        }
    }
}

impl State {
    /// Answers one request; false when the connection is to be closed.
    fn answer(&self, mut to: &TcpStream, request: &str, range: Option<usize>) -> std::io::Result<bool> {
        let mut words = request.split(' ');
        let head_only = words.next() == Some("HEAD");
        let path = words.next().unwrap_or_default();
        let (found, target) = self.find(path);
        let mut answer = match (found, range) {
            (None, _) => Answer::new(
                "404 Not Found",
                "",
                b"{\"errors\":[{\"code\":\"UNKNOWN\"}]}".to_vec(),
            ),
            (Some((kind, body)), Some(from)) if from <= body.len() => {
                let range = format!("bytes {from}-{}/{}", body.len().saturating_sub(1), body.len());
                let headers = format!("Content-Type: {kind}\r\nContent-Range: {range}\r\n");
                Answer::new("206 Partial Content", &headers, body[from..].to_vec())
            }
            (Some((kind, body)), _) => Answer::new("200 OK", &format!("Content-Type: {kind}\r\n"), body),
        };
        if target != Some(self.target) {
            return answer.send(to, head_only);
        }
        let turn = if head_only {
            self.served.load(Ordering::Relaxed)
        } else {
            self.served.fetch_add(1, Ordering::Relaxed)
        };
        match &self.fault {
            Fault::Status { line, times, headers } if turn < *times => {
                Answer::new(line, headers, b"{\"errors\":[]}".to_vec()).send(to, head_only)
            }
            Fault::Cut { after, times } if turn < *times && !head_only => {
                answer.send_part(to, *after)?;
                Ok(false)
            }
            Fault::Stall { after } if !head_only => {
                answer.send_part(to, *after)?;
                // Until the client or the server goes away.
                std::io::Read::read(&mut to, &mut [0]).map(|_| false)
            }
            Fault::Corrupt => {
                answer.body.iter_mut().skip(20).take(40).for_each(|b| *b ^= 0x55);
                answer.send(to, head_only)
            }
            Fault::Replace(bytes) => {
                answer.body.clone_from(bytes);
                answer.send(to, head_only)
            }
            Fault::ContentType(kind) => {
                Answer::new("200 OK", &format!("Content-Type: {kind}\r\n"), answer.body).send(to, head_only)
            }
            Fault::TooLong(by) if !head_only => {
                let length = answer.body.len() + by;
                to.write_all(answer.head(length).as_bytes())?;
                to.write_all(&answer.body).map(|()| false)
            }
            Fault::Endless if !head_only => {
                write!(to, "HTTP/1.1 200 OK\r\n{}\r\n", answer.headers)?;
                loop {
                    to.write_all(&[b'{'; 65_536])?;
                }
            }
            Fault::RedirectLoop => {
                let headers = format!("Location: {path}\r\n");
                Answer::new("307 Temporary Redirect", &headers, Vec::new()).send(to, head_only)
            }
            _ => answer.send(to, head_only),
        }
    }

    /// The media type and bytes for a path, and what kind of request it is.
    fn find(&self, path: &str) -> (Option<(String, Vec<u8>)>, Option<Target>) {
        if path == "/v2/" || path == "/v2" {
            return (Some(("application/json".to_owned(), b"{}".to_vec())), None);
        }
        if path.contains("/manifests/") {
            let manifest = (self.image.media_type().to_owned(), self.image.manifest_bytes());
            return (Some(manifest), Some(Target::Manifest));
        }
        let digest = path.rsplit('/').next().unwrap_or_default();
        let target = if digest == self.image.config() {
            Target::Config
        } else {
            Target::Layer
        };
        let blob = self.image.blobs.get(digest);
        (
            blob.map(|bytes| ("application/octet-stream".to_owned(), bytes.clone())),
            Some(target),
        )
    }
}

impl Answer {
    fn new(status: &str, headers: &str, body: Vec<u8>) -> Self {
        Self {
            status: status.to_owned(),
            headers: headers.to_owned(),
            body,
        }
    }

    fn head(&self, length: usize) -> String {
        format!(
            "HTTP/1.1 {}\r\n{}Content-Length: {length}\r\n\r\n",
            self.status, self.headers
        )
    }

    fn send(&self, mut to: &TcpStream, head_only: bool) -> std::io::Result<bool> {
        to.write_all(self.head(self.body.len()).as_bytes())?;
        if !head_only {
            to.write_all(&self.body)?;
        }
        Ok(true)
    }

    fn send_part(&self, mut to: &TcpStream, length: usize) -> std::io::Result<()> {
        to.write_all(self.head(self.body.len()).as_bytes())?;
        to.write_all(&self.body[..length.min(self.body.len())])
    }
}
