//! Bundles with the probe in them, and the runtimes that run them: ours and its peers.

use crate::command::{Cmd, Out};
use crate::probe::Facts;
use crate::{Case, programs};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// A bundle in a case's directory, whose configuration can be changed before it is written.
#[derive(Debug)]
pub struct Bundle {
    /// The bundle's directory.
    pub dir: PathBuf,
    /// The content of config.json.
    pub config: Value,
}

impl Bundle {
    /// A bundle whose root file system holds the probe at `/probe`, and whose configuration is what `runc spec`
    /// writes, without a terminal, running `/probe ARGS…`.
    #[track_caller]
    pub fn new(case: &Case, name: &str, args: &[&str]) -> Self {
        let dir = case.dir(name);
        for sub in ["proc", "sys", "dev", "tmp", "etc"] {
            fs::create_dir_all(dir.join("rootfs").join(sub)).expect("a directory in the bundle");
        }
        programs::copy(&programs::probe(), &dir.join("rootfs/probe"));
        _ = symlink("/probe", dir.join("rootfs/link-to-probe"));
        let mut command = vec!["/probe"];
        command.extend(args);
        let mut config = default_config();
        config["process"]["args"] = json!(command);
        Self { dir, config }
    }

    /// Sets the value at a JSON pointer; missing objects on the way are made.
    #[track_caller]
    pub fn set(mut self, pointer: &str, value: impl Into<Value>) -> Self {
        let mut place = &mut self.config;
        for key in pointer.trim_start_matches('/').split('/') {
            place = match place {
                Value::Array(list) => &mut list[key.parse::<usize>().expect("an index")],
                other => &mut other[key],
            };
        }
        *place = value.into();
        self
    }

    /// Appends to the array at a JSON pointer.
    #[track_caller]
    pub fn push(mut self, pointer: &str, value: impl Into<Value>) -> Self {
        let list = self.config.pointer_mut(pointer).and_then(Value::as_array_mut);
        list.unwrap_or_else(|| panic!("no list at {pointer}"))
            .push(value.into());
        self
    }

    /// Leaves out the namespace of this type, so that the host's is used.
    #[track_caller]
    pub fn without_namespace(mut self, kind: &str) -> Self {
        let list = self
            .config
            .pointer_mut("/linux/namespaces")
            .and_then(Value::as_array_mut);
        list.expect("a list of namespaces")
            .retain(|ns| ns["type"] != kind);
        self
    }

    /// Writes config.json.
    #[track_caller]
    pub fn write(self) -> Self {
        self.write_raw(&self.config.to_string());
        self
    }

    /// Writes this text as config.json.
    #[track_caller]
    pub fn write_raw(&self, text: &str) {
        fs::write(self.dir.join("config.json"), text).expect("a file in the bundle");
    }

    /// A path in the root file system.
    pub fn root(&self, path: impl AsRef<Path>) -> PathBuf {
        self.dir.join("rootfs").join(path)
    }
}

/// An OCI runtime's command line, with the view of cgroups that it runs with.
#[derive(Debug, Clone)]
pub struct Runtime {
    /// Its name, for messages and as part of container ids.
    pub name: &'static str,
    /// The program's name.
    pub kind: &'static str,
    program: PathBuf,
    v2_view: bool,
}

impl Runtime {
    /// Ours, with the machine's own cgroups; where `CORTEN_JUDGED` names another runtime, that one takes its place.
    #[track_caller]
    pub fn ours() -> Self {
        if let Some(judged) = Self::judged() {
            return judged;
        }
        let kind = "corten-runtime";
        Self {
            name: kind,
            kind,
            program: programs::ours(kind),
            v2_view: false,
        }
    }

    /// Ours, with a pure v2 view.
    #[track_caller]
    pub fn ours_on_v2() -> Self {
        Self {
            name: "corten-runtime-v2",
            v2_view: true,
            ..Self::ours()
        }
    }

    /// The runtime that the cases judge instead of ours, with a pure v2 view as crun needs it.
    fn judged() -> Option<Self> {
        let program = PathBuf::from(std::env::var_os("CORTEN_JUDGED")?);
        Some(Self {
            name: "judged",
            kind: "judged",
            program,
            v2_view: true,
        })
    }

    /// A peer, when it is installed; with a pure v2 view, because crun refuses others that are common.
    pub fn peer(name: &'static str) -> Option<Self> {
        programs::peer(name).map(|program| Self {
            name,
            kind: name,
            program,
            v2_view: true,
        })
    }

    /// Ours in both views, and those of runc and crun that are installed; only the judged one when there is one.
    pub fn all() -> Vec<Self> {
        if let Some(judged) = Self::judged() {
            return vec![judged];
        }
        let peers = ["runc", "crun"].into_iter().filter_map(Self::peer);
        [Self::ours(), Self::ours_on_v2()]
            .into_iter()
            .chain(peers)
            .collect()
    }

    /// Its executable.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// The command with `--root` in the case's directory.
    pub fn cmd(&self, case: &Case) -> Cmd {
        let cmd = if self.v2_view {
            case.cmd_v2(&self.program)
        } else {
            case.cmd(&self.program)
        };
        cmd.arg("--root").arg(case.dir(format!("root-{}", self.name)))
    }

    /// Runs the bundle in the foreground as container `TAG-NAME`.
    #[track_caller]
    pub fn run(&self, case: &Case, bundle: &Bundle) -> Out {
        let id = case.id(self.name);
        self.cmd(case)
            .args(["run", "--bundle"])
            .arg(&bundle.dir)
            .arg(id)
            .run()
    }

    /// Runs a bundle whose command is the probe's `facts`, and reads them.
    #[track_caller]
    pub fn facts(&self, case: &Case, bundle: &Bundle) -> Facts {
        let out = self.run(case, bundle);
        assert!(out.status.success(), "{}: {out:?}", self.name);
        Facts(out.json())
    }

    /// What `state ID` says.
    #[track_caller]
    pub fn state(&self, case: &Case, id: &str) -> Value {
        self.cmd(case).args(["state", id]).ok().json()
    }
}

const CAPABILITIES: [&str; 3] = ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"];

/// What `runc spec` writes, without a terminal, and without device rules: crun raises RLIMIT_MEMLOCK for them, which
/// needs CAP_SYS_RESOURCE.
pub fn default_config() -> Value {
    json!({
        "ociVersion": "1.0.2",
        "process": {
            "terminal": false,
            "user": {"uid": 0, "gid": 0},
            "args": ["/probe"],
            "env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"],
            "cwd": "/",
            "capabilities": {"bounding": CAPABILITIES, "effective": CAPABILITIES, "permitted": CAPABILITIES},
            "rlimits": [{"type": "RLIMIT_NOFILE", "hard": 1024, "soft": 1024}],
            "noNewPrivileges": true
        },
        "root": {"path": "rootfs", "readonly": false},
        "hostname": "probed",
        "mounts": default_mounts(),
        "linux": {
            "namespaces": [
                {"type": "pid"}, {"type": "network"}, {"type": "ipc"}, {"type": "uts"}, {"type": "mount"},
                {"type": "cgroup"}
            ],
            "maskedPaths": [
                "/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
                "/proc/sched_debug", "/sys/firmware"
            ],
            "readonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]
        }
    })
}

fn default_mounts() -> Value {
    json!([
        {"destination": "/proc", "type": "proc", "source": "proc"},
        {"destination": "/dev", "type": "tmpfs", "source": "tmpfs",
         "options": ["nosuid", "strictatime", "mode=755", "size=65536k"]},
        {"destination": "/dev/pts", "type": "devpts", "source": "devpts",
         "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]},
        {"destination": "/dev/shm", "type": "tmpfs", "source": "shm",
         "options": ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]},
        {"destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue",
         "options": ["nosuid", "noexec", "nodev"]},
        {"destination": "/sys", "type": "sysfs", "source": "sysfs",
         "options": ["nosuid", "noexec", "nodev", "ro"]},
        {"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup",
         "options": ["nosuid", "noexec", "nodev", "relatime", "ro"]}
    ])
}
