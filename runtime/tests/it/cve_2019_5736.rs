//! CVE-2019-5736: a container gets hold of the runtime's binary through /proc/PID/exe and overwrites it.

use crate::bundle::{Bundle, RUNTIME, copy_program};
use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

/// A process beside the container's first one opens that one's program while it is still the runtime's, keeps
/// the descriptor, and writes when the program is no longer busy.
#[test]
fn a_descriptor_of_the_runtimes_program_cannot_be_written() {
    let bundle = Bundle::new("5736-fd", "sleep 1000");
    let program = bundle.file("runtime");
    copy_program(RUNTIME, &program);
    let call = |verb: &str| {
        let mut command = Command::new(&program);
        command
            .arg("--root")
            .arg(bundle.file("state"))
            .args([verb, bundle.id()])
            .current_dir(bundle.path());
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .status()
            .unwrap()
    };
    assert!(call("create").success());
    let pid = bundle.state()["pid"].to_string();
    let mut intruder = Command::new("nsenter");
    intruder.args(["--mount", "--pid", "--target", &pid, "/bin/sh", "-c"]);
    intruder.arg("exec 3</proc/1/exe && echo open && read go && echo pwned >/proc/self/fd/3");
    let mut intruder = intruder
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // Refused at once, or waiting.
    let mut said = [0; 5];
    let opened = std::io::Read::read_exact(intruder.stdout.as_mut().unwrap(), &mut said).is_ok();
    assert!(call("start").success());
    if opened {
        intruder.stdin.take().unwrap().write_all(b"go\n").unwrap();
    }
    assert!(!intruder.wait().unwrap().success());
    assert!(
        fs::read(&program).unwrap() == fs::read(RUNTIME).unwrap(),
        "the program was changed"
    );
    fs::remove_file(program).unwrap();
}

/// An image whose program is the magic link itself: what runs must not be the machine's file.
#[test]
fn the_magic_link_as_the_program_leads_to_no_writable_file() {
    let original = fs::read(RUNTIME).unwrap();
    let direct = Bundle::new("5736-link", "");
    direct.edit(|config| config["process"]["args"] = serde_json::json!(["/proc/self/exe", "--version"]));
    let script = Bundle::new("5736-script", "");
    fs::write(script.file("rootfs/bin/evil"), "#!/proc/self/exe\n").unwrap();
    Command::new("chmod")
        .arg("755")
        .arg(script.file("rootfs/bin/evil"))
        .status()
        .unwrap();
    script.edit(|config| config["process"]["args"] = serde_json::json!(["/bin/evil"]));
    for bundle in [direct, script] {
        let output = bundle.call(&["run"]);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!text.contains("panicked"), "{text}");
        assert!(fs::read(RUNTIME).unwrap() == original);
    }
}

/// The same by `exec`: the program that runs through the link, or as a script's interpreter, is no writable file, nor
/// is what a process beside it opens while it is still the runtime's.
#[test]
fn exec_leads_to_no_writable_file() {
    let original = fs::read(RUNTIME).unwrap();
    let bundle = Bundle::new("5736-exec", "exec sleep 1000");
    fs::write(bundle.file("rootfs/bin/evil"), "#!/proc/self/exe\n").unwrap();
    assert!(
        Command::new("chmod")
            .arg("755")
            .arg(bundle.file("rootfs/bin/evil"))
            .status()
            .unwrap()
            .success()
    );
    bundle.create();
    bundle.must(&["start"]);
    let exec = |command: &[&str]| {
        let mut exec = bundle.command(&["exec", bundle.id()]);
        exec.args(command).output().unwrap()
    };
    let script = "for i in 1 2 3 4 5 6 7 8; do for exe in /proc/[0-9]*/exe; do echo pwned >>$exe; done; done 2>/dev/null";
    let mut writer = bundle.command(&["exec", bundle.id(), "sh", "-c", script]);
    let mut writer = writer.stdout(Stdio::null()).spawn().unwrap();
    for command in [&["/proc/self/exe", "--version"][..], &["/bin/evil"], &["true"]] {
        let output = exec(command);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!text.contains("panicked"), "{text}");
    }
    assert!(writer.wait().unwrap().code().is_some());
    assert!(fs::read(RUNTIME).unwrap() == original, "the program was changed");
}
