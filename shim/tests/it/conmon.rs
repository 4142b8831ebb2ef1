//! conmon's place, with a stand-in for podman: pipes, attach socket, fifos, exit files.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, symlink};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output};

use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, UnixAddr, connect, socket, sockopt};
use nix::sys::time::TimeVal;
use serde_json::{Value, json};

use crate::budget::anonymous_kib;
use crate::fixture::{Bundle, PATIENCE, Process, UNIFIED, runtimes, script};
use crate::records::{journal, message};

/// The program under the name that makes it conmon.
fn program(bundle: &Bundle) -> PathBuf {
    let path = bundle.path().join("corten-conmon");
    if !path.exists() {
        symlink(env!("CARGO_BIN_EXE_corten-shim"), &path).unwrap();
    }
    path
}

fn found_on_path(program: &Path) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap();
    let mut places = std::env::split_paths(&path).map(|dir| dir.join(program));
    places.find(|path| path.exists()).unwrap()
}

/// A fifo of this name in the monitor's directory is open for writing when it starts.
const HELD: &str = "held";
/// A file of this name there is open for reading as number 5, with 3 and 4 closed: podman's `--preserve-fd=5`.
const PRESERVED: &str = "preserved";

/// A monitor, with the caller's ends of its pipes. It stays in the foreground (`--sync`), so that its end is seen.
struct Monitor<'a> {
    child: Child,
    start: File,
    sync: BufReader<File>,
    attach: BufReader<File>,
    bundle: &'a Bundle,
    runtime: PathBuf,
    /// Where the sockets, fifos and exit file are.
    dir: PathBuf,
}

impl<'a> Monitor<'a> {
    /// A container of this bundle.
    fn container(bundle: &'a Bundle, runtime: &Path, args: &[&str]) -> Self {
        bundle.write();
        let log = format!("k8s-file:{}", bundle.log().display());
        let args = [&["--full-attach", "-l", &log], args].concat();
        Self::spawn(bundle, runtime, bundle.path(), &args)
    }

    /// With sockets and fifos in `dir`.
    fn spawn(bundle: &'a Bundle, runtime: &Path, dir: &Path, args: &[&str]) -> Self {
        let place = ["-b", dir.to_str().unwrap()];
        Self::spawn_in(bundle, runtime, dir, &[&place, args].concat())
    }

    fn spawn_in(bundle: &'a Bundle, runtime: &Path, dir: &Path, args: &[&str]) -> Self {
        let runtime = found_on_path(runtime);
        // The bundle's mounts are the caller's, in a namespace that ends with this test.
        let descriptors = "[ ! -p \"$HELD\" ] || exec 6>\"$HELD\"; \
                           [ ! -f \"$PRESERVED\" ] || exec 5<\"$PRESERVED\"; \
                           exec 7<&0 8>&1 9>&2 </dev/null >/dev/null 2>/dev/null; exec \"$@\"";
        let mut command = Command::new("sh");
        command.env("HELD", dir.join(HELD));
        command.env("PRESERVED", dir.join(PRESERVED));
        let temporary = bundle.path().join("temporary");
        fs::create_dir_all(&temporary).unwrap();
        command.env("TMPDIR", &temporary);
        command.args([
            "-c",
            descriptors,
            "sh",
            env!("CARGO_BIN_EXE_corten-shim"),
            "mount",
            "--bundle",
        ]);
        command
            .arg(bundle.path())
            .arg("--mounts")
            .arg(bundle.path().join("mounts.json"));
        command
            .args(["--", "sh", "-c", UNIFIED, "sh"])
            .arg(program(bundle));
        command.args([
            "--api-version",
            "1",
            "--sync",
            "-c",
            &bundle.id,
            "-u",
            &bundle.id,
            "-r",
        ]);
        command.arg(&runtime).arg("-p").arg(dir.join("process.pid"));
        command
            .arg("--exit-dir")
            .arg(dir)
            .arg("--runtime-arg=--root")
            .arg("--runtime-arg");
        command.arg(bundle.path().join("runtime")).args(args);
        command.envs([
            ("_OCI_STARTPIPE", "7"),
            ("_OCI_SYNCPIPE", "8"),
            ("_OCI_ATTACHPIPE", "9"),
        ]);
        let [
            (start_theirs, start),
            (sync, sync_theirs),
            (attach, attach_theirs),
        ] = [(); 3].map(|()| nix::unistd::pipe2(OFlag::O_CLOEXEC).unwrap());
        let child = command
            .stdin(start_theirs)
            .stdout(sync_theirs)
            .stderr(attach_theirs)
            .spawn()
            .unwrap();
        Self {
            child,
            start: start.into(),
            sync: BufReader::new(sync.into()),
            attach: BufReader::new(attach.into()),
            bundle,
            runtime,
            dir: dir.to_owned(),
        }
    }

    /// Lets it go on.
    fn go(&mut self) {
        self.start.write_all(b"\0").unwrap();
    }

    /// The next message on the sync pipe; null at its end.
    fn told(&mut self) -> Value {
        next(&mut self.sync)
    }

    /// Lets it begin, and returns the process's number.
    fn begun(&mut self) -> i64 {
        self.go();
        let told = self.told();
        told["data"]
            .as_i64()
            .filter(|pid| *pid > 1)
            .unwrap_or_else(|| panic!("{told}"))
    }

    fn runtime(&self, args: &[&str]) -> Output {
        let mut command = Command::new("unshare");
        command.args(["-m", "sh", "-c", UNIFIED, "sh"]).arg(&self.runtime);
        command.arg("--root").arg(self.bundle.path().join("runtime"));
        command.args(args).arg(&self.bundle.id).output().unwrap()
    }

    fn start_container(&self) {
        let output = self.runtime(&["start"]);
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    fn connect(&self) -> UnixStream {
        attached(&self.dir.join("attach"))
    }

    /// Waits for its end and returns the exit file.
    fn finish(&mut self) -> String {
        self.child.wait().unwrap();
        let mut left: Vec<_> = fs::read_dir(&self.dir)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        left.retain(|name| ["attach", "ctl", "winsz"].iter().any(|own| name == own));
        assert!(left.is_empty(), "{left:?}");
        fs::read_to_string(self.dir.join(&self.bundle.id)).unwrap()
    }

    fn logged(&self) -> String {
        fs::read_to_string(self.bundle.log()).unwrap()
    }
}

impl Drop for Monitor<'_> {
    /// What podman's cleanup does, after a failed test, too.
    fn drop(&mut self) {
        if self.dir == self.bundle.path() {
            let _ = self.runtime(&["delete", "--force"]);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn next(pipe: &mut BufReader<File>) -> Value {
    let mut line = String::new();
    pipe.read_line(&mut line).unwrap();
    match line.as_str() {
        "" => Value::Null,
        line => serde_json::from_str(line).unwrap(),
    }
}

/// A connection to an attach socket, as conmon's clients make it.
fn attached(path: &Path) -> UnixStream {
    let socket = socket(
        AddressFamily::Unix,
        SockType::SeqPacket,
        SockFlag::SOCK_CLOEXEC,
        None,
    )
    .unwrap();
    let dir = File::open(path.parent().unwrap()).unwrap();
    let short = format!("/proc/self/fd/{}/attach", dir.as_raw_fd());
    connect(socket.as_raw_fd(), &UnixAddr::new(short.as_str()).unwrap()).unwrap();
    let time = TimeVal::new(PATIENCE.as_secs().cast_signed(), 0);
    nix::sys::socket::setsockopt(&socket, sockopt::ReceiveTimeout, &time).unwrap();
    UnixStream::from(socket)
}

/// All of stdout and stderr, read in packets as podman does.
fn rest(client: &mut UnixStream) -> (Vec<u8>, Vec<u8>) {
    let mut streams = (Vec::new(), Vec::new());
    let mut packet = [0; 8193];
    loop {
        match client.read(&mut packet).unwrap() {
            0 => return streams,
            length => match packet[0] {
                2 => streams.0.extend_from_slice(&packet[1..length]),
                3 => streams.1.extend_from_slice(&packet[1..length]),
                other => panic!("a packet of stream {other}"),
            },
        }
    }
}

/// A directory for an `exec`, and in it the description of a process that runs this script.
fn session(bundle: &Bundle, terminal: bool, script: &str) -> (PathBuf, String) {
    let dir = bundle.path().join("session");
    fs::create_dir(&dir).unwrap();
    let process = dir.join("process.json");
    let mut description = bundle.config["process"].clone();
    description["terminal"] = terminal.into();
    description["args"] = json!(["sh", "-c", script]);
    fs::write(&process, description.to_string()).unwrap();
    (dir, process.display().to_string())
}

#[test]
fn a_container_is_kept_as_podman_asks() {
    for runtime in runtimes() {
        let bundle = Bundle::sh("echo out; echo err >&2; cat; exit 7");
        let after = bundle.path().join("after").display().to_string();
        let args = [
            "-i",
            "--exit-command",
            "/bin/cp",
            "--exit-command-arg",
            "/proc/self/cmdline",
        ];
        let args = [&args[..], &["--exit-command-arg", &after]].concat();
        let mut monitor = Monitor::container(&bundle, &runtime, &args);
        monitor.begun();
        for name in ["attach", "ctl", "winsz"] {
            let mode = fs::metadata(bundle.path().join(name))
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
        let mut client = monitor.connect();
        monitor.start_container();
        client.write_all(b"word\n").unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        let (stdout, stderr) = rest(&mut client);
        assert_eq!(String::from_utf8(stdout).unwrap(), "out\nword\n");
        assert_eq!(stderr, b"err\n");
        assert_eq!(monitor.finish(), "7");
        assert_eq!(
            monitor.told(),
            Value::Null,
            "a container's code is told by its file alone"
        );
        let texts: Vec<String> = monitor
            .logged()
            .lines()
            .map(|line| line.split_once(' ').unwrap().1.to_owned())
            .collect();
        for line in ["stdout F out", "stderr F err", "stdout F word"] {
            assert!(texts.iter().any(|text| text == line), "{texts:?}");
        }
        let became = fs::read(&after).unwrap();
        assert_eq!(
            became,
            format!("/bin/cp\0/proc/self/cmdline\0{after}\0").into_bytes()
        );
    }
}

#[test]
fn a_slow_client_of_conmon_gets_everything_and_the_log_too() {
    let line = "0123456789abcdef".repeat(8) + "\n";
    let bytes = line.repeat((16 << 20) / line.len()).into_bytes();
    let mut bundle = Bundle::sh("cat /data");
    fs::write(bundle.path().join("data"), &bytes).unwrap();
    fs::write(bundle.path().join("upper/data"), b"").unwrap();
    let data = bundle.path().join("data");
    bundle.config["mounts"].as_array_mut().unwrap().push(json!(
        {"destination": "/data", "type": "bind", "source": data, "options": ["bind", "ro"]}
    ));
    let mut monitor = Monitor::container(&bundle, &runtimes()[0], &[]);
    monitor.begun();
    let mut client = monitor.connect();
    monitor.start_container();
    let (stdout, _) = rest(&mut client);
    assert!(stdout == bytes, "{} of {} bytes", stdout.len(), bytes.len());
    assert_eq!(monitor.finish(), "0");
    let mut logged = String::new();
    for record in monitor.logged().lines() {
        let mut fields = record.splitn(4, ' ').skip(2);
        let (tag, text) = (fields.next().unwrap(), fields.next().unwrap());
        logged.push_str(text);
        if tag == "F" {
            logged.push('\n');
        }
    }
    assert!(logged.as_bytes() == bytes);
}

#[test]
fn a_client_that_does_not_read_delays_no_exit_file() {
    let bundle = Bundle::sh("yes | head -c 150000; exit 3");
    let mut monitor = Monitor::container(&bundle, &runtimes()[0], &["--log-size-max", "10000"]);
    monitor.begun();
    let mut client = monitor.connect();
    monitor.start_container();
    // The container can end: the pipe, one read and the socket have room for this.
    assert_eq!(monitor.finish(), "3");
    let (stdout, _) = rest(&mut client);
    assert_eq!(stdout.len(), 150_000, "what was not read stays readable");
    assert!(fs::metadata(bundle.log()).unwrap().len() < 100_000);
}

#[test]
fn an_exec_waits_for_its_client_and_has_a_terminal_of_its_own() {
    for runtime in runtimes() {
        let bundle = Bundle::sh("while true; do sleep 1000; done");
        let mut container = Monitor::container(&bundle, &runtime, &[]);
        container.begun();
        container.start_container();
        let (dir, process) = session(&bundle, true, "echo first; read go; stty size; exit 9");
        let args = [
            "-t",
            "-i",
            "-e",
            "--exec-attach",
            "--exec-process-spec",
            &process,
            "-l",
            "none",
        ];
        let mut monitor = Monitor::spawn(&bundle, &runtime, &dir, &args);
        monitor.go();
        assert_eq!(next(&mut monitor.attach), json!({"data": 0}));
        let mut client = monitor.connect();
        let before = fs::read_dir(&dir)
            .unwrap()
            .flatten()
            .any(|entry| entry.file_name() == "process.pid");
        assert!(!before, "it is not started before its client is there");
        let pid = monitor.begun();
        assert!(Path::new(&format!("/proc/{pid}")).exists());
        let mut control = File::options().write(true).open(dir.join("ctl")).unwrap();
        control.write_all(b"1 33 77\n").unwrap();
        let mut packet = [0; 64];
        let length = client.read(&mut packet).unwrap();
        assert_eq!(
            &packet[..length],
            b"\x02first\r\n",
            "nothing is lost to who attached first"
        );
        // The fifo's line was written before, and is taken before.
        client.write_all(b"go\n").unwrap();
        let stdout = String::from_utf8(rest(&mut client).0).unwrap();
        assert!(stdout.contains("33 77"), "{stdout:?}");
        assert_eq!(monitor.told(), json!({"data": 9}));
        assert_eq!(monitor.finish(), "9");
    }
}

/// CRI-O names no bundle for an `exec`, and its working directory is the root of the machine.
#[test]
fn an_exec_without_a_bundle_leaves_its_working_directory_alone() {
    let bundle = Bundle::sh("while true; do sleep 1000; done");
    let mut container = Monitor::container(&bundle, &runtimes()[0], &[]);
    container.begun();
    container.start_container();
    let (dir, process) = session(&bundle, true, "tty; exit 9");
    let here = std::env::current_dir().unwrap();
    let names = || -> Vec<_> {
        let entries = fs::read_dir(&here).unwrap();
        entries.map(|entry| entry.unwrap().file_name()).collect()
    };
    let before = names();
    let log = dir.join("log").display().to_string();
    let args = ["-t", "-e", "--exec-process-spec", &process, "-l", &log];
    let args = [&args[..], &["--log-global-size-max", "16777216"]].concat();
    let mut monitor = Monitor::spawn_in(&bundle, &runtimes()[0], &dir, &args);
    monitor.begun();
    assert_eq!(names(), before);
    assert_eq!(monitor.told(), json!({"data": 9}));
    assert_eq!(monitor.finish(), "9");
    assert_eq!(names(), before);
    let logged = fs::read_to_string(&log).unwrap();
    assert!(logged.contains("stdout F /dev/pts/"), "{logged}");
    assert_eq!(fs::read_dir(bundle.path().join("temporary")).unwrap().count(), 0);
}

#[test]
fn an_exec_that_nobody_attached_to_leaves_no_names() {
    let bundle = Bundle::sh("true");
    bundle.write();
    let (dir, process) = session(&bundle, false, "true");
    let args = [
        "-e",
        "--exec-attach",
        "--exec-process-spec",
        &process,
        "-l",
        "none",
    ];
    let mut monitor = Monitor::spawn(&bundle, &runtimes()[0], &dir, &args);
    monitor.go();
    next(&mut monitor.attach);
    assert!(dir.join("attach").exists());
    monitor.start = File::open("/dev/null").unwrap();
    assert_eq!(monitor.told()["data"], -1);
    monitor.child.wait().unwrap();
    assert_eq!(
        fs::read_dir(&dir).unwrap().count(),
        1,
        "the process's description"
    );
}

#[test]
fn a_place_for_the_code_that_is_gone_does_not_cost_the_other() {
    let bundle = Bundle::sh("exit 7");
    let persistent = bundle.path().join("persistent");
    fs::create_dir(&persistent).unwrap();
    let missing = bundle.path().join("missing").display().to_string();
    let args = [
        "--exit-dir",
        &missing,
        "--persist-dir",
        persistent.to_str().unwrap(),
    ];
    let mut monitor = Monitor::container(&bundle, &runtimes()[0], &args);
    monitor.begun();
    monitor.start_container();
    assert_eq!(monitor.child.wait().unwrap().code(), Some(1));
    assert_eq!(fs::read_to_string(persistent.join("exit")).unwrap(), "7");
}

#[test]
fn what_the_runtime_says_of_a_failure_is_told() {
    for runtime in runtimes() {
        let mut bundle = Bundle::new(&["/not/there"]);
        let mut monitor = Monitor::container(&bundle, &runtime, &[]);
        monitor.go();
        let told = monitor.told();
        // runc and crun differ in when they see it.
        if told["data"] == -1 {
            assert!(told["message"].as_str().unwrap().contains("/not/there"), "{told}");
        }
        drop(monitor);
        bundle.config["process"]["cwd"] = 5.into();
        let mut monitor = Monitor::container(&bundle, &runtime, &[]);
        monitor.go();
        let told = monitor.told();
        assert_eq!(told["data"], -1, "{told}");
        assert_ne!(told["message"], "");
        monitor.child.wait().unwrap();
        assert!(!bundle.path().join("attach").exists());
        drop(monitor);
        // crun 1.8 leaves the cgroup of a `create` that failed.
        let _ = Command::new("find")
            .args([
                "/sys/fs/cgroup",
                "-depth",
                "-name",
                &bundle.id,
                "-exec",
                "rmdir",
                "{}",
                "+",
            ])
            .status();
    }
}

#[test]
fn the_runtime_is_told_who_waits_for_readiness() {
    let bundle = Bundle::sh("true");
    let (runtime, seen) = (bundle.path().join("runtime.sh"), bundle.path().join("seen"));
    let text = format!(
        "#!/bin/sh\nprintf %s \"$NOTIFY_SOCKET\" >{}\nexit 1\n",
        seen.display()
    );
    script(&runtime, &text);
    let mut monitor = Monitor::container(&bundle, &runtime, &["--sdnotify-socket", "/run/notify"]);
    monitor.go();
    assert_eq!(monitor.told()["data"], -1);
    assert_eq!(fs::read_to_string(&seen).unwrap(), "/run/notify");
}

#[test]
fn the_journal_gets_lines_with_the_containers_names() {
    let bundle = Bundle::sh("printf a; echo b; echo c >&2; printf rest");
    bundle.write();
    let (socket, path) = journal(bundle.path());
    let args = ["--full-attach", "-n", "web", "-l", &format!("journald:{path}")];
    let mut monitor = Monitor::spawn(&bundle, &runtimes()[0], bundle.path(), &args);
    monitor.go();
    monitor.begun();
    monitor.start_container();
    monitor.finish();
    let mut records: Vec<(String, String)> = (0..3).map(|_| message(&socket)).collect();
    // The two streams are read in either order.
    records.sort();
    for ((said, record), (text, fields)) in records.iter().zip([
        ("ab", &["PRIORITY=6\n"][..]),
        ("c", &["PRIORITY=3\n"]),
        ("rest", &["PRIORITY=6\n", "CONTAINER_PARTIAL_MESSAGE=true\n"]),
    ]) {
        assert_eq!(said, text);
        let id = format!("CONTAINER_ID_FULL={}\n", bundle.id);
        let common = [&id, "CONTAINER_NAME=web\n", "SYSLOG_IDENTIFIER=web\n"];
        for field in common.iter().chain(fields) {
            assert!(record.contains(field), "{field:?} in {record:?}");
        }
    }
}

#[test]
fn a_log_that_was_rotated_by_the_caller_is_opened_anew() {
    let bundle = Bundle::sh("echo one; read go; echo two");
    let mut monitor = Monitor::container(&bundle, &runtimes()[0], &["-i"]);
    monitor.begun();
    let mut client = monitor.connect();
    monitor.start_container();
    let mut packet = [0; 64];
    assert_eq!(client.read(&mut packet).unwrap(), 5);
    let old = bundle.path().join("old.log");
    fs::rename(bundle.log(), &old).unwrap();
    let mut control = File::options()
        .write(true)
        .open(bundle.path().join("ctl"))
        .unwrap();
    control.write_all(b"2 0 0\n").unwrap();
    drop(control);
    // The fifo's line is taken before what is written later.
    client.write_all(b"go\n").unwrap();
    rest(&mut client);
    assert_eq!(monitor.finish(), "0");
    assert!(fs::read_to_string(old).unwrap().ends_with("stdout F one\n"));
    assert!(monitor.logged().ends_with("stdout F two\n"));
}

#[test]
fn a_log_that_is_a_link_is_refused_and_leads_nowhere() {
    let bundle = Bundle::sh("true");
    symlink(bundle.path().join("elsewhere"), bundle.log()).unwrap();
    let mut monitor = Monitor::container(&bundle, &runtimes()[0], &[]);
    monitor.go();
    let told = monitor.told();
    assert_eq!(told["data"], -1);
    assert!(
        told["message"].as_str().unwrap().contains("container.log"),
        "{told}"
    );
    monitor.child.wait().unwrap();
    assert!(!bundle.path().join("elsewhere").exists());
}

/// podman leaves descriptors open on purpose: bound sockets reserve published ports, and the end of a pipe is the end of
/// rootlessport or slirp4netns.
#[test]
fn what_the_caller_left_open_stays_open_as_long_as_the_container() {
    let bundle = Bundle::sh("read word; ls /proc/1/fd");
    let held = bundle.path().join(HELD);
    nix::unistd::mkfifo(&held, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let mut reader = File::options()
        .read(true)
        .custom_flags(OFlag::O_NONBLOCK.bits())
        .open(&held)
        .unwrap();
    // The end of the monitor itself, which would close all, is far away.
    let args = ["-i", "--exit-command", "/bin/true", "--exit-delay", "3600"];
    let mut monitor = Monitor::container(&bundle, &runtimes()[0], &args);
    monitor.begun();
    let mut client = monitor.connect();
    monitor.start_container();
    let is_open = |reader: &mut File| {
        let error = reader.read(&mut [0]).map_err(|error| error.kind());
        error == Err(ErrorKind::WouldBlock)
    };
    assert!(is_open(&mut reader));
    client.write_all(b"word\n").unwrap();
    assert_eq!(String::from_utf8(rest(&mut client).0).unwrap(), "0\n1\n2\n3\n");
    let mut ended = [PollFd::new(reader.as_fd(), PollFlags::POLLIN)];
    let patience = PollTimeout::try_from(PATIENCE).unwrap();
    assert!(nix::poll::poll(&mut ended, patience).unwrap() > 0);
    assert!(!is_open(&mut reader));
}

/// What the caller keeps for the container may have holes before it.
#[test]
fn a_preserved_descriptor_keeps_its_number_and_closed_ones_stay_closed() {
    let bundle = Bundle::sh("ls /proc/1/fd; cat <&5");
    fs::write(bundle.path().join(PRESERVED), "kept\n").unwrap();
    let args = ["--runtime-opt", "--preserve-fds", "--runtime-opt", "3"];
    let mut monitor = Monitor::container(&bundle, Path::new("crun"), &args);
    monitor.begun();
    let mut client = monitor.connect();
    monitor.start_container();
    let output = String::from_utf8(rest(&mut client).0).unwrap();
    assert_eq!(output, "0\n1\n2\n5\nkept\n");
    assert_eq!(monitor.finish(), "0");
}

#[test]
fn a_pipe_among_the_preserved_descriptors_is_told() {
    let bundle = Bundle::sh("true");
    let args = ["--runtime-opt=--preserve-fds=6"];
    let mut monitor = Monitor::container(&bundle, Path::new("crun"), &args);
    let told = monitor.told();
    assert_eq!(told["data"], -1);
    let why = told["message"].as_str().unwrap();
    assert!(why.contains("7 is a pipe"), "{why}");
    assert_eq!(monitor.child.wait().unwrap().code(), Some(1));
}

#[test]
fn a_container_ends_when_its_time_is_over() {
    let bundle = Bundle::sh("while true; do sleep 1000; done");
    let mut monitor = Monitor::container(&bundle, &runtimes()[0], &["--timeout", "1"]);
    monitor.begun();
    monitor.start_container();
    assert_eq!(monitor.finish(), "-1");
}

/// Probes that took too long filled the container with what they had started.
#[test]
fn what_an_exec_started_ends_with_it_when_its_time_is_over() {
    let bundle = Bundle::sh("while true; do sleep 1000; done");
    let mut container = Monitor::container(&bundle, &runtimes()[0], &[]);
    container.begun();
    container.start_container();
    let (dir, process) = session(&bundle, false, "sleep 1000 & echo begun; wait; true");
    let args = [
        "-e",
        "--exec-attach",
        "--exec-process-spec",
        &process,
        "-l",
        "none",
    ];
    let args = [&args[..], &["--timeout", "1"]].concat();
    let mut monitor = Monitor::spawn(&bundle, &runtimes()[0], &dir, &args);
    monitor.go();
    next(&mut monitor.attach);
    let mut client = monitor.connect();
    let shell = monitor.begun();
    assert_eq!(client.read(&mut [0; 64]).unwrap(), 7);
    let children = fs::read_to_string(format!("/proc/{shell}/task/{shell}/children")).unwrap();
    let started = Process::open(children.trim().parse().unwrap());
    assert_eq!(monitor.told()["message"], "command timed out");
    assert!(started.ended(PATIENCE));
}

#[test]
fn a_short_path_leads_to_the_attach_socket() {
    let bundle = Bundle::sh("echo out");
    bundle.write();
    let sockets = bundle.path().join("sockets");
    let (shown, log) = (sockets.display().to_string(), bundle.log().display().to_string());
    let args = ["--socket-dir-path", &shown, "-l", &log];
    let mut monitor = Monitor::spawn(&bundle, &runtimes()[0], bundle.path(), &args);
    monitor.begun();
    let link = sockets.join(&bundle.id);
    let mut client = attached(&link.join("attach"));
    monitor.start_container();
    assert_eq!(rest(&mut client).0, b"out\n");
    assert_eq!(monitor.finish(), "0");
    assert!(!link.is_symlink());
    assert!(
        monitor.logged().ends_with("stdout F out\n"),
        "a path alone is a log of Kubernetes' format"
    );
}

#[test]
fn its_version_is_of_conmon_s_interface_and_mistakes_are_named() {
    let bundle = Bundle::sh("true");
    let output = Command::new(program(&bundle)).arg("--version").output().unwrap();
    assert!(
        String::from_utf8(output.stdout)
            .unwrap()
            .starts_with("conmon version 2.")
    );
    let output = Command::new(program(&bundle))
        .args(["-l", "none"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--cid"));
}

#[test]
fn a_monitor_is_small_at_first_and_after_much_output() {
    let bundle =
        Bundle::sh("echo begun; read line; yes $(seq 100) | head -c 20000000; echo end >&2; read line");
    let mut monitor = Monitor::container(&bundle, &runtimes()[0], &["-i", "--log-size-max", "100000"]);
    monitor.begun();
    let mut client = monitor.connect();
    monitor.start_container();
    // It is the process that was started, since it stays in the foreground.
    let pid = monitor.child.id().cast_signed();
    let mut packet = [0; 8193];
    assert_eq!(client.read(&mut packet).unwrap(), 7);
    let first = anonymous_kib(pid);
    assert!(first <= 1024, "{first} KiB");
    client.write_all(b"\n").unwrap();
    while packet[0] != 3 {
        assert!(client.read(&mut packet).unwrap() > 0);
    }
    let later = anonymous_kib(pid);
    assert!(later <= 1024, "{later} KiB");
    println!("own at first {first} KiB, after 20 MB {later} KiB");
    client.write_all(b"\n").unwrap();
    rest(&mut client);
    assert_eq!(monitor.finish(), "0");
}
