//! The runtimes that are compared, and what each is timed at.

use corten_conformance::bundle::Bundle;
use corten_conformance::measure;
use corten_conformance::{Case, programs, wait};
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// A runtime.
pub(crate) struct Contestant {
    pub(crate) name: &'static str,
    program: PathBuf,
}

/// Ours first, then the peers that are installed.
pub(crate) fn all() -> Vec<Contestant> {
    let ours = Contestant {
        name: "corten-runtime",
        program: programs::ours("corten-runtime"),
    };
    let peer = |name| programs::peer(name).map(|program| Contestant { name, program });
    std::iter::once(ours)
        .chain(["crun", "runc"].into_iter().filter_map(peer))
        .collect()
}

impl Contestant {
    pub(crate) fn command(&self, case: &Case) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("--root").arg(case.dir(self.name));
        command
    }

    pub(crate) fn run_command(&self, case: &Case, bundle: &Bundle, run: usize) -> Command {
        let mut command = self.command(case);
        command
            .args(["run", "--bundle"])
            .arg(&bundle.dir)
            .arg(case.id(&format!("{}-{run}", self.name)));
        command
    }

    pub(crate) fn run(&self, case: &Case, bundle: &Bundle, run: usize) -> Duration {
        measure::time(&mut self.run_command(case, bundle, run))
    }

    /// One that goes on running, until [`Contestant::remove`].
    pub(crate) fn start(&self, case: &Case, bundle: &Bundle, run: usize) -> Duration {
        let mut command = self.command(case);
        command.args(["run", "--detach", "--bundle"]).arg(&bundle.dir);
        measure::time(command.arg(case.id(&format!("{}-{run}", self.name))))
    }

    pub(crate) fn remove(&self, case: &Case, run: usize) {
        let id = case.id(&format!("{}-{run}", self.name));
        measure::time(self.command(case).args(["delete", "--force", &id]));
    }

    pub(crate) fn exec(&self, case: &Case) -> Duration {
        let id = case.id(&format!("{}-0", self.name));
        measure::time(self.command(case).args(["exec", &id, "/probe", "exit", "0"]))
    }

    /// create, start, the end of the container, delete; the wait for the end is not counted.
    pub(crate) fn life(&self, case: &Case, bundle: &Bundle, run: usize) -> Duration {
        let id = case.id(&format!("{}-{run}", self.name));
        let pid_file = case.path("pid");
        let mut create = self.command(case);
        create
            .args(["create", "--bundle"])
            .arg(&bundle.dir)
            .arg("--pid-file")
            .arg(&pid_file)
            .arg(&id);
        let created = measure::time(&mut create);
        let pid = fs::read_to_string(&pid_file).expect("the pid file");
        let started = measure::time(self.command(case).args(["start", &id]));
        wait::for_end_of(pid.trim().parse().expect("a pid"));
        let deleted = measure::time(self.command(case).args(["delete", &id]));
        created + started + deleted
    }
}
