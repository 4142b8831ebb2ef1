//! What the shim leaves in files: the exit record and the shim's own state.

use serde::Serialize;

use super::time::Timestamp;

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It called exit with this code.
    Exited(i32),
    /// This signal ended it.
    Signaled(i32),
}

impl Ended {
    /// The code a shell would report: 128 + n for a signal.
    pub fn code(self) -> i32 {
        match self {
            Self::Exited(code) => code,
            Self::Signaled(signal) => 128 + signal,
        }
    }

    /// The signal, if one ended the process.
    pub fn signal(self) -> Option<i32> {
        match self {
            Self::Exited(_) => None,
            Self::Signaled(signal) => Some(signal),
        }
    }
}

/// What a process and the children that it waited for used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Usage {
    /// Processor time in user mode, in microseconds.
    pub user_usec: u64,
    /// Processor time in the kernel, in microseconds.
    pub system_usec: u64,
    /// The largest resident set of one of them, in bytes.
    pub max_rss: u64,
}

/// The exit record of one run of a container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExitRecord {
    /// The format's version: 1.
    pub version: u32,
    /// The container's id.
    pub id: String,
    /// As [`Ended::code`].
    pub exit_code: i32,
    /// As [`Ended::signal`].
    pub signal: Option<i32>,
    /// The kernel killed init because the container had no memory left.
    pub oom_killed: bool,
    /// How many of the container's processes the kernel killed for want of memory.
    pub oom_kills: u64,
    /// Just before the runtime's `start`.
    pub started_at: Timestamp,
    /// When the shim saw init's end.
    pub finished_at: Timestamp,
    /// What init used.
    pub usage: Usage,
    /// How often the container was restarted before.
    pub restart_count: u32,
    /// The shim lets it run again after a pause, if it lives.
    pub restarting: bool,
    /// Somebody stopped it.
    pub stopped: bool,
    /// Why the container could not be restarted after this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// How a process beside the container's own ended; told to its clients, kept nowhere.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct ExecRecord {
    /// The format's version: 1.
    pub version: u32,
    /// The name of the run.
    pub id: String,
    /// As [`Ended::code`].
    pub exit_code: i32,
    /// As [`Ended::signal`].
    pub signal: Option<i32>,
    /// Just before the runtime's `exec`.
    pub started_at: Timestamp,
    /// When the shim saw its end.
    pub finished_at: Timestamp,
}

/// What a container is doing, as far as its shim knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// The runtime's `create` runs.
    Creating,
    /// Set up, waiting for `start`.
    Created,
    /// Started.
    Running,
    /// Init is gone and its exit is recorded.
    Exited,
    /// The same, and it will run again after a pause.
    Restarting,
}

/// The content of `shim.json`.
#[derive(Debug, Serialize)]
pub struct ShimState {
    /// The format's version: 1.
    pub version: u32,
    /// The shim.
    pub pid: i32,
    /// The shim's start, in clock ticks after boot.
    pub start_time: u64,
    /// The container's init, once there is one.
    pub init_pid: Option<i32>,
    /// Init's start, in clock ticks after boot.
    pub init_start_time: Option<u64>,
    /// What the container is doing.
    pub status: Status,
    /// When it was started last; none before the first time.
    pub started_at: Option<Timestamp>,
    /// How often it was restarted.
    pub restart_count: u32,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_signal_is_128_and_more() {
        assert_eq!((Ended::Exited(42).code(), Ended::Exited(42).signal()), (42, None));
        assert_eq!(
            (Ended::Signaled(9).code(), Ended::Signaled(9).signal()),
            (137, Some(9))
        );
    }

    #[test]
    fn record_reads_as_in_the_contract() {
        let record = ExitRecord {
            version: 1,
            id: "x".to_owned(),
            exit_code: 137,
            signal: Some(9),
            oom_killed: false,
            oom_kills: 0,
            started_at: Timestamp::new(Duration::new(1, 6)),
            finished_at: Timestamp::new(Duration::new(2, 0)),
            usage: Usage {
                user_usec: 1,
                system_usec: 2,
                max_rss: 4096,
            },
            restart_count: 3,
            restarting: true,
            stopped: false,
            error: None,
        };
        assert_eq!(
            serde_json::to_string(&record).expect("plain data"),
            r#"{"version":1,"id":"x","exit_code":137,"signal":9,"oom_killed":false,"oom_kills":0,"started_at":"1970-01-01T00:00:01.000000006Z","finished_at":"1970-01-01T00:00:02Z","usage":{"user_usec":1,"system_usec":2,"max_rss":4096},"restart_count":3,"restarting":true,"stopped":false}"#
        );
    }
}
