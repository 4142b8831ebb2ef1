//! Our own black-box cases, those that hold for any runtime: the test program is run once per runtime.

use crate::{Judged, Outcomes};
use corten_conformance::Cmd;
use std::env;
use std::path::Path;

/// The modules of the test program whose cases judge one runtime by its command line and bundle alone.
const MODULES: [&str; 2] = ["runtime_properties", "runtime_states"];

/// Runs the cases with `CORTEN_JUDGED` naming the runtime.
pub(crate) fn judge(runtime: &Judged) -> Result<Outcomes, String> {
    let program = env::var_os("CORTEN_CASES").ok_or("CORTEN_CASES is not set: use scripts/conformance")?;
    let out = Cmd::new(Path::new(&program))
        .args(MODULES)
        .env("CORTEN_JUDGED", &runtime.program)
        .deadline(600)
        .run();
    let mut outcomes = Outcomes::new();
    for line in out.out().lines() {
        let Some((case, result)) = line.strip_prefix("test ").and_then(|l| l.split_once(" ... ")) else {
            continue;
        };
        let (module, name) = case.split_once("::").unwrap_or(("cases", case));
        let outcome = outcomes.entry(format!("cases/{module}")).or_default();
        match result {
            "ok" => outcome.passed += 1,
            "ignored" => outcome.skipped += 1,
            _ => outcome.failed.push(name.to_owned()),
        }
    }
    if outcomes.is_empty() {
        return Err(format!("no case ran: {out:?}"));
    }
    Ok(outcomes)
}
