//! Everything that can go wrong before a container runs: one sentence to the caller, nothing left.

use std::path::Path;

use serde_json::{Value, json};

use crate::fixture::{Bundle, runtimes, script};

/// Runs the bundle, which must fail at `step`, and returns the message.
fn fails(bundle: &Bundle, runtime: &Path, step: &str) -> String {
    let mut shim = bundle.shim(runtime).spawn();
    let told = shim.finish_failed();
    assert_eq!(told["step"], step, "{told}");
    assert!(!bundle.log().exists() || step != "mount");
    told["message"].as_str().unwrap().to_owned()
}

#[test]
fn a_missing_runtime_is_named() {
    for missing in ["/no/such/runtime", "no-such-runtime"] {
        let message = fails(&Bundle::sh("true"), Path::new(missing), "create");
        assert_eq!(message, format!("execve({missing}): no such file or directory"));
    }
}

#[test]
fn a_program_that_is_no_runtime_is_named() {
    let message = fails(&Bundle::sh("true"), Path::new("/bin/false"), "create");
    assert_eq!(message, "/bin/false exited with code 1 and gave no reason");
}

#[test]
fn a_failing_create_reports_the_runtimes_own_words() {
    for runtime in runtimes() {
        let mut bundle = Bundle::new(&["/no/such/program"]);
        let message = fails(&bundle, &runtime, "create");
        assert!(message.contains("/no/such/program"), "{message}");
        // The runtime says it on its stderr, too, which is the container's.
        assert_eq!(bundle.logged(), Vec::<Value>::new());
        bundle.config["linux"]["namespaces"] = json!([{"type": "nonsense"}]);
        fails(&bundle, &runtime, "create");
        bundle.config = Value::Null;
        fails(&bundle, &runtime, "create");
    }
}

/// A runtime that does what `crun` does, but for one verb.
pub fn wrapper(bundle: &Bundle, verb: &str, instead: &str) -> std::path::PathBuf {
    let path = bundle.path().join("wrapper");
    let text = format!(
        "#!/bin/sh\nlog=/dev/null\nfor arg; do\n[ \"$last\" = --log ] && log=$arg\nlast=$arg\n\
         if [ \"$arg\" = {verb} ]; then\n{instead}\nfi\ndone\nexec crun \"$@\"\n"
    );
    script(&path, &text);
    path
}

#[test]
fn a_failing_start_reports_and_deletes() {
    let bundle = Bundle::sh("echo never");
    let instead = r#"echo '{"level":"error","msg":"no start today","time":"x"}' >>"$log"; exit 3"#;
    let message = {
        let runtime = wrapper(&bundle, "start", instead);
        let mut shim = bundle.shim(Path::new("crun")).through(runtime).spawn();
        assert_eq!(shim.message()["type"], "created");
        let told = shim.finish_failed();
        assert_eq!(told["step"], "start");
        told["message"].as_str().unwrap().to_owned()
    };
    assert_eq!(message, "no start today");
    assert_eq!(bundle.logged(), Vec::<Value>::new());
}

#[test]
fn a_create_without_a_pid_is_a_failure() {
    let bundle = Bundle::sh("echo never");
    let runtime = wrapper(&bundle, "create", "exit 0");
    assert!(fails(&bundle, &runtime, "create").contains("init.pid"));
}

#[test]
fn an_init_that_dies_while_held_is_a_failure() {
    for runtime in runtimes() {
        let bundle = Bundle::sh("echo never");
        let mut shim = bundle.shim(&runtime).created();
        let mut client = shim.attach();
        client.signal(9);
        let told = shim.finish_failed();
        assert_eq!(
            (&told["step"], &told["message"]),
            (
                &json!("start"),
                &json!("signal 9 ended init before it was started")
            )
        );
        assert!(client.rest().exited.is_none());
    }
}

#[test]
fn wrong_places_are_named() {
    let bundle = Bundle::sh("true");
    let runtime = &runtimes()[0];
    let mut shim = bundle.shim(runtime).dir(Path::new("/no/such/dir")).spawn();
    let told = shim.message();
    assert_eq!(told["step"], "setup");
    assert_eq!(
        told["message"],
        "open(/no/such/dir, O_DIRECTORY): no such file or directory"
    );
    assert!(!shim.wait().success());
    let mut shim = bundle
        .shim(runtime)
        .args(&["--exit-file", "/no/such/dir/exit.json"])
        .spawn();
    assert_eq!(shim.message()["type"], "failed");
    assert!(!shim.wait().success());
}
