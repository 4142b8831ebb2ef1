//! The life of a container as the runtime's command line tells it: every legal step, every illegal one.

use corten_conformance::bundle::{Bundle, Runtime};
use corten_conformance::{Case, wait};
use std::fs;

/// A created container of our runtime that lives until it is killed, and tells on a FIFO when it runs.
struct Container {
    case: Case,
    runtime: Runtime,
    id: String,
}

impl Container {
    #[track_caller]
    fn created() -> Self {
        let case = Case::new();
        let runtime = Runtime::ours();
        let id = case.id("c");
        let bundle = Bundle::new(&case, "bundle", &["ready", "/fifo"]).write();
        wait::fifo(&bundle.root("fifo"));
        let pid_file = case.path("pid");
        runtime
            .cmd(&case)
            .args(["create", "--bundle"])
            .arg(&bundle.dir)
            .arg("--pid-file")
            .arg(&pid_file)
            .arg(&id)
            .ok();
        let pid = fs::read_to_string(pid_file).expect("the pid file");
        let container = Self { case, runtime, id };
        assert_eq!(container.state()["pid"].to_string(), pid);
        container
    }

    #[track_caller]
    fn running() -> Self {
        let container = Self::created();
        container.verb("start").ok();
        assert_eq!(
            wait::for_line_in(&container.case.path("bundle/rootfs/fifo")),
            "ready"
        );
        container
    }

    #[track_caller]
    fn stopped() -> Self {
        let container = Self::running();
        let pid = container.pid();
        container
            .runtime
            .cmd(&container.case)
            .args(["kill", &container.id, "KILL"])
            .ok();
        wait::for_end_of(pid);
        container
    }

    fn verb(&self, verb: &str) -> corten_conformance::Cmd {
        self.runtime.cmd(&self.case).args([verb, &self.id])
    }

    fn state(&self) -> serde_json::Value {
        self.runtime.state(&self.case, &self.id)
    }

    #[track_caller]
    fn pid(&self) -> u32 {
        u32::try_from(self.state()["pid"].as_u64().expect("a pid")).expect("a pid")
    }

    fn gone(self) {
        self.case.assert_empty("root-corten-runtime");
    }
}

#[test]
fn the_whole_life() {
    let container = Container::created();
    assert_eq!(container.state()["status"], "created");
    container.verb("start").ok();
    wait::for_line_in(&container.case.path("bundle/rootfs/fifo"));
    assert_eq!(container.state()["status"], "running");
    let pid = container.pid();
    container
        .runtime
        .cmd(&container.case)
        .args(["kill", &container.id, "SIGKILL"])
        .ok();
    wait::for_end_of(pid);
    let state = container.state();
    assert_eq!(state["status"], "stopped");
    assert_eq!(state["pid"], 0);
    container.verb("delete").ok();
    container.verb("state").fails().says("not exist");
    container.gone();
}

#[test]
fn state_has_the_specified_fields() {
    let container = Container::created();
    let state = container.state();
    assert_eq!(state["id"], container.id.as_str());
    assert_eq!(
        state["bundle"],
        container.case.path("bundle").display().to_string()
    );
    assert_eq!(
        state["rootfs"],
        container.case.path("bundle/rootfs").display().to_string()
    );
    for field in ["ociVersion", "created", "owner"] {
        assert!(state[field].is_string(), "{field} in {state}");
    }
    container
        .runtime
        .cmd(&container.case)
        .args(["delete", "--force", &container.id])
        .ok();
    container.gone();
}

#[test]
fn a_created_container_is_killed_and_deleted() {
    let container = Container::created();
    let pid = container.pid();
    container
        .runtime
        .cmd(&container.case)
        .args(["kill", &container.id, "KILL"])
        .ok();
    wait::for_end_of(pid);
    assert_eq!(container.state()["status"], "stopped");
    container.verb("delete").ok();
    container.gone();
}

#[test]
fn start_of_a_running_container_is_refused() {
    let container = Container::running();
    container.verb("start").fails().says("running");
    assert_eq!(container.state()["status"], "running");
    container
        .runtime
        .cmd(&container.case)
        .args(["delete", "--force", &container.id])
        .ok();
    container.gone();
}

#[test]
fn start_of_a_stopped_container_is_refused() {
    let container = Container::stopped();
    container.verb("start").fails().says("stopped");
    container.verb("delete").ok();
    container.gone();
}

#[test]
fn kill_of_a_stopped_container_is_refused() {
    let container = Container::stopped();
    container.verb("kill").fails().says("not running");
    container.verb("delete").ok();
    container.gone();
}

#[test]
fn delete_of_a_running_container_needs_force() {
    let container = Container::running();
    let pid = container.pid();
    container.verb("delete").fails().says("force");
    assert!(wait::exists(pid));
    container
        .runtime
        .cmd(&container.case)
        .args(["delete", "--force", &container.id])
        .ok();
    assert!(
        !wait::exists(pid),
        "delete --force returns when the process is gone"
    );
    container.gone();
}

#[test]
fn an_id_that_does_not_exist_is_named() {
    let case = Case::new();
    let runtime = Runtime::ours();
    for verb in ["start", "state", "kill", "delete", "ps"] {
        runtime
            .cmd(&case)
            .args([verb, "nobody"])
            .fails()
            .says("nobody")
            .says("not exist");
    }
    runtime.cmd(&case).args(["delete", "--force", "nobody"]).ok();
}

#[test]
fn an_id_that_exists_is_refused_and_the_first_lives_on() {
    let container = Container::running();
    let again = container
        .runtime
        .cmd(&container.case)
        .args(["create", "--bundle"]);
    again
        .arg(container.case.path("bundle"))
        .arg(&container.id)
        .fails()
        .says(&container.id)
        .says("exist");
    assert_eq!(container.state()["status"], "running");
    container
        .runtime
        .cmd(&container.case)
        .args(["delete", "--force", &container.id])
        .ok();
    container.gone();
}

#[test]
fn of_two_creates_at_once_one_wins() {
    let case = Case::new();
    let runtime = Runtime::ours();
    let bundle = Bundle::new(&case, "bundle", &["block"]).write();
    let create = || {
        let mut cmd = runtime
            .cmd(&case)
            .args(["create", "--bundle"])
            .arg(&bundle.dir)
            .arg(case.id("twice"));
        let command = cmd.command();
        command
            .stdin(std::process::Stdio::null())
            .stdout(std::process::Stdio::null());
        command
            .stderr(std::process::Stdio::null())
            .spawn()
            .expect("a process")
    };
    let mut both = [create(), create(), create()];
    let won = both
        .iter_mut()
        .filter_map(|c| c.wait().ok())
        .filter(std::process::ExitStatus::success)
        .count();
    assert_eq!(won, 1);
    assert_eq!(runtime.state(&case, &case.id("twice"))["status"], "created");
    runtime
        .cmd(&case)
        .args(["delete", "--force", &case.id("twice")])
        .ok();
    case.assert_empty("root-corten-runtime");
}

#[test]
fn kill_all_reaches_every_process() {
    let container = Container::running();
    let pid = container.pid();
    container
        .runtime
        .cmd(&container.case)
        .args(["kill", "--all", &container.id, "KILL"])
        .ok();
    wait::for_end_of(pid);
    container.verb("delete").ok();
    container.gone();
}

#[test]
fn list_shows_what_exists() {
    let container = Container::created();
    let list = container
        .runtime
        .cmd(&container.case)
        .args(["list", "--format", "json"])
        .ok()
        .json();
    assert_eq!(list.as_array().map(Vec::len), Some(1), "{list}");
    assert_eq!(list[0]["id"], container.id.as_str());
    assert_eq!(list[0]["status"], "created");
    let quiet = container
        .runtime
        .cmd(&container.case)
        .args(["list", "--quiet"])
        .ok();
    assert_eq!(quiet.out(), format!("{}\n", container.id));
    container
        .runtime
        .cmd(&container.case)
        .args(["delete", "--force", &container.id])
        .ok();
    container.gone();
}
