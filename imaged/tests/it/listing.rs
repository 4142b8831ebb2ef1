//! `ps`, `inspect`, `logs` and `version`: what they show.

use std::fs;
use std::io::{Read, Seek, SeekFrom};
use std::process::Command;

use serde_json::Value;

use crate::sandbox::{HELLO, Sandbox};

#[test]
fn ps_filters_and_formats() {
    let sandbox = Sandbox::new();
    let created = sandbox.ok(&["create", "--name", "first", "-l", "kind=a", HELLO]);
    let running = sandbox.ok(&["run", "-d", "--name", "second", "-l", "kind=b", HELLO, "wait"]);
    let names = |words: &[&str]| sandbox.ok(&[&["ps", "--format", "{{.Names}}"], words].concat());
    assert_eq!(names(&[]), "second");
    assert_eq!(names(&["-a"]), "second\nfirst", "newest first");
    assert_eq!(names(&["-l"]), "second");
    assert_eq!(names(&["-n", "5"]), "second\nfirst");
    assert_eq!(names(&["--filter", "status=created"]), "first");
    assert_eq!(names(&["-a", "--filter", "label=kind=a"]), "first");
    assert_eq!(names(&["-a", "--filter", "label=kind"]), "second\nfirst");
    assert_eq!(names(&["-a", "--filter", "name=fir"]), "first");
    assert_eq!(
        names(&["-a", "--filter", &format!("id={}", &created[..10])]),
        "first"
    );
    assert_eq!(
        names(&["-a", "--filter", "ancestor=corten/hello"]),
        "second\nfirst"
    );
    assert_eq!(names(&["-a", "--filter", "exited=0"]), "");
    assert_eq!(
        sandbox.ok(&["ps", "-aq", "--no-trunc"]),
        format!("{running}\n{created}")
    );
    let table = sandbox.ok(&["ps", "-a"]);
    assert!(table.starts_with("CONTAINER ID   IMAGE"), "{table}");
    assert!(table.lines().nth(1).unwrap().contains("Up "), "{table}");
    let row: Value = serde_json::from_str(&sandbox.ok(&["ps", "--format", "json"])).unwrap();
    assert_eq!(
        (&row["State"], &row["Labels"]),
        (&"running".into(), &"kind=b".into())
    );
    let wrong = sandbox.corten(&["ps", "--filter", "colour=red"]);
    assert!(wrong.stderr.contains("invalid filter 'colour'"), "{wrong:?}");
    let wrong = sandbox.corten(&["ps", "-a", "--format", "{{.Nothing}}"]);
    assert!(wrong.stderr.contains("can't evaluate field Nothing"), "{wrong:?}");
}

#[test]
fn what_an_image_says_does_not_steer_the_terminal() {
    let sandbox = Sandbox::new();
    let evil = "\u{1b}[31m\u{7}\nx";
    sandbox.ok(&["create", HELLO, evil]);
    let listed = sandbox.ok(&["ps", "--all", "--no-trunc"]);
    assert!(!listed.contains(['\u{1b}', '\u{7}']), "{listed:?}");
    assert_eq!(listed.lines().count(), 2, "{listed:?}");
    let refused = sandbox.corten(&["run", "--rm", "--entrypoint", evil, HELLO]);
    assert_eq!(refused.code, Some(127), "{refused:?}");
    assert!(!refused.stderr.contains(['\u{1b}', '\u{7}']), "{refused:?}");
    assert!(refused.stderr.contains("[31m"), "{refused:?}");
}

#[test]
fn inspect_templates() {
    let sandbox = Sandbox::new();
    let id = sandbox.ok(&[
        "create",
        "--name",
        "box",
        "-l",
        "a.b=c",
        "-e",
        "V=1",
        "--tmpfs",
        "/t",
        "-v",
        "/data",
        "--read-only",
        HELLO,
    ]);
    let show = |template: &str| sandbox.ok(&["inspect", "--format", template, "box"]);
    assert_eq!(
        show("{{.Id}} {{.Name}} {{.State.Status}}"),
        format!("{id} /box created")
    );
    assert_eq!(show(r#"{{index .Config.Labels "a.b"}}"#), "c");
    assert_eq!(
        show("{{range .Mounts}}{{.Type}}:{{.Destination}} {{end}}"),
        "volume:/data tmpfs:/t "
    );
    assert_eq!(
        show("{{.HostConfig.ReadonlyRootfs}}{{if .State.Running}}!{{end}}"),
        "true"
    );
    assert_eq!(show("{{json .Config.Cmd}}"), "[]");
    let missing = sandbox.corten(&["inspect", "box", "nobody"]);
    assert_eq!(missing.code, Some(1));
    assert!(missing.stderr.contains("No such object: nobody"), "{missing:?}");
    assert_eq!(
        serde_json::from_str::<Value>(&missing.stdout)
            .unwrap()
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn ids_by_their_beginning() {
    let sandbox = Sandbox::new();
    let ids: Vec<String> = (0..17).map(|_| sandbox.ok(&["create", HELLO])).collect();
    // Of seventeen ids two begin alike.
    let (one, _) = ids
        .iter()
        .flat_map(|one| ids.iter().map(move |other| (one, other)))
        .find(|(one, other)| one != other && one[..1] == other[..1])
        .unwrap();
    let ambiguous = sandbox.corten(&["inspect", "--type", "container", &one[..1]]);
    assert!(ambiguous.stderr.contains("Multiple IDs found"), "{ambiguous:?}");
    assert_eq!(sandbox.inspect(one)["Id"], one.as_str());
}

#[test]
fn logs_from_the_end_and_with_times() {
    let sandbox = Sandbox::new();
    sandbox.ok(&["run", "--name", "box", HELLO, "bytes", "40"]);
    assert_eq!(sandbox.corten(&["start", "-a", "box"]).code, Some(0));
    assert_eq!(sandbox.ok(&["logs", "box"]).len(), 80, "both runs");
    assert_eq!(sandbox.ok(&["logs", "--tail", "1", "box"]).len(), 40);
    assert_eq!(sandbox.ok(&["logs", "--tail", "0", "box"]), "");
    assert_eq!(sandbox.ok(&["logs", "--since", "2100-01-01", "box"]), "");
    assert_eq!(sandbox.ok(&["logs", "--until", "1h", "box"]), "");
    let stamped = sandbox.ok(&["logs", "-t", "--tail", "1", "box"]);
    assert!(
        stamped[..30].ends_with('Z') || stamped.contains("Z abc"),
        "{stamped}"
    );
    let wrong = sandbox.corten(&["logs", "--tail", "many", "box"]);
    assert!(wrong.stderr.contains("many"), "{wrong:?}");
}

#[test]
fn logs_keep_streams_apart_and_follow_to_the_end() {
    let sandbox = Sandbox::new();
    sandbox.corten(&["run", "--name", "err", HELLO, "err", "oops"]);
    let done = sandbox.corten(&["logs", "err"]);
    assert_eq!((done.stdout.as_str(), done.stderr.as_str()), ("", "oops\n"));
    let id = sandbox.ok(&["create", "-i", HELLO, "cat"]);
    sandbox.ok(&["start", &id]);
    let follower = sandbox.spawn(&["logs", "-f", &id]);
    let fed = sandbox.with_input(&["start", "-a", "-i", &id], b"one\ntwo\n");
    assert_eq!(fed.stdout, "one\ntwo\n");
    let output = follower.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "one\ntwo\n");
}

#[test]
fn logs_of_both_streams_stay_in_order_where_they_meet() {
    let sandbox = Sandbox::new();
    let id = sandbox.ok(&["create", HELLO]);
    let records: String = (0..6)
        .map(|at| {
            let stream = if at % 2 == 0 { "stdout" } else { "stderr" };
            format!(r#"{{"log":"{at}\n","stream":"{stream}","time":"2026-01-02T03:04:05Z"}}"#) + "\n"
        })
        .collect();
    let log = sandbox.root().join("containers").join(&id).join("container.log");
    fs::write(log, records).unwrap();
    let screen = tempfile::tempfile().unwrap();
    let end = || screen.try_clone().unwrap();
    let status = sandbox
        .command(&["logs", &id])
        .stdout(end())
        .stderr(end())
        .status();
    assert!(status.unwrap().success());
    let mut seen = String::new();
    (&screen).seek(SeekFrom::Start(0)).unwrap();
    (&screen).read_to_string(&mut seen).unwrap();
    assert_eq!(seen, "0\n1\n2\n3\n4\n5\n");
}

/// A quiet container writes nothing that could end it.
#[test]
fn logs_that_are_followed_end_when_their_time_is_over() {
    let sandbox = Sandbox::new();
    let id = sandbox.ok(&["run", "-d", "-i", HELLO, "cat"]);
    let soon = Command::new("date")
        .args(["-u", "-d", "+1 second", "+%FT%TZ"])
        .output()
        .unwrap();
    let soon = String::from_utf8(soon.stdout).unwrap();
    assert_eq!(sandbox.ok(&["logs", "-f", "--until", soon.trim(), &id]), "");
}

#[test]
fn what_is_no_containers_directory_is_not_swept_away() {
    let sandbox = Sandbox::new();
    sandbox.ok(&["create", HELLO]);
    let containers = sandbox.root().join("containers");
    let (own, half) = (containers.join("photos"), containers.join("0a".repeat(32)));
    fs::create_dir(&own).unwrap();
    fs::create_dir(&half).unwrap();
    sandbox.ok(&["create", HELLO]);
    assert!(own.exists() && !half.exists());
    fs::remove_dir(own).unwrap();
}

#[test]
fn version_names_the_programs() {
    let sandbox = Sandbox::new();
    let version: Value = serde_json::from_str(&sandbox.ok(&["version", "--format", "json"])).unwrap();
    assert_eq!(version["Client"]["Version"], env!("CARGO_PKG_VERSION"));
    assert!(
        version["Runtime"]["Version"]
            .as_str()
            .unwrap()
            .contains("corten-runtime"),
        "{version}"
    );
    assert!(sandbox.ok(&["version"]).contains("shim"));
    // What scripts ask docker for.
    let server = "{{.Server.Version}} {{.Server.Os}} {{range .Server.Components}}{{.Name}} {{end}}";
    assert_eq!(
        sandbox.ok(&["version", "--format", server]),
        format!("{} linux corten-shim corten-runtime ", env!("CARGO_PKG_VERSION"))
    );
}
