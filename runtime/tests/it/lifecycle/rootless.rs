//! `spec --rootless` and `run` by a user without any privilege.

use crate::bundle::{Bundle, RUNTIME};
use serde_json::json;
use std::os::unix::fs::chown;
use std::process::{Command, Stdio};

const USER: u32 = 1000;

#[test]
fn a_user_without_privileges_runs_the_rootless_bundle() {
    let bundle = Bundle::new("rootless", "");
    // Cargo's directories may be closed to others: the program comes along.
    crate::bundle::copy_program(RUNTIME, bundle.file("runtime"));
    std::fs::remove_file(bundle.file("config.json")).unwrap();
    for path in [bundle.path().to_owned(), bundle.file("rootfs")] {
        chown(path, Some(USER), Some(USER)).unwrap();
    }
    assert!(
        as_user(&bundle)
            .args(["spec", "--rootless"])
            .status()
            .unwrap()
            .success()
    );
    bundle.edit(|config| {
        config["process"]["terminal"] = json!(false);
        config["process"]["args"] = json!(["/bin/busybox", "id", "-u"]);
    });
    let output = as_user(&bundle).args(["run", bundle.id()]).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(
        (output.status.code(), &output.stdout[..]),
        (Some(0), &b"0\n"[..]),
        "{errors}"
    );
}

fn as_user(bundle: &Bundle) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--reuid", "1000", "--regid", "1000", "--clear-groups"]);
    command
        .arg(bundle.file("runtime"))
        .arg("--root")
        .arg(bundle.file("userstate"));
    command.current_dir(bundle.path()).stdin(Stdio::null());
    command
}
