//! Compares the programs with their peers on this machine: alternately in one run, on a tmpfs, with a pure v2 view of
//! cgroups (scripts/bench makes both). Prints medians and ratios, the machine and the versions.
//!
//! `corten-bench [--runs N] [runtime] [pull] [shim]`; everything when nothing is named.

mod lifecycle;
mod pull;
mod report;
mod seccomp;
mod shim;

use corten_conformance::measure;
use std::env;
use std::process::ExitCode;

/// What was asked for on the command line.
struct Options {
    runs: usize,
    parts: Vec<String>,
}

impl Options {
    fn parse(args: impl Iterator<Item = String>) -> Option<Self> {
        let mut options = Self {
            runs: 25,
            parts: Vec::new(),
        };
        let mut args = args.peekable();
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--runs" => options.runs = args.next()?.parse().ok()?,
                "runtime" | "pull" | "shim" => options.parts.push(arg),
                _ => return None,
            }
        }
        Some(options)
    }

    fn wants(&self, part: &str) -> bool {
        self.parts.is_empty() || self.parts.iter().any(|p| p == part)
    }
}

fn main() -> ExitCode {
    let Some(options) = Options::parse(env::args().skip(1)) else {
        println!("usage: corten-bench [--runs N] [runtime] [pull] [shim]");
        return ExitCode::from(2);
    };
    report::machine();
    let load = measure::load();
    if load > 0.7 {
        println!("THE MACHINE IS BUSY (load {load}): these figures say little, compare ratios at most\n");
    }
    if options.wants("runtime") {
        lifecycle::measure(options.runs);
    }
    if options.wants("shim") {
        shim::measure();
    }
    if options.wants("pull") {
        pull::measure();
    }
    ExitCode::SUCCESS
}
