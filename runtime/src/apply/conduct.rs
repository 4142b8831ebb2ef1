//! The one loop that runs operations: in order, each traced, each failure in the operation's own words.
//!
//! For tests, the environment variable `CORTEN_FAULT` makes one operation fail before it does anything:
//! `N:fail`, or ends (`N:kill`) or stops (`N:stop`) the process there. N counts the plan's operations as
//! `corten-runtime plan` numbers them.

use crate::error::{Error, Kind, Result};
use crate::sys::process;
use nix::sys::signal::{Signal, raise};
use std::fmt::Display;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::fd::{AsRawFd, RawFd};
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// The loop's surroundings; both sides of a clone have their own copy.
#[derive(Debug, Clone)]
pub struct Conductor {
    trace: Option<Arc<File>>,
    fault: Option<(usize, Fault)>,
    side: &'static str,
}

#[derive(Debug, Clone, Copy)]
enum Fault {
    Fail,
    Kill,
    Stop,
}

/// What the loop must know of an operation beside its text.
pub trait Operation: Display {
    /// Whether its errors are complete sentences already.
    fn speaks_for_itself(&self) -> bool {
        false
    }
}

impl Conductor {
    /// A loop for the runtime's side; `trace` is written anew.
    ///
    /// # Errors
    /// When the trace cannot be made, or `CORTEN_FAULT` is no fault.
    pub fn new(trace: Option<&Path>) -> Result<Self> {
        let fault = std::env::var("CORTEN_FAULT")
            .ok()
            .map(|text| parse_fault(&text))
            .transpose()?;
        Ok(Self {
            trace: trace.map(open_trace).transpose()?.map(Arc::new),
            fault,
            side: "runtime",
        })
    }

    /// The trace's descriptor.
    pub fn descriptor(&self) -> Option<RawFd> {
        self.trace.as_ref().map(|trace| trace.as_raw_fd())
    }

    /// From here on the operations are the container's process's.
    pub fn change_side(&mut self) {
        self.side = "container";
    }

    /// Runs operations, the first of which has the number `first`; stops at the first that fails.
    ///
    /// # Errors
    /// The failed operation's, under its text.
    pub fn run<O: Operation>(
        &mut self,
        first: usize,
        ops: &[O],
        mut step: impl FnMut(&mut Self, &O) -> Result<()>,
    ) -> Result<()> {
        for (index, op) in ops.iter().enumerate() {
            let begun = self.trace.is_some().then(SystemTime::now);
            let result = self.meet_fault(first + index).and_then(|()| step(self, op));
            if let Some(begun) = begun {
                self.write_event(op, begun);
            }
            result.map_err(hint_at_old_kernel).map_err(|error| {
                if op.speaks_for_itself() {
                    error
                } else {
                    error.context(op.to_string())
                }
            })?;
        }
        Ok(())
    }

    fn meet_fault(&self, number: usize) -> Result<()> {
        match self.fault {
            Some((at, fault)) if at == number => match fault {
                Fault::Fail => Err(Error::new(Kind::System, "CORTEN_FAULT made this operation fail")),
                // The init of a pid namespace cannot kill itself.
                Fault::Kill => {
                    stop_here(Signal::SIGKILL).and_then(|()| process::exit_now(128 + libc::SIGKILL))
                }
                Fault::Stop => stop_here(Signal::SIGSTOP),
            },
            _ => Ok(()),
        }
    }

    /// One complete event of Chrome's trace format; a trace that cannot be written harms nobody.
    fn write_event(&self, op: &impl Display, begun: SystemTime) {
        let micros = |time: SystemTime| time.duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
        let (start, end) = (micros(begun), micros(SystemTime::now()));
        let event = serde_json::json!({
            "name": op.to_string(), "ph": "X", "ts": start, "dur": end.saturating_sub(start), "pid": self.side, "tid": 0,
        });
        if let Some(trace) = &self.trace {
            drop((&**trace).write_all(format!("{event},\n").as_bytes()));
        }
    }
}

/// Chrome's format is an array whose end may be missing, so that two processes can append to one file.
fn open_trace(path: &Path) -> Result<File> {
    let opened = OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .open(path);
    let opened = opened.and_then(|mut file| file.write_all(b"[\n"));
    let append = opened.and_then(|()| OpenOptions::new().append(true).open(path));
    append.map_err(|error| {
        Error::syscall(
            format!("open({})", path.display()),
            error.raw_os_error().unwrap_or(0),
        )
    })
}

/// What nothing can stand in for came with Linux 5.12 or before.
fn hint_at_old_kernel(error: Error) -> Error {
    match error.errno() {
        Some(libc::ENOSYS) if error.hints().is_empty() => {
            error.hint("this needs Linux 5.12 or newer, and no filter that hides its system calls")
        }
        _ => error,
    }
}

fn stop_here(signal: Signal) -> Result<()> {
    raise(signal).map_err(|errno| Error::syscall(format!("raise({signal})"), errno as i32))
}

fn parse_fault(text: &str) -> Result<(usize, Fault)> {
    let bad = || {
        Error::new(
            Kind::Usage,
            format!("CORTEN_FAULT: found {text:?}, expected NUMBER:fail|kill|stop"),
        )
    };
    let (number, what) = text.split_once(':').ok_or_else(bad)?;
    let fault = match what {
        "fail" => Fault::Fail,
        "kill" => Fault::Kill,
        "stop" => Fault::Stop,
        _ => return Err(bad()),
    };
    Ok((number.parse().map_err(|_| bad())?, fault))
}
