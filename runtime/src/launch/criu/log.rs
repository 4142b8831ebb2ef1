//! What CRIU's log says about a failure.

use super::session::FAILED;
use crate::error::Error;
use std::fs;
use std::path::Path;

/// How many lines before the first error are shown.
const LINES_BEFORE: usize = 5;

/// How many errors are shown.
const ERRORS_SHOWN: usize = 3;

/// What CRIU complains about without CAP_SYS_RESOURCE, and goes on.
const HARMLESS: &str = "setup RLIMIT_NOFILE for self";

/// CRIU's error in the words of its log; an error of our own as it is.
pub(super) fn explain(error: Error, log: &Path) -> Error {
    let from_criu = error.chain().iter().any(|text| text.starts_with(FAILED));
    let Some(text) = fs::read(log).ok().filter(|_| from_criu) else {
        return error;
    };
    let text = String::from_utf8_lossy(&text);
    let (errors, before) = quote(&text);
    let error = if errors.is_empty() {
        error
    } else {
        Error::new(error.kind(), format!("{FAILED}: {errors}"))
    };
    let error = before
        .into_iter()
        .fold(error, |error, line| error.hint(format!("before that: {line}")));
    error.hint(format!("CRIU's whole log is {}", log.display()))
}

/// The first errors of a log as one sentence, and the lines up to the first of them.
fn quote(log: &str) -> (String, Vec<&str>) {
    let lines: Vec<&str> = log.lines().filter(|line| !line.contains(HARMLESS)).collect();
    let Some(first) = lines.iter().position(|line| line.contains("Error")) else {
        return (String::new(), Vec::new());
    };
    let bare = |line: &&str| line.find("Error").map(|at| line[at..].to_owned());
    let errors: Vec<String> = lines.iter().filter_map(bare).take(ERRORS_SHOWN).collect();
    (
        errors.join("; "),
        lines[first.saturating_sub(LINES_BEFORE)..first].to_vec(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_errors_of_a_log_are_quoted_with_the_lines_before() {
        let log = "(0.1) one\n(0.2) two\n(0.3) Error (criu/x.c:5): no\n(0.4) more\n(0.5)  7: Error (criu/y.c:6): stop\n";
        let (errors, before) = quote(log);
        assert_eq!(errors, "Error (criu/x.c:5): no; Error (criu/y.c:6): stop");
        assert_eq!(before, ["(0.1) one", "(0.2) two"]);
        assert_eq!(quote("(0.1) fine\n"), (String::new(), Vec::new()));
    }
}
