//! The list of what is wrong with a configuration.

use crate::error::Kind;
use std::fmt;

/// Problems in the order they were found. Their places are put in words only then: a check without a finding is free.
#[derive(Debug, Default)]
pub(super) struct Problems(Vec<Problem>);

#[derive(Debug)]
enum Problem {
    Wrong {
        at: String,
        found: String,
        expected: String,
    },
    Unsupported {
        at: String,
    },
}

impl Problems {
    /// The property `at` has another value than it may have.
    pub(super) fn wrong(
        &mut self,
        at: impl fmt::Display,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) {
        self.0.push(Problem::Wrong {
            at: at.to_string(),
            found: found.into(),
            expected: expected.into(),
        });
    }

    /// The spec knows the property `at`, this program does not handle it yet.
    pub(super) fn unsupported(&mut self, at: impl Into<String>) {
        self.0.push(Problem::Unsupported { at: at.into() });
    }

    /// The kernel's strings end at the first NUL byte.
    pub(super) fn plain(&mut self, at: &dyn fmt::Display, text: &str) {
        if text.contains('\0') {
            self.wrong(at, format!("{text:?}"), "text without a NUL character");
        }
    }

    /// A path that starts at a root.
    pub(super) fn absolute(&mut self, at: &dyn fmt::Display, path: &str) {
        if path.starts_with('/') {
            self.plain(at, path);
        } else {
            self.wrong(at, format!("{path:?}"), "an absolute path");
        }
    }

    /// One word of several.
    pub(super) fn one_of(&mut self, at: &dyn fmt::Display, word: &str, words: &[&str]) {
        if !words.contains(&word) {
            self.wrong(at, format!("{word:?}"), format!("one of {}", words.join(", ")));
        }
    }

    /// What kind of error they make together; none when there are none.
    pub(super) fn kind(&self) -> Option<Kind> {
        let unsupported = |problem: &Problem| matches!(problem, Problem::Unsupported { .. });
        match self.0.as_slice() {
            [] => None,
            problems if problems.iter().all(unsupported) => Some(Kind::Unsupported),
            _ => Some(Kind::Config),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wrong { at, found, expected } => write!(f, "{at}: found {found}, expected {expected}"),
            Self::Unsupported { at } => write!(f, "{at}: not supported yet"),
        }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let problems = self.0.iter().map(Problem::to_string).collect::<Vec<_>>();
        f.write_str(&problems.join("; "))
    }
}
