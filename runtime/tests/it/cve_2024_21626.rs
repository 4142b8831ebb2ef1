//! CVE-2024-21626: a descriptor of a directory outside is open in the container's process, and its working
//! directory or program goes through it.

use crate::bundle::{Bundle, RUNTIME};
use serde_json::json;
use std::process::{Command, Stdio};

/// The runtime, called with the machine's root directory open as descriptor 7.
fn with_leaked_root(bundle: &Bundle) -> Command {
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", "exec 7</ && exec \"$0\" \"$@\"", RUNTIME, "--root"])
        .arg(bundle.file("state"));
    command
        .args(["run", bundle.id()])
        .current_dir(bundle.path())
        .stdin(Stdio::null());
    command
}

#[test]
fn no_descriptor_of_the_caller_reaches_the_container() {
    let bundle = Bundle::new("21626-fds", "echo /proc/self/fd/*");
    let output = with_leaked_root(&bundle).output().unwrap();
    let fds = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    // The shell itself opens 3 to read the directory.
    let beyond = fds
        .split_whitespace()
        .filter(|fd| fd.rsplit('/').next().unwrap().parse::<u32>().unwrap() > 3);
    assert_eq!(beyond.count(), 0, "{fds}");
}

#[test]
fn a_working_directory_through_a_descriptor_is_refused() {
    for fd in 0..16 {
        for tail in ["", "/."] {
            let bundle = Bundle::new(&format!("21626-cwd-{fd}"), "pwd");
            bundle.edit(|config| config["process"]["cwd"] = json!(format!("/proc/self/fd/{fd}{tail}")));
            let output = with_leaked_root(&bundle).output().unwrap();
            assert!(
                !output.status.success(),
                "{fd}{tail}: {}",
                String::from_utf8_lossy(&output.stdout)
            );
        }
    }
}

#[test]
fn a_working_directory_behind_a_link_to_a_descriptor_is_refused() {
    let bundle = Bundle::new("21626-link", "pwd; ls");
    std::os::unix::fs::symlink("/proc/self/fd/7", bundle.file("rootfs/work")).unwrap();
    bundle.edit(|config| config["process"]["cwd"] = json!("/work"));
    assert!(!with_leaked_root(&bundle).output().unwrap().status.success());
}

/// Whatever number the runtime's own descriptors have.
#[test]
fn no_descriptor_of_the_runtime_leads_a_program_out() {
    for fd in 3..16 {
        for way in ["", "/1/root", "/self/root", "/../.."] {
            let bundle = Bundle::new(&format!("21626-own-{fd}"), "");
            let program = format!("/proc/self/fd/{fd}{way}/bin/busybox");
            std::fs::write(bundle.file("rootfs/bin/busybox"), "not a program").unwrap();
            bundle.edit(|config| config["process"]["args"] = json!([program, "echo", "outside"]));
            assert_eq!(
                String::from_utf8(bundle.call(&["run"]).stdout).unwrap(),
                "",
                "{program}"
            );
        }
    }
}

/// The machine's busybox needs nothing else of the machine to run.
#[test]
fn a_program_through_a_descriptor_is_not_the_machines() {
    let bundle = Bundle::new("21626-program", "");
    bundle.edit(|config| config["process"]["args"] = json!(["/proc/self/fd/7/bin/busybox", "true"]));
    assert!(!with_leaked_root(&bundle).output().unwrap().status.success());
}
