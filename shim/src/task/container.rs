//! A container: what the shim knows and holds of it.

use std::collections::VecDeque;
use std::fs::File;
use std::path::Path;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::api::{Exit, Request};
use super::cgroup::{Cgroup, OomWatch};
use super::peers::ReplyTo;
use super::process::Process;
use super::runtime::{Files, Runtime};
use crate::contract::time::Timestamp;
use crate::error::{Call, Error, Kind, Result};
use crate::sys::files::{Durability, replace};
use crate::sys::process;
use crate::ttrpc::rpc::Status;

/// How it ended, in the bundle: for `delete`, should this shim die.
pub const EXIT_NOTE: &str = "exit.json";

/// When its own process started, in clock ticks after boot, in the bundle: for `delete`, too.
const START_NOTE: &str = "init.start";

/// A request that must be served.
#[derive(Debug)]
pub struct Incoming {
    /// Where the answer goes.
    pub reply: ReplyTo,
    /// What is asked.
    pub request: Request,
    /// When the client waits no longer.
    pub deadline: Instant,
}

/// A container.
pub struct Container {
    /// Its id and files.
    pub files: Files,
    /// The bundle, for sockets whose paths would be too long.
    pub dir: File,
    /// How its runtime is called.
    pub runtime: Runtime,
    /// The checkpoint that it starts from, or nothing.
    pub checkpoint: String,
    /// Its own process.
    pub init: Process,
    /// Those beside it.
    pub execs: Vec<Process>,
    /// Its cgroups, once it runs.
    pub cgroup: Option<Cgroup>,
    /// Word of the memory killer.
    pub oom: Option<OomWatch>,
    /// How its own process ended, while those beside it still do: theirs is told first.
    pub untold: Option<Exit>,
    /// It has a root file system that is mounted here.
    pub mounted: bool,
    /// Its processes do not end with its own: it shares somebody's process ids.
    pub shares_pids: bool,
    /// The runtime changes it now: other changes wait.
    pub busy: bool,
    /// Those that wait.
    pub queue: VecDeque<Incoming>,
    /// Processes that are to be forgotten when their output has arrived.
    pub removals: Vec<Removal>,
}

/// A process that is to be forgotten.
#[derive(Debug)]
pub struct Removal {
    /// Which.
    pub process: u32,
    /// Who waits for that.
    pub reply: ReplyTo,
    /// When its output is waited for no longer.
    pub deadline: Instant,
    /// Why it never came to be, if it did not.
    pub failure: Option<Status>,
}

impl Container {
    /// All of its processes.
    pub fn processes(&mut self) -> impl Iterator<Item = &mut Process> {
        std::iter::once(&mut self.init).chain(&mut self.execs)
    }

    /// The process with this name; the container's own has none.
    pub fn process(&mut self, exec: &str) -> Option<&mut Process> {
        self.processes().find(|process| process.exec == exec)
    }

    /// Whether a process beside its own lives.
    pub fn has_living_execs(&self) -> bool {
        self.execs
            .iter()
            .any(|process| process.handle.is_some() && process.exit().is_none())
    }

    /// Whether it has the process with this number among all.
    pub fn has(&self, number: u32) -> bool {
        self.init.number == number || self.execs.iter().any(|process| process.number == number)
    }

    /// The process with this number among all.
    pub fn numbered(&mut self, number: u32) -> Option<&mut Process> {
        self.processes().find(|process| process.number == number)
    }
}

/// The part of config.json that is of interest.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Config {
    /// Names and values for others.
    pub annotations: std::collections::BTreeMap<String, String>,
    linux: Linux,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Linux {
    namespaces: Vec<Namespace>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Namespace {
    #[serde(rename = "type")]
    kind: String,
    path: String,
}

impl Config {
    /// Reads the bundle's.
    ///
    /// # Errors
    /// It is not there, or not JSON.
    pub fn read(bundle: &Path) -> Result<Self> {
        let path = bundle.join("config.json");
        let text = std::fs::read(&path).call(|| format!("read({})", path.display()))?;
        serde_json::from_slice(&text)
            .map_err(|error| Error::new(Kind::Input, format!("{}: {error}", path.display())))
    }

    /// Whether the container has no process ids of its own, so that its processes outlive the first.
    pub fn shares_pids(&self) -> bool {
        let own = |namespace: &Namespace| namespace.kind == "pid" && namespace.path.is_empty();
        !self.linux.namespaces.iter().any(own)
    }
}

/// The content of [`EXIT_NOTE`].
#[derive(Debug, Serialize, Deserialize)]
struct ExitNote {
    status: u32,
    seconds: u64,
    nanoseconds: u32,
}

/// Leaves word of the container's end.
pub fn note_exit(bundle: &Path, exit: Exit) {
    let since = exit.at.since_1970();
    let note = ExitNote {
        status: exit.status,
        seconds: since.as_secs(),
        nanoseconds: since.subsec_nanos(),
    };
    let text = serde_json::to_vec(&note).unwrap_or_default();
    // Of use only if this shim dies before containerd has asked.
    let _ = replace(&bundle.join(EXIT_NOTE), &text, Durability::Atomic);
}

/// Leaves word of which process is the container's own: a number alone may be another's by the time it is read.
pub fn note_start(bundle: &Path, pid: i32) {
    let Ok(started) = process::start_time(pid) else {
        return;
    };
    // Of use only if this shim dies.
    let _ = replace(
        &bundle.join(START_NOTE),
        started.to_string().as_bytes(),
        Durability::Atomic,
    );
}

/// Whether the process of this number is the container's own, and has not ended.
pub fn is_own_process(bundle: &Path, pid: i32) -> bool {
    let noted = std::fs::read_to_string(bundle.join(START_NOTE)).ok();
    let noted = noted.and_then(|text| text.parse::<u64>().ok());
    noted.is_some() && noted == process::start_time(pid).ok() && !process::is_ending(pid)
}

/// The word that a shim left, if it did.
pub fn noted_exit(bundle: &Path) -> Option<Exit> {
    let text = std::fs::read(bundle.join(EXIT_NOTE)).ok()?;
    let note: ExitNote = serde_json::from_slice(&text).ok()?;
    Some(Exit {
        status: note.status,
        at: Timestamp::new(std::time::Duration::new(note.seconds, note.nanoseconds)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pids_are_shared_unless_the_namespace_is_new() {
        let shares = |text: &str| serde_json::from_str::<Config>(text).expect("JSON").shares_pids();
        assert!(!shares(
            r#"{"linux":{"namespaces":[{"type":"mount"},{"type":"pid"}]}}"#
        ));
        assert!(shares(
            r#"{"linux":{"namespaces":[{"type":"pid","path":"/proc/1/ns/pid"}]}}"#
        ));
        assert!(shares(r#"{"linux":{"namespaces":[{"type":"mount"}]}}"#));
        assert!(shares("{}"));
    }

    #[test]
    fn word_of_an_end_is_read_again() {
        let dir = tempfile::tempdir().expect("a directory");
        assert_eq!(noted_exit(dir.path()), None);
        let exit = Exit {
            status: 137,
            at: Timestamp::new(std::time::Duration::new(5, 6)),
        };
        note_exit(dir.path(), exit);
        assert_eq!(noted_exit(dir.path()), Some(exit));
    }
}
