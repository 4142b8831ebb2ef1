//! The table suite × runtime, and the list of failures below it.

use crate::notes::Notes;
use crate::{Outcome, Outcomes};
use std::collections::BTreeSet;

/// One line per program of a suite, one column per runtime, and the sums.
pub(crate) fn print(results: &[(String, Outcomes)]) {
    let subjects: BTreeSet<&String> = results.iter().flat_map(|(_, outcomes)| outcomes.keys()).collect();
    let width = subjects.iter().map(|s| s.len()).max().unwrap_or(0);
    print!("{:width$}", "checks that passed");
    for (runtime, _) in results {
        print!("  {runtime:>16}");
    }
    println!();
    for subject in subjects {
        print!("{subject:width$}");
        for (_, outcomes) in results {
            let text = outcomes.get(subject).map_or_else(|| "-".to_owned(), cell);
            print!("  {text:>16}");
        }
        println!();
    }
    print!("{:width$}", "all");
    for (_, outcomes) in results {
        print!("  {:>16}", cell(&sum(outcomes)));
    }
    println!("\n");
}

fn cell(outcome: &Outcome) -> String {
    match outcome.failed.len() {
        0 => outcome.passed.to_string(),
        failed => format!("{}, {failed} failed", outcome.passed),
    }
}

fn sum(outcomes: &Outcomes) -> Outcome {
    let mut sum = Outcome::default();
    for outcome in outcomes.values() {
        sum.passed += outcome.passed;
        sum.skipped += outcome.skipped;
        sum.failed.extend(outcome.failed.iter().cloned());
    }
    sum
}

/// Every failed check, with its note.
pub(crate) fn print_failures(results: &[(String, Outcomes)], notes: &Notes) {
    for (runtime, outcomes) in results {
        println!(
            "{runtime}: failed checks, {} skipped by the suites",
            sum(outcomes).skipped
        );
        for (subject, outcome) in outcomes {
            for check in &outcome.failed {
                println!("  {subject}: {check}");
                if let Some(why) = notes.of(runtime, subject, check) {
                    println!("      note: {why}");
                }
            }
        }
        println!();
    }
}
