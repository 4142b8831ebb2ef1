//! Clients of all kinds come and are killed at random moments, for as many minutes as there are runs (30 are asked): what a
//! keeper holds (memory, descriptors) shall not grow.

use corten_conformance::command::Running;
use corten_conformance::engine::{self, Engine};
use corten_conformance::{Case, measure};
use nix::sys::signal::Signal;
use serde_json::json;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

const CONTAINERS: u32 = 5;
/// Clients that live at once.
const CLIENTS: usize = 8;
const MINUTE: Duration = Duration::from_secs(60);
/// What a keeper's private memory may grow by after the first third, when its buffers have had their largest size, in KiB.
const LEEWAY: u64 = 32;

pub(crate) fn measure(minutes: usize) {
    println!("{CONTAINERS} keepers, whose clients are killed at random moments for {minutes} minutes");
    let case = Case::new();
    let engine = Engine::new(&case);
    let server = engine::serve(engine::probe_image(&json!({})));
    let keepers: Vec<Keeper> = (0..CONTAINERS)
        .map(|at| Keeper::start(&case, &engine, &server.image(), at))
        .collect();
    let mut chance = Chance(0x2545_f491_4f6c_dd1d);
    let mut samples = Vec::new();
    for minute in 1..=minutes {
        let count = crowd(&engine, &mut chance);
        // What the last ones left is cleared away within this.
        measure::rest(Duration::from_secs(2));
        let sample: Vec<Held> = keepers.iter().map(Keeper::held).collect();
        println!(
            "  after {minute:>2} min, {count:>5} clients more: {}",
            shown(&sample)
        );
        samples.push(sample);
    }
    for keeper in &keepers {
        engine.verb(&["rm", "--force", &keeper.name]).ok();
    }
    engine.assert_no_containers();
    for (first, last) in samples[minutes / 3].iter().zip(&samples[minutes - 1]) {
        assert_eq!(first.descriptors, last.descriptors, "descriptors became more");
        assert!(
            last.memory <= first.memory + LEEWAY,
            "memory grew from {} to {} KiB",
            first.memory,
            last.memory
        );
    }
    println!();
}

/// What a keeper holds.
struct Held {
    /// Private memory, in KiB.
    memory: u64,
    descriptors: usize,
}

fn shown(held: &[Held]) -> String {
    let each = held
        .iter()
        .map(|held| format!("{} KiB, {} fds", held.memory, held.descriptors));
    each.collect::<Vec<_>>().join("; ")
}

struct Keeper {
    name: String,
    pid: u32,
}

impl Keeper {
    fn start(case: &Case, engine: &Engine<'_>, image: &str, at: u32) -> Self {
        let name = format!("soak{at}");
        let log = ["--log-opt", "max-size=1m", "--log-opt", "max-file=2"];
        let words = [
            "run",
            "--detach",
            "--interactive",
            "--network",
            "host",
            "--name",
            &name,
        ];
        let id = engine.id(&[&words[..], &log, &[image, "cat"]].concat());
        let record = fs::read_to_string(case.path("state/shims").join(&id).join("shim.json"));
        let record: serde_json::Value =
            serde_json::from_str(&record.expect("the shim's record")).expect("JSON");
        let pid = record["pid"].as_u64().and_then(|pid| u32::try_from(pid).ok());
        Self {
            name,
            pid: pid.expect("the shim's pid"),
        }
    }

    fn held(&self) -> Held {
        let process = Path::new("/proc").join(self.pid.to_string());
        let rollup = fs::read_to_string(process.join("smaps_rollup")).expect("the keeper lives");
        let private = rollup.lines().filter(|line| line.starts_with("Private_"));
        Held {
            memory: private
                .filter_map(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok())
                .sum(),
            descriptors: fs::read_dir(process.join("fd")).expect("its descriptors").count(),
        }
    }
}

/// A minute of clients; says how many there were.
fn crowd(engine: &Engine<'_>, chance: &mut Chance) -> usize {
    let (start, mut count) = (Instant::now(), 0);
    let mut clients: Vec<Running> = Vec::new();
    while start.elapsed() < MINUTE {
        if clients.len() == CLIENTS {
            let client = clients.swap_remove(chance.below(CLIENTS));
            client.signal(Signal::SIGKILL as i32);
        }
        clients.push(client(engine, chance));
        count += 1;
        measure::rest(Duration::from_millis(chance.below(60) as u64));
    }
    count
}

/// One that attaches, follows the log, or executes something; what it sends comes back to all that are attached.
fn client(engine: &Engine<'_>, chance: &mut Chance) -> Running {
    let name = format!("soak{}", chance.below(CONTAINERS as usize));
    let words: &[&str] = match chance.below(4) {
        0 => &["attach", &name],
        1 => &["attach", "--no-stdin", &name],
        2 => &["logs", "--follow", &name],
        _ => &["exec", "--interactive", &name, "/probe", "cat"],
    };
    let mut client = engine.verb(words).spawn();
    if let Some(stdin) = &mut client.child.stdin {
        let lines = "a line of some length, for the log and for everybody\n".repeat(1 + chance.below(200));
        // It may have ended already, and a pipe takes this much.
        _ = stdin.write_all(lines.as_bytes());
    }
    client
}

/// Numbers that are the same at each run (Marsaglia, Xorshift RNGs, 2003).
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end as u64).unwrap_or(0)
    }
}
