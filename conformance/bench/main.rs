//! Compares the programs with their peers on this machine: alternately in one run, on a tmpfs, in a mount namespace of its
//! own (scripts/bench makes both). Prints medians and ratios, the machine and the versions.
//!
//! `corten-bench [--runs N] [PART…]`; everything but the soak when nothing is named.

mod contest;
mod contestant;
mod crowd;
mod engines;
mod images;
mod keepers;
mod lifecycle;
mod parallel;
mod pull;
mod report;
mod soak;
mod views;

use corten_conformance::measure;
use std::env;
use std::process::ExitCode;

/// Something that is measured.
struct Part {
    name: &'static str,
    /// Shows the cgroups it needs; whether it can.
    view: fn() -> bool,
    /// Measures, with so many runs where runs are short.
    measure: fn(usize),
}

/// In this order: the v1 hierarchies do not come back.
const PARTS: &[Part] = &[
    Part {
        name: "v1",
        view: views::show_v1,
        measure: lifecycle::measure_v1,
    },
    Part {
        name: "runtime",
        view: views::show_v2,
        measure: lifecycle::measure,
    },
    Part {
        name: "parallel",
        view: views::show_v2,
        measure: parallel::measure,
    },
    Part {
        name: "crowd",
        view: views::show_v2,
        measure: crowd::measure,
    },
    Part {
        name: "shim",
        view: views::show_v2,
        measure: keepers::measure,
    },
    Part {
        name: "pull",
        view: views::show_v2,
        measure: |runs| pull::measure(rounds(runs)),
    },
    Part {
        name: "images",
        view: views::show_v2,
        measure: |runs| images::measure(rounds(runs)),
    },
    Part {
        name: SOAK,
        view: views::show_v2,
        measure: soak::measure,
    },
];

/// As many minutes as there are runs: only when it is named.
const SOAK: &str = "soak";

/// Of what takes seconds rather than milliseconds.
fn rounds(runs: usize) -> usize {
    runs.div_ceil(5)
}

/// What was asked for on the command line.
struct Options {
    runs: usize,
    parts: Vec<String>,
}

impl Options {
    fn parse(mut args: impl Iterator<Item = String>) -> Option<Self> {
        let mut options = Self {
            runs: 25,
            parts: Vec::new(),
        };
        while let Some(arg) = args.next() {
            if arg == "--runs" {
                options.runs = args.next()?.parse().ok()?;
            } else {
                PARTS.iter().find(|part| part.name == arg)?;
                options.parts.push(arg);
            }
        }
        Some(options)
    }

    fn wants(&self, part: &Part) -> bool {
        self.parts.is_empty() && part.name != SOAK || self.parts.iter().any(|name| name == part.name)
    }
}

fn main() -> ExitCode {
    let Some(options) = Options::parse(env::args().skip(1)) else {
        let names: Vec<&str> = PARTS.iter().map(|part| part.name).collect();
        println!("usage: corten-bench [--runs N] [{}]", names.join("] ["));
        return ExitCode::from(2);
    };
    report::machine();
    let load = measure::load();
    if load > 0.7 {
        println!("THE MACHINE IS BUSY (load {load}): these figures say little, compare ratios at most\n");
    }
    for part in PARTS.iter().filter(|part| options.wants(part)) {
        if (part.view)() {
            (part.measure)(options.runs);
        } else {
            println!("{}: this machine has no such cgroups\n", part.name);
        }
    }
    ExitCode::SUCCESS
}
