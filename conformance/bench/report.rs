//! How figures are printed.

use corten_conformance::measure::median;
use corten_conformance::programs;
use std::fs;
use std::process::Command;
use std::time::Duration;

/// The runs of one contestant.
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) times: Vec<Duration>,
}

impl Row {
    pub(crate) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            times: Vec::new(),
        }
    }
}

/// Processor, kernel and the versions of all contestants.
pub(crate) fn machine() {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let models = cpuinfo
        .lines()
        .filter_map(|l| l.strip_prefix("model name")?.split_once(": ").map(|(_, m)| m));
    let models: Vec<&str> = models.collect();
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    println!(
        "{} x {}, Linux {}",
        models.len(),
        models.first().unwrap_or(&"?"),
        kernel.trim()
    );
    for name in ["corten-runtime", "corten"] {
        println!("  {}", version(Command::new(programs::ours(name))));
    }
    for name in [
        "runc",
        "crun",
        "podman",
        "containerd",
        "dockerd",
        "skopeo",
        "umoci",
    ] {
        if let Some(path) = programs::peer(name) {
            println!("  {}", version(Command::new(path)));
        }
    }
    println!();
}

fn version(mut command: Command) -> String {
    let out = command.arg("--version").output();
    let text = out
        .map(|o| String::from_utf8_lossy(&o.stdout).into_owned())
        .unwrap_or_default();
    text.lines().next().unwrap_or("no version").to_owned()
}

/// A table of medians; the first row is ours, and what the others take is told as a multiple of it.
pub(crate) fn table(title: &str, rows: &[Row]) {
    println!("{title}");
    println!("  {:<22} {:>10} {:>8}", "", "median ms", "ratio");
    let ours = rows.first().map_or(f64::NAN, |row| median(&row.times));
    for row in rows {
        let time = median(&row.times);
        println!("  {:<22} {time:>10.2} {:>8.2}", row.name, time / ours);
    }
    println!();
}
