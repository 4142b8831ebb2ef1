//! How a container stands: worked out from the shim's files and living processes each time it is asked.
//!
//! Nothing here takes a lock or waits, so a stuck container cannot hold up a listing.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::layout::Containers;
use crate::format::timestamp::Timestamp;
use crate::sys::pidfd::{self, Process};

/// Written before a container's process is let go, and again when that failed.
pub(crate) const START_FILE: &str = "start.json";
/// The shim's record of the end.
pub(crate) const EXIT_FILE: &str = "exit.json";

/// What the shim's directory says about the shim and the container's first process.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ShimFile {
    pid: i32,
    start_time: u64,
    #[serde(default)]
    init_pid: Option<i32>,
    #[serde(default)]
    init_start_time: Option<u64>,
    /// When the shim started the container last.
    #[serde(default)]
    started_at: Option<String>,
    /// How often it did that by itself.
    #[serde(default)]
    restart_count: u32,
    /// What its container was doing when the shim wrote this.
    #[serde(default)]
    status: String,
}

impl ShimFile {
    /// Reads `shim.json`, if there is one.
    pub(crate) fn read(directory: &Path) -> Option<Self> {
        read_json(&directory.join("shim.json"))
    }

    /// The shim, if it lives. A shim that became this very command (`--exit-command`) is one no longer.
    pub(crate) fn shim(&self) -> Option<Process> {
        if self.is_ourselves() {
            return None;
        }
        Process::find(self.pid, self.start_time)
    }

    /// The shim's number and start.
    pub(super) fn process(&self) -> (i32, u64) {
        (self.pid, self.start_time)
    }

    /// The number and start of the container's first process, if it ever had one.
    pub(super) fn init_process(&self) -> Option<(i32, u64)> {
        Some((self.init_pid.filter(|pid| *pid > 0)?, self.init_start_time?))
    }

    fn is_ourselves(&self) -> bool {
        u32::try_from(self.pid) == Ok(std::process::id())
    }

    /// The container's first process, if it lives.
    pub(crate) fn init(&self) -> Option<Process> {
        let (pid, start_time) = self.init_process()?;
        Process::find(pid, start_time)
    }

    /// Whether the shim lives, and if so, whether it can do anything: not while somebody has stopped it.
    fn shim_state(&self) -> Option<Shim> {
        let (state, start_time) = pidfd::state_of(self.pid)?;
        if self.is_ourselves() || start_time != self.start_time {
            return None;
        }
        Some(match state {
            'T' | 't' => Shim::Stopped,
            _ => Shim::Alive,
        })
    }

    /// Whether the shim had recorded an end and told the journal of events, when it wrote this.
    pub(super) fn has_told_its_end(&self) -> bool {
        matches!(self.status.as_str(), "exited" | "restarting")
    }

    /// How often the shim restarted the container.
    pub(crate) fn restart_count(&self) -> u32 {
        self.restart_count
    }

    fn init_pid(&self) -> Option<i32> {
        let pid = self.init_pid.filter(|pid| *pid > 0)?;
        (pidfd::start_time_of(pid).is_some() && pidfd::start_time_of(pid) == self.init_start_time)
            .then_some(pid)
    }
}

/// How the shim is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shim {
    Alive,
    /// By a signal or a debugger.
    Stopped,
}

/// The shim's exit record.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ExitRecord {
    pub(crate) exit_code: i32,
    #[serde(default)]
    pub(crate) oom_killed: bool,
    #[serde(default)]
    pub(crate) started_at: Option<String>,
    #[serde(default)]
    pub(crate) finished_at: Option<String>,
    /// How often the container had been restarted.
    #[serde(default)]
    pub(crate) restart_count: u32,
    /// The shim restarts it, if it lives.
    #[serde(default)]
    restarting: bool,
    /// Somebody stopped it.
    #[serde(default)]
    pub(crate) stopped: bool,
    /// Why it could not be restarted.
    #[serde(default)]
    pub(crate) error: Option<String>,
}

impl ExitRecord {
    /// When the container ended.
    pub(super) fn finished(&self) -> Option<Timestamp> {
        Timestamp::parse(self.finished_at.as_deref()?)
    }

    /// How long it ran.
    pub(super) fn duration(&self) -> Option<Duration> {
        let started = Timestamp::parse(self.started_at.as_deref()?)?;
        Some(self.finished()?.since(started))
    }
}

/// What corten noted about the last start.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct StartFile {
    /// When (RFC 3339).
    pub(crate) at: String,
    /// Why it failed, and with which exit code.
    #[serde(default)]
    pub(crate) error: Option<String>,
    #[serde(default)]
    pub(crate) exit_code: u8,
}

/// How a container stands.
#[derive(Debug, Clone)]
pub(crate) enum Status {
    /// Never ran, or failed to start.
    Created { failure: Option<StartFile> },
    /// Its process lives, or its shim is still writing down how it ended.
    Running {
        pid: i32,
        started_at: String,
        /// Whether its shim is gone: the container lives on, but nobody will record its end.
        orphaned: bool,
        /// Whether its processes are frozen.
        paused: bool,
        /// Whether its shim answers nobody, because somebody has stopped it.
        unresponsive: bool,
    },
    /// It ended, and its shim will start it again after a pause.
    Restarting(ExitRecord),
    /// It ended, and the shim recorded how.
    Exited(ExitRecord),
    /// It ended when its shim was gone already: the exit code is unknown.
    Lost { started_at: String },
}

impl Status {
    /// Looks at a container.
    pub(crate) fn of(containers: &Containers, id: &str) -> Self {
        let directory = containers.directory(id);
        let shim = ShimFile::read(&containers.shim_directory(id));
        let shim_state = shim.as_ref().and_then(ShimFile::shim_state);
        let init = shim.as_ref().and_then(ShimFile::init_pid);
        // Read after that: a shim that was seen dead has written its record before.
        if let Some(record) = exit_record(containers, id) {
            return match record.restarting && shim_state.is_some() {
                true => Self::Restarting(record),
                false => Self::Exited(record),
            };
        }
        // Read last: whoever forgets a run forgets its start before its end.
        let start: Option<StartFile> = read_json(&directory.join(START_FILE));
        match start {
            Some(start) if start.error.is_some() => Self::Created { failure: Some(start) },
            Some(start) if shim_state.is_some() || init.is_some() => Self::Running {
                pid: init.unwrap_or(0),
                started_at: shim.and_then(|shim| shim.started_at).unwrap_or(start.at),
                orphaned: shim_state.is_none(),
                paused: init.is_some_and(pidfd::is_frozen),
                unresponsive: shim_state == Some(Shim::Stopped),
            },
            Some(start) => Self::Lost { started_at: start.at },
            None => Self::Created { failure: None },
        }
    }

    /// Docker's word: `created`, `running`, `paused`, `restarting` or `exited`.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Created { .. } => "created",
            Self::Running { paused: true, .. } => "paused",
            Self::Running { .. } => "running",
            Self::Restarting(_) => "restarting",
            Self::Exited(_) | Self::Lost { .. } => "exited",
        }
    }

    /// As docker sees it: one that is about to be restarted counts as running.
    pub(crate) fn is_running(&self) -> bool {
        matches!(self, Self::Running { .. } | Self::Restarting(_))
    }
}

/// How the container ended: from the disk, or from memory if the disk refused it.
pub(super) fn exit_record(containers: &Containers, id: &str) -> Option<ExitRecord> {
    read_json(&containers.directory(id).join(EXIT_FILE))
        .or_else(|| read_json(&containers.shim_directory(id).join(EXIT_FILE)))
}

/// A JSON file's content; none if it is not there, not whole or not of this form.
pub(super) fn read_json<T: DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}
