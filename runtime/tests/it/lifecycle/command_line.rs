//! runc's command line, as its callers write it.

use crate::bundle::{Bundle, RUNTIME};
use std::fs;
use std::process::{Command, Output, Stdio};

fn call(args: &[&str]) -> Output {
    Command::new(RUNTIME).args(args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn help_is_there_for_every_verb_and_what_is_none_says_so() {
    for args in [&["--help"][..], &["-h"], &["run", "-h"], &["exec", "--help"], &[]] {
        let output = call(args);
        assert!(output.status.success(), "{args:?}");
        assert!(text(&output.stdout).contains("Usage: corten-runtime"), "{args:?}");
    }
    let output = call(&["foo", "-h"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output.stderr).starts_with("No help topic for 'foo'\n"));
}

#[test]
fn the_version_has_runcs_three_lines() {
    for option in ["--version", "-v"] {
        let said = text(&call(&[option]).stdout);
        let lines: Vec<&str> = said.lines().collect();
        assert!(lines[0].starts_with("corten-runtime version "), "{said}");
        assert!(lines[1].starts_with("commit: "), "{said}");
        assert_eq!(lines[2], "spec: 1.3.0");
    }
}

#[test]
fn a_log_that_cannot_be_is_an_error() {
    for (wrong, named) in [
        (&["--log", "/no/such/dir/log"][..], "/no/such/dir/log"),
        (&["--log-format", "xml"], "invalid log-format: xml"),
    ] {
        let output = call(&[wrong, &["list"]].concat());
        assert_eq!(output.status.code(), Some(1));
        assert!(text(&output.stderr).contains(named), "{output:?}");
    }
}

#[test]
fn debug_lines_are_for_who_asks() {
    let bundle = Bundle::new("debug", "true");
    let lines = |options: &[&str]| {
        let log = bundle.file("log");
        let mut run = Command::new(RUNTIME);
        run.args(options)
            .arg("--log")
            .arg(&log)
            .arg("--root")
            .arg(bundle.file("state"));
        let run = run.args(["run", bundle.id()]).current_dir(bundle.path());
        assert!(run.stdin(Stdio::null()).status().unwrap().success());
        let text = fs::read_to_string(&log).unwrap();
        fs::remove_file(log).unwrap();
        text
    };
    assert!(lines(&["--debug"]).contains("level=debug"));
    assert!(lines(&["--debug", "--log-format", "json"]).contains(r#""level":"debug""#));
    assert!(!lines(&[]).contains("debug"));
}

#[test]
fn spec_keeps_a_config_json_that_is_there() {
    let bundle = Bundle::new("spec", "true");
    let before = fs::read(bundle.file("config.json")).unwrap();
    let output = bundle.command(&["spec"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("config.json exists"));
    assert_eq!(fs::read(bundle.file("config.json")).unwrap(), before);
}

#[test]
fn list_prints_ids_alone_when_asked() {
    let bundle = Bundle::new("quiet", "exec sleep 1000");
    let quiet = || text(&bundle.command(&["list", "-q"]).output().unwrap().stdout);
    assert_eq!(quiet(), "");
    bundle.create();
    assert_eq!(quiet(), format!("{}\n", bundle.id()));
}

#[test]
fn list_does_not_mind_containers_that_go_meanwhile() {
    let bundle = Bundle::new("going", "exec sleep 1000");
    std::thread::scope(|scope| {
        let turns = scope.spawn(|| {
            for _ in 0..20 {
                bundle.create();
                bundle.must(&["delete", "--force"]);
            }
        });
        while !turns.is_finished() {
            let listed = bundle.command(&["list", "--format", "json"]).output().unwrap();
            assert!(listed.status.success(), "{}", text(&listed.stderr));
            let all: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
            assert!(all.is_null() || all.as_array().unwrap().len() <= 1, "{all}");
        }
    });
}

/// Options stand on either side of the id; after the id of `exec` and `kill`, everything is theirs.
#[test]
fn options_stand_before_or_after_the_id() {
    let bundle = Bundle::new("options", "exec sleep 1000");
    let mut create = bundle.command(&["create", bundle.id(), "--bundle", ".", "--pid-file=pid"]);
    assert!(create.stdout(Stdio::null()).status().unwrap().success());
    bundle.must(&["state"]);
    let deleted = bundle.command(&["delete", bundle.id(), "--force"]).status();
    assert!(deleted.unwrap().success());
}

#[test]
fn descriptors_to_keep_must_be_there() {
    let bundle = Bundle::new(
        "keep-fds",
        "for n in 3 4 5 6; do [ -e /proc/self/fd/$n ] && echo $n; done; true",
    );
    let run = |count: &str| {
        let script = "exec 3</dev/null 4</dev/zero 5</dev/zero; exec \"$@\"";
        let call = bundle.command(&["run", "--preserve-fds", count, bundle.id()]);
        let mut shell = Command::new("bash");
        shell
            .args(["-c", script, "bash"])
            .arg(call.get_program())
            .args(call.get_args());
        shell.current_dir(bundle.path()).output().unwrap()
    };
    assert_eq!(text(&run("2").stdout), "3\n4\n");
    let missing = run("4");
    assert_eq!(missing.status.code(), Some(1));
    assert!(text(&missing.stderr).starts_with("file descriptor 6 is not open"));
}
