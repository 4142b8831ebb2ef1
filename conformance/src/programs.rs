//! Where the programs are: ours in `CORTEN_BIN` (default: the release target directory), the peers on PATH.

use std::env;
use std::path::{Path, PathBuf};

/// The repository's root.
pub fn top() -> PathBuf {
    let conformance = Path::new(env!("CARGO_MANIFEST_DIR"));
    conformance.parent().unwrap_or(conformance).to_owned()
}

fn target_dir() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| top().join("target"), PathBuf::from)
}

/// The triple that `scripts/target` chose, handed down by the scripts.
fn triple() -> String {
    env::var("CORTEN_TARGET").unwrap_or_else(|_| format!("{}-unknown-linux-musl", env::consts::ARCH))
}

/// One of our programs; it must have been built.
#[track_caller]
pub fn ours(name: &str) -> PathBuf {
    let dir = env::var_os("CORTEN_BIN").map(PathBuf::from);
    let path = dir
        .unwrap_or_else(|| target_dir().join(triple()).join("release"))
        .join(name);
    assert!(
        path.exists(),
        "{} is not built: scripts/build, or set CORTEN_BIN",
        path.display()
    );
    path
}

/// The probe, built by `scripts/build-probe`.
#[track_caller]
pub fn probe() -> PathBuf {
    let path = env::var_os("CORTEN_PROBE").map_or_else(
        || target_dir().join(triple()).join("quick/corten-probe"),
        PathBuf::from,
    );
    assert!(
        path.exists(),
        "{} is not built: scripts/build-probe",
        path.display()
    );
    path
}

/// A program of the machine, if it is installed.
pub fn peer(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let dirs = env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
    dirs.map(|dir| dir.join(name)).find(|file| file.is_file())
}

/// Where made-once fixtures are kept between runs.
pub fn cache() -> PathBuf {
    env::var_os("CORTEN_CACHE").map_or_else(|| target_dir().join("cache"), PathBuf::from)
}

/// Copies a program to be run from there. By another process: as long as a fork of ours held the copy open for writing,
/// it could not be run ("text file busy").
#[track_caller]
pub fn copy(from: &Path, to: &Path) {
    let status = std::process::Command::new("cp").arg(from).arg(to).status();
    assert!(
        status.is_ok_and(|status| status.success()),
        "cp {} {}",
        from.display(),
        to.display()
    );
}
