//! A store and a state directory for one test, with the built-in image in reach and nothing left behind.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

/// The image that needs no registry.
pub(crate) const HELLO: &str = "corten/hello";
/// Containers must run with each of these. (crun of Debian 12 refuses hybrid cgroups.)
pub(crate) const RUNTIMES: [&str; 2] = ["corten-runtime", "runc"];

/// A place for containers.
pub(crate) struct Sandbox {
    directory: tempfile::TempDir,
    pub(crate) runtime: &'static str,
    /// How new containers' files are kept, if not as the file system decides.
    pub(crate) driver: Option<&'static str>,
}

/// What a command did.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Done {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Sandbox {
    /// With our own runtime.
    pub(crate) fn new() -> Self {
        Self::with("corten-runtime")
    }

    /// With any runtime.
    pub(crate) fn with(runtime: &'static str) -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
            runtime,
            driver: None,
        }
    }

    /// The same with containers whose files this driver keeps.
    pub(crate) fn keeping(mut self, driver: &'static str) -> Self {
        self.driver = Some(driver);
        self
    }

    /// `corten` with these words, not yet started.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(program("corten"));
        command
            .arg("--root")
            .arg(self.root())
            .arg("--state-dir")
            .arg(self.state());
        command
            .args(["--runtime", self.runtime])
            .args(self.driver.map(|driver| format!("--storage-driver={driver}")))
            .args(words)
            .stdin(Stdio::null());
        command
    }

    /// Runs `corten` with these words.
    pub(crate) fn corten(&self, words: &[&str]) -> Done {
        self.command(words).output().unwrap().into()
    }

    /// Runs `corten`, which must succeed; returns its output without the last line's end.
    pub(crate) fn ok(&self, words: &[&str]) -> String {
        let done = self.corten(words);
        assert_eq!(done.code, Some(0), "corten {words:?}: {done:?}");
        done.stdout.trim_end_matches('\n').to_owned()
    }

    /// Runs `corten` with this input.
    pub(crate) fn with_input(&self, words: &[&str], input: &[u8]) -> Done {
        let mut child = self.spawn(words);
        let mut stdin = child.stdin.take().unwrap();
        match stdin.write_all(input) {
            // It may have had enough.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {}
            written => written.unwrap(),
        }
        drop(stdin);
        child.wait_with_output().unwrap().into()
    }

    /// Starts `corten` with pipes.
    pub(crate) fn spawn(&self, words: &[&str]) -> Child {
        let mut command = self.command(words);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// What `inspect` says about a container.
    pub(crate) fn inspect(&self, name: &str) -> Value {
        let value: Value = serde_json::from_str(&self.ok(&["inspect", "--type", "container", name])).unwrap();
        value[0].clone()
    }

    /// The shim's process, by its state file.
    pub(crate) fn shim(&self, id: &str) -> i32 {
        let text = fs::read(self.state().join("shims").join(id).join("shim.json")).unwrap();
        let value: Value = serde_json::from_slice(&text).unwrap();
        i32::try_from(value["pid"].as_i64().unwrap()).unwrap()
    }

    /// Kills a container's shim and then its process, as nothing but a power cut does.
    pub(crate) fn kill_shim_and_init(&self, name: &str) {
        let details = self.inspect(name);
        let shim = self.shim(details["Id"].as_str().unwrap());
        let init = i32::try_from(details["State"]["Pid"].as_i64().unwrap()).unwrap();
        for pid in [shim, init] {
            kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
            while fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z")) {
                std::thread::yield_now();
            }
        }
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.directory.path().join("root")
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.directory.path().join("state")
    }

    /// No container, name, shim or runtime state is there.
    pub(crate) fn assert_empty(&self) {
        for directory in ["root/containers", "root/names", "state/shims", "state/runtime"] {
            let path = self.directory.path().join(directory);
            let entries: Vec<_> = fs::read_dir(&path)
                .into_iter()
                .flatten()
                .map(|entry| entry.unwrap().file_name())
                .filter(|name| !name.to_string_lossy().starts_with('.'))
                .collect();
            assert!(entries.is_empty(), "left in {directory}: {entries:?}");
        }
    }

    /// Waits until the container's directory is gone; who calls has seen it before.
    pub(crate) fn wait_removed(&self, id: &str) {
        let containers = self.root().join("containers");
        let inotify = Inotify::init(InitFlags::IN_CLOEXEC).unwrap();
        inotify.add_watch(&containers, AddWatchFlags::IN_DELETE).unwrap();
        while containers.join(id).exists() {
            inotify.read_events().unwrap();
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let ids = self.corten(&["ps", "--all", "--quiet", "--no-trunc"]).stdout;
        for id in ids.lines() {
            self.corten(&["rm", "--force", id]);
        }
    }
}

/// Runs something with an /etc that can be written to: it is this thread's and its children's alone, and nothing stays of it.
pub(crate) fn with_own_etc(work: impl FnOnce() + Send) {
    let none = None::<&str>;
    let alone = || {
        unshare(CloneFlags::CLONE_FS | CloneFlags::CLONE_NEWNS).unwrap();
        mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none).unwrap();
        let memory = tempfile::tempdir().unwrap();
        mount(
            Some("tmpfs"),
            memory.path(),
            Some("tmpfs"),
            MsFlags::empty(),
            none,
        )
        .unwrap();
        let [upper, inner] = ["upper", "work"].map(|name| memory.path().join(name));
        for path in [&upper, &inner] {
            fs::create_dir(path).unwrap();
        }
        let options = format!(
            "lowerdir=/etc,upperdir={},workdir={}",
            upper.display(),
            inner.display()
        );
        mount(
            Some("etc"),
            "/etc",
            Some("overlay"),
            MsFlags::empty(),
            Some(options.as_str()),
        )
        .unwrap();
        // The overlay has its own hold of it.
        umount2(memory.path(), MntFlags::MNT_DETACH).unwrap();
        drop(memory);
        work();
    };
    std::thread::scope(|scope| scope.spawn(alone).join()).unwrap();
}

/// A program of ours: from `CORTEN_BIN`, or beside the one that was built with the tests.
pub(crate) fn program(name: &str) -> PathBuf {
    let beside = Path::new(env!("CARGO_BIN_EXE_corten")).parent().unwrap();
    let directory = std::env::var_os("CORTEN_BIN").map_or_else(|| beside.to_path_buf(), PathBuf::from);
    let path = directory.join(name);
    assert!(
        path.exists(),
        "{} is missing: build all three programs first",
        path.display()
    );
    path
}
