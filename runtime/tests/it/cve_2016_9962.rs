//! CVE-2016-9962: a process of the container that may trace others catches the runtime's exec process as soon as it is
//! in the pid namespace, and goes out through what that has open.

use crate::bundle::Bundle;
use serde_json::json;
use std::fs;
use std::process::Command;

/// Looks at the root, the working directory and the descriptors of every process, as long as there is time. What
/// leads to the machine's file, from the bundle or from the machine's root, is written down.
fn spy(machine: &str) -> String {
    format!(
        r#"while [ ! -e /stop ]; do
            for link in /proc/[0-9]*/root /proc/[0-9]*/cwd /proc/[0-9]*/fd/*; do
                [ -e "$link/corten-machine" ] || [ -e "$link{machine}" ] && echo "$link" >> /found
            done
        done 2>/dev/null"#
    )
}

#[test]
fn a_tracing_process_finds_nothing_of_the_machine() {
    let bundle = Bundle::new("9962", "");
    // What only the machine's directories have: the runtime is called with one of them as its own.
    fs::write(bundle.file("corten-machine"), "").unwrap();
    let script = spy(bundle.file("corten-machine").to_str().unwrap());
    bundle.edit(|config| {
        config["process"]["args"] = json!(["/bin/sh", "-c", script]);
        config["root"]["readonly"] = json!(false);
        for set in ["bounding", "effective", "permitted"] {
            config["process"]["capabilities"][set] = json!(["CAP_SYS_PTRACE", "CAP_DAC_OVERRIDE"]);
        }
    });
    bundle.create();
    bundle.must(&["start"]);
    for _ in 0..60 {
        let exec = bundle
            .command(&["exec", bundle.id(), "/bin/true"])
            .output()
            .unwrap();
        assert!(exec.status.success(), "{}", String::from_utf8_lossy(&exec.stderr));
    }
    let found = fs::read_to_string(bundle.file("rootfs/found")).unwrap_or_default();
    assert_eq!(found, "");
    // The spy is no blind one: a process of the machine in the pid namespace is found, which ends this.
    let pid = bundle.state()["pid"].to_string();
    let wait = format!(
        "while [ ! -s {} ]; do :; done",
        bundle.file("rootfs/found").display()
    );
    let mut careless = Command::new("nsenter");
    careless
        .args(["--pid", "--target", &pid, "sh", "-c", &wait])
        .current_dir(bundle.path());
    assert!(careless.status().unwrap().success());
    fs::write(bundle.file("rootfs/stop"), "").unwrap();
}
