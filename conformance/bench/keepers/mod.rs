//! What keeps containers beside what keeps podman's: private memory, the log's throughput and price, the way of a line
//! through an attached client, and a thousand at once. (`conformance/bench/containerd` has containerd's.)

mod keeper;

use crate::report::{Row, table};
use corten_conformance::bundle::Bundle;
use corten_conformance::measure::{self, median};
use corten_conformance::{Case, wait};
use keeper::{Keeper, Kind};
use nix::sys::socket::{self, AddressFamily, MsgFlags, SockFlag, SockType, UnixAddr};
use std::fs;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The lines of a log, and their length with the newline.
const LINES: usize = 1_000_000;
const LENGTH: usize = 100;
/// How many keepers there are at once.
const MANY: usize = 1000;

pub(crate) fn measure(runs: usize) {
    memory();
    logs(runs.div_ceil(8));
    attach(runs * 5);
    many();
}

/// A bundle whose program tells by a FIFO that it runs.
fn ready(case: &Case, kind: Kind, name: &str) -> (Bundle, PathBuf) {
    let bundle = Bundle::new(
        case,
        &format!("{}-{name}-bundle", kind.name()),
        &["ready", "/fifo"],
    )
    .write();
    let fifo = bundle.root("fifo");
    wait::fifo(&fifo);
    (bundle, fifo)
}

/// Of several: one alone pays for the program's text, which all share.
fn memory() {
    println!("private memory of a keeper while its container runs, the median of 5");
    let case = Case::new();
    for kind in Kind::all() {
        let keepers: Vec<Keeper<'_>> = (0..5)
            .map(|at| {
                let (bundle, fifo) = ready(&case, kind, &format!("memory{at}"));
                let keeper = Keeper::start(&case, kind, &bundle, &format!("memory{at}"));
                wait::for_line_in(&fifo);
                keeper
            })
            .collect();
        let mut private: Vec<u64> = keepers.iter().map(Keeper::private).collect();
        private.sort_unstable();
        println!("  {:<22} {:>6} KiB", kind.name(), private[private.len() / 2]);
        keepers.into_iter().for_each(Keeper::end);
    }
    println!();
}

/// A container writes as fast as it can; its keeper logs each line.
fn logs(runs: usize) {
    let case = Case::new();
    let kinds: Vec<Kind> = Kind::all().collect();
    let mut times: Vec<Row> = kinds.iter().map(|kind| Row::new(kind.name())).collect();
    let mut prices: Vec<Vec<Duration>> = vec![Vec::new(); kinds.len()];
    for run in 0..runs.max(3) {
        // Whoever comes after another's file of 140 MB was removed pays for that: each in its turn.
        for turn in 0..kinds.len() {
            let at = (run + turn) % kinds.len();
            let (time, price) = log(&case, kinds[at], run);
            times[at].times.push(time);
            prices[at].push(price);
        }
    }
    table(
        &format!("{LINES} lines of {LENGTH} bytes to a log in Kubernetes' format"),
        &times,
    );
    println!("processor time of the keeper for them");
    for (kind, prices) in kinds.iter().zip(&prices) {
        println!("  {:<22} {:>10.0} ms", kind.name(), median(prices));
    }
    println!();
}

fn log(case: &Case, kind: Kind, run: usize) -> (Duration, Duration) {
    let name = format!("log{run}");
    let (lines, length) = (LINES.to_string(), LENGTH.to_string());
    let words = ["lines", &lines, &length, "/go", "/done"];
    let bundle = Bundle::new(case, &format!("{}-{name}-bundle", kind.name()), &words).write();
    let (go, done) = (bundle.root("go"), bundle.root("done"));
    wait::fifo(&go);
    wait::fifo(&done);
    let keeper = Keeper::start(case, kind, &bundle, &name);
    // Opens when the program does.
    let begin = fs::OpenOptions::new().write(true).open(&go).expect("the FIFO");
    let (start, before) = (Instant::now(), keeper.used());
    drop(begin);
    wait::for_line_in(&done);
    let (time, price) = (start.elapsed(), keeper.used() - before);
    let log = keeper.log.clone();
    keeper.end();
    // TIME STREAM TAG before each line.
    let logged = fs::metadata(&log).map_or(0, |data| data.len());
    assert!(logged > (LINES * LENGTH) as u64, "{kind:?} logged {logged} bytes");
    fs::remove_file(&log).expect("the log");
    (time, price)
}

/// A client that is attached sends a line to `cat`, and waits for it.
fn attach(runs: usize) {
    let case = Case::new();
    let kinds = Kind::all().filter(|kind| *kind != Kind::Shim);
    let mut rows = Vec::new();
    for kind in kinds {
        let bundle = Bundle::new(&case, &format!("{}-cat-bundle", kind.name()), &["cat"]).write();
        let keeper = Keeper::start(&case, kind, &bundle, "cat");
        let client = connect(&keeper.attach);
        let mut row = Row::new(kind.name());
        row.times = (0..runs).map(|_| there_and_back(&client)).collect();
        rows.push(row);
        keeper.end();
    }
    table("a line from an attached client to cat and back", &rows);
}

/// Conmon's attach socket keeps messages apart. Its path may be longer than a socket's address.
fn connect(path: &Path) -> OwnedFd {
    let directory = fs::File::open(path.parent().unwrap_or(path)).expect("the bundle");
    let short = format!("/proc/self/fd/{}/attach", directory.as_raw_fd());
    let socket = socket::socket(
        AddressFamily::Unix,
        SockType::SeqPacket,
        SockFlag::SOCK_CLOEXEC,
        None,
    )
    .expect("a socket");
    let address = UnixAddr::new(short.as_str()).expect("an address");
    socket::connect(socket.as_raw_fd(), &address).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    socket
}

fn there_and_back(client: &OwnedFd) -> Duration {
    let start = Instant::now();
    nix::unistd::write(client, b"line\n").expect("the line is taken");
    let mut message = [0; 8192];
    let length = socket::recv(client.as_raw_fd(), &mut message, MsgFlags::empty()).expect("a message");
    // The stream's number stands first.
    assert_eq!(message.get(..length), Some(&b"\x02line\n"[..]));
    start.elapsed()
}

/// Whether the start of one depends on how many there are, and what they use while nothing happens.
fn many() {
    println!("{MANY} keepers at once");
    let case = Case::new();
    for kind in Kind::all().filter(|kind| *kind != Kind::CortenConmon) {
        let mut times = Vec::new();
        let (first, fifo) = ready(&case, kind, "many");
        let root = first.root("").to_string_lossy().into_owned();
        let keepers: Vec<Keeper<'_>> = (0..MANY)
            .map(|at| {
                let bundle = Bundle {
                    dir: case.dir(format!("{}-many{at}-bundle", kind.name())),
                    config: first.config.clone(),
                };
                let bundle = bundle.set("/root/path", root.as_str()).write();
                let start = Instant::now();
                let keeper = Keeper::start(&case, kind, &bundle, &format!("many{at}"));
                wait::for_line_in(&fifo);
                times.push(start.elapsed());
                keeper
            })
            .collect();
        let used = || keepers.iter().map(Keeper::used).sum::<Duration>();
        measure::rest(Duration::from_secs(2));
        let before = used();
        measure::rest(Duration::from_secs(5));
        let idle = used() - before;
        let mut private: Vec<u64> = keepers.iter().map(Keeper::private).collect();
        private.sort_unstable();
        let (first, last) = (median(&times[..50]), median(&times[MANY - 50..]));
        println!(
            "  {:<22} start {first:.1} ms, the last ones {last:.1} ms; idle {:.2} ms of processor in 5 s; private {} KiB",
            kind.name(),
            idle.as_secs_f64() * 1e3,
            private[private.len() / 2]
        );
        keepers.into_iter().for_each(Keeper::end);
    }
    println!();
}
