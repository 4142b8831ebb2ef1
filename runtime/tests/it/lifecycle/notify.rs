//! Containers of a service manager: what they say of themselves reaches it (sd_notify(3)).

use crate::bundle::{Bundle, RUNTIME};
use serde_json::json;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// It says that it runs, and where it may notify.
const SCRIPT: &str = "echo $NOTIFY_SOCKET; exec sleep 1000";

/// A service manager, and what it hears.
struct Manager(UnixDatagram);

impl Manager {
    fn of(bundle: &Bundle) -> Self {
        Self::at(&SocketAddr::from_pathname(bundle.file("manager.sock")).unwrap())
    }

    fn at(address: &SocketAddr) -> Self {
        let socket = UnixDatagram::bind_addr(address).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        Self(socket)
    }

    /// The next notification. Descriptors with it are not received, and therefore closed.
    fn hears(&self) -> String {
        let mut text = [0; 256];
        let length = self.0.recv(&mut text).unwrap();
        String::from_utf8(text[..length].to_vec()).unwrap()
    }
}

fn told(bundle: &Bundle, args: &[&str]) -> Command {
    let mut command = bundle.command(args);
    command.arg(bundle.id()).stdout(Stdio::piped());
    command.env("NOTIFY_SOCKET", bundle.file("manager.sock"));
    command
}

/// Returns when the program runs.
fn runs(child: &mut Child) {
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert_eq!(line, "/run/notify/notify.sock\n");
}

/// What the container's program would say, through its own view of the socket.
fn say(bundle: &Bundle, text: &str) {
    let inside = format!("/proc/{}/root/run/notify/notify.sock", bundle.state()["pid"]);
    let socket = UnixDatagram::unbound().unwrap();
    socket.send_to(text.as_bytes(), inside).unwrap();
}

fn kill(bundle: &Bundle) {
    let killed = bundle.command(&["kill", bundle.id(), "KILL"]).status().unwrap();
    assert!(killed.success());
}

/// From the first word of the container to the end of the command that started it.
fn becomes_ready(bundle: &Bundle, manager: &Manager, mut starting: Child) {
    runs(&mut starting);
    say(bundle, "STATUS=loading");
    say(bundle, "MAINPID=1\nREADY=0");
    assert_eq!(starting.try_wait().unwrap(), None);
    say(bundle, "STATUS=loaded\nREADY=1\nMAINPID=1");
    assert_eq!(
        manager.hears(),
        format!("READY=1\nMAINPID={}", bundle.state()["pid"])
    );
    assert_eq!(manager.hears(), "BARRIER=1");
    assert!(starting.wait().unwrap().success());
    assert_eq!(bundle.status(), "running");
}

#[test]
fn a_detached_run_returns_when_the_container_is_ready() {
    let bundle = Bundle::new("notify-run", SCRIPT);
    let manager = Manager::of(&bundle);
    let run = told(&bundle, &["run", "--detach", "--pid-file", "pid"]).spawn();
    becomes_ready(&bundle, &manager, run.unwrap());
    let pid = fs::read_to_string(bundle.file("pid")).unwrap();
    assert_eq!(pid, bundle.state()["pid"].to_string());
}

#[test]
fn start_returns_when_the_container_is_ready() {
    let bundle = Bundle::new("notify-start", SCRIPT);
    // The user namespace's root makes the missing directories.
    std::os::unix::fs::chown(bundle.file("rootfs"), Some(100_000), Some(100_000)).unwrap();
    bundle.edit(|config| {
        config["root"]["readonly"] = json!(true);
        let map = json!([{"containerID": 0, "hostID": 100_000, "size": 65536}]);
        config["linux"]["uidMappings"] = map.clone();
        config["linux"]["gidMappings"] = map;
        let namespaces = config["linux"]["namespaces"].as_array_mut().unwrap();
        namespaces.push(json!({"type": "user"}));
    });
    let manager = Manager::of(&bundle);
    // The container writes to what create was given.
    let mut create = told(&bundle, &["create"]).spawn().unwrap();
    let output = create.stdout.take();
    assert!(create.wait().unwrap().success());
    let mut start = told(&bundle, &["start"]).spawn().unwrap();
    start.stdout = output;
    becomes_ready(&bundle, &manager, start);
}

#[test]
fn a_container_that_ends_unready_keeps_nobody_waiting() {
    let bundle = Bundle::new("notify-end", SCRIPT);
    let _manager = Manager::of(&bundle);
    let mut run = told(&bundle, &["run", "--detach"]).spawn().unwrap();
    runs(&mut run);
    // Other commands are not kept waiting either.
    kill(&bundle);
    assert!(run.wait().unwrap().success());
    super::wait_for_end(&bundle);
    assert_eq!(bundle.status(), "stopped");
}

#[test]
fn run_in_the_foreground_stays_the_services_main_process() {
    let bundle = Bundle::new("notify-stay", SCRIPT);
    let manager = Manager::of(&bundle);
    let mut run = told(&bundle, &["run"]).spawn().unwrap();
    runs(&mut run);
    say(&bundle, "READY=1\nMAINPID=1");
    assert_eq!(manager.hears(), format!("READY=1\nMAINPID={}", run.id()));
    kill(&bundle);
    assert_eq!(run.wait().unwrap().code(), Some(137));
    assert_eq!(bundle.leftovers(), [""; 0]);
}

#[test]
fn a_service_manager_may_have_an_abstract_socket() {
    let bundle = Bundle::new("notify-abstract", SCRIPT);
    let manager = Manager::at(&SocketAddr::from_abstract_name(bundle.id()).unwrap());
    let mut run = told(&bundle, &["run", "--detach"]);
    run.env("NOTIFY_SOCKET", format!("@{}", bundle.id()));
    becomes_ready(&bundle, &manager, run.spawn().unwrap());
}

#[test]
fn an_address_that_is_none_is_told_and_ignored() {
    let bundle = Bundle::new("notify-none", "echo \"[$NOTIFY_SOCKET]\"");
    let mut run = told(&bundle, &["run"]);
    let output = run.env("NOTIFY_SOCKET", "vsock:2:1").output().unwrap();
    assert_eq!(output.stdout, b"[]\n");
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(
        errors.contains("NOTIFY_SOCKET") && errors.contains("ignored"),
        "{errors}"
    );
}

#[test]
fn a_container_created_without_a_service_manager_is_started_at_once() {
    let bundle = Bundle::new("notify-late", SCRIPT);
    bundle.create();
    assert!(told(&bundle, &["start"]).status().unwrap().success());
    assert_eq!(bundle.status(), "running");
}

/// What is mounted from there was looked for in the bundle.
#[test]
fn a_relative_root_is_the_callers() {
    let bundle = Bundle::new("notify-root", "busybox stat -c %F $NOTIFY_SOCKET");
    let elsewhere = bundle.file("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    let mut run = Command::new(RUNTIME);
    run.args(["--root", "../state", "run", "--bundle", "..", bundle.id()]);
    run.env("NOTIFY_SOCKET", "@nobody").stdin(Stdio::null());
    let output = run.current_dir(&elsewhere).output().unwrap();
    assert_eq!(
        output.stdout,
        b"socket\n",
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// A privileged container can make the mount writable.
#[test]
fn what_a_container_leaves_beside_its_socket_is_removed() {
    let bundle = Bundle::new("notify-left", SCRIPT);
    let mut create = told(&bundle, &["create"]);
    assert!(create.stdout(Stdio::null()).status().unwrap().success());
    let place = bundle.file("state").join(bundle.id()).join("notify");
    fs::create_dir_all(place.join("notify.sock/in/the/way")).unwrap();
    fs::write(place.join("notify.sock/file"), "").unwrap();
    bundle.must(&["delete", "--force"]);
    assert_eq!(bundle.leftovers(), [""; 0]);
}
