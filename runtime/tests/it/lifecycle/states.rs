//! The states of a container, and the error of every wrong step between them.

use super::wait_for_end;
use crate::bundle::Bundle;
use corten_runtime::sys::console::receive_descriptor;
use nix::sys::socket::{AddressFamily, Backlog, SockFlag, SockType, UnixAddr, bind, listen, socket};
use serde_json::json;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Command, Stdio};

const FOREVER: &str = "exec sleep 1000";

#[test]
fn a_container_is_created_runs_stops_and_is_gone() {
    let bundle = Bundle::new("states", "exit 7");
    bundle.edit(|config| config["annotations"] = json!({"org.example.key": "value"}));
    bundle.create();
    let created = bundle.state();
    assert_eq!(created["status"], "created");
    assert_eq!(created["id"], bundle.id());
    assert_eq!(created["bundle"], bundle.path().to_str().unwrap());
    assert_eq!(created["rootfs"], bundle.file("rootfs").to_str().unwrap());
    assert_eq!(created["annotations"]["org.example.key"], "value");
    assert!(created["pid"].as_i64().unwrap() > 1);
    bundle.must(&["start"]);
    wait_for_end(&bundle);
    let stopped = bundle.state();
    assert_eq!(
        (&stopped["status"], &stopped["pid"]),
        (&json!("stopped"), &json!(0))
    );
    bundle.must(&["delete"]);
    assert_eq!(bundle.leftovers(), [""; 0]);
    assert_eq!(
        bundle.refused(&["state"]),
        format!("container does not exist: {:?}", bundle.id())
    );
}

#[test]
fn a_running_container_can_only_be_killed_or_deleted_by_force() {
    let bundle = Bundle::new("running", FOREVER);
    bundle.create();
    bundle.must(&["start"]);
    assert_eq!(bundle.status(), "running");
    let id = bundle.id();
    assert_eq!(
        bundle.refused(&["start"]),
        format!("cannot start an already running container: {id:?} is running")
    );
    assert_eq!(
        bundle.refused(&["create"]),
        format!("container with id exists: {id}")
    );
    assert_eq!(
        bundle.refused(&["run"]),
        format!("container with id exists: {id}")
    );
    assert_eq!(
        bundle.refused(&["delete"]),
        format!("cannot delete container {id} that is not stopped: running")
    );
    assert_eq!(bundle.status(), "running");
    bundle.must(&["delete", "--force"]);
    assert_eq!(bundle.leftovers(), [""; 0]);
}

#[test]
fn a_stopped_container_can_only_be_deleted() {
    let bundle = Bundle::new("stopped", "true");
    bundle.create();
    bundle.must(&["start"]);
    wait_for_end(&bundle);
    let id = bundle.id();
    assert_eq!(
        bundle.refused(&["start"]),
        format!("cannot start a container that has stopped: {id:?}")
    );
    assert_eq!(
        bundle.refused(&["kill"]),
        format!("container not running: {id:?} is stopped")
    );
    assert_eq!(
        bundle.refused(&["ps"]),
        format!("container not running: {id:?} is stopped")
    );
    bundle.must(&["kill", "--all"]);
    bundle.must(&["delete"]);
}

#[test]
fn a_created_container_can_be_killed_and_deleted() {
    let bundle = Bundle::new("created", FOREVER);
    bundle.create();
    bundle.must(&["delete"]);
    assert_eq!(bundle.leftovers(), [""; 0]);
    bundle.create();
    // The waiting process is pid 1 of its namespace: the kernel drops signals that it does not handle.
    assert!(
        bundle
            .command(&["kill", bundle.id(), "KILL"])
            .status()
            .unwrap()
            .success()
    );
    wait_for_end(&bundle);
    assert_eq!(bundle.status(), "stopped");
}

#[test]
fn an_absent_container_is_an_error_for_every_command_but_delete_by_force() {
    let bundle = Bundle::new("absent", "true");
    let expected = format!("container does not exist: {:?}", bundle.id());
    for verb in ["state", "start", "kill", "delete", "ps"] {
        assert_eq!(bundle.refused(&[verb]), expected);
    }
    bundle.must(&["delete", "--force"]);
}

#[test]
fn kill_takes_names_and_numbers() {
    for signal in ["9", "KILL", "SIGKILL"] {
        let bundle = Bundle::new("signals", FOREVER);
        bundle.create();
        bundle.must(&["start"]);
        let killed = bundle.command(&["kill", bundle.id(), signal]).status().unwrap();
        assert!(killed.success());
        wait_for_end(&bundle);
        assert_eq!(bundle.status(), "stopped");
    }
}

#[test]
fn kill_of_an_unknown_signal_changes_nothing() {
    let bundle = Bundle::new("nosignal", FOREVER);
    bundle.create();
    let output = bundle.command(&["kill", bundle.id(), "NOSUCH"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stderr.starts_with(b"unknown signal \"NOSUCH\""));
    assert_eq!(bundle.status(), "created");
}

#[test]
fn ps_and_list_show_a_running_container() {
    let bundle = Bundle::new("shown", FOREVER);
    bundle.create();
    bundle.must(&["start"]);
    let pid = bundle.state()["pid"].as_i64().unwrap();
    assert_eq!(bundle.must(&["ps", "--format", "json"]), format!("[{pid}]\n"));
    let table = bundle.must(&["ps"]);
    assert!(table.contains("sleep 1000"), "{table}");
    let listed = bundle.command(&["list", "--format", "json"]).output().unwrap();
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!(listed[0]["id"], bundle.id());
    assert_eq!(listed[0]["status"], "running");
    assert_eq!(listed[0]["owner"], "root");
}

#[test]
fn the_pid_file_is_relative_to_the_caller() {
    let bundle = Bundle::new("pidfile", FOREVER);
    let elsewhere = bundle.file("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    let mut create = bundle.command(&["create", bundle.id(), "--pid-file", "pid", "--bundle", ".."]);
    assert!(
        create
            .current_dir(&elsewhere)
            .stdout(Stdio::null())
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(
        fs::read_to_string(elsewhere.join("pid")).unwrap(),
        bundle.state()["pid"].to_string()
    );
}

#[test]
fn run_exits_as_its_program_does() {
    for (script, code) in [("exit 0", 0), ("exit 1", 1), ("exit 42", 42)] {
        let bundle = Bundle::new("codes", script);
        assert_eq!(bundle.call(&["run"]).status.code(), Some(code));
        assert_eq!(bundle.leftovers(), [""; 0]);
    }
}

#[test]
fn run_passes_standard_output_and_error_through() {
    let bundle = Bundle::new("output", "echo out; echo err >&2");
    let output = bundle.call(&["run"]);
    assert_eq!(
        (&output.stdout[..], &output.stderr[..]),
        (&b"out\n"[..], &b"err\n"[..])
    );
}

#[test]
fn run_keep_leaves_a_stopped_container() {
    let bundle = Bundle::new("keep", "exit 3");
    assert_eq!(bundle.call(&["run", "--keep"]).status.code(), Some(3));
    assert_eq!(bundle.status(), "stopped");
    bundle.must(&["delete"]);
}

#[test]
fn run_detach_returns_while_the_program_runs() {
    let bundle = Bundle::new("detach", FOREVER);
    let mut run = bundle.command(&["run", "--detach", bundle.id()]);
    assert!(
        run.stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(bundle.status(), "running");
}

#[test]
fn a_missing_program_fails_run_and_leaves_nothing() {
    let bundle = Bundle::new("missing", "");
    bundle.edit(|config| config["process"]["args"] = json!(["/no/such/program"]));
    let message = bundle.refused(&["run"]);
    assert!(message.contains("/no/such/program"), "{message}");
    assert_eq!(bundle.leftovers(), [""; 0]);
}

#[test]
fn terminals_and_console_sockets_belong_together() {
    let bundle = Bundle::new("console", "true");
    assert_eq!(
        bundle.refused(&["create", "--console-socket", "socket"]),
        "cannot use console socket if the runtime will not detach or allocate tty"
    );
    bundle.edit(|config| config["process"]["terminal"] = json!(true));
    assert_eq!(
        bundle.refused(&["create"]),
        "cannot allocate tty if the runtime will detach without setting console socket"
    );
    assert_eq!(bundle.leftovers(), [""; 0]);
}

#[test]
fn poststop_hooks_run_once_after_a_failed_create_and_after_delete() {
    let bundle = Bundle::new("poststop", "true");
    let log = bundle.file("hooks.log");
    let hook = |kind: &str| json!([{"path": "/bin/sh", "args": ["sh", "-c", format!("echo {kind} >> {}", log.display())]}]);
    bundle.edit(|config| {
        config["hooks"] = json!({"poststop": hook("poststop"), "poststart": hook("poststart")});
    });
    bundle.call(&["run"]);
    assert_eq!(fs::read_to_string(&log).unwrap(), "poststart\npoststop\n");
    fs::remove_file(&log).unwrap();
    bundle.edit(|config| config["process"]["args"] = json!(["/no/such/program"]));
    bundle.refused(&["create"]);
    assert_eq!(fs::read_to_string(&log).unwrap(), "poststop\n");
}

#[test]
fn the_last_error_line_of_the_json_log_is_the_reason() {
    let bundle = Bundle::new("log", "true");
    let log = bundle.file("log.json");
    let output = bundle
        .command(&["state", bundle.id()])
        .env_clear()
        .output()
        .unwrap();
    let mut logged = Command::new(crate::bundle::RUNTIME);
    logged
        .arg("--root")
        .arg(bundle.file("state"))
        .arg("--log")
        .arg(&log)
        .args(["--log-format", "json", "state", bundle.id()]);
    assert_eq!(logged.output().unwrap().status.code(), Some(1));
    let lines = fs::read_to_string(&log).unwrap();
    let last: serde_json::Value = serde_json::from_str(lines.lines().last().unwrap()).unwrap();
    assert_eq!(last["level"], "error");
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .starts_with(last["msg"].as_str().unwrap())
    );
}

#[test]
fn a_wrong_command_line_is_in_the_log_too() {
    let bundle = Bundle::new("log-usage", "true");
    for wrong in [
        &["state", "--nonsense", "c"][..],
        &["state"],
        &["no-such-verb"],
        &["--rootless=maybe", "list"],
    ] {
        let log = bundle.file("log.json");
        let mut command = Command::new(crate::bundle::RUNTIME);
        command.arg("--log").arg(&log).args(["--log-format", "json"]);
        let output = command.args(wrong).output().unwrap();
        assert!(!output.status.success(), "{wrong:?}");
        let line: serde_json::Value = serde_json::from_slice(&fs::read(&log).unwrap()).unwrap();
        assert_eq!(line["level"], "error");
        let message = line["msg"].as_str().unwrap();
        assert!(
            output.stderr.starts_with(message.as_bytes()),
            "{wrong:?}: {message}"
        );
        fs::remove_file(log).unwrap();
    }
}

/// Its record would say otherwise: it is complete only when those who asked know of the process.
#[test]
fn the_program_of_a_run_that_was_killed_is_running() {
    let bundle = Bundle::new("run-killed", "echo runs; exec sleep 1000");
    // Nobody accepts, and one connection fills the queue: run waits until it can tell of the pidfd.
    let path = bundle.file("pidfd.sock");
    let _full = full_listener(&path);
    let mut run = bundle.command(&["run", "--detach", "--pidfd-socket", "pidfd.sock", bundle.id()]);
    let mut run = run.stdout(Stdio::piped()).spawn().unwrap();
    let mut line = [0; 5];
    run.stdout.take().unwrap().read_exact(&mut line).unwrap();
    run.kill().unwrap();
    run.wait().unwrap();
    assert_eq!(bundle.status(), "running");
    let message = bundle.refused(&["delete"]);
    assert!(message.contains("running"), "{message}");
}

/// Whoever hears the program, be it by its first word, finds it running, however long its `run` has still to write.
#[test]
fn a_program_is_running_before_its_run_has_put_that_on_record() {
    let bundle = Bundle::new(
        "run-held-up",
        "trap 'echo heard; exit' TERM; echo runs; while :; do sleep 1000 & wait; done",
    );
    let path = bundle.file("pidfd.sock");
    let _full = full_listener(&path);
    let mut run = bundle.command(&["run", "--detach", "--pidfd-socket", "pidfd.sock", bundle.id()]);
    let mut run = run.stdout(Stdio::piped()).spawn().unwrap();
    let mut output = BufReader::new(run.stdout.take().unwrap());
    assert_eq!(next_line(&mut output), "runs");
    assert_eq!(bundle.status(), "running");
    let pids: Vec<i64> = serde_json::from_str(&bundle.must(&["ps", "--format", "json"])).unwrap();
    assert!(
        pids.contains(&bundle.state()["pid"].as_i64().unwrap()),
        "{pids:?}"
    );
    let exec = ["exec", bundle.id(), "cat", "/proc/1/comm"];
    assert_eq!(bundle.command(&exec).output().unwrap().stdout, b"sh\n");
    let killed = bundle.command(&["kill", bundle.id(), "TERM"]).output().unwrap();
    assert!(
        killed.status.success(),
        "{}",
        String::from_utf8_lossy(&killed.stderr)
    );
    assert_eq!(next_line(&mut output), "heard");
    assert_eq!(run.try_wait().unwrap(), None, "it was held up all the time");
    run.kill().unwrap();
    run.wait().unwrap();
}

fn next_line(output: &mut impl BufRead) -> String {
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    line.trim_end().to_owned()
}

/// What is being made is not said to have ended, and can be killed.
#[test]
fn of_all_signals_a_creation_takes_kill() {
    let bundle = Bundle::new("creating", FOREVER);
    let hook = bundle.file("hook");
    nix::unistd::mkfifo(&hook, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let script = format!("echo hook >{0}; read line <{0}", hook.display());
    bundle.edit(|config| {
        config["hooks"] = json!({"createRuntime": [{"path": "/bin/sh", "args": ["sh", "-c", script]}]});
    });
    let errors = bundle.file("errors");
    let mut create = bundle.command(&["create", bundle.id()]);
    create
        .stdout(Stdio::null())
        .stderr(fs::File::create(&errors).unwrap());
    let mut create = create.spawn().unwrap();
    assert_eq!(fs::read_to_string(&hook).unwrap(), "hook\n");
    let status = bundle.state()["status"].clone();
    let [asked, killed] = ["TERM", "KILL"].map(|signal| {
        let kill = bundle.command(&["kill", bundle.id(), signal]).output().unwrap();
        String::from_utf8(kill.stderr).unwrap()
    });
    // First of all: should anything be wrong, nobody waits for the hook.
    fs::write(&hook, "go on\n").unwrap();
    let ended = create.wait().unwrap();
    assert_eq!(status, "creating");
    let refused = format!(
        "cannot signal a container that is being created: {:?}",
        bundle.id()
    );
    assert!(asked.starts_with(&refused), "{asked}");
    assert_eq!(killed, "");
    assert_eq!(ended.code(), Some(1));
    let errors = fs::read_to_string(errors).unwrap();
    assert!(errors.contains("SIGKILL"), "{errors}");
    assert_eq!(bundle.leftovers(), [""; 0]);
}

/// A socket whose next connection waits.
fn full_listener(path: &Path) -> (OwnedFd, UnixStream) {
    let socket = socket(
        AddressFamily::Unix,
        SockType::Stream,
        SockFlag::SOCK_CLOEXEC,
        None,
    )
    .unwrap();
    bind(socket.as_raw_fd(), &UnixAddr::new(path).unwrap()).unwrap();
    listen(&socket, Backlog::new(0).unwrap()).unwrap();
    let connected = UnixStream::connect(path).unwrap();
    (socket, connected)
}

/// The kernel keeps a signal from the init of a pid namespace that does not handle it.
#[test]
fn a_created_container_ends_by_the_signals_that_ask_for_it() {
    for signal in ["TERM", "QUIT"] {
        let bundle = Bundle::new("unstarted", FOREVER);
        bundle.create();
        let killed = bundle.command(&["kill", bundle.id(), signal]).status().unwrap();
        assert!(killed.success());
        wait_for_end(&bundle);
        assert_eq!(bundle.status(), "stopped", "{signal}");
    }
}

#[test]
fn who_asks_gets_a_descriptor_of_init() {
    let bundle = Bundle::new("pidfd", FOREVER);
    let socket = UnixListener::bind(bundle.file("pidfd.sock")).unwrap();
    let create = bundle.command(&["create", "--pidfd-socket", "pidfd.sock", bundle.id()]);
    let pidfd = std::thread::scope(|scope| {
        scope.spawn(|| quietly(create));
        receive_descriptor(socket.accept().unwrap().0.as_fd()).unwrap()
    });
    let facts = fs::read_to_string(format!("/proc/self/fdinfo/{}", pidfd.as_raw_fd())).unwrap();
    let pid = facts
        .lines()
        .find_map(|line| line.strip_prefix("Pid:\t"))
        .unwrap();
    assert_eq!(pid, bundle.state()["pid"].to_string());
}

fn quietly(mut command: Command) {
    assert!(command.stdout(Stdio::null()).status().unwrap().success());
}

#[test]
fn kill_9_reaches_all_who_share_the_hosts_pids() {
    let bundle = Bundle::new("kill-shared", "sleep 1000 & exec sleep 1000");
    bundle.edit(|config| {
        let namespaces = config["linux"]["namespaces"].as_array_mut().unwrap();
        namespaces.retain(|namespace| namespace["type"] != "pid");
    });
    bundle.create();
    bundle.must(&["start"]);
    let pids: Vec<i64> = serde_json::from_str(&bundle.must(&["ps", "--format", "json"])).unwrap();
    let killed = bundle.command(&["kill", bundle.id(), "KILL"]).status().unwrap();
    assert!(killed.success());
    for pid in pids {
        super::wait_for_process(pid, "a process");
    }
    bundle.must(&["delete"]);
}

#[test]
fn real_time_signals_reach_all() {
    let bundle = Bundle::new("real-time", FOREVER);
    bundle.create();
    bundle.must(&["start"]);
    let killed = bundle
        .command(&["kill", "--all", bundle.id(), "RTMIN+1"])
        .status()
        .unwrap();
    assert!(killed.success());
}
