//! A start among many containers that live: it shall cost what the first ones did.

use crate::contestant;
use corten_conformance::Case;
use corten_conformance::bundle::Bundle;
use corten_conformance::measure;
use std::time::Duration;

const CROWD: usize = 1000;

pub(crate) fn measure(runs: usize) {
    let case = Case::new();
    let bundle = Bundle::new(&case, "crowd", &["block"]).write();
    println!("run --detach beside containers that live");
    for contestant in contestant::all().into_iter().take(2) {
        let start = |run| contestant.start(&case, &bundle, run);
        let all: Vec<Duration> = (0..CROWD + runs).map(start).collect();
        let (first, last) = (measure::median(&all[..runs]), measure::median(&all[CROWD..]));
        println!(
            "  {:<22} the first {runs}: {first:.2} ms; beside {CROWD}: {last:.2} ms, {:.2} times that",
            contestant.name,
            last / first
        );
        for run in 0..CROWD + runs {
            contestant.remove(&case, run);
        }
    }
    println!();
}
