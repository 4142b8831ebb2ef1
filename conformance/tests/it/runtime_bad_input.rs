//! Bad input for the runtime: each gives an error that names what is wrong, and nothing is left.

use corten_conformance::Case;
use corten_conformance::bundle::{Bundle, Runtime};
use serde_json::{Value, json};
use std::fs;

/// `create` must fail with one of these words, and leave nothing.
#[track_caller]
fn refused(name: &str, change: impl FnOnce(Bundle) -> Bundle, words: &[&str]) {
    let case = Case::new();
    let runtime = Runtime::ours();
    let bundle = change(Bundle::new(&case, "bundle", &["say", "never"])).write();
    create_fails(&case, &runtime, &bundle, name, words);
}

#[track_caller]
fn create_fails(case: &Case, runtime: &Runtime, bundle: &Bundle, name: &str, words: &[&str]) {
    let out = runtime
        .cmd(case)
        .args(["create", "--bundle"])
        .arg(&bundle.dir)
        .arg(case.id("bad"))
        .run();
    if out.status.success() {
        runtime
            .cmd(case)
            .args(["delete", "--force", &case.id("bad")])
            .ok();
    }
    assert!(
        out.status.code() == Some(1) && !out.stderr.is_empty(),
        "{name}: {out:?}"
    );
    println!("{name}: {}", out.err().trim());
    let said = out.err().to_lowercase();
    assert!(!said.contains("panicked"), "{name}: {out:?}");
    assert!(
        words.iter().any(|w| said.contains(&w.to_lowercase())),
        "{name}: none of {words:?} in {out:?}"
    );
    case.assert_empty("root-corten-runtime");
    let left = case.leaks();
    assert!(left.is_empty(), "{name}: {left:?}");
}

#[test]
fn text_that_is_no_configuration() {
    let nested = "[".repeat(100_000);
    let table = [
        ("empty", "", "config.json"),
        (
            "cut off",
            r#"{"ociVersion": "1.0.2", "process": {"#,
            "config.json",
        ),
        ("a list", "[]", "config.json"),
        ("null", "null", "config.json"),
        ("deep nesting", &nested, "config.json"),
        ("no UTF-8", "\u{0}\u{1}", "config.json"),
    ];
    for (name, text, word) in table {
        let case = Case::new();
        let bundle = Bundle::new(&case, "bundle", &[]);
        bundle.write_raw(text);
        create_fails(&case, &Runtime::ours(), &bundle, name, &[word]);
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn wrong_types_and_values() {
    let table: Vec<(&str, &str, Value, &[&str])> = vec![
        ("version as number", "/ociVersion", json!(1), &["ociVersion"]),
        (
            "version that is none",
            "/ociVersion",
            json!("one"),
            &["ociVersion"],
        ),
        (
            "version of the future",
            "/ociVersion",
            json!("2.0.0"),
            &["ociVersion"],
        ),
        ("args as text", "/process/args", json!("/probe"), &["args"]),
        ("no args", "/process/args", json!([]), &["args"]),
        (
            "a number among the args",
            "/process/args",
            json!(["/probe", 1]),
            &["args"],
        ),
        ("cwd relative", "/process/cwd", json!("here"), &["cwd"]),
        ("cwd empty", "/process/cwd", json!(""), &["cwd"]),
        (
            "cwd missing in the rootfs, a file",
            "/process/cwd",
            json!("/probe"),
            &["cwd", "/probe"],
        ),
        ("env without =", "/process/env", json!([5]), &["env"]),
        ("uid negative", "/process/user/uid", json!(-1), &["uid"]),
        (
            "uid too large",
            "/process/user/uid",
            json!(4_294_967_296_u64),
            &["uid"],
        ),
        (
            "an unknown limit",
            "/process/rlimits",
            json!([{"type": "RLIMIT_NONE", "soft": 1, "hard": 1}]),
            &["RLIMIT_NONE"],
        ),
        (
            "soft over hard",
            "/process/rlimits",
            json!([{"type": "RLIMIT_NOFILE", "soft": 9, "hard": 1}]),
            &["RLIMIT_NOFILE", "rlimit"],
        ),
        (
            "a limit twice",
            "/process/rlimits",
            json!([{"type": "RLIMIT_CORE", "soft": 1, "hard": 1},
            {"type": "RLIMIT_CORE", "soft": 1, "hard": 1}]),
            &["RLIMIT_CORE"],
        ),
        (
            "oom score out of range",
            "/process/oomScoreAdj",
            json!(2000),
            &["oom"],
        ),
        (
            "an unknown namespace",
            "/linux/namespaces/0/type",
            json!("planet"),
            &["planet", "namespace"],
        ),
        (
            "a namespace that is not there",
            "/linux/namespaces/1/path",
            json!("/proc/self/ns/none"),
            &["/proc/self/ns/none"],
        ),
        (
            "a namespace of another kind",
            "/linux/namespaces/1/path",
            json!("/proc/self/ns/uts"),
            &["/proc/self/ns/uts", "network"],
        ),
        (
            "a sysctl of the host",
            "/linux/sysctl",
            json!({"kernel.panic": "1"}),
            &["kernel.panic"],
        ),
        (
            "a sysctl that is not there",
            "/linux/sysctl",
            json!({"net.no.such": "1"}),
            &["net"],
        ),
        (
            "a device of no type",
            "/linux/devices",
            json!([{"path": "/dev/x", "type": "q", "major": 1, "minor": 3}]),
            &["type", "device"],
        ),
        (
            "a device without numbers",
            "/linux/devices",
            json!([{"path": "/dev/x", "type": "c"}]),
            &["major", "minor", "/dev/x"],
        ),
        (
            "an unknown propagation",
            "/linux/rootfsPropagation",
            json!("sideways"),
            &["sideways"],
        ),
        (
            "an unknown seccomp action",
            "/linux/seccomp",
            json!({"defaultAction": "SCMP_ACT_SING"}),
            &["SCMP_ACT_SING"],
        ),
        (
            "an unknown seccomp architecture",
            "/linux/seccomp",
            json!({"defaultAction": "SCMP_ACT_ALLOW",
            "architectures": ["SCMP_ARCH_Z80"]}),
            &["SCMP_ARCH_Z80"],
        ),
        (
            "a cgroup path that climbs",
            "/linux/cgroupsPath",
            json!("/a/../../../etc"),
            &["cgroup"],
        ),
        (
            "hooks of no path",
            "/hooks",
            json!({"prestart": [{"args": ["x"]}]}),
            &["path"],
        ),
        (
            "a hook with a relative path",
            "/hooks",
            json!({"prestart": [{"path": "bin/true"}]}),
            &["hook", "path"],
        ),
        (
            "a hook with a negative timeout",
            "/hooks",
            json!({"prestart": [{"path": "/bin/true", "timeout": -1}]}),
            &["timeout"],
        ),
        (
            "a mask that is relative",
            "/linux/maskedPaths",
            json!(["proc/kcore"]),
            &["maskedPaths", "proc/kcore"],
        ),
        (
            "mappings without a user namespace",
            "/linux/uidMappings",
            json!([{"containerID": 0, "hostID": 1, "size": 1}]),
            &["user namespace", "uidMappings"],
        ),
    ];
    for (name, pointer, value, words) in table {
        refused(name, |b| b.set(pointer, value), words);
    }
}

#[test]
fn root_file_systems_that_cannot_be() {
    refused("not there", |b| b.set("/root/path", "missing"), &["missing"]);
    refused(
        "a file",
        |b| b.set("/root/path", "config.json"),
        &["config.json", "director"],
    );
    refused("empty", |b| b.set("/root/path", ""), &["root"]);
    refused(
        "no root at all",
        |mut b| {
            b.config.as_object_mut().expect("an object").remove("root");
            b
        },
        &["root"],
    );
}

#[test]
fn mounts_that_cannot_be() {
    let mount = |kind: &str, source: &str, destination: &str, options: Value| json!({"type": kind, "source": source, "destination": destination, "options": options});
    let table: Vec<(&str, Value, &[&str])> = vec![
        (
            "an unknown type",
            mount("nosuchfs", "x", "/x", json!([])),
            &["nosuchfs"],
        ),
        (
            "a source that is not there",
            mount("bind", "/not/there", "/x", json!(["bind"])),
            &["/not/there"],
        ),
        (
            "no destination",
            mount("tmpfs", "x", "", json!([])),
            &["destination"],
        ),
        (
            "an impossible size",
            mount("tmpfs", "x", "/x", json!(["size=lots"])),
            &["size=lots", "/x"],
        ),
        (
            "a directory over a file",
            mount("bind", "/etc", "/probe", json!(["bind"])),
            &["/probe"],
        ),
        (
            "a file over a directory",
            mount("bind", "/etc/passwd", "/tmp", json!(["bind"])),
            &["/tmp"],
        ),
        (
            "proc on a file",
            mount("proc", "proc", "/probe", json!([])),
            &["/probe"],
        ),
    ];
    for (name, value, words) in table {
        refused(name, |b| b.push("/mounts", value), words);
    }
}

#[test]
fn programs_that_cannot_be_run() {
    let args = |b: Bundle, path: &str| b.set("/process/args", json!([path]));
    refused(
        "not there",
        |b| args(b, "/no/such/program"),
        &["/no/such/program"],
    );
    refused("not in PATH", |b| args(b, "nonesuch"), &["nonesuch"]);
    refused("a directory", |b| args(b, "/tmp"), &["/tmp"]);
    refused(
        "not executable",
        |b| {
            fs::write(b.root("plain"), "text").expect("a file");
            args(b, "/plain")
        },
        &["/plain"],
    );
}

#[test]
fn an_interpreter_that_is_missing_is_named() {
    let case = Case::new();
    let runtime = Runtime::ours();
    let bundle = Bundle::new(&case, "bundle", &[])
        .set("/process/args", json!(["/script"]))
        .write();
    fs::write(bundle.root("script"), "#!/opt/no/such/interpreter\n").expect("a file");
    case.cmd("chmod").arg("755").arg(bundle.root("script")).ok();
    runtime
        .run(&case, &bundle)
        .code(1)
        .says("/opt/no/such/interpreter");
    case.assert_empty("root-corten-runtime");
}

#[test]
fn ids_that_are_none() {
    let case = Case::new();
    let runtime = Runtime::ours();
    let bundle = Bundle::new(&case, "bundle", &[]).write();
    let long = "x".repeat(1025);
    for id in ["", ".", "..", "a/b", "../up", "a b", "a\nb", "ä", &long] {
        let out = runtime
            .cmd(&case)
            .args(["create", "--bundle"])
            .arg(&bundle.dir)
            .args(["--", id])
            .fails();
        println!("{id:.20?}: {}", out.err().trim());
        case.assert_empty("root-corten-runtime");
    }
}

#[test]
fn command_lines_that_make_no_sense() {
    let case = Case::new();
    let runtime = Runtime::ours();
    for args in [
        &["create"][..],
        &["start"],
        &["no-such-verb"],
        &["--no-such-option", "list"],
        &["kill", "x", "NOSIG"],
        &["list", "--format", "yaml"],
        &["create", "a", "b"],
    ] {
        runtime.cmd(&case).args(args).fails();
    }
    runtime
        .cmd(&case)
        .args(["create", "--bundle", "/not/there", "x"])
        .fails()
        .says("/not/there");
}

#[test]
fn what_the_specification_does_not_know_is_ignored() {
    let case = Case::new();
    let bundle = Bundle::new(&case, "bundle", &["say", "hello"])
        .set("/somethingNew", json!({"a": 1}))
        .set("/process/alsoNew", true)
        .set("/linux/new", json!([1]))
        .set("/annotations", json!({"org.example": "x"}))
        .write();
    let out = Runtime::ours().run(&case, &bundle).code(0);
    assert_eq!(out.out(), "hello\n");
}
