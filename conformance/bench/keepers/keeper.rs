//! Who keeps a container's output and exit code: conmon, our shim called by conmon's command line, and our shim's own.

use corten_conformance::bundle::Bundle;
use corten_conformance::{Case, programs, wait};
use std::fs;
use std::io::Read;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A kind of keeper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `corten-shim run`.
    Shim,
    /// The same program, called as conmon is.
    CortenConmon,
    /// podman's.
    Conmon,
}

impl Kind {
    /// Ours, and conmon where it is installed.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        let all = [Self::Shim, Self::CortenConmon, Self::Conmon];
        all.into_iter()
            .filter(|kind| *kind != Self::Conmon || programs::peer("conmon").is_some())
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Shim => "corten-shim",
            Self::CortenConmon => "corten-conmon",
            Self::Conmon => "conmon",
        }
    }
}

/// One that keeps a container, which runs.
pub(super) struct Keeper<'a> {
    case: &'a Case,
    /// The keeper's process.
    pub(super) pid: u32,
    /// Where clients of conmon's kind connect.
    pub(super) attach: PathBuf,
    pub(super) log: PathBuf,
    id: String,
    /// The process, where it is our child.
    child: Option<Child>,
}

impl<'a> Keeper<'a> {
    /// Starts the bundle's program; its output goes to a log in Kubernetes' format.
    pub(super) fn start(case: &'a Case, kind: Kind, bundle: &Bundle, name: &str) -> Self {
        let id = case.id(&format!("{}-{name}", kind.name()));
        let place = case.dir(&id);
        let log = place.join("log");
        let mut child = None;
        let pid = match kind {
            Kind::Shim => child.insert(start_shim(case, bundle, &id, &place)).id(),
            Kind::CortenConmon => {
                let program = case.path("corten-conmon");
                if !program.exists() {
                    symlink(programs::ours("corten-shim"), &program).expect("a link");
                }
                start_conmon(case, program, bundle, &id, &place)
            }
            Kind::Conmon => {
                let program = programs::peer("conmon").expect("it is installed");
                start_conmon(case, program, bundle, &id, &place)
            }
        };
        Self {
            case,
            pid,
            attach: bundle.dir.join("attach"),
            log,
            id,
            child,
        }
    }

    /// The time that its process has been on a processor (proc_pid_schedstat(5)).
    pub(super) fn used(&self) -> Duration {
        let text = fs::read_to_string(format!("/proc/{}/schedstat", self.pid)).unwrap_or_default();
        let nanos = text.split(' ').next().and_then(|first| first.parse().ok());
        Duration::from_nanos(nanos.unwrap_or(0))
    }

    /// Memory that is its alone, in KiB.
    pub(super) fn private(&self) -> u64 {
        let rollup = fs::read_to_string(format!("/proc/{}/smaps_rollup", self.pid)).unwrap_or_default();
        let private = rollup.lines().filter(|line| line.starts_with("Private_"));
        private
            .filter_map(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok())
            .sum()
    }

    /// Ends the container, and waits for its keeper's end.
    pub(super) fn end(self) {
        runtime(self.case, &["delete", "--force", &self.id]);
        wait::for_end_of(self.pid);
        if let Some(mut child) = self.child {
            child.wait().expect("our child");
        }
    }
}

fn runtime(case: &Case, words: &[&str]) {
    let mut command = Command::new(programs::ours("corten-runtime"));
    command.arg("--root").arg(case.dir("runtime-root")).args(words);
    let out = command.output().expect("the runtime runs");
    assert!(
        out.status.success(),
        "{words:?}: {}",
        String::from_utf8_lossy(&out.stderr)
    );
}

fn start_shim(case: &Case, bundle: &Bundle, id: &str, place: &Path) -> Child {
    let mut command = Command::new(programs::ours("corten-shim"));
    command
        .env("CORTEN_CASE", case.tag())
        .args([
            "run",
            "--stdin",
            "--log-driver",
            "k8s-file",
            "--id",
            id,
            "--bundle",
        ])
        .arg(&bundle.dir)
        .arg("--dir")
        .arg(place)
        .arg("--log-path")
        .arg(place.join("log"))
        .arg("--runtime")
        .arg(programs::ours("corten-runtime"))
        .arg("--runtime-root")
        .arg(case.dir("runtime-root"));
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .expect("the shim starts")
}

fn start_conmon(case: &Case, program: PathBuf, bundle: &Bundle, id: &str, place: &Path) -> u32 {
    let root = format!("--root={}", case.dir("runtime-root").display());
    let mut command = Command::new("sh");
    command
        .env("CORTEN_CASE", case.tag())
        .env("_OCI_SYNCPIPE", "3")
        .args(["-c", "exec \"$0\" \"$@\" 3>&1 >/dev/null"])
        .arg(program)
        .args([
            "--api-version",
            "1",
            "--full-attach",
            "-i",
            "-c",
            id,
            "-u",
            id,
            "-n",
            id,
            "-b",
        ])
        .arg(&bundle.dir)
        .arg("-r")
        .arg(programs::ours("corten-runtime"))
        .args(["--runtime-arg", &root, "-p"])
        .arg(place.join("pid"))
        .arg("-P")
        .arg(place.join("keeper"))
        .arg("--exit-dir")
        .arg(case.dir("exits"))
        .arg("--socket-dir-path")
        .arg(case.dir("sockets"))
        .arg("-l")
        .arg(format!("k8s-file:{}", place.join("log").display()));
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("sh starts");
    // The keeper writes to the pipe once, when the container is made, and may keep it open.
    let mut said = Vec::new();
    let mut byte = [0];
    let pipe = child.stdout.as_mut().expect("a pipe");
    while said.last() != Some(&b'}') && pipe.read(&mut byte).unwrap_or(0) == 1 {
        said.push(byte[0]);
    }
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(said.contains("data") && !said.contains('-'), "{said}");
    child.wait().expect("our child");
    runtime(case, &["start", id]);
    let pid = fs::read_to_string(place.join("keeper")).expect("the keeper's pid");
    pid.trim().parse().expect("a pid")
}
