//! What is made once on a machine, by a script of `fixtures/`, and kept in the cache directory.

use crate::{layout, programs};
use nix::fcntl::{Flock, FlockArg};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The script that makes a fixture.
#[derive(Debug)]
pub struct Script(PathBuf);

impl Script {
    /// Runs the script, which must succeed.
    #[track_caller]
    pub fn run(&self, args: &[&OsStr]) {
        let out = Command::new(&self.0).args(args).output().expect("the script");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(
            out.status.success(),
            "{}: {}\n{}\n{}",
            self.0.display(),
            out.status,
            text(&out.stdout),
            text(&out.stderr)
        );
    }
}

/// The directory of the fixture `name`. If it is not there, `make` fills it by `fixtures/make-NAME`; the directory's
/// name changes with the script.
#[track_caller]
pub fn once(name: &str, make: impl FnOnce(&Script, &Path)) -> PathBuf {
    let script = programs::top().join(format!("conformance/fixtures/make-{name}"));
    let text = fs::read(&script).unwrap_or_else(|e| panic!("{}: {e}", script.display()));
    let version = &layout::digest(&text)[7..19];
    let cache = programs::cache();
    fs::create_dir_all(&cache).unwrap_or_else(|e| panic!("{}: {e}", cache.display()));
    let lock = File::create(cache.join(format!("{name}.lock"))).expect("a lock file in the cache");
    let _lock = Flock::lock(lock, FlockArg::LockExclusive).expect("the lock of the cache");
    let finished = cache.join(format!("{name}-{version}"));
    if !finished.exists() {
        let unfinished = cache.join(format!("{name}.unfinished"));
        _ = fs::remove_dir_all(&unfinished);
        fs::create_dir(&unfinished).unwrap_or_else(|e| panic!("{}: {e}", unfinished.display()));
        make(&Script(script), &unfinished);
        fs::rename(&unfinished, &finished).expect("a rename in the cache");
    }
    finished
}
