//! A profile that notifies: its agent gets the listener, and answers for the kernel.
#![allow(unsafe_code, reason = "the received descriptor is owned")]

use super::kernel::answer_one;
use crate::bundle::Bundle;
use nix::cmsg_space;
use nix::libc;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg};
use serde_json::{Value, json};
use std::io::IoSliceMut;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::{UnixListener, UnixStream};

/// A container whose profile leaves mkdir(2) to the agent at `path`.
pub(crate) fn notifying(name: &str, script: &str, path: &str) -> Bundle {
    let bundle = Bundle::new(name, script);
    std::os::unix::fs::symlink("busybox", bundle.file("rootfs/bin/mkdir")).unwrap();
    bundle.edit(|config| {
        config["linux"]["seccomp"] = json!({
            "defaultAction": "SCMP_ACT_ALLOW", "listenerPath": path, "listenerMetadata": "for the agent",
            "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_NOTIFY"}],
        });
    });
    bundle
}

/// What the runtime sends on a connection: the state and the listener.
pub(crate) fn receive(socket: &UnixListener) -> (Value, OwnedFd) {
    let (connection, _) = socket.accept().unwrap();
    let mut text = vec![0; 64 * 1024];
    let mut space = cmsg_space!(RawFd);
    let (length, fds) = {
        let mut parts = [IoSliceMut::new(&mut text)];
        let message = recvmsg::<()>(
            connection.as_raw_fd(),
            &mut parts,
            Some(&mut space),
            MsgFlags::MSG_CMSG_CLOEXEC,
        )
        .unwrap();
        let rights = message.cmsgs().unwrap().find_map(|message| match message {
            ControlMessageOwned::ScmRights(fds) => Some(fds),
            _ => None,
        });
        (message.bytes, rights.unwrap())
    };
    // SAFETY: recvmsg made the descriptor for this process.
    let listener = unsafe { OwnedFd::from_raw_fd(fds[0]) };
    (serde_json::from_slice(&text[..length]).unwrap(), listener)
}

#[test]
fn the_agent_learns_of_the_container_and_answers_for_the_kernel() {
    let bundle = notifying("agent", "mkdir /made && test ! -e /made && echo pretended", "");
    let path = bundle.file("agent.sock");
    bundle.edit(|config| config["linux"]["seccomp"]["listenerPath"] = json!(path));
    let socket = UnixListener::bind(&path).unwrap();
    let run = std::thread::scope(|scope| {
        let run = scope.spawn(|| {
            let output = bundle.call(&["run"]);
            // Whoever still waits for the runtime to connect waits in vain.
            drop(UnixStream::connect(&path));
            output
        });
        let (state, listener) = receive(&socket);
        assert_eq!(state["fds"], json!(["seccompFd"]));
        assert_eq!(state["metadata"], "for the agent");
        assert_eq!(state["state"]["id"], bundle.id());
        assert_eq!(state["state"]["bundle"], bundle.path().to_str().unwrap());
        assert!(
            state["pid"].as_i64().unwrap() > 1 && state["pid"] == state["state"]["pid"],
            "{state}"
        );
        answer_one(&listener, libc::SYS_mkdir, 0);
        run.join().unwrap()
    });
    assert_eq!(
        String::from_utf8_lossy(&run.stdout),
        "pretended\n",
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );
}

#[test]
fn without_an_agent_nothing_is_created() {
    for path in ["/nonexistent/agent.sock", "", "@abstract"] {
        let bundle = notifying("no-agent", "true", path);
        let output = bundle.call(&["create"]);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            !output.status.success() && error.contains("seccomp agent"),
            "{error}"
        );
        assert_eq!(bundle.leftovers(), [""; 0]);
    }
}
