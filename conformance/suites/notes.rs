//! Why a check fails: `notes.json` beside this file. Every failure of the runtime that is judged first must have a note,
//! and so must every failure of a peer in our own cases: else the case, not the peer, may be wrong.

use crate::Outcomes;
use serde::Deserialize;

/// One explanation.
#[derive(Debug, Deserialize)]
struct Note {
    /// `suite/program`.
    subject: String,
    /// The check's words, or how they begin.
    check: String,
    /// The runtimes that it is about.
    runtimes: Vec<String>,
    /// Why the check fails, and who is right.
    why: String,
}

/// All explanations.
#[derive(Debug, Deserialize)]
pub(crate) struct Notes(Vec<Note>);

impl Notes {
    /// Those of the repository.
    pub(crate) fn read() -> Result<Self, String> {
        serde_json::from_str(include_str!("notes.json")).map_err(|e| format!("notes.json: {e}"))
    }

    /// The explanation of one failed check.
    pub(crate) fn of(&self, runtime: &str, subject: &str, check: &str) -> Option<&str> {
        let matches = |note: &&Note| {
            note.subject == subject
                && check.starts_with(&note.check)
                && note.runtimes.iter().any(|r| r == runtime)
        };
        self.0.iter().find(matches).map(|note| note.why.as_str())
    }

    /// Is there a note wherever there must be one? Says which are missing.
    pub(crate) fn explain_all(&self, first: &str, results: &[(String, Outcomes)]) -> bool {
        let mut missing = 0;
        for (runtime, outcomes) in results {
            for (subject, outcome) in outcomes {
                if runtime != first && !subject.starts_with("cases/") {
                    continue;
                }
                for check in &outcome.failed {
                    if self.of(runtime, subject, check).is_none() {
                        println!("no note explains: {runtime}: {subject}: {check}");
                        missing += 1;
                    }
                }
            }
        }
        missing == 0
    }
}
