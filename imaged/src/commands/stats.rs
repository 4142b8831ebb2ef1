//! `corten stats`.

use std::collections::HashMap;
use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::process::ExitCode;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, poll};
use serde_json::{Value, json};

use crate::engine::stats::Sample;
use crate::engine::status::Status;
use crate::engine::{Containers, Record, stats};
use crate::error::{Error, Result};
use crate::format::{Listing, human};
use crate::output;
use crate::settings::Settings;

const COLUMNS: &str =
    "{{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.NetIO}}\t{{.BlockIO}}\t{{.PIDs}}";
const HEADERS: [(&str, &str); 9] = [
    ("Container", "CONTAINER"),
    ("ID", "CONTAINER ID"),
    ("Name", "NAME"),
    ("CPUPerc", "CPU %"),
    ("MemUsage", "MEM USAGE / LIMIT"),
    ("MemPerc", "MEM %"),
    ("NetIO", "NET I/O"),
    ("BlockIO", "BLOCK I/O"),
    ("PIDs", "PIDS"),
];
/// Processor time is counted over this, in milliseconds; so often is the table shown anew.
const INTERVAL: u16 = 1000;

/// Show what containers use, again and again.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// All containers, also those that do not run
    #[arg(short, long)]
    all: bool,
    /// `table`, `table TEMPLATE`, `json` or a Go template
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// Only once
    #[arg(long)]
    no_stream: bool,
    /// Show ids in full
    #[arg(long)]
    no_trunc: bool,
    /// Names or ids; without any, all that run
    #[arg(value_name = "CONTAINER")]
    containers: Vec<String>,
}

/// Runs the verb.
pub(crate) fn run(settings: &Settings, args: &Args) -> Result<ExitCode> {
    let containers = Containers::new(settings);
    let clears = !args.no_stream && io::stdout().is_terminal();
    let mut before: HashMap<String, Sample> = samples(&containers, &meant(&containers, args)?);
    loop {
        if !interval_passed()? {
            return Ok(ExitCode::SUCCESS);
        }
        let records = meant(&containers, args)?;
        let now = samples(&containers, &records);
        let rows: Vec<Value> = records
            .iter()
            .map(|record| row(record, before.get(&record.id), now.get(&record.id), args))
            .collect();
        let listing = Listing {
            default: COLUMNS,
            headers: &HEADERS,
        };
        let text = listing.render(args.format.as_deref(), &rows)?;
        output::print(&if clears {
            format!("\x1b[2J\x1b[H{text}")
        } else {
            text
        })?;
        if args.no_stream {
            return Ok(ExitCode::SUCCESS);
        }
        before = now;
    }
}

/// The containers to show, newest first, or as they were named.
fn meant(containers: &Containers, args: &Args) -> Result<Vec<Record>> {
    if !args.containers.is_empty() {
        return args.containers.iter().map(|name| containers.find(name)).collect();
    }
    let mut all = containers.all()?;
    all.retain(|record| args.all || Status::of(containers, &record.id).is_running());
    Ok(all)
}

fn samples(containers: &Containers, records: &[Record]) -> HashMap<String, Sample> {
    let sample = |record: &Record| Some((record.id.clone(), stats::sample(containers, record)?));
    records.iter().filter_map(sample).collect()
}

/// Lets the interval pass; false if meanwhile nobody reads any more.
fn interval_passed() -> Result<bool> {
    let stdout = io::stdout();
    let mut reader = [PollFd::new(stdout.as_fd(), PollFlags::empty())];
    match poll(&mut reader, INTERVAL) {
        Ok(0) => Ok(true),
        Ok(_) => Ok(false),
        Err(Errno::EINTR) => Ok(true),
        Err(errno) => Err(Error::syscall("poll(stdout)", errno as i32)),
    }
}

fn row(record: &Record, before: Option<&Sample>, now: Option<&Sample>, args: &Args) -> Value {
    let percent = |value: f64| format!("{value:.2}%");
    let pair = |(one, other): (u64, u64)| format!("{} / {}", human::size(one), human::size(other));
    let memory = |used, limit| format!("{} / {}", human::binary_size(used), human::binary_size(limit));
    json!({
        "Container": args.containers.iter().find(|name| **name == record.name).unwrap_or(&record.id),
        "ID": if args.no_trunc { record.id.as_str() } else { &record.id[..12] },
        "Name": record.name,
        "CPUPerc": percent(before.zip(now).map_or(0.0, |(before, now)| processor(before, now))),
        "MemUsage": now.map_or_else(|| memory(0, 0), |now| memory(now.memory, now.memory_limit)),
        "MemPerc": percent(now.map_or(0.0, |now| share(now.memory, now.memory_limit))),
        "NetIO": pair(now.map_or((0, 0), |now| now.network)),
        "BlockIO": pair(now.map_or((0, 0), |now| now.block)),
        "PIDs": now.map_or(0, |now| now.processes).to_string(),
    })
}

/// Processor time as a share of the time that passed; 100 is one processor.
fn processor(before: &Sample, now: &Sample) -> f64 {
    let passed = now.at.duration_since(before.at).as_nanos();
    share(
        now.processor.saturating_sub(before.processor),
        u64::try_from(passed).unwrap_or(u64::MAX),
    )
}

#[expect(clippy::cast_precision_loss, reason = "two digits are shown")]
fn share(part: u64, whole: u64) -> f64 {
    match whole {
        0 => 0.0,
        whole => part as f64 / whole as f64 * 100.0,
    }
}
