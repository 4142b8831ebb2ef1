//! The runtime: create + start + delete, exec, and run, with and without docker's seccomp profile, against runc, crun and the
//! kernel's floor.

use crate::report::{Row, table};
use crate::seccomp;
use corten_conformance::bundle::Bundle;
use corten_conformance::measure;
use corten_conformance::{Case, programs, wait};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

struct Contestant {
    name: &'static str,
    program: PathBuf,
}

pub(crate) fn measure(runs: usize) {
    let case = Case::new();
    let contestants = contestants();
    let plain = Bundle::new(&case, "plain", &["exit", "0"]).write();
    both(&case, &contestants, &plain, runs, "");
    if let Some(profile) = seccomp::docker_profile() {
        let filtered = Bundle::new(&case, "filtered", &["exit", "0"])
            .set("/linux/seccomp", profile)
            .write();
        both(&case, &contestants, &filtered, runs, ", docker's seccomp profile");
    }
}

fn contestants() -> Vec<Contestant> {
    let ours = Contestant {
        name: "corten-runtime",
        program: programs::ours("corten-runtime"),
    };
    let peer = |name| programs::peer(name).map(|program| Contestant { name, program });
    std::iter::once(ours)
        .chain(["crun", "runc"].into_iter().filter_map(peer))
        .collect()
}

fn both(case: &Case, contestants: &[Contestant], bundle: &Bundle, runs: usize, remark: &str) {
    let floor = Floor::build(case);
    let mut lives: Vec<Row> = contestants.iter().map(|c| Row::new(c.name)).collect();
    let mut single: Vec<Row> = contestants.iter().map(|c| Row::new(c.name)).collect();
    let mut floors = Row::new("kernel floor");
    for run in 0..runs * 3 {
        for (row, contestant) in lives.iter_mut().zip(contestants) {
            row.times.push(contestant.life(case, bundle, run));
        }
        for (row, contestant) in single.iter_mut().zip(contestants) {
            row.times.push(contestant.run(case, bundle, run));
        }
        floors.times.push(floor.run(bundle));
    }
    table(&format!("create + start + delete{remark}"), &lives);
    exec(case, contestants, bundle, runs * 3, remark);
    memory(case, contestants, bundle, remark);
    single.push(floors);
    table(&format!("run{remark}"), &single);
}

/// One more program in a container that runs.
fn exec(case: &Case, contestants: &[Contestant], bundle: &Bundle, runs: usize, remark: &str) {
    let name = bundle.dir.file_name().unwrap_or_default().to_string_lossy();
    let mut blocking = Bundle::new(case, &format!("exec-{name}"), &["block"]);
    blocking.config["linux"] = bundle.config["linux"].clone();
    let blocking = blocking.write();
    let mut rows: Vec<Row> = contestants.iter().map(|c| Row::new(c.name)).collect();
    for contestant in contestants {
        let id = case.id(&format!("{}-0", contestant.name));
        let mut run = contestant.command(case);
        let run = run
            .args(["run", "--detach", "--bundle"])
            .arg(&blocking.dir)
            .arg(id);
        measure::time(run);
    }
    for _ in 0..runs {
        for (row, contestant) in rows.iter_mut().zip(contestants) {
            row.times.push(contestant.exec(case));
        }
    }
    for contestant in contestants {
        let id = case.id(&format!("{}-0", contestant.name));
        measure::time(contestant.command(case).args(["delete", "--force", &id]));
    }
    table(&format!("exec{remark}"), &rows);
}

fn memory(case: &Case, contestants: &[Contestant], bundle: &Bundle, remark: &str) {
    println!("peak memory of run{remark}");
    for contestant in contestants {
        println!(
            "  {:<22} {:>6} KiB",
            contestant.name,
            measure::peak(&contestant.run_command(case, bundle, 0))
        );
    }
    println!();
}

impl Contestant {
    fn command(&self, case: &Case) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("--root").arg(case.dir(self.name));
        command
    }

    fn run_command(&self, case: &Case, bundle: &Bundle, run: usize) -> Command {
        let mut command = self.command(case);
        command
            .args(["run", "--bundle"])
            .arg(&bundle.dir)
            .arg(case.id(&format!("{}-{run}", self.name)));
        command
    }

    fn run(&self, case: &Case, bundle: &Bundle, run: usize) -> Duration {
        measure::time(&mut self.run_command(case, bundle, run))
    }

    fn exec(&self, case: &Case) -> Duration {
        let id = case.id(&format!("{}-0", self.name));
        measure::time(self.command(case).args(["exec", &id, "/probe", "exit", "0"]))
    }

    /// create, start, the end of the container, delete; the wait for the end is not counted.
    fn life(&self, case: &Case, bundle: &Bundle, run: usize) -> Duration {
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

struct Floor {
    program: PathBuf,
    cgroups: PathBuf,
}

impl Floor {
    fn build(case: &Case) -> Self {
        let source = programs::top().join("conformance/bench/floor.c");
        let program = case.path("floor");
        let compiler = if programs::peer("musl-gcc").is_some() {
            "musl-gcc"
        } else {
            "cc"
        };
        measure::time(
            Command::new(compiler)
                .args(["-O2", "-static", "-o"])
                .arg(&program)
                .arg(source),
        );
        Self {
            program,
            cgroups: Path::new("/sys/fs/cgroup").join(case.id("floor")),
        }
    }

    fn run(&self, bundle: &Bundle) -> Duration {
        measure::time(
            Command::new(&self.program)
                .arg(bundle.root(""))
                .arg(&self.cgroups)
                .arg("/probe"),
        )
    }
}
