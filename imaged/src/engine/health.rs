//! How a container is: what its shim found out by the health check.

use serde::Deserialize;
use serde_json::{Value, json};

use super::layout::Containers;
use super::record::Record;
use super::status::{Status, read_json};

/// The check in the container's directory, for the shim.
pub(super) const CHECK_FILE: &str = "health.json";
/// What the shim found out, in its own directory.
const REPORT_FILE: &str = "health.json";

#[derive(Debug, Deserialize)]
struct Report {
    status: String,
    failing_streak: u32,
    log: Vec<Probe>,
}

#[derive(Debug, Deserialize)]
struct Probe {
    start: String,
    end: String,
    exit_code: i32,
    output: String,
}

/// Docker's word for a container's health: `starting`, `healthy`, `unhealthy`, or `none` without a check or a start.
pub(crate) fn word(containers: &Containers, record: &Record, status: &Status) -> String {
    match report(containers, record, status) {
        None => "none".to_owned(),
        // As docker has it: who does not run is not well.
        Some(_) if !matches!(status, Status::Running { .. }) => "unhealthy".to_owned(),
        Some(report) => report.status,
    }
}

/// Docker's `State.Health`; none without a check.
pub(super) fn details(containers: &Containers, record: &Record, status: &Status) -> Option<Value> {
    let report = report(containers, record, status)?;
    let log = report.log.iter().map(|probe| {
        json!({"Start": probe.start, "End": probe.end, "ExitCode": probe.exit_code, "Output": probe.output})
    });
    Some(json!({
        "Status": word(containers, record, status),
        "FailingStreak": report.failing_streak,
        "Log": log.collect::<Vec<_>>(),
    }))
}

fn report(containers: &Containers, record: &Record, status: &Status) -> Option<Report> {
    // Nobody has looked yet at one that never ran.
    if matches!(status, Status::Created { .. }) {
        return None;
    }
    if !containers.directory(&record.id).join(CHECK_FILE).exists() {
        return None;
    }
    let found = read_json(&containers.shim_directory(&record.id).join(REPORT_FILE));
    Some(found.unwrap_or_else(|| Report {
        status: "starting".to_owned(),
        failing_streak: 0,
        log: Vec::new(),
    }))
}
