//! Options, refusals, and what a failure leaves: nothing.

use super::{Saved, make_fifos};
use crate::bundle::Bundle;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;
use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::process::Stdio;

#[test]
fn without_criu_the_error_says_what_to_install() {
    let bundle = Bundle::new("no-criu", "exec sleep 1000");
    bundle.create();
    bundle.must(&["start"]);
    let output = bundle
        .command(&["checkpoint", bundle.id()])
        .env("PATH", "/nowhere")
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        errors.contains("execve criu: no such file or directory"),
        "{errors}"
    );
    assert!(
        errors.contains("hint: checkpoint and restore are CRIU's work"),
        "{errors}"
    );
    assert_eq!(bundle.status(), "running");
}

#[test]
fn only_what_runs_can_be_saved() {
    let bundle = Bundle::new("unsaved", "true");
    bundle.create();
    assert_eq!(
        bundle.refused(&["checkpoint"]),
        "Container cannot be checkpointed in created state"
    );
    bundle.must(&["start"]);
    crate::lifecycle::wait_for_end(&bundle);
    assert_eq!(
        bundle.refused(&["checkpoint"]),
        "Container cannot be checkpointed in stopped state"
    );
}

#[test]
fn wrong_options_are_named() {
    let bundle = Bundle::new("options", "exec sleep 1000");
    bundle.create();
    bundle.must(&["start"]);
    for (option, message) in [
        (
            "--manage-cgroups-mode=other",
            "invalid manage-cgroups-mode value \"other\"",
        ),
        (
            "--empty-ns=ipc",
            "namespace \"ipc\" is not supported by --empty-ns",
        ),
        ("--page-server=here", "invalid --page-server \"here\""),
        (
            "--parent-path=/absolute",
            "invalid --parent-path /absolute: it must be relative",
        ),
        (
            "--parent-path=../nowhere",
            "invalid --parent-path ../nowhere: No such file or directory (os error 2)",
        ),
    ] {
        let error = bundle.refused(&["checkpoint", option]);
        assert!(error.ends_with(message), "{error}");
    }
    assert_eq!(bundle.status(), "running");
    bundle.must(&["delete", "--force"]);
    assert_eq!(
        bundle.refused(&["restore", "--console-socket", "x"]),
        "cannot use console socket if the runtime will not detach or allocate tty"
    );
}

#[test]
fn the_reason_in_criu_s_log_is_the_error_and_nothing_is_left() {
    let Some(saved) = Saved::new("broken", "exec sleep 1000") else {
        return;
    };
    saved.start();
    saved.checkpoint(&[]);
    fs::remove_file(saved.images().join("core-1.img")).unwrap();
    let errors = saved.refused(&["restore", "--detach"]);
    let first = errors
        .lines()
        .find(|line| line.starts_with("restore container"))
        .unwrap();
    assert!(first.contains("criu failed: Error (criu/"), "{errors}");
    assert!(errors.contains("/work/restore.log"), "{errors}");
    assert_eq!(saved.bundle.leftovers(), [""; 0]);
}

#[test]
fn what_criu_cannot_save_runs_on() {
    // A file of the machine that is open for writing, and of which CRIU knows nothing.
    let Some(saved) = Saved::new("open", "exec 5<>/outside/socket; sleep 1000 | exec sleep 1000") else {
        return;
    };
    fs::create_dir(saved.bundle.file("outside")).unwrap();
    saved.bundle.edit(|config| {
        // The stream of a shell job, which is nobody's without --shell-job: the session is the caller's.
        config["process"]["args"] = json!(["/bin/sh", "-c", "echo gone >/tmp-file; exec 5</tmp-file; busybox rm /tmp-file; busybox dd if=/dev/zero of=/big bs=1M count=2; exec 6</big; busybox rm /big; echo ready >/ready; exec sleep 1000"]);
    });
    make_fifos(&saved.bundle, &["ready"]);
    saved.start();
    fs::read_to_string(saved.bundle.file("rootfs/ready")).unwrap();
    let errors = saved.refused(&["checkpoint"]);
    assert!(errors.contains("criu failed: Error (criu/"), "{errors}");
    assert_eq!(saved.bundle.status(), "running");
}

#[test]
fn a_restore_that_is_killed_leaves_what_delete_removes() {
    let Some(saved) = Saved::new("killed", "exec sleep 1000") else {
        return;
    };
    saved.start();
    saved.checkpoint(&[]);
    let kill = json!([{"path": "/bin/sh", "args": ["sh", "-c", "kill -9 $PPID"]}]);
    saved
        .bundle
        .edit(|config| config["hooks"] = json!({"createRuntime": kill}));
    let mut restore = saved.criu(&["restore", "--detach"]);
    let status = restore
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(!status.success());
    saved.bundle.must(&["delete", "--force"]);
    assert_eq!(saved.bundle.leftovers(), [""; 0]);
    // A hook that fails does not kill: restore cleans up by itself.
    saved.bundle.edit(|config| {
        config["hooks"] = json!({"createRuntime": [{"path": "/bin/false"}]});
    });
    let errors = saved.refused(&["restore", "--detach"]);
    assert!(errors.contains("error running createRuntime hook #0"), "{errors}");
    assert_eq!(saved.bundle.leftovers(), [""; 0]);
}

#[test]
fn pre_dumps_are_made_where_the_kernel_tracks_memory() {
    let Some(saved) = Saved::new("pre-dump", "exec sleep 1000") else {
        return;
    };
    saved.start();
    let output = saved.criu(&["checkpoint", "--pre-dump"]).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(saved.bundle.status(), "running");
    if !output.status.success() {
        assert!(
            errors.starts_with(&format!(
                "checkpoint container {}: criu is missing features: [MemTrack]",
                saved.bundle.id()
            )),
            "{errors}"
        );
        return;
    }
    let mut second = saved
        .bundle
        .command(&["checkpoint", "--parent-path", "../images", "--image-path"]);
    second
        .env("PATH", super::path_with_criu().as_ref().unwrap())
        .arg(saved.bundle.file("second"));
    assert!(second.arg(saved.bundle.id()).status().unwrap().success());
    assert!(fs::exists(saved.bundle.file("second/parent")).unwrap());
}

#[test]
fn an_annotation_names_more_options_of_criu() {
    let Some(saved) = Saved::new("annotation", "exec sleep 1000") else {
        return;
    };
    let config = saved.bundle.file("criu.conf");
    fs::write(&config, "log-file other.log\n").unwrap();
    saved
        .bundle
        .edit(|all| all["annotations"] = json!({"org.criu.config": config}));
    saved.start();
    saved.checkpoint(&[
        "--tcp-established",
        "--file-locks",
        "--ext-unix-sk",
        "--shell-job",
        "--manage-cgroups-mode",
        "full",
    ]);
    assert!(fs::exists(saved.bundle.file("work/other.log")).unwrap());
}

#[test]
fn lazy_pages_are_announced_on_the_status_descriptor() {
    let Some(saved) = Saved::new("lazy", "exec sleep 1000") else {
        return;
    };
    saved.start();
    let errors = saved.refused(&["checkpoint", "--lazy-pages", "--status-fd", "77"]);
    if errors.contains("criu is missing features: [LazyPages]") {
        crate::skip("this kernel has no userfaultfd for CRIU");
        return;
    }
    assert!(
        errors.contains("invalid --status-fd argument 77: it is not open"),
        "{errors}"
    );
    let script = r#"exec 3>"$1"; shift; exec "$@""#;
    let status = saved.bundle.file("status");
    nix::unistd::mkfifo(&status, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let server = free.to_string();
    let dump = saved.criu(&[
        "checkpoint",
        "--lazy-pages",
        "--page-server",
        &server,
        "--status-fd",
        "3",
    ]);
    let mut shell = std::process::Command::new("sh");
    shell
        .args(["-c", script, "sh"])
        .arg(&status)
        .arg(dump.get_program())
        .args(dump.get_args());
    shell
        .env("PATH", super::path_with_criu().as_ref().unwrap())
        .current_dir(saved.bundle.path());
    let mut dumping = shell
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = Vec::new();
    fs::File::open(&status).unwrap().read_to_end(&mut told).unwrap();
    assert_eq!(
        told,
        [0],
        "{:?}",
        dumping.stderr.take().map(std::io::read_to_string)
    );
    // Nobody fetches the pages: whoever ends CRIU then loses nothing.
    let pid = dumping.id();
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
    let criu = children.split_whitespace().next().unwrap().parse().unwrap();
    kill(Pid::from_raw(criu), Signal::SIGKILL).unwrap();
    assert_eq!(dumping.wait().unwrap().code(), Some(1));
}
