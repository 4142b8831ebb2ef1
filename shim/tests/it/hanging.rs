//! A runtime that does not end: nothing waits for it for ever, and no exit code is lost to it.

use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::attach::Client;
use crate::exec::ask_for;
use crate::fixture::{Bundle, PATIENCE, Process};
use crate::start_failures::wrapper;

/// A runtime that does what crun does, but at `verb` first runs `before` and then tells so and waits for ever.
pub fn hanging_at(bundle: &Bundle, verb: &str, before: &str) -> PathBuf {
    let fifo = reached(bundle);
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let never = bundle.path().join("never");
    nix::unistd::mkfifo(&never, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let instead = format!(
        "{before}\necho >{}; read go <>{}",
        fifo.display(),
        never.display()
    );
    wrapper(bundle, verb, &instead)
}

fn reached(bundle: &Bundle) -> PathBuf {
    bundle.path().join("reached")
}

pub fn wait_until_reached(bundle: &Bundle) {
    let mut text = String::new();
    std::fs::File::open(reached(bundle))
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
}

#[test]
fn a_delete_that_hangs_keeps_no_shim_and_no_client() {
    let bundle = Bundle::sh("exit 9");
    let runtime = hanging_at(&bundle, "delete", "crun \"$@\"");
    let mut shim = bundle
        .shim(Path::new("crun"))
        .through(runtime)
        .args(&["--runtime-timeout=2"])
        .spawn();
    wait_until_reached(&bundle);
    // Who comes during `delete` is told the end at once.
    let told = Client::all(&shim.dir).rest().exited.expect("the record");
    assert_eq!(told["exit_code"], 9);
    assert_eq!(shim.finish(), told);
}

#[test]
fn a_create_that_hangs_ends_after_its_caller_went() {
    let bundle = Bundle::sh("echo never");
    let runtime = hanging_at(&bundle, "create", "");
    let mut shim = bundle
        .shim(Path::new("crun"))
        .through(runtime)
        .args(&["--hold", "--runtime-timeout=1"])
        .spawn();
    wait_until_reached(&bundle);
    shim.control = None;
    assert_eq!(shim.wait().code(), Some(1));
    shim.assert_nothing_left();
}

#[test]
fn a_start_that_hangs_ends_after_init_has() {
    let bundle = Bundle::sh("exit 3");
    let runtime = hanging_at(&bundle, "start", "crun \"$@\"");
    let mut shim = bundle
        .shim(Path::new("crun"))
        .through(runtime)
        .args(&["--runtime-timeout=1"])
        .spawn();
    assert_eq!(shim.message()["type"], "created");
    wait_until_reached(&bundle);
    let told = shim.finish_failed();
    assert_eq!(told["step"], json!("start"));
    assert!(
        told["message"].as_str().unwrap().contains("signal 9 ended"),
        "{told}"
    );
}

/// The runtime had begun the process: it went on in the container, with nobody at its streams.
#[test]
fn an_exec_that_hangs_takes_with_it_what_it_started() {
    let bundle = Bundle::sh("sleep 1000");
    let runtime = hanging_at(&bundle, "exec", "crun \"$@\"");
    let mut shim = bundle
        .shim(Path::new("crun"))
        .through(runtime)
        .args(&["--runtime-timeout=2"])
        .created();
    shim.start();
    let mut client = ask_for(&shim, "hangs", &["sleep", "1000"]);
    wait_until_reached(&bundle);
    let pid = std::fs::read_to_string(shim.dir.join("exec-hangs.pid")).unwrap();
    let process = Process::open(pid.trim().parse().unwrap());
    assert!(client.rest().failed.is_some());
    assert!(process.ended(PATIENCE));
    shim.forward(9, &shim.state());
    assert_eq!(shim.finish()["exit_code"], 137);
}
