//! The runtime, one container at a time: create + start + delete, exec, and run, with and without docker's seccomp profile,
//! against runc, crun and the kernel's floor.

use crate::contestant::{self, Contestant};
use crate::report::{Row, table};
use corten_conformance::bundle::Bundle;
use corten_conformance::measure;
use corten_conformance::seccomp;
use corten_conformance::{Case, programs};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

pub(crate) fn measure(runs: usize) {
    let case = Case::new();
    let contestants = contestant::all();
    let plain = Bundle::new(&case, "plain", &["exit", "0"]).write();
    both(&case, &contestants, &plain, runs, "");
    if let Some(profile) = seccomp::docker_profile() {
        let filtered = Bundle::new(&case, "filtered", &["exit", "0"])
            .set("/linux/seccomp", profile)
            .write();
        both(&case, &contestants, &filtered, runs, ", docker's seccomp profile");
    }
}

/// The same where v1 hierarchies are in use, without the finer parts.
pub(crate) fn measure_v1(runs: usize) {
    let case = Case::new();
    let contestants = contestant::all();
    let bundle = Bundle::new(&case, "plain", &["exit", "0"]).write();
    let (lives, single, _) = alternate(&case, &contestants, &bundle, runs, None);
    table("v1: create + start + delete", &lives);
    table("v1: run", &single);
}

fn both(case: &Case, contestants: &[Contestant], bundle: &Bundle, runs: usize, remark: &str) {
    let floor = Floor::build(case);
    let (lives, mut single, floors) = alternate(case, contestants, bundle, runs, Some(&floor));
    table(&format!("create + start + delete{remark}"), &lives);
    exec(case, contestants, bundle, runs * 3, remark);
    memory(case, contestants, bundle, remark);
    single.push(floors);
    table(&format!("run{remark}"), &single);
    table(
        &format!("run, one after the other without a rest{remark}"),
        &in_a_row(case, contestants, bundle, runs, &floor),
    );
}

/// Runs in blocks of each contestant, without a rest in between.
fn in_a_row(
    case: &Case,
    contestants: &[Contestant],
    bundle: &Bundle,
    runs: usize,
    floor: &Floor,
) -> Vec<Row> {
    const BLOCK: usize = 10;
    let mut rows: Vec<Row> = contestants.iter().map(|c| Row::new(c.name)).collect();
    let mut floors = Row::new("kernel floor");
    for block in 0..(runs * 3).div_ceil(BLOCK) {
        for (row, contestant) in rows.iter_mut().zip(contestants) {
            rest();
            let timed = (0..BLOCK).map(|run| contestant.run(case, bundle, block * BLOCK + run));
            row.times.extend(timed);
        }
        rest();
        floors.times.extend((0..BLOCK).map(|_| floor.run(bundle)));
    }
    rows.push(floors);
    rows
}

/// Before each that is timed: the kernel takes apart what the one before has left, its network namespace above all, on the
/// same processors. Nobody starts a container just then, but who starts many.
fn rest() {
    measure::rest(Duration::from_millis(10));
}

/// Whole lives, single runs, and the floor, in turns.
fn alternate(
    case: &Case,
    contestants: &[Contestant],
    bundle: &Bundle,
    runs: usize,
    floor: Option<&Floor>,
) -> (Vec<Row>, Vec<Row>, Row) {
    let mut lives: Vec<Row> = contestants.iter().map(|c| Row::new(c.name)).collect();
    let mut single: Vec<Row> = contestants.iter().map(|c| Row::new(c.name)).collect();
    let mut floors = Row::new("kernel floor");
    for run in 0..runs * 3 {
        for (row, contestant) in lives.iter_mut().zip(contestants) {
            rest();
            row.times.push(contestant.life(case, bundle, run));
        }
        for (row, contestant) in single.iter_mut().zip(contestants) {
            rest();
            row.times.push(contestant.run(case, bundle, run));
        }
        rest();
        floors.times.extend(floor.map(|floor| floor.run(bundle)));
    }
    (lives, single, floors)
}

/// One more program in a container that runs.
fn exec(case: &Case, contestants: &[Contestant], bundle: &Bundle, runs: usize, remark: &str) {
    let name = bundle.dir.file_name().unwrap_or_default().to_string_lossy();
    let mut blocking = Bundle::new(case, &format!("exec-{name}"), &["block"]);
    blocking.config["linux"] = bundle.config["linux"].clone();
    let blocking = blocking.write();
    let mut rows: Vec<Row> = contestants.iter().map(|c| Row::new(c.name)).collect();
    for contestant in contestants {
        contestant.start(case, &blocking, 0);
    }
    for _ in 0..runs {
        for (row, contestant) in rows.iter_mut().zip(contestants) {
            rest();
            row.times.push(contestant.exec(case));
        }
    }
    for contestant in contestants {
        contestant.remove(case, 0);
    }
    table(&format!("exec{remark}"), &rows);
}

fn memory(case: &Case, contestants: &[Contestant], bundle: &Bundle, remark: &str) {
    println!("peak memory of run{remark}");
    for contestant in contestants {
        println!(
            "  {:<22} {:>6} KiB",
            contestant.name,
            measure::peak(&contestant.run_command(case, bundle, 0))
        );
    }
    println!();
}

struct Floor {
    program: PathBuf,
    cgroups: PathBuf,
}

impl Floor {
    fn build(case: &Case) -> Self {
        let source = programs::top().join("conformance/bench/floor.c");
        let program = case.path("floor");
        let compiler = if programs::peer("musl-gcc").is_some() {
            "musl-gcc"
        } else {
            "cc"
        };
        measure::time(
            Command::new(compiler)
                .args(["-O2", "-static", "-o"])
                .arg(&program)
                .arg(source),
        );
        Self {
            program,
            cgroups: Path::new("/sys/fs/cgroup").join(case.id("floor")),
        }
    }

    fn run(&self, bundle: &Bundle) -> Duration {
        measure::time(
            Command::new(&self.program)
                .arg(bundle.root(""))
                .arg(&self.cgroups)
                .arg("/probe"),
        )
    }
}
