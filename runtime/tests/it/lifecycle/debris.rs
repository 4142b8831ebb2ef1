//! What commands that were killed, or other hands, leave in the state directory.

use crate::bundle::Bundle;
use std::fs;
use std::path::PathBuf;

fn state_dir(bundle: &Bundle) -> PathBuf {
    bundle.file("state").join(bundle.id())
}

#[test]
fn an_empty_directory_is_no_container_and_goes_by_force() {
    let bundle = Bundle::new("empty", "true");
    fs::create_dir_all(state_dir(&bundle)).unwrap();
    assert_eq!(
        bundle.refused(&["delete"]),
        format!("container does not exist: {:?}", bundle.id())
    );
    assert_eq!(bundle.command(&["list", "--quiet"]).output().unwrap().stdout, b"");
    bundle.must(&["delete", "--force"]);
    assert!(!state_dir(&bundle).exists());
}

#[test]
fn a_directory_without_a_record_is_deleted() {
    let bundle = Bundle::new("norecord", "true");
    fs::create_dir_all(state_dir(&bundle)).unwrap();
    fs::write(state_dir(&bundle).join("lock"), "").unwrap();
    fs::write(state_dir(&bundle).join("state.json.new"), "{\"half").unwrap();
    bundle.must(&["delete"]);
    assert!(!state_dir(&bundle).exists());
}

#[test]
fn a_damaged_record_is_told_and_goes_by_force() {
    let bundle = Bundle::new("damaged", "true");
    fs::create_dir_all(state_dir(&bundle)).unwrap();
    fs::write(state_dir(&bundle).join("lock"), "").unwrap();
    fs::write(state_dir(&bundle).join("state.json"), "{\"form\":").unwrap();
    for verb in ["state", "delete", "start", "kill"] {
        let message = bundle.refused(&[verb]);
        assert!(
            message.contains("state.json is damaged: EOF"),
            "{verb}: {message}"
        );
    }
    let listed = bundle.command(&["list"]).output().unwrap();
    assert!(listed.status.success());
    assert!(String::from_utf8(listed.stderr).unwrap().contains("is damaged"));
    bundle.must(&["delete", "--force"]);
    assert!(!state_dir(&bundle).exists());
}

#[test]
fn foreign_files_below_the_root_are_no_containers() {
    let bundle = Bundle::new("foreign", "true");
    fs::create_dir_all(bundle.file("state").join("not an id")).unwrap();
    assert_eq!(bundle.command(&["list", "--quiet"]).output().unwrap().stdout, b"");
    fs::remove_dir(bundle.file("state").join("not an id")).unwrap();
}

#[test]
fn a_pid_that_another_process_has_by_now_is_not_the_container() {
    let bundle = Bundle::new("reused", "exec sleep 1000");
    bundle.create();
    let path = state_dir(&bundle).join("state.json");
    let mut record: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    record["init"]["pid"] = std::process::id().into();
    fs::write(&path, record.to_string()).unwrap();
    assert_eq!(bundle.status(), "stopped");
    assert!(bundle.refused(&["kill"]).starts_with("container not running"));
    // This process lives on although it is "the container's init"; the container's group has the real one.
    bundle.must(&["delete", "--force"]);
    assert_eq!(bundle.leftovers(), [""; 0]);
}

/// Its `run` was killed; it cannot end yet, and its root is still the machine's.
#[test]
fn an_init_without_a_program_is_not_running_and_nobody_joins_it() {
    let bundle = Bundle::new("half-made", "exec sleep 1000");
    bundle.create();
    let path = state_dir(&bundle).join("state.json");
    let mut record: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    record["ready"] = false.into();
    fs::write(&path, record.to_string()).unwrap();
    fs::remove_file(state_dir(&bundle).join("start.sock")).unwrap();
    assert_eq!(bundle.status(), "stopped");
    let exec = bundle.command(&["exec", bundle.id(), "true"]).output().unwrap();
    assert_eq!(exec.status.code(), Some(255));
    let errors = String::from_utf8(exec.stderr).unwrap();
    assert!(
        errors.starts_with("cannot exec in a stopped container"),
        "{errors}"
    );
    bundle.must(&["delete"]);
}

/// It has no configuration yet.
#[test]
fn killing_what_was_killed_before_its_birth_says_that_it_does_not_run() {
    let bundle = Bundle::new("unborn", "exec sleep 1000");
    let mut create = bundle.command(&["create", bundle.id()]);
    create
        .env("CORTEN_FAULT", "0:kill")
        .stdout(std::process::Stdio::null());
    assert!(!create.status().unwrap().success());
    assert!(!state_dir(&bundle).join("config.json").exists());
    let kill = bundle.command(&["kill", bundle.id(), "KILL"]).output().unwrap();
    let errors = String::from_utf8(kill.stderr).unwrap();
    let expected = format!("container not running: {:?} is stopped", bundle.id());
    assert!(errors.starts_with(&expected), "{errors}");
}

/// A `start` that was killed after it had started the container, and before it removed the socket.
#[test]
fn a_start_socket_on_which_nobody_listens_means_started() {
    let bundle = Bundle::new("sock", "exec sleep 1000");
    bundle.create();
    bundle.must(&["start"]);
    let socket = state_dir(&bundle).join("start.sock");
    assert!(!socket.exists());
    drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
    assert!(socket.exists());
    assert_eq!(bundle.status(), "running");
    assert!(bundle.refused(&["start"]).contains("already running"));
}
