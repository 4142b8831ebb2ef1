//! Word for the operator: lines in the FIFO `log` of a bundle, which containerd copies to its own log.

use std::io::Write;
use std::path::Path;

use crate::contract::time::Timestamp;
use crate::error::Error;
use crate::sys::fifo::{self, End};

/// Tells of something that nobody is told otherwise. If containerd does not read, the line is lost.
pub fn warn(bundle: &Path, container: &str, what: &Error) {
    let mut message = what.to_string();
    for hint in what.hints() {
        message.push_str(&format!(" ({hint})"));
    }
    let line = format!(
        "time={:?} level=warning msg={message:?} container={container}\n",
        Timestamp::now().to_string()
    );
    if let Ok(mut log) = fifo::open(&bundle.join("log"), End::Write) {
        let _ = log.write_all(line.as_bytes());
    }
}
