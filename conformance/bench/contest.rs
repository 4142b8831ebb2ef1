//! Runs of several programs that do the same, and their table.

use corten_conformance::measure::{Cost, median};
use std::time::Duration;

/// The runs of each program; the first one is ours.
#[derive(Default)]
pub(crate) struct Contest {
    rows: Vec<(&'static str, Vec<Cost>)>,
}

impl Contest {
    /// Notes a run; none means that the program is not installed.
    pub(crate) fn add(&mut self, name: &'static str, cost: Option<Cost>) {
        let Some(cost) = cost else { return };
        match self.rows.iter_mut().find(|(other, _)| *other == name) {
            Some((_, costs)) => costs.push(cost),
            None => self.rows.push((name, vec![cost])),
        }
    }

    /// Prints medians and minima, what others take as a multiple of ours, processor time and memory.
    pub(crate) fn print(&self, title: &str) {
        println!("{title}");
        let head = ["median ms", "ratio", "min ms", "ratio", "cpu s", "peak MB"];
        print!("  {:<16}", "");
        head.iter().for_each(|column| print!(" {column:>9}"));
        println!();
        let ours = self
            .rows
            .first()
            .map_or((f64::NAN, f64::NAN), |(_, costs)| times(costs));
        for (name, costs) in &self.rows {
            let (middle, least) = times(costs);
            let cpu: Vec<Duration> = costs.iter().map(|cost| cost.cpu).collect();
            let peak = costs.iter().map(|cost| cost.peak).max().unwrap_or(0);
            println!(
                "  {name:<16} {middle:>9.0} {:>9.2} {least:>9.0} {:>9.2} {:>9.2} {:>9}",
                middle / ours.0,
                least / ours.1,
                median(&cpu) / 1e3,
                peak >> 10
            );
        }
        println!();
    }
}

/// The median and the least time, in milliseconds.
fn times(costs: &[Cost]) -> (f64, f64) {
    let times: Vec<Duration> = costs.iter().map(|cost| cost.time).collect();
    let least = times
        .iter()
        .min()
        .map_or(f64::NAN, |least| least.as_secs_f64() * 1e3);
    (median(&times), least)
}
