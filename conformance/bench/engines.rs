//! The programs that handle images, each with a store and, where it needs one, a daemon of its own.

use corten_conformance::measure::{self, Cost};
use corten_conformance::{Case, programs, wait};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
use std::ffi::OsString;
use std::fs::{self, File};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// One program and its store.
pub(crate) struct Engine {
    pub(crate) name: &'static str,
    /// The command line up to the verb.
    words: Vec<OsString>,
    /// What pulls and pushes need beside.
    remote: &'static [&'static str],
    daemon: Option<Daemon>,
    store: PathBuf,
}

impl Engine {
    /// Ours.
    pub(crate) fn corten(store: PathBuf) -> Self {
        let mut words = vec![programs::ours("corten").into(), "--root".into()];
        words.extend([
            store.join("root").into(),
            "--state-dir".into(),
            store.join("state").into(),
        ]);
        Self::new("corten", words, &[], None, store)
    }

    pub(crate) fn podman(store: PathBuf) -> Option<Self> {
        let mut words = vec![programs::peer("podman")?.into(), "--root".into()];
        words.extend([
            store.join("root").into(),
            "--runroot".into(),
            store.join("run").into(),
        ]);
        words.extend(["--storage-driver", "overlay", "--cgroup-manager", "cgroupfs"].map(OsString::from));
        // Nothing is measured that runs. crun wants a limit raised for itself, which not everywhere can be.
        let runc = programs::peer("runc").into_iter();
        words.extend(runc.flat_map(|runc| ["--runtime".into(), runc.into()]));
        Some(Self::new("podman", words, &["--tls-verify=false"], None, store))
    }

    pub(crate) fn docker(case: &Case, store: PathBuf) -> Option<Self> {
        let (daemon, client) = (programs::peer("dockerd")?, programs::peer("docker")?);
        let socket = store.join("docker.sock");
        let mut command = Command::new(daemon);
        command
            .arg("--host")
            .arg(format!("unix://{}", socket.display()))
            .arg("--data-root")
            .arg(store.join("docker"))
            .arg("--exec-root")
            .arg(store.join("exec"))
            .arg("--pidfile")
            .arg(store.join("dockerd.pid"))
            .args([
                "--bridge",
                "none",
                "--iptables=false",
                "--ip6tables=false",
                "--storage-driver",
                "overlay2",
            ])
            .args([
                "--cgroup-parent",
                "/corten-bench",
                "--exec-opt",
                "native.cgroupdriver=cgroupfs",
            ]);
        let daemon = Daemon::start(case, command, &socket);
        let words = vec![
            client.into(),
            "--host".into(),
            format!("unix://{}", socket.display()).into(),
        ];
        Some(Self::new("docker", words, &[], Some(daemon), store))
    }

    pub(crate) fn containerd(case: &Case, store: PathBuf) -> Option<Self> {
        let (daemon, client) = (programs::peer("containerd")?, programs::peer("ctr")?);
        let socket = store.join("c.sock");
        let (root, state) = (store.join("root"), store.join("run"));
        let configuration = format!(
            "version = 2\nroot = {root:?}\nstate = {state:?}\ndisabled_plugins = [\"io.containerd.grpc.v1.cri\"]\n\
             [grpc]\n  address = {socket:?}\n[ttrpc]\n  address = {:?}\n",
            store.join("c.sock.ttrpc")
        );
        fs::write(store.join("config.toml"), configuration).expect("a configuration");
        let mut command = Command::new(daemon);
        command.arg("--config").arg(store.join("config.toml"));
        let daemon = Daemon::start(case, command, &socket);
        let words = vec![client.into(), "--address".into(), socket.into(), "images".into()];
        Some(Self::new(
            "containerd",
            words,
            &["--plain-http"],
            Some(daemon),
            store,
        ))
    }

    fn new(
        name: &'static str,
        words: Vec<OsString>,
        remote: &'static [&'static str],
        daemon: Option<Daemon>,
        store: PathBuf,
    ) -> Self {
        Self {
            name,
            words,
            remote,
            daemon,
            store,
        }
    }

    /// The program with these words.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.words[0]);
        command.args(&self.words[1..]).args(words);
        command
    }

    /// Runs the verb, which must succeed, and tells what it took.
    pub(crate) fn run(&self, words: &[&str]) -> Cost {
        measure::cost(
            &self.command(words),
            self.daemon.as_ref().map(|daemon| daemon.child.id()),
        )
    }

    /// What lets a container run where limits cannot be raised.
    pub(crate) fn limits(&self) -> &'static [&'static str] {
        match self.name {
            "podman" => &[
                "--ulimit",
                "nofile=1024:1024",
                "--ulimit",
                "nproc=4096:4096",
                "--pids-limit",
                "-1",
            ],
            _ => &[],
        }
    }

    /// Pulls or pushes an image.
    pub(crate) fn transfer(&self, verb: &str, image: &str) -> Cost {
        self.run(&[&[verb], self.remote, &[image]].concat())
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.daemon = None;
        for mount in mounts_below(&self.store) {
            _ = nix::mount::umount2(&mount, nix::mount::MntFlags::MNT_DETACH);
        }
        fs::remove_dir_all(&self.store).unwrap_or_else(|e| panic!("{}: {e}", self.store.display()));
    }
}

fn mounts_below(path: &Path) -> Vec<PathBuf> {
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let points = mounts.lines().filter_map(|line| line.split(' ').nth(1));
    let mut below: Vec<PathBuf> = points
        .map(PathBuf::from)
        .filter(|point| point.starts_with(path))
        .collect();
    below.reverse();
    below
}

/// A daemon that answers; it ends with this value.
struct Daemon {
    child: Child,
}

impl Daemon {
    /// Starts it, and waits until its socket is there; panics with the end of its log if it ends instead.
    fn start(case: &Case, mut command: Command, socket: &Path) -> Self {
        let path = case.path("daemon.log");
        let log = File::create(&path).expect("a log");
        let inotify = Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK).expect("inotify");
        let directory = socket.parent().expect("a directory");
        inotify
            .add_watch(directory, AddWatchFlags::IN_CREATE)
            .expect("a watch");
        let mut child = command
            .env("TMPDIR", directory)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log"))
            .stderr(log)
            .spawn()
            .unwrap_or_else(|e| panic!("{command:?}: {e}"));
        while !socket.exists() {
            if let Some(status) = child.try_wait().expect("a status") {
                let log = fs::read(&path).unwrap_or_default();
                let log = String::from_utf8_lossy(&log);
                let lines: Vec<&str> = log.lines().collect();
                let last = &lines[lines.len().saturating_sub(20)..];
                panic!("{command:?} ended ({status}):\n{}", last.join("\n"));
            }
            // Of its end, no event tells.
            let mut news = [PollFd::new(inotify.as_fd(), PollFlags::POLLIN)];
            _ = poll(&mut news, PollTimeout::from(200_u16)).expect("poll");
            _ = inotify.read_events();
        }
        Self { child }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let pid = i32::try_from(self.child.id()).unwrap_or(i32::MAX);
        _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGTERM);
        wait::for_end_of(self.child.id());
        _ = self.child.wait();
    }
}
