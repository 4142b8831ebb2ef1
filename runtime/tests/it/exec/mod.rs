//! `exec`: one more process in a container, seen from inside and outside.

mod faults;
mod groups;
mod namespaces;
mod process;
mod seccomp;
mod states;
mod terminal;

use crate::bundle::Bundle;
use serde_json::{Value, json};
use std::process::{Command, Output, Stdio};

/// A container that runs until its bundle goes.
fn running(name: &str, change: impl FnOnce(&mut Value)) -> Bundle {
    let bundle = Bundle::new(name, "exec sleep 1000");
    // What the root of a user namespace could not make itself.
    crate::setup::namespaces::make_places(&bundle);
    bundle.edit(|config| {
        // Not worth a warning in each test.
        config["process"]["capabilities"]["ambient"] = json!([]);
        change(config);
    });
    bundle.create();
    bundle.must(&["start"]);
    bundle
}

/// `exec OPTION… ID COMMAND…`.
fn exec(bundle: &Bundle, options: &[&str], command: &[&str]) -> Command {
    let mut exec = bundle.command(&["exec"]);
    exec.args(options).arg(bundle.id()).args(command);
    exec
}

fn outcome(bundle: &Bundle, options: &[&str], command: &[&str]) -> Output {
    exec(bundle, options, command).output().unwrap()
}

/// The output of a command that must succeed.
fn says(bundle: &Bundle, options: &[&str], script: &str) -> String {
    let output = outcome(bundle, options, &["sh", "-c", script]);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{options:?} {script}: {errors}");
    assert_eq!(errors, "", "{options:?} {script}");
    String::from_utf8(output.stdout).unwrap()
}

/// The first line of the error of an `exec` that must fail with 255.
fn refused(bundle: &Bundle, options: &[&str], command: &[&str]) -> String {
    let output = outcome(bundle, options, command);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(
        output.status.code(),
        Some(255),
        "{options:?} {command:?}: {errors}"
    );
    assert_eq!(output.stdout, b"", "{options:?} {command:?}");
    errors.lines().next().unwrap_or_default().to_owned()
}

/// `exec --detach`, which must succeed; the process's output goes nowhere.
fn detached(bundle: &Bundle, options: &[&str], command: &[&str]) {
    let mut exec = exec(bundle, &[&["--detach"], options].concat(), command);
    let status = exec.stdout(Stdio::null()).stderr(Stdio::null()).status();
    assert!(status.unwrap().success());
}
