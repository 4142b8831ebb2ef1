//! A registry for the tests: answers exactly what it is told, also wrongly, slowly, or not to the end.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// How an answer ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// As it should.
    Whole,
    /// The connection closes after so many bytes of the body.
    CutAfter(usize),
    /// Nothing more comes after so many bytes of the body, until the client goes.
    StallAfter(usize),
}

/// One answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) ending: Ending,
    /// Whether Range headers are honoured.
    pub(crate) ranges: bool,
}

impl Answer {
    pub(crate) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.into(),
            ending: Ending::Whole,
            ranges: true,
        }
    }

    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub(crate) fn ending(mut self, ending: Ending) -> Self {
        self.ending = ending;
        self
    }
}

/// A request as it came: method, path with query, and headers in lower case.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: HashMap<String, String>,
}

#[derive(Default)]
struct State {
    /// For each path the answers to come; the last one stays.
    routes: Mutex<HashMap<String, Vec<Answer>>>,
    /// Paths that need this Authorization header, by prefix.
    guard: Mutex<Option<(String, String)>>,
    requests: Mutex<Vec<Request>>,
    /// How long a quarter of a MiB of a request's body takes.
    pause: Mutex<Duration>,
    stop: AtomicBool,
}

/// A registry on a port of its own; gone when dropped.
pub(crate) struct FakeRegistry {
    address: SocketAddr,
    state: Arc<State>,
    stalled: Mutex<Receiver<()>>,
    thread: Option<JoinHandle<()>>,
}

impl FakeRegistry {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State::default());
        let (sender, stalled) = channel();
        let stalled = Mutex::new(stalled);
        let shared = Arc::clone(&state);
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if shared.stop.load(Ordering::SeqCst) {
                    break;
                }
                let (state, sender) = (Arc::clone(&shared), sender.clone());
                std::thread::spawn(move || serve(&stream, &state, &sender));
            }
        });
        Self {
            address,
            state,
            stalled,
            thread: Some(thread),
        }
    }

    pub(crate) fn host(&self) -> String {
        self.address.to_string()
    }

    /// Answers to this path from now on: one after the other, the last one again and again. With a method before the
    /// path, to that alone.
    pub(crate) fn route(&self, path: impl Into<String>, answers: Vec<Answer>) {
        self.state.routes.lock().unwrap().insert(path.into(), answers);
    }

    /// Wants this Authorization header for all of `/v2/`; others get 401 with this challenge.
    pub(crate) fn guard(&self, authorization: &str, challenge: &str) {
        *self.state.guard.lock().unwrap() = Some((authorization.into(), challenge.into()));
    }

    /// Takes this long for each quarter of a MiB of the bodies that come, as slow lines do.
    pub(crate) fn slow_down(&self, pause: Duration) {
        *self.state.pause.lock().unwrap() = pause;
    }

    /// The requests so far whose path contains this.
    pub(crate) fn requests(&self, part: &str) -> Vec<Request> {
        let requests = self.state.requests.lock().unwrap();
        requests
            .iter()
            .filter(|request| request.path.contains(part))
            .cloned()
            .collect()
    }

    /// Waits until an answer has stalled.
    pub(crate) fn wait_for_stall(&self) {
        self.stalled.lock().unwrap().recv().unwrap();
    }
}

impl Drop for FakeRegistry {
    fn drop(&mut self) {
        self.state.stop.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

fn serve(stream: &TcpStream, state: &State, stalled: &Sender<()>) {
    // Encryption is not understood, as by any registry without it.
    if is_encrypted(stream) {
        return;
    }
    let pause = *state.pause.lock().unwrap();
    let Some(request) = read_request(stream, pause) else {
        return;
    };
    state.requests.lock().unwrap().push(request.clone());
    let answer = answer_to(&request, state);
    // The client may go at any time: that is part of the tests.
    let _ = write_answer(stream, &request, &answer, stalled);
    let _ = stream.shutdown(Shutdown::Write);
}

fn is_encrypted(stream: &TcpStream) -> bool {
    let mut first = [0];
    stream
        .peek(&mut first)
        .is_ok_and(|length| length == 1 && first[0] == 0x16)
}

fn read_request(stream: &TcpStream, pause: Duration) -> Option<Request> {
    let mut input = BufReader::new(stream);
    let mut lines = input.by_ref().lines().map_while(Result::ok);
    let first = lines.next()?;
    let (method, path) = first.split_once(' ')?;
    let path = path.split(' ').next()?;
    let headers: HashMap<_, _> = lines
        .take_while(|line| !line.is_empty())
        .filter_map(|line| {
            line.split_once(':')
                .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
        })
        .collect();
    let length = headers
        .get("content-length")
        .and_then(|length| length.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    for piece in body.chunks_mut(256 << 10) {
        slow_line(pause);
        input.read_exact(piece).ok()?;
    }
    Some(Request {
        method: method.to_owned(),
        path: path.to_owned(),
        headers,
    })
}

#[expect(clippy::disallowed_methods, reason = "a slow line makes wait by itself")]
fn slow_line(pause: Duration) {
    std::thread::sleep(pause);
}

fn answer_to(request: &Request, state: &State) -> Answer {
    if let Some((wanted, challenge)) = &*state.guard.lock().unwrap() {
        let is_allowed = request.headers.get("authorization") == Some(wanted);
        if request.path.starts_with("/v2/") && !is_allowed {
            return Answer::new(401, "").header("WWW-Authenticate", challenge);
        }
    }
    let path = request.path.split('?').next().unwrap_or_default();
    // A proxy is told the whole address.
    let path = path
        .strip_prefix("http://")
        .and_then(|rest| Some(&rest[rest.find('/')?..]))
        .unwrap_or(path);
    let mut routes = state.routes.lock().unwrap();
    let own = format!("{} {path}", request.method);
    let key = if routes.contains_key(&own) { &own } else { path };
    match routes.get_mut(key) {
        None => Answer::new(404, "{}"),
        Some(answers) if answers.len() > 1 => answers.remove(0),
        Some(answers) => answers[0].clone(),
    }
}

fn write_answer(
    mut stream: &TcpStream,
    request: &Request,
    answer: &Answer,
    stalled: &Sender<()>,
) -> std::io::Result<()> {
    let start = request
        .headers
        .get("range")
        .filter(|_| answer.ranges && answer.status == 200);
    let start = start.and_then(|range| {
        range
            .strip_prefix("bytes=")?
            .strip_suffix('-')?
            .parse::<usize>()
            .ok()
    });
    let body = &answer.body[start.unwrap_or(0).min(answer.body.len())..];
    let status = if start.is_some() { 206 } else { answer.status };
    let mut head = format!(
        "HTTP/1.1 {status} Answer\r\nConnection: close\r\nContent-Length: {}\r\n",
        body.len()
    );
    let has_range = answer.headers.iter().any(|(name, _)| name == "Content-Range");
    if let (Some(start), false) = (start, has_range) {
        head += &format!(
            "Content-Range: bytes {start}-{}/{}\r\n",
            answer.body.len() - 1,
            answer.body.len()
        );
    }
    for (name, value) in &answer.headers {
        head += &format!("{name}: {value}\r\n");
    }
    stream.write_all(format!("{head}\r\n").as_bytes())?;
    match answer.ending {
        Ending::Whole => stream.write_all(body),
        Ending::CutAfter(count) => stream.write_all(&body[..count.min(body.len())]),
        Ending::StallAfter(count) => {
            stream.write_all(&body[..count.min(body.len())])?;
            stalled.send(()).ok();
            // The client's going ends this.
            stream.read(&mut [0; 1]).map(drop)
        }
    }
}
