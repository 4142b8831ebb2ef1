//! Integration tests of corten-runtime, one binary. They need root.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod bundle;
mod cgroup;
mod checkpoint;
mod cve_2016_9962;
mod cve_2019_16884;
mod cve_2019_19921;
mod cve_2019_5736;
mod cve_2021_30465;
mod cve_2022_29162;
mod cve_2023_25809;
mod cve_2024_21626;
mod cve_2024_25621;
mod cve_2025_23266;
mod cve_2025_31133;
mod cve_2025_52881;
mod cve_2026_30892;
mod documents;
mod exec;
mod layers;
mod lifecycle;
mod manual;
mod old_kernels;
mod race;
mod read_only_race;
mod schema;
mod seccomp;

mod setup;
mod systemd;

/// A test that cannot run here says why, where scripts/test counts it; it passes for everybody else.
pub(crate) fn skip(reason: &str) {
    use std::io::Write;
    let name = std::thread::current().name().unwrap_or_default().to_owned();
    println!("skipped: {name}: {reason}");
    if let Some(path) = std::env::var_os("CORTEN_TEST_SKIPS") {
        let mut file = std::fs::OpenOptions::new().append(true).open(path).unwrap();
        writeln!(file, "{name}: {reason}").unwrap();
    }
}
