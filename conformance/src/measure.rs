//! Time and memory of programs, and the medians of many runs.

use crate::programs;
use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Runs the command, without input and output, expects success, and tells how long it took.
#[track_caller]
pub fn time(command: &mut Command) -> Duration {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let start = Instant::now();
    let status = command.status().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    let time = start.elapsed();
    assert!(
        status.success(),
        "{command:?} ended with {status}; run it by hand to see why"
    );
    time
}

/// What a run took.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cost {
    /// From its start to its end.
    pub time: Duration,
    /// What it used of the processors, in user and system mode, with the processes that it waited for.
    pub cpu: Duration,
    /// The largest resident set of one of its processes, in KiB.
    pub peak: u64,
}

impl Cost {
    /// One after the other.
    #[must_use]
    pub fn then(self, next: Self) -> Self {
        Self {
            time: self.time + next.time,
            cpu: self.cpu + next.cpu,
            peak: self.peak.max(next.peak),
        }
    }
}

/// Runs the command, which must succeed, and tells what it took; `daemon` is a process that works for it.
#[track_caller]
pub fn cost(command: &Command, daemon: Option<u32>) -> Cost {
    let used = || cpu_of_children() + daemon.map_or(Duration::ZERO, cpu_of);
    let (before, start) = (used(), Instant::now());
    let own_peak = peak(command);
    let time = start.elapsed();
    Cost {
        time,
        cpu: used().saturating_sub(before),
        peak: own_peak.max(daemon.map_or(0, peak_of)),
    }
}

/// What this process's children used, as far as they were waited for.
fn cpu_of_children() -> Duration {
    let (_, children) = times("self");
    children
}

/// What a process and the children that it waited for used.
fn cpu_of(pid: u32) -> Duration {
    let (own, children) = times(&pid.to_string());
    own + children
}

/// The times of proc_pid_stat(5): the process's own, and its children's.
fn times(pid: &str) -> (Duration, Duration) {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let fields: Vec<u64> = after_name
        .split_ascii_whitespace()
        .map(|field| field.parse().unwrap_or(0))
        .collect();
    // A tick is a hundredth of a second on every Linux there is.
    let time = |at: usize| {
        Duration::from_millis(10 * fields.get(at..at + 2).map_or(0, |two| two.iter().sum::<u64>()))
    };
    (time(11), time(13))
}

/// The largest resident set that a process ever had, in KiB.
fn peak_of(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}

/// Runs the command through the probe and tells the largest resident set, in KiB, of it and the children it waited for.
#[track_caller]
pub fn peak(command: &Command) -> u64 {
    let mut measured = Command::new(programs::probe());
    let out = measured
        .arg("peak")
        .arg(command.get_program())
        .args(command.get_args())
        .output();
    let out = out.unwrap_or_else(|e| panic!("{measured:?}: {e}"));
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(
        out.status.success(),
        "{measured:?} ended with {}: {said}",
        out.status
    );
    let last = said.lines().last().and_then(|line| line.parse().ok());
    last.unwrap_or_else(|| panic!("{measured:?}: {said}"))
}

/// Does nothing for a time, so that what is measured next begins on a machine at rest.
#[expect(
    clippy::disallowed_methods,
    reason = "no event says that the kernel has nothing left to do"
)]
pub fn rest(time: Duration) {
    std::thread::sleep(time);
}

/// The median of times, in milliseconds.
pub fn median(times: &[Duration]) -> f64 {
    let mut times: Vec<f64> = times.iter().map(|t| t.as_secs_f64() * 1e3).collect();
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The load of the last minute.
pub fn load() -> f64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ')
        .next()
        .and_then(|first| first.parse().ok())
        .unwrap_or(f64::NAN)
}
