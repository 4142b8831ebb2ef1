//! The container's filter holds for exec processes, too, and its agent learns of each.

use super::{exec, outcome, says};
use crate::bundle::Bundle;
use crate::seccomp::agent::{notifying, receive};
use crate::seccomp::kernel::answer_one;
use nix::libc;
use serde_json::json;
use std::os::unix::net::{UnixListener, UnixStream};

fn started(bundle: &Bundle) {
    bundle.edit(|config| config["process"]["capabilities"]["ambient"] = json!([]));
    bundle.create();
    bundle.must(&["start"]);
}

#[test]
fn the_filter_of_the_container_is_in_force() {
    for no_new_privileges in [true, false] {
        let bundle = Bundle::new("filter", "exec sleep 1000");
        bundle.edit(|config| {
            config["process"]["noNewPrivileges"] = json!(no_new_privileges);
            config["linux"]["seccomp"] = json!({
                "defaultAction": "SCMP_ACT_ALLOW",
                "syscalls": [
                    {"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 99},
                    // Nothing of the runtime's between the filter and the program needs them.
                    {"names": ["setresuid", "setgroups", "close_range", "sendto"], "action": "SCMP_ACT_ERRNO"},
                ],
            });
        });
        started(&bundle);
        assert_eq!(says(&bundle, &[], "exit 0"), "");
        let output = outcome(&bundle, &[], &["busybox", "mkdir", "/made"]);
        assert_eq!(output.status.code(), Some(1));
        assert!(!bundle.file("rootfs/made").exists());
        let status = outcome(
            &bundle,
            &[],
            &[
                "sh",
                "-c",
                "test $(busybox grep -c 'Seccomp:.2' /proc/self/status) = 1",
            ],
        );
        assert_eq!(
            status.status.code(),
            Some(0),
            "noNewPrivileges {no_new_privileges}"
        );
    }
}

#[test]
fn the_agent_learns_of_the_process_and_of_its_container() {
    let bundle = notifying("exec-agent", "exec sleep 1000", "");
    let path = bundle.file("agent.sock");
    bundle.edit(|config| config["linux"]["seccomp"]["listenerPath"] = json!(path));
    let socket = UnixListener::bind(&path).unwrap();
    std::thread::scope(|scope| {
        let create = scope.spawn(|| started(&bundle));
        let (of_init, _init_listener) = receive(&socket);
        create.join().unwrap();
        let exec = scope.spawn(|| {
            let mut exec = exec(
                &bundle,
                &[],
                &["sh", "-c", "mkdir /made && test ! -e /made && echo pretended"],
            );
            let output = exec.output().unwrap();
            // Whoever still waits for the runtime to connect waits in vain.
            drop(UnixStream::connect(&path));
            output
        });
        let (state, listener) = receive(&socket);
        assert_eq!(state["fds"], json!(["seccompFd"]));
        assert_eq!(
            state["state"]["pid"], of_init["pid"],
            "the container's state has its init"
        );
        assert_ne!(state["pid"], of_init["pid"]);
        assert_eq!(state["state"]["status"], "running");
        let parent = std::fs::read_to_string(format!("/proc/{}/status", state["pid"])).unwrap();
        assert!(
            parent.contains("NSpid:"),
            "the pid is the runtime's view: {parent}"
        );
        answer_one(&listener, libc::SYS_mkdir, 0);
        let output = exec.join().unwrap();
        assert_eq!(
            String::from_utf8_lossy(&output.stdout),
            "pretended\n",
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    });
}
