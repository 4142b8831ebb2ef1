//! A bundle on a fresh directory, and the runtime called on it; at its end nothing of it may be left.

use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// The program under test.
pub(crate) const RUNTIME: &str = env!("CARGO_BIN_EXE_corten-runtime");

/// A bundle with a small root file system, a state directory, and one container id that nobody else uses.
pub(crate) struct Bundle {
    dir: TempDir,
    id: String,
}

impl Bundle {
    /// A bundle whose program is `sh -c SCRIPT`.
    pub(crate) fn new(name: &str, script: &str) -> Self {
        let bundle = Self {
            dir: tempfile::Builder::new().prefix("corten-").tempdir().unwrap(),
            id: format!("corten-test-{}-{name}", std::process::id()),
        };
        let bin = bundle.path().join("rootfs/bin");
        fs::create_dir_all(&bin).unwrap();
        copy_program("/bin/busybox", bin.join("busybox"));
        for name in ["sh", "cat", "echo", "sleep", "stty", "true", "id"] {
            symlink("busybox", bin.join(name)).unwrap();
        }
        let made = bundle
            .command(&["spec", "--bundle"])
            .arg(bundle.path())
            .status()
            .unwrap();
        assert!(made.success());
        bundle.edit(|config| {
            config["process"]["terminal"] = json!(false);
            config["process"]["args"] = json!(["/bin/sh", "-c", script]);
            config["linux"]["cgroupsPath"] = json!(format!("/{}", bundle.id));
        });
        bundle
    }

    /// Changes config.json.
    pub(crate) fn edit(&self, change: impl FnOnce(&mut Value)) {
        let path = self.path().join("config.json");
        let mut config = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        change(&mut config);
        fs::write(path, config.to_string()).unwrap();
    }

    /// The bundle's directory.
    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// A file beside the bundle's own.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// The container's id.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// The runtime with its state in the bundle's directory; without input, called from the bundle.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(RUNTIME);
        command.arg("--root").arg(self.file("state")).args(args);
        command.current_dir(self.path()).stdin(Stdio::null());
        command
    }

    /// Calls `VERB OPTION… ID`.
    pub(crate) fn call(&self, args: &[&str]) -> Output {
        self.command(args).arg(&self.id).output().unwrap()
    }

    /// As [`Self::call`], which must succeed; returns its output.
    pub(crate) fn must(&self, args: &[&str]) -> String {
        let output = self.call(args);
        assert!(
            output.status.success(),
            "{args:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    /// As [`Self::call`], which must fail with 1; returns the first line of the error.
    pub(crate) fn refused(&self, args: &[&str]) -> String {
        let output = self.call(args);
        assert_eq!(
            output.status.code(),
            Some(1),
            "{args:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let errors = String::from_utf8(output.stderr).unwrap();
        errors.lines().next().unwrap_or_default().to_owned()
    }

    /// Creates the container; its output goes nowhere.
    pub(crate) fn create(&self) {
        let mut create = self.command(&["create", &self.id]);
        let status = create
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .status()
            .unwrap();
        assert!(status.success());
    }

    /// What `state` prints.
    pub(crate) fn state(&self) -> Value {
        serde_json::from_str(&self.must(&["state"])).unwrap()
    }

    /// The status in what `state` prints.
    pub(crate) fn status(&self) -> String {
        self.state()["status"].as_str().unwrap().to_owned()
    }

    /// What a removed container must not leave: groups, mounts, state.
    pub(crate) fn leftovers(&self) -> Vec<String> {
        let mut found = groups_named(Path::new("/sys/fs/cgroup"), &self.id, 0);
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
        let own = self.path().to_str().unwrap();
        found.extend(
            mounts
                .lines()
                .filter(|line| line.contains(own))
                .map(|line| format!("mount {line}")),
        );
        let states = fs::read_dir(self.file("state"))
            .into_iter()
            .flatten()
            .map(|entry| entry.unwrap().path());
        found.extend(states.map(|path| format!("state {}", path.display())));
        found.extend(processes_in(self.path()));
        found
    }
}

impl Drop for Bundle {
    fn drop(&mut self) {
        let deleted = self.command(&["delete", "--force", &self.id]).output().unwrap();
        if !std::thread::panicking() {
            assert!(
                deleted.status.success(),
                "{}",
                String::from_utf8_lossy(&deleted.stderr)
            );
            assert_eq!(self.leftovers(), [""; 0]);
        }
    }
}

/// The cgroups of a name; containers' groups are right below a hierarchy's root here.
fn groups_named(dir: &Path, name: &str, depth: usize) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if !path.is_dir() || path.is_symlink() {
            continue;
        }
        if entry.file_name() == name {
            found.push(format!("cgroup {}", path.display()));
        } else if depth < 1 {
            found.extend(groups_named(&path, name, depth + 1));
        }
    }
    found
}

/// The processes whose root directory or program is below `dir`.
fn processes_in(dir: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let process = entry.path();
        let uses = |link: &str| fs::read_link(process.join(link)).is_ok_and(|target| target.starts_with(dir));
        if uses("root") || uses("exe") || uses("cwd") {
            found.push(format!("process {}", process.display()));
        }
    }
    found
}

/// Copies a program by cp(1): a descriptor of ours that writes it would, in a child that another test's thread forks
/// meanwhile, keep it busy (ETXTBSY).
pub(crate) fn copy_program(from: impl AsRef<std::ffi::OsStr>, to: impl AsRef<std::ffi::OsStr>) {
    let status = Command::new("cp").arg(from).arg(to).status();
    assert!(
        status.expect("cp").success(),
        "busybox-static is installed, and programs are built"
    );
}
