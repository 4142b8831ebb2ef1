//! The validation suite of opencontainers/runtime-tools: one program per subject, each speaks TAP.

use crate::{Judged, Outcome, Outcomes, tap};
use corten_conformance::{Case, cgroups, leaks};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// Runs every program of the suite against the runtime. All see v1 hierarchies alone: the suite knows no others.
pub(crate) fn judge(runtime: &Judged) -> Result<Outcomes, String> {
    let dir = env::var_os("CORTEN_VALIDATION").map(PathBuf::from);
    let dir = dir.ok_or("CORTEN_VALIDATION is not set: use scripts/conformance")?;
    let mut programs: Vec<PathBuf> = fs::read_dir(dir.join("validation"))
        .map_err(|e| format!("{}: {e}", dir.display()))?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "t"))
        .collect();
    programs.sort();
    let mut outcomes = Outcomes::new();
    for program in programs {
        let name = program.file_stem().unwrap_or_default().to_string_lossy();
        outcomes.insert(format!("validation/{name}"), run(&dir, &program, runtime));
    }
    Ok(outcomes)
}

/// The programs expect their directory as the current one, and the runtime's path in `RUNTIME`. Several leave containers
/// behind on purpose: these are ended here.
fn run(dir: &Path, program: &Path, runtime: &Judged) -> Outcome {
    let case = Case::new();
    let out = case
        .cmd_v1(program)
        .env("RUNTIME", &runtime.program)
        .env("TMPDIR", case.dir("tmp"))
        .cwd(dir)
        .run();
    let mut outcome = tap::read(&out.out());
    if !out.status.success() {
        outcome.failed.push(format!("ended with {}", out.status));
    }
    for cgroup in cgroups::all().iter().filter(|path| is_the_suites(path)) {
        cgroups::kill(cgroup);
        cgroups::remove(cgroup);
    }
    let left = case.leaks();
    if !left.is_empty() {
        outcome
            .failed
            .push(format!("left behind: {}", leaks::describe(&left)));
        leaks::remove(&left);
    }
    outcome
}

/// The suite's containers have UUIDs as ids, or cgroups with these names.
fn is_the_suites(cgroup: &Path) -> bool {
    let name = cgroup.file_name().unwrap_or_default().to_string_lossy();
    let is_uuid = name.len() == 36 && name.split('-').map(str::len).eq([8, 4, 4, 4, 12]);
    is_uuid || name == "cgrouptest" || name == "testdir"
}
