//! Judges OCI runtimes side by side: the validation suite of opencontainers/runtime-tools and our own black-box cases.
//! Prints a table suite × runtime, then every check that failed, with the note that explains it.
//!
//! `corten-suites RUNTIME…` (names or paths; the first is the one that must have no failure without a note).
//! scripts/conformance builds what it needs: `CORTEN_VALIDATION` is the directory of the validation suite's programs,
//! `CORTEN_CASES` the test program with our own cases.

mod cases;
mod notes;
mod table;
mod tap;
mod validation;

use corten_conformance::programs;
use notes::Notes;
use std::collections::BTreeMap;
use std::env;
use std::path::PathBuf;
use std::process::ExitCode;

/// What one program or module of a suite found out about one runtime.
#[derive(Debug, Default, Clone)]
pub(crate) struct Outcome {
    /// Checks that passed.
    pub passed: usize,
    /// Checks that the suite left out by itself.
    pub skipped: usize,
    /// Checks that failed, in the suite's words.
    pub failed: Vec<String>,
}

/// Outcomes by `suite/program`.
pub(crate) type Outcomes = BTreeMap<String, Outcome>;

/// A runtime to be judged.
#[derive(Debug, Clone)]
pub(crate) struct Judged {
    /// Its program's name.
    pub name: String,
    /// Its program.
    pub program: PathBuf,
}

impl Judged {
    fn find(text: &str) -> Result<Self, String> {
        let program = match text {
            "corten-runtime" => programs::ours(text),
            path if path.contains('/') => PathBuf::from(path),
            name => programs::peer(name).ok_or_else(|| format!("{name}: not on PATH"))?,
        };
        let name = program.file_name().unwrap_or(program.as_os_str());
        Ok(Self {
            name: name.to_string_lossy().into_owned(),
            program,
        })
    }
}

fn main() -> ExitCode {
    match judge(env::args().skip(1).collect()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            println!("corten-suites: {message}");
            ExitCode::from(2)
        }
    }
}

fn judge(names: Vec<String>) -> Result<bool, String> {
    let runtimes = names
        .iter()
        .map(|name| Judged::find(name))
        .collect::<Result<Vec<_>, _>>()?;
    let subject = runtimes.first().ok_or("usage: corten-suites RUNTIME…")?;
    let notes = Notes::read()?;
    let mut results = Vec::new();
    for runtime in &runtimes {
        let mut outcomes = validation::judge(runtime)?;
        outcomes.extend(cases::judge(runtime)?);
        results.push((runtime.name.clone(), outcomes));
    }
    table::print(&results);
    table::print_failures(&results, &notes);
    Ok(notes.explain_all(&subject.name, &results))
}
