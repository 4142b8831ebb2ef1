//! The shim: its private memory while a container runs.

use corten_conformance::bundle::Bundle;
use corten_conformance::{Case, programs, wait};
use std::fs;

pub(crate) fn measure() {
    let case = Case::new();
    let bundle = Bundle::new(&case, "bundle", &["ready", "/fifo"]).write();
    let fifo = bundle.root("fifo");
    wait::fifo(&fifo);
    let mut shim = case
        .cmd(programs::ours("corten-shim"))
        .args(["run", "--id", &case.id("shim"), "--bundle"])
        .arg(&bundle.dir)
        .arg("--dir")
        .arg(case.dir("shim"))
        .arg("--runtime")
        .arg(programs::ours("corten-runtime"))
        .arg("--runtime-root")
        .arg(case.dir("runtime-root"))
        .spawn();
    wait::for_line_in(&fifo);
    let rollup = fs::read_to_string(format!("/proc/{}/smaps_rollup", shim.child.id())).unwrap_or_default();
    let kib = |key: &str| {
        let values = rollup.lines().filter_map(|l| {
            l.strip_prefix(key)?
                .split_whitespace()
                .next()?
                .parse::<u64>()
                .ok()
        });
        values.sum::<u64>()
    };
    let private = kib("Private_Clean:") + kib("Private_Dirty:");
    println!(
        "shim while a container runs: {private} KiB private ({} KiB dirty)\n",
        kib("Private_Dirty:")
    );
    shim.signal(libc::SIGTERM);
    case.cmd(programs::ours("corten-runtime"))
        .arg("--root")
        .arg(case.path("runtime-root"))
        .args(["kill", &case.id("shim"), "KILL"])
        .run();
    shim.wait();
}
