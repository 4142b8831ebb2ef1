//! `checkpoint` killed at any moment, by strace at its n-th call that changes something.

use super::Saved;
use crate::lifecycle::wait_for_process;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

const CALLS: &str = "?mkdir,mkdirat,?unlink,unlinkat,?rename,renameat,?clone,?clone3,?fork,?vfork,sendmsg,sendto,write,\
    kill,?pidfd_send_signal";
/// More calls than a checkpoint makes.
const TOO_MANY: usize = 200;

#[test]
fn a_checkpoint_that_is_killed_leaves_what_delete_removes() {
    if Command::new("strace").arg("--version").output().is_err() {
        crate::skip("strace is not installed");
        return;
    }
    for n in 1..TOO_MANY {
        let Some(saved) = Saved::new(&format!("save-killed-{n}"), "exec sleep 1000") else {
            return;
        };
        saved.start();
        let checkpoint = saved.criu(&["checkpoint"]);
        let mut strace = Command::new("strace");
        strace
            .args(["--quiet=all", "-o", "/dev/null", "-e"])
            .arg(format!("trace={CALLS}"));
        strace
            .arg("-e")
            .arg(format!("inject={CALLS}:signal=SIGKILL:when={n}"));
        strace.arg(checkpoint.get_program()).args(checkpoint.get_args());
        strace.envs(
            checkpoint
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        );
        let strace = strace
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let status = strace.current_dir(saved.bundle.path()).status().unwrap();
        saved.bundle.must(&["delete", "--force"]);
        // CRIU works on until it notices that nobody listens, and nothing is left to save.
        for left in saved.bundle.leftovers() {
            if let Some(pid) = left.strip_prefix("process /proc/") {
                wait_for_process(pid.parse().unwrap(), "CRIU");
            }
        }
        assert_eq!(saved.bundle.leftovers(), [""; 0], "killed at call {n}");
        if status.signal().is_none() {
            assert!(status.success(), "{status}");
            assert!(n > 4, "only {} kills", n - 1);
            return;
        }
    }
    panic!("a checkpoint ends somewhere");
}
