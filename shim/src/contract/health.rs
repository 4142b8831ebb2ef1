//! The health check that the caller asks for, and what the shim says of its results.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::time::Timestamp;
use crate::error::{Error, Kind, Result};

/// The content of `--health`: times are nanoseconds.
#[derive(Debug, Deserialize)]
struct File {
    process: Value,
    interval: u64,
    timeout: u64,
    #[serde(default)]
    start_period: u64,
    start_interval: u64,
    retries: u32,
}

/// A health check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Config.json's `process`, as text.
    pub process: String,
    /// Between the end of one probe and the start of the next.
    pub interval: Duration,
    /// So long may a probe take.
    pub timeout: Duration,
    /// So long after the container's start failures do not count.
    pub start_period: Duration,
    /// In place of `interval` in the start period, until the first success.
    pub start_interval: Duration,
    /// So many failures in a row are one too many.
    pub retries: u32,
}

/// Reads the file.
///
/// # Errors
/// It is not as the contract says.
pub fn parse(text: &[u8]) -> Result<Check> {
    let file: File =
        serde_json::from_slice(text).map_err(|error| Error::new(Kind::Input, error.to_string()))?;
    if file.interval == 0 || file.timeout == 0 || file.start_interval == 0 || file.retries == 0 {
        return Err(Error::new(
            Kind::Input,
            "interval, timeout, start_interval and retries must not be 0",
        ));
    }
    Ok(Check {
        process: file.process.to_string(),
        interval: Duration::from_nanos(file.interval),
        timeout: Duration::from_nanos(file.timeout),
        start_period: Duration::from_nanos(file.start_period),
        start_interval: Duration::from_nanos(file.start_interval),
        retries: file.retries,
    })
}

/// How the container is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum HealthStatus {
    /// Nobody knows yet.
    Starting,
    /// The last probe succeeded, or not enough of them failed since.
    Healthy,
    /// Too many probes in a row failed.
    Unhealthy,
}

impl HealthStatus {
    /// Its word in documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Healthy => "healthy",
            Self::Unhealthy => "unhealthy",
        }
    }
}

/// The result of one probe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Probe {
    /// When it began.
    pub start: Timestamp,
    /// When it ended.
    pub end: Timestamp,
    /// Its exit code; -1 if it had none.
    pub exit_code: i32,
    /// What it wrote, or why it did not run.
    pub output: String,
}

/// The content of `health.json`.
#[derive(Debug, Serialize)]
pub struct Report<'a> {
    /// The format's version: 1.
    pub version: u32,
    /// How the container is.
    pub status: HealthStatus,
    /// How many probes in a row failed.
    pub failing_streak: u32,
    /// The last of them, oldest first.
    pub log: &'a [Probe],
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_without_times_is_refused() {
        let text = r#"{"process":{"args":["x"]},"interval":1,"timeout":2,"start_interval":3,"retries":4}"#;
        let check = parse(text.as_bytes()).expect("valid");
        assert_eq!(check.process, r#"{"args":["x"]}"#);
        assert_eq!((check.interval.as_nanos(), check.retries), (1, 4));
        for wrong in [text.replace("\"interval\":1", "\"interval\":0"), "{}".to_owned()] {
            assert!(parse(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
