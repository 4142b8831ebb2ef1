//! Reads the Test Anything Protocol (<https://testanything.org/tap-version-13-specification.html>).

use crate::Outcome;

/// What a test program said. A failing check marked `TODO` counts as skipped: its author does not expect it to pass.
pub(crate) fn read(output: &str) -> Outcome {
    let mut outcome = Outcome::default();
    for line in output.lines().map(str::trim_start) {
        let (passed, rest) = match (line.strip_prefix("ok "), line.strip_prefix("not ok ")) {
            (Some(rest), _) => (true, rest),
            (_, Some(rest)) => (false, rest),
            _ => continue,
        };
        let directive = rest.rsplit_once("# ").map_or("", |(_, directive)| directive);
        if directive.starts_with("SKIP") || (!passed && directive.starts_with("TODO")) {
            outcome.skipped += 1;
        } else if passed {
            outcome.passed += 1;
        } else {
            outcome.failed.push(description(rest).to_owned());
        }
    }
    outcome
}

fn description(rest: &str) -> &str {
    let text = rest.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start();
    text.strip_prefix("- ").unwrap_or(text).trim_end()
}
