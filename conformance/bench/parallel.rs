//! Many containers at once: how long each takes when all share the machine, and whether any fails.

use crate::contestant::{self, Contestant};
use crate::report::{Row, table};
use corten_conformance::Case;
use corten_conformance::bundle::Bundle;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

const MANY: usize = 40;
const VERY_MANY: usize = 400;

pub(crate) fn measure(runs: usize) {
    let case = Case::new();
    let contestants = contestant::all();
    let bundle = Bundle::new(&case, "parallel", &["exit", "0"]).write();
    let mut rows: Vec<Row> = contestants.iter().map(|c| Row::new(c.name)).collect();
    let mut failed = vec![0; contestants.len()];
    for _ in 0..runs.div_ceil(5) {
        for (index, contestant) in contestants.iter().enumerate() {
            let (each, errors) = at_once(&case, contestant, &bundle, MANY);
            rows[index].times.push(each);
            failed[index] += errors;
        }
    }
    table(&format!("{MANY} runs in parallel, each"), &rows);
    println!("{VERY_MANY} runs in parallel");
    for (contestant, failed) in contestants.iter().zip(failed) {
        let (each, errors) = at_once(&case, contestant, &bundle, VERY_MANY);
        let each = each.as_secs_f64() * 1e3;
        println!(
            "  {:<22} {each:>10.2} ms each, {errors} failed; {failed} of all those with {MANY}",
            contestant.name
        );
    }
    println!();
}

/// Starts them all, and waits for all: the time of each if they had come one after the other, and how many failed.
fn at_once(case: &Case, contestant: &Contestant, bundle: &Bundle, count: usize) -> (Duration, usize) {
    let start = Instant::now();
    let children: Vec<Child> = (0..count)
        .map(|run| {
            let mut command = contestant.run_command(case, bundle, run);
            command
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null());
            command.spawn().unwrap_or_else(|e| panic!("{command:?}: {e}"))
        })
        .collect();
    let ended = children.into_iter().map(|mut child| child.wait());
    let failed = ended
        .filter(|status| !status.as_ref().is_ok_and(|status| status.success()))
        .count();
    (start.elapsed() / u32::try_from(count).unwrap_or(1), failed)
}
