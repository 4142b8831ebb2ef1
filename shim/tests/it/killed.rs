//! SIGKILL for the shim at every step: the container lives on where there is one, nothing is invented, and
//! what a caller does then leaves nothing.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use serde_json::json;

use crate::attach::{Client, EXITED};
use crate::fixture::{Bundle, PATIENCE, Process, Shim, script};

/// A runtime that stops before or after `verb` until the shim is dead, telling so through a fifo.
fn stopping_at(bundle: &Bundle, verb: &str, before: bool) -> std::path::PathBuf {
    let (path, fifo) = (bundle.path().join("wrapper"), bundle.path().join("reached"));
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
    // The second line is read when the test has killed the shim.
    let stop = format!("echo {verb} >{0}; read go <{0}", fifo.display());
    let (first, last) = if before {
        (stop.as_str(), "")
    } else {
        ("", stop.as_str())
    };
    let text = format!(
        "#!/bin/sh\nfor arg; do [ \"$arg\" = {verb} ] && found=1; done\n\
         [ -z \"$found\" ] && exec crun \"$@\"\n{first}\ncrun \"$@\"; code=$?\n{last}\nexit $code\n"
    );
    script(&path, &text);
    path
}

fn kill(shim: &mut Shim<'_>) {
    shim.child.kill().unwrap();
    shim.wait();
}

/// A caller finds the lock free and no record, and cleans up.
fn clean_up(bundle: &Bundle, shim: &Shim<'_>, args: &[&str]) {
    assert!(!shim.dir.join("exit.json").exists(), "no exit code is invented");
    let lock = fs::File::open(shim.dir.join("shim.lock")).unwrap();
    nix::fcntl::Flock::lock(lock, nix::fcntl::FlockArg::LockExclusiveNonblock).expect("the lock is free");
    shim.delete_by_hand();
    for name in ["attach.sock", "console.sock", "init.pid"] {
        let _ = fs::remove_file(shim.dir.join(name));
    }
    shim.assert_nothing_left();
    // The same bundle runs again.
    let record = bundle.shim(Path::new("crun")).args(args).run();
    assert_eq!(record["exit_code"], 8);
}

#[test]
fn at_every_step_of_the_runtime() {
    for verb in ["create", "start", "delete"] {
        for before in [true, false] {
            let bundle = Bundle::sh("exit 8");
            let runtime = stopping_at(&bundle, verb, before);
            let fifo = bundle.path().join("reached");
            let mut shim = bundle.shim(Path::new("crun")).through(runtime).spawn();
            let mut reached = String::new();
            fs::File::open(&fifo)
                .unwrap()
                .read_to_string(&mut reached)
                .unwrap();
            assert_eq!(reached, format!("{verb}\n"));
            kill(&mut shim);
            let runtime_process = wrapper_process(&fifo);
            fs::write(&fifo, "go\n").unwrap();
            assert!(runtime_process.ended(PATIENCE));
            if verb == "delete" {
                let record: serde_json::Value =
                    serde_json::from_slice(&fs::read(shim.dir.join("exit.json")).unwrap()).unwrap();
                assert_eq!(record["exit_code"], 8, "the record was there before delete");
                fs::remove_file(shim.dir.join("exit.json")).unwrap();
            }
            clean_up(&bundle, &shim, &[]);
        }
    }
}

/// The shell that waits at the fifo, named by its command line.
fn wrapper_process(fifo: &Path) -> Process {
    let wrapper = fifo.with_file_name("wrapper").display().to_string();
    let is_it = |pid: &i64| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).starts_with(&format!("/bin/sh\0{wrapper}\0"))
    };
    let pids = fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    Process::open(pids.into_iter().find(is_it).expect("the wrapper waits"))
}

#[test]
fn while_held() {
    let bundle = Bundle::sh("exit 8");
    let mut shim = bundle.shim(Path::new("crun")).created();
    let mut client = shim.attach();
    kill(&mut shim);
    assert!(client.rest().exited.is_none());
    clean_up(&bundle, &shim, &[]);
}

#[test]
fn while_it_runs_the_container_lives_on_and_can_be_found() {
    let bundle = Bundle::sh(
        "[ -e /second ] && exit 8; touch /second; trap '' PIPE; echo ready; while :; do sleep 1000; done",
    );
    let mut shim = bundle.shim(Path::new("crun")).created();
    let mut client = shim.attach();
    shim.start();
    client.until("ready\n");
    let state = shim.state();
    let init = Process::open(state["init_pid"].as_i64().unwrap());
    kill(&mut shim);
    assert!(client.rest().exited.is_none(), "no {EXITED} without a record");
    assert!(!init.ended(Duration::ZERO), "the container lives on");
    let stat = fs::read_to_string(format!("/proc/{}/stat", state["init_pid"])).unwrap();
    assert_eq!(
        json!(
            stat.rsplit(") ")
                .next()
                .unwrap()
                .split(' ')
                .nth(19)
                .unwrap()
                .parse::<u64>()
                .unwrap()
        ),
        state["init_start_time"]
    );
    shim.delete_by_hand();
    assert!(init.ended(PATIENCE));
    clean_up(&bundle, &shim, &[]);
}

#[test]
fn while_a_terminal_runs() {
    let mut bundle = Bundle::sh(
        "[ -e /second ] && exit 8; touch /second; trap '' HUP; echo ready; while :; do sleep 1000; done",
    );
    bundle.config["process"]["terminal"] = json!(true);
    let mut shim = bundle.shim(Path::new("crun")).args(&["--tty"]).created();
    let mut client = Client::connect(&shim.dir, &json!({"stdout": true}));
    shim.start();
    client.until("ready\r\n");
    kill(&mut shim);
    clean_up(&bundle, &shim, &["--tty"]);
}
