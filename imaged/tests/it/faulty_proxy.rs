//! A proxy before a real registry that does to some requests what networks and tired servers do.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use nix::sys::socket::{setsockopt, sockopt};

/// What happens to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is not passed on, but answered with this status; the client may come back at once.
    Status(u16),
    /// The answer ends with a reset after so many bytes of its body.
    Reset(usize),
    /// The answer ends in silence after so many bytes of its body.
    Stall(usize),
    /// The answer is shorter than it says.
    Short(usize),
    /// A byte of the answer's body is another.
    Corrupt,
    /// The request is passed on, and its answer lost.
    Lost,
}

/// A request line's beginning, and the faults for the requests that begin so, one after the other.
type Plan = Vec<(&'static str, &'static str, Vec<Fault>)>;

pub(crate) struct FaultyProxy {
    address: SocketAddr,
    state: Arc<State>,
    thread: Option<JoinHandle<()>>,
}

struct State {
    upstream: String,
    plan: Mutex<Plan>,
    stop: AtomicBool,
}

impl FaultyProxy {
    /// Before the registry at `upstream`. A fault is for requests of a method whose path has this part.
    pub(crate) fn start(upstream: &str, plan: Plan) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            upstream: upstream.to_owned(),
            plan: Mutex::new(plan),
            stop: AtomicBool::new(false),
        });
        let shared = Arc::clone(&state);
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if shared.stop.load(Ordering::SeqCst) {
                    break;
                }
                let state = Arc::clone(&shared);
                // A connection that breaks is what this is for.
                std::thread::spawn(move || drop(serve(&stream, &state)));
            }
        });
        Self {
            address,
            state,
            thread: Some(thread),
        }
    }

    pub(crate) fn image(&self, name: &str) -> String {
        format!("{}/{name}", self.address)
    }

    /// How many faults are still to come.
    pub(crate) fn left(&self) -> usize {
        let plan = self.state.plan.lock().unwrap();
        plan.iter().map(|(_, _, faults)| faults.len()).sum()
    }
}

impl Drop for FaultyProxy {
    fn drop(&mut self) {
        self.state.stop.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

fn serve(client: &TcpStream, state: &State) -> std::io::Result<()> {
    let mut input = BufReader::new(client);
    let mut head = Vec::new();
    let mut length = 0;
    loop {
        let mut line = String::new();
        if input.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let lower = line.to_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        if line == "\r\n" {
            break;
        }
        if !lower.starts_with("connection:") {
            head.push(line);
        }
    }
    let mut body = vec![0; length];
    input.read_exact(&mut body)?;
    let fault = next_fault(state, &head[0]);
    if let Some(Fault::Status(status)) = fault {
        let answer = format!(
            "HTTP/1.1 {status} Fault\r\nRetry-After: 0\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
        );
        return (&mut &*client).write_all(answer.as_bytes());
    }
    let mut upstream = TcpStream::connect(&state.upstream)?;
    upstream.write_all(format!("{}Connection: close\r\n\r\n", head.concat()).as_bytes())?;
    upstream.write_all(&body)?;
    let mut answer = Vec::new();
    upstream.read_to_end(&mut answer)?;
    let start = answer
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .map_or(answer.len(), |at| at + 4);
    give(client, answer, start, fault)
}

fn next_fault(state: &State, request: &str) -> Option<Fault> {
    let mut plan = state.plan.lock().unwrap();
    let (_, _, faults) = plan.iter_mut().find(|(method, part, faults)| {
        request.starts_with(method) && request.contains(part) && !faults.is_empty()
    })?;
    Some(faults.remove(0))
}

fn give(
    mut client: &TcpStream,
    mut answer: Vec<u8>,
    start: usize,
    fault: Option<Fault>,
) -> std::io::Result<()> {
    let end = |count: usize| answer.len().min(start + count);
    match fault {
        None | Some(Fault::Status(_)) => client.write_all(&answer)?,
        Some(Fault::Corrupt) => {
            let at = start + (answer.len() - start) / 2;
            answer[at] ^= 1;
            client.write_all(&answer)?;
        }
        Some(Fault::Short(count)) => client.write_all(&answer[..end(count)])?,
        Some(Fault::Reset(count)) => {
            client.write_all(&answer[..end(count)])?;
            reset(client)?;
        }
        Some(Fault::Lost) => reset(client)?,
        Some(Fault::Stall(count)) => {
            client.write_all(&answer[..end(count)])?;
            // The client's going ends this.
            client.read(&mut [0; 1]).map(drop)?;
        }
    }
    client.shutdown(Shutdown::Write)
}

/// Closing ends the connection with a reset.
fn reset(client: &TcpStream) -> std::io::Result<()> {
    let at_once = libc::linger {
        l_onoff: 1,
        l_linger: 0,
    };
    setsockopt(&client.as_fd(), sockopt::Linger, &at_once).map_err(std::io::Error::from)
}
