//! A bundle with a tiny root file system, and a shim that runs it under a real runtime.

use std::fs;
use std::io::Write;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::fs::{DirBuilderExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockType, recv, send, socketpair, sockopt};
use nix::sys::time::TimeVal;
use serde_json::{Value, json};

use crate::attach::Client;

/// No event of a test takes longer, even on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A shell script that runs its arguments in a view of the unified cgroup hierarchy alone.
pub const UNIFIED: &str =
    "umount -R /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup && exec \"$@\"";

/// The runtimes that every test of a whole life runs under.
pub fn runtimes() -> Vec<PathBuf> {
    let mut found = vec![PathBuf::from("crun"), PathBuf::from("runc")];
    // Ours, where the tests build it.
    if let Some(own) = std::env::var_os("CORTEN_TEST_RUNTIME") {
        found.push(own.into());
    }
    found
}

/// A directory tree with busybox under all its names; it stays with the build, for the next run.
fn lower() -> &'static Path {
    static LOWER: OnceLock<PathBuf> = OnceLock::new();
    LOWER.get_or_init(|| {
        let place = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let root = place.join("busybox-rootfs");
        if !root.exists() {
            let made = tempfile::tempdir_in(place).unwrap();
            for dir in ["bin", "proc", "sys", "dev", "tmp"] {
                fs::create_dir(made.path().join(dir)).unwrap();
            }
            copy_program("/bin/busybox", made.path().join("bin/busybox"));
            let names = Command::new("/bin/busybox")
                .arg("--list")
                .output()
                .unwrap()
                .stdout;
            for name in String::from_utf8(names)
                .unwrap()
                .lines()
                .filter(|name| *name != "busybox")
            {
                symlink("busybox", made.path().join("bin").join(name)).unwrap();
            }
            // Another run may have been faster.
            if fs::rename(made.path(), &root).is_ok() {
                let _ = made.keep();
            }
        }
        root
    })
}

pub struct Bundle {
    pub id: String,
    temporary: tempfile::TempDir,
    pub config: Value,
    pub mounts: Value,
}

impl Bundle {
    /// A bundle whose init is `args`.
    pub fn new(args: &[&str]) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let id = format!(
            "corten-shim-{}-{:04}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        let temporary = tempfile::tempdir().unwrap();
        let path = temporary.path();
        for dir in ["rootfs", "upper", "work", "runtime"] {
            fs::create_dir(path.join(dir)).unwrap();
        }
        fs::DirBuilder::new()
            .mode(0o700)
            .create(path.join("shim"))
            .unwrap();
        let layers = format!("lowerdir={}", lower().display());
        let mounts = json!([{"type": "overlay", "source": "overlay", "target": "rootfs",
            "options": [layers, "upperdir=upper", "workdir=work"]}]);
        let config = config(&id, args);
        Self {
            id,
            temporary,
            config,
            mounts,
        }
    }

    /// A bundle that runs a shell script.
    pub fn sh(script: &str) -> Self {
        Self::new(&["sh", "-c", script])
    }

    pub fn path(&self) -> &Path {
        self.temporary.path()
    }

    pub fn log(&self) -> PathBuf {
        self.path().join("container.log")
    }

    /// A shim for this bundle, not started yet.
    pub fn shim(&self, runtime: &Path) -> Launch<'_> {
        Launch {
            bundle: self,
            runtime: runtime.to_owned(),
            wrapper: None,
            dir: self.path().join("shim"),
            args: Vec::new(),
            hybrid: false,
            unlogged: false,
        }
    }

    pub fn write(&self) {
        fs::write(self.path().join("config.json"), self.config.to_string()).unwrap();
        fs::write(self.path().join("mounts.json"), self.mounts.to_string()).unwrap();
    }

    /// The log's records.
    pub fn logged(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.log()).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).expect("one record a line"))
            .collect()
    }

    /// What the log says of one stream.
    pub fn logged_text(&self, stream: &str) -> String {
        let records = self.logged();
        let texts = records
            .iter()
            .filter(|record| record["stream"] == stream)
            .map(|record| record["log"].as_str().unwrap());
        texts.collect()
    }
}

fn config(id: &str, args: &[&str]) -> Value {
    json!({
        "ociVersion": "1.0.2",
        "process": {
            "terminal": false, "user": {"uid": 0, "gid": 0}, "args": args, "cwd": "/",
            "env": ["PATH=/bin", "TERM=xterm"],
            "capabilities": {"bounding": ["CAP_KILL"], "effective": ["CAP_KILL"], "permitted": ["CAP_KILL"]},
        },
        "root": {"path": "rootfs"},
        "mounts": [
            {"destination": "/proc", "type": "proc", "source": "proc"},
            {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755"]},
            {"destination": "/dev/pts", "type": "devpts", "source": "devpts", "options": ["newinstance", "ptmxmode=0666"]},
        ],
        "linux": {
            "cgroupsPath": format!("/{id}"),
            "namespaces": [{"type": "pid"}, {"type": "mount"}, {"type": "uts"}, {"type": "ipc"}],
        },
    })
}

pub struct Launch<'a> {
    bundle: &'a Bundle,
    runtime: PathBuf,
    wrapper: Option<PathBuf>,
    dir: PathBuf,
    args: Vec<String>,
    hybrid: bool,
    unlogged: bool,
}

impl<'a> Launch<'a> {
    pub fn args(mut self, args: &[&str]) -> Self {
        self.args.extend(args.iter().map(|arg| (*arg).to_owned()));
        self
    }

    pub fn dir(mut self, dir: &Path) -> Self {
        dir.clone_into(&mut self.dir);
        self
    }

    /// Keeps the machine's own cgroup hierarchies instead of a view of the unified one alone.
    pub fn machine_cgroups(mut self) -> Self {
        self.hybrid = true;
        self
    }

    /// Calls the runtime through a script.
    pub fn through(mut self, wrapper: PathBuf) -> Self {
        self.wrapper = Some(wrapper);
        self
    }

    /// Keeps no log.
    pub fn unlogged(mut self) -> Self {
        self.unlogged = true;
        self
    }

    /// Starts the shim and returns while it works.
    pub fn spawn(self) -> Shim<'a> {
        self.bundle.write();
        let (control, theirs) = socketpair(
            AddressFamily::Unix,
            SockType::SeqPacket,
            None,
            SockFlag::SOCK_CLOEXEC,
        )
        .unwrap();
        let time = TimeVal::new(PATIENCE.as_secs().cast_signed(), 0);
        nix::sys::socket::setsockopt(&control, sockopt::ReceiveTimeout, &time).unwrap();
        let script = if self.hybrid { "exec \"$@\"" } else { UNIFIED };
        let own = "exec 3<&0 </dev/null; script=$1; shift; exec unshare -m sh -c \"$script\" sh \"$@\"";
        let mut command = Command::new("sh");
        command.args([
            "-c",
            own,
            "sh",
            script,
            env!("CARGO_BIN_EXE_corten-shim"),
            "run",
            "--control-fd=3",
        ]);
        command
            .arg("--id")
            .arg(&self.bundle.id)
            .arg("--bundle")
            .arg(self.bundle.path());
        command
            .arg("--dir")
            .arg(&self.dir)
            .arg("--runtime")
            .arg(self.wrapper.as_ref().unwrap_or(&self.runtime));
        command
            .arg("--runtime-root")
            .arg(self.bundle.path().join("runtime"));
        command
            .arg("--mounts")
            .arg(self.bundle.path().join("mounts.json"));
        if !self.unlogged {
            command
                .args(["--log-driver=json-file", "--log-path"])
                .arg(self.bundle.log());
        }
        let child = command.args(&self.args).stdin(theirs).spawn().unwrap();
        Shim {
            bundle: self.bundle,
            runtime: self.runtime,
            dir: self.dir,
            child,
            control: Some(control),
        }
    }

    /// Starts the shim with `--hold` and returns when the container is created.
    pub fn created(self) -> Shim<'a> {
        let shim = self.args(&["--hold"]).spawn();
        assert_eq!(shim.message()["type"], "created");
        shim
    }

    /// Runs the container with nobody attached, to its end.
    pub fn run(self) -> Value {
        let mut shim = self.spawn();
        shim.expect_started();
        shim.finish()
    }
}

pub struct Shim<'a> {
    bundle: &'a Bundle,
    runtime: PathBuf,
    pub dir: PathBuf,
    pub child: Child,
    pub control: Option<OwnedFd>,
}

impl Shim<'_> {
    /// The next message on the control socket; null at its end.
    pub fn message(&self) -> Value {
        let mut buffer = [0; 16_384];
        let length = recv(
            self.control.as_ref().unwrap().as_raw_fd(),
            &mut buffer,
            MsgFlags::empty(),
        )
        .expect("a message");
        match length {
            0 => Value::Null,
            length => serde_json::from_slice(&buffer[..length]).unwrap(),
        }
    }

    pub fn expect_started(&self) {
        let created = self.message();
        assert_eq!(created["type"], "created", "{created}");
        assert!(created["pid"].as_i64().unwrap() > 1);
        assert_eq!(self.message(), json!({"type": "started"}));
        assert_eq!(self.message(), Value::Null, "the shim closes its end");
    }

    /// Starts a held container.
    pub fn start(&self) {
        send(
            self.control.as_ref().unwrap().as_raw_fd(),
            br#"{"type":"start"}"#,
            MsgFlags::empty(),
        )
        .unwrap();
        assert_eq!(self.message(), json!({"type": "started"}));
    }

    pub fn attach(&self) -> Client {
        Client::all(&self.dir)
    }

    pub fn state(&self) -> Value {
        serde_json::from_slice(&fs::read(self.dir.join("shim.json")).unwrap()).unwrap()
    }

    /// Sends the init of this state a signal.
    pub fn forward(&self, signal: i32, state: &Value) {
        let pid = i32::try_from(state["init_pid"].as_i64().unwrap()).unwrap();
        let signal = nix::sys::signal::Signal::try_from(signal).unwrap();
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), signal).unwrap();
    }

    pub fn pid(&self) -> i32 {
        self.child.id().cast_signed()
    }

    /// Waits for the shim's end and returns the exit record.
    pub fn finish(&mut self) -> Value {
        let status = self.wait();
        assert!(status.success(), "{status}");
        self.assert_nothing_left();
        serde_json::from_slice(&fs::read(self.dir.join("exit.json")).unwrap()).unwrap()
    }

    /// Waits for the end of a shim whose container failed, and returns what it told.
    pub fn finish_failed(&mut self) -> Value {
        let told = self.message();
        assert_eq!(told["type"], "failed", "{told}");
        assert_eq!(self.wait().code(), Some(1));
        // crun 1.8 leaves the cgroup of a `create` that failed, and its `delete` does not know of it.
        if self.runtime == Path::new("crun") && told["step"] == "create" {
            for cgroup in cgroups_named(Path::new("/sys/fs/cgroup"), &self.bundle.id) {
                fs::remove_dir(cgroup).unwrap();
            }
        }
        self.assert_nothing_left();
        for gone in ["exit.json", "shim.json"] {
            assert!(!self.dir.join(gone).exists(), "{gone}");
        }
        told
    }

    pub fn wait(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }

    /// No container, cgroup, mount, socket or process of it exists any more.
    pub fn assert_nothing_left(&self) {
        let names = |dir: &Path| -> Vec<String> {
            let entries = fs::read_dir(dir).unwrap();
            entries
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect()
        };
        assert_eq!(
            names(&self.bundle.path().join("runtime")),
            Vec::<String>::new(),
            "the runtime's state"
        );
        let mut left = names(&self.dir);
        let kept = [
            "exit.json",
            "shim.json",
            "shim.lock",
            "runtime.log",
            "health.json",
            "restart.json",
            // Room for the record of a shim that was killed: the next one takes it over.
            ".exit.json.new",
        ];
        left.retain(|name| !kept.contains(&name.as_str()));
        assert_eq!(left, Vec::<String>::new(), "the shim's directory");
        assert!(
            names(&self.bundle.path().join("rootfs")).is_empty(),
            "nothing is mounted here"
        );
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
        assert!(
            !mounts.contains(&self.bundle.path().display().to_string()),
            "{mounts}"
        );
        assert_eq!(
            cgroups_named(Path::new("/sys/fs/cgroup"), &self.bundle.id),
            Vec::<PathBuf>::new()
        );
        assert_eq!(processes_with(&self.bundle.id), Vec::<String>::new());
    }

    /// What a caller does when the shim has gone without a trace.
    pub fn delete_by_hand(&self) {
        let mut command = Command::new("unshare");
        command.args(["-m", "sh", "-c", UNIFIED, "sh"]).arg(&self.runtime);
        command.arg("--root").arg(self.bundle.path().join("runtime"));
        let output = command
            .args(["delete", "--force", &self.bundle.id])
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

impl Drop for Shim<'_> {
    /// A failed test leaves nothing either.
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|status| status.is_some()) {
            return;
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            self.delete_by_hand();
        }
    }
}

fn cgroups_named(dir: &Path, name: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            if entry.file_name() == name {
                found.push(entry.path());
            }
            found.extend(cgroups_named(&entry.path(), name));
        }
    }
    found
}

/// The command lines of the processes that mention `text`.
fn processes_with(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        if line.contains(text) {
            found.push(line);
        }
    }
    found
}

/// A pattern of `length` bytes in which every position is recognisable.
pub fn pattern(length: usize) -> Vec<u8> {
    (0..length.div_ceil(8) as u64)
        .flat_map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes())
        .take(length)
        .collect()
}

/// Writes an executable script.
pub fn script(path: &Path, text: &str) {
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = fs::File::options()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o755)
        .open(path)
        .unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

/// A pidfd of a process of another parent, to wait for its end.
pub struct Process(OwnedFd);

impl Process {
    #[allow(unsafe_code, reason = "pidfd_open has no safe form")]
    pub fn open(pid: i64) -> Self {
        // SAFETY: takes plain numbers, and the descriptor is new.
        let fd = unsafe {
            let raw = libc::syscall(libc::SYS_pidfd_open, pid, 0);
            assert!(raw >= 0, "{}", std::io::Error::last_os_error());
            OwnedFd::from_raw_fd(RawFd::try_from(raw).unwrap())
        };
        Self(fd)
    }

    /// Waits for its end; false if it does not come.
    pub fn ended(&self, patience: Duration) -> bool {
        use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
        use std::os::fd::AsFd;
        let mut wait = [PollFd::new(self.0.as_fd(), PollFlags::POLLIN)];
        poll(&mut wait, PollTimeout::try_from(patience).unwrap()).unwrap() == 1
    }
}

/// Copies a program by cp(1): a descriptor of ours that writes it would, in a child that another test's thread forks
/// meanwhile, keep it busy (ETXTBSY).
fn copy_program(from: impl AsRef<std::ffi::OsStr>, to: impl AsRef<std::ffi::OsStr>) {
    let status = Command::new("cp").arg(from).arg(to).status();
    assert!(status.expect("cp").success(), "busybox-static is installed");
}
