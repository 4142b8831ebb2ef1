//! What the runtime may need: memory, and room on the disk. Of the programs that scripts/build makes.

use corten_conformance::bundle::{Bundle, Runtime};
use corten_conformance::seccomp::docker_profile;
use corten_conformance::{Case, measure, programs, skip};
use std::fs;
use std::path::Path;
use std::process::Command;

/// A tenth of it is what the kernel maps around the pages that are used, which varies with the file system.
const PEAK: u64 = 1950;
const PROGRAM: u64 = 3_000_000;

#[test]
fn the_runtime_stays_small() {
    let case = Case::new();
    let plain = Bundle::new(&case, "plain", &["exit", "0"]);
    let filtered = docker_profile()
        .map(|profile| Bundle::new(&case, "filtered", &["exit", "0"]).set("/linux/seccomp", profile));
    for bundle in [Some(plain), filtered].into_iter().flatten() {
        let bundle = bundle.write();
        let mut run = Command::new(programs::ours("corten-runtime"));
        run.arg("--root").arg(case.dir("root")).args(["run", "--bundle"]);
        let peak = measure::peak(run.arg(&bundle.dir).arg(case.id("one")));
        assert!(
            peak <= PEAK,
            "run needed {peak} KiB, of which it may need {PEAK}: is it what scripts/build made? Then \
             scripts/hot-functions finds out anew what should lie side by side"
        );
    }
}

#[test]
fn the_runtimes_program_stays_small() {
    let program = programs::ours("corten-runtime");
    let size = fs::metadata(&program).expect("the program").len();
    assert!(size <= PROGRAM, "{} has {size} bytes", program.display());
}

#[test]
fn a_container_runs_in_half_a_mebibyte() {
    let v1 = Path::new("/sys/fs/cgroup/memory/memory.limit_in_bytes").exists();
    let v2 = fs::read_to_string("/sys/fs/cgroup/cgroup.controllers").unwrap_or_default();
    if !v1 && !v2.contains("memory") {
        skip!("no hierarchy limits memory here");
    }
    let case = Case::new();
    let bundle = Bundle::new(&case, "small", &["exit", "42"])
        .set("/linux/resources/memory/limit", 512 * 1024)
        .write();
    Runtime::ours().run(&case, &bundle).code(42);
}
