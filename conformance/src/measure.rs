//! Time and memory of programs, and the medians of many runs.

use crate::programs;
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
    let last = said.lines().last().and_then(|line| line.parse().ok());
    last.unwrap_or_else(|| panic!("{measured:?}: {said}"))
}

/// The median of times, in milliseconds.
pub fn median(times: &[Duration]) -> f64 {
    let mut times: Vec<f64> = times.iter().map(|t| t.as_secs_f64() * 1e3).collect();
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The load of the last minute.
pub fn load() -> f64 {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ')
        .next()
        .and_then(|first| first.parse().ok())
        .unwrap_or(f64::NAN)
}
