//! The runtime's command lines (docs/contracts/cli.md), pure; and where a container's files are.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::options::{Checkpoint, Options};
use crate::supervise::call;

/// What `delete` must know when the shim has died: a file in the bundle.
pub const NOTE: &str = "corten-shim.json";

/// What a container's runtime is and where it keeps its state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Runtime {
    /// The program: a path, or a name on PATH.
    pub program: PathBuf,
    /// Its --root.
    pub root: PathBuf,
    /// The rest.
    pub options: Options,
}

/// The files of a container in its bundle.
#[derive(Debug, Clone)]
pub struct Files {
    /// The bundle.
    pub bundle: PathBuf,
    /// The container's id.
    pub id: String,
}

/// The files of one start.
#[derive(Debug, Clone)]
pub struct StartFiles {
    /// The runtime's log.
    pub log: PathBuf,
    /// Where it writes the process's number.
    pub pid: PathBuf,
    /// The console socket's name in the bundle.
    pub console: String,
    /// config.json's `process`, for `exec`.
    pub process: PathBuf,
}

impl Files {
    /// The files of the container's own process, or with a name of one beside it.
    pub fn of(&self, exec: &str) -> StartFiles {
        let path = |name: String| self.bundle.join(name);
        match exec {
            "" => StartFiles {
                log: path("log.json".to_owned()),
                pid: path("init.pid".to_owned()),
                console: "console.sock".to_owned(),
                process: PathBuf::new(),
            },
            exec => StartFiles {
                log: path(format!("exec-{exec}.log")),
                pid: path(format!("exec-{exec}.pid")),
                console: format!("exec-{exec}.sock"),
                process: path(format!("exec-{exec}.json")),
            },
        }
    }

    /// Where the resources of an update are.
    pub fn resources(&self) -> PathBuf {
        self.bundle.join("resources.json")
    }

    /// The mount point of the root file system.
    pub fn rootfs(&self) -> PathBuf {
        self.bundle.join("rootfs")
    }
}

impl StartFiles {
    /// Removes what is of no use after a start beside the container's own.
    pub fn remove(&self) {
        for path in [&self.log, &self.pid, &self.process] {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// The value of an option that is left out.
fn nowhere<'a>() -> &'a Path {
    Path::new("")
}

/// A command line under construction.
struct Line(Vec<OsString>);

impl Line {
    fn add(mut self, words: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        self.0.extend(words.into_iter().map(Into::into));
        self
    }

    fn add_if(self, wanted: bool, word: &str) -> Self {
        match wanted {
            true => self.add([word]),
            false => self,
        }
    }

    /// An option with its value, unless that is empty.
    fn option(self, name: &str, value: &Path) -> Self {
        match value.as_os_str().is_empty() {
            true => self,
            false => self.add([name.as_ref(), value.as_os_str()]),
        }
    }
}

impl Runtime {
    /// By the options of a request. `base` is where containerd keeps its state, `beside` is the default program's path.
    pub fn new(options: Options, base: &Path, namespace: &str, beside: PathBuf) -> Self {
        let program = match options.binary_name.as_str() {
            "" => beside,
            name => name.into(),
        };
        let root = match options.root.as_str() {
            "" => base.join("corten"),
            root => root.into(),
        };
        Self {
            program,
            root: root.join(namespace),
            options,
        }
    }

    fn line(&self, log: &Path, verb: &str) -> Line {
        let mut more = Vec::new();
        if self.options.systemd_cgroup {
            more.push("--systemd-cgroup".into());
        }
        if !self.options.criu_path.is_empty() {
            more.extend(["--criu".into(), self.options.criu_path.clone().into()]);
        }
        let runtime = call::Runtime {
            program: self.program.clone().into(),
            root: Some(self.root.clone().into()),
            more,
        };
        Line(runtime.line(log)).add([verb])
    }

    /// `create`.
    pub fn create(&self, files: &Files, console: Option<&Path>) -> Vec<OsString> {
        let own = files.of("");
        let line = self
            .line(&own.log, "create")
            .option("--bundle", &files.bundle)
            .option("--pid-file", &own.pid);
        self.finish_start(line, console).add([&files.id]).0
    }

    fn finish_start(&self, line: Line, console: Option<&Path>) -> Line {
        line.option("--console-socket", console.unwrap_or_else(nowhere))
            .add_if(self.options.no_pivot_root, "--no-pivot")
            .add_if(self.options.no_new_keyring, "--no-new-keyring")
    }

    /// `restore`, from the image at `checkpoint`.
    pub fn restore(&self, files: &Files, checkpoint: &str, console: Option<&Path>) -> Vec<OsString> {
        let own = files.of("");
        let image = match self.options.criu_image_path.as_str() {
            "" => checkpoint,
            path => path,
        };
        let line = self
            .line(&own.log, "restore")
            .add(["--detach"])
            .option("--image-path", Path::new(image))
            .option("--work-path", &self.work_path(files, ""))
            .option("--bundle", &files.bundle)
            .option("--pid-file", &own.pid)
            .option("--console-socket", console.unwrap_or_else(nowhere))
            .add_if(self.options.no_pivot_root, "--no-pivot");
        line.add([&files.id]).0
    }

    fn work_path(&self, files: &Files, wanted: &str) -> PathBuf {
        match (wanted, self.options.criu_work_path.as_str()) {
            ("", "") => files.bundle.join("criu-work"),
            ("", path) | (path, _) => path.into(),
        }
    }

    /// `start`.
    pub fn start(&self, files: &Files) -> Vec<OsString> {
        self.line(&files.of("").log, "start").add([&files.id]).0
    }

    /// `delete --force`: it may be repeated.
    pub fn delete(&self, files: &Files) -> Vec<OsString> {
        let line = self.line(&files.of("").log, "delete");
        line.add(["--force"]).add([&files.id]).0
    }

    /// A signal for every process of the container.
    pub fn kill_all(&self, files: &Files, signal: i32) -> Vec<OsString> {
        let line = self.line(&files.of("").log, "kill").add(["--all"]);
        line.add([&files.id, &signal.to_string()]).0
    }

    /// `pause`.
    pub fn pause(&self, files: &Files) -> Vec<OsString> {
        self.line(&files.of("").log, "pause").add([&files.id]).0
    }

    /// `resume`.
    pub fn resume(&self, files: &Files) -> Vec<OsString> {
        self.line(&files.of("").log, "resume").add([&files.id]).0
    }

    /// `update`, with the resources in their file.
    pub fn update(&self, files: &Files) -> Vec<OsString> {
        let line = self.line(&files.of("").log, "update");
        line.option("--resources", &files.resources()).add([&files.id]).0
    }

    /// `exec`.
    pub fn exec(&self, files: &Files, exec: &str, console: Option<&Path>) -> Vec<OsString> {
        let its = files.of(exec);
        let line = self
            .line(&its.log, "exec")
            .add(["--detach"])
            .option("--process", &its.process)
            .option("--pid-file", &its.pid)
            .option("--console-socket", console.unwrap_or_else(nowhere));
        line.add([&files.id]).0
    }

    /// `checkpoint`, into the directory `path`.
    pub fn checkpoint(&self, files: &Files, path: &str, how: &Checkpoint) -> Vec<OsString> {
        let image = match how.image_path.as_str() {
            "" => path,
            image => image,
        };
        let line = self
            .line(&files.of("").log, "checkpoint")
            .option("--image-path", Path::new(image))
            .option("--work-path", &self.work_path(files, &how.work_path))
            .add_if(!how.exit, "--leave-running")
            .add_if(how.open_tcp, "--tcp-established")
            .add_if(how.external_unix_sockets, "--ext-unix-sk")
            .add_if(how.terminal, "--shell-job")
            .add_if(how.file_locks, "--file-locks")
            .option("--manage-cgroups-mode", Path::new(&how.cgroups_mode));
        let line = how
            .empty_namespaces
            .iter()
            .fold(line, |line, name| line.add(["--empty-ns"]).add([name]));
        line.add([&files.id]).0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files() -> Files {
        Files {
            bundle: "/b".into(),
            id: "c".to_owned(),
        }
    }

    fn words(line: &[OsString]) -> String {
        let words: Vec<_> = line.iter().map(|word| word.to_string_lossy()).collect();
        words.join(" ")
    }

    fn runtime(options: Options) -> Runtime {
        Runtime::new(
            options,
            Path::new("/run/containerd"),
            "ns",
            "/bin/corten-runtime".into(),
        )
    }

    #[test]
    fn the_defaults_are_beside_the_shim_and_containerd() {
        assert_eq!(
            words(&runtime(Options::default()).start(&files())),
            "/bin/corten-runtime --root /run/containerd/corten/ns --log /b/log.json --log-format json start c"
        );
    }

    #[test]
    fn every_option_reaches_the_runtime() {
        let options = Options {
            binary_name: "crun".to_owned(),
            root: "/r".to_owned(),
            systemd_cgroup: true,
            no_pivot_root: true,
            no_new_keyring: true,
            criu_path: "/criu".to_owned(),
            ..Options::default()
        };
        let global = "crun --root /r/ns --log /b/log.json --log-format json --systemd-cgroup --criu /criu";
        assert_eq!(
            words(&runtime(options.clone()).create(&files(), Some(Path::new("/s")))),
            format!(
                "{global} create --bundle /b --pid-file /b/init.pid --console-socket /s --no-pivot --no-new-keyring c"
            )
        );
        assert_eq!(
            words(&runtime(options).restore(&files(), "/image", None)),
            format!(
                "{global} restore --detach --image-path /image --work-path /b/criu-work --bundle /b --pid-file /b/init.pid --no-pivot c"
            )
        );
    }

    #[test]
    fn a_checkpoint_is_as_it_was_asked_for() {
        let how = Checkpoint {
            open_tcp: true,
            empty_namespaces: vec!["network".to_owned()],
            work_path: "/w".to_owned(),
            ..Checkpoint::default()
        };
        let line = words(&runtime(Options::default()).checkpoint(&files(), "/image", &how));
        assert!(
            line.ends_with("checkpoint --image-path /image --work-path /w --leave-running --tcp-established --empty-ns network c"),
            "{line}"
        );
    }

    #[test]
    fn each_process_has_files_of_its_own() {
        let line = words(&runtime(Options::default()).exec(&files(), "e", None));
        assert!(line.contains("--log /b/exec-e.log"), "{line}");
        assert!(
            line.ends_with("exec --detach --process /b/exec-e.json --pid-file /b/exec-e.pid c"),
            "{line}"
        );
    }
}
