//! One test case: its directory, its names, and the proof that it left nothing behind.

use crate::command::Cmd;
use crate::leaks;
use std::env;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A test case. When it is dropped, the leak check runs: a process, mount or cgroup that still carries the
/// case's tag fails the test. Leaks are removed in any case, so that one failure does not breed others.
#[derive(Debug)]
pub struct Case {
    tag: String,
    dir: PathBuf,
}

impl Default for Case {
    fn default() -> Self {
        Self::new()
    }
}

impl Case {
    /// A case with a fresh directory below `TMPDIR`.
    pub fn new() -> Self {
        let tag = format!(
            "ct{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let dir = env::temp_dir().join(&tag);
        fs::create_dir_all(&dir).unwrap_or_else(|e| panic!("{}: {e}", dir.display()));
        Self { tag, dir }
    }

    /// The case's mark: part of every path and every container id, and in the environment of every command.
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// A container id of this case.
    pub fn id(&self, name: &str) -> String {
        format!("{}-{name}", self.tag)
    }

    /// A path in the case's directory.
    pub fn path(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.dir.join(relative)
    }

    /// A directory in the case's directory, made if need be.
    pub fn dir(&self, relative: impl AsRef<Path>) -> PathBuf {
        let path = self.path(relative);
        fs::create_dir_all(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        path
    }

    /// Writes a file in the case's directory.
    pub fn file(&self, relative: impl AsRef<Path>, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(relative);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).unwrap_or_else(|e| panic!("{}: {e}", parent.display()));
        }
        fs::write(&path, content).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        path
    }

    /// A command that carries the case's tag.
    pub fn cmd(&self, program: impl AsRef<Path>) -> Cmd {
        Cmd::new(program.as_ref()).env("CORTEN_CASE", &self.tag)
    }

    /// A command that runs with a pure cgroup v2 view, in a mount namespace of its own.
    pub fn cmd_v2(&self, program: impl AsRef<Path>) -> Cmd {
        crate::cgroups::in_v2_view(self.cmd("unshare"), program.as_ref())
    }

    /// A command that sees no v2 hierarchy where v1 ones are in use: crun refuses such a mixture.
    pub fn cmd_v1(&self, program: impl AsRef<Path>) -> Cmd {
        crate::cgroups::in_v1_view(self.cmd("unshare"), program.as_ref())
    }

    /// What the case has left so far: processes, mounts and cgroups with its tag.
    pub fn leaks(&self) -> Vec<leaks::Leak> {
        leaks::of(&self.tag, &self.dir)
    }

    /// Waits until no process of the case is left that is still on its way out: whoever lives longer than 10 seconds
    /// stays, and is somebody else's finding.
    pub fn settle(&self) {
        for leak in self.leaks() {
            if let leaks::Leak::Process(pid, _) = leak {
                crate::wait::ends_within(pid, std::time::Duration::from_secs(10));
            }
        }
    }

    /// The directory is empty or does not exist: nothing was left in it. Hidden entries are no container's: crun keeps
    /// its cache in one.
    #[track_caller]
    pub fn assert_empty(&self, relative: impl AsRef<Path>) {
        let path = self.path(relative);
        let left: Vec<_> = fs::read_dir(&path)
            .into_iter()
            .flatten()
            .flatten()
            .filter(|e| !e.file_name().to_string_lossy().starts_with('.'))
            .map(|e| e.path())
            .collect();
        assert!(left.is_empty(), "left in {}: {left:?}", path.display());
    }
}

impl Drop for Case {
    fn drop(&mut self) {
        let left = self.leaks();
        leaks::remove(&left);
        let removed = fs::remove_dir_all(&self.dir);
        if !thread::panicking() {
            assert!(
                left.is_empty(),
                "left behind by the case:\n{}",
                leaks::describe(&left)
            );
            removed.unwrap_or_else(|e| panic!("{}: {e}", self.dir.display()));
        }
    }
}

/// Notes that the running test skips itself: a line for people, and one for `make test` to count.
#[track_caller]
pub fn record_skip(reason: &str) {
    let thread = thread::current();
    let name = thread.name().unwrap_or("?");
    println!("skipped: {name}: {reason}");
    if let Ok(path) = env::var("CORTEN_TEST_SKIPS") {
        let file = OpenOptions::new().create(true).append(true).open(&path);
        let written = file.and_then(|mut file| file.write_all(format!("{name}: {reason}\n").as_bytes()));
        written.unwrap_or_else(|e| panic!("{path}: {e}"));
    }
}
