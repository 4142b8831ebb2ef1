//! containerd's shim under its own name, with a stand-in for containerd: what goes wrong is answered, ended and told.

use std::collections::HashMap;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use corten_shim::ttrpc::frame::{Inbox, REQUEST, encode};
use corten_shim::ttrpc::rpc::{Request, decode_answer};
use corten_shim::ttrpc::wire::{Any, Message, fields};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use crate::fixture::{Bundle, PATIENCE, Process, UNIFIED, script};

/// What a request brought, or why it was refused.
type Answer = Result<Vec<u8>, String>;

/// A runtime that knows no containers: `create` starts a process, `exec` does what the test says, `delete` and `kill` kill
/// whatever has left its number in the bundle. The variable `pid` is the file for a number.
fn runtime(bundle: &Bundle, exec: &str) -> PathBuf {
    let path = bundle.path().join("runtime.sh");
    let text = format!(
        "#!/bin/sh\nwhile [ $# -gt 0 ]; do case $1 in --pid-file) pid=$2;; create|exec|start|delete|kill) verb=$1;; esac; \
         shift; done\ncd {}\ncase $verb in\ncreate) sleep 1000 </dev/null >/dev/null 2>&1 & echo $! >\"$pid\";;\n\
         exec) {exec};;\ndelete|kill) kill -9 $(cat init.pid again.pid) 2>/dev/null; true;;\nesac\n",
        bundle.path().display()
    );
    script(&path, &text);
    path
}

/// A shim, and a connection to it.
struct Shim<'a> {
    bundle: &'a Bundle,
    socket: UnixStream,
    inbox: Inbox,
    last: u32,
    /// Answers that nobody has asked for yet, and the order in which they came.
    answers: HashMap<u32, Answer>,
    order: Vec<u32>,
}

impl<'a> Shim<'a> {
    /// Starts it as containerd does, in a bundle.
    fn start(bundle: &'a Bundle) -> Self {
        bundle.write();
        let program = bundle.path().join("containerd-shim-corten-v2");
        symlink(env!("CARGO_BIN_EXE_corten-shim"), &program).unwrap();
        let output = Command::new("unshare")
            .args(["-m", "sh", "-c", UNIFIED, "sh"])
            .arg(&program)
            .args(["-namespace", "test", "-id", &bundle.id, "-address"])
            .arg(bundle.path().join("c.sock"))
            .arg("start")
            .current_dir(bundle.path())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        let address = String::from_utf8(output.stdout).unwrap();
        let socket = UnixStream::connect(address.trim().strip_prefix("unix://").unwrap()).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Self {
            bundle,
            socket,
            inbox: Inbox::default(),
            last: 0,
            answers: HashMap::new(),
            order: Vec::new(),
        }
    }

    fn kill(&self) {
        let pid = fs::read_to_string(self.bundle.path().join("shim.pid")).unwrap();
        let _ = kill(Pid::from_raw(pid.parse().unwrap()), Signal::SIGKILL);
    }

    /// Asks, and does not wait.
    fn ask(&mut self, method: &str, payload: Message, timeout: Duration) -> u32 {
        self.last += 2;
        let request = Request {
            service: "containerd.task.v2.Task".to_owned(),
            method: method.to_owned(),
            payload: payload.into_bytes(),
            timeout: u64::try_from(timeout.as_nanos()).unwrap(),
        };
        let frame = encode(self.last - 1, REQUEST, &request.encode());
        self.socket.write_all(&frame).unwrap();
        self.last - 1
    }

    fn answer(&mut self, stream: u32) -> Answer {
        loop {
            if let Some(answer) = self.answers.remove(&stream) {
                return answer;
            }
            let mut bytes = [0; 4096];
            let length = self.socket.read(&mut bytes).expect("an answer in time");
            assert!(length > 0, "the shim has gone");
            self.inbox.push(&bytes[..length]);
            while let Some(frame) = self.inbox.next_frame().unwrap() {
                self.order.push(frame.stream);
                self.answers
                    .insert(frame.stream, decode_answer(&frame.payload).unwrap());
            }
        }
    }

    fn call(&mut self, method: &str, payload: Message) -> Answer {
        let stream = self.ask(method, payload, Duration::ZERO);
        self.answer(stream)
    }

    /// Makes the container, with the root file system of the bundle's mount list if `rootfs` says so.
    fn create(&mut self, runtime: &Path, stdio: &Streams, rootfs: bool) -> Answer {
        let options = Any {
            type_url: "containerd.runc.v1.Options".to_owned(),
            value: Message::new().text(6, runtime.to_str().unwrap()).into_bytes(),
        };
        let mount = |mount: &Value| {
            let message = Message::new().text(1, mount["type"].as_str().unwrap());
            let message = message.text(2, mount["source"].as_str().unwrap());
            let options = mount["options"].as_array().unwrap().iter();
            options.fold(message, |message, option| {
                message.text(4, option.as_str().unwrap())
            })
        };
        let mounts = self.bundle.mounts.as_array().unwrap().iter().filter(|_| rootfs);
        let message = Message::new()
            .text(1, &self.bundle.id)
            .text(2, self.bundle.path().to_str().unwrap())
            .messages(3, mounts.map(mount));
        let message = stdio.append(message, [4, 5, 6]);
        self.call("Create", message.message(10, &options.encode()))
    }

    /// The container, or the process `exec` beside it.
    fn target(&self, exec: &str) -> Message {
        Message::new().text(1, &self.bundle.id).text(2, exec)
    }

    /// Makes a process known; with a program that takes its output, if one is named.
    fn exec(&mut self, exec: &str, stdout: &str) {
        let spec = Any {
            type_url: "x".to_owned(),
            value: b"{}".to_vec(),
        };
        let message = self.target(exec).text(5, stdout).message(7, &spec.encode());
        self.call("Exec", message).unwrap();
    }

    /// Starts it, and returns its number.
    fn run(&mut self, exec: &str) -> i32 {
        let answer = self.call("Start", self.target(exec)).unwrap();
        i32::try_from(number(&answer, 1)).unwrap()
    }
}

impl Drop for Shim<'_> {
    fn drop(&mut self) {
        self.kill();
        let numbers = fs::read_dir(self.bundle.path()).unwrap().flatten();
        for file in numbers.filter(|file| file.path().extension().is_some_and(|ending| ending == "pid")) {
            let pid = fs::read_to_string(file.path()).unwrap_or_default();
            let pid = pid.trim().parse().unwrap_or(i32::MAX);
            let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
        let _ = Command::new("umount")
            .arg("-l")
            .arg(self.bundle.path().join("rootfs"))
            .stderr(Stdio::null())
            .status();
    }
}

/// Where streams go.
#[derive(Default)]
struct Streams {
    terminal: bool,
    stdin: &'static str,
    stdout: &'static str,
}

impl Streams {
    fn append(&self, message: Message, [terminal, stdin, stdout]: [u32; 3]) -> Message {
        let message = message.number(terminal, self.terminal);
        message.text(stdin, self.stdin).text(stdout, self.stdout)
    }
}

fn number(message: &[u8], wanted: u32) -> u64 {
    let found = fields(message)
        .map(Result::unwrap)
        .find(|(field, _)| *field == wanted);
    found.map_or(0, |(_, value)| value.number())
}

/// A program for output that is never ready; it leaves its number.
fn slow_logger(bundle: &Bundle) -> String {
    let path = bundle.path().join("logger");
    let number = bundle.path().join("logger.pid");
    script(
        &path,
        &format!("#!/bin/sh\necho $$ >{}\nexec sleep 1000\n", number.display()),
    );
    format!("binary://{}", path.display())
}

/// The terminal's socket is read before the runtime ends; what was wrong then was forgotten.
#[test]
fn a_terminal_whose_output_has_no_place_is_refused() {
    let mut bundle = Bundle::sh("sleep 1000");
    bundle.config["process"]["terminal"] = true.into();
    let mut shim = Shim::start(&bundle);
    let stdio = Streams {
        terminal: true,
        stdout: "binary:///missing",
        ..Streams::default()
    };
    let refused = shim.create(Path::new("crun"), &stdio, true).unwrap_err();
    assert!(refused.contains("/missing"), "{refused}");
}

#[test]
fn an_exec_whose_logger_is_late_has_ended_and_can_be_deleted() {
    let bundle = Bundle::sh("");
    let logger = slow_logger(&bundle);
    let mut shim = Shim::start(&bundle);
    shim.create(&runtime(&bundle, "exit 1"), &Streams::default(), false)
        .unwrap();
    shim.exec("e", &logger);
    let wait = shim.ask("Wait", shim.target("e"), Duration::ZERO);
    let refused = shim.call("Start", shim.target("e")).unwrap_err();
    assert!(refused.contains("not ready"), "{refused}");
    assert_eq!(number(&shim.answer(wait).unwrap(), 1), 255);
    shim.call("Delete", shim.target("e")).unwrap();
    shim.exec("e", "");
}

#[test]
fn a_start_that_is_held_is_answered_when_its_container_goes() {
    let bundle = Bundle::sh("");
    let logger = slow_logger(&bundle);
    let mut shim = Shim::start(&bundle);
    shim.create(&runtime(&bundle, "exit 1"), &Streams::default(), false)
        .unwrap();
    let init = shim.run("");
    let started = bundle.path().join("logger.pid");
    nix::unistd::mkfifo(&started, nix::sys::stat::Mode::S_IRWXU).unwrap();
    shim.exec("e", &logger);
    let start = shim.ask("Start", shim.target("e"), Duration::ZERO);
    let logger = Process::open(fs::read_to_string(&started).unwrap().trim().parse().unwrap());
    fs::remove_file(started).unwrap();
    kill(Pid::from_raw(init), Signal::SIGKILL).unwrap();
    shim.call("Wait", shim.target("")).unwrap();
    shim.call("Delete", shim.target("")).unwrap();
    let refused = shim.answer(start).unwrap_err();
    assert!(refused.contains("removed"), "{refused}");
    assert!(logger.ended(PATIENCE));
}

/// An epoll set takes no /dev/null; the shim ended, and with it every container of the pod.
#[test]
fn a_stdin_that_is_no_fifo_is_refused_and_the_shim_lives_on() {
    let bundle = Bundle::sh("");
    let mut shim = Shim::start(&bundle);
    let stdio = Streams {
        stdin: "/dev/null",
        ..Streams::default()
    };
    let runtime = runtime(&bundle, "exit 1");
    let refused = shim.create(&runtime, &stdio, false).unwrap_err();
    assert!(refused.contains("no FIFO"), "{refused}");
    shim.create(&runtime, &Streams::default(), false).unwrap();
}

#[test]
fn a_start_that_took_too_long_leaves_no_process() {
    let bundle = Bundle::sh("");
    let reached = bundle.path().join("reached");
    nix::unistd::mkfifo(&reached, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let exec = "sleep 1000 & echo $! >\"$pid\"; echo $! >reached; exec sleep 1000";
    let mut shim = Shim::start(&bundle);
    shim.create(&runtime(&bundle, exec), &Streams::default(), false)
        .unwrap();
    shim.run("");
    shim.exec("e", "");
    let start = shim.ask("Start", shim.target("e"), Duration::from_secs(1));
    let pid: i64 = fs::read_to_string(reached).unwrap().trim().parse().unwrap();
    let process = Process::open(pid);
    let refused = shim.answer(start).unwrap_err();
    assert!(refused.contains("too long"), "{refused}");
    assert!(process.ended(PATIENCE));
}

/// A container without process ids of its own, whose other processes outlive the first: its number. One such, `e`, runs.
fn run_two(shim: &mut Shim<'_>, runtime: &Path) -> i32 {
    shim.create(runtime, &Streams::default(), false).unwrap();
    let init = shim.run("");
    shim.exec("e", "");
    shim.run("e");
    init
}

fn sharing_pids() -> (Bundle, PathBuf) {
    let mut bundle = Bundle::sh("");
    bundle.config["linux"]["namespaces"] = json!([{"type": "mount"}]);
    let exec = "sleep 1000 </dev/null >/dev/null 2>&1 & echo $! >\"$pid\"; cp \"$pid\" again.pid";
    let runtime = runtime(&bundle, exec);
    (bundle, runtime)
}

#[test]
fn the_end_of_a_container_is_told_after_that_of_its_processes() {
    let (bundle, runtime) = sharing_pids();
    let mut shim = Shim::start(&bundle);
    let init = run_two(&mut shim, &runtime);
    let waits = ["e", ""].map(|exec| shim.ask("Wait", shim.target(exec), Duration::ZERO));
    kill(Pid::from_raw(init), Signal::SIGKILL).unwrap();
    for wait in waits {
        assert_eq!(number(&shim.answer(wait).unwrap(), 1), 137);
    }
    assert!(shim.order.ends_with(&waits), "{:?} {waits:?}", shim.order);
}

/// Nobody ever learned of it while they lived.
#[test]
fn the_end_of_a_container_is_told_if_its_processes_cannot_be_killed() {
    let (bundle, runtime) = sharing_pids();
    let mut shim = Shim::start(&bundle);
    let init = run_two(&mut shim, &runtime);
    let wait = shim.ask("Wait", shim.target(""), Duration::ZERO);
    fs::remove_file(&runtime).unwrap();
    kill(Pid::from_raw(init), Signal::SIGKILL).unwrap();
    assert_eq!(number(&shim.answer(wait).unwrap(), 1), 137);
}

/// What `delete` says of how the container ended, after the shim was killed and `between` was done.
fn deleted(between: impl Fn(&Bundle) -> Option<Child>) -> u64 {
    let bundle = Bundle::sh("");
    let mut shim = Shim::start(&bundle);
    shim.create(&runtime(&bundle, "exit 1"), &Streams::default(), false)
        .unwrap();
    shim.run("");
    let own = fs::read_to_string(bundle.path().join("shim.pid")).unwrap();
    let own = Process::open(own.parse().unwrap());
    shim.kill();
    assert!(own.ended(PATIENCE));
    let other = between(&bundle);
    let output = Command::new(bundle.path().join("containerd-shim-corten-v2"))
        .args(["-namespace", "test", "-id", &bundle.id, "-address"])
        .arg(bundle.path().join("c.sock"))
        .arg("-bundle")
        .arg(bundle.path())
        .arg("delete")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    // The stand-in for a runtime killed whoever has the number.
    other.map(|mut other| other.wait().unwrap());
    number(&output.stdout, 2)
}

#[test]
fn an_end_that_nobody_saw_is_not_invented() {
    assert_eq!(deleted(|_| None), 137, "delete itself kills it");
    let reused = deleted(|bundle| {
        let file = bundle.path().join("init.pid");
        let init = fs::read_to_string(&file).unwrap().trim().parse().unwrap();
        let (ended, began) = (Process::open(init), start_time(init));
        kill(Pid::from_raw(i32::try_from(init).unwrap()), Signal::SIGKILL).unwrap();
        assert!(ended.ended(PATIENCE));
        // The number belongs to somebody else by now.
        let other = began_later(began);
        fs::write(file, other.id().to_string()).unwrap();
        Some(other)
    });
    assert_eq!(reused, 255);
}

/// A process that did not start in this clock tick: such ones cannot be told apart.
fn began_later(began: u64) -> Child {
    loop {
        let mut other = Command::new("sleep").arg("1000").spawn().unwrap();
        if start_time(other.id().into()) != began {
            return other;
        }
        other.kill().unwrap();
        other.wait().unwrap();
    }
}

/// When a process started, in clock ticks (field 22 of proc_pid_stat(5)).
fn start_time(pid: i64) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let (_, after_name) = stat.rsplit_once(')').unwrap();
    after_name.split_whitespace().nth(19).unwrap().parse().unwrap()
}

/// containerd's own score and one more, which was read of whoever was the parent by then.
#[test]
fn the_shim_is_killed_for_memory_a_little_before_containerd() {
    let bundle = Bundle::sh("");
    let mut shim = Shim::start(&bundle);
    // Whoever is answered is served by a shim that is ready.
    shim.call("Connect", shim.target("")).unwrap();
    let pid = fs::read_to_string(shim.bundle.path().join("shim.pid")).unwrap();
    let score = |process: &str| -> i32 {
        let text = fs::read_to_string(format!("/proc/{process}/oom_score_adj")).unwrap();
        text.trim().parse().unwrap()
    };
    assert_eq!(score(&pid), score("self") + 1);
}
